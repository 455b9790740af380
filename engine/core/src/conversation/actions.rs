//! Actions (`domain.md` section 2.3): what flows and bots may order. The table says who carries each one out.

use serde_json::json;

use super::work::{Happening, Work};
use super::{app, close, facts, hold, requests, seats, sessions, wire};
use crate::effect::{Publication, Reply, Wire};
use crate::flow::verbs::PAUSE_MS;
use crate::model::{Body, EventName, Json, JsonMap, ParticipantRole, emitter};

/// Carries an action out.
///
/// # Errors
/// What is wrong with its data; the node that ordered it takes its error path.
pub(super) type Perform = fn(&mut Work<'_>, &Order<'_>) -> Result<(), String>;

/// An ordered action.
#[derive(Debug)]
pub(super) struct Order<'a> {
    pub data: &'a Json,
    /// The event that led to it.
    pub event: &'a Happening,
}

impl<'a> Order<'a> {
    /// Session of the event that led to it.
    pub(super) fn session(&self) -> Option<&'a str> {
        self.event.session.as_deref()
    }

    /// The agent on whose wish it is ordered; `None` when no agent asked.
    pub(super) fn asked_by(&self) -> Option<String> {
        Some(facts::requested_by(&self.event.data)).filter(|agent| !agent.is_empty())
    }
}

/// Every action, by name. Struck-out ones of 2.3 are accepted and do nothing.
#[rustfmt::skip]
const ACTIONS: &[(&str, Perform)] = &[
    ("FIND_AGENT",                requests::find_agent),
    ("ASSIGN_AGENT",              requests::assign_agent),
    ("ASSIGN_BOT",                assign_bot),
    ("REVOKE_BOT",                revoke_bot),
    ("CHANGE_PARTICIPANT_ROLE",   change_role),
    ("UPDATE_CONVERSATION_DATA",  update_data),
    ("END_CONVERSATION",          end_conversation),
    ("REMOVE_ALL_AGENTS",         remove_all_agents),
    ("REMOVE_CHANNEL_SESSION",    remove_session),
    ("CANCEL_RESOURCE",           requests::cancel_resource),
    ("REVOKE_RESOURCE",           requests::revoke_request),
    ("REVOKE_REQUEST",            requests::revoke_request),
    ("CHANNEL_SESSION_EXPIRED",   expire_session),
    ("SEND_MESSAGE",              send_message),
    ("PAUSE_CONVERSATION",        pause),
    ("OPEN_EXTERNAL_GADGET",      open_gadget),
    ("NOTIFY_AGENT",              notify_agent),
    ("POST_LIST_REQUEST",         requests::post_request),
    ("CUSTOMER_RESPONSE_TIMEOUT", struck_out),
    ("AGENT_RESPONSE_TIMEOUT",    struck_out),
    ("END_CHANNEL_SESSION",       struck_out),
    ("ACCEPT_TIMEOUT",            struck_out),
];

/// Names of all actions that a bot or a flow may order.
pub const KNOWN_ACTIONS: &[&str] = &{
    let mut names = [""; ACTIONS.len()];
    let mut i = 0;
    while i < ACTIONS.len() {
        names[i] = ACTIONS[i].0;
        i += 1;
    }
    names
};

/// Whether an action of this name exists.
#[must_use]
pub fn is_known_action(name: &str) -> bool {
    KNOWN_ACTIONS.contains(&name)
}

/// Carries out an action of a flow.
///
/// # Errors
/// Unknown name, or data that does not fit.
pub(super) fn perform(work: &mut Work<'_>, name: &str, order: &Order<'_>) -> Result<(), String> {
    match ACTIONS.iter().find(|(known, _)| *known == name) {
        Some((_, perform)) => perform(work, order),
        None => Err(format!("no action is called {name:?}")),
    }
}

