//! Builds the wire objects of `domain.md` section 1 from the lean state and the deployment.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::json;

use super::handoff;
use super::state::{BotQuestion, Conversation, Seat, SeatKind, Session};
use super::work::{Happening, Work};
use crate::centre::{ChannelEntry, Routing};
use crate::effect::Wire;
use crate::model::{
    Body, CimMessage, Customer, EventName, Header, Json, JsonMap, NotificationType, Sender, Timestamp,
    emitter,
};
use crate::routing::TaskView;

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
struct RoomInfo<'w> {
    id: &'w str,
    mode: &'static str,
}

fn room_info(c: &Conversation) -> RoomInfo<'_> {
    RoomInfo { id: &c.room, mode: "CONTACT_CENTER" }
}

/// A session (1.7); `full` carries the channel's configuration and the customer too.
pub(super) fn session_by_id(work: &Work<'_>, id: &str, full: bool) -> Json {
    work.c.session(id).map_or(Json::Null, |s| json!(session(work, s, full)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionDto<'w> {
    participant_type: &'static str,
    id: &'w str,
    channel: Option<ChannelDto<'w>>,
    channel_data: ChannelData<'w>,
    latest_intent: Option<&'w str>,
    is_active: bool,
    active: bool,
    conversation_id: &'w str,
    room_info: RoomInfo<'w>,
    state: Json,
    channel_session_direction: &'static str,
    #[serde(flatten)]
    owner: Option<SessionOwner<'w>>,
}

/// Whose session it is: only where the whole session is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionOwner<'w> {
    customer: &'w Customer,
    customer_suggestions: &'w [Customer],
    customer_presence: Json,
}

fn session<'w>(work: &'w Work<'_>, s: &'w Session, full: bool) -> SessionDto<'w> {
    let channel = work.d.centre.channels.get(&s.channel);
    let owner = full.then(|| SessionOwner {
        customer: &work.c.customer,
        customer_suggestions: &work.c.suggestions,
        customer_presence: json!({ "value": null }),
    });
    SessionDto {
        participant_type: "ChannelSession",
        id: &s.id,
        channel: channel.map(|c| channel_dto(work, c, full)),
        channel_data: ChannelData {
            session: s,
            service_identifier: channel.map(|c| &*c.service_identifier),
            full,
        },
        latest_intent: s.latest_intent.as_deref(),
        is_active: s.open(),
        active: s.open(),
        conversation_id: &work.c.id,
        room_info: room_info(&work.c),
        state: session_state(s),
        channel_session_direction: if s.outbound { "OUTBOUND" } else { "INBOUND" },
        owner,
    }
}

/// What the connector said of a session, with the two names that say whose it is; the attributes only where the whole
/// session is shown.
struct ChannelData<'w> {
    session: &'w Session,
    service_identifier: Option<&'w str>,
    full: bool,
}

impl Serialize for ChannelData<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        const OURS: [&str; 2] = ["channelCustomerIdentifier", "serviceIdentifier"];
        let mut map = to.serialize_map(None)?;
        map.serialize_entry(OURS[0], &self.session.identifier)?;
        map.serialize_entry(OURS[1], &self.service_identifier)?;
        let hidden = |key: &str| OURS.contains(&key) || (key == "additionalAttributes" && !self.full);
        for (key, value) in self.session.channel_data.iter().filter(|(key, _)| !hidden(key)) {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// `{name, reasonCode}` of a session.
pub(super) fn session_state(s: &Session) -> Json {
    json!({ "name": if s.open() { "STARTED" } else { "ENDED" }, "reasonCode": s.reason })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChannelDto<'w> {
    id: &'w str,
    name: &'w str,
    service_identifier: &'w str,
    channel_type: ChannelTypeDto<'w>,
    #[serde(flatten)]
    configuration: Option<Json>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChannelTypeDto<'w> {
    id: &'w str,
    name: &'w str,
    is_interactive: bool,
    media_routing_domain: Option<&'w str>,
}

fn channel_dto<'w>(work: &'w Work<'_>, c: &'w ChannelEntry, full: bool) -> ChannelDto<'w> {
    let kind = work.d.centre.channel_types.get(&c.kind);
    ChannelDto {
        id: &c.name,
        name: &c.name,
        service_identifier: &c.service_identifier,
        channel_type: ChannelTypeDto {
            id: &c.kind,
            name: &c.kind,
            is_interactive: kind.is_some_and(|k| k.interactive),
            media_routing_domain: kind.map(|k| k.media.as_str()),
        },
        configuration: full.then(|| channel_configuration(c)),
    }
}

