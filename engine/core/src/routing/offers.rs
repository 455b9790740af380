//! Offers: reserve, ring, accept, reject, ring out (`domain.md` sections 4.1.5, 4.1.8, 4.2).

use serde_json::json;

use super::agents::field;
use super::state::{Task, TaskPhase};
use super::work::{Work, view};
use super::{PRIORITY_REROUTE, Tell, tasks};
use crate::effect::Reply;
use crate::model::Json;

/// Reserves an agent and shows the offer.
pub(super) fn reserve(work: &mut Work<'_>, mut task: Task, agent: &str, why: &str) {
    let ring = work.set_timer(ring_name(&task.id), work.d.centre.ring_time_ms);
    task.phase = TaskPhase::Reserved { agent: agent.to_owned(), ring };
    task.reserved_at = Some(work.at);
    let queue = task.queue.as_ref().map_or_else(String::new, |queue| format!(", queue {queue}"));
    work.note("routing", format!("offered to {agent}{queue}, priority {}", task.priority), why);
    work.tell_changed(&task, task.mode == "AGENT", true);
    let reserved = Box::new(view(&task, None, false));
    work.tell(&task, Tell::Reserved { task: reserved });
    show(work, &task, agent);
    work.put(task);
}

/// What the desk shows of an offer (9.3 `taskRequest`).
fn show(work: &mut Work<'_>, task: &Task, agent: &str) {
    let mut body = task.offer_view.clone();
    body["taskId"] = json!(format!("{}:{}", task.id, task.media));
    body["taskState"] = json!({ "name": "RESERVED" });
    body["taskDirection"] = json!(task.direction);
    body["queue"] = json!(task.queue.as_ref().map(|q| json!({ "id": q, "name": q })));
    if let Some(by) = &task.requested_by {
        body["requestedBy"] = json!(by);
    }
    work.desk(agent, "taskRequest", &body);
}

/// Timer of an offer.
pub(super) fn ring_name(task: &str) -> String {
    format!("ring:{task}")
}

/// Finds the task a desk means; `task:media` is accepted too.
fn find(work: &Work<'_>, data: &Json) -> Result<Task, Reply> {
    let id = field(data, "taskId")?;
    let id = id.split(':').next().unwrap_or(id);
    work.r.tasks.get(id).cloned().ok_or_else(|| {
        Reply::refused(
            "unknown_task",
            format!("no open task has the id {id:?}; it was revoked or is closed"),
            Json::Null,
        )
    })
}

/// The agent a task is offered to, who must be the one who speaks.
fn offered(task: &Task, data: &Json) -> Result<String, Reply> {
    let current = |task: &Task| {
        let view = view(task, None, false);
        json!({ "taskState": view.state, "mediaState": view.media_state, "agentId": view.agent })
    };
    match &task.phase {
        TaskPhase::Reserved { agent, .. } => match data["agentId"].as_str() {
            Some(said) if said != agent => Err(Reply::refused(
                "not_your_task",
                format!("the task is offered to {agent}, not to {said}"),
                current(task),
            )),
            _ => Ok(agent.clone()),
        },
        _ => Err(Reply::refused("task_not_reserved", "the task is not offered to anybody", current(task))),
    }
}

/// TASK_ACCEPT `{taskId, agentId?}`.
pub(super) fn accept(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let task = find(work, data)?;
    let agent = offered(&task, data)?;
    work.clear_timer(ring_name(&task.id));
    let answer = json!({ "taskId": task.id, "conversationId": task.conversation });
    activate(work, task, &agent);
    Ok(answer)
}

/// The agent is in: the task is active, the TTL is over.
pub(super) fn activate(work: &mut Work<'_>, mut task: Task, agent: &str) {
    if task.ttl.take().is_some() {
        let name = tasks::ttl_name(&task.id);
        work.clear_timer(name);
    }
    if task.step.take().is_some() {
        work.clear_timer(format!("step:{}", task.id));
    }
    let created = task.phase == TaskPhase::Queued;
    task.phase = TaskPhase::Active { agent: agent.to_owned() };
    task.answered_at = Some(work.at);
    work.note("routing", format!("{agent} takes it"), "");
    work.tell_changed(&task, created, true);
    let role = if task.direction == "CONSULT" { "ASSISTANT" } else { "PRIMARY" };
    let joined = Tell::Joined { agent: agent.to_owned(), task: task.id.clone(), role: role.into() };
    work.tell(&task, joined);
    work.put(task);
    work.refresh(agent);
}

/// TASK_REJECT `{taskId, agentId?}`: as if it had rung out, at once.
pub(super) fn reject(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let task = find(work, data)?;
    let agent = offered(&task, data)?;
    let answer = json!({ "taskId": task.id });
    work.clear_timer(ring_name(&task.id));
    work.note("routing", format!("{agent} rejects it"), "");
    unanswered(work, task, &agent);
    Ok(answer)
}

/// RONA (4.2): a queued request goes on as a copy with priority 11 and the same TTL; a named one ends.
pub(super) fn unanswered(work: &mut Work<'_>, task: Task, agent: &str) {
    work.desk(agent, "revokeTask", &json!({ "conversationId": task.conversation, "taskId": task.id }));
    let rang_out = Box::new(view(&task, None, false));
    if work.d.centre.rona_not_ready {
        super::agents::switch_media(work, agent, &task.mrd, false);
    }
    if task.mode == "AGENT" {
        tasks::close(work, task.clone(), "RONA", false);
        let gone = Box::new(view(&task, Some("RONA"), false));
        let requested_by = task.requested_by.clone();
        work.tell(&task, Tell::OfferRangOut { task: rang_out });
        work.tell(&task, Tell::NoAgent { task: gone, requested_by });
        return;
    }
    if task.ttl_over {
        work.tell(&task, Tell::OfferRangOut { task: rang_out });
        tasks::close(work, task.clone(), "NO_AGENT_AVAILABLE", false);
        let gone = Box::new(view(&task, Some("NO_AGENT_AVAILABLE"), false));
        let requested_by = task.requested_by.clone();
        work.tell(&task, Tell::NoAgent { task: gone, requested_by });
        return;
    }
    work.tell(&task, Tell::OfferRangOut { task: rang_out });
    requeue(work, task, agent, "RONA");
}

/// The reroute copy of 1.12.
pub(super) fn requeue(work: &mut Work<'_>, task: Task, agent: &str, reason: &str) {
    let mut copy = task.clone();
    tasks::close(work, task, reason, true);
    copy.id = work.ids.fresh();
    copy.media = work.ids.fresh();
    copy.phase = TaskPhase::Queued;
    copy.priority = PRIORITY_REROUTE;
    copy.created_at = work.at;
    copy.enqueued_at = work.at;
    copy.reserved_at = None;
    copy.answered_at = None;
    copy.step = None;
    copy.refused.insert(agent.to_owned());
    if let Some(ttl) = copy.ttl.clone() {
        let name = tasks::ttl_name(&copy.id);
        work.out.timers_set.push(crate::effect::TimerSet { name, id: ttl.id, due: ttl.due });
    }
    work.note(
        "routing",
        format!("queued again, priority {PRIORITY_REROUTE}"),
        format!("{agent}: {reason}; the TTL goes on"),
    );
    work.tell_changed(&copy, true, true);
    let waiting = Box::new(view(&copy, None, false));
    work.tell(&copy, Tell::Enqueued { task: waiting });
    super::matching::arm_step(work, &mut copy);
    work.put(copy);
    work.look_again = true;
}
