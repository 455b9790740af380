//! The answers of a real engine are what the document says they are.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use convene_runtime::deployments;
use serde_json::{Value, json};

use super::{local, serve_deployment};

/// What is wrong with a value by a schema of the document.
fn faults(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(to) = schema["$ref"].as_str() {
        // Messages and events have schemas and tests of their own.
        let ours = !to.ends_with("/CimEvent");
        let target = document.pointer(to.trim_start_matches('#')).unwrap();
        return if ours {
            faults(document, target, value, at, found)
        };
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    if !allowed.contains(&json!(kind)) {
        found.push(format!("{at} is {kind}, not {}", schema["type"]));
    }
    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
        if schema["items"].is_object() {
            faults(document, &schema["items"], item, &format!("{at}[{n}]"), found);
        }
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            found.push(format!("{at}.{name} is missing"));
        }
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        match properties.get(name) {
            Some(schema) => faults(document, schema, inner, &format!("{at}.{name}"), found),
            // A profile has the deployment's own attributes, too.
            None if properties.contains_key("isAnonymous") => {}
            None => found.push(format!("{at}.{name} is not described")),
        }
    }
}

fn message(service: &str, customer: &str, intent: &str) -> String {
    json!({
        "id": format!("{customer}: {intent}"),
        "header": {
            "channelData": { "channelCustomerIdentifier": customer, "serviceIdentifier": service },
            "intent": intent,
        },
        "body": { "type": "PLAIN", "markdownText": "" },
    })
    .to_string()
}

#[tokio::test]
async fn answers_are_as_the_document_says() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (deployment, _) = deployments::compile(deployments::read_folder(&shipped).unwrap()).unwrap();
    let (engine, address) = serve_deployment("answers", deployment).await;
    let (_, document) = local(&address, "GET /openapi.json", "").await;

    let mut told = BTreeSet::new();
    let mut check = async |verb: &str, template: &str, place: &str, body: &str| -> Value {
        let path = template.replace("{id}", place).replace("{name}", place).replace("{mrd}", "VOICE");
        let (status, answer) = local(&address, &format!("{verb} {path}"), body).await;
        assert!(status < 300, "{verb} {path}: {status} {answer}");
        let operation = &document["paths"][template][verb.to_lowercase()];
        let schema = &operation["responses"][status.to_string()]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{verb} {template} has no schema");
        let mut found = Vec::new();
        faults(&document, schema, &answer, "", &mut found);
        assert!(found.is_empty(), "{verb} {path}: {found:#?}\n{answer:#}");
        told.insert(operation["operationId"].as_str().unwrap().to_owned());
        answer
    };
    check("POST", "/agents/{id}/login", "amal", "{}").await;
    check("PUT", "/agents/{id}/state", "amal", r#"{"state":"READY"}"#).await;
    check("PUT", "/agents/{id}/mrds/{mrd}", "amal", r#"{"state":"READY"}"#).await;
    check("POST", "/lists/{name}/subscribe", "callbacks", r#"{"agentId":"amal"}"#).await;
    for intent in ["START_CHAT", "ASSIGN_RESOURCE_REQUESTED"] {
        check("POST", "/cim-messages", "", &message("+4930901800", "nina", intent)).await;
    }
    let mut tasks = json!([]);
    for _ in 0..200 {
        tasks = check("GET", "/agents/{id}/tasks", "amal", "").await;
        if tasks[0].is_object() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let task = tasks[0]["taskId"].as_str().expect("an offer within 10 s");
    let conversation = tasks[0]["conversationId"].as_str().unwrap();
    check("POST", "/tasks/{id}/accept", task, "{}").await;
    // One who waits, and one on a list.
    check("PUT", "/agents/{id}/state", "amal", r#"{"state":"NOT_READY","reason":"Break"}"#).await;
    for (service, customer) in [("+4930901800", "omar"), ("1219", "sven")] {
        for intent in ["START_CHAT", "ASSIGN_RESOURCE_REQUESTED"] {
            check("POST", "/message", "", &message(service, customer, intent)).await;
        }
    }
    let words = r#"{"agentId":"amal","body":{"type":"PLAIN","markdownText":"Good day"}}"#;
    let said = check("POST", "/conversations/{id}/messages", conversation, words).await;
    assert_eq!(said["delivered"], "customer");

    let full = check("GET", "/conversations/{id}", conversation, "").await;
    assert_eq!(full["state"], "ACTIVE");
    let [customer, room] = [&full["customer"]["_id"], &full["roomInfo"]["id"]].map(|id| id.as_str().unwrap());
    check("POST", "/conversations/{id}/data", conversation, r#"{"order":"17"}"#).await;
    let history = check("GET", "/conversations/{id}/events", conversation, "").await;
    assert!(history.as_array().unwrap().iter().any(|step| !step["events"].as_array().unwrap().is_empty()));
    let why = check("GET", "/conversations/{id}/why", conversation, "").await;
    assert!(!why["decisions"][0].is_null(), "{why}");
    check("GET", "/tasks/{id}/why", task, "").await;
    check("GET", "/customers/{id}", customer, "").await;
    let room = check("GET", "/rooms/{id}", room, "").await;
    assert!(!room["conversations"][0].is_null());
    for (of, place, part) in
        [("/queues/{name}", "phone", "/tasks/0"), ("/lists/{name}", "callbacks", "/requests/0")]
    {
        let mut standing = json!({});
        for _ in 0..200 {
            standing = check("GET", of, place, "").await;
            if standing.pointer(part).is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(standing.pointer(part).is_some(), "{standing}");
    }
    check("GET", "/agents/{id}", "amal", "").await;
    check("GET", "/agents/{id}", "bruno", "").await;
    check("GET", "/channels/{name}", "web", "").await;
    for path in [
        "/conversations",
        "/agents",
        "/channels",
        "/queues",
        "/lists",
        "/healthz",
        "/readyz",
        "/openapi.json",
    ] {
        let answer = check("GET", path, "", "").await;
        assert!(answer.is_object() || !answer[0].is_null(), "{path} is empty");
    }
    check("POST", "/conversations/{id}/leave", conversation, r#"{"agentId":"amal"}"#).await;
    check("GET", "/agents/{id}/tasks", "amal", "").await;
    check("PUT", "/agents/{id}/mrds/{mrd}", "amal", r#"{"state":"NOT_READY"}"#).await;
    check("POST", "/agents/{id}/disconnect", "amal", "{}").await;
    check("POST", "/agents/{id}/connect", "amal", "{}").await;
    check("POST", "/agents/{id}/logout", "amal", "{}").await;

    let described = document["paths"].as_object().unwrap().values().flat_map(|p| p.as_object().unwrap());
    let asked = described.filter(|(verb, operation)| {
        let json = &operation["responses"]["200"]["content"]["application/json"];
        *verb == "get" && json["schema"].is_object()
    });
    let missed: Vec<&Value> =
        asked.map(|(_, o)| &o["operationId"]).filter(|id| !told.contains(id.as_str().unwrap())).collect();
    assert!(missed.is_empty(), "never asked: {missed:?}");
    engine.stop().await;
}
