//! Messages: to a customer, to a connector, to a desk (`domain.md` sections 1.10 and 9).

use serde_json::json;

use super::super::state::BotQuestion;
use super::super::work::{Happening, Work};
use super::session_by_id;
use crate::model::{
    Body, CimMessage, EventName, Header, Json, JsonMap, NotificationType, Sender, SenderType, Timestamp,
    emitter,
};

/// Fills the part of a header that says where a message belongs.
pub(in crate::conversation) fn address_header(work: &Work<'_>, header: &mut Header, session: &str) {
    header.channel_session_id = Some(session.to_owned());
    header.conversation_id = Some(work.c.id.clone());
    header.room_id = Some(work.c.room.clone());
    header.customer = Some(work.c.customer.clone());
    if header.timestamp.is_none() {
        header.timestamp = Some(Timestamp::from_millis(work.at));
    }
}

/// A message to the customer of a session, with everything its connector needs.
pub(in crate::conversation) fn outgoing(
    work: &Work<'_>,
    id: &str,
    session: &str,
    sender: Sender,
    body: &Body,
) -> CimMessage {
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
pub(in crate::conversation) fn notice_for(name: &EventName) -> Option<NotificationType> {
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

/// What connectors are told of an agent who types (9.1); `None` when somebody else does, or it is no such event.
pub(in crate::conversation) fn typing(event: &Happening) -> Option<NotificationType> {
    if event.name != EventName::TypingIndicator || event.emitter.kind != Some(SenderType::Agent) {
        return None;
    }
    let kind = event.data.get("notificationType").or_else(|| event.data.pointer("/body/notificationType"))?;
    let kind: NotificationType = serde_json::from_value(kind.clone()).ok()?;
    types(&kind).then_some(kind)
}

/// Whether a notice says that somebody types, or has stopped.
pub(in crate::conversation) fn types(kind: &NotificationType) -> bool {
    matches!(kind, NotificationType::TypingStarted | NotificationType::TypingStopped)
}

/// A notice to the connector of a session.
pub(in crate::conversation) fn notice(
    work: &Work<'_>,
    id: &str,
    session: &str,
    kind: &NotificationType,
    data: &Json,
) -> Json {
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
pub(in crate::conversation) fn desk_notice(work: &Work<'_>, id: &str, text: &str) -> Json {
    let body = Body::notification(NotificationType::Info, text.to_owned(), JsonMap::new());
    let session = work.c.current_session().map(|s| s.id.clone()).unwrap_or_default();
    let message = outgoing(work, id, &session, emitter::controller(), &body);
    json!({ "cimEvent": { "id": id, "name": "NOTIFICATION", "type": "NOTIFICATION", "timestamp": work.at, "data": message },
            "conversationId": work.c.id })
}

/// A bot's order in the flat form of 1.10.
pub(in crate::conversation) fn action_message(
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
pub(in crate::conversation) fn suggestion(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connectors_hear_of_an_agent_who_types_and_of_nobody_else() {
        let event = |who: Sender, kind: &str| Happening {
            name: EventName::TypingIndicator,
            emitter: who,
            session: None,
            data: json!({ "type": "NOTIFICATION", "notificationType": kind }),
            id: String::new(),
            delivers: false,
        };
        let told = |who, kind| typing(&event(who, kind));
        assert_eq!(
            told(emitter::agent("amal", "Amal"), "TYPING_STARTED"),
            Some(NotificationType::TypingStarted)
        );
        assert_eq!(told(emitter::agent("amal", "Amal"), "INFO"), None);
        assert_eq!(told(emitter::connector("CONNECTOR"), "TYPING_STARTED"), None);
    }
}
