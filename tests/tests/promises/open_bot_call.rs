//! A bot is being asked when the engine dies. The customer gets exactly one answer.

use std::time::Duration;

use convene_tests::bot::Bot;
use convene_tests::control::Control;
use convene_tests::engine::root;
use convene_tests::eventually;
use convene_tests::site::{Bus, Site, Store};
use convene_tests::stage::Stage;
use convene_tests::words::message;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(40);

/// The example deployment with a bot elsewhere in the place of its own.
fn centre_with(bot: &Bot, timeout: &str) -> String {
    let centre = std::fs::read_to_string(root().join("flows/centre.yaml")).unwrap();
    let begin = centre.find("bots:\n").unwrap();
    let end = begin + centre[begin..].find("\nagents:").unwrap();
    let host = bot.url.trim_start_matches("http://").split('/').next().unwrap();
    let bots = format!(
        "private_bots: [\"{host}\"]\nbots:\n  concierge: {{ kind: WEBHOOK, url: \"{}\", timeout: {timeout} }}\n",
        bot.url
    );
    format!("{}{bots}{}", &centre[..begin], &centre[end..])
}

async fn site_with(control: Option<&Control>, bot: &Bot, timeout: &str) -> Site {
    let mut site = match control {
        Some(control) => Site::on(control, "bot", Store::Postgres, Bus::Rabbit).await,
        None => Site::embedded("bot"),
    };
    site.deployment(&[("flows/centre.yaml", centre_with(bot, timeout))]);
    site
}

/// What the customer was sent in words, in order: the texts of publications on the channel's key, by the journal.
async fn said(stage: &Stage<'_>) -> Vec<String> {
    let outputs = stage.truth.texts("journal_content", "output", "order by at, version").await;
    let mut texts = Vec::new();
    for output in outputs {
        let publications: Value = serde_json::from_str(&output).unwrap();
        for p in publications.as_array().into_iter().flatten() {
            let on_channel = p["key"].as_str().is_some_and(|k| k.starts_with("channel."));
            let text = p["body"]["body"]["markdownText"].as_str().unwrap_or_default();
            if on_channel && !text.is_empty() && p["body"]["body"]["type"] != "NOTIFICATION" {
                texts.push(text.to_owned());
            }
        }
    }
    texts
}

/// The engine dies while the bot thinks; asked again under the same key, the bot answers.
async fn asked_again(control: Option<&Control>) {
    let bot = Bot::start(Duration::from_secs(30)).await;
    let site = site_with(control, &bot, "60s").await;
    let mut stage = Stage::open(&site).await;
    stage.play(&[message("nina-1", "nina", Some("START_CHAT"), None)]).await;
    let before = said(&stage).await;
    stage.play(&[message("nina-2", "nina", None, Some("Hello"))]).await;
    eventually("the bot is asked", PATIENCE, async || (bot.asked().len() == 1).then_some(())).await;
    bot.takes(Duration::ZERO);
    stage.restart_by_force().await;
    let answered = async || (said(&stage).await.len() > before.len()).then_some(());
    eventually("the customer is answered", PATIENCE, answered).await;
    // The first call would have come to its end by now, had anybody still waited for it.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let asked = bot.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(!asked[0].key.is_empty());
    assert_eq!(asked[0].key, asked[1].key, "asked again under another key");
    assert_eq!(asked[0].body, asked[1].body, "asked something else");
    assert_eq!(said(&stage).await[before.len()..], ["You said: Hello"]);
    stage.close().await;
    assert_eq!(stage.truth.count("bot_call", "").await, 0);
    site.clean().await;
}

