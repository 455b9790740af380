//! The other objects: forms, spellings, fallbacks, and what our own look like.

use serde_json::json;

use super::super::*;
use super::{complaint, round_trip, with_strangers};

#[test]
fn words_in_old_spellings_come_back_and_mean_the_same() {
    let sender: Sender = round_trip(&json!({ "type": "system" }));
    assert_eq!(sender.kind, Some(SenderType::System));
    let sender: Sender = round_trip(&json!({ "type": "ROBOT" }));
    assert_eq!(sender.kind, Some(SenderType::Other("ROBOT".to_owned())));
    let mut state: TaskState = round_trip(&json!({ "name": "CLOSED", "reasonCode": "CANCELED" }));
    assert_eq!(state.reason_code, Some(TaskReason::Cancelled));
    state.reason_code = Some(TaskReason::Rona);
    assert_eq!(state.to_json(), json!({ "name": "CLOSED", "reasonCode": "RONA" }));
    assert_eq!(TaskReason::Cancelled.to_json(), json!("CANCELLED"));
}

#[test]
fn a_word_that_a_closed_list_does_not_know_passes_through() {
    let mut participant: ConversationParticipant = round_trip(&json!({ "role": "JESTER", "type": "AGENT" }));
    assert_eq!((participant.role, participant.kind), (None, Some(ParticipantType::Agent)));
    participant.role = Some(ParticipantRole::WrapUp);
    assert_eq!(participant.to_json(), json!({ "role": "WRAP_UP", "type": "AGENT" }));
    assert_eq!(
        complaint::<ConversationParticipant>(json!({ "role": 1 })),
        "role: expected a string, found 1"
    );
    assert!(complaint::<ConversationState>(json!("SLEEPING")).starts_with("expected one of CREATED ACTIVE"));
}

#[test]
fn a_changed_field_wins_over_the_form_it_was_read_in() {
    let mut customer: Customer = round_trip(&with_strangers(json!({ "firstName": null, "phoneNumber": [] })));
    customer.first_name = Some("Ada".to_owned());
    customer.phone_number.push("+41".to_owned());
    let written = with_strangers(json!({ "firstName": "Ada", "phoneNumber": ["+41"] }));
    assert_eq!(customer.to_json(), written);
    assert_eq!(serde_json::to_string(&customer).unwrap().matches("firstName").count(), 1);
}

#[test]
fn a_customer_shows_labels_and_identities() {
    let mut customer: Customer = round_trip(&json!({
        "_id": "c", "firstName": "Ada", "phoneNumber": ["+41"], "isAnonymous": true, "__v": 3,
        "web": ["1", "2"], "voice": "9", "labelNames": ["gold"], "age": 5,
    }));
    assert_eq!((customer.id.as_deref(), customer.version), (Some("c"), Some(3)));
    assert_eq!(customer.labels(), ["gold"]);
    assert_eq!(customer.identifiers("web"), ["1", "2"]);
    assert_eq!(customer.identifiers("voice"), ["9"]);
    assert_eq!(customer.identifiers("phoneNumber"), ["+41"]);
    assert!(customer.identifiers("age").is_empty() && customer.identifiers("none").is_empty());
    for (attribute, identifier) in
        [("web", "2"), ("web", "3"), ("voice", "8"), ("viber", "7"), ("phoneNumber", "+42")]
    {
        customer.add_identifier(attribute, identifier);
    }
    assert_eq!(customer.identifiers("web"), ["1", "2", "3"]);
    assert_eq!(customer.identifiers("voice"), ["9", "8"]);
    assert_eq!(customer.identifiers("viber"), ["7"]);
    assert_eq!(customer.identifiers("phoneNumber"), ["+41", "+42"]);
}

