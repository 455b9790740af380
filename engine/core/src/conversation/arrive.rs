//! Messages of channel connectors: who is it, which conversation, and what did they mean (`domain.md` sections 1.5,
//! 2.2, 9.1).

use serde_json::json;

use super::sessions::{self, Address, Beginning};
use super::state::{CONVERSATION_FORMAT, Conversation};
use super::work::Work;
use super::{Input, Stamped, WAITING_MAX, another_id, identify, new_id, timers, wire};
use crate::centre::AgentEntry;
use crate::deployment::Deployment;
use crate::directory::{DirectoryWrite, Live};
use crate::effect::Reply;
use crate::ids::Ids;
use crate::model::{
    Body, CimMessage, ConversationState, DeliveryStatus, EventName, Intent, Json, JsonMap, NotificationType,
    emitter,
};

/// Whether an intent is one of the commands of 2.2, as opposed to a button's payload or a bot's intent.
#[must_use]
pub fn is_command_intent(intent: &str) -> bool {
    !matches!(Intent::parse(intent), Intent::Other(_) | Intent::NoIntent)
}

/// Begins a conversation with a message that may begin one.
///
/// # Errors
/// The refusal, when the input begins nothing: not a message, an unknown address, or a message about something that
/// no longer lives.
pub(super) fn begin<'a>(d: &'a Deployment, home: u32, input: &Stamped<Input>) -> Result<Work<'a>, Reply> {
    let Input::Message { message, arrival } = &input.input else {
        return Err(Reply::refused("unknown_conversation", "no conversation has this id", Json::Null));
    };
    let Some(address) = Address::of(d, message) else {
        return Err(unknown_address(message));
    };
    if !begins(message) {
        return Err(Reply::refused(
            "no_live_session",
            "the customer has no live session on this channel; send START_CHAT or a message first",
            Json::Null,
        ));
    }
    let outbound = matches!(intent_of(message), Intent::AgentOutbound);
    if outbound {
        caller(d, message)?;
    }
    let id = if arrival.reused { another_id(&input.id, input.at) } else { new_id(&input.id) };
    let mut ids = Ids::of(&id, "begin");
    let who = identify::identify(d, &address, message, arrival, &mut ids);
    let room = arrival.room.as_ref().filter(|_| who.known);
    let room_id = room.map_or_else(|| ids.fresh(), |r| r.id.clone());
    let c = Conversation {
        format: CONVERSATION_FORMAT,
        id: id.clone(),
        home,
        deployment: d.id.clone(),
        state: ConversationState::Created,
        room: room_id.clone(),
        customer: who.customer,
        suggestions: who.suggestions,
        outbound,
        sessions: Vec::new(),
        seats: Vec::new(),
        data: std::collections::BTreeMap::new(),
        slots: JsonMap::new(),
        runs: Vec::new(),
        timers: std::collections::BTreeMap::new(),
        agent_sla: None,
        hold: None,
        request: None,
        served: Vec::new(),
        last_task: None,
        bots: std::collections::BTreeMap::new(),
        story: super::handoff::Story::default(),
        waiting: Vec::new(),
        created_at: input.at,
        ended_at: None,
        agent_ever: false,
        wrap_ups: 0,
        hold_told: 0,
        ending: false,
        routed: false,
        last_session: None,
        bot: String::new(),
        last_agent: None,
        avoid: std::collections::BTreeSet::new(),
        gives_way_to: Vec::new(),
        hands: std::collections::BTreeSet::new(),
        previous: room.and_then(|r| r.previous.clone()),
    };
    let mut work = Work::on(d, c, input);
    let customer = work.c.customer.id.clone().unwrap_or_default();
    work.note("customer", who.found, who.why);
    work.out.directory.extend(who.writes);
    work.out.directory.push(DirectoryWrite::Room { id: room_id.clone(), customer });
    let live = Live { conversation: id, home };
    work.out.directory.push(DirectoryWrite::Open { room: room_id, live });
    Ok(work)
}

