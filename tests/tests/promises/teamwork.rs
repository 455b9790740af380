//! Agents among themselves over HTTP: what they may do is done, and what they may not is answered with a stable code, the
//! current state, and nothing changed.

use std::time::Duration;

use convene_tests::eventually;
use convene_tests::http::Http;
use convene_tests::site::Site;
use convene_tests::stage::Stage;
use convene_tests::words::message;
use serde_json::{Value, json};

/// A conversation as it is, without the count of its steps: a refusal is journaled too.
async fn as_it_is(http: &Http, id: &str) -> Value {
    let mut view = http.get(&format!("/conversations/{id}")).await.unwrap().good();
    view["version"] = Value::Null;
    view
}

async fn refused(http: &Http, path: &str, body: &Value, status: u16, code: &str) -> Value {
    let answer = http.post(path, None, body).await.unwrap();
    assert_eq!((answer.status, answer.code()), (status, code), "{path} {body}: {}", answer.text);
    assert_eq!(answer.kind, "application/problem+json");
    answer.json
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_agent_may_not_do_is_answered_with_a_code_and_changes_nothing() {
    let site = Site::embedded("teamwork-bad");
    let mut stage = Stage::open(&site).await;
    stage.agent_comes("amal", "amal").await;
    let id = stage.asks_for_a_person("nina", "nina").await;
    stage.agent_comes("bruno", "bruno").await;
    let (task, _) = stage.offer(&id).await;
    let http = stage.http();
    let (amal, bruno) = (json!({ "agentId": "amal" }), json!({ "agentId": "bruno" }));

    let foreign = refused(&http, &format!("/tasks/{task}/accept"), &bruno, 409, "not_your_task").await;
    assert_eq!(foreign["current"]["agentId"], "amal");
    let slip = json!({ "agentId": ["bruno"] });
    refused(&http, &format!("/tasks/{task}/accept"), &slip, 422, "wrong_field").await;
    refused(&http, "/agents/amal/logout", &json!({ "by": 5 }), 422, "wrong_field").await;
    refused(&http, "/tasks/no-such-task/accept", &amal, 404, "unknown_task").await;
    let _ = http.post(&format!("/tasks/{task}/accept"), Some("a1"), &amal).await.unwrap().good();
    let twice = refused(&http, &format!("/tasks/{task}/accept"), &amal, 409, "task_not_reserved").await;
    assert_eq!(twice["current"]["mediaState"], "ACTIVE");

    let before = as_it_is(&http, &id).await;
    let to = |what: &str| format!("/conversations/{id}/{what}");
    let by_amal = |key: &str, value: &str| {
        let mut body = json!({ "agentId": "amal" });
        body[key] = json!(value);
        body
    };
    let state =
        refused(&http, &to("transfer"), &by_amal("toAgent", "amal"), 422, "transfer_to_oneself").await;
    assert_eq!(state["current"]["state"], "ACTIVE", "the current state is told");
    refused(&http, &to("transfer"), &amal, 422, "missing_field").await;
    refused(&http, &to("transfer"), &by_amal("queue", "nowhere"), 404, "unknown_queue").await;
    refused(&http, &to("transfer"), &by_amal("queue", "phone"), 422, "queue_of_another_medium").await;
    refused(&http, &to("transfer"), &by_amal("toAgent", "nobody"), 404, "unknown_agent").await;
    refused(&http, &to("transfer"), &bruno, 409, "agent_not_in_conversation").await;
    refused(&http, &to("consult-transfer"), &amal, 409, "nobody_consulted").await;
    refused(&http, &to("monitor"), &bruno, 403, "not_your_team").await;
    refused(&http, &to("barge-in"), &bruno, 409, "not_monitoring").await;
    refused(&http, &to("whisper"), &bruno, 409, "no_hand_raised").await;
    refused(&http, &to("join"), &bruno, 404, "unknown_request").await;
    refused(&http, "/lists/none/subscribe", &amal, 404, "unknown_list").await;
    refused(&http, "/queues/none/flush", &json!({}), 404, "unknown_queue").await;
    refused(&http, "/agents/amal/logout", &json!({ "by": "bruno" }), 403, "not_your_team").await;
    refused(&http, "/conversations/none/transfer", &amal, 404, "unknown_conversation").await;
    assert_eq!(as_it_is(&http, &id).await, before, "a refusal changed something");

    stage.play(&[message("nina-9", "nina", Some("END_CHAT"), None)]).await;
    stage.close().await;
    assert!(!site.log().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_consult_hand_over_and_everybody_can_ask_why() {
    let site = Site::embedded("teamwork");
    let mut stage = Stage::open(&site).await;
    stage.agent_comes("amal", "amal").await;
    let id = stage.asks_for_a_person("nina", "nina").await;
    let (task, _) = stage.offer(&id).await;
    let http = stage.http();
    let by = |agent: &str| json!({ "agentId": agent });
    let _ = http.post(&format!("/tasks/{task}/accept"), Some("a1"), &by("amal")).await.unwrap().good();
    stage.agent_comes("bruno", "bruno").await;
    let consult = json!({ "agentId": "amal", "toAgent": "bruno", "note": "a loan" });
    let _ = http.post(&format!("/conversations/{id}/consult"), Some("c1"), &consult).await.unwrap().good();
    let (second, agent) = stage.offer(&id).await;
    assert_eq!(agent, "bruno");
    let offers = http.get("/agents/bruno/tasks").await.unwrap().good();
    assert_eq!(offers[0]["direction"], "CONSULT", "{offers}");
    let _ = http.post(&format!("/tasks/{second}/accept"), Some("a2"), &by("bruno")).await.unwrap().good();
    let over = format!("/conversations/{id}/consult-transfer");
    let _ = http.post(&over, Some("t1"), &by("amal")).await.unwrap().good();
    let view = http.get(&format!("/conversations/{id}")).await.unwrap().good();
    let role = |agent: &str| {
        let seats = view["participants"].as_array().unwrap();
        seats.iter().find(|s| s["participant"]["id"] == agent).map(|s| s["role"].clone())
    };
    assert_eq!((role("bruno"), role("amal")), (Some(json!("PRIMARY")), Some(json!("WRAP_UP"))));

    let why = http.get(&format!("/conversations/{id}/why")).await.unwrap().good();
    let said: Vec<&str> =
        why["decisions"].as_array().unwrap().iter().filter_map(|d| d["text"].as_str()).collect();
    assert!(said[0].starts_with("offered to amal, queue general"), "{said:?}");
    assert!(said[0].contains("bruno is not logged in"), "{said:?}");
    assert!(said[1].starts_with("offered to bruno") && said[1].contains("asked for by name"), "{said:?}");
    let why = http.get(&format!("/tasks/{second}/why")).await.unwrap().good();
    assert_eq!(why["decisions"].as_array().unwrap().len(), 1, "{why}");
    assert_eq!(why["now"][0]["why"], "bruno is at it");
    refused_get(&http, "/tasks/none/why", "unknown_task").await;

    let queues = http.get("/queues/general").await.unwrap().good();
    assert_eq!(queues["serviceLevel"]["type"], 1);
    let lists = http.get("/lists").await.unwrap().good();
    assert_eq!(lists[0]["name"], "callbacks");
    stage.play(&[message("nina-9", "nina", Some("END_CHAT"), None)]).await;
    stage.close().await;
    assert!(!site.log().contains("panicked"));
}

async fn refused_get(http: &Http, path: &str, code: &str) {
    let answer = http.get(path).await.unwrap();
    assert_eq!(answer.code(), code, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_whose_stream_breaks_is_lost_and_is_back_with_the_next_stream() {
    let site = Site::embedded("desk");
    let mut stage = Stage::open(&site).await;
    stage.agent_comes("amal", "amal").await;
    let http = stage.http();
    let state = async |wanted: &str| {
        eventually("the state of the medium", Duration::from_secs(20), async || {
            let agent = http.get("/agents/amal").await.unwrap().good();
            let media = agent["agentMrdStates"].as_array().unwrap();
            media.iter().any(|m| m["mrd"]["id"] == "CHAT" && m["state"] == wanted).then_some(())
        })
        .await;
    };
    let desk = http.open("/agents/amal/stream?desk=true").await;
    state("READY").await;
    drop(desk);
    state("UNKNOWN").await;
    let desk = http.open("/agents/amal/stream?desk=true").await;
    state("READY").await;
    drop(desk);
    stage.close().await;
    assert!(!site.log().contains("panicked"));
}
