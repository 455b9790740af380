//! Messages and commands, as connectors and desks send them.

use convene_core::model::Json;
use serde_json::json;

use crate::amqp::Input;

/// Service identifier of the channel `web` of the example deployment.
pub const WEB: &str = "1218";
/// A bot that says nothing, for deployments in which somebody else talks.
pub const QUIET: &str = r#"
flow: quiet
kind: bot
title: Says nothing
on:
  AGENT_SUBSCRIBED: nothing
nodes:
  nothing:
    note: an agent is here
"#;

/// A message as a web connector sends it: every field it fills, also those it has nothing to say in.
#[must_use]
pub fn connector_message(id: &str, customer: &str, intent: Option<&str>, text: Option<&str>) -> Json {
    json!({
        "id": id,
        "header": {
            "sender": {
                "id": "5b0e2c54-9b0f-4a51-8a43-0f2f6c1f7d10",
                "type": "CONNECTOR",
                "senderName": "WEB_CONNECTOR",
                "additionalDetail": null,
            },
            "channelData": {
                "channelCustomerIdentifier": customer,
                "serviceIdentifier": WEB,
                "requestPriority": 0,
                "customerFirstName": null,
                "customerLastName": null,
                "additionalAttributes": [],
            },
            "language": {},
            "timestamp": 1_767_225_600_000_i64,
            "securityInfo": {},
            "stamps": [],
            "intent": intent,
            "entities": null,
            "originalMessageId": null,
            "providerMessageId": null,
            "schedulingMetaData": null,
        },
        "body": text.map(|t| json!({ "type": "PLAIN", "markdownText": t })),
    })
}

/// A message of a customer as an AMQP input.
#[must_use]
pub fn message(id: &str, customer: &str, intent: Option<&str>, text: Option<&str>) -> Input {
    let body = connector_message(id, customer, intent, text).to_string().into_bytes();
    Input { kind: "cim-message".into(), id: id.into(), key: customer.into(), body }
}

/// A command as an AMQP input, keyed by its conversation when it names one.
#[must_use]
pub fn command(id: &str, name: &str, data: &Json) -> Input {
    let key = data["conversationId"].as_str().unwrap_or("routing").to_owned();
    let body = json!({ "id": id, "name": name, "data": data }).to_string().into_bytes();
    Input { kind: "command".into(), id: id.into(), key, body }
}

/// The id under which the engine remembers an input.
#[must_use]
pub fn seen_id(input: &Input) -> String {
    let prefix = match input.kind.as_str() {
        "command" => "c",
        "cim-event" => "e",
        _ => "m",
    };
    format!("{prefix}:{}", input.id)
}

/// The HTTP call that gives a command: path and body.
///
/// # Panics
/// No call gives it.
#[must_use]
pub fn call_of(name: &str, data: &Json) -> (reqwest::Method, String, Json) {
    let text = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
    let (agent, conversation) = (text("agentId"), text("conversationId"));
    let post = reqwest::Method::POST;
    let in_conversation = |what: &str| format!("/conversations/{conversation}/{what}");
    let mut body = data.clone();
    if let Some(map) = body.as_object_mut() {
        map.remove("conversationId");
    }
    match name {
        "AGENT_LOGIN" => (post, format!("/agents/{agent}/login"), json!({})),
        "AGENT_LOGOUT" => (post, format!("/agents/{agent}/logout"), json!({})),
        "AGENT_STATE" => {
            (reqwest::Method::PUT, format!("/agents/{agent}/state"), json!({ "state": data["state"] }))
        }
        "AGENT_MRD_STATE" => {
            let path = format!("/agents/{agent}/mrds/{}", text("mrd"));
            (reqwest::Method::PUT, path, json!({ "state": data["state"] }))
        }
        "TASK_ACCEPT" => (post, format!("/tasks/{}/accept", text("taskId")), json!({ "agentId": agent })),
        "TASK_REJECT" => (post, format!("/tasks/{}/reject", text("taskId")), json!({ "agentId": agent })),
        "AGENT_MESSAGE" => (post, in_conversation("messages"), body),
        "AGENT_LEAVE" => (post, in_conversation("leave"), body),
        "WRAP_UP" => (post, in_conversation("wrap-up"), body),
        "PAUSE" => (post, in_conversation("pause"), body),
        "RESUME" => (post, in_conversation("resume"), body),
        "SET_DATA" => (post, in_conversation("data"), body["data"].clone()),
        "END_CONVERSATION" => (post, in_conversation("end"), body),
        other => panic!("no call gives {other}"),
    }
}
