//! Offers: reserve, ring, accept, reject, ring out (`domain.md` sections 4.1.5, 4.1.8, 4.2).

use serde_json::json;

use super::agents::{field, optional};
use super::state::{Task, TaskPhase};
use super::work::Work;
use super::{Choice, PRIORITY_REROUTE, Tell, choice, further, interrupt, lists, matching, tasks};
use crate::effect::Reply;
use crate::model::Json;

/// Reserves an agent and shows the offer.
pub(super) fn reserve(work: &mut Work<'_>, mut task: Task, agent: &str, why: &str) {
    let mut candidates = Vec::new();
    if task.mode == "QUEUE" && task.added_to.is_none() {
        candidates = choice::candidates(work, &task, Some(agent));
        if let Some(chosen) = candidates.first_mut() {
            why.clone_into(&mut chosen.why);
        }
    }
    let ring = work.set_timer(ring_name(&task.id), work.d.centre.ring_time_ms);
    let queue = task.queue.as_ref().map_or_else(String::new, |queue| format!(", queue {queue}"));
    let what = format!("offered to {agent}{queue}, priority {}", task.priority);
    work.note_choice(&what, why, task.wire_id(), &candidates);
    task.phase = TaskPhase::Reserved { agent: agent.to_owned(), ring };
    task.reserved_at = Some(work.at);
    work.put(task.clone());
    work.tell_changed(&task, task.mode == "AGENT", true);
    let reserved = work.view(&task, None, false);
    let choice = Box::new(Choice { why: format!("{what}: {why}"), candidates });
    work.tell(&task, Tell::Reserved { task: reserved, choice });
    show(work, &task, agent);
    interrupt::by(work, &task, agent);
    work.refresh(agent);
}

/// What the desk shows of an offer (9.3 `taskRequest`).
pub(super) fn show(work: &mut Work<'_>, task: &Task, agent: &str) {
    let mut body = task.offer_view.clone();
    if !body.is_object() {
        body = json!({ "conversationId": task.conversation });
    }
    body["taskId"] = json!(format!("{}:{}", task.wire_id(), task.media));
    body["taskState"] = json!({ "name": "RESERVED" });
    body["taskDirection"] = json!(task.direction);
    body["queue"] = json!(task.queue.as_ref().map(|q| json!({ "id": q, "name": q })));
    if let Some(by) = &task.requested_by {
        body["requestedBy"] = json!(by);
    }
    if let Some(note) = &task.note {
        body["note"] = json!(note);
    }
    work.desk(agent, "taskRequest", &body);
}

/// Timer of an offer.
pub(super) fn ring_name(task: &str) -> String {
    format!("ring:{task}")
}

/// Finds the task a desk means; `task:media` is accepted too. What rings is meant: a further medium of an active task.
fn find(work: &Work<'_>, data: &Json) -> Result<Task, Reply> {
    let id = field(data, "taskId")?;
    let id = id.split(':').next().unwrap_or(id);
    let found = work.r.tasks.get(id);
    let ringing = found.and_then(|task| further::media_of(work, task).into_iter().find(Task::in_process));
    ringing.or_else(|| found.cloned()).ok_or_else(|| {
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
        let state = if matches!(task.phase, TaskPhase::WrapUp { .. }) { "WRAP_UP" } else { "ACTIVE" };
        json!({ "taskState": state, "mediaState": task.media_state(), "agentId": task.agent() })
    };
    match &task.phase {
        TaskPhase::Reserved { agent, .. } => match optional(data, "agentId")? {
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
    let answer = json!({ "taskId": task.wire_id(), "conversationId": task.conversation });
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
        work.clear_timer(matching::step_name(&task.id));
    }
    if task.estimate.take().is_some() {
        work.clear_timer(super::wait::timer_name(&task.id));
    }
    let created = task.phase == TaskPhase::Queued;
    if created {
        interrupt::by(work, &task, agent);
    }
    task.phase = TaskPhase::Active { agent: agent.to_owned() };
    task.answered_at = Some(work.at);
    work.note("routing", format!("{agent} takes it"), "");
    work.tell_changed(&task, created, true);
    work.put(task.clone());
    if task.added_to.is_none() {
        let (agent, id, role) = (agent.to_owned(), task.id.clone(), role_of(&task).into());
        work.tell(&task, Tell::Joined { agent, task: id, role });
    }
    work.refresh(agent);
    lists::follow(work, &task.conversation);
}

/// The role in which an agent joins by a task (4.10).
fn role_of(task: &Task) -> &'static str {
    match task.direction.as_str() {
        "CONSULT" => "ASSISTANT",
        "SILENT_MONITOR" => "SILENT_MONITOR",
        "WHISPER" => "WHISPER",
        _ => "PRIMARY",
    }
}

/// TASK_REJECT `{taskId, agentId?}`: as if it had rung out, at once.
pub(super) fn reject(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let task = find(work, data)?;
    let agent = offered(&task, data)?;
    let answer = json!({ "taskId": task.wire_id() });
    work.clear_timer(ring_name(&task.id));
    work.note("routing", format!("{agent} rejects it"), "");
    unanswered(work, task, &agent, "RONA");
    Ok(answer)
}

/// An offer that is not taken (4.2): a queued request goes on as a copy with priority 11 and the same TTL; a named one
/// ends. `reason` is RONA, or why the agent is gone.
pub(super) fn unanswered(work: &mut Work<'_>, task: Task, agent: &str, reason: &str) {
    tasks::withdraw(work, &task);
    let rang_out = work.view(&task, None, false);
    // 4.2: a call that rings out makes the agent NOT_READY for calls; other media only where the centre says so (U21).
    if reason == "RONA" && (work.d.centre.rona_not_ready || work.d.centre.is_voice_medium(&task.mrd)) {
        super::agents::rang_out(work, agent, &task.mrd);
    }
    work.tell(&task, Tell::OfferRangOut { task: rang_out });
    let ends = match (task.mode.as_str(), task.ttl_over) {
        // Nobody else is asked, so nothing is rerouted.
        ("AGENT", _) if reason == "REROUTE" => Some("NO_AGENT_AVAILABLE"),
        ("AGENT", _) => Some(reason),
        (_, true) => Some("NO_AGENT_AVAILABLE"),
        _ => None,
    };
    let Some(code) = ends else {
        requeue(work, task, agent, reason);
        return;
    };
    tasks::close_without_agent(work, task, code);
}

/// The reroute copy of 1.12.
fn requeue(work: &mut Work<'_>, task: Task, agent: &str, reason: &str) {
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
    copy.estimate = None;
    copy.last_agent = None;
    copy.added_to = None;
    copy.refused.insert(agent.to_owned());
    // 1.12, 4.1.6: neither the TTL nor the step under way begins again.
    work.carry_timer(tasks::ttl_name(&copy.id), copy.ttl.as_ref());
    work.carry_timer(matching::step_name(&copy.id), copy.step.as_ref());
    work.note(
        "routing",
        format!("queued again, priority {PRIORITY_REROUTE}"),
        format!("{agent}: {reason}; the TTL goes on"),
    );
    work.tell_changed(&copy, true, true);
    let waiting = work.view(&copy, None, false);
    work.tell(&copy, Tell::Enqueued { task: waiting });
    if copy.step.is_none() {
        matching::arm_step(work, &mut copy);
    }
    super::wait::arm(work, &mut copy);
    work.dirty_tasks.insert(copy.id.clone());
    work.put(copy);
}
