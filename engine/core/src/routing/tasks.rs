//! The later life of a task: cancel, leave, wrap-up, close, and the timers (`domain.md` sections 1.12, 4.11, 4.12).

use serde_json::json;

use super::offers;
use super::state::{Task, TaskPhase};
use super::work::Work;
use super::{Tell, agents, further, interrupt, lists, matching, wait};
use crate::effect::Reply;
use crate::model::Json;
use crate::report::{AgentTaskRow, ReportRow};

/// Timer of a request's TTL, by the task that carries it now.
pub(super) fn ttl_name(task: &str) -> String {
    format!("ttl:{task}")
}

fn wrap_name(task: &str) -> String {
    format!("wrap:{task}")
}

/// Closes a task: the record goes, the row stays. `rerouted` says that a copy goes on.
pub(super) fn close(work: &mut Work<'_>, task: Task, reason: &str, rerouted: bool) {
    close_further(work, &task, reason);
    for name in [
        ttl_name(&task.id),
        offers::ring_name(&task.id),
        wrap_name(&task.id),
        matching::step_name(&task.id),
        wait::timer_name(&task.id),
    ] {
        work.clear_timer(name);
    }
    let row = row(work, &task, reason);
    work.out.reports.push(ReportRow::AgentTask(row));
    work.note("routing", format!("task closed: {reason}"), "");
    let closed = work.view(&task, Some(reason), rerouted);
    work.tell(&task, Tell::Changed { task: closed, task_changed: true, media_changed: true });
    work.out.changed.insert(format!("task:{}", task.id));
    work.r.remove_task(&task.id);
    count_handled(work, &task);
    if let Some(agent) = task.agent().map(str::to_owned) {
        interrupt::over(work, &task, &agent);
        work.refresh(&agent);
        lists::follow(work, &task.conversation);
    }
}

/// Closes a request nobody took, and says so.
pub(super) fn close_without_agent(work: &mut Work<'_>, task: Task, reason: &str) {
    let gone = work.view(&task, Some(reason), false);
    close(work, task.clone(), reason, false);
    let requested_by = task.requested_by.clone();
    work.tell(&task, Tell::NoAgent { task: gone, requested_by });
}

/// Closes the further media of a task: they end with it.
fn close_further(work: &mut Work<'_>, task: &Task, reason: &str) {
    for further in further::media_of(work, task) {
        withdraw(work, &further);
        let reason = if further.in_process() { "CANCELLED" } else { reason };
        close(work, further, reason, false);
    }
}

/// What an answered task of a queue took is part of the next estimate (4.6).
fn count_handled(work: &mut Work<'_>, task: &Task) {
    if let (Some(queue), Some(answered)) = (&task.queue, task.answered_at) {
        work.out.changed.insert(format!("queue:{queue}"));
        work.r.handled.entry(queue.clone()).or_default().add(work.at, work.at - answered);
    }
}

/// The row of section 6. Durations in whole seconds.
fn row(work: &Work<'_>, task: &Task, reason: &str) -> AgentTaskRow {
    let seconds = |from: Option<i64>, to: Option<i64>| match (from, to) {
        (Some(from), Some(to)) => ((to - from) / 1000).max(0),
        _ => 0,
    };
    let wrap_up_since = match &task.phase {
        TaskPhase::WrapUp { since, .. } => Some(*since),
        _ => None,
    };
    let pushed = task.queue.is_some();
    let queued = pushed.then_some(task.enqueued_at);
    // U38: an offer that was not taken rang until it ended.
    let alert_end = task.answered_at.or(Some(work.at));
    AgentTaskRow {
        agent_task_id: task.id.clone(),
        conversation_id: task.conversation.clone(),
        agent_id: task.agent().map(str::to_owned),
        task_queue_time: queued,
        task_reserved_time: task.reserved_at,
        task_answered_time: task.answered_at,
        queue_id: task.queue.clone(),
        task_queue_duration: seconds(queued, task.reserved_at),
        task_alert_duration: seconds(task.reserved_at, alert_end),
        task_end_time: work.at,
        task_disposition: reason.to_owned(),
        wrapup_duration: seconds(wrap_up_since, Some(work.at)),
        mrd_id: Some(task.mrd.clone()),
        task_direction: task.wire_direction().to_owned(),
        task_mode: task.mode.clone(),
        routing_mode: if task.list.is_some() { "PULL" } else { "PUSH" }.into(),
        channel_session_id: task.session.clone(),
        list_id: task.list.clone(),
        record_creation_time: work.at,
    }
}

fn of_conversation(work: &Work<'_>, conversation: &str) -> Vec<Task> {
    work.r.tasks_of_conversation(conversation).cloned().collect()
}

