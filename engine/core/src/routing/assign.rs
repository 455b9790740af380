//! A request comes in (`domain.md` sections 4.1.1, 4.1.2).

use super::state::{Task, TaskPhase};
use super::work::Work;
use super::{AssignRequest, Tell, further, matching, offers, tasks, wait};
use crate::centre::Media;

/// Takes a request for an agent.
pub(super) fn assign(work: &mut Work<'_>, request: &AssignRequest) {
    let open = work.r.tasks_of_conversation(&request.conversation).find(|t| t.in_process());
    if let Some(open) = open.map(|t| t.id.clone()) {
        let detail = format!("task {open} of this conversation is in process");
        refuse(work, request, "request_in_process", detail);
        return;
    }
    if auto_joined(work, request) || served_already(work, request) {
        return;
    }
    let mut task = task_of(work, request);
    if further::offered(work, request, &task) {
        return;
    }
    if let Some(agent) = &request.agent {
        "AGENT".clone_into(&mut task.mode);
        assign_named(work, task, agent);
        return;
    }
    let queue = task.queue.clone().unwrap_or_default();
    if !work.d.centre.queues.contains_key(&queue) {
        // The conversation began with a deployment that had it; nobody serves it any more.
        nobody(work, task, &format!("there is no queue {queue} any more"));
        return;
    }
    enqueue(work, &mut task, &queue, request.ttl_ms);
    work.dirty_tasks.insert(task.id.clone());
    work.put(task);
}

/// The request is a task that waits, and says so; its timers begin (4.1.2).
pub(super) fn enqueue(work: &mut Work<'_>, task: &mut Task, queue: &str, ttl_ms: i64) {
    task.ttl = Some(work.set_timer(tasks::ttl_name(&task.id), ttl_ms));
    work.note("routing", format!("queued in {queue}, priority {}", task.priority), "");
    work.tell_changed(task, true, true);
    let waiting = work.view(task, None, false);
    work.tell(task, Tell::Enqueued { task: waiting });
    matching::arm_step(work, task);
    wait::arm(work, task);
}

fn refuse(work: &mut Work<'_>, request: &AssignRequest, code: &str, detail: String) {
    work.note("routing", format!("request refused: {code}"), detail.clone());
    let (id, code) = (request.request.clone(), code.into());
    let tell = Tell::Refused { request: id, code, detail, session: None };
    work.out.tells.push((request.conversation.clone(), request.home, tell));
}

fn task_of(work: &mut Work<'_>, request: &AssignRequest) -> Task {
    let id = work.ids.fresh();
    let mut task = Task::new(id, work.ids.fresh(), work.at);
    task.request.clone_from(&request.request);
    task.conversation.clone_from(&request.conversation);
    task.home = request.home;
    task.session.clone_from(&request.session);
    task.mrd.clone_from(&request.media);
    task.queue.clone_from(&request.queue);
    task.direction.clone_from(&request.direction);
    "QUEUE".clone_into(&mut task.mode);
    task.priority = request.priority;
    task.offer = request.offer;
    task.refused.clone_from(&request.avoid);
    // Whoever asks for another agent is asked last.
    task.refused.extend(request.requested_by.clone());
    task.last_agent.clone_from(&request.last_agent);
    task.requested_by.clone_from(&request.requested_by);
    task.note.clone_from(&request.note);
    task.offer_view.clone_from(&request.offer_view);
    task
}

/// 1.14, 4.1.1: on a medium that joins by itself, an agent who is in the conversation takes the further session.
fn auto_joined(work: &mut Work<'_>, request: &AssignRequest) -> bool {
    let joins = work.d.centre.media.get(&request.media).is_some_and(|m: &Media| m.auto_join);
    if !joins || request.direction != "INBOUND" {
        return false;
    }
    let inside = |t: &&Task| t.at_work() && t.added_to.is_none();
    let found = work.r.tasks_of_conversation(&request.conversation).find(inside).cloned();
    let Some(task) = found else { return false };
    let agent = task.agent().unwrap_or_default().to_owned();
    let why = format!("{} joins by itself", request.media);
    work.note("routing", format!("{agent} takes the further session"), why.clone());
    goes_on(work, &task, request, "auto_joined", why)
}

/// A request that needs nobody: it is refused, and the task that serves the customer tells how it stands.
fn goes_on(work: &mut Work<'_>, task: &Task, request: &AssignRequest, code: &str, detail: String) -> bool {
    let (request, code) = (request.request.clone(), code.into());
    work.tell(task, Tell::Refused { request, code, detail, session: None });
    work.tell_changed(task, false, false);
    true
}

