//! A webhook bot that answers later, by a call of its own: who may call, what counts, and what the customer reads.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use convene_core::model::Json;
use convene_tests::eventually;
use convene_tests::faulty::{Asked, Fault, Faulty, Kind};
use convene_tests::http::Answer;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use tokio::time::sleep;

use super::scene::{PATIENCE, Part, Scene, conversation_of};

const TOKEN: &str = "later-token-1";
const OTHER_TOKEN: &str = "later-token-2";
/// A key as the standard prints it, and one that is taken as it is.
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PLAIN_KEY: &str = "a key in plain words";
/// Time in which a second line would have come.
const QUIET: Duration = Duration::from_millis(700);
const WELCOMED: usize = 1;

/// The signature of a message by the words of the standard, computed here and not by the engine.
fn signature(key: &[u8], id: &str, at: u64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(at.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn key_bytes() -> Vec<u8> {
    STANDARD.decode(KEY.trim_start_matches("whsec_")).unwrap()
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The body of a call that answers a customer's question.
fn answer(customer: &str, bot: &str, call: Option<&str>, text: &str) -> Json {
    let mut body = json!({
        "conversationId": conversation_of(customer),
        "botId": bot,
        "BotMessage": [{ "body": { "type": "PLAIN", "markdownText": text } }],
    });
    if let Some(call) = call {
        body["callId"] = json!(call);
    }
    body
}

/// The bot calls with a token; an empty one is none.
async fn calls(scene: &Scene, bot: &str, token: &str, body: &Json) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let headers = if token.is_empty() { &headers[..0] } else { &headers[..] };
    scene.post(&format!("/bots/{bot}/messages"), headers, body.to_string().as_bytes()).await
}

/// The bot calls with a signature, made now or at another time.
async fn signs(scene: &Scene, bot: &str, key: &[u8], at: u64, signed: &Json, sent: &Json) -> Answer {
    let made = signature(key, "m1", at, signed.to_string().as_bytes());
    let at = at.to_string();
    let headers = [("webhook-id", "m1"), ("webhook-timestamp", at.as_str()), ("webhook-signature", &made)];
    scene.post(&format!("/bots/{bot}/messages"), &headers, sent.to_string().as_bytes()).await
}

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code()), (status, code), "{}", answer.text);
}

fn delivered(answer: &Answer, yes: bool) {
    assert_eq!((answer.status, &answer.json["delivered"]), (200, &json!(yes)), "{}", answer.text);
}

/// A customer asks; returns the request by which the bot hears of it.
async fn asks(scene: &Scene, bot: &Faulty, channel: &str, customer: &str) -> Asked {
    scene.writes(channel, customer, 1, &format!("Hello from {customer}")).await;
    let id = conversation_of(customer);
    let of_the_customer = |a: &Asked| a.json()["conversation"] == id.as_str();
    let heard = async || bot.asked().into_iter().find(of_the_customer);
    eventually(&format!("the bot hears of {customer}"), PATIENCE, heard).await
}

/// The customer reads exactly these words beside the welcome, also a while later.
async fn reads_only(scene: &Scene, customer: &str, words: &[&str]) {
    scene.reads(customer, WELCOMED + words.len()).await;
    sleep(QUIET).await;
    assert_eq!(scene.words(customer)[WELCOMED..], *words, "{customer}");
}