/// Whether a message may begin a conversation: everything a customer says or orders, but not the end of something and
/// not a notice about a message.
fn begins(message: &CimMessage) -> bool {
    if is_notice(message) {
        return false;
    }
    !matches!(
        intent_of(message),
        Intent::EndChat
            | Intent::EndVoice
            | Intent::NetworkDisconnect
            | Intent::CallLegEnded
            | Intent::CallHold
            | Intent::CallResume
    )
}

fn is_notice(message: &CimMessage) -> bool {
    matches!(
        message.body,
        Some(Body::DeliveryNotification(_) | Body::DeletedNotification(_) | Body::Notification(_))
    )
}

fn intent_of(message: &CimMessage) -> Intent {
    message.intent().map_or(Intent::NoIntent, Intent::parse)
}

fn unknown_address(message: &CimMessage) -> Reply {
    let data = message.header.channel_data.as_ref();
    let service = data.and_then(|c| c.service_identifier.as_deref()).unwrap_or("");
    Reply::refused(
        "unknown_service_identifier",
        format!(
            "no channel of this deployment has the service identifier {service:?}; add it under `channels` in flows/centre.yaml"
        ),
        Json::Null,
    )
}

/// A message of a connector.
pub(super) fn message(work: &mut Work<'_>, message: &CimMessage, input: &Stamped<Input>) {
    let Some(address) = Address::of(work.d, message) else {
        work.reply = unknown_address(message);
        return;
    };
    if work.c.state == ConversationState::Closing {
        wait_for_close(work, message);
        return;
    }
    let live = work.c.live_session(&address.channel.name, &address.identifier).map(|s| s.id.clone());
    if let Some(session) = live.as_deref().filter(|_| shows_life(message)) {
        back_online(work, session);
    }
    if is_notice(message) {
        notice(work, message, live.as_deref());
        return;
    }
    match intent_of(message) {
        Intent::StartChat | Intent::StartVoice => start(work, &address, message, live, Beginning::Inbound),
        Intent::StartConversation => start(work, &address, message, live, Beginning::Quiet),
        Intent::EndChat | Intent::EndVoice => end(work, live),
        Intent::NetworkDisconnect => disconnected(work, live),
        Intent::AssignResourceRequested => {
            let session =
                live.unwrap_or_else(|| sessions::start(work, &address, message, Beginning::Inbound));
            find_agent(work, message, &session);
        }
        Intent::AgentOutbound => outbound(work, &address, message, live),
        intent => match activity(&intent) {
            Some(name) => acted(work, &address, message, live, name),
            None => spoke(work, &address, message, live, &input.id),
        },
    }
}

/// A fact about a call or a trail. What may begin a conversation begins a session too.
fn acted(
    work: &mut Work<'_>,
    address: &Address<'_>,
    message: &CimMessage,
    live: Option<String>,
    name: EventName,
) {
    let session = match live {
        Some(session) => session,
        None if begins(message) => sessions::start(work, address, message, Beginning::Inbound),
        None => {
            work.note("session", format!("{} without a live session", name.as_str()), "it is over already");
            return;
        }
    };
    let who = wire::customer(&work.c);
    work.raise(name, who, Some(&session), json!(message));
    work.reply = Reply::Done { data: json!({ "conversationId": work.c.id, "channelSessionId": session }) };
}

/// AGENT_OUTBOUND (2.2): an agent starts the contact. The session goes out, and the agent is in without an offer.
fn outbound(work: &mut Work<'_>, address: &Address<'_>, message: &CimMessage, live: Option<String>) {
    let (agent, name) = match caller(work.d, message) {
        Ok(entry) => (entry.name.clone(), entry.display_name.clone()),
        Err(refused) => {
            work.reply = refused;
            return;
        }
    };
    let who = emitter::agent(&*agent, &*name);
    let session = live.unwrap_or_else(|| sessions::start(work, address, message, Beginning::Outbound));
    let data = json!({ "channelSessionId": session, "agentId": agent });
    work.raise(EventName::AgentOutbound, who, Some(&session), data);
    work.c.routed = true;
    work.out.routing.push(crate::routing::Input::Join {
        conversation: work.c.id.clone(),
        home: work.c.home,
        agent,
        direction: "OUTBOUND".into(),
        session: session.clone(),
        mrd: address.kind.media.clone(),
    });
    work.reply = Reply::Done { data: json!({ "conversationId": work.c.id, "channelSessionId": session }) };
}