/// What the whole channel (1.6) says beyond its names.
fn channel_configuration(c: &ChannelEntry) -> Json {
    json!({
        "defaultOutbound": c.default_outbound,
        "tenant": { "id": "default", "name": null },
        "channelConfig": {
            "id": c.name,
            "channelMode": "HYBRID",
            "conversationBot": "",
            "botId": c.bot,
            "responseSla": 0,
            "customerActivityTimeout": c.inactivity_ms.unwrap_or(0) / 1000,
            "routingPolicy": {
                "agentSelectionPolicy": "LONGEST_AVAILABLE",
                "routeToLastAgent": c.route_to_last_agent,
                "routingMode": match c.routing { Routing::Push => "PUSH", Routing::Pull => "PULL", Routing::External => "EXTERNAL" },
                "routingObjectId": c.queue.as_deref().or(c.list.as_deref()),
                "agentRequestTtl": c.request_ttl_ms / 1000,
            },
        },
    })
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
    let participants: Vec<Json> = c.seats.iter().map(|s| participant(c, s)).collect();
    let hold =
        c.hold.as_ref().map(|h| json!({ "totalDuration": h.duration_ms / 1000, "startTime": h.since }));
    let Json::Object(map) = json!({
        "id": c.id,
        "state": c.state.as_str(),
        "customer": { "_id": c.customer.id, "firstName": c.customer.first_name, "isAnonymous": c.customer.is_anonymous },
        "participants": participants,
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

/// Fills the part of a header that says where a message belongs.
pub(super) fn address_header(work: &Work<'_>, header: &mut Header, session: &str) {
    header.channel_session_id = Some(session.to_owned());
    header.conversation_id = Some(work.c.id.clone());
    header.room_id = Some(work.c.room.clone());
    header.customer = Some(work.c.customer.clone());
    if header.timestamp.is_none() {
        header.timestamp = Some(Timestamp::from_millis(work.at));
    }
}

/// A message to the customer of a session, with everything its connector needs.
pub(super) fn outgoing(work: &Work<'_>, id: &str, session: &str, sender: Sender, body: &Body) -> CimMessage {
    let mut header = Header { sender: Some(sender), ..Header::default() };
    if let Some(s) = work.c.session(session) {
        let mut data = JsonMap::new();
        data.insert("channelCustomerIdentifier".into(), json!(s.identifier));
        let channel = work.d.centre.channels.get(&s.channel);
        data.insert("serviceIdentifier".into(), json!(channel.map(|c| c.service_identifier.as_str())));
        header.channel_data = serde_json::from_value(Json::Object(data)).ok();
    }
    address_header(work, &mut header, session);
    CimMessage::new(id, header, body.clone())
}

/// The notice that connectors are sent for an event, if any (9.1).
#[rustfmt::skip]
pub(super) fn notice_for(name: &EventName) -> Option<NotificationType> {
    Some(match name {
        EventName::ChannelSessionStarted  => NotificationType::ChannelSessionStarted,
        EventName::ChannelSessionEnded    => NotificationType::ChannelSessionEnded,
        EventName::ChannelSessionExpired  => NotificationType::ChannelSessionExpired,
        EventName::AgentSubscribed        => NotificationType::AgentSubscribed,
        EventName::AgentUnsubscribed      => NotificationType::AgentUnsubscribed,
        EventName::TaskEnqueued           => NotificationType::TaskEnqueued,
        EventName::NoAgentAvailable       => NotificationType::NoAgentAvailable,
        EventName::AgentReserved          => NotificationType::AgentReserved,
        EventName::ParticipantRoleChanged => NotificationType::ParticipantRoleChanged,
        _ => return None,
    })
}

/// A notice to the connector of a session.
pub(super) fn notice(work: &Work<'_>, id: &str, session: &str, kind: &NotificationType, data: &Json) -> Json {
    let kept = match kind {
        NotificationType::ChannelSessionStarted
        | NotificationType::ChannelSessionEnded
        | NotificationType::ChannelSessionExpired => session_by_id(work, session, false),
        NotificationType::AgentSubscribed | NotificationType::AgentUnsubscribed => {
            json!({ "agent": data["agentParticipant"]["participant"]["keycloakUser"]["firstName"] })
        }
        NotificationType::AgentReserved => {
            json!({ "extension": data["ccUser"]["keycloakUser"]["attributes"]["agentExtension"] })
        }
        _ => json!({}),
    };
    let data = kept.as_object().cloned().unwrap_or_default();
    let body = Body::notification(kind.clone(), String::new(), data);
    json!(outgoing(work, id, session, emitter::conversation_manager(), &body))
}

/// A notice on an agent's desk.
pub(super) fn desk_notice(work: &Work<'_>, id: &str, text: &str) -> Json {
    let body = Body::notification(NotificationType::Info, text.to_owned(), JsonMap::new());
    let session = work.c.current_session().map(|s| s.id.clone()).unwrap_or_default();
    let message = outgoing(work, id, &session, emitter::controller(), &body);
    json!({ "cimEvent": { "id": id, "name": "NOTIFICATION", "type": "NOTIFICATION", "timestamp": work.at, "data": message },
            "conversationId": work.c.id })
}

/// A bot's order in the flat form of 1.10.
pub(super) fn action_message(
    work: &Work<'_>,
    id: &str,
    bot: &str,
    session: Option<&str>,
    name: &str,
    data: &Json,
) -> Json {
    let session = session.map(str::to_owned).or_else(|| work.c.current_session().map(|s| s.id.clone()));
    let shell = outgoing(
        work,
        id,
        session.as_deref().unwrap_or_default(),
        emitter::bot(bot, bot),
        &Body::plain(String::new()),
    );
    json!({ "id": id, "header": shell.header, "name": name, "data": data })
}

/// Suggestions to the agents (1.10), in the order given.
pub(super) fn suggestion(
    work: &Work<'_>,
    id: &str,
    bot: &str,
    question: &BotQuestion,
    bodies: &[(Body, Option<f64>)],
) -> Json {
    let session = question.session.clone().or_else(|| work.c.current_session().map(|s| s.id.clone()));
    let first = bodies.first().map_or_else(|| Body::plain(String::new()), |(body, _)| body.clone());
    let shell = outgoing(work, id, session.as_deref().unwrap_or_default(), emitter::bot(bot, bot), &first);
    let suggestions: Vec<Json> = bodies
        .iter()
        .map(|(body, confidence)| json!({ "messageBody": body, "confidenceLevel": confidence }))
        .collect();
    json!({
        "id": id,
        "header": shell.header,
        "suggestions": suggestions,
        "requestedMessage": question.request["metadata"],
    })
}
