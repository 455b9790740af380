//! Files that change, while the engine runs and while it does not: nobody who waits is left behind, and nothing happens
//! without a word.

use std::time::Duration;

use convene_tests::amqp::Input;
use convene_tests::eventually;
use convene_tests::replay::replay;
use convene_tests::site::Site;
use convene_tests::stage::Stage;
use convene_tests::words::{connector_message, message};
use serde_json::json;

/// How soon a changed file is noticed.
const NOTICED: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_is_renamed_while_somebody_waits_in_it_keeps_its_name_also_after_a_restart() {
    let mut site = Site::embedded("files");
    site.deployment(&[]);
    let mut stage = Stage::open(&site).await;
    let id = stage.asks_for_a_person("nina", "nina").await;
    stage.stop().await;
    let centre = site.options.dir.join("flows/centre.yaml");
    let text = std::fs::read_to_string(&centre).unwrap();
    std::fs::write(&centre, text.replace("general", "service")).unwrap();
    stage.start().await;
    assert!(site.log().contains("wait in queue general"), "it says what is in the way");

    stage.agent_comes("amal", "amal").await;
    let (task, agent) = stage.offer(&id).await;
    stage.order("accept", "TASK_ACCEPT", json!({ "agentId": agent, "taskId": task })).await;
    let says = async |what: &str| {
        eventually(what, NOTICED, async || site.log().contains(what).then_some(())).await;
    };
    says("the deployment changed; new conversations follow it").await;

    std::fs::write(&centre, b"centre: B\xe4nk\n").unwrap();
    says("the deployment cannot be read; the one before stays in force").await;
    stage.close().await;
    assert!(!site.log().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_writes_on_a_channel_that_was_added_meanwhile() {
    let mut site = Site::embedded("channels");
    site.deployment(&[]);
    let mut stage = Stage::open(&site).await;
    let id = stage.asks_for_a_person("nina", "nina").await;
    let centre = site.options.dir.join("flows/centre.yaml");
    let text = std::fs::read_to_string(&centre).unwrap();
    let app = "channels:\n  app: { type: WEB, service_identifier: \"1230\", bot: concierge, queue: general, request_ttl: 2m }\n";
    std::fs::write(&centre, text.replace("channels:\n", app)).unwrap();
    let changed = "the deployment changed; new conversations follow it";
    eventually(changed, NOTICED, async || site.log().contains(changed).then_some(())).await;

    let on_the_app = |id: &str, text: &str| {
        let mut body = connector_message(id, "nina", None, Some(text));
        body["header"]["channelData"]["serviceIdentifier"] = "1230".into();
        Input { body: body.to_string().into_bytes(), ..message(id, "nina", None, None) }
    };
    stage.play(&[on_the_app("app-1", "I am on the app now")]).await;
    stage.restart_by_force().await;
    stage
        .play(&[
            on_the_app("app-2", "and still here"),
            message("web-2", "nina", None, Some("on the web, too")),
        ])
        .await;
    let view = stage.http().get(&format!("/conversations/{id}")).await.unwrap().good();
    let sessions = view["channelSessions"].as_array().unwrap();
    let channels: Vec<&str> = sessions.iter().filter_map(|s| s["channel"].as_str()).collect();
    assert_eq!(channels, ["web", "app"], "both meet in the conversation that was there: {view:#}");
    stage.agent_comes("amal", "amal").await;
    let (task, agent) = stage.offer(&id).await;
    stage.order("accept", "TASK_ACCEPT", json!({ "agentId": agent, "taskId": task })).await;
    stage.close().await;
    assert_eq!(stage.truth.conversations("nina").await, [id]);
    assert_eq!(stage.truth.count("dead_letter", "").await, 0);
    replay(&stage.truth).await;
    assert!(!site.log().contains("panicked"));
}
