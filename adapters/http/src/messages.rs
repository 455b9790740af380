//! Messages of channel connectors (`domain.md` section 9.1).

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use convene_core::model::{Json, read_message};
use convene_runtime::check_message;
use serde_json::json;

use crate::app::App;
use crate::extract::{Bytes, Key};
use crate::problem::{self, Problem};

/// `POST /cim-messages`. The message's own id tells repeats apart; then the caller's key; then it gets a fresh one.
pub(crate) async fn receive(
    State(app): State<App>,
    key: Key,
    Bytes(bytes): Bytes,
) -> Result<(StatusCode, Answer<Json>), Problem> {
    let mut message = read_message(&bytes)?;
    let sender = check_message(&app.handle.deployment(), &message)?;
    let (id, bytes) = match message.message_id() {
        Some(id) => (id.to_owned(), bytes),
        None => {
            let id = key.or_fresh();
            message.id = Some(id.clone());
            let bytes = serde_json::to_vec(&message)
                .map_err(|e| Problem::new("internal", format!("the message cannot be written: {e}")))?;
            (id, bytes)
        }
    };
    if let Some(reply) = app.handle.message(&id, &sender.identifier, bytes).await? {
        problem::of_reply(reply)?;
    }
    Ok((StatusCode::ACCEPTED, Answer(json!({ "id": id }))))
}
