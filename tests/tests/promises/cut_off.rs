//! One engine alone loses the broker: its customers are served by the other, and it takes its share again.

use std::time::Duration;

use convene_tests::amqp::{Mailbox, Publisher};
use convene_tests::cable::Cable;
use convene_tests::control::Control;
use convene_tests::engine::{Engine, Options};
use convene_tests::eventually;
use convene_tests::site::{Bus, Site, Store};
use convene_tests::words::message;

/// Enough for every partition to have some.
const CUSTOMERS: usize = 32;
/// How soon a message is taken, also when its partition moves first.
const TAKEN: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_cannot_reach_the_broker_leaves_its_customers_to_another() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.shared().await;
    let site = Site::on(&control, "cut-off", Store::Postgres, Bus::Rabbit).await;
    let mailbox = Mailbox::open(site.amqp(), &["channel.#"]).await;
    let mut publisher = Publisher::new(site.amqp());
    let cable = Cable::to(site.amqp()).await;
    let far = Options { amqp_url: Some(cable.url().to_owned()), ..site.options.clone() };
    let engines = [Engine::spawn(&far).await, site.second_engine().await];
    let truth = site.truth().await;
    truth.both_own().await;

    cable.pull();
    let say = |what: &str| {
        let one = |i| message(&format!("{what}-{i}"), &format!("customer-{i}"), None, Some(what));
        (0..CUSTOMERS).map(one).collect::<Vec<_>>()
    };
    publisher.publish(&say("hello")).await;
    for i in 0..CUSTOMERS {
        mailbox.greeted(&format!("customer-{i}")).await;
    }
    let owners = truth.texts("partition_lease", "owner", "where owner is not null group by owner").await;
    assert_eq!(owners.len(), 1, "the engine that hears nothing keeps nothing");

    cable.plug_in();
    truth.both_own().await;
    publisher.publish(&say("again")).await;
    let again: Vec<String> = (0..CUSTOMERS).map(|i| format!("m:again-{i}")).collect();
    eventually("the second messages are taken", TAKEN, async || truth.settled(&again).await.then_some(()))
        .await;
    for i in 0..CUSTOMERS {
        let conversations = truth.conversations(&format!("customer-{i}")).await;
        assert_eq!(conversations.len(), 1, "the conversation of customer-{i} goes on where it was");
    }
    drop(engines);
    assert!(!site.log().contains("panicked"));
    site.clean().await;
}
