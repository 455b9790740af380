//! What the routing machine tells a conversation, and the events that become of it (`domain.md` sections 1.12, 2.1).

use serde_json::json;

use super::state::{LastTask, SeatKind};
use super::work::Work;
use super::{close, hold, seats, served, sessions, wire};
use crate::effect::{TraceLine, WHY};
use crate::model::{EventName, Json, ParticipantRole, emitter};
use crate::routing::{Choice, TaskView, Tell};

/// Takes what routing tells.
pub(super) fn told(work: &mut Work<'_>, tell: &Tell) {
    match tell {
        Tell::Changed { task, task_changed, media_changed } => {
            changed(work, task, *task_changed, *media_changed);
        }
        Tell::Enqueued { task } => {
            let data = json!({
                "task": wire::task(work, task, false),
                "queue": { "id": task.queue, "name": task.queue },
            });
            routing_event(work, EventName::TaskEnqueued, &task.session, data);
        }
        Tell::Estimated { task, position, wait_ms } => {
            let data = json!({
                "task": wire::task(work, task, false),
                "queue": { "id": task.queue, "name": task.queue },
                "position": position,
                "estimatedWaitTime": wait_ms / 1000,
            });
            routing_event(work, EventName::EwtMessage, &task.session, data);
        }
        Tell::Waits { task, choice } => why(work, task, choice),
        Tell::Reserved { task, choice } => {
            why(work, &task.id, choice);
            let agent = task.agent.clone().unwrap_or_default();
            let data = json!({ "task": wire::task(work, task, true), "ccUser": wire::cc_user(work, &agent) });
            if let Some(request) = work.c.request.as_mut().filter(|r| r.id == task.request) {
                request.rings.clone_from(&agent);
            }
            routing_event(work, EventName::AgentReserved, &task.session, data);
        }
        Tell::OfferRangOut { task } => {
            let data = json!({ "taskId": task.id, "agentId": task.agent });
            routing_event(work, EventName::AgentReservedTimeout, &task.session, data);
        }
        Tell::NoAgent { task, requested_by } => no_agent(work, task, requested_by.as_deref()),
        Tell::Joined { agent, task, role } => match ParticipantRole::parse(role) {
            Some(role @ (ParticipantRole::SilentMonitor | ParticipantRole::Whisper)) => {
                seats::supervisor_joins(work, agent, task, role);
            }
            Some(role) => seats::agent_joins(work, agent, task, role),
            None => work.note("routing", format!("{agent} joins as {role:?}"), "no such role"),
        },
        Tell::Gone { agent, reason } => {
            if work.c.seats.iter().any(|s| s.kind == SeatKind::Monitor && s.who == *agent) {
                seats::monitors_leave(work, Some(agent), reason);
            } else if !seats::agent_leaves(work, agent, reason) {
                work.note("routing", format!("agent {agent} is gone"), "not in this conversation");
            }
        }
        Tell::Interrupted { agent, mrd, conversations } => {
            let data = json!({ "mrdId": mrd, "agentId": agent, "conversations": conversations });
            let session = work.c.current_session().map(|s| s.id.clone()).unwrap_or_default();
            routing_event(work, EventName::AgentMrdInterrupted, &session, data);
        }
        Tell::FreeAgain { agent, mrd } => {
            let ours = work.c.hold.as_ref().is_some_and(|h| h.by.is_empty() || h.by == *agent);
            let why = format!("{agent} is back on {mrd}");
            if ours && work.c.agent(agent).is_some() {
                hold::resume(work, None, &why);
            } else {
                work.note("routing", why, "nothing was held for it");
            }
        }
        Tell::AgentState { data } => {
            let session = work.c.current_session().map(|s| s.id.clone()).unwrap_or_default();
            routing_event(work, EventName::AgentStateChanged, &session, data.clone());
        }
        Tell::EndSession { session, agent } => {
            work.note("session", format!("{agent} ends the request"), "on the list (4.9)");
            let who = emitter::agent_manager();
            sessions::end(work, session, "AGENT", who, &EventName::ChannelSessionEnded);
        }
        Tell::WrapUpOver { agent, how } => wrap_up_over(work, agent, how),
        Tell::Refused { request, code, detail, session } => {
            if work.c.request.as_ref().is_some_and(|r| r.id == *request) {
                work.c.request = None;
            }
            work.note("routing", format!("request refused: {code}"), detail.clone());
            if let Some(session) = session {
                call_refused(work, session);
            }
        }
        Tell::AllClosed => close::tasks_closed(work),
    }
}

/// Why routing did something, for those who ask later.
fn why(work: &mut Work<'_>, task: &str, choice: &Choice) {
    let (what, why) = choice.why.split_once(": ").unwrap_or((&choice.why, ""));
    let mut line = TraceLine::new(WHY, what, why);
    line.task = Some(task.to_owned());
    line.candidates.clone_from(&choice.candidates);
    work.out.trace.push(line);
}