/// A centre with bots that answer later, all of them played by one server.
async fn scene(name: &str, bot: &Faulty) -> Scene {
    let part = |name, more| Part::of(name, Kind::Webhook, bot).with(more);
    let parts = [
        part("later", "answers: LATER, token_env: LATER_TOKEN, timeout: 30s"),
        part("other", "answers: LATER, token_env: OTHER_TOKEN, timeout: 30s"),
        part("hasty", "answers: LATER, token_env: LATER_TOKEN, timeout: 1s"),
        part("at-once", "token_env: LATER_TOKEN"),
        part("signed", "answers: LATER, signing_env: LATER_KEY, timeout: 30s"),
        part("signed-plainly", "answers: LATER, signing_env: LATER_PLAIN_KEY, timeout: 30s"),
        part("no-secret", "answers: LATER, timeout: 30s"),
        part("lost-secret", "answers: LATER, token_env: LATER_LOST, timeout: 30s"),
        part("own-header", "answers: LATER, token_env: LATER_TOKEN, token_header: X-Key, timeout: 30s"),
    ];
    let env = [
        ("LATER_TOKEN", TOKEN),
        ("OTHER_TOKEN", OTHER_TOKEN),
        ("LATER_KEY", KEY),
        ("LATER_PLAIN_KEY", PLAIN_KEY),
    ];
    Scene::open_with(name, &parts, &env).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_comes_later_counts_once_and_only_for_its_question() {
    let bot = Faulty::start(Kind::Webhook, Fault::Confirms);
    let scene = scene("later", &bot).await;
    // By its call, and again: the second is recorded and not delivered.
    let call = asks(&scene, &bot, "later", "ada").await.key();
    let first = answer("ada", "later", Some(&call), "Hello, Ada");
    delivered(&calls(&scene, "later", TOKEN, &first).await, true);
    delivered(&calls(&scene, "later", TOKEN, &first).await, false);
    delivered(&calls(&scene, "later", TOKEN, &answer("ada", "later", None, "And again")).await, false);
    reads_only(&scene, "ada", &["Hello, Ada"]).await;

    // The same call repeated under its key, as a client does that did not hear the answer.
    let call = asks(&scene, &bot, "later", "bob").await.key();
    let body = answer("bob", "later", Some(&call), "Hello, Bob").to_string();
    let headers = [("authorization", &*format!("Bearer {TOKEN}")), ("idempotency-key", "bob-answers")];
    for _ in 0..2 {
        let _ = scene.post("/bots/later/messages", &headers, body.as_bytes()).await.good();
    }
    reads_only(&scene, "bob", &["Hello, Bob"]).await;

    // Another call's id, another conversation's id, another bot: none of them answers Cleo.
    asks(&scene, &bot, "later", "cleo").await;
    let strange = answer("cleo", "later", Some("no-such-call"), "From nowhere");
    delivered(&calls(&scene, "later", TOKEN, &strange).await, false);
    let of_bob = answer("cleo", "later", Some(&call), "For Bob");
    delivered(&calls(&scene, "later", TOKEN, &of_bob).await, false);
    let from_other = answer("cleo", "other", None, "From another bot");
    delivered(&calls(&scene, "other", OTHER_TOKEN, &from_other).await, false);
    let mut nobody = answer("cleo", "later", None, "To nobody");
    nobody["conversationId"] = json!("no-such-conversation");
    refused(&calls(&scene, "later", TOKEN, &nobody).await, 404, "unknown_conversation");
    // Without the id of a call it answers the question that is open.
    delivered(&calls(&scene, "later", TOKEN, &answer("cleo", "later", None, "Hello, Cleo")).await, true);
    reads_only(&scene, "cleo", &["Hello, Cleo"]).await;
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_after_the_deadline_or_beside_an_answer_at_once_is_not_delivered() {
    let bot = Faulty::start(Kind::Webhook, Fault::Confirms);
    let scene = scene("too-late", &bot).await;
    let call = asks(&scene, &bot, "hasty", "dora").await.key();
    let queued = async || scene.tasks().await.contains_key(&conversation_of("dora")).then_some(());
    eventually("an agent is looked for", PATIENCE, queued).await;
    for call in [Some(call.as_str()), None] {
        delivered(&calls(&scene, "hasty", TOKEN, &answer("dora", "hasty", call, "Too late")).await, false);
    }
    reads_only(&scene, "dora", &[]).await;
    assert_eq!(scene.events(&conversation_of("dora")).await.get("TASK_ENQUEUED"), Some(&1));

    bot.fails(Fault::None);
    let call = asks(&scene, &bot, "at-once", "emil").await.key();
    scene.reads("emil", WELCOMED + 1).await;
    for call in [Some(call.as_str()), None] {
        delivered(&calls(&scene, "at-once", TOKEN, &answer("emil", "at-once", call, "Twice")).await, false);
    }
    reads_only(&scene, "emil", &["You said: Hello from emil"]).await;
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_bot_itself_may_answer_later() {
    let bot = Faulty::start(Kind::Webhook, Fault::Confirms);
    let scene = scene("who", &bot).await;
    let body = answer("finn", "later", None, "Forged");
    asks(&scene, &bot, "later", "finn").await;
    let not = (401, "bot_not_authenticated");
    for token in ["", "wrong", OTHER_TOKEN, "later-token-", "later-token-12", "Later-Token-1"] {
        let answer = calls(&scene, "later", token, &body).await;
        assert_eq!((answer.status, answer.code()), not, "{token:?}: {}", answer.text);
    }
    let basic = [("authorization", &*format!("Basic {TOKEN}"))];
    refused(&scene.post("/bots/later/messages", &basic, body.to_string().as_bytes()).await, not.0, not.1);
    for lost in ["no-secret", "lost-secret"] {
        for token in ["", TOKEN] {
            refused(&calls(&scene, lost, token, &answer("finn", lost, None, "Forged")).await, not.0, not.1);
        }
    }
    // A bot with a header of its own is not known by a bearer token.
    refused(
        &calls(&scene, "own-header", TOKEN, &answer("finn", "own-header", None, "x")).await,
        not.0,
        not.1,
    );
    let own = answer("finn", "own-header", None, "x").to_string();
    let in_place = scene.post("/bots/own-header/messages", &[("x-key", TOKEN)], own.as_bytes()).await;
    delivered(&in_place, false);

    refused(&calls(&scene, "later", TOKEN, &answer("finn", "other", None, "x")).await, 400, "wrong_bot");
    for unknown in ["nobody", "concierge"] {
        refused(
            &calls(&scene, unknown, TOKEN, &answer("finn", unknown, None, "x")).await,
            404,
            "unknown_bot",
        );
    }
    let mut empty = answer("finn", "later", None, "x");
    empty["BotMessage"] = Json::Null;
    refused(&calls(&scene, "later", TOKEN, &empty).await, 422, "missing_field");
    reads_only(&scene, "finn", &[]).await;
    delivered(&calls(&scene, "later", TOKEN, &answer("finn", "later", None, "Hello, Finn")).await, true);
    reads_only(&scene, "finn", &["Hello, Finn"]).await;
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_are_signed_and_signed_answers_are_checked() {
    let bot = Faulty::start(Kind::Webhook, Fault::Confirms);
    let scene = scene("signed", &bot).await;
    let asked = asks(&scene, &bot, "signed", "gina").await;
    let at: u64 = asked.header("webhook-timestamp").parse().unwrap();
    assert!(now_s().abs_diff(at) < 60, "signed at {at}");
    assert_eq!(asked.header("webhook-id"), asked.key());
    let made = signature(&key_bytes(), &asked.key(), at, &asked.bytes);
    assert_eq!(asked.header("webhook-signature"), made);
    assert_eq!(asked.header("authorization"), "", "there is no token to send");

    let (good, changed) =
        (answer("gina", "signed", None, "Pay Gina"), answer("gina", "signed", None, "Pay Eve"));
    let (key, now) = (key_bytes(), now_s());
    let not = (401, "bot_not_authenticated");
    for (key, at, sent) in [
        (key.as_slice(), now - 301, &good),
        (&key, now + 330, &good),
        (&key, 0, &good),
        (&key, now, &changed),
        (KEY.as_bytes(), now, &good),
        (b"another key", now, &good),
    ] {
        refused(&signs(&scene, "signed", key, at, &good, sent).await, not.0, not.1);
    }
    refused(&calls(&scene, "signed", KEY, &good).await, not.0, not.1);
    refused(&calls(&scene, "signed", "", &good).await, not.0, not.1);
    // The time is signed too: an old message does not become a new one.
    let old = signature(&key, "m1", now - 1_000, good.to_string().as_bytes());
    let fresh = now.to_string();
    let headers = [("webhook-id", "m1"), ("webhook-timestamp", &*fresh), ("webhook-signature", &*old)];
    let again = scene.post("/bots/signed/messages", &headers, good.to_string().as_bytes()).await;
    refused(&again, not.0, not.1);
    reads_only(&scene, "gina", &[]).await;

    delivered(&signs(&scene, "signed", &key, now_s(), &good, &good).await, true);
    delivered(&signs(&scene, "signed", &key, now_s(), &good, &good).await, false);
    reads_only(&scene, "gina", &["Pay Gina"]).await;

    let asked = asks(&scene, &bot, "signed-plainly", "hans").await;
    let at: u64 = asked.header("webhook-timestamp").parse().unwrap();
    let made = signature(PLAIN_KEY.as_bytes(), &asked.key(), at, &asked.bytes);
    assert_eq!(asked.header("webhook-signature"), made);
    let body = answer("hans", "signed-plainly", Some(&asked.key()), "Hello, Hans");
    delivered(&signs(&scene, "signed-plainly", PLAIN_KEY.as_bytes(), now_s(), &body, &body).await, true);
    reads_only(&scene, "hans", &["Hello, Hans"]).await;
    scene.close().await;
}
