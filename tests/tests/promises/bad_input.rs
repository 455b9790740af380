//! Whatever comes in: a clear answer with a stable code, and the engine goes on.

use convene_core::conversation;
use convene_core::model::{Json, MESSAGE_BYTES_MAX};
use convene_tests::amqp::{Input, Mailbox};
use convene_tests::control::Control;
use convene_tests::site::{Bus, Site, Store};
use convene_tests::stage::Stage;
use convene_tests::words::{command, connector_message, message};
use reqwest::Method;
use serde_json::json;

/// A message whose JSON is `size` bytes long.
fn sized(id: &str, size: usize) -> Vec<u8> {
    let empty = connector_message(id, "nina", None, Some("")).to_string();
    let text = "x".repeat(size - empty.len());
    connector_message(id, "nina", None, Some(&text)).to_string().into_bytes()
}

/// A message with one part replaced.
fn with(id: &str, pointer: &str, value: Json) -> Vec<u8> {
    let mut message = connector_message(id, "nina", None, Some("Hello"));
    *message.pointer_mut(pointer).unwrap() = value;
    message.to_string().into_bytes()
}

/// Bodies that are no message: name, bytes, code, HTTP status.
fn bodies() -> Vec<(&'static str, Vec<u8>, &'static str, u16)> {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let twice = br#"{"id":"twice","id":"twice","header":{},"body":{"type":"PLAIN","markdownText":"hi"}}"#;
    let no_data = json!({ "id": "no-data", "header": {}, "body": { "type": "PLAIN", "markdownText": "hi" } });
    vec![
        ("half", b"{\"id\": \"half\", \"header\": ".to_vec(), "malformed", 400),
        ("words", b"Hello, I am no JSON".to_vec(), "malformed", 400),
        ("latin", b"{\"id\": \"\xe4\"}".to_vec(), "malformed", 400),
        ("list", b"[]".to_vec(), "not_an_object", 400),
        ("twice", twice.to_vec(), "duplicate_key", 400),
        ("deep", format!("{{\"id\":\"deep\",\"body\":{deep}}}").into_bytes(), "too_deep", 400),
        ("no-data", no_data.to_string().into_bytes(), "missing_field", 422),
        (
            "no-one",
            with("no-one", "/header/channelData/channelCustomerIdentifier", Json::Null),
            "missing_field",
            422,
        ),
        ("no-words", with("no-words", "/body", Json::Null), "missing_field", 422),
        ("number", with("number", "/header", json!(5)), "wrong_field", 422),
        ("bodiless", with("bodiless", "/body", json!({ "type": "URL" })), "invalid_body", 422),
        (
            "nowhere",
            with("nowhere", "/header/channelData/serviceIdentifier", json!("9999")),
            "unknown_service_identifier",
            404,
        ),
        ("large", sized("large", MESSAGE_BYTES_MAX + 1), "too_large", 413),
        ("huge", sized("huge", 16 * 1024 * 1024), "too_large", 413),
    ]
}

fn raw(kind: &str, id: &str, key: &str, body: &[u8]) -> Input {
    Input { kind: kind.into(), id: id.into(), key: key.into(), body: body.to_vec() }
}

