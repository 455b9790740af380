//! An app that takes part: conversation data and third-party activities (`domain.md` section 9.1).

use serde_json::json;

use super::commands::{message_id, refusal};
use super::state::SeatKind;
use super::work::Work;
use super::{sessions, wire};
use crate::effect::Reply;
use crate::model::{CimMessage, EventName, Header, Json, ParticipantRole, emitter};
use crate::report::ReportRow;

/// A value of conversation data as the text it is kept as.
pub(super) fn plain_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// SET_DATA: a map, or a list of attributes `[{key, value}]` (9.1).
pub(super) fn set_data(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let data = data.get("data").unwrap_or(data);
    let pairs: Vec<(String, String)> = match data {
        Json::Object(map) => {
            let said = map.iter().filter(|(key, _)| *key != "conversationId");
            said.map(|(k, v)| (k.clone(), plain_text(v))).collect()
        }
        Json::Array(list) => list
            .iter()
            .filter_map(|a| Some((a["key"].as_str()?.to_owned(), plain_text(&a["value"]))))
            .collect(),
        _ => {
            return Err(refusal(work, "wrong_field", "a map of pairs, or a list of {key, value}, is needed"));
        }
    };
    let refused = sessions::merge_data(work, pairs);
    if refused.is_empty() {
        return Ok(json!(work.c.data));
    }
    let detail = format!(
        "a conversation holds {} pairs; no room for {}",
        super::CONVERSATION_DATA_MAX,
        refused.join(", ")
    );
    Err(refusal(work, "too_much_data", &detail))
}

/// ACTIVITY: a third-party activity of an app (9.1). Its intent becomes the event's name when it has one.
pub(super) fn activity(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let body = data.get("body").cloned().unwrap_or_default();
    if !body.get("type").is_some_and(Json::is_string) {
        return Err(refusal(work, "invalid_body", "`body` with a `type` is needed"));
    }
    let sender = data["header"]["sender"].as_object().or_else(|| data["sender"].as_object());
    let name = sender.and_then(|s| s.get("senderName")).and_then(Json::as_str).unwrap_or("APP").to_owned();
    let who_id = sender.and_then(|s| s.get("id")).and_then(Json::as_str).unwrap_or(&name).to_owned();
    seat_app(work, &who_id, &name);
    let who = emitter::app(who_id, name);
    let Some(session) = work.c.current_session().map(|s| s.id.clone()) else {
        return Err(refusal(work, "no_session", "the conversation has no session"));
    };
    let id = message_id(work, data)?;
    let mut message = CimMessage { id: Some(id.clone()), header: Header::default(), ..CimMessage::default() };
    message.body = serde_json::from_value(body).ok();
    wire::address_header(work, &mut message.header, &session);
    message.header.sender = Some(who.clone());
    let intent = data["header"]["intent"].as_str().unwrap_or_default();
    let event = match EventName::parse(intent) {
        EventName::Other(name) if !name.is_empty() => EventName::Other(name),
        EventName::IvrAggregatedActivity => EventName::IvrAggregatedActivity,
        _ => EventName::ThirdPartyActivity,
    };
    work.raise(event, who, Some(&session), json!(message));
    Ok(json!({ "id": id }))
}

/// An app that takes part is a participant (1.9).
fn seat_app(work: &mut Work<'_>, id: &str, name: &str) {
    if work.c.seats.iter().any(|s| s.kind == SeatKind::App && s.who == id) {
        return;
    }
    let seat = super::state::Seat {
        id: work.ids.fresh(),
        kind: SeatKind::App,
        who: id.to_owned(),
        name: name.to_owned(),
        role: ParticipantRole::Assistant,
        joined_at: work.at,
        task: None,
        unseen: false,
        leaving: None,
        said: Vec::new(),
    };
    work.out.reports.push(ReportRow::ConversationParticipant(crate::report::ParticipantRow {
        id: seat.id.clone(),
        participant_id: id.to_owned(),
        conversation_id: work.c.id.clone(),
        participant_role: "EXTERNAL".into(),
        record_creation_time: work.at,
    }));
    work.note("participants", format!("app {name} takes part"), "it published an activity (9.1)");
    work.c.seats.push(seat);
}
