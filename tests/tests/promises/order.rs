//! Everybody's words keep their order, whoever falls over on the way.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use convene_tests::amqp::{Input, Mailbox, Publisher};
use convene_tests::control::Control;
use convene_tests::eventually;
use convene_tests::site::{Bus, Site, Store};
use convene_tests::truth::Truth;
use convene_tests::words::{QUIET, message};
use tokio::time::sleep;

/// Conversations that go on at once.
const CONVERSATIONS: usize = 1_000;
/// Numbered messages in each.
const MESSAGES: usize = 20;
/// How long everything may take, outages included.
const PATIENCE: Duration = Duration::from_secs(300);

/// A deployment that answers each message with its own words.
const CENTRE: &str = r#"
centre: Order
media:
  CHAT: { max_tasks: 5 }
customers:
  default_name: Guest
  attributes:
    web: { kind: String }
channel_types:
  WEB: { media: CHAT, identifier: web }
queues:
  general: { media: CHAT, service_level: { within: 30s } }
bots:
  quiet: { kind: SCRIPT, flow: quiet }
channels:
  web:
    type: WEB
    service_identifier: "1218"
    bot: quiet
    queue: general
    request_ttl: 2m
"#;
const ECHO: &str = r#"
flow: echo
title: Say what was said
on:
  CUSTOMER_MESSAGE: say_it
nodes:
  say_it:
    say: "{{event.text}}"
"#;

fn customer(i: usize) -> String {
    format!("customer-{i:04}")
}

fn input_id(i: usize, n: usize) -> String {
    format!("{}-{n:02}", customer(i))
}

/// One message of everybody, then the next of everybody.
fn rounds(numbers: std::ops::RangeInclusive<usize>) -> Vec<Input> {
    let all = numbers.flat_map(|n| (0..CONVERSATIONS).map(move |i| (i, n)));
    all.map(|(i, n)| message(&input_id(i, n), &customer(i), None, Some(&n.to_string()))).collect()
}

async fn taken(truth: &Truth) -> i64 {
    truth.count("journal", "where kind = 'message'").await
}

/// What each customer read, in the order in which they read it first. A connector knows repeats by their id.
fn read(mailbox: &Mailbox) -> BTreeMap<String, Vec<String>> {
    let mut seen = HashSet::new();
    let mut read: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for heard in mailbox.heard().into_iter().filter(|h| h.body["body"]["type"] == "PLAIN") {
        if seen.insert(heard.id) {
            let text =
                |pointer: &str| heard.body.pointer(pointer).and_then(|v| v.as_str()).unwrap_or_default();
            let who = text("/header/channelData/channelCustomerIdentifier").to_owned();
            read.entry(who).or_default().push(text("/body/markdownText").to_owned());
        }
    }
    read
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_conversations_keep_their_order_while_an_engine_dies_and_the_broker_restarts() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.alone().await;
    let mut site = Site::on(&control, "order", Store::Postgres, Bus::Rabbit).await;
    let dir = site.options.home.join("deployment");
    std::fs::create_dir_all(dir.join("flows")).unwrap();
    for (file, text) in [("centre", CENTRE), ("echo", ECHO), ("quiet", QUIET)] {
        std::fs::write(dir.join(format!("flows/{file}.yaml")), text.trim_start()).unwrap();
    }
    site.options.dir = dir;
    let mailbox = Mailbox::open(site.amqp(), &["channel.#"]).await;
    let first = site.engine().await;
    let second = site.second_engine().await;
    let truth = site.truth().await;
    truth.both_own().await;

    let url = site.amqp().to_owned();
    let publishing = tokio::spawn(async move {
        let mut publisher = Publisher::new(&url);
        publisher.publish(&rounds(1..=MESSAGES)).await;
    });
    let total = i64::try_from(CONVERSATIONS * MESSAGES).unwrap();
    eventually("a quarter is done", PATIENCE, async || (taken(&truth).await > total / 4).then_some(())).await;
    control.run("rabbit-kill", &[]).await;
    sleep(Duration::from_secs(1)).await;
    control.run("rabbit-start", &[]).await;
    eventually("half is done", PATIENCE, async || (taken(&truth).await > total / 2).then_some(())).await;
    first.kill();
    eventually("all is taken and published", PATIENCE, async || {
        (taken(&truth).await >= total && truth.published().await).then_some(())
    })
    .await;
    publishing.await.unwrap();
    eventually("every answer is read", Duration::from_secs(60), async || {
        let read: usize = read(&mailbox).values().map(Vec::len).sum();
        (read >= CONVERSATIONS * MESSAGES).then_some(())
    })
    .await;

    let numbers: Vec<String> = (1..=MESSAGES).map(|n| n.to_string()).collect();
    let read = read(&mailbox);
    assert_eq!(read.len(), CONVERSATIONS, "customers who were answered");
    for (who, texts) in &read {
        assert_eq!(texts, &numbers, "what {who} read");
    }
    let rows =
        truth.rows("journal", &["key", "input_id"], "where kind = 'message' order by key, version").await;
    let mut inputs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let text = |i: usize| row[i].as_str().unwrap_or_default().to_owned();
        inputs.entry(text(0)).or_default().push(text(1));
    }
    assert_eq!(inputs.len(), CONVERSATIONS, "conversations");
    for ids in inputs.values() {
        let who = ids[0].trim_start_matches("m:").trim_end_matches("-01");
        let expected: Vec<String> = (1..=MESSAGES).map(|n| format!("m:{who}-{n:02}")).collect();
        assert_eq!(ids, &expected, "what the conversation of {who} was given");
    }
    second.stop().await;
    assert!(!site.log().contains("panicked"));
    site.clean().await;
}
