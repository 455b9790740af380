//! The facts that flows and rules decide on: a narrow view, built for them. Every name is always there, with an empty
//! value when there is nothing to say, so that a rule never fails on a fact that is merely absent.

use serde_json::json;

use super::actions::is_known_action;
use super::state::{SeatKind, Session};
use super::work::{Happening, Work};
use crate::centre::Routing;
use crate::model::{EventName, Json, JsonMap};
use crate::rules::Facts;

/// Names that slots cannot hide.
const RESERVED: &[&str] =
    &["event", "conversation", "customer", "session", "channel", "centre", "slots", "now"];

/// Facts of this moment, seen from an event.
pub(super) fn build(work: &Work<'_>, event: &Happening) -> Facts {
    let session = work.session_or_current(event.session.as_deref());
    let mut facts = Facts::new();
    for (name, value) in &work.c.slots {
        if !RESERVED.contains(&name.as_str()) {
            facts.set(name, value);
        }
    }
    facts.set("slots", Json::Object(work.c.slots.clone()));
    facts.set("event", event_facts(work, event));
    facts.set("conversation", conversation_facts(work));
    facts.set("customer", customer_facts(work));
    facts.set("session", session_facts(work, session));
    facts.set("channel", channel_facts(work, session));
    facts.set("centre", centre_facts(work));
    facts.set("now", work.at);
    facts
}

/// Longest text of an event that a rule sees. The customer may write more than a rule may read.
const TEXT_CHARS_MAX: usize = 4_000;
/// Largest data of an event that a rule sees as a whole, in characters of all its texts.
const DATA_CHARS_MAX: usize = 16_000;

fn text_at(data: &Json, paths: &[&str]) -> String {
    let found = paths.iter().find_map(|p| data.pointer(p).and_then(Json::as_str).filter(|t| !t.is_empty()));
    found.unwrap_or_default().chars().take(TEXT_CHARS_MAX).collect()
}

/// Characters of all texts in a value, roughly what it weighs.
fn weight(value: &Json) -> usize {
    match value {
        Json::String(text) => text.len(),
        Json::Array(items) => items.iter().map(weight).sum::<usize>() + items.len(),
        Json::Object(map) => map.iter().map(|(key, value)| key.len() + weight(value)).sum(),
        _ => 8,
    }
}

/// Whether a medium is one of calls: by the names of 1.14, or because a voice channel uses it.
fn is_voice(work: &Work<'_>, media: &str) -> bool {
    let kinds = work.d.centre.channel_types.values();
    ["CX_VOICE", "CISCO_CC"].contains(&media) || kinds.into_iter().any(|k| k.voice && k.media == media)
}

fn event_facts(work: &Work<'_>, event: &Happening) -> Json {
    let d = &event.data;
    let mrd = text_at(d, &["/mrdId"]);
    let whole = if weight(d) > DATA_CHARS_MAX { json!({}) } else { d.clone() };
    let mut facts = event_words(event);
    if let Json::Object(map) = &mut facts {
        map.insert("mrd_voice".into(), json!(is_voice(work, &mrd)));
        map.insert("mrd".into(), json!(mrd));
        map.insert("data".into(), whole);
    }
    facts
}

fn event_words(event: &Happening) -> Json {
    let d = &event.data;
    let action = match event.name {
        EventName::ActionMessage => text_at(d, &["/name", "/body/name"]),
        _ => text_at(d, &["/action"]),
    };
    let action_data =
        d.pointer("/data").or_else(|| d.pointer("/body/data")).cloned().unwrap_or_else(|| json!({}));
    json!({
        "name": event.name.as_str(),
        "known_action": is_known_action(&action),
        "action": action,
        "action_data": action_data,
        "reason": text_at(d, &["/reason", "/metadata/reason", "/reasonCode", "/state/reasonCode",
                               "/agentPresence/state/reasonCode/name"]),
        "role": text_at(d, &["/agentParticipant/role", "/conversationParticipant/role", "/role"]),
        "participant": text_at(d, &["/conversationParticipant/type", "/agentParticipant/type"]),
        "agent": text_at(d, &["/agentParticipant/participant/id", "/conversationParticipant/participant/id",
                              "/ccUser/id", "/agentId", "/task/assignedTo/id", "/agentPresence/agent/id",
                              "/requestType/metadata/requestedBy"]),
        "agent_state": text_at(d, &["/agentPresence/state/name"]),
        "sender": event.emitter.sender_name.as_deref().unwrap_or(""),
        "requested_by": requested_by(d),
        "wanted_agent": text_at(d, &["/requestType/metadata/agentId"]),
        "queue": text_at(d, &["/queue/value", "/queue/name", "/queue"]),
        "priority": d.pointer("/additionalDetails/priority").and_then(Json::as_i64).unwrap_or(0),
        "reinitiated": d.pointer("/additionalDetails/isReinitiated").and_then(Json::as_bool).unwrap_or(false),
        "direction": text_at(d, &["/requestType/direction", "/task/activeMedia/0/type/direction"]),
        "mode": text_at(d, &["/requestType/mode", "/task/activeMedia/0/type/mode"]),
        "task_state": text_at(d, &["/task/state/name"]),
        "task_reason": text_at(d, &["/task/state/reasonCode"]),
        "media_state": text_at(d, &["/task/activeMedia/0/state"]),
        "text": text_at(d, &["/body/markdownText"]),
        "intent": text_at(d, &["/header/intent"]),
        "message": text_at(d, &["/message"]),
        "has_session": event.session.is_some(),
    })
}