/// Carries out an action that somebody else ordered (a bot): FIND_AGENT becomes the event, so that the flow decides
/// about queue and priority.
pub(super) fn perform_ordered(work: &mut Work<'_>, name: &str, order: &Order<'_>) -> Result<(), String> {
    if name != "FIND_AGENT" {
        return perform(work, name, order);
    }
    let mut data = JsonMap::new();
    for key in ["queue", "requestType"] {
        if let Some(value) = order.data.get(key).filter(|v| !v.is_null()) {
            data.insert(key.into(), value.clone());
        }
    }
    data.insert("additionalDetails".into(), order.data.clone());
    let who = work.c.bot_seat().map_or_else(emitter::controller, |s| emitter::bot(&*s.who, &*s.name));
    work.raise(EventName::FindAgent, who, order.session(), Json::Object(data));
    Ok(())
}

pub(super) fn text<'a>(order: &Order<'a>, key: &str) -> Option<&'a str> {
    order.data.get(key).and_then(Json::as_str).filter(|t| !t.is_empty())
}

pub(super) fn required<'a>(order: &Order<'a>, key: &str) -> Result<&'a str, String> {
    text(order, key).ok_or_else(|| format!("{key} is missing"))
}

pub(super) fn role(order: &Order<'_>, default: Option<ParticipantRole>) -> Result<ParticipantRole, String> {
    match text(order, "role") {
        Some(name) => ParticipantRole::parse(name).ok_or_else(|| format!("{name:?} is no role")),
        None => default.ok_or_else(|| "role is missing".to_owned()),
    }
}

fn struck_out(work: &mut Work<'_>, _: &Order<'_>) -> Result<(), String> {
    work.note("action", "an action of older products", "accepted and ignored (2.3)");
    Ok(())
}

fn assign_bot(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    let role = role(order, Some(ParticipantRole::Primary))?;
    seats::assign_bot(work, required(order, "botId")?, role)
}

fn revoke_bot(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    seats::revoke_bot(work, text(order, "botId"));
    Ok(())
}

fn change_role(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    let who = text(order, "participant").or_else(|| text(order, "botId")).or_else(|| text(order, "id"));
    seats::change_role(work, who.ok_or("participant is missing")?, role(order, None)?, Json::Null)
}

fn update_data(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    let map = order.data.as_object().ok_or("a map of pairs is needed")?;
    let pairs = map.iter().map(|(k, v)| (k.clone(), app::plain_text(v))).collect();
    let refused = sessions::merge_all(work, pairs);
    if refused.is_empty() { Ok(()) } else { Err(format!("no room for {}", refused.join(", "))) }
}

fn end_conversation(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    let reason = text(order, "reasonCode").unwrap_or("FORCE_CLOSED");
    close::order(work, sessions::known_reason(reason)?);
    Ok(())
}

fn remove_all_agents(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    let reason = required(order, "reasonCode")?;
    let session = work.c.current_session().map(|s| s.id.clone());
    let data = json!({ "reasonCode": reason });
    work.raise(EventName::RemoveAllAgents, emitter::controller(), session.as_deref(), data);
    seats::remove_all_agents(work, reason);
    Ok(())
}

/// Sessions a selector names: `event`, `last_used`, `all`, a channel type, a session id, or a session object.
fn selected(work: &Work<'_>, order: &Order<'_>, key: &str) -> Vec<String> {
    let open = || work.c.sessions.iter().filter(|s| s.open());
    let object = order.data.get("channelSession").and_then(|s| s.get("id")).and_then(Json::as_str);
    let selector = object.or_else(|| text(order, key)).unwrap_or("event");
    match selector {
        "event" => {
            // Words for a session that is over go where the customer still is.
            let found = match key {
                "to" => work.open_or_current(order.session()),
                _ => work.session_or_current(order.session()),
            };
            found.map(|s| s.id.clone()).into_iter().collect()
        }
        "last_used" => work.c.current_session().map(|s| s.id.clone()).into_iter().collect(),
        "all" => open().map(|s| s.id.clone()).collect(),
        other => open()
            .filter(|s| {
                s.id == other || work.d.centre.channels.get(&s.channel).is_some_and(|c| c.kind == other)
            })
            .map(|s| s.id.clone())
            .collect(),
    }
}

