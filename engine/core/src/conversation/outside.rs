//! Events that an app, a desk or a test publishes about a conversation (`domain.md` section 9.3, `publishCimEvent`).

use serde_json::json;

use super::work::Work;
use super::{commands, seats};
use crate::effect::Reply;
use crate::model::{CimEvent, CimMessage, EventName, Json, Sender, SenderType, Wire, emitter};

/// Takes an event from outside.
///
/// Events that state what only the engine can know (a state change, a timer) are refused; what an agent says or asks
/// for is the command of that name, so that it is checked and reaches whom it is for; the others take part like
/// events of our own.
pub(super) fn published(work: &mut Work<'_>, event: &CimEvent) {
    let data = event.data.clone().unwrap_or_default();
    match event.name {
        EventName::AgentMessage => agent_says(work, event, &data, None),
        EventName::WhisperMessage => agent_says(work, event, &data, Some(true)),
        EventName::HandRaised => hand(work, event, &data, "HAND_RAISE"),
        // Without an agent as its emitter it orders nothing: no hand goes down.
        EventName::HandDown if agent_of(event.event_emitter.as_ref(), &Json::Null).is_some() => {
            hand(work, event, &data, "HAND_DOWN");
        }
        EventName::AgentSubscribed | EventName::AgentUnsubscribed => {
            seats::from_outside(work, &event.name, &data);
        }
        EventName::TopicStateChangeEvent
        | EventName::ConversationStarted
        | EventName::ChannelSessionStarted
        | EventName::BotSubscribed
        | EventName::BotUnsubscribed => {
            let why = "is stated by the engine alone; publish what the customer or agent did instead";
            refuse(work, "event_not_accepted", format!("{} {why}", event.name.as_str()));
        }
        EventName::CustomerMessage | EventName::BotMessage => match message_fault(&data) {
            Some(fault) => {
                let detail = format!("`data` of {} is no message: {fault}", event.name.as_str());
                refuse(work, "invalid_body", detail);
            }
            None => raise(work, event, data),
        },
        _ => raise(work, event, data),
    }
}

fn refuse(work: &mut Work<'_>, code: &str, detail: String) {
    work.note("event", format!("refused: {code}"), detail.clone());
    work.reply = Reply::refused(code, detail, json!({ "state": work.c.state.as_str() }));
}

fn raise(work: &mut Work<'_>, event: &CimEvent, data: Json) {
    let id = event.id.clone().unwrap_or_default();
    let session = event.channel_session.as_ref().and_then(|s| s.id.clone());
    let emitter = event.event_emitter.clone().unwrap_or_else(emitter::controller);
    work.raise_as(id, event.name.clone(), emitter, session.as_deref(), data);
}

/// What is wrong with data that should be a message; `None` when it can be read and says something complete.
fn message_fault(data: &Json) -> Option<String> {
    let message = match CimMessage::from_json(data.clone()) {
        Ok(message) => message,
        Err(wrong) => return Some(wrong.to_string()),
    };
    message.body.map_or_else(|| Some("body: is required".to_owned()), |body| body.fault())
}

/// What an agent says: AGENT_MESSAGE, and a wrap-up that travels as one.
fn agent_says(work: &mut Work<'_>, event: &CimEvent, data: &Json, whisper: Option<bool>) {
    let header = &data["header"];
    // Desks publish the event without an emitter; then the message says who wrote it.
    let Some(agent) = agent_of(event.event_emitter.as_ref(), &header["sender"]) else {
        return no_agent(work, event, "AGENT_MESSAGE");
    };
    let session = event.channel_session.as_ref().and_then(|s| s.id.clone());
    let order = json!({
        "agentId": agent,
        "body": data["body"],
        "id": data["id"],
        "intent": header["intent"],
        "originalMessageId": header["originalMessageId"],
        "channelSessionId": session.map_or_else(|| header["channelSessionId"].clone(), Json::String),
        "whisper": whisper,
    });
    commands::command(work, "AGENT_MESSAGE", &order);
}

/// An agent calls for a supervisor, or needs none any more.
fn hand(work: &mut Work<'_>, event: &CimEvent, data: &Json, command: &str) {
    let named = json!({ "id": data["agentId"], "type": "AGENT" });
    match agent_of(event.event_emitter.as_ref(), &named) {
        Some(agent) => commands::command(work, command, &json!({ "agentId": agent })),
        None => no_agent(work, event, command),
    }
}

/// The agent an event is of: its emitter, or who its data names when it has none. Old payloads put a participant
/// there, whose own id is not the agent's.
fn agent_of(emitter: Option<&Sender>, named: &Json) -> Option<String> {
    let sender = match emitter {
        Some(sender) => sender.clone(),
        None => Sender::from_json(named.clone()).ok()?,
    };
    let participant = sender.extra.get("participant").and_then(|p| p["id"].as_str());
    let id = participant.map(str::to_owned).or(sender.id).filter(|id| !id.is_empty());
    id.filter(|_| sender.kind == Some(SenderType::Agent))
}

fn no_agent(work: &mut Work<'_>, event: &CimEvent, command: &str) {
    let name = event.name.as_str();
    let detail = format!(
        "{name} is of an agent: `eventEmitter` with the type AGENT and the agent's id is needed; the command {command} does the same"
    );
    refuse(work, "event_not_accepted", detail);
}
