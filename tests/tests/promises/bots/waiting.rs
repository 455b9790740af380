//! A customer writes on while the bot is asked: one question is out at a time, and the others wait in their order.

use std::time::Duration;

use convene_tests::eventually;
use convene_tests::faulty::{Fault, Faulty, Kind};
use tokio::time::sleep;

use super::scene::{PATIENCE, Part, Scene, conversation_of};

/// A bot that thinks, but well within its deadline.
const THINKS: Duration = Duration::from_millis(500);

/// What the bot was asked in words, in order.
fn asked(bot: &Faulty) -> Vec<String> {
    bot.asked().iter().map(|a| a.json()["message"].as_str().unwrap().to_owned()).collect()
}

async fn is_asked(bot: &Faulty, times: usize) {
    eventually("the bot is asked", PATIENCE, async || (bot.asked().len() == times).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_while_a_bot_thinks_is_answered_in_its_order() {
    let bot = Faulty::start(Kind::Webhook, Fault::Slow(THINKS)).await;
    let scene = Scene::open("in-order", &[Part::of("ada", Kind::Webhook, &bot).with("timeout: 10s")]).await;
    for n in 1..=3 {
        scene.writes("ada", "ada", n, &format!("Word {n}")).await;
    }
    is_asked(&bot, 1).await;
    scene.reads("ada", 4).await;
    sleep(THINKS).await;
    assert_eq!(scene.words("ada")[1..], ["You said: Word 1", "You said: Word 2", "You said: Word 3"]);
    assert_eq!(asked(&bot), ["Word 1", "Word 2", "Word 3"]);
    // Answers that far apart: the bot was never asked two things at once.
    let read = scene.read("ada");
    for pair in read[1..].windows(2) {
        assert!(
            pair[1].at - pair[0].at >= THINKS - Duration::from_millis(50),
            "two questions were out at once"
        );
    }
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_behind_one_that_timed_out_has_a_deadline_of_its_own() {
    let bot = Faulty::start(Kind::Webhook, Fault::HungBeforeHead).await;
    let scene = Scene::open("behind", &[Part::of("ada", Kind::Webhook, &bot)]).await;
    scene.writes("ada", "ada", 1, "Word 1").await;
    scene.writes("ada", "ada", 2, "Word 2").await;
    is_asked(&bot, 1).await;
    bot.fails(Fault::Slow(THINKS));
    scene.reads("ada", 2).await;
    sleep(Duration::from_secs(3)).await;
    assert_eq!(scene.words("ada")[1..], ["You said: Word 2"]);
    let events = scene.events(&conversation_of("ada")).await;
    let count = |name: &str| events.get(name).copied().unwrap_or_default();
    assert_eq!(["BOT_TIMEOUT", "BOT_NOT_AVAILABLE", "TASK_ENQUEUED"].map(count), [1, 0, 1], "{events:?}");
    assert_eq!(asked(&bot), ["Word 1", "Word 2"]);
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_to_the_question_before_does_not_answer_the_next_one() {
    let bot = Faulty::start(Kind::Webhook, Fault::Confirms).await;
    let part =
        Part::of("ada", Kind::Webhook, &bot).with("answers: LATER, token_env: WAITING_TOKEN, timeout: 4s");
    let scene = Scene::open_with("before", &[part], &[("WAITING_TOKEN", "waiting-token")]).await;
    scene.writes("ada", "ada", 1, "Word 1").await;
    scene.writes("ada", "ada", 2, "Word 2").await;
    // The first is never answered; the second is asked when its time is over.
    is_asked(&bot, 2).await;
    let keys: Vec<String> = bot.asked().iter().map(|a| a.key().to_owned()).collect();
    for (call, delivered) in [(&keys[0], false), (&keys[1], true), (&keys[0], false), (&keys[1], false)] {
        let body = serde_json::json!({
            "conversationId": conversation_of("ada"),
            "callId": call,
            "BotMessage": [{ "body": { "type": "PLAIN", "markdownText": format!("Answer to {call}") } }],
        });
        let headers = [("authorization", "Bearer waiting-token")];
        let answer = scene.post("/bots/ada/messages", &headers, body.to_string().as_bytes()).await;
        assert_eq!(answer.json["delivered"], delivered, "{}", answer.text);
    }
    scene.reads("ada", 2).await;
    sleep(THINKS).await;
    assert_eq!(scene.words("ada")[1..], [format!("Answer to {}", keys[1])]);
    scene.close().await;
}