/// A dead letter carries its reason, a detail for people, the time, and the bytes as they came.
async fn dead(mailbox: &Mailbox, id: &str, code: &str, body: &[u8]) {
    let found = |h: &convene_tests::amqp::Heard| h.headers.contains_key("x-reason") && h.id.ends_with(id);
    let letter = mailbox.wait(&format!("the dead letter of {id}"), found).await;
    assert_eq!(letter.headers["x-reason"], code, "{id}: {:?}", letter.headers);
    assert_eq!(letter.key, code, "{id}");
    assert!(letter.headers["x-detail"].len() > 10, "{id}: {:?}", letter.headers);
    assert!(letter.headers["x-at"].starts_with("20"), "{id}: {:?}", letter.headers);
    assert!(letter.raw == body, "{id}: the payload was changed");
    assert!(letter.headers.contains_key("x-routing-key"), "{id}: {:?}", letter.headers);
    assert_eq!(
        (letter.id.as_str(), letter.kind == "dead-letter"),
        (id, false),
        "{id}: sent as something else"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_over_amqp_becomes_a_dead_letter_with_its_reason_and_the_engine_goes_on() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.shared().await;
    let site = Site::on(&control, "dead", Store::Postgres, Bus::Rabbit).await;
    let mailbox = Mailbox::open(site.amqp(), &["channel.#"]).await;
    let mut stage = Stage::open(&site).await;
    let mut sent = 0;
    for (id, body, code, _) in bodies() {
        stage.send(&[raw("cim-message", id, "nina", &body)]).await;
        dead(&mailbox, id, code, &body).await;
        sent += 1;
    }
    let full = raw("cim-message", "full", "nina", &sized("full", MESSAGE_BYTES_MAX));
    stage.play(&[full]).await;
    sent += events_and_commands(&mut stage, &mailbox).await;
    seen_before(&mut stage).await;

    let letters = mailbox.heard().iter().filter(|h| h.headers.contains_key("x-reason")).count();
    assert_eq!(letters, sent, "one dead letter for each bad input, none for a good one");
    stage.close().await;
    assert!(!site.log().contains("panicked"), "something panicked");
    site.clean().await;
}

/// Events and commands about conversations that are not there, are closed, or are in another state.
async fn events_and_commands(stage: &mut Stage<'_>, mailbox: &Mailbox) -> usize {
    stage.agent_comes("amal", "amal").await;
    let closed = stage.asks_for_a_person("otto", "otto").await;
    stage.play(&[message("otto-end", "otto", Some("END_CHAT"), None)]).await;
    assert_eq!(stage.truth.state(&closed).await, "CLOSED");
    let open = stage.asks_for_a_person("mia", "mia").await;
    let (task, _) = stage.offer(&open).await;
    let event = |id: &str, conversation: &str| {
        let name = "AGENT_TYPING_STARTED";
        json!({ "id": id, "name": name, "conversationId": conversation, "data": {} }).to_string().into_bytes()
    };
    let order = |id: &str, name: &str, data: Json| command(id, name, &data);
    let cases = [
        (raw("cim-event", "ev-1", "nobody", &event("ev-1", "nobody")), "unknown_conversation"),
        (raw("cim-event", "ev-2", &closed, &event("ev-2", &closed)), "conversation_closed"),
        (raw("cim-event", "ev-3", &open, b"{\"id\":\"ev-3\"}"), "wrong_field"),
        (
            order("co-1", "AGENT_LEAVE", json!({ "conversationId": "nobody", "agentId": "amal" })),
            "unknown_conversation",
        ),
        (
            order("co-2", "AGENT_LEAVE", json!({ "conversationId": closed, "agentId": "amal" })),
            "conversation_closed",
        ),
        (
            order("co-3", "AGENT_LEAVE", json!({ "conversationId": open, "agentId": "amal" })),
            "agent_not_in_conversation",
        ),
        (order("co-4", "TASK_ACCEPT", json!({ "taskId": task, "agentId": "bruno" })), "not_your_task"),
        (order("co-5", "TASK_ACCEPT", json!({ "taskId": "no-task", "agentId": "amal" })), "unknown_task"),
        (order("co-6", "AGENT_STATE", json!({ "agentId": "amal", "state": "ASLEEP" })), "unknown_state"),
        (order("co-7", "AGENT_LOGIN", json!({ "agentId": "nobody" })), "unknown_agent"),
        (order("co-8", "MAKE_COFFEE", json!({})), "unknown_command"),
        (
            raw("command", "co-9", "routing", br#"{"id":"co-9","name":"AGENT_LOGIN","data":[1]}"#),
            "wrong_field",
        ),
        (raw("command", "co-10", "routing", b"{"), "malformed"),
        (raw("postcard", "po-1", "nina", b"{}"), "unknown_type"),
    ];
    for (input, code) in &cases {
        stage.send(std::slice::from_ref(input)).await;
        dead(mailbox, &input.id, code, &input.body).await;
    }
    let mut nameless = connector_message("x", "nina", None, Some("Who am I?"));
    nameless.as_object_mut().unwrap().remove("id");
    let nameless = nameless.to_string().into_bytes();
    stage.send(&[raw("cim-message", "", "nina", &nameless)]).await;
    mailbox.wait("the letter of a message without id", |h| h.key == "missing_id" && h.raw == nameless).await;
    cases.len() + 1
}

/// An id that was seen before changes nothing, even with other words under it.
async fn seen_before(stage: &mut Stage<'_>) {
    let rows = stage.truth.count("journal", "").await;
    stage.send(&[message("otto-end", "otto", None, Some("Other words under the same id"))]).await;
    stage.play(&[message("after", "zoe", None, Some("Hello"))]).await;
    let id = conversation::new_id("m:after");
    assert_eq!(stage.truth.count("journal", &format!("where key <> '{id}'")).await, rows);
    assert_eq!(stage.truth.conversations("otto").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_over_http_is_answered_with_a_problem_and_the_engine_goes_on() {
    let site = Site::embedded("problems");
    let mut stage = Stage::open(&site).await;
    let http = stage.http();
    for (id, body, code, status) in bodies() {
        let answer = http.send(Method::POST, "/cim-messages", None, body).await.unwrap();
        assert_eq!((answer.status, answer.code()), (status, code), "{id}: {}", answer.text);
        assert!(answer.kind.starts_with("application/problem+json"), "{id}: {}", answer.kind);
        assert_eq!(answer.json["status"], status, "{id}");
        assert!(answer.json["detail"].as_str().is_some_and(|d| d.len() > 10), "{id}: {}", answer.text);
    }
    let full =
        http.send(Method::POST, "/cim-messages", None, sized("full", MESSAGE_BYTES_MAX)).await.unwrap();
    assert_eq!(full.status, 202, "{}", full.text);
    refused_calls(&mut stage).await;
    let twice = connector_message("twice-sent", "zoe", None, Some("Hello"));
    for _ in 0..3 {
        assert_eq!(http.post("/cim-messages", None, &twice).await.unwrap().status, 202);
    }
    let id = conversation::new_id("m:twice-sent");
    assert_eq!(stage.truth.count("journal", &format!("where key = '{id}' and kind = 'message'")).await, 1);
    assert_eq!(http.get("/healthz").await.unwrap().status, 200);
    stage.close().await;
    assert!(!site.log().contains("panicked"), "something panicked");
}

async fn refused_calls(stage: &mut Stage<'_>) {
    stage.agent_comes("amal", "amal").await;
    let closed = stage.asks_for_a_person("otto", "otto").await;
    stage.play(&[message("otto-end", "otto", Some("END_CHAT"), None)]).await;
    let open = stage.asks_for_a_person("mia", "mia").await;
    let (task, _) = stage.offer(&open).await;
    let amal = json!({ "agentId": "amal" });
    let (post, put, get) = (Method::POST, Method::PUT, Method::GET);
    let cases: Vec<(Method, String, Json, &str, u16)> = vec![
        (get.clone(), "/conversations/nobody".into(), Json::Null, "unknown_conversation", 404),
        (get.clone(), "/conversations/nobody/events".into(), Json::Null, "unknown_conversation", 404),
        (get.clone(), "/customers/nobody".into(), Json::Null, "unknown_customer", 404),
        (get, "/agents/nobody".into(), Json::Null, "unknown_agent", 404),
        (post.clone(), "/conversations/nobody/leave".into(), amal.clone(), "unknown_conversation", 404),
        (post.clone(), format!("/conversations/{closed}/leave"), amal.clone(), "conversation_closed", 409),
        (
            post.clone(),
            format!("/conversations/{open}/leave"),
            amal.clone(),
            "agent_not_in_conversation",
            409,
        ),
        (post.clone(), format!("/tasks/{task}/accept"), json!({ "agentId": "bruno" }), "not_your_task", 409),
        (post.clone(), "/tasks/no-task/accept".into(), amal, "unknown_task", 404),
        (put, "/agents/amal/state".into(), json!({ "state": "ASLEEP" }), "unknown_state", 422),
        (post, "/agents/nobody/login".into(), json!({}), "unknown_agent", 404),
    ];
    for (method, path, body, code, status) in cases {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = stage.http().send(method, &path, None, bytes).await.unwrap();
        assert_eq!((answer.status, answer.code()), (status, code), "{path}: {}", answer.text);
        assert!(answer.kind.starts_with("application/problem+json"), "{path}: {}", answer.kind);
    }
}
