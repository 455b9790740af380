//! What agents, apps and administrators do in a conversation.

use axum::extract::State;
use convene_core::model::Json;
use futures_util::future::BoxFuture;
use serde_json::json;

use crate::app::App;
use crate::command::{Answered, give};
use crate::extract::{AnyJson, Id, Key, Object};
use crate::fields;

/// `POST /conversations/{id}/…`: a handler that gives this command, with the fields of the body and the conversation
/// of the path.
pub(crate) fn gives(
    name: &'static str,
) -> impl Fn(State<App>, Id, Key, Object) -> BoxFuture<'static, Answered> + Clone + Send + Sync + 'static {
    move |State(app), Id(conversation), key, Object(mut data)| {
        Box::pin(async move {
            data.insert("conversationId".into(), conversation.into());
            give(&app, key, name, Json::Object(data)).await
        })
    }
}

/// `POST /conversations/{id}/data`: the pairs themselves, or `{"data": pairs}` as a command has them.
pub(crate) async fn data(
    State(app): State<App>,
    Id(conversation): Id,
    key: Key,
    AnyJson(body): AnyJson,
) -> Answered {
    let (at, pairs) = match body {
        Json::Object(mut map) if map.len() == 1 && map.get("data").is_some_and(is_pairs) => {
            ("data", map.remove("data").unwrap_or_default())
        }
        other => ("", other),
    };
    fields::pairs(at, &pairs)?;
    give(&app, key, "SET_DATA", json!({ "conversationId": conversation, "data": pairs })).await
}

fn is_pairs(json: &Json) -> bool {
    json.is_object() || json.is_array()
}

/// `POST /conversations/{id}/link`. Only these fields go on: the engine itself adds the profile it finds.
pub(crate) async fn link(
    State(app): State<App>,
    Id(conversation): Id,
    key: Key,
    Object(body): Object,
) -> Answered {
    let data = json!({
        "conversationId": conversation,
        "customerId": body.get("customerId"),
        "addIdentifier": body.get("addIdentifier"),
        "force": body.get("force"),
    });
    give(&app, key, "LINK_CUSTOMER", data).await
}
