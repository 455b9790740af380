//! Builds the wire objects of `domain.md` section 1 from the lean state and the deployment.

mod message;
mod session;

use serde::Serialize;
use serde_json::json;

use super::handoff;
use super::state::{Conversation, Seat, SeatKind};
use super::work::{Happening, Work};
use crate::effect::Wire;
use crate::model::{Json, JsonMap, Sender, emitter};
use crate::routing::TaskView;

pub(super) use message::*;
use session::{SessionDto, session};
pub(super) use session::{session_by_id, session_state};

/// The customer as an emitter.
pub(super) fn customer(c: &Conversation) -> Sender {
    emitter::customer(
        c.customer.id.clone().unwrap_or_default(),
        c.customer.first_name.clone().unwrap_or_default(),
    )
}

/// An event as it is published. Its session rides along without the configuration of its channel.
pub(super) fn event(work: &Work<'_>, event: &Happening, id: &str) -> Wire {
    Wire::of(&Event {
        id,
        name: event.name.as_str(),
        kind: event.name.kind().as_str(),
        timestamp: work.at,
        conversation_id: &work.c.id,
        event_emitter: &event.emitter,
        channel_session: event
            .session
            .as_deref()
            .and_then(|s| work.c.session(s))
            .map(|s| session(work, s, false)),
        data: &event.data,
        room_info: room_info(&work.c),
    })
}

/// A CIM event (2.1). Every step publishes some: they are written straight from the state.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'w> {
    id: &'w str,
    name: &'w str,
    #[serde(rename = "type")]
    kind: &'w str,
    timestamp: i64,
    conversation_id: &'w str,
    event_emitter: &'w Sender,
    channel_session: Option<SessionDto<'w>>,
    data: &'w Json,
    room_info: RoomInfo<'w>,
}

/// An event as a desk shows it (9.3).
#[derive(Serialize)]
pub(super) struct Shown<'w> {
    #[serde(rename = "cimEvent")]
    pub cim_event: &'w Wire,
    #[serde(rename = "conversationId")]
    pub conversation_id: &'w str,
}

#[derive(Serialize)]
pub(super) struct RoomInfo<'w> {
    id: &'w str,
    mode: &'static str,
}

pub(super) fn room_info(c: &Conversation) -> RoomInfo<'_> {
    RoomInfo { id: &c.room, mode: "CONTACT_CENTER" }
}

/// A participant (1.9).
pub(super) fn participant(c: &Conversation, seat: &Seat) -> Json {
    let who = match seat.kind {
        SeatKind::Bot => json!({ "participantType": "Bot", "id": seat.who, "name": seat.name }),
        SeatKind::Agent | SeatKind::Monitor => cc_user_named(&seat.who, &seat.name),
        SeatKind::App => json!({ "participantType": "App", "id": seat.who, "name": seat.name }),
    };
    let kind = match seat.kind {
        SeatKind::Bot => "BOT",
        SeatKind::Agent => "AGENT",
        SeatKind::Monitor => "MONITOR",
        SeatKind::App => "APP",
    };
    json!({
        "id": seat.id,
        "type": kind,
        "role": seat.role.as_str(),
        "participant": who,
        "joiningTime": seat.joined_at,
        "conversationId": c.id,
        "isActive": true,
        "userCredentials": {},
        "state": "SUBSCRIBED",
        "stateChangedOn": seat.joined_at,
    })
}

/// The customer as a participant: one for each open session (1.2, 1.9).
fn customers(work: &Work<'_>, full: bool) -> impl Iterator<Item = Json> {
    work.c.sessions.iter().filter(|s| s.open()).map(move |s| {
        json!({
            "id": s.id,
            "type": "CUSTOMER",
            "role": "CUSTOMER",
            "participant": session(work, s, full),
            "joiningTime": s.started_at,
            "conversationId": work.c.id,
            "isActive": true,
            "userCredentials": {},
            "state": "SUBSCRIBED",
            "stateChangedOn": s.started_at,
        })
    })
}

/// Everybody who is in the conversation.
fn participants(work: &Work<'_>, full: bool) -> Vec<Json> {
    customers(work, full).chain(work.c.seats.iter().map(|s| participant(&work.c, s))).collect()
}

fn cc_user_named(id: &str, name: &str) -> Json {
    json!({
        "participantType": "CCUser",
        "id": id,
        "keycloakUser": { "id": id, "username": id, "firstName": name, "lastName": "", "roles": ["agent"] },
    })
}

