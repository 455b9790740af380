//! Queues: who waits, and who could help (`domain.md` sections 1.13, 4.1, 4.6).

use axum::Json as Answer;
use axum::extract::State;
use convene_core::centre::Queue;
use convene_core::deployment::Deployment;
use convene_core::model::Json;
use convene_core::routing::{Global, Routing, Task, TaskPhase, estimate, serves, waiting};
use convene_runtime::ports::store::ServiceLevel;
use serde_json::json;

use crate::app::App;
use crate::command::{Answered, give};
use crate::extract::{Id, Key, Object};
use crate::problem::Problem;

/// The service level of a queue is told for the tasks that ended within this time.
const LEVEL_OF_MS: i64 = 24 * 3_600_000;

/// `GET /queues`
pub(crate) async fn list(State(app): State<App>) -> Answered {
    let routing = app.handle.routing().await?;
    let deployment = app.handle.deployment();
    let now = app.handle.now();
    let levels = app.handle.store().service_level(now - LEVEL_OF_MS).await?;
    let queues = deployment.centre.queues.values();
    Ok(Answer(queues.map(|q| summary(&deployment, &routing, q, &levels, now)).collect()))
}

/// `GET /queues/{name}`
pub(crate) async fn one(State(app): State<App>, Id(name): Id) -> Answered {
    let routing = app.handle.routing().await?;
    let deployment = app.handle.deployment();
    let now = app.handle.now();
    let queue = deployment
        .queue(&name)
        .ok_or_else(|| Problem::new("unknown_queue", deployment.centre.no_queue(&name)))?;
    let levels = app.handle.store().service_level(now - LEVEL_OF_MS).await?;
    let mut view = summary(&deployment, &routing, queue, &levels, now);
    let waiters = waiting(&routing, &name).into_iter().zip(1..);
    view["tasks"] = waiters.map(|(task, n)| waiter(&deployment, &routing, task, n, now)).collect();
    Ok(Answer(view))
}

/// `POST /queues/{name}/flush`
pub(crate) async fn flush(State(app): State<App>, Id(name): Id, key: Key, _: Object) -> Answered {
    give(&app, key, "QUEUE_FLUSH", json!({ "queue": name })).await
}

/// `POST /queues/flush`
pub(crate) async fn flush_all(State(app): State<App>, key: Key, _: Object) -> Answered {
    give(&app, key, "QUEUE_FLUSH", json!({})).await
}

fn summary(d: &Deployment, routing: &Routing, queue: &Queue, levels: &[ServiceLevel], now: i64) -> Json {
    let tasks = waiting(routing, &queue.name);
    let longest = tasks.iter().map(|t| t.enqueued_at).min().map_or(0, |since| seconds(since, now));
    let offered = routing
        .tasks
        .values()
        .filter(|t| t.queue.as_deref() == Some(&queue.name) && matches!(t.phase, TaskPhase::Reserved { .. }));
    let agents: Vec<&str> = routing
        .agents
        .values()
        .filter(|a| a.state != Global::Logout && serves(d, &queue.name, &a.id))
        .map(|a| a.id.as_str())
        .collect();
    json!({
        "name": queue.name,
        "media": queue.media,
        "priority": queue.priority,
        "waiting": tasks.len(),
        "offered": offered.count(),
        "longestWaitSeconds": longest,
        "estimatedWaitSeconds": estimate(d, routing, &queue.name, tasks.len() + 1, now) / 1000,
        "agentsLoggedIn": agents.len(),
        "agentsReady": agents.iter().filter(|a| routing.can_take(a, &queue.media)).count(),
        "serviceLevelSeconds": queue.service_level_ms / 1000,
        "serviceLevel": level(queue, levels.iter().find(|l| l.queue == queue.name)),
    })
}

/// The figures of 4.13, of the last day.
fn level(queue: &Queue, level: Option<&ServiceLevel>) -> Json {
    let level = level.cloned().unwrap_or_default();
    let [offered, answered, abandoned, rona] = level.within;
    json!({
        "offered": level.offered,
        "answered": level.answered,
        "abandoned": level.abandoned,
        "rona": level.rona,
        "noAgent": level.no_agent,
        "within": { "offered": offered, "answered": answered, "abandoned": abandoned, "rona": rona },
        "type": queue.service_level_type,
        "percent": level.percent(queue.service_level_type).map(|p| (p * 10.0).round() / 10.0),
    })
}

fn waiter(d: &Deployment, routing: &Routing, task: &Task, position: usize, now: i64) -> Json {
    let queue = task.queue.as_deref().unwrap_or_default();
    json!({
        "position": position,
        "estimatedWaitSeconds": estimate(d, routing, queue, position, now) / 1000,
        "stepsOpen": task.steps_open,
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
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::collections::BTreeMap;

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

    /// A deployment with a queue of these steps.
    fn deployment(steps: &str) -> Deployment {
        let centre = format!(
            "centre: Test\nmedia: {{ CHAT: {{ max_tasks: 2 }} }}\nattributes: {{ accounts: {{}} }}\n\
             customers: {{ attributes: {{ web: {{ kind: String }} }} }}\n\
             channel_types: {{ WEB: {{ media: CHAT, identifier: web }} }}\n\
             queues: {{ general: {{ media: CHAT{steps} }} }}\nagents:\n  amal: {{ attributes: {{ accounts: 8 }} }}\n  \
             bruno: {{ attributes: {{ accounts: 8 }} }}\n  chen: {{ attributes: {{ accounts: 3 }} }}\n  \
             dora: {{ attributes: {{ accounts: 8 }} }}\n"
        );
        let flow = "flow: f\ntitle: F\non: { CONVERSATION_STARTED: a }\nnodes: { a: { note: nothing } }\n";
        let files = [("flows/centre.yaml".into(), centre), ("flows/f.yaml".into(), flow.into())].into();
        let loaded = Deployment::load(files);
        let said: Vec<String> = loaded.findings.iter().map(|f| f.message.clone()).collect();
        loaded.deployment.unwrap_or_else(|| panic!("{said:?}"))
    }

    fn shown(steps: &str, routing: &Routing, now: i64) -> Json {
        let d = deployment(steps);
        summary(&d, routing, d.queue("general").unwrap(), &[], now)
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
        let view = shown("", &routing, 11_999);
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
            let view = shown(steps, &routing, 0);
            (view["agentsLoggedIn"].clone(), view["agentsReady"].clone())
        };
        assert_eq!(counts(""), (json!(4), json!(2)), "bruno's desk rings, dora is not ready");
        assert_eq!(
            counts(", steps: [{ agents: accounts >= 5 }]"),
            (json!(3), json!(1)),
            "chen lacks the skill"
        );
    }
}
