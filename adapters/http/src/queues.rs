//! Queues: who waits, and who could help (`domain.md` sections 1.13, 4.1, 4.6).

use axum::Json as Answer;
use axum::extract::State;
use convene_core::centre::{Centre, Queue};
use convene_core::model::Json;
use convene_core::routing::expression::satisfied;
use convene_core::routing::{Global, MediaStatus, Routing, Task, TaskPhase};
use serde_json::json;

use crate::app::App;
use crate::command::Answered;
use crate::extract::Id;
use crate::problem::Problem;

/// `GET /queues`
pub(crate) async fn list(State(app): State<App>) -> Answered {
    let routing = app.handle.routing().await?;
    let deployment = app.handle.deployment();
    let now = app.handle.now();
    let queues: Vec<Json> =
        deployment.centre.queues.values().map(|q| summary(&deployment.centre, &routing, q, now)).collect();
    Ok(Answer(json!(queues)))
}

/// `GET /queues/{name}`
pub(crate) async fn one(State(app): State<App>, Id(name): Id) -> Answered {
    let routing = app.handle.routing().await?;
    let deployment = app.handle.deployment();
    let now = app.handle.now();
    let queue = deployment.queue(&name).ok_or_else(|| {
        let known: Vec<&str> = deployment.centre.queues.keys().map(String::as_str).collect();
        let detail = format!("no queue is called {name:?}; there are {}", known.join(", "));
        Problem::new("unknown_queue", detail)
    })?;
    let mut view = summary(&deployment.centre, &routing, queue, now);
    let tasks: Vec<Json> =
        waiting(&routing, &name).into_iter().zip(1..).map(|(task, n)| waiter(task, n, now)).collect();
    view["tasks"] = json!(tasks);
    Ok(Answer(view))
}

/// Tasks that wait in a queue, in the order of 4.1.3: priority, then age.
fn waiting<'a>(routing: &'a Routing, queue: &str) -> Vec<&'a Task> {
    let mut tasks: Vec<&Task> = routing
        .tasks
        .values()
        .filter(|t| t.queue.as_deref() == Some(queue) && t.phase == TaskPhase::Queued)
        .collect();
    tasks.sort_by_key(|t| (std::cmp::Reverse(t.priority), t.enqueued_at, t.created_at, &t.id));
    tasks
}

fn summary(centre: &Centre, routing: &Routing, queue: &Queue, now: i64) -> Json {
    let tasks = waiting(routing, &queue.name);
    let longest = tasks.iter().map(|t| t.enqueued_at).min().map_or(0, |since| seconds(since, now));
    let offered = routing
        .tasks
        .values()
        .filter(|t| t.queue.as_deref() == Some(&queue.name) && matches!(t.phase, TaskPhase::Reserved { .. }));
    let agents: Vec<&str> = routing
        .agents
        .values()
        .filter(|a| a.state != Global::Logout && serves(centre, queue, &a.id))
        .map(|a| a.id.as_str())
        .collect();
    json!({
        "name": queue.name,
        "media": queue.media,
        "priority": queue.priority,
        "waiting": tasks.len(),
        "offered": offered.count(),
        "longestWaitSeconds": longest,
        "agentsLoggedIn": agents.len(),
        "agentsReady": agents.iter().filter(|a| free(routing, a, &queue.media)).count(),
        "serviceLevelSeconds": queue.service_level_ms / 1000,
    })
}

/// Whether a step of the queue is open to this agent; a queue without steps is open to every agent of its medium.
fn serves(centre: &Centre, queue: &Queue, agent: &str) -> bool {
    let entry = centre.agents.get(agent);
    entry.is_some() && (queue.steps.is_empty() || queue.steps.iter().any(|s| satisfied(&s.agents, entry)))
}

/// Whether an agent could take one more task of this medium now (4.1 "routable").
fn free(routing: &Routing, agent: &str, mrd: &str) -> bool {
    let Some(a) = routing.agents.get(agent).filter(|a| a.state == Global::Ready) else { return false };
    let Some(media) = a.media.get(mrd) else { return false };
    let ringing = routing
        .tasks
        .values()
        .any(|t| t.mrd == mrd && matches!(&t.phase, TaskPhase::Reserved { agent: x, .. } if x == agent));
    matches!(media.state, MediaStatus::Ready | MediaStatus::Active)
        && !ringing
        && routing.load_of(agent, mrd) < media.max_tasks as usize
}