/// Takes an offer off the desk it rings on.
pub(super) fn withdraw(work: &mut Work<'_>, task: &Task) {
    if let TaskPhase::Reserved { agent, .. } = &task.phase {
        // A further medium goes alone: the conversation stays on the desk.
        let id = task.added_to.as_ref().map_or(task.id.clone(), |base| format!("{base}:{}", task.media));
        work.desk(agent, "revokeTask", &json!({ "conversationId": task.conversation, "taskId": id }));
    }
}

/// CANCEL_RESOURCE: the request in process ends.
pub(super) fn cancel(work: &mut Work<'_>, conversation: &str, reason: &str) {
    let open: Vec<Task> = of_conversation(work, conversation).into_iter().filter(Task::in_process).collect();
    if open.is_empty() {
        work.note("routing", "nothing is in process", "the request was answered or ended before");
    }
    for task in open {
        withdraw(work, &task);
        close(work, task, reason, false);
    }
}

/// Reason code of a task by the reason its agent was unsubscribed (4.12).
#[rustfmt::skip]
const REASONS: &[(&str, &str)] = &[
    ("DIRECT_TRANSFER",   "TRANSFERRED"),
    ("CONSULT_TRANSFER",  "TRANSFERRED"),
    ("AGENT_LOGOUT",      "AGENT_LOGOUT"),
    ("FORCE_LOGOUT",      "AGENT_LOGOUT"),
    ("SESSION_TIMEOUT",   "AGENT_LOGOUT"),
    ("DISCONNECT",        "AGENT_LOGOUT"),
    ("MRD_INTERRUPTED",   "REROUTE"),
    ("CALLBACK",          "REROUTE"),
    ("REROUTE",           "REROUTE"),
    ("FORCE_CLOSED",      "FORCE_CLOSED"),
];

fn task_reason(unsubscribed: &str) -> &'static str {
    REASONS.iter().find(|(why, _)| *why == unsubscribed).map_or("DONE", |(_, reason)| reason)
}

/// Reasons of an agent to leave by which the customer is gone too: nobody waits for what still rings.
const CUSTOMER_GONE: &[&str] = &["CUSTOMER_LEFT", "CONVERSATION_ENDED", "CANCELLED", "FORCE_CLOSED"];

/// An agent left the conversation, or begins to wrap up in its room: with the task that is named, or with the one they
/// have.
pub(super) fn left(
    work: &mut Work<'_>,
    conversation: &str,
    agent: &str,
    task: Option<&str>,
    reason: &str,
    wrap_up: Option<&str>,
) {
    let named = |t: &Task| task.is_none_or(|id| t.id == id);
    let has = |t: &Task| !t.in_process() && t.added_to.is_none() && t.agent() == Some(agent) && named(t);
    let found = of_conversation(work, conversation).into_iter().find(has);
    let Some(mut task) = found else {
        work.note("routing", format!("{agent} has no task here"), "it is closed already");
        return;
    };
    let code = if task.transferred { "TRANSFERRED" } else { task_reason(reason) };
    if !CUSTOMER_GONE.contains(&reason) {
        further::pass_on(work, &task, agent);
    }
    let Some(room) = wrap_up else {
        close(work, task, code, false);
        return;
    };
    if matches!(task.phase, TaskPhase::WrapUp { .. }) {
        work.note("routing", format!("{agent} wraps up already"), "");
        return;
    }
    close_further(work, &task, code);
    let time = work.d.centre.wrap_up.time_ms;
    let until = work.set_timer(wrap_name(&task.id), time);
    task.transferred |= code == "TRANSFERRED";
    task.phase = TaskPhase::WrapUp { agent: agent.to_owned(), since: work.at, until };
    work.note("routing", format!("{agent} wraps up"), format!("{} s", time / 1000));
    work.tell_changed(&task, true, false);
    let body = json!({
        "task": "wrapupTimerStarted",
        "duration": time.to_string(),
        "conversationId": conversation,
        "roomInfo": { "id": room, "mode": "CONTACT_CENTER" },
        "statusCode": 200,
    });
    work.desk(agent, "wrapupTimerStarted", &body);
    work.put(task);
    work.refresh(agent);
    lists::follow(work, conversation);
}

/// The wrap-up of a task is over without a word of its agent.
pub(super) fn wrap_up_over(work: &mut Work<'_>, task: Task, how: &str) {
    let agent = task.agent().unwrap_or_default().to_owned();
    work.tell(&task, Tell::WrapUpOver { agent, how: how.to_owned() });
    let code = if task.transferred { "TRANSFERRED" } else { "DONE" };
    close(work, task, code, false);
}

