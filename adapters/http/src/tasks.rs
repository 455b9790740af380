//! Tasks of agents: offers, active ones, wrap-ups (`domain.md` sections 1.12, 4.2).

use axum::Json as Answer;
use axum::extract::State;
use convene_core::model::Json;
use convene_core::routing::Task;
use serde_json::json;

use crate::agents;
use crate::app::App;
use crate::command::{Answered, give};
use crate::extract::{Id, Key, Object};
use crate::view;

/// `GET /agents/{id}/tasks`: oldest first.
pub(crate) async fn of_agent(State(app): State<App>, Id(id): Id) -> Answered {
    let routing = app.handle.routing().await?;
    agents::known(&app.handle.deployment(), &routing, &id)?;
    let mut tasks: Vec<&Task> = routing.tasks.values().filter(|t| t.agent() == Some(&id)).collect();
    tasks.sort_by_key(|t| (t.created_at, &t.id));
    let now = app.handle.now();
    let tasks: Vec<Json> = tasks.into_iter().map(|t| view::task(t, now)).collect();
    Ok(Answer(json!(tasks)))
}

/// `POST /tasks/{id}/accept`
pub(crate) async fn accept(state: State<App>, id: Id, key: Key, body: Object) -> Answered {
    answer(state, id, key, body, "TASK_ACCEPT").await
}

/// `POST /tasks/{id}/reject`
pub(crate) async fn reject(state: State<App>, id: Id, key: Key, body: Object) -> Answered {
    answer(state, id, key, body, "TASK_REJECT").await
}

async fn answer(
    State(app): State<App>,
    Id(id): Id,
    key: Key,
    Object(body): Object,
    command: &str,
) -> Answered {
    let mut data = json!({ "taskId": id });
    if let Some(agent) = body.get("agentId") {
        data["agentId"] = agent.clone();
    }
    give(&app, key, command, data).await
}