#[test]
fn a_session_says_under_both_keys_whether_it_is_active() {
    let ours =
        ChannelSession { id: Some("s".to_owned()), is_active: true.into(), ..ChannelSession::default() };
    let written = json!({ "participantType": "ChannelSession", "id": "s", "isActive": true, "active": true });
    assert_eq!(ours.to_json(), written);
    for (form, active) in [
        (json!({ "isActive": true, "active": true }), Some(true)),
        (json!({ "isActive": false, "active": true }), Some(false)),
        (json!({ "isActive": false }), Some(false)),
        (json!({ "active": true }), Some(true)),
        (json!({ "active": null, "isActive": null }), None),
        (json!({}), None),
    ] {
        let mut session: ChannelSession = round_trip(&form);
        assert_eq!(session.is_active(), active, "{form}");
        session.is_active = false.into();
        assert_eq!(session.to_json(), json!({ "isActive": false, "active": false }));
    }
}

#[test]
fn old_sessions_have_a_bare_state_and_a_topic() {
    let mut session: ChannelSession = round_trip(&json!({ "topicId": "t", "state": "STARTED" }));
    assert_eq!(session.conversation_id(), Some("t"));
    let state = session.state.as_mut().unwrap();
    assert_eq!(state.name, Some(SessionStateName::Started));
    state.name = Some(SessionStateName::Ended);
    assert_eq!(session.to_json(), json!({ "topicId": "t", "state": { "name": "ENDED" } }));
    for state in ["SLEEPING", ""] {
        assert_eq!(round_trip::<ChannelSession>(&json!({ "state": state })).state.unwrap().name, None);
    }
    let state = with_strangers(json!({ "name": "ENDED", "reasonCode": "INACTIVITY" }));
    let session: ChannelSession =
        round_trip(&json!({ "conversationId": "c", "topicId": "t", "state": state }));
    assert_eq!(session.conversation_id(), Some("c"));
    assert_eq!(session.state.unwrap().reason_code, Some(SessionReason::Inactivity));
    let ours = SessionState::new(SessionStateName::Started, SessionReason::Customer);
    assert_eq!(ours.to_json(), json!({ "name": "STARTED", "reasonCode": "CUSTOMER" }));
    assert!(complaint::<ChannelSession>(json!({ "state": 5 })).starts_with("state: expected a state"));
}

#[test]
fn participants_are_told_apart() {
    for (value, id) in [
        (json!({ "participantType": "ChannelSession", "id": "s" }), Some("s")),
        (json!({ "participantType": "CCUser", "id": "u", "associatedMrds": [] }), Some("u")),
        (
            json!({ "participantType": "Bot", "id": "b", "type": "RASA", "name": "Rasa", "uri": "http://b" }),
            Some("b"),
        ),
        (json!({ "participantType": "App", "id": "a", "name": "App" }), Some("a")),
        (json!({ "participantType": "ConversationMonitor", "id": "m" }), Some("m")),
        (json!({ "participantType": "TopicMonitor", "id": "m" }), Some("m")),
        (json!({ "participantType": "Parrot", "id": "p" }), Some("p")),
        (json!({ "participantType": 7 }), None),
        (json!({}), None),
    ] {
        let participant: Participant = round_trip(&value);
        assert_eq!(participant.id(), id);
        let known = !matches!(value["participantType"].as_str(), None | Some("Parrot"));
        assert_eq!(!matches!(participant, Participant::Other(_)), known, "{value}");
        round_trip::<ConversationParticipant>(&with_strangers(
            json!({ "participant": value, "topicId": "t" }),
        ));
    }
    let controller = ConversationParticipant::controller("c");
    assert!(controller.is_controller());
    assert_eq!(controller.to_json()["participant"]["name"], "CONVERSATION_MONITOR");
    assert_eq!(controller.to_json()["participant"]["participantType"], "Bot");
}

