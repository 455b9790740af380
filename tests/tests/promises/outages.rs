//! The database or the broker goes away in the middle: nothing is lost, and everything goes on by itself.

use std::time::{Duration, Instant};

use convene_tests::amqp::{Mailbox, Publisher};
use convene_tests::control::Control;
use convene_tests::eventually;
use convene_tests::site::{Bus, Site, Store};
use convene_tests::stage::Stage;
use convene_tests::words::{connector_message, message};
use reqwest::Method;
use tokio::time::sleep;

/// How soon an engine may notice, and how soon it may be back.
const SOON: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_the_engine_says_so_and_goes_on_where_it_was_when_it_is_back() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.alone().await;
    let site = Site::on(&control, "no-database", Store::Postgres, Bus::Rabbit).await;
    let mailbox = Mailbox::open(site.amqp(), &["channel.#"]).await;
    let mut stage = Stage::open(&site).await;
    let http = stage.http();
    stage.play(&[message("before", "nina", None, Some("Hello"))]).await;
    mailbox.greeted("nina").await;

    control.run("postgres-kill", &[]).await;
    let mut publisher = Publisher::new(site.amqp());
    publisher.publish(&[message("during", "otto", None, Some("Hello"))]).await;
    let begun = Instant::now();
    eventually("readyz is false", SOON, async || {
        let ready = http.get("/readyz").await.ok()?;
        (ready.status == 503).then_some(())
    })
    .await;
    assert_eq!(http.get("/healthz").await.unwrap().status, 200, "it lives");
    let body = connector_message("over-http", "mia", None, Some("Hello")).to_string().into_bytes();
    let refused = http.send(Method::POST, "/cim-messages", None, body).await.unwrap();
    assert_eq!(refused.status, 202, "the broker has it: {}", refused.text);
    let look = http.get("/conversations").await.unwrap();
    assert_eq!((look.status, look.code()), (503, "unavailable"), "{}", look.text);
    sleep(Duration::from_secs(3).saturating_sub(begun.elapsed())).await;
    assert!(!mailbox.has_greeted("otto"), "nothing is said that is not kept");

    control.run("postgres-start", &[]).await;
    eventually("the engine is ready again", SOON, async || {
        let ready = http.get("/readyz").await.ok()?;
        (ready.status == 200).then_some(())
    })
    .await;
    for customer in ["otto", "mia"] {
        mailbox.greeted(customer).await;
    }
    stage.play(&[message("after", "nina", None, Some("Hello again"))]).await;
    assert_eq!(stage.truth.conversations("nina").await.len(), 1, "her conversation goes on");
    stage.close().await;
    assert!(!site.log().contains("panicked"));
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_broker_the_engine_publishes_later_what_it_committed() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.alone().await;
    let site = Site::on(&control, "no-broker", Store::Postgres, Bus::Rabbit).await;
    let mailbox = Mailbox::open(site.amqp(), &["channel.#"]).await;
    let mut stage = Stage::open(&site).await;
    let http = stage.http();
    stage.play(&[message("before", "nina", None, Some("Hello"))]).await;
    mailbox.greeted("nina").await;
    // A broker that is killed right after a queue was made may forget the queue.
    sleep(Duration::from_secs(3)).await;

    control.run("rabbit-kill", &[]).await;
    let body = connector_message("lost", "otto", None, Some("Hello")).to_string().into_bytes();
    let refused = http.send(Method::POST, "/cim-messages", None, body.clone()).await.unwrap();
    assert_eq!((refused.status, refused.code()), (503, "unavailable"), "{}", refused.text);
    control.run("rabbit-start", &[]).await;
    eventually("the message is taken when it is sent again", SOON, async || {
        let answer = http.send(Method::POST, "/cim-messages", None, body.clone()).await.ok()?;
        (answer.status == 202).then_some(())
    })
    .await;
    mailbox.greeted("otto").await;
    stage.play(&[message("after", "nina", None, Some("Hello again"))]).await;
    assert_eq!(stage.truth.conversations("nina").await.len(), 1, "her conversation goes on");
    stage.close().await;
    assert!(!site.log().contains("panicked"));
    site.clean().await;
}
