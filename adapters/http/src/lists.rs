//! Pull lists (`domain.md` sections 1.16, 4.9): what stands on them, and who picks.

use axum::Json as Answer;
use axum::extract::State;
use convene_core::deployment::Deployment;
use convene_core::model::Json;
use convene_core::routing::{Post, Routing, list_request};
use serde_json::json;

use crate::app::App;
use crate::command::{Answered, give};
use crate::extract::{Id, Key, Object};
use crate::problem::Problem;

/// `GET /lists`
pub(crate) async fn list(State(app): State<App>) -> Answered {
    let routing = app.handle.routing().await?;
    let deployment = app.handle.deployment();
    let names = deployment.centre.lists.keys();
    Ok(Answer(names.map(|name| summary(&deployment, &routing, name)).collect()))
}

/// `GET /lists/{name}`: the requests on it, oldest first.
pub(crate) async fn one(State(app): State<App>, Id(name): Id) -> Answered {
    let routing = app.handle.routing().await?;
    let deployment = app.handle.deployment();
    if !deployment.centre.lists.contains_key(&name) {
        return Err(Problem::new("unknown_list", deployment.centre.no_list(&name)));
    }
    let mut view = summary(&deployment, &routing, &name);
    let mut posts: Vec<&Post> = routing.posts.values().filter(|p| p.list == name).collect();
    posts.sort_by_key(|p| (p.time, &p.conversation));
    view["requests"] = posts.into_iter().map(list_request).collect();
    Ok(Answer(view))
}

fn summary(deployment: &Deployment, routing: &Routing, name: &str) -> Json {
    let on_it = routing.posts.values().filter(|p| p.list == name);
    json!({
        "name": name,
        "description": deployment.centre.lists.get(name).and_then(|l| l.description.clone()),
        "unread": on_it.clone().filter(|p| p.status == "UNREAD").count(),
        "active": on_it.clone().filter(|p| p.status == "ACTIVE").count(),
        "inactive": on_it.filter(|p| p.status == "INACTIVE").count(),
        "subscribers": routing.subscribers(name),
    })
}

/// `POST /lists/{name}/subscribe`
pub(crate) async fn subscribe(
    State(app): State<App>,
    Id(name): Id,
    key: Key,
    Object(body): Object,
) -> Answered {
    give(&app, key, "LIST_SUBSCRIBE", json!({ "agentId": body.get("agentId"), "list": name })).await
}

/// `POST /lists/{name}/unsubscribe`
pub(crate) async fn unsubscribe(
    State(app): State<App>,
    Id(name): Id,
    key: Key,
    Object(body): Object,
) -> Answered {
    give(&app, key, "LIST_UNSUBSCRIBE", json!({ "agentId": body.get("agentId"), "list": name })).await
}