#[test]
fn an_action_is_found_in_either_form() {
    let flat: CimMessage =
        round_trip(&json!({ "id": "m", "header": {}, "name": "FIND_AGENT", "data": { "a": 1 } }));
    assert_eq!(flat.action().map(|(name, data)| (name, data.len())), Some(("FIND_AGENT", 1)));
    let body: CimMessage = round_trip(&json!({ "body": { "type": "ACTION", "name": "END_CONVERSATION" } }));
    assert_eq!(body.action().map(|(name, data)| (name, data.len())), Some(("END_CONVERSATION", 0)));
    let plain: CimMessage =
        round_trip(&json!({ "name": "X", "body": { "type": "PLAIN", "markdownText": "hi" } }));
    assert_eq!((plain.action(), plain.text()), (None, Some("hi")));
    assert_eq!(ActionName::parse("REVOKE_REQUEST"), Some(ActionName::RevokeRequest));
    assert!(ActionName::AcceptTimeout.is_struck_out() && !ActionName::FindAgent.is_struck_out());
}

#[test]
fn an_empty_intent_is_none() {
    for (intent, found) in
        [("NONE", None), ("", None), ("START_CHAT", Some("START_CHAT")), ("yes", Some("yes"))]
    {
        let message: CimMessage = round_trip(&json!({ "id": "", "header": { "intent": intent } }));
        assert_eq!((message.intent(), message.message_id()), (found, None));
    }
    assert_eq!(Intent::parse("start_chat"), Intent::Other("start_chat".to_owned()));
}

#[test]
fn a_message_of_ours_is_written_strictly() {
    let header = Header {
        sender: Some(emitter::agent("a", "Amal")),
        channel_data: Some(ChannelData::new("+41", "bot")),
        timestamp: Some(Timestamp::from_millis(5)),
        ..Header::default()
    };
    let written = json!({
        "id": "m",
        "header": {
            "sender": { "id": "a", "type": "AGENT", "senderName": "Amal" },
            "channelData": { "channelCustomerIdentifier": "+41", "serviceIdentifier": "bot" },
            "timestamp": 5,
        },
        "body": { "type": "PLAIN", "markdownText": "hi" },
    });
    assert_eq!(CimMessage::new("m", header, Body::plain("hi")).to_json(), written);
}

#[test]
fn wrong_types_are_named_with_their_path() {
    for (value, wrong) in [
        (json!({ "header": { "sender": { "type": 5 } } }), "header.sender.type: expected a string, found 5"),
        (json!({ "id": 41_791_234_567_i64 }), "id: expected a string, found a number"),
        (json!({ "header": [] }), "header: expected an object, found a list"),
        (json!({ "body": "hi" }), "body: expected an object, found a text"),
        (
            json!({ "body": { "type": "BUTTON", "buttons": [{}, { "title": true }] } }),
            "body.buttons[1].title: expected a string, found true",
        ),
        (
            json!({ "header": { "customer": { "phoneNumber": ["1", {}] } } }),
            "header.customer.phoneNumber[1]: expected a string, found an object",
        ),
        (
            json!({ "header": { "channelData": { "requestPriority": 1.5 } } }),
            "header.channelData.requestPriority: expected a whole number, found 1.5",
        ),
        (
            json!({ "header": { "timestamp": true } }),
            "header.timestamp: expected a time (epoch milliseconds or ISO-8601 text), found true",
        ),
    ] {
        assert_eq!(complaint::<CimMessage>(value), wrong);
    }
}

