//! A conversation with nothing but one binary: HTTP, one file, and a restart in the middle.

use convene_tests::http::Http;
use convene_tests::site::Site;
use convene_tests::stage::Stage;
use convene_tests::words::message;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_runs_embedded_over_http_from_start_chat_to_wrap_up() {
    let site = Site::embedded("embedded");
    let mut stage = Stage::open(&site).await;
    stage.agent_comes("amal", "amal").await;
    let id = stage.asks_for_a_person("nina", "nina").await;
    let http = stage.http();
    let found = http.get("/conversations?channelCustomerIdentifier=nina").await.unwrap().good();
    assert!(found.to_string().contains(&id), "{found}");

    let tasks = http.get("/agents/amal/tasks").await.unwrap().good();
    let (task, _) = stage.offer(&id).await;
    assert!(tasks.to_string().contains(&task), "{tasks}");
    let amal = json!({ "agentId": "amal" });
    let accepted = http.post(&format!("/tasks/{task}/accept"), Some("accept"), &amal).await.unwrap().good();
    assert_eq!(accepted["conversationId"], id.as_str());
    let say = json!({ "agentId": "amal", "body": { "type": "PLAIN", "markdownText": "Good day" } });
    let _ = http.post(&format!("/conversations/{id}/messages"), Some("say"), &say).await.unwrap().good();
    stage.play(&[message("nina-4", "nina", None, Some("My card was declined"))]).await;
    let _ = http.post(&format!("/conversations/{id}/leave"), Some("leave"), &amal).await.unwrap().good();
    let codes = json!({ "agentId": "amal", "wrapups": [{ "categoryName": "Result", "value": "Solved" }] });
    let _ = http.post(&format!("/conversations/{id}/wrap-up"), Some("wrap-up"), &codes).await.unwrap().good();
    stage.play(&[message("nina-5", "nina", Some("END_CHAT"), None)]).await;

    history(&http, &id).await;
    in_the_tables(&stage, &id, &task).await;
    stage.close().await;
    assert!(!site.log().contains("panicked"));
}

