//! What an agent writes: to the customer, or to the other agents (`domain.md` sections 1.10, 2.1, 9.1).

use serde_json::json;

use super::commands::{flag, message_id, named_session, optional, present, refusal, wrap_up};
use super::state::{Said, Seat, Session};
use super::work::Work;
use super::{hold, wire};
use crate::effect::Reply;
use crate::model::{Body, CimMessage, EventName, Json, ParticipantRole, emitter};

/// Bodies that say something about a conversation, and nothing in it.
const NO_WORDS: &[&str] = &["ACTION", "NOTIFICATION", "DELIVERYNOTIFICATION", "DELETEDNOTIFICATION", "VOICE"];

/// Channel types on which a message can be replaced (1.10).
const EDITABLE: &[&str] = &["WEB", "FACEBOOK"];

/// Most messages of an agent that are remembered: only these can be replaced, or told from one sent twice.
const SAID_MAX: usize = 32;

/// AGENT_MESSAGE `{agentId, body, id?, channelSessionId?, intent?, originalMessageId?, whisper?}`: to the customer when
/// PRIMARY, otherwise among agents (WHISPER_MESSAGE). A body WRAPUP is the agent's wrap-up (2.1, 9.3).
pub(super) fn agent_message(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let (agent, role) = present(work, data)?;
    let body = complete_body(work, data)?;
    if let Body::WrapUp(_) = &body {
        let said = &data["body"];
        return wrap_up(work, &json!({ "agentId": agent, "wrapups": said["wrapups"], "note": said["note"] }));
    }
    if NO_WORDS.contains(&body.kind()) {
        let detail = format!("{} is no message of an agent", body.kind());
        return Err(refusal(work, "invalid_body", &detail));
    }
    let id = message_id(work, data)?;
    let whisper = flag(work, data, "whisper")?.unwrap_or(role != ParticipantRole::Primary);
    may_write(work, role, whisper)?;
    let session = match named_session(work, data)? {
        Some(session) => session,
        None => {
            for_words(work).ok_or_else(|| refusal(work, "no_session", "the conversation has no session"))?
        }
    };
    let seat = work.c.seats.iter().find(|s| s.who == agent).cloned();
    let who = emitter::agent(&*agent, seat.as_ref().map_or(&*agent, |s| &*s.name));
    let mut message = wire::outgoing(work, &id, &session.id, who.clone(), &body);
    message.header.intent = optional(work, data, "intent")?.map(str::to_owned);
    message.header.original_message_id = optional(work, data, "originalMessageId")?.map(str::to_owned);
    if let Some(seat) = &seat {
        edit_allowed(work, seat, &session.channel, &message, whisper)?;
        if seat.said.iter().any(|said| said.id == id) {
            work.note("message", "sent before", "a second message with the same id is the first one again");
            return Ok(json!({ "id": id, "delivered": "before" }));
        }
    }
    if !whisper && !session.open() {
        return Err(refusal(work, "customer_left", "the customer has left; there is nobody to write to"));
    }
    remember(work, &agent, Said { id: id.clone(), text: matches!(body, Body::Plain(_)), whisper });
    if whisper {
        work.raise(EventName::WhisperMessage, who, Some(&session.id), json!(message));
        return Ok(json!({ "id": id, "delivered": "agents" }));
    }
    if work.c.hold.is_some() {
        hold::resume(work, Some(&agent), "the agent wrote to the customer");
    }
    if let Some(s) = work.c.session_mut(&session.id) {
        s.counts[1] += 1;
    }
    work.raise_delivered(EventName::AgentMessage, who, &session.id, json!(message));
    Ok(json!({ "id": id, "delivered": "customer" }))
}

/// The body of a message or an activity, when it is one and lacks nothing.
pub(super) fn complete_body(work: &Work<'_>, data: &Json) -> Result<Body, Reply> {
    let body = data.get("body").cloned().unwrap_or_default();
    let body: Body = serde_json::from_value(body)
        .map_err(|e| refusal(work, "invalid_body", &format!("`body` is not a message body: {e}")))?;
    body.fault().map_or(Ok(body), |fault| Err(refusal(work, "invalid_body", &fault)))
}

/// Whether an agent of this role may write, to the customer or among agents.
fn may_write(work: &Work<'_>, role: ParticipantRole, whisper: bool) -> Result<(), Reply> {
    let why = match role {
        ParticipantRole::WrapUp => "an agent who wraps up cannot write to the customer; apply the wrap-up",
        ParticipantRole::Primary => return Ok(()),
        _ if whisper => return Ok(()),
        _ => "only a PRIMARY agent writes to the customer",
    };
    Err(refusal(work, "role_forbids", why))
}

/// Where words go when no session is named (9.1): to the session used last. A call takes none while the customer can
/// read on another channel.
fn for_words(work: &Work<'_>) -> Option<Session> {
    let last = work.c.current_session()?;
    let voice = |s: &Session| super::sla::is_voice(work, &s.channel);
    let readable = work.c.sessions.iter().rev().find(|s| s.open() && !voice(s));
    readable.filter(|_| voice(last)).or(Some(last)).cloned()
}

/// The edit rule of 1.10: intent UPDATE replaces an own text, names it, and only where the medium can show it.
fn edit_allowed(
    work: &Work<'_>,
    seat: &Seat,
    channel: &str,
    message: &CimMessage,
    whisper: bool,
) -> Result<(), Reply> {
    if message.intent() != Some("UPDATE") {
        return Ok(());
    }
    let kind = work.d.centre.channels.get(channel).map_or("", |c| c.kind.as_str());
    if !EDITABLE.contains(&kind) {
        let detail = format!("a message on {kind} cannot be edited; only on {}", EDITABLE.join(" and "));
        return Err(refusal(work, "edit_not_supported", &detail));
    }
    let Some(original) = message.header.original_message_id.as_deref().filter(|_| is_text(message)) else {
        let detail = "an edit replaces a text: `originalMessageId` and a PLAIN body are needed";
        return Err(refusal(work, "wrong_field", detail));
    };
    if message.id.as_deref() == Some(original) {
        let detail =
            "an edit is a message of its own: give it another `id` than `originalMessageId`, or none";
        return Err(refusal(work, "wrong_field", detail));
    }
    if seat.said.iter().any(|s| s.id == original && s.text && s.whisper == whisper) {
        return Ok(());
    }
    let readers = if whisper { "the other agents" } else { "the customer" };
    let detail = format!(
        "`originalMessageId` {original:?} is no text among the last {SAID_MAX} messages of {} to {readers}",
        seat.who
    );
    Err(refusal(work, "wrong_field", &detail))
}

fn is_text(message: &CimMessage) -> bool {
    matches!(message.body, Some(Body::Plain(_)))
}

/// Keeps the id of a message on the seat of its agent.
fn remember(work: &mut Work<'_>, agent: &str, said: Said) {
    if let Some(seat) = work.c.seats.iter_mut().find(|s| s.who == agent) {
        seat.said.push(said);
        let over = seat.said.len().saturating_sub(SAID_MAX);
        seat.said.drain(..over);
    }
}
