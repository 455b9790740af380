//! Commands: how every call that changes something reaches the engine.

use axum::Json as Answer;
use convene_core::model::Json;
use serde_json::json;

use crate::app::App;
use crate::extract::Key;
use crate::problem::{self, Problem};

/// What a call answers: JSON, or a problem.
pub(crate) type Answered = Result<Answer<Json>, Problem>;

/// Gives a command and waits for the engine's answer. A command without an answer is answered with `{}`.
pub(crate) async fn give(app: &App, key: Key, name: &str, data: Json) -> Answered {
    let reply = app.handle.command(&key.or_fresh(), name, data).await?;
    let data = problem::of_reply(reply)?;
    Ok(Answer(if data.is_null() { json!({}) } else { data }))
}