/// The conversation closes: so does every task of it.
pub(super) fn close_all(work: &mut Work<'_>, conversation: &str, home: u32, reason: &str) {
    lists::close(work, conversation);
    for task in of_conversation(work, conversation).into_iter().filter(|t| t.added_to.is_none()) {
        withdraw(work, &task);
        let code = match &task.phase {
            TaskPhase::Queued | TaskPhase::Reserved { .. } => reason,
            _ if task.transferred => "TRANSFERRED",
            _ => "DONE",
        };
        close(work, task, code, false);
    }
    work.out.tells.push((conversation.to_owned(), home, Tell::AllClosed));
}

/// The task of an agent becomes another one (4.10): a consulted agent takes over or joins, a supervisor steps in.
pub(super) fn redirect(work: &mut Work<'_>, conversation: &str, agent: &str, direction: &str) {
    let found = of_conversation(work, conversation)
        .into_iter()
        .find(|t| t.added_to.is_none() && matches!(&t.phase, TaskPhase::Active { agent: a } if a == agent));
    let Some(mut task) = found else {
        work.note("routing", format!("{agent} has no task here"), "nothing to redirect");
        return;
    };
    work.note("routing", format!("the task of {agent}: {} → {direction}", task.direction), "");
    direction.clone_into(&mut task.direction);
    task.offer = false;
    work.put(task.clone());
    // Who listened took no slot; who talks does, and what can be interrupted waits (4.8).
    interrupt::by(work, &task, agent);
    work.tell_changed(&task, false, false);
    work.refresh(agent);
    lists::follow(work, conversation);
}

/// QUEUE_FLUSH `{queue}`, or without one all queues: every waiting task ends with FORCE_CLOSED. What rings goes on (U28).
pub(super) fn flush(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let queue = agents::optional(data, "queue")?;
    if let Some(queue) = queue.filter(|q| !work.d.centre.queues.contains_key(*q)) {
        return Err(Reply::refused("unknown_queue", work.d.centre.no_queue(queue), Json::Null));
    }
    let waits =
        |t: &&Task| t.phase == TaskPhase::Queued && queue.is_none_or(|q| t.queue.as_deref() == Some(q));
    let mut tasks: Vec<Task> = work.r.tasks.values().filter(waits).cloned().collect();
    tasks.sort_by_key(super::index::place);
    work.note("routing", format!("{} waiting tasks are flushed", tasks.len()), queue.unwrap_or("all queues"));
    let flushed = tasks.len();
    for task in tasks {
        close(work, task, "FORCE_CLOSED", false);
    }
    Ok(json!({ "flushed": flushed }))
}

/// A timer is due. Another id than the one that is set is stale.
pub(super) fn timer(work: &mut Work<'_>, name: &str, id: &str) {
    let (kind, owner) = name.split_once(':').unwrap_or((name, ""));
    if kind == "grace" {
        agents::grace_over(work, owner, id);
        return;
    }
    let Some(mut task) = work.r.tasks.get(owner).cloned() else {
        work.note("timer", format!("{kind} is stale"), "its task is closed");
        return;
    };
    let is = |timer: &super::TimerRef| timer.id == id;
    // A timer that fired is over, also when nothing takes its place: a row that stayed would be due for ever.
    if task.timers().any(is) {
        work.clear_timer(name.to_owned());
    }
    match (kind, task.phase.clone()) {
        ("ring", TaskPhase::Reserved { agent, ring }) if is(&ring) => {
            work.note("routing", format!("{agent} does not answer"), "");
            offers::unanswered(work, task, &agent, "RONA");
        }
        ("wrap", TaskPhase::WrapUp { until, .. }) if is(&until) => {
            wrap_up_over(work, task, "the time is over");
        }
        ("ttl", TaskPhase::Queued) if task.ttl.as_ref().is_some_and(is) => {
            work.note("routing", "no agent was found in time", "the request's TTL is over");
            task.ttl = None;
            close_without_agent(work, task, "NO_AGENT_AVAILABLE");
        }
        ("ttl", TaskPhase::Reserved { .. }) if task.ttl.as_ref().is_some_and(is) => {
            work.note(
                "routing",
                "the TTL is over while the offer rings",
                "the offer may still be answered (4.1.9)",
            );
            task.ttl = None;
            task.ttl_over = true;
            work.put(task);
        }
        ("step", TaskPhase::Queued | TaskPhase::Reserved { .. }) if task.step.as_ref().is_some_and(is) => {
            task.steps_open += 1;
            work.note("routing", format!("step {} opens", task.steps_open), "");
            matching::arm_step(work, &mut task);
            work.dirty_tasks.insert(task.id.clone());
            work.put(task);
        }
        ("wait", _) if task.estimate.as_ref().is_some_and(is) => wait::due(work, task),
        _ => work.note("timer", format!("{kind} is stale"), "the task moved on"),
    }
}