/// The engine is down when the bot's time is over: the customer is told so once.
async fn too_late(control: Option<&Control>) {
    let bot = Bot::start(Duration::from_secs(60)).await;
    let site = site_with(control, &bot, "3s").await;
    let mut stage = Stage::open(&site).await;
    stage.play(&[message("nina-1", "nina", Some("START_CHAT"), None)]).await;
    stage.play(&[message("nina-2", "nina", None, Some("Hello"))]).await;
    eventually("the bot is asked", PATIENCE, async || (bot.asked().len() == 1).then_some(())).await;
    stage.kill();
    tokio::time::sleep(Duration::from_secs(4)).await;
    bot.takes(Duration::ZERO);
    stage.start().await;
    let timed_out = "where kind = 'bot timed out' or kind = 'timer bot'";
    let over = async || (stage.truth.count("journal", timed_out).await > 0).then_some(());
    eventually("the call is over", PATIENCE, over).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let words = said(&stage).await;
    assert!(!words.iter().any(|w| w.starts_with("You said")), "a late answer was delivered: {words:?}");
    let outputs = stage.truth.texts("journal_content", "output", "").await;
    let timeouts = outputs.iter().map(|o| o.matches("\"event.BOT_TIMEOUT\"").count()).sum::<usize>();
    assert_eq!(timeouts, 1, "the bot's silence is noticed once");
    stage.close().await;
    assert_eq!(stage.truth.count("bot_call", "").await, 0);
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_call_open_when_the_engine_dies_is_asked_again_on_sqlite() {
    asked_again(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_call_open_when_the_engine_dies_is_asked_again_on_postgres() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.shared().await;
    asked_again(Some(&control)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_call_whose_time_ran_out_while_the_engine_was_dead_times_out_on_sqlite() {
    too_late(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_call_whose_time_ran_out_while_the_engine_was_dead_times_out_on_postgres() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.shared().await;
    too_late(Some(&control)).await;
}

/// Customers whose bot is being asked when the engine dies.
const MANY: usize = 200;

/// Two hundred calls are open when the engine dies. Half of the time is left: every customer is answered once, and the bot
/// sees each question again under its key.
async fn many(control: Option<&Control>) {
    let bot = Bot::start(Duration::from_secs(120)).await;
    let mut site = site_with(control, &bot, "100s").await;
    let centre = centre_with(&bot, "100s").replace("timeout: 100s", "timeout: 100s, at_once: 500");
    site.deployment(&[("flows/centre.yaml", centre)]);
    let mut stage = Stage::open(&site).await;
    let ids: Vec<usize> = (0..MANY).collect();
    let starts: Vec<_> = ids
        .iter()
        .map(|n| message(&format!("m{n}-1"), &format!("guest-{n}"), Some("START_CHAT"), None))
        .collect();
    stage.play(&starts).await;
    let words: Vec<_> = ids
        .iter()
        .map(|n| message(&format!("m{n}-2"), &format!("guest-{n}"), None, Some(&format!("Hello {n}"))))
        .collect();
    stage.play(&words).await;
    eventually("all are asked", PATIENCE, async || (bot.asked().len() == MANY).then_some(())).await;
    let first = bot.asked();
    bot.takes(Duration::ZERO);
    stage.restart_by_force().await;
    let answered = async || {
        let said = said(&stage).await;
        (said.iter().filter(|w| w.starts_with("You said")).count() >= MANY).then_some(())
    };
    eventually("every customer is answered", PATIENCE, answered).await;
    stage.close().await;
    let mut said = said(&stage).await;
    said.retain(|w| w.starts_with("You said"));
    said.sort();
    let mut expected: Vec<String> = ids.iter().map(|n| format!("You said: Hello {n}")).collect();
    expected.sort();
    assert_eq!(said, expected, "every customer has exactly one answer");
    let mut keys: Vec<String> = first.iter().map(|q| q.key.clone()).collect();
    let mut again: Vec<String> = bot.asked()[MANY..].iter().map(|q| q.key.clone()).collect();
    keys.sort();
    again.sort();
    assert_eq!(keys, again, "each question comes again under its own key");
    assert_eq!(stage.truth.count("bot_call", "").await, 0);
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_open_calls_are_answered_once_each_on_sqlite() {
    many(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_open_calls_are_answered_once_each_on_postgres() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.shared().await;
    many(Some(&control)).await;
}
