//! Linking by force (U02) when the customer's two conversations live in different engines.

use std::time::Duration;

use convene_tests::control::Control;
use convene_tests::eventually;
use convene_tests::site::{Bus, Site, Store};
use convene_tests::stage::Stage;
use convene_tests::words::message;
use serde_json::json;

/// How soon everything must have happened.
const SOON: Duration = Duration::from_secs(40);
/// Customers who are linked: enough that some of their conversations live in different engines.
const PAIRS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_taken_over_from_a_conversation_of_another_engine() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.shared().await;
    let site = Site::on(&control, "links", Store::Postgres, Bus::Rabbit).await;
    let mut stage = Stage::open(&site).await;
    let second = site.second_engine().await;
    stage.truth.both_own().await;
    let names = |who: &str| (0..PAIRS).map(|i| format!("{who}-{i}")).collect::<Vec<_>>();
    let (owners, guests) = (names("owner"), names("guest"));
    for name in owners.iter().chain(&guests) {
        stage.play(&[message(&format!("m-{name}"), name, None, Some("Hello"))]).await;
    }
    for (owner, guest) in owners.iter().zip(&guests) {
        linked(&stage, owner, guest).await;
    }
    for (owner, guest) in owners.iter().zip(&guests) {
        taken_over(&stage, owner, guest).await;
    }
    // What they write from now on comes to the conversation that took them over.
    for (owner, guest) in owners.iter().zip(&guests) {
        stage.play(&[message(&format!("later-{owner}"), owner, None, Some("Hello again"))]).await;
        let all = stage.truth.conversations(owner).await;
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(stage.truth.conversations(guest).await.iter().any(|id| all.contains(id)));
    }
    let homes = "join conversation_state a on a.customer = conversation_state.customer and a.key <> \
                 conversation_state.key where (a.partition < 4) <> (conversation_state.partition < 4)";
    let apart = stage.truth.count("conversation_state", homes).await;
    assert!(apart > 0, "no two of them lived in different engines: this run shows nothing");
    stage.close().await;
    second.stop().await;
    assert!(!site.log().contains("panicked"));
    site.clean().await;
}

async fn customer_of(stage: &Stage<'_>, conversation: &str) -> String {
    let rest = format!("where key = '{conversation}'");
    stage.truth.texts("conversation_state", "customer", &rest).await.remove(0)
}

/// Without force it is refused; by force it is on its way.
async fn linked(stage: &Stage<'_>, owner: &str, guest: &str) {
    let old = stage.truth.conversations(owner).await.remove(0);
    let new = stage.truth.conversations(guest).await.remove(0);
    let customer = customer_of(stage, &old).await;
    let path = format!("/conversations/{new}/link");
    let refused = stage.http().post(&path, None, &json!({ "customerId": customer })).await.unwrap();
    assert_eq!((refused.status, refused.code()), (409, "customer_has_live_conversation"), "{}", refused.text);
    let force = json!({ "customerId": customer, "force": true });
    let answer = stage.http().post(&path, None, &force).await.unwrap().good();
    assert_eq!(answer["closing"], old.as_str(), "{answer}");
}

/// The older conversation is closed, the other one has its customer and the room, and what they write comes there.
async fn taken_over(stage: &Stage<'_>, owner: &str, guest: &str) {
    let old = stage.truth.conversations(owner).await.remove(0);
    let new = stage.truth.conversations(guest).await.remove(0);
    let customer = customer_of(stage, &old).await;
    eventually("the link", SOON, async || (customer_of(stage, &new).await == customer).then_some(())).await;
    assert_eq!(stage.truth.state(&old).await, "CLOSED");
    let live = format!("where customer = '{customer}'");
    assert_eq!(stage.truth.texts("room", "live_conversation", &live).await, [new.as_str()]);
}