/// The agent who sends AGENT_OUTBOUND: the one it names, or its sender.
fn caller<'d>(d: &'d Deployment, message: &CimMessage) -> Result<&'d AgentEntry, Reply> {
    let sender = message.header.sender.as_ref();
    let named = message.header.entities.as_ref().and_then(|e| e.get("agentId")).and_then(Json::as_str);
    let agent = named.or_else(|| sender.and_then(|s| s.id.as_deref())).unwrap_or_default();
    d.centre.agents.get(agent).ok_or_else(|| {
        let detail = format!("AGENT_OUTBOUND is sent by an agent of this deployment, not by {agent:?}");
        Reply::refused("unknown_agent", detail, Json::Null)
    })
}

/// Intents that are facts about a call or a trail, by the event they become.
fn activity(intent: &Intent) -> Option<EventName> {
    match intent {
        Intent::CallLegStarted => Some(EventName::CallLegStarted),
        Intent::CallLegEnded => Some(EventName::CallLegEnded),
        Intent::CallHold => Some(EventName::CallHold),
        Intent::CallResume => Some(EventName::CallResume),
        Intent::IvrAggregatedActivity => Some(EventName::IvrAggregatedActivity),
        _ => None,
    }
}

/// U07: nothing revives a closing conversation and no word is lost: what comes waits for the next one.
fn wait_for_close(work: &mut Work<'_>, message: &CimMessage) {
    if is_notice(message) || !(begins(message) || waits_already(work, message)) {
        work.note("state", "a notice while CLOSING is recorded", "it belongs to what is ending");
        return;
    }
    if work.c.waiting.len() >= WAITING_MAX {
        work.reply = Reply::refused(
            "too_many_waiting",
            format!("more than {WAITING_MAX} messages wait for this conversation to close"),
            json!({ "state": "CLOSING" }),
        );
        return;
    }
    work.c.waiting.push(json!(message));
    work.note(
        "state",
        "a message waits",
        "the conversation is CLOSING; the message begins the next one (U07)",
    );
}

/// Whether something of this customer's address waits already: what ends it belongs to it.
fn waits_already(work: &Work<'_>, message: &CimMessage) -> bool {
    let address = |data: &Json| {
        let of = |key: &str| data.pointer(&format!("/header/channelData/{key}")).cloned();
        (of("serviceIdentifier"), of("channelCustomerIdentifier"))
    };
    let this = address(&json!(message));
    work.c.waiting.iter().any(|waiting| address(waiting) == this)
}

/// START_CHAT and its kin; U16 when the session is already live.
fn start(work: &mut Work<'_>, address: &Address, message: &CimMessage, live: Option<String>, how: Beginning) {
    let session = match live {
        Some(session) => {
            work.note("session", "the session is already live", "a second START_CHAT changes nothing (U16)");
            session
        }
        None => sessions::start(work, address, message, how),
    };
    let state = work.c.session(&session).map(wire::session_state).unwrap_or_default();
    work.reply = Reply::Done {
        data: json!({ "conversationId": work.c.id, "channelSessionId": session, "state": state }),
    };
}

fn end(work: &mut Work<'_>, live: Option<String>) {
    match live {
        Some(session) => {
            let who = wire::customer(&work.c);
            sessions::end(work, &session, "CUSTOMER", who, &EventName::ChannelSessionEnded);
        }
        None => {
            work.reply = Reply::refused(
                "no_live_session",
                "the customer has no live session on this channel; it was ended before",
                json!({ "state": work.c.state.as_str() }),
            );
        }
    }
}

