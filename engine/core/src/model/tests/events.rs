//! Every event name in every spelling.

use serde_json::json;

use super::super::{CimEvent, CimMessage, EVENTS, EventName, EventType, Sender, Wire, emitter};
use super::{complaint, round_trip, with_strangers};
use crate::model::ChannelSession;

#[test]
fn every_spelling_is_read_by_meaning_and_written_as_it_was_read() {
    for row in EVENTS {
        for text in std::iter::once(&row.text).chain(row.aliases) {
            let event: CimEvent = round_trip(&json!({ "name": text, "type": row.kind.as_str() }));
            assert_eq!((&event.name, &event.kind), (&row.name, &row.kind));
        }
        let ours = CimEvent::new("e1", row.name.clone(), 5, emitter::controller());
        let written = json!({
            "id": "e1", "name": row.text, "type": row.kind.as_str(), "timestamp": 5,
            "eventEmitter": emitter::controller(),
        });
        assert_eq!(ours.to_json(), written);
    }
}

#[test]
fn the_documented_spellings_are_accepted() {
    for (alias, name) in [
        ("TOPIC_STATE_CHANGED", EventName::TopicStateChangeEvent),
        ("ACCEPT_TIMEOUT", EventName::AgentAcceptTimeout),
        ("AGENT_RESPONSE_TIMEOUT", EventName::ResponseSlaBreached),
        ("CUSTOMER_RESPONSE_TIMEOUT", EventName::CustomerActivityTimeout),
        ("MRD_INTERRUPTED", EventName::AgentMrdInterrupted),
    ] {
        assert_eq!(EventName::parse(alias), name);
        assert_ne!(alias, name.as_str());
    }
}

#[test]
fn well_known_emitters_have_their_names() {
    for (sender, kind, name) in [
        (emitter::controller(), "BOT", "CONVERSATION_MONITOR"),
        (emitter::routing_engine(), "SYSTEM", "ROUTING_ENGINE"),
        (emitter::conversation_manager(), "SYSTEM", "CONVERSATION_MANAGER"),
        (emitter::agent_manager(), "SYSTEM", "AGENT_MANAGER"),
        (emitter::connector("WEB_CONNECTOR"), "CONNECTOR", "WEB_CONNECTOR"),
        (emitter::bot("b", "Rasa"), "BOT", "Rasa"),
        (emitter::agent("a", "Amal"), "AGENT", "Amal"),
        (emitter::customer("c", "Ada"), "CUSTOMER", "Ada"),
        (emitter::app("p", "Shop"), "APP", "Shop"),
    ] {
        let written = sender.to_json();
        assert_eq!((&written["type"], &written["senderName"]), (&json!(kind), &json!(name)));
        assert!(written["id"].is_string());
    }
}

#[test]
fn a_renamed_event_loses_its_old_spelling() {
    let mut event: CimEvent = round_trip(&json!({ "name": "TOPIC_STATE_CHANGED", "type": "NOTIFICATION" }));
    event.name = EventName::FindAgent;
    assert_eq!(event.to_json(), json!({ "name": "FIND_AGENT", "type": "NOTIFICATION" }));
}

#[test]
fn an_event_keeps_what_it_carries() {
    let value = with_strangers(json!({
        "id": "e", "name": "LOYALTY", "type": "OTHER_TYPE", "timestamp": "2024-01-18T13:11:31.882+00:00",
        "conversationId": "c", "eventEmitter": { "type": "system" }, "channelSession": { "id": "s" },
        "data": { "id": "m", "header": {}, "body": { "type": "PLAIN", "markdownText": "hi" } },
        "roomInfo": { "id": "r", "mode": "CONTACT_CENTER" },
    }));
    let event: CimEvent = round_trip(&value);
    assert_eq!(event.kind, EventType::Other("OTHER_TYPE".to_owned()));
    assert_eq!(event.message().unwrap().unwrap().text(), Some("hi"));
    assert_eq!(event.timestamp.unwrap().millis(), Some(1_705_583_491_882));
    let nothing: CimEvent =
        round_trip(&json!({ "name": null, "type": null, "data": null, "timestamp": null }));
    assert_eq!(nothing.message(), Ok(None));
}

#[test]
fn wrong_data_is_named_with_its_path() {
    let event: CimEvent =
        round_trip(&json!({ "name": "CUSTOMER_MESSAGE", "data": { "header": { "intent": 5 } } }));
    let wrong = event.data_as::<CimMessage>().unwrap_err();
    assert_eq!(wrong.to_string(), "data.header.intent: expected a string, found 5");
    assert_eq!(complaint::<CimEvent>(json!({ "name": 1 })), "name: expected a string, found 1");
    let session: ChannelSession = round_trip(&json!({}));
    assert_eq!(session.id, None);
    let sender: Sender = round_trip(&json!({ "participant": { "id": 1 } }));
    assert_eq!(sender.extra.len(), 1);
}