#[test]
fn tasks_conversations_and_the_rest_come_back() {
    let session = json!({ "participantType": "ChannelSession", "id": "s" });
    let task = with_strangers(json!({
        "id": "t", "conversationId": "c", "state": { "name": "ACTIVE", "reasonCode": null },
        "assignedTo": null, "agentRequestTtlTimerId": "x",
        "activeMedia": [{
            "id": "m", "mrdId": "d", "taskId": "t", "queue": { "id": "q", "name": "Q" }, "priority": 11,
            "type": { "direction": "DIRECT_TRANSFER", "mode": "QUEUE", "metadata": { "note": "n" } },
            "state": "QUEUED", "requestSession": session, "channelSessions": [session], "enqueueTime": 1,
            "answerTime": 0,
        }],
    }));
    let read: Task = round_trip(&task);
    assert_eq!(read.active_media[0].state, Some(MediaState::Queued));
    round_trip::<TaskStateChangedDto>(
        &json!({ "task": task, "taskStateChanged": true, "mediaStateChanges": ["m"] }),
    );
    round_trip::<TaskEnqueuedDto>(&json!({ "task": task, "queue": { "id": "q" } }));
    round_trip::<AgentReservedDto>(&json!({ "topicId": "c", "ccUser": { "participantType": "CCUser" } }));
    round_trip::<RevokeResourceDto>(&json!({ "taskId": "t", "taskCloseReason": "RONA" }));
    for queue in [json!("q"), json!({ "type": "NAME", "value": "Q" }), Json::Null] {
        round_trip::<AssignResourceRequest>(&json!({ "queue": queue, "requestSession": session }));
    }
    let conversation: ConversationDto = round_trip(&with_strangers(json!({
        "id": "c", "state": "ON_HOLD", "participants": [{ "type": "BOT", "role": "PRIMARY" }],
        "conversationData": { "a": "b" }, "agentSla": { "totalDuration": 5, "action": null, "startTime": 1 },
        "holdTimerDetails": { "totalDuration": null },
        "agentHandRaise": { "handRaised": false, "agentNames": [] },
        "externalGadgets": [{ "gadgetId": "g", "value": "v" }], "topicEvents": [{ "name": "HOLD_TIMER" }],
        "metadata": { "botId": "b", "lastUsedChannelSession": {} }, "topicParticipant": { "token": null },
        "roomInfo": { "id": "r", "mode": "PRIVATE" }, "creationTime": 1, "endTime": null, "wrapUps": [],
    })));
    assert_eq!(conversation.state, Some(ConversationState::OnHold));
    round_trip::<Room>(&with_strangers(json!({
        "id": "r", "type": "CUSTOMER", "mode": "CONTACT_CENTER", "createdOn": 5,
        "members": [{
            "id": "c", "type": "CUSTOMER", "joinTime": 1, "unreadCount": 0, "status": { "name": "READY" },
        }],
    })));
    round_trip::<SuggestionMessage>(&with_strangers(json!({
        "id": "s", "header": { "intent": null }, "requestedMessage": { "id": "m" },
        "suggestions": [{ "messageBody": { "type": "PLAIN", "markdownText": "a" }, "confidenceLevel": 1 }],
    })));
    round_trip::<IdentifiedCustomer>(
        &json!({ "customer": { "_id": "c" }, "customerSuggestions": [{ "_id": "d" }] }),
    );
    round_trip::<CustomerSchema>(
        &json!({ "attributes": [{ "key": "web", "type": "String", "channelTypes": ["WEB"] }] }),
    );
}

#[test]
fn states_and_roles_have_their_exact_names() {
    let states: Vec<&str> = ConversationState::ALL.iter().map(|state| state.as_str()).collect();
    let named = ["CREATED", "ACTIVE", "ON_HOLD", "INACTIVE", "CUSTOMER_LEFT", "WRAP_UP", "CLOSING", "CLOSED"];
    assert_eq!(states, named);
    let roles: Vec<&str> = ParticipantRole::ALL.iter().map(|role| role.as_str()).collect();
    assert_eq!(roles, ["CUSTOMER", "PRIMARY", "ASSISTANT", "SILENT_MONITOR", "WHISPER", "WRAP_UP"]);
    for state in ConversationState::ALL {
        assert_eq!(ConversationState::parse(state.as_str()), Some(*state));
        assert_eq!(serde_json::from_value::<ConversationState>(json!(state)).unwrap(), *state);
    }
}

#[test]
fn agents_have_a_name_to_show() {
    let user: CcUser =
        round_trip(&json!({ "id": "u", "keycloakUser": { "firstName": "", "username": "nina" } }));
    assert_eq!(user.display_name().as_deref(), Some("nina"));
    let user: CcUser = round_trip(&json!({ "keycloakUser": { "firstName": "Nina", "lastName": "Weber" } }));
    assert_eq!(user.display_name().as_deref(), Some("Nina Weber"));
    assert_eq!(CcUser::default().display_name(), None);
}