fn waiter(task: &Task, position: u32, now: i64) -> Json {
    json!({
        "position": position,
        "taskId": task.id,
        "conversationId": task.conversation,
        "priority": task.priority,
        "direction": task.direction,
        "enqueuedAt": task.enqueued_at,
        "waitedSeconds": seconds(task.enqueued_at, now),
    })
}

fn seconds(since: i64, now: i64) -> i64 {
    now.saturating_sub(since).max(0) / 1000
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use convene_core::centre::{AgentEntry, Step};

    use super::*;

    fn task(id: &str, priority: u8, enqueued_at: i64, phase: &Json) -> (String, String) {
        let task = json!({
            "id": id, "media": "m", "phase": phase, "conversation": "c", "home": 0, "session": "s", "mrd": "CHAT",
            "queue": "general", "direction": "INBOUND", "mode": "QUEUE", "priority": priority, "offer": true,
            "createdAt": enqueued_at, "enqueuedAt": enqueued_at, "stepsOpen": 1, "offerView": {},
        });
        (format!("task:{id}"), task.to_string())
    }

    fn agent(id: &str, state: &str, medium: &str) -> (String, String) {
        let media =
            json!({ "CHAT": { "state": medium, "on": true, "since": 0, "readySince": 0, "maxTasks": 2 } });
        let agent = json!({ "id": id, "state": state, "since": 0, "loginAt": 0, "media": media });
        (format!("agent:{id}"), agent.to_string())
    }

    fn centre() -> Centre {
        let entry = |accounts| AgentEntry {
            attributes: BTreeMap::from([("accounts".into(), accounts)]),
            ..AgentEntry::default()
        };
        let agents = [("amal", 8), ("bruno", 8), ("chen", 3), ("dora", 8)];
        Centre {
            agents: agents.into_iter().map(|(n, a)| (n.to_owned(), entry(a))).collect(),
            ..Centre::default()
        }
    }

    fn general(steps: Vec<Step>) -> Queue {
        Queue { name: "general".into(), media: "CHAT".into(), steps, ..Queue::default() }
    }

    #[test]
    fn those_who_wait_stand_by_priority_and_then_by_age() {
        let queued = json!({ "phase": "QUEUED" });
        let ringing = json!({ "phase": "RESERVED", "agent": "amal", "ring": { "id": "r", "due": 9 } });
        let records = BTreeMap::from([
            task("late", 5, 3_000, &queued),
            task("early", 5, 1_000, &queued),
            task("urgent", 11, 9_000, &queued),
            task("offered", 11, 0, &ringing),
        ]);
        let routing = Routing::load(&records).unwrap();
        let order: Vec<&str> = waiting(&routing, "general").iter().map(|t| t.id.as_str()).collect();
        assert_eq!(order, ["urgent", "early", "late"]);
        let view = summary(&centre(), &routing, &general(Vec::new()), 11_999);
        assert_eq!((&view["waiting"], &view["offered"]), (&json!(3), &json!(1)));
        assert_eq!(view["longestWaitSeconds"], 10);
        assert!(waiting(&routing, "other").is_empty());
    }

    #[test]
    fn ready_is_who_could_take_one_more() {
        let ringing = json!({ "phase": "RESERVED", "agent": "bruno", "ring": { "id": "r", "due": 9 } });
        let records = BTreeMap::from([
            agent("amal", "READY", "ACTIVE"),
            agent("bruno", "READY", "READY"),
            agent("chen", "READY", "READY"),
            agent("dora", "NOT_READY", "NOT_READY"),
            task("offered", 5, 0, &ringing),
        ]);
        let routing = Routing::load(&records).unwrap();
        let counts = |steps| {
            let view = summary(&centre(), &routing, &general(steps), 0);
            (view["agentsLoggedIn"].clone(), view["agentsReady"].clone())
        };
        assert_eq!(counts(Vec::new()), (json!(4), json!(2)), "bruno's desk rings, dora is not ready");
        let skilled = Step { agents: "accounts >= 5".into(), timeout_ms: 0 };
        assert_eq!(counts(vec![skilled]), (json!(3), json!(1)), "chen lacks the skill");
    }
}
