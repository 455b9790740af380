//! An app that takes part: conversation data and third-party activities (`domain.md` section 9.1).

use serde_json::json;

use super::commands::{message_id, refusal};
use super::state::SeatKind;
use super::words::complete_body;
use super::work::Work;
use super::{sessions, wire};
use crate::effect::Reply;
use crate::model::{CimMessage, EventName, Json, ParticipantRole, Sender, SenderType, Wire, emitter};
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
        Json::Array(list) => {
            let pair = |a: &Json| Some((a["key"].as_str()?.to_owned(), plain_text(&a["value"])));
            let pairs: Option<Vec<_>> = list.iter().map(pair).collect();
            let detail = "each attribute needs a text `key`, and a `value`";
            pairs.ok_or_else(|| refusal(work, "wrong_field", detail))?
        }
        _ => {
            return Err(refusal(work, "wrong_field", "a map of pairs, or a list of {key, value}, is needed"));
        }
    };
    // All or nothing: a refused call changes nothing.
    let refused = sessions::merge_all(work, pairs);
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
    let mut message = as_message(work, data)?;
    let id = message_id(work, data)?;
    let Some(current) = work.c.current_session().map(|s| s.id.clone()) else {
        return Err(refusal(work, "no_session", "the conversation has no session"));
    };
    // The session it is about, when it is one of this conversation.
    let named = message.header.channel_session_id.take().filter(|id| work.c.session(id).is_some());
    let session = named.unwrap_or(current);
    let who = takes_part(work, &message);
    wire::address_header(work, &mut message.header, &session);
    message.id = Some(id.clone());
    message.header.sender = Some(who.clone());
    let event = match EventName::parse(message.header.intent.as_deref().unwrap_or_default()) {
        EventName::Other(name) if !name.is_empty() => EventName::Other(name),
        EventName::IvrAggregatedActivity => EventName::IvrAggregatedActivity,
        _ => EventName::ThirdPartyActivity,
    };
    let named = |text: &Option<String>| text.clone().unwrap_or_default();
    let emitter = emitter::app(named(&who.id), named(&who.sender_name));
    work.raise(event, emitter, Some(&session), json!(message));
    Ok(json!({ "id": id }))
}

/// ACTIVITY when nothing lives that it could take part in (9.1): it is kept with the conversation, and nobody is told.
pub(super) fn stored(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    as_message(work, data)?;
    let id = message_id(work, data)?;
    work.note("activity", "an activity is kept", "the conversation is over; nobody is told");
    Ok(json!({ "id": id, "stored": true }))
}

/// The activity as the message it is, with everything its app sent. Sender and session beside the header count as in
/// it.
fn as_message(work: &Work<'_>, data: &Json) -> Result<CimMessage, Reply> {
    complete_body(work, data)?;
    let mut map = data.as_object().cloned().unwrap_or_default();
    // Where the activity goes, and the id, which is read by itself: it says what it may be.
    for key in ["conversationId", "id"] {
        map.remove(key);
    }
    let beside = ["sender", "channelSessionId"].map(|key| (key, map.remove(key)));
    let header = map.entry("header").or_insert(Json::Null);
    if header.is_null() {
        *header = json!({});
    }
    if let Json::Object(header) = header {
        for (key, value) in beside.into_iter().filter_map(|(key, value)| Some((key, value?))) {
            if header.get(key).is_none_or(Json::is_null) {
                header.insert(key.into(), value);
            }
        }
    }
    CimMessage::from_json(Json::Object(map)).map_err(|wrong| refusal(work, "wrong_field", &wrong.to_string()))
}

/// The app of an activity, seated, with what it says of itself.
fn takes_part(work: &mut Work<'_>, message: &CimMessage) -> Sender {
    let mut who = message.header.sender.clone().unwrap_or_default();
    let name = who.sender_name.take().filter(|name| !name.is_empty()).unwrap_or_else(|| "APP".to_owned());
    let id = who.id.take().filter(|id| !id.is_empty()).unwrap_or_else(|| name.clone());
    seat_app(work, &id, &name);
    Sender { id: Some(id), kind: Some(SenderType::App), sender_name: Some(name), ..who }
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
