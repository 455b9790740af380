//! Files that change, while the engine runs and while it does not: nobody who waits is left behind, and nothing happens
//! without a word.

use std::time::Duration;

use convene_tests::eventually;
use convene_tests::site::Site;
use convene_tests::stage::Stage;
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
