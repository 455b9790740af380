//! Agents and their presence (`domain.md` section 1.15).

use axum::Json as Answer;
use axum::extract::State;
use convene_core::deployment::Deployment;
use convene_core::model::{Json, JsonMap};
use convene_core::routing::Routing;
use serde_json::json;

use crate::app::App;
use crate::command::{Answered, give};
use crate::extract::{Id, Ids, Key, Object};
use crate::problem::Problem;
use crate::view;

/// `GET /agents`: those of the deployment, and those no longer in it who have logged in.
pub(crate) async fn list(State(app): State<App>) -> Answered {
    let routing = app.handle.routing().await?;
    let deployment = app.handle.deployment();
    let mut ids: Vec<&String> = deployment.centre.agents.keys().chain(routing.agents.keys()).collect();
    ids.sort();
    ids.dedup();
    let agents: Vec<Json> = ids.into_iter().map(|id| view::presence(&deployment, &routing, id)).collect();
    Ok(Answer(json!(agents)))
}

/// `GET /agents/{id}`
pub(crate) async fn one(State(app): State<App>, Id(id): Id) -> Answered {
    let routing = app.handle.routing().await?;
    let deployment = app.handle.deployment();
    known(&deployment, &routing, &id)?;
    Ok(Answer(view::presence(&deployment, &routing, &id)))
}

/// Whether there is such an agent.
pub(crate) fn known(deployment: &Deployment, routing: &Routing, id: &str) -> Result<(), Problem> {
    if deployment.centre.agents.contains_key(id) || routing.agents.contains_key(id) {
        return Ok(());
    }
    Err(Problem::new("unknown_agent", deployment.centre.no_agent(id)))
}

/// The fields of a body that a command takes, and the agent of the path.
fn of_agent(agent: String, mut body: JsonMap, fields: &[&str]) -> Json {
    body.retain(|key, _| fields.contains(&key.as_str()));
    body.insert("agentId".into(), agent.into());
    Json::Object(body)
}

/// `POST /agents/{id}/login`
pub(crate) async fn login(State(app): State<App>, Id(id): Id, key: Key, _: Object) -> Answered {
    give(&app, key, "AGENT_LOGIN", json!({ "agentId": id })).await
}

/// `POST /agents/{id}/logout`
pub(crate) async fn logout(State(app): State<App>, Id(id): Id, key: Key, Object(body): Object) -> Answered {
    give(&app, key, "AGENT_LOGOUT", of_agent(id, body, &["reason", "by"])).await
}

/// `POST /agents/{id}/connect`
pub(crate) async fn connect(State(app): State<App>, Id(id): Id, key: Key, _: Object) -> Answered {
    give(&app, key, "AGENT_CONNECT", json!({ "agentId": id })).await
}

/// `POST /agents/{id}/disconnect`
pub(crate) async fn disconnect(State(app): State<App>, Id(id): Id, key: Key, _: Object) -> Answered {
    give(&app, key, "AGENT_DISCONNECT", json!({ "agentId": id })).await
}

/// `PUT /agents/{id}/state`
pub(crate) async fn set_state(
    State(app): State<App>,
    Id(id): Id,
    key: Key,
    Object(body): Object,
) -> Answered {
    give(&app, key, "AGENT_STATE", of_agent(id, body, &["state", "reason"])).await
}

/// `PUT /agents/{id}/mrds/{mrd}`
pub(crate) async fn set_medium(
    State(app): State<App>,
    Ids(id, mrd): Ids,
    key: Key,
    Object(body): Object,
) -> Answered {
    let mut data = of_agent(id, body, &["state"]);
    data["mrd"] = mrd.into();
    give(&app, key, "AGENT_MRD_STATE", data).await
}
