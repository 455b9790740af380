//! A further medium of a customer who is with an agent (`domain.md` sections 1.12, 4.1.1): the chat goes on, and the
//! customer calls. The call is offered to the agent of the chat and becomes part of their task. It has a record, a slot and
//! a reporting row of its own, because it may end before the rest does.

use serde::{Deserialize, Serialize};

use super::matching;
use super::state::Task;
use super::tasks;
use super::work::Work;
use super::{AssignRequest, assign, interrupt, offers};
use crate::model::Json;

/// Where a request for an agent goes on when its session is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Moved {
    /// Session.
    pub session: String,
    /// What an offer shows from now on.
    pub offer_view: Json,
}

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

/// A session ended, others go on: its further medium is closed, and what it waits for is not wanted any more (1.12, 4.12).
/// Who lost an agent is owed another one wherever they still are: that request moves.
pub(super) fn session_over(work: &mut Work<'_>, conversation: &str, session: &str, moves: Option<&Moved>) {
    let of_session = |t: &&Task| t.session == session;
    let over: Vec<Task> = work.r.tasks_of_conversation(conversation).filter(of_session).cloned().collect();
    for mut task in over {
        // What an agent asked for is about the whole conversation, which goes on.
        let waits = task.in_process() && task.direction == "INBOUND";
        if let Some(next) = moves.filter(|_| waits) {
            task.session.clone_from(&next.session);
            task.offer_view.clone_from(&next.offer_view);
            work.note("routing", "the request goes on", "the customer is still there on another channel");
            work.put(task);
        } else if waits {
            tasks::withdraw(work, &task);
            tasks::close(work, task, "CANCELLED", false);
        } else if task.added_to.is_some() {
            tasks::close(work, task, "DONE", false);
        }
    }
}

/// The customer is gone from a medium, the conversation goes on: the tasks that began with it take no slot any more, and
/// what they interrupted goes on (1.12, 4.8). Their agents stay until they leave.
pub(super) fn medium_over(work: &mut Work<'_>, conversation: &str, mrd: &str) {
    let asked = |t: &&Task| t.mrd == mrd && t.in_process() && t.direction != "INBOUND";
    let asked: Vec<Task> = work.r.tasks_of_conversation(conversation).filter(asked).cloned().collect();
    for task in asked {
        // There is no call any more that another agent could take.
        tasks::withdraw(work, &task);
        tasks::close_without_agent(work, task, "CANCELLED");
    }
    let begun = |t: &&Task| t.mrd == mrd && t.at_work() && t.added_to.is_none() && !t.session_over;
    let over: Vec<Task> = work.r.tasks_of_conversation(conversation).filter(begun).cloned().collect();
    for mut task in over {
        let Some(agent) = task.agent().map(str::to_owned) else { continue };
        work.note(
            "routing",
            format!("{agent} has a slot on {mrd} again"),
            "its session is over, the task goes on",
        );
        task.session_over = true;
        work.put(task.clone());
        interrupt::over(work, &task, &agent);
        work.refresh(&agent);
    }
}
