//! What is told in one moment stands in the reports, all of it (`domain.md` section 6).

use convene_tests::control::Control;
use convene_tests::site::{Bus, Site, Store};
use convene_tests::stage::Stage;
use convene_tests::words::command;
use serde_json::json;

async fn everything_of_one_moment_is_reported(site: &Site) {
    let mut stage = Stage::open(site).await;
    stage.agent_comes("amal", "amal").await;
    let id = stage.asks_for_a_person("nina", "nina").await;
    let (task, agent) = stage.offer(&id).await;
    stage.order("accept", "TASK_ACCEPT", json!({ "agentId": agent, "taskId": task })).await;

    let here = json!({ "agentId": agent, "conversationId": id });
    let mut orders = Vec::new();
    for i in 0..20 {
        let mut data = here.clone();
        data["wrapups"] = json!([{ "categoryName": "Result", "value": format!("value {i}") }]);
        orders.push(command(&format!("wrap-{i}"), "WRAP_UP", &data));
        orders.push(command(&format!("pause-{i}"), "PAUSE", &here));
        orders.push(command(&format!("resume-{i}"), "RESUME", &here));
    }
    stage.play(&orders).await;
    let of = format!("where conversation_id = '{id}'");
    let labels = stage.truth.texts("wrapup_detail", "wrapup_label", &format!("{of} order by ordinal")).await;
    assert_eq!(labels, (0..20).map(|i| format!("value {i}")).collect::<Vec<_>>());
    let rest = format!("{of} order by event_timestamp");
    let holds = stage.truth.texts("conversation_hold_resume", "conversation_state", &rest).await;
    assert_eq!(holds, ["HOLD", "RESUMED"].repeat(20));
    stage.close().await;
    assert!(!site.log().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_of_one_moment_is_reported_on_postgres() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.shared().await;
    let site = Site::on(&control, "reports", Store::Postgres, Bus::Rabbit).await;
    everything_of_one_moment_is_reported(&site).await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_of_one_moment_is_reported_on_sqlite() {
    everything_of_one_moment_is_reported(&Site::embedded("reports")).await;
}
