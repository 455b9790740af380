//! Bodies of commands: what has the wrong type is refused by name, and nothing of it is done.

use convene_runtime::Engine;

use super::{local, serve};

/// An engine with a conversation.
async fn with_conversation(name: &str) -> (Engine, String, String) {
    let (engine, address) = serve(name).await;
    let message = r#"{"id":"m1","header":{"channelData":{"channelCustomerIdentifier":"nina","serviceIdentifier":"1218"}},
        "body":{"type":"PLAIN","markdownText":"Hello"}}"#;
    assert_eq!(local(&address, "POST /cim-messages", message).await.0, 202);
    let (_, list) = local(&address, "GET /conversations", "").await;
    let id = list[0]["id"].as_str().unwrap().to_owned();
    (engine, address, id)
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_refused_by_name() {
    let (engine, address, id) = with_conversation("bodies-types").await;
    for (path, body, code, said) in [
        ("end", r#"{"reasonCode":5}"#, "wrong_field", "reasonCode: expected a text, found a number"),
        ("messages", r#"{"agentId":5,"body":{}}"#, "wrong_field", "agentId: expected a text, found a number"),
        (
            "messages",
            r#"{"agentId":"amal","body":[]}"#,
            "wrong_field",
            "body: expected an object, found a list",
        ),
        ("messages", r#"{"agentId":"amal","body":{},"intent":5}"#, "wrong_field", "intent: expected a text"),
        (
            "activities",
            r#"{"body":{"type":"X"},"header":"x"}"#,
            "wrong_field",
            "header: expected an object, found a text",
        ),
        (
            "pause",
            r#"{"agentId":"amal","duration":1.5}"#,
            "wrong_field",
            "duration: expected a whole number or a text",
        ),
        (
            "wrap-up",
            r#"{"agentId":"amal","wrapups":{}}"#,
            "wrong_field",
            "wrapups: expected a list, found an object",
        ),
        (
            "link",
            r#"{"customerId":"c","force":"yes"}"#,
            "wrong_field",
            "force: expected true or false, found a text",
        ),
        ("link", "{}", "missing_field", "customerId is missing"),
        ("link", r#"{"customerId":null}"#, "missing_field", "customerId is missing"),
        ("data", "[1,2]", "wrong_field", "[0]: expected an object"),
        ("data", r#"[{"value":"b"}]"#, "missing_field", "[0].key is missing"),
        ("data", r#"{"data":[{"key":"a"}]}"#, "missing_field", "data[0].value is missing"),
        ("data", "5", "wrong_field", "expected an object or a list"),
    ] {
        let (status, problem) = local(&address, &format!("POST /conversations/{id}/{path}"), body).await;
        assert_eq!((status, problem["code"].as_str()), (422, Some(code)), "{path} {body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().starts_with(said), "{path} {body}: {problem}");
    }
    let (_, conversation) = local(&address, &format!("GET /conversations/{id}"), "").await;
    assert_eq!(
        (&conversation["isActive"], &conversation["conversationData"]),
        (&true.into(), &serde_json::json!({}))
    );
    engine.stop().await;
}

#[tokio::test]
async fn null_is_no_value_and_both_forms_of_a_state_are_taken() {
    let (engine, address, id) = with_conversation("bodies-null").await;
    assert_eq!(local(&address, "POST /agents/amal/login", "").await.0, 200);
    for (call, body) in [
        ("PUT /agents/amal/state", r#"{"state":"NOT_READY","reason":null}"#),
        ("PUT /agents/amal/state", r#"{"state":{"name":"READY"}}"#),
        (&format!("POST /conversations/{id}/data"), r#"[{"key":"a","value":"b"}]"#),
        (&format!("POST /conversations/{id}/data"), r#"{"data":{"c":"d"}}"#),
        (&format!("POST /conversations/{id}/end"), r#"{"reasonCode":null}"#),
    ] {
        let (status, answer) = local(&address, call, body).await;
        assert_eq!(status, 200, "{call} {body}: {answer}");
    }
    let (status, problem) = local(&address, "PUT /agents/amal/state", r#"{"state":5}"#).await;
    assert_eq!((status, &problem["path"]), (422, &"state".into()), "{problem}");
    let (_, problem) = local(&address, "POST /cim-messages", "{").await;
    assert!(
        !problem["detail"].as_str().unwrap().starts_with("malformed"),
        "the code is told already: {problem}"
    );
    engine.stop().await;
}

#[tokio::test]
async fn a_long_history_comes_in_pages_of_a_few_million_bytes() {
    let (engine, address, id) = with_conversation("bodies-pages").await;
    let words = "x".repeat(900_000);
    for number in 0..20 {
        let message = format!(
            r#"{{"id":"long-{number}","header":{{"channelData":{{"channelCustomerIdentifier":"nina","serviceIdentifier":"1218"}}}},
            "body":{{"type":"PLAIN","markdownText":"{words}"}}}}"#
        );
        assert_eq!(local(&address, "POST /cim-messages", &message).await.0, 202);
    }
    let (mut after, mut seen, mut pages) = (0, 0, 0);
    loop {
        let (_, page) = local(&address, &format!("GET /conversations/{id}/events?after={after}"), "").await;
        assert!(page.to_string().len() < 16 << 20, "{}", page.to_string().len());
        let Some(last) = page.as_array().unwrap().last() else { break };
        assert_eq!(page[0]["version"], after + 1, "nothing is left out");
        after = last["version"].as_i64().unwrap();
        seen += page.to_string().matches(&words).count();
        pages += 1;
    }
    assert!(pages > 1 && seen >= 20, "{seen} in {pages}");
    engine.stop().await;
}