fn remove_session(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    let reason = sessions::known_reason(required(order, "reasonCode")?)?;
    for session in selected(work, order, "session") {
        let data =
            json!({ "channelSession": wire::session_by_id(work, &session, false), "reasonCode": reason });
        work.raise(EventName::RemoveChannelSession, emitter::controller(), Some(&session), data);
        let event = if reason == "INACTIVITY" {
            EventName::ChannelSessionExpired
        } else {
            EventName::ChannelSessionEnded
        };
        sessions::end(work, &session, reason, emitter::controller(), &event);
    }
    Ok(())
}

fn expire_session(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    let reason = sessions::known_reason(text(order, "reasonCode").unwrap_or("INACTIVITY"))?;
    for session in selected(work, order, "session") {
        let who = emitter::controller();
        sessions::end(work, &session, reason, who, &EventName::ChannelSessionExpired);
    }
    Ok(())
}

/// SEND_MESSAGE: a message of the Controller to the customer.
fn send_message(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    let body: Body = order
        .data
        .get("body")
        .cloned()
        .ok_or("body is missing")
        .and_then(|b| serde_json::from_value(b).map_err(|_| "body is not a message body"))?;
    let sessions = selected(work, order, "to");
    say(work, &sessions, &body, None)
}

/// Says something to the customer: as the Controller, or as a bot.
///
/// # Errors
/// The body lacks a required field, or there is no open session.
pub(super) fn say(
    work: &mut Work<'_>,
    sessions: &[String],
    body: &Body,
    bot: Option<&str>,
) -> Result<(), String> {
    body.fault().map_or(Ok(()), Err)?;
    let open: Vec<String> =
        sessions.iter().filter(|s| work.c.session(s).is_some_and(super::Session::open)).cloned().collect();
    if open.is_empty() {
        work.note("message", "nobody is there to hear it", "no session is open");
        return Ok(());
    }
    let who = match bot {
        Some(name) => emitter::bot(name, name),
        None => emitter::controller(),
    };
    for session in open {
        let id = work.ids.fresh();
        let message = json!(wire::outgoing(work, &id, &session, who.clone(), body));
        if let Some(s) = work.c.session_mut(&session) {
            s.counts[0] += 1;
        }
        work.raise_delivered(EventName::BotMessage, who.clone(), &session, message);
    }
    Ok(())
}

fn pause(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    let duration = match order.data.get(PAUSE_MS) {
        Some(ms) => ms.as_i64().filter(|ms| (1..=hold::HOLD_MS_MAX).contains(ms)),
        None => hold::duration_ms(&order.data["duration"]),
    };
    let duration = duration.ok_or("`duration` is a number of seconds between 1 and 86400")?;
    if super::sla::voice_open(work) {
        return Err("a call is held by the telephone, not by a pause".to_owned());
    }
    hold::hold(work, "", duration).map_err(|refusal| match refusal {
        Reply::Refused { detail, .. } => detail,
        Reply::Done { .. } => String::new(),
    })
}

fn open_gadget(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    required(order, "gadgetId")?;
    let who = emitter::controller();
    work.raise(EventName::ExternalGadgetRequested, who, order.session(), order.data.clone());
    Ok(())
}

/// A notice on the desks of one agent, or of all in the conversation.
fn notify_agent(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    let agent = required(order, "agent")?;
    let said = required(order, "text")?;
    let agents: Vec<String> = match agent {
        "all" => work.c.agents().map(|s| s.who.clone()).collect(),
        // Who asked may have left meanwhile: then it concerns those who are there.
        "requester" => match order.asked_by().filter(|who| work.c.agent(who).is_some()) {
            Some(who) => vec![who],
            None => work.c.agents().map(|s| s.who.clone()).collect(),
        },
        one => vec![one.to_owned()],
    };
    for agent in agents {
        let id = work.ids.fresh();
        let body = Wire::of(&wire::desk_notice(work, &id, said));
        work.out.publications.push(Publication::new(id, format!("agent.{agent}"), "onCimEvent", body));
        work.note("message", format!("notice to agent {agent}"), "");
    }
    Ok(())
}
