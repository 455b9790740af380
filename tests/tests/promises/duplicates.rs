//! Connectors repeat themselves, on two engines at once: effects happen once.

use std::collections::BTreeMap;
use std::time::Duration;

use convene_tests::amqp::Mailbox;
use convene_tests::control::Control;
use convene_tests::picture::Picture;
use convene_tests::site::{Bus, Site, Store};
use convene_tests::stage::Stage;
use convene_tests::truth::Truth;
use convene_tests::words::message;
use serde_json::json;
use tokio::time::sleep;

use crate::script;

/// The script on one engine, each input once; or on two engines, each input three times.
async fn run(site: &Site, thrice: bool) -> (Picture, BTreeMap<String, u32>) {
    let mailbox = Mailbox::open(site.amqp(), &["#"]).await;
    let mut stage = Stage::open(site).await;
    let second = if thrice { Some(site.second_engine().await) } else { None };
    if thrice {
        stage.truth.both_own().await;
        stage.repeat_everything();
    }
    script::play(&mut stage).await;
    if thrice {
        // The last repeats are still on their way.
        sleep(Duration::from_secs(2)).await;
    }
    stage.close().await;
    if let Some(second) = second {
        second.stop().await;
    }
    sleep(Duration::from_millis(500)).await;
    let mut ids = BTreeMap::new();
    for heard in mailbox.heard().iter().filter(|h| h.key.starts_with("channel.")) {
        *ids.entry(heard.id.clone()).or_default() += 1;
    }
    assert!(!site.log().contains("panicked"));
    (Picture::of(&stage.truth, Some(&mailbox)).await, ids)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_input_three_times_on_two_engines_has_its_effects_once() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.shared().await;
    let calm = Site::on(&control, "once", Store::Postgres, Bus::Rabbit).await;
    let (expected, once) = run(&calm, false).await;
    calm.clean().await;
    let busy = Site::on(&control, "thrice", Store::Postgres, Bus::Rabbit).await;
    let (found, thrice) = run(&busy, true).await;
    expected.must_equal(&found, "every input three times, on two engines");
    assert_eq!(once, thrice, "how often each message for a customer was published");
    let truth = busy.truth().await;
    let twice = truth.texts("journal", "input_id", "group by input_id having count(*) > 1").await;
    assert_eq!(twice, Vec::<String>::new(), "inputs journaled twice");
    busy.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_repeated_under_its_key_is_answered_as_the_first_time() {
    let site = Site::embedded("again");
    let mut stage = Stage::open(&site).await;
    let http = stage.http();
    let amal = json!({ "agentId": "amal" });
    for _ in 0..3 {
        let refused = http.post("/tasks/nowhere/accept", Some("accept"), &amal).await.unwrap();
        assert_eq!((refused.status, refused.code()), (404, "unknown_task"), "{}", refused.text);
    }
    let first = http.post("/agents/amal/login", Some("login"), &json!({})).await.unwrap();
    let again = http.post("/agents/amal/login", Some("login"), &json!({})).await.unwrap();
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    let other = http.post("/agents/bruno/login", Some("login"), &json!({})).await.unwrap();
    assert_eq!((other.status, other.code()), (422, "idempotency_key_reused"), "{}", other.text);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_message_is_taken_for_what_another_one_asked_for() {
    let site = Site::embedded("ids");
    let mut stage = Stage::open(&site).await;
    stage.play(&[message("start", "nina", Some("START_CHAT"), None)]).await;
    // What the first of each pair asks for is a step of its own; the second is called as that step might be.
    for (first, second) in [("asks", "asks/0"), ("again/0", "again")] {
        stage.play(&[message(first, "nina", None, Some("Talk to a person"))]).await;
        stage.play(&[message(second, "nina", None, Some(second))]).await;
    }
    let taken = stage.truth.texts("journal", "input_id", "where kind = 'message' order by version").await;
    assert_eq!(taken, ["m:asks", "m:asks/0", "m:again/0", "m:again"]);
    assert_eq!(stage.truth.count("dead_letter", "").await, 0);
    stage.close().await;
    assert!(!site.log().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_that_was_forgotten_counts_as_new_for_whoever_sends_it() {
    let site = Site::embedded("forgotten");
    let mut stage = Stage::open(&site).await;
    stage.play(&[message("1", "nina", None, Some("Talk to a person"))]).await;
    let first = stage.truth.conversations("nina").await;
    // What the engine does by itself after seven days.
    let Truth::Sqlite(pool) = &stage.truth else { panic!("an embedded site has a file") };
    sqlx::query("delete from seen").execute(pool).await.unwrap();
    stage.play(&[message("1", "otto", None, Some("Talk to a person"))]).await;
    let second = stage.truth.conversations("otto").await;
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_ne!(first, second);
    assert_eq!(stage.truth.count("agent_task", "").await, 0, "both tasks wait");
    let tasks = stage.truth.texts("routing_record", "key", "where key like 'task:%'").await;
    assert_eq!(tasks.len(), 2, "each customer has a task: {tasks:?}");
    assert_eq!(stage.truth.count("dead_letter", "").await, 0);
    stage.close().await;
    assert!(!site.log().contains("panicked"));
}
