//! Messages: what the engine says keeps the schemas, and what is broken does not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use convene_core::diagnostic::Findings;
use convene_core::model::Json;
use convene_core::rules::Host;
use convene_core::simulate::{Outcome, Scenario, play};
use serde_json::json;

use super::common::files;
use super::judge::Judge;

/// Every shipped scenario, played.
fn played() -> impl Iterator<Item = (String, Outcome)> {
    let shipped: BTreeMap<String, String> =
        [("flows", ".yaml"), ("rules", ".rhai"), ("rules", ".table.yaml")]
            .into_iter()
            .flat_map(|(folder, ending)| files(folder, ending))
            .collect();
    let host = Arc::new(Host::new());
    files("tests/scenarios", ".yaml").into_iter().map(move |(file, text)| {
        let scenario = Scenario::read(&file, &text, &mut Findings::new()).unwrap();
        let deployment = scenario.deployment(&shipped, host.clone());
        (file, play(&deployment.unwrap_or_else(|e| panic!("{e}")), &scenario))
    })
}

/// Data of events that have a schema of their own.
const DATA: &[(&str, &str)] = &[
    ("TASK_STATE_CHANGED", "task-state-changed"),
    ("TASK_ENQUEUED", "task-enqueued"),
    ("AGENT_RESERVED", "agent-reserved"),
    ("CHANNEL_SESSION_STARTED", "channel-session"),
    ("CUSTOMER_MESSAGE", "cim-message"),
    ("AGENT_MESSAGE", "cim-message"),
    ("BOT_MESSAGE", "cim-message"),
];

#[test]
fn everything_the_engine_says_is_valid() {
    let judge = Judge::new();
    let (mut problems, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut check = |name: &'static str, value: &Json, what: &str| {
        seen.insert(name);
        problems.extend(judge.check(name, value).err().map(|e| format!("{what}: {e}")));
    };
    for (file, outcome) in played() {
        for step in &outcome.fired {
            for publication in &step.publications {
                let what = format!("{file}: {}", publication.key);
                let sent = publication.body.json();
                match publication.kind.as_str() {
                    "cim-message" => check("cim-message", &sent, &what),
                    "cim-event" => {
                        check("cim-event", &sent, &what);
                        let name = sent["name"].as_str().unwrap_or_default();
                        let schema = DATA.iter().find(|(event, _)| *event == name).map(|(_, schema)| *schema);
                        schema.into_iter().for_each(|s| check(s, &sent["data"], &what));
                    }
                    _ => {}
                }
            }
            step.bot_calls.iter().for_each(|call| check("bot-request", &call.request, &file));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    for name in DATA.iter().map(|(_, schema)| *schema).chain(["cim-event", "bot-request"]) {
        assert!(seen.contains(name), "no scenario shows a {name}");
    }
}

#[test]
fn good_messages_are_valid() {
    let judge = Judge::new();
    let text = json!({ "type": "PLAIN", "markdownText": "Hello" });
    for (name, value) in [
        (
            "cim-message",
            json!({
                "id": "m-1",
                "header": {
                    "channelData": { "channelCustomerIdentifier": "guest", "serviceIdentifier": "1218" },
                    "timestamp": 1_767_603_600_000_i64,
                },
                "body": text,
            }),
        ),
        ("cim-message", json!({ "id": "m-2", "header": { "intent": "START_CHAT" }, "body": null, "new": 1 })),
        (
            "cim-message",
            json!({
                "id": "m-3",
                "header": {
                    "stamps": null,
                    "channelData": {
                        "channelCustomerIdentifier": "guest", "serviceIdentifier": "1218", "additionalAttributes": null,
                    },
                },
                "body": { "type": "BUTTON", "buttons": null },
            }),
        ),
        ("cim-message", json!({ "id": "m-4", "body": { "type": "EMAIL", "recipientsTo": null } })),
        (
            "cim-message",
            json!({ "id": "m-5", "body": { "type": "CONTACT", "contacts": [{ "name": { "formattedName": "A" }, "phones": null }] } }),
        ),
        ("cim-event", json!({ "id": "e-1", "name": "LOYALTY_POINTS", "type": "ACTIVITY", "data": [1] })),
        ("command", json!({ "id": "c", "name": "AGENT_LOGIN", "data": { "agentId": "amal" } })),
        (
            "command",
            json!({ "name": "AGENT_STATE", "data": { "agentId": "amal", "state": { "name": "READY" } } }),
        ),
        ("command", json!({ "name": "AGENT_MESSAGE", "data": { "agentId": "amal", "body": text } })),
        ("command", json!({ "name": "PAUSE", "data": { "agentId": "amal", "duration": "60" } })),
        ("command", json!({ "name": "END_CONVERSATION" })),
        ("command", json!({ "name": "SET_DATA", "data": { "topic": "card" } })),
        ("bot-response", json!([])),
        ("bot-response", json!({ "intent": null, "mode": null, "body": text })),
        (
            "problem",
            json!({
                "type": "about:blank", "title": "Gone", "status": 409, "detail": "d", "code": "customer_left",
            }),
        ),
    ] {
        judge.check(name, &value).unwrap_or_else(|e| panic!("{value}: {e}"));
    }
}

#[test]
fn broken_messages_are_refused() {
    let judge = Judge::new();
    for (name, value) in [
        ("cim-message", json!([])),
        ("cim-message", json!({ "header": "amal" })),
        ("cim-message", json!({ "body": { "markdownText": "no type" } })),
        ("cim-message", json!({ "body": { "type": "IMAGE" } })),
        ("cim-message", json!({ "header": { "channelData": { "channelCustomerIdentifier": 5 } } })),
        ("cim-event", json!({ "id": "e-1" })),
        ("cim-event", json!({ "name": 5 })),
        ("channel-session", json!({ "isActive": "yes" })),
        ("command", json!({ "data": {} })),
        ("command", json!({ "name": "MAKE_COFFEE" })),
        ("command", json!({ "name": "AGENT_LOGIN" })),
        ("command", json!({ "name": "AGENT_LOGIN", "data": { "agentId": "" } })),
        ("command", json!({ "name": "AGENT_STATE", "data": { "agentId": "amal", "state": "SLEEPING" } })),
        ("command", json!({ "name": "AGENT_MESSAGE", "data": { "agentId": "amal", "body": {} } })),
        ("command", json!({ "name": "PAUSE", "data": { "agentId": "amal", "duration": 0 } })),
        (
            "bot-request",
            json!({ "conversation": "b", "type": "question", "message": "m", "entities": null, "metadata": null }),
        ),
        ("bot-response", json!({ "recipient_id": "b", "text": "hello" })),
        ("bot-response", json!([{ "body": { "type": "PLAIN" } }, "hello"])),
        ("agent-reserved", json!({ "task": "t-1" })),
        ("task", json!({ "state": { "name": "SLEEPING" } })),
        ("problem", json!({ "code": "customer_left" })),
    ] {
        assert!(judge.check(name, &value).is_err(), "{name} takes {value}");
    }
}