/// Routing's word after the close: recorded, and tasks that are told late still end.
pub(super) fn told_late(work: &mut Work<'_>, tell: &Tell) {
    if let Tell::Joined { agent, .. } = tell {
        work.out.routing.push(crate::routing::Input::Left {
            conversation: work.c.id.clone(),
            home: work.c.home,
            agent: agent.clone(),
            reason: "CANCELLED".into(),
            wrap_up: false,
            task: None,
            room: work.c.room.clone(),
        });
    }
}

fn routing_event(work: &mut Work<'_>, name: EventName, session: &str, data: Json) {
    work.raise(name, emitter::routing_engine(), Some(session), data);
}

fn changed(work: &mut Work<'_>, task: &TaskView, task_changed: bool, media_changed: bool) {
    served::heard(work, task);
    if let Some(request) = work.c.request.as_mut().filter(|r| r.id == task.request) {
        match task.media_state.as_str() {
            "QUEUED" | "RESERVED" => {
                request.task.clone_from(&task.id);
                request.rings.clear();
            }
            "CLOSED" if task.rerouted || no_agent_follows(task) => {}
            _ => work.c.request = None,
        }
    }
    let left = work.c.last_task.as_ref().filter(|t| t.id == task.id).and_then(|t| t.left.clone());
    // What is beside the customer's own work decides nothing: supervisors, advice, company that did not come.
    let beside = match task.direction.as_str() {
        "SILENT_MONITOR" | "CONSULT" => true,
        "DIRECT_CONFERENCE" => task.answered_at.is_none(),
        _ => false,
    };
    let newer = !beside
        && !task.further
        && work.c.last_task.as_ref().is_none_or(|t| t.id == task.id || task.created_at >= t.created_at);
    if newer {
        // An agent asked for by name serves the customer of the queue before.
        let former = work.c.last_task.take().and_then(|t| t.queue);
        work.c.last_task = Some(LastTask {
            id: task.id.clone(),
            state: task.state.clone(),
            reason: task.reason.clone(),
            answered: task.answered_at.is_some(),
            queue: task.queue.clone().or(former),
            left,
            created_at: task.created_at,
        });
    }
    let media: Vec<&str> = if media_changed { vec![task.media.as_str()] } else { Vec::new() };
    let data = json!({
        "task": wire::task(work, task, false),
        "taskStateChanged": task_changed,
        "mediaStateChanges": media,
    });
    routing_event(work, EventName::TaskStateChanged, &task.session, data);
}

/// Whether the request of a closed task ends with the tell that nobody was found.
fn no_agent_follows(task: &TaskView) -> bool {
    match task.reason.as_deref() {
        Some("NO_AGENT_AVAILABLE") => true,
        Some("RONA" | "AGENT_LOGOUT") => task.mode == "AGENT" && task.answered_at.is_none(),
        _ => false,
    }
}

fn no_agent(work: &mut Work<'_>, task: &TaskView, requested_by: Option<&str>) {
    if work.c.request.as_ref().is_none_or(|r| r.id != task.request) {
        work.note("routing", "nobody was found, too late", "the request was withdrawn before");
        return;
    }
    work.c.request = None;
    work.c.avoid.clear();
    let mut metadata = json!({});
    if let Some(agent) = requested_by {
        metadata["requestedBy"] = json!(agent);
    }
    let data =
        json!({ "requestType": { "direction": task.direction, "mode": task.mode, "metadata": metadata } });
    routing_event(work, EventName::NoAgentAvailable, &task.session, data);
}

/// The agent who began an outbound session cannot be in it. Alone in the conversation, it ends with the session; beside
/// others, the session goes alone.
fn call_refused(work: &mut Work<'_>, session: &str) {
    if work.c.outbound && work.c.agents().next().is_none() {
        nobody_calls(work);
    } else if work.c.session(session).is_some_and(|s| s.outbound && s.open()) {
        let who = emitter::conversation_manager();
        sessions::end(work, session, "AGENT", who, &EventName::ChannelSessionEnded);
    }
}

/// The agent who began an outbound conversation is not there.
fn nobody_calls(work: &mut Work<'_>) {
    let data = json!({ "requestType": { "direction": "OUTBOUND", "mode": "AGENT", "metadata": {} } });
    let session = work.c.current_session().map(|s| s.id.clone()).unwrap_or_default();
    routing_event(work, EventName::NoAgentAvailable, &session, data);
}

/// The wrap-up of an agent is over; the seat goes with it.
fn wrap_up_over(work: &mut Work<'_>, agent: &str, how: &str) {
    let Some(seat) = work.c.agent(agent).filter(|s| s.role == ParticipantRole::WrapUp).cloned() else {
        work.note("routing", format!("wrap-up of {agent} is over"), "not in this conversation");
        return;
    };
    work.note("participants", format!("wrap-up of {agent} is over"), how.to_owned());
    seats::remove_agent(work, &seat, "AGENT_LEFT");
}
