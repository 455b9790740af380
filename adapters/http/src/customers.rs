//! Customers and their rooms (`domain.md` sections 1.4, 1.5).

use axum::Json as Answer;
use axum::extract::State;
use convene_core::model::Json;
use convene_runtime::ports::store::Wanted;
use serde_json::json;

use crate::app::App;
use crate::command::Answered;
use crate::extract::Id;
use crate::problem::Problem;
use crate::view;

/// Most conversations of a room that are told.
const ROOM_CONVERSATIONS_MAX: usize = 500;

/// `GET /customers/{id}`: the profile as it is stored, and `roomInfo`.
pub(crate) async fn customer(State(app): State<App>, Id(id): Id) -> Answered {
    let Some((profile, room)) = app.handle.store().customer(&id).await? else {
        return Err(Problem::new("unknown_customer", format!("no customer has the id {id:?}")));
    };
    let mut profile = view::stored(&profile)?;
    if let (Json::Object(profile), Some(room)) = (&mut profile, room) {
        profile.insert("roomInfo".into(), view::room_info(&room));
    }
    Ok(Answer(profile))
}

/// `GET /rooms/{id}`
pub(crate) async fn room(State(app): State<App>, Id(id): Id) -> Answered {
    let Some((customer, mut conversations)) = app.handle.store().room(&id).await? else {
        return Err(Problem::new("unknown_room", format!("no room has the id {id:?}")));
    };
    let all = conversations.len();
    conversations.truncate(ROOM_CONVERSATIONS_MAX);
    let wanted = Wanted { states: conversations.clone(), ..Wanted::default() };
    let found = app.handle.store().find(&wanted).await?;
    let conversations: Vec<Json> =
        conversations.iter().filter_map(|id| found.states.get(id)).map(view::summary).collect();
    Ok(Answer(json!({
        "id": id,
        "mode": "CONTACT_CENTER",
        "customerId": customer,
        "conversationCount": all,
        "conversations": conversations,
    })))
}