/// The agent who asked for another one (1.12 `metadata.requestedBy`); empty when no agent did.
pub(super) fn requested_by(data: &Json) -> String {
    text_at(data, &["/requestType/metadata/requestedBy"])
}

fn conversation_facts(work: &Work<'_>) -> Json {
    let c = &work.c;
    let bot = c.bot_seat();
    let previous = c.previous.as_ref();
    json!({
        "id": c.id,
        "state": c.state.as_str(),
        "agents": c.agents_present(),
        "primaries": c.primaries(),
        "wrapping_up": c.agents_wrapping_up(),
        "monitors": c.seats.iter().filter(|s| s.kind == SeatKind::Monitor).count(),
        "sessions": c.open_sessions(),
        "all_sessions": c.sessions.len(),
        "customer_present": c.open_sessions() > 0,
        "held": c.hold.is_some(),
        "agent_ever": c.agent_ever,
        "direction": if c.outbound { "OUTBOUND" } else { "INBOUND" },
        "bot": bot.map_or("", |b| b.who.as_str()),
        "bot_role": bot.map_or("", |b| b.role.as_str()),
        "request": c.request.as_ref().map_or("", |r| r.direction.as_str()),
        "queue": c.last_task.as_ref().and_then(|t| t.queue.as_deref()).unwrap_or(""),
        "age": (work.at - c.created_at) / 1000,
        "data": c.data,
        "previous": {
            "queue": previous.and_then(|p| p.queue.as_deref()).unwrap_or(""),
            "agent": previous.and_then(|p| p.agent.as_deref()).unwrap_or(""),
            "ended": previous.map_or(-1, |p| (work.at - p.ended_at) / 1000),
        },
    })
}

fn customer_facts(work: &Work<'_>) -> Json {
    let c = &work.c.customer;
    json!({
        "id": c.id.as_deref().unwrap_or(""),
        "name": c.first_name.as_deref().unwrap_or(""),
        "anonymous": c.is_anonymous.unwrap_or(false),
        "labels": c.labels(),
        "suggestions": work.c.suggestions.len(),
        "attributes": c.extra,
    })
}

fn session_facts(work: &Work<'_>, session: Option<&Session>) -> Json {
    let Some(s) = session else {
        return json!({ "id": "", "channel": "", "identifier": "", "latest_intent": "", "first": false, "quiet": false,
                       "open": false, "request_priority": 0, "messages": 0 });
    };
    json!({
        "id": s.id,
        "channel": s.channel,
        "identifier": s.identifier,
        "latest_intent": s.latest_intent.as_deref().unwrap_or(""),
        "first": work.c.sessions.first().is_some_and(|f| f.id == s.id),
        "quiet": s.quiet,
        "open": s.open(),
        "request_priority": s.channel_data.get("requestPriority").and_then(Json::as_i64).unwrap_or(0),
        "messages": s.counts[2],
    })
}

fn channel_facts(work: &Work<'_>, session: Option<&Session>) -> Json {
    let channel = session.and_then(|s| work.d.centre.channels.get(&s.channel));
    let Some(c) = channel else {
        return json!({ "name": "", "type": "", "media": "", "voice": false, "interactive": false, "bot": "",
                       "queue": "", "list": "", "routing": "", "service_identifier": "",
                       "route_to_last_agent": false });
    };
    let kind = work.d.centre.channel_types.get(&c.kind);
    json!({
        "name": c.name,
        "type": c.kind,
        "media": kind.map_or("", |k| k.media.as_str()),
        "voice": kind.is_some_and(|k| k.voice),
        "interactive": kind.is_some_and(|k| k.interactive),
        "bot": c.bot,
        "queue": c.queue.as_deref().unwrap_or(""),
        "list": c.list.as_deref().unwrap_or(""),
        "routing": match c.routing { Routing::Push => "PUSH", Routing::Pull => "PULL", Routing::External => "EXTERNAL" },
        "service_identifier": c.service_identifier,
        "route_to_last_agent": c.route_to_last_agent,
    })
}

fn centre_facts(work: &Work<'_>) -> Json {
    let centre = &work.d.centre;
    let settings: JsonMap = centre.settings.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    json!({
        "name": centre.name,
        "settings": settings,
        "labels": centre.customers.labels,
        "wrap_up": centre.wrap_up.enabled,
    })
}
