//! What desks and apps send into a conversation keeps what they said, and is taken for what it is.

use convene_core::conversation::{Conversation, Input};
use convene_core::effect::Reply;
use convene_core::model::Json;
use convene_core::simulate::{Fired, START, World};
use serde_json::json;

use super::common;

/// A conversation of a guest with an agent.
fn with_agent() -> (World, String) {
    let mut world = World::new(common::load(common::shipped()), START);
    let route = |world: &mut World, name: &str, data: Json| {
        world.route(convene_core::routing::Input::Command { name: name.into(), data });
    };
    route(&mut world, "AGENT_LOGIN", json!({ "agentId": "amal" }));
    route(&mut world, "AGENT_STATE", json!({ "agentId": "amal", "state": "READY" }));
    route(&mut world, "AGENT_MRD_STATE", json!({ "agentId": "amal", "mrd": "CHAT", "state": "READY" }));
    let data = json!({ "channelCustomerIdentifier": "guest", "serviceIdentifier": "1218" });
    let body = json!({ "type": "PLAIN", "markdownText": "A person please" });
    let message = json!({ "id": "m1", "header": { "channelData": data }, "body": body });
    let id = world.message(serde_json::from_value(message).unwrap())[0].key.clone();
    let task = world.routing.tasks.values().next().unwrap().id.clone();
    route(&mut world, "TASK_ACCEPT", json!({ "agentId": "amal", "taskId": task }));
    assert_eq!(of(&world, &id).primaries(), 1);
    (world, id)
}

fn of<'w>(world: &'w World, id: &str) -> &'w Conversation {
    &world.conversations[id]
}

fn event(world: &mut World, id: &str, event: Json) -> Vec<Fired> {
    let event = Box::new(serde_json::from_value(event).unwrap());
    world.conversation(id, Input::Event { event })
}

/// The data of the activity that was published.
fn activity(world: &mut World, id: &str, data: &Json) -> Json {
    let fired = world.conversation(id, Input::Command { name: "ACTIVITY".into(), data: data.clone() });
    let published = fired.iter().flat_map(|f| &f.publications);
    let one = published.into_iter().find(|p| p.key == "event.THIRD_PARTY_ACTIVITY");
    one.unwrap_or_else(|| panic!("{:?}", fired[0].reply)).body.json()["data"].clone()
}

#[test]
fn an_activity_keeps_what_its_app_sent() {
    let (mut world, id) = with_agent();
    // As the vendor's guide shows it: a recording of a call.
    let sent = json!({
        "id": "rec-1",
        "header": {
            "sender": { "id": "460df46c", "type": "APP", "senderName": "APPName", "additionalDetail": null },
            "channelData": {
                "channelCustomerIdentifier": "", "serviceIdentifier": "", "requestPriority": 0,
                "additionalAttributes": [],
            },
            "language": {}, "timestamp": "2024-01-18T13:11:31.882+00:00", "securityInfo": {}, "stamps": [],
            "entities": { "call": "c-1" }, "channelSessionId": "ede4d483", "conversationId": null, "customer": null,
            "schedulingMetaData": { "campaign": 7 }, "replyToMessageId": null, "providerMessageId": "p-1",
        },
        "body": { "type": "VOICE_RECORDING", "markdownText": "", "mediaUrl": "https://play.example.com/1" },
        "rating": { "stars": 5 },
    });
    let told = activity(&mut world, &id, &sent);
    assert_eq!((&told["id"], &told["body"], &told["rating"]), (&sent["id"], &sent["body"], &sent["rating"]));
    let c = of(&world, &id);
    let ours = ["channelSessionId", "conversationId", "customer", "roomId"];
    let kept = sent["header"].as_object().unwrap().iter().filter(|(key, _)| !ours.contains(&key.as_str()));
    for (key, value) in kept {
        assert_eq!(&told["header"][key], value, "{key}");
    }
    assert_eq!(told["header"]["conversationId"], json!(c.id));
    assert_eq!(told["header"]["roomId"], json!(c.room));
    assert_eq!(told["header"]["channelSessionId"], json!(c.sessions[0].id), "no session of ours was named");
    assert_eq!(told["header"]["customer"]["_id"], json!(c.customer.id));
}

#[test]
fn an_app_that_is_named_beside_the_header_is_the_sender() {
    let (mut world, id) = with_agent();
    let body = json!({ "type": "PLAIN", "markdownText": "The survey is filled in" });
    let sent = json!({ "conversationId": id, "sender": { "id": "crm", "type": "AGENT" }, "body": body });
    let told = activity(&mut world, &id, &sent);
    assert_eq!(told["header"]["sender"], json!({ "id": "crm", "type": "APP", "senderName": "APP" }));
    assert!(told.get("sender").is_none() && told.get("conversationId").is_none(), "{told}");
}

#[test]
fn an_agent_who_emits_an_event_gives_the_command() {
    let (mut world, id) = with_agent();
    let amal = json!({ "id": "amal", "type": "AGENT", "senderName": "Amal" });
    let session = of(&world, &id).sessions[0].id.clone();
    let said = json!({ "id": "a1", "header": { "channelSessionId": session },
                       "body": { "type": "PLAIN", "markdownText": "Hello" } });
    let fired =
        event(&mut world, &id, json!({ "name": "AGENT_MESSAGE", "eventEmitter": amal, "data": said }));
    let to_customer = |p: &&convene_core::effect::Publication| p.key.starts_with("channel.");
    let read: Vec<_> = fired.iter().flat_map(|f| &f.publications).filter(to_customer).collect();
    assert_eq!((read.len(), read[0].id.as_str()), (1, "a1"));
    assert_eq!(of(&world, &id).sessions[0].counts[1], 1);

    event(&mut world, &id, json!({ "name": "HAND_RAISED", "eventEmitter": amal, "data": {} }));
    assert!(of(&world, &id).hands.contains("amal"));
    event(&mut world, &id, json!({ "name": "HAND_DOWN", "eventEmitter": amal, "data": {} }));
    assert!(of(&world, &id).hands.is_empty());

    let bot = json!({ "id": "amal", "type": "BOT" });
    let fired = event(&mut world, &id, json!({ "name": "AGENT_MESSAGE", "eventEmitter": bot, "data": said }));
    let reply = fired[0].reply.clone();
    assert!(matches!(&reply, Some(Reply::Refused { code, .. }) if code == "event_not_accepted"), "{reply:?}");
}

#[test]
fn only_the_last_messages_of_an_agent_are_remembered() {
    let (mut world, id) = with_agent();
    for n in 0..40 {
        let body = json!({ "type": "PLAIN", "markdownText": "Hello" });
        let data = json!({ "agentId": "amal", "id": format!("a{n}"), "body": body });
        world.conversation(&id, Input::Command { name: "AGENT_MESSAGE".into(), data });
    }
    let said = &of(&world, &id).agent("amal").unwrap().said;
    assert_eq!((said.len(), said[0].id.as_str(), said[31].id.as_str()), (32, "a8", "a39"));
}
