//! A further medium of a customer who is with an agent (`domain.md` sections 1.12, 4.1.1): the chat goes on, and the
//! customer calls. The call is offered to the agent of the chat and becomes part of their task. It has a record, a slot and
//! a reporting row of its own, because it may end before the rest does.

use super::matching;
use super::state::Task;
use super::tasks;
use super::work::Work;
use super::{AssignRequest, assign, offers};

/// Whether a request is a further medium of an agent who can take it now. It is offered to them then; otherwise it waits in
/// its queue like any other, and nobody is kept waiting for one agent.
pub(super) fn offered(work: &mut Work<'_>, request: &AssignRequest, task: &Task) -> bool {
    if request.direction != "INBOUND" {
        return false;
    }
    let Some(base) = base_for(work, request) else { return false };
    let Some(agent) = base.agent().map(str::to_owned) else { return false };
    if let Some(fault) = matching::fault_of(work, &agent, &request.media) {
        work.note(
            "routing",
            format!("{agent} has the customer already, but cannot take it"),
            format!("{agent} {fault}"),
        );
        return false;
    }
    let mut task = task.clone();
    task.added_to = Some(base.id);
    match (&request.agent, &request.queue) {
        (None, Some(queue)) => assign::enqueue(work, &mut task, queue, request.ttl_ms),
        // Who is asked for by name is asked at once (1.12), and nobody else is.
        _ => {
            "AGENT".clone_into(&mut task.mode);
            task.ttl = Some(work.set_timer(tasks::ttl_name(&task.id), request.ttl_ms));
        }
    }
    if task.offer {
        offers::reserve(work, task, &agent, HAS_THE_CUSTOMER);
    } else {
        task.reserved_at = Some(work.at);
        offers::activate(work, task, &agent);
    }
    true
}

/// Why an agent is offered a further medium.
const HAS_THE_CUSTOMER: &str = "has the customer already";

/// The task a request adds a medium to: of the agent who came first, or of the one who is named, unless it is about the very
/// session they serve.
fn base_for(work: &Work<'_>, request: &AssignRequest) -> Option<Task> {
    let here = || work.r.tasks_of_conversation(&request.conversation).filter(|t| t.at_work());
    if here().any(|t| t.session == request.session) {
        return None;
    }
    let wanted = |t: &&Task| {
        let named = request.agent.as_deref().is_none_or(|agent| t.agent() == Some(agent));
        named && t.added_to.is_none() && t.direction != "CONSULT"
    };
    here().filter(wanted).min_by_key(|t| (t.answered_at, &t.id)).cloned()
}

/// The further media of a task.
pub(super) fn media_of(work: &Work<'_>, task: &Task) -> Vec<Task> {
    let added = |t: &&Task| t.added_to.as_deref() == Some(task.id.as_str());
    work.r.tasks_of_conversation(&task.conversation).filter(added).cloned().collect()
}

/// The agent leaves, the customer does not: a further medium that rings is offered to others (4.2).
pub(super) fn pass_on(work: &mut Work<'_>, task: &Task, agent: &str) {
    for ringing in media_of(work, task).into_iter().filter(Task::in_process) {
        offers::unanswered(work, ringing, agent, "REROUTE");
    }
}

/// A session ended, others go on: its medium is closed, and what it waits for is not wanted any more (1.12, 4.12). The medium
/// a task began with keeps the task open.
pub(super) fn session_over(work: &mut Work<'_>, conversation: &str, session: &str) {
    let of_session = |t: &&Task| t.session == session && !t.session_ended;
    let over: Vec<Task> = work.r.tasks_of_conversation(conversation).filter(of_session).cloned().collect();
    for mut task in over {
        // What an agent asked for is about the whole conversation, which goes on.
        if task.in_process() && task.direction == "INBOUND" {
            tasks::withdraw(work, &task);
            tasks::close(work, task, "CANCELLED", false);
        } else if task.added_to.is_some() {
            tasks::close(work, task, "DONE", false);
        } else if task.at_work() {
            task.session_ended = true;
            work.put(task.clone());
            give_back_slot(work, task);
        }
    }
}

/// An agent took a further medium: what the task began with may be over already.
pub(super) fn taken(work: &mut Work<'_>, further: &Task) {
    let base = further.added_to.as_ref().and_then(|base| work.r.tasks.get(base)).cloned();
    if let Some(base) = base {
        give_back_slot(work, base);
    }
}

/// The medium a task began with takes no slot any more, once its session is over and a further medium is at work.
fn give_back_slot(work: &mut Work<'_>, mut task: Task) {
    let goes_on = media_of(work, &task).iter().any(Task::at_work);
    if task.session_over || !task.session_ended || !goes_on {
        return;
    }
    let Some(agent) = task.agent().map(str::to_owned) else { return };
    work.note(
        "routing",
        format!("{agent} has a slot on {} again", task.mrd),
        "its session is over, the task goes on",
    );
    task.session_over = true;
    work.put(task);
    work.refresh(&agent);
}