/// 4.1.1: who asks for an agent on the session that an agent serves has one. A connector that repeats itself gets nobody
/// else called away.
fn served_already(work: &mut Work<'_>, request: &AssignRequest) -> bool {
    let serves = |t: &&Task| t.at_work() && t.session == request.session && !t.session_over;
    let wanted = |t: &&Task| request.agent.as_deref().is_none_or(|named| t.agent() == Some(named));
    let serving = work.r.tasks_of_conversation(&request.conversation).filter(serves).find(wanted).cloned();
    let Some(task) = serving.filter(|_| request.direction == "INBOUND") else { return false };
    let agent = task.agent().unwrap_or_default().to_owned();
    work.note("routing", format!("{agent} goes on"), "nobody else is asked");
    let detail = format!("{agent} serves this session already");
    goes_on(work, &task, request, "served_already", detail)
}

/// A named agent: reserved at once, or in at once when no offer is wanted. Needs a free slot (U22).
fn assign_named(work: &mut Work<'_>, mut task: Task, agent: &str) {
    let inside = matching::in_conversation(work, agent, &task.conversation);
    let inside = inside.then(|| format!("{agent} has a task in this conversation"));
    let fault = matching::fault_of(work, agent, &task.mrd).map(|fault| format!("{agent} {fault}"));
    if let Some(why_not) = inside.or(fault) {
        nobody(work, task, &format!("{agent} cannot take it: {why_not}"));
        return;
    }
    if task.offer {
        offers::reserve(work, task, agent, "asked for by name");
        return;
    }
    task.reserved_at = Some(work.at);
    offers::activate(work, task, agent);
}

/// The request ends before it began: nobody can be asked.
fn nobody(work: &mut Work<'_>, task: Task, why: &str) {
    let (what, because) = why.split_once(": ").unwrap_or((why, ""));
    work.note("routing", what, because);
    let choice = Box::new(super::Choice { why: why.to_owned(), candidates: Vec::new() });
    work.tell(&task, Tell::Waits { task: task.id.clone(), choice });
    tasks::close_without_agent(work, task, "NO_AGENT_AVAILABLE");
}

/// An agent is in without an offer (4.10): an agent-started contact, or a supervisor who listens. Needs no slot (U22).
pub(super) fn join(work: &mut Work<'_>, join: Joining<'_>) {
    let known = work.r.agents.get(join.agent).is_some_and(|a| a.state != super::Global::Logout);
    let mut added_to = None;
    if known && join.direction == "OUTBOUND" {
        match beside(work, &join) {
            Beside::Nothing => {}
            Beside::Already => return,
            Beside::Task(base) => added_to = Some(base),
        }
    }
    let inside = matching::in_conversation(work, join.agent, join.conversation);
    if !known || (inside && added_to.is_none()) {
        let (code, detail) = match known {
            false => ("agent_not_logged_in", format!("{} is not logged in", join.agent)),
            true => ("already_in_conversation", format!("{} has a task in this conversation", join.agent)),
        };
        work.note("routing", format!("{} cannot join", join.agent), detail.clone());
        let session = (join.direction == "OUTBOUND").then(|| join.session.to_owned());
        let tell = Tell::Refused { request: String::new(), code: code.into(), detail, session };
        work.out.tells.push((join.conversation.to_owned(), join.home, tell));
        return;
    }
    let id = work.ids.fresh();
    let mut task = Task::new(id, work.ids.fresh(), work.at);
    join.conversation.clone_into(&mut task.conversation);
    task.home = join.home;
    join.session.clone_into(&mut task.session);
    join.mrd.clone_into(&mut task.mrd);
    join.direction.clone_into(&mut task.direction);
    task.added_to = added_to;
    offers::activate(work, task, join.agent);
}

/// What an agent who calls a customer has with them already.
enum Beside {
    /// Nothing that could go on.
    Nothing,
    /// The very session.
    Already,
    /// A task, of which the call becomes a further medium (4.1.1).
    Task(String),
}

/// Who chats with a customer may call them; who wraps up has finished with that by calling (4.11).
fn beside(work: &mut Work<'_>, join: &Joining<'_>) -> Beside {
    let own = |t: &&Task| t.added_to.is_none() && t.agent() == Some(join.agent);
    let Some(task) = work.r.tasks_of_conversation(join.conversation).find(own).cloned() else {
        return Beside::Nothing;
    };
    if matches!(task.phase, TaskPhase::WrapUp { .. }) {
        tasks::wrap_up_over(work, task, "the agent calls the customer");
        return Beside::Nothing;
    }
    if !task.at_work() || task.direction == "CONSULT" {
        return Beside::Nothing;
    }
    if further::media_of(work, &task).iter().chain([&task]).any(|t| t.session == join.session) {
        work.note("routing", format!("{} is in it already", join.agent), "");
        return Beside::Already;
    }
    Beside::Task(task.id)
}

/// Who joins what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Joining<'i> {
    pub(super) conversation: &'i str,
    pub(super) home: u32,
    pub(super) agent: &'i str,
    pub(super) direction: &'i str,
    pub(super) session: &'i str,
    pub(super) mrd: &'i str,
}