/// An agent as a user object (1.15).
pub(super) fn cc_user(work: &Work<'_>, id: &str) -> Json {
    let agent = work.d.centre.agents.get(id);
    let mut user = cc_user_named(id, agent.map_or(id, |a| a.display_name.as_str()));
    if let Some(extension) = agent.and_then(|a| a.extension.as_deref()) {
        user["keycloakUser"]["attributes"] = json!({ "agentExtension": [extension] });
    }
    user
}

/// The conversation in an event: state and who is there, without its history.
pub(super) fn conversation_summary(work: &Work<'_>) -> JsonMap {
    let c = &work.c;
    let hold =
        c.hold.as_ref().map(|h| json!({ "totalDuration": h.duration_ms / 1000, "startTime": h.since }));
    let Json::Object(map) = json!({
        "id": c.id,
        "state": c.state.as_str(),
        "customer": { "_id": c.customer.id, "firstName": c.customer.first_name, "isAnonymous": c.customer.is_anonymous },
        "participants": participants(work, false),
        "conversationDirection": if c.outbound { "OUTBOUND" } else { "INBOUND" },
        "creationTime": c.created_at,
        "endTime": c.ended_at,
        "conversationData": c.data,
        "metadata": { "botId": c.bot, "lastUsedChannelSession": c.last_session },
        "roomInfo": room_info(c),
        "holdTimerDetails": hold,
    }) else {
        return JsonMap::new();
    };
    map
}

/// The conversation as an agent gets it on joining (9.3 `onTopicData`).
pub(super) fn topic_data(work: &Work<'_>, agent: &str) -> Json {
    let mut topic = conversation_summary(work);
    let first = work.c.sessions.first().map(|s| session(work, s, true));
    topic.insert("channelSession".into(), json!(first));
    topic.insert("customer".into(), json!(work.c.customer));
    topic.insert("customerSuggestions".into(), json!(work.c.suggestions));
    topic.insert("participants".into(), json!(participants(work, true)));
    let sla = work.c.agent_sla.as_ref();
    let sla = sla.map(|s| json!({ "totalDuration": s.total_ms / 1000, "startTime": s.started_at }));
    topic.insert("agentSla".into(), json!(sla));
    topic.insert("handoff".into(), handoff::packet(&work.c));
    let task = work.c.agent(agent).and_then(|s| s.task.clone());
    json!({ "topicData": topic, "conversationId": work.c.id, "taskId": task, "roomInfo": room_info(&work.c) })
}

/// What an offer shows (9.3 `taskRequest`), but for task, state and queue, which routing adds.
pub(super) fn offer(work: &Work<'_>, session: &str) -> Json {
    json!({
        "conversationId": work.c.id,
        "channelSession": session_by_id(work, session, true),
        "roomInfo": room_info(&work.c),
        "handoff": handoff::packet(&work.c),
    })
}

/// A task (1.12) with its media, the one it is about first; `full` repeats the sessions.
pub(super) fn task(work: &Work<'_>, t: &TaskView, full: bool) -> Json {
    let assigned = t.agent.as_ref().map(|a| json!({ "id": a, "name": a }));
    let media: Vec<Json> = std::iter::once(t).chain(&t.others).map(|m| task_media(work, m, full)).collect();
    // A task that goes on has no reason, also when one of its media ended for one (1.12).
    let reason = t.reason.as_ref().filter(|_| t.state != "ACTIVE");
    json!({
        "id": t.id,
        "conversationId": work.c.id,
        "state": { "name": t.state, "reasonCode": reason },
        "assignedTo": assigned,
        "agentRequestTtlTimerId": t.ttl_timer,
        "activeMedia": media,
    })
}

fn task_media(work: &Work<'_>, t: &TaskView, full: bool) -> Json {
    let session = session_by_id(work, &t.session, full);
    let sessions = if full { json!([session]) } else { json!([]) };
    let queue = t.queue.as_ref().map(|q| json!({ "id": q, "name": q }));
    let mut metadata = json!({ "offerToAgent": t.offer });
    let said = [("note", &t.note), ("requestedBy", &t.requested_by), ("listId", &t.list)];
    for (key, value) in said.into_iter().filter_map(|(k, v)| Some((k, v.as_ref()?))) {
        metadata[key] = json!(value);
    }
    json!({
        "id": t.media,
        "mrdId": t.mrd,
        "taskId": t.id,
        "queue": queue,
        "type": { "direction": t.direction, "mode": t.mode, "metadata": metadata },
        "priority": t.priority,
        "state": t.media_state,
        "requestSession": session,
        "channelSessions": sessions,
        "enqueueTime": t.enqueued_at,
        "answerTime": t.answered_at.unwrap_or(0),
    })
}