/// The history tells every input, what was decided and why, and the events, in order.
async fn history(http: &Http, id: &str) {
    let history = http.get(&format!("/conversations/{id}/events")).await.unwrap().good();
    let rows = history.as_array().expect("a list");
    let versions: Vec<i64> = rows.iter().map(|r| r["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, (1..=versions.len() as i64).collect::<Vec<_>>());
    let events: Vec<&str> = rows
        .iter()
        .flat_map(|r| r["events"].as_array().into_iter().flatten())
        .filter_map(|e| e["name"].as_str())
        .collect();
    let mut from = 0;
    for expected in [
        "CONVERSATION_STARTED",
        "CHANNEL_SESSION_STARTED",
        "CUSTOMER_MESSAGE",
        "BOT_MESSAGE",
        "FIND_AGENT",
        "AGENT_RESERVED",
        "AGENT_SUBSCRIBED",
        "AGENT_MESSAGE",
        "CUSTOMER_MESSAGE",
        "PARTICIPANT_ROLE_CHANGED",
        "AGENT_UNSUBSCRIBED",
        "CHANNEL_SESSION_ENDED",
    ] {
        let at = events[from..].iter().position(|e| *e == expected);
        from += at.unwrap_or_else(|| panic!("no {expected} after {:?} in {events:?}", &events[..from])) + 1;
    }
    let why = rows.iter().flat_map(|r| r["decisions"].as_array().into_iter().flatten());
    assert!(why.filter(|d| d["why"].as_str().is_some_and(|w| !w.is_empty())).count() > 5, "{history}");
}

async fn in_the_tables(stage: &Stage<'_>, id: &str, task: &str) {
    let (truth, rest) = (&stage.truth, format!("where conversation_id = '{id}'"));
    let conversation = truth.rows("conversation", &["disposition", "bot_id", "direction"], &rest).await;
    assert_eq!(conversation, [vec![json!("AGENT-HANDLED"), json!("concierge"), json!("INBOUND")]]);
    let session = truth.rows("channel_session", &["channel_customer_identifier", "channel_id"], &rest).await;
    assert_eq!(session, [vec![json!("nina"), json!("web")]]);
    let columns = ["agent_task_id", "agent_id", "queue_id", "task_disposition", "mrd_id"];
    let tasks = truth.rows("agent_task", &columns, &rest).await;
    let expected: Vec<Value> =
        [task, "amal", "general", "DONE", "CHAT"].into_iter().map(Value::from).collect();
    assert_eq!(tasks, [expected]);
    assert_eq!(truth.count("wrapup_detail", &rest).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_and_started_again_the_engine_keeps_offers_chats_and_wrap_up_timers() {
    let site = Site::embedded("restart");
    let mut stage = Stage::open(&site).await;
    stage.agent_comes("amal", "amal").await;
    let id = stage.asks_for_a_person("nina", "nina").await;
    let offer = stage.offer(&id).await;
    let ring = stage.truth.rows("timer", &["name", "id", "due"], "order by owner, name").await;
    stage.restart_by_force().await;
    assert_eq!(stage.offer(&id).await, offer, "the offer is another one");
    assert_eq!(stage.truth.rows("timer", &["name", "id", "due"], "order by owner, name").await, ring);
    let (task, agent) = offer;
    stage.order("accept", "TASK_ACCEPT", json!({ "agentId": agent, "taskId": task })).await;

    stage.restart_by_force().await;
    let say = json!({ "type": "PLAIN", "markdownText": "Are you still there?" });
    let data = json!({ "agentId": agent, "conversationId": id, "body": say });
    let said = stage.http().post(&format!("/conversations/{id}/messages"), Some("say"), &data).await.unwrap();
    assert_eq!(said.good()["delivered"], "customer");
    stage.play(&[message("nina-4", "nina", Some("END_CHAT"), None)]).await;
    let wrap_up = stage.truth.rows("timer", &["name", "id", "due"], "where owner = 'routing'").await;
    assert!(!wrap_up.is_empty(), "no timer for the wrap-up");

    stage.restart_by_force().await;
    assert_eq!(stage.truth.rows("timer", &["name", "id", "due"], "where owner = 'routing'").await, wrap_up);
    let codes = json!({ "agentId": agent, "conversationId": id, "wrapups": [] , "note": "all is well" });
    stage.order("wrap-up", "WRAP_UP", codes).await;
    assert_eq!(stage.truth.state(&id).await, "CLOSED");
    let tasks = stage.truth.texts("agent_task", "task_disposition", "").await;
    assert_eq!(tasks, ["DONE"]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrap_up_timer_that_ran_out_while_the_engine_was_dead_ends_the_wrap_up() {
    let mut site = Site::embedded("timer");
    let centre = std::fs::read_to_string(convene_tests::engine::root().join("flows/centre.yaml")).unwrap();
    assert!(centre.contains("  time: 60s"));
    site.deployment(&[("flows/centre.yaml", centre.replace("  time: 60s", "  time: 2s"))]);
    let mut stage = Stage::open(&site).await;
    stage.agent_comes("amal", "amal").await;
    let id = stage.asks_for_a_person("nina", "nina").await;
    let (task, agent) = stage.offer(&id).await;
    stage.order("accept", "TASK_ACCEPT", json!({ "agentId": agent, "taskId": task })).await;
    stage.play(&[message("nina-4", "nina", Some("END_CHAT"), None)]).await;
    stage.kill();
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    stage.start().await;
    let closed = async || (stage.truth.state(&id).await == "CLOSED").then_some(());
    convene_tests::eventually("the wrap-up ends", std::time::Duration::from_secs(20), closed).await;
    assert_eq!(stage.truth.texts("agent_task", "task_disposition", "").await, ["DONE"]);
    stage.close().await;
}
