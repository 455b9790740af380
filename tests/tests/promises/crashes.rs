//! The plug is pulled at every named point of the commit path; nothing is lost, and nothing happens twice.

use std::sync::Arc;

use convene_tests::amqp::{Input, Mailbox};
use convene_tests::control::Control;
use convene_tests::picture::Picture;
use convene_tests::site::{Bus, Site, Store};
use convene_tests::stage::Stage;
use convene_tests::words::{WEB, command, message};
use futures_util::StreamExt;
use serde_json::json;

use crate::script;

/// Every point, in the order an input passes them: `engine/runtime/src/probe.rs`.
const POINTS: [&str; 12] = [
    "before-receive",
    "after-receive",
    "before-step",
    "after-step",
    "before-commit",
    "after-commit",
    "before-acknowledge",
    "after-acknowledge",
    "before-publish",
    "after-publish",
    "before-confirm",
    "after-confirm",
];
/// In one run the engine dies at a point when it passes it for the first time, comes back, dies there again …
const PASSES: [u32; 3] = [1, 4, 9];
/// Runs at once. Most of their time is spent waiting for the lease of a dead engine to run out.
const AT_ONCE: usize = 4;

async fn run(site: &Site, plugs: Vec<String>) -> Picture {
    let mailbox = match &site.options.amqp_url {
        Some(url) => Some(Mailbox::open(url, &["#"]).await),
        None => None,
    };
    let mut stage = Stage::open(site).await;
    let planned = !plugs.is_empty();
    if planned {
        stage.pull_plugs_at(plugs).await;
    }
    script::play(&mut stage).await;
    stage.close().await;
    assert!(!planned || stage.deaths.len() >= 2, "the engine died at {:?} only", stage.deaths);
    // What was published before the last mark is with the broker; the mailbox is emptied in a moment.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let picture = Picture::of(&stage.truth, mailbox.as_ref()).await;
    assert!(!site.log().contains("panicked"), "something panicked");
    picture
}

async fn every_point(sites: impl AsyncFn(&str) -> Site + Sync) {
    let undisturbed = sites("calm").await;
    let expected = Arc::new(run(&undisturbed, Vec::new()).await);
    undisturbed.clean().await;
    assert!(expected.part("journal").len() > 25, "the script does too little");
    let runs = futures_util::stream::iter(POINTS).map(|point| {
        let (sites, expected) = (&sites, expected.clone());
        async move {
            let site = sites(point).await;
            let plugs = PASSES.iter().map(|n| format!("{point}:{n}")).collect();
            let found = run(&site, plugs).await;
            let differences = expected.differences(&found);
            site.clean().await;
            (point, differences)
        }
    });
    let found: Vec<_> = runs.buffer_unordered(AT_ONCE).collect().await;
    let wrong: Vec<String> = found
        .into_iter()
        .filter(|(_, differences)| !differences.is_empty())
        .map(|(point, differences)| format!("killed {point} (- without, + with)\n{}", differences.join("\n")))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_point_on_postgres_and_rabbitmq_everything_happens_once() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.shared().await;
    every_point(async |name| Site::on(&control, name, Store::Postgres, Bus::Rabbit).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_point_on_sqlite_everything_happens_once() {
    every_point(async |name| Site::embedded(name)).await;
}

/// Good and bad messages lie in the queue side by side when the engine starts, and it dies on the first batch: good
/// ones are taken once, and each bad one becomes a dead letter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_point_nothing_is_lost_that_came_beside_a_bad_message() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.shared().await;
    let site = Site::on(&control, "beside", Store::Sqlite, Bus::Rabbit).await;
    let mailbox = Mailbox::open(site.amqp(), &["channel.#"]).await;
    let mut stage = Stage::open(&site).await;
    for point in POINTS {
        stage.stop().await;
        let good = |n: u32| message(&format!("{point}-{n}"), point, None, Some("Hello"));
        let mut broken = good(2);
        broken.body.truncate(20);
        let mut nowhere = good(4);
        nowhere.body = String::from_utf8(nowhere.body).unwrap().replace(WEB, "9999").into_bytes();
        let lost = json!({ "agentId": "amal", "conversationId": point });
        let lost = Input { key: point.to_owned(), ..command(&format!("{point}-5"), "AGENT_LEAVE", &lost) };
        stage.send(&[good(1), broken, good(3), nowhere, lost, good(6)]).await;
        stage.pull_plugs_at([format!("{point}:1")]).await;
        stage.settle(&[1, 3, 6].map(|n| format!("m:{point}-{n}"))).await;
        stage.until_all_plugs_are_pulled().await;
        for n in [2, 4, 5] {
            let id = format!("{point}-{n}");
            mailbox
                .wait(&format!("the dead letter {id}"), |h| {
                    h.headers.contains_key("x-reason") && h.id.ends_with(&id)
                })
                .await;
        }
        let of_point = format!("where input_id like 'm:{point}-%' order by version");
        let taken = stage.truth.texts("journal", "input_id", &of_point).await;
        assert_eq!(taken, [1, 3, 6].map(|n| format!("m:{point}-{n}")));
    }
    stage.close().await;
    assert!(!site.log().contains("panicked"), "something panicked");
    site.clean().await;
}