/// U05: the link is lost; the customer has a grace to come back.
fn disconnected(work: &mut Work<'_>, live: Option<String>) {
    let Some(session) = live else {
        work.note("session", "NETWORK_DISCONNECT without a live session", "nothing to do");
        return;
    };
    let who = emitter::connector("CONNECTOR");
    let name = format!("{}{session}", timers::GRACE);
    if work.c.timers.contains_key(&name) {
        work.note("session", "the link to the customer is still lost", "the grace goes on (U05)");
        return;
    }
    work.set_timer(name, work.d.centre.network_grace_ms, None);
    work.note(
        "session",
        "the link to the customer is lost",
        "the session ends unless the customer is back in time (U05)",
    );
    work.raise(EventName::NetworkDisconnect, who, Some(&session), Json::Null);
}

/// Whether a message is a sign of the customer (U05), and not one of the provider or the connector alone.
fn shows_life(message: &CimMessage) -> bool {
    if let Some(Body::DeliveryNotification(notice)) = &message.body {
        return notice.status == Some(DeliveryStatus::Read);
    }
    intent_of(message) != Intent::NetworkDisconnect
}

/// Any sign of the customer ends the grace.
fn back_online(work: &mut Work<'_>, session: &str) {
    let name = format!("{}{session}", timers::GRACE);
    if work.c.timers.contains_key(&name) {
        work.clear_timer(&name);
        work.note("session", "the customer is back", "a sign of life within the grace (U05)");
    }
}

/// A voice connector or a flow of another product wants an agent (2.1).
fn find_agent(work: &mut Work<'_>, message: &CimMessage, session: &str) {
    let mut data = match &message.body {
        Some(body) => json!(body),
        None => json!({}),
    };
    if let (Json::Object(map), Some(entities)) = (&mut data, message.header.entities.as_ref()) {
        map.extend(entities.clone());
    }
    let who = wire::customer(&work.c);
    work.raise(EventName::FindAgent, who, Some(session), data);
}

/// The customer spoke. Without a live session this begins one (U15).
fn spoke(work: &mut Work<'_>, address: &Address, message: &CimMessage, live: Option<String>, input_id: &str) {
    let session = live.unwrap_or_else(|| {
        work.note("session", "no live session", "the message begins one, as START_CHAT would (U15)");
        sessions::start(work, address, message, Beginning::Inbound)
    });
    let intent = message.intent().map(str::to_owned);
    if let Some(s) = work.c.session_mut(&session) {
        s.counts[2] += 1;
        if intent.is_some() {
            s.latest_intent = intent;
        }
    }
    work.c.last_session = Some(session.clone());
    let mut told = message.clone();
    if told.id.is_none() {
        told.id = Some(input_id.to_owned());
    }
    wire::address_header(work, &mut told.header, &session);
    let who = wire::customer(&work.c);
    work.raise(EventName::CustomerMessage, who, Some(&session), json!(told));
    work.reply = Reply::Done { data: json!({ "conversationId": work.c.id, "channelSessionId": session }) };
}

/// Delivery notices and typing.
fn notice(work: &mut Work<'_>, message: &CimMessage, live: Option<&str>) {
    let who = wire::customer(&work.c);
    let name = match &message.body {
        Some(Body::Notification(notice)) if notice.notification_type.as_ref().is_some_and(wire::types) => {
            EventName::TypingIndicator
        }
        Some(Body::Notification(notice)) => {
            let kind = notice.notification_type.as_ref().map_or("", NotificationType::as_str);
            work.note(
                "message",
                format!("a notice {kind:?} of the channel"),
                "it says nothing of a customer's typing",
            );
            return;
        }
        _ => EventName::MessageDeliveryNotification,
    };
    work.raise(name, who, live, json!(message));
}
