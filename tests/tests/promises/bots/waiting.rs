//! A customer writes on while the bot is asked: one question is out at a time, and the others wait in their order.

use std::time::Duration;

use convene_tests::eventually;
use convene_tests::faulty::{Asked, Fault, Faulty, Kind};
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::sleep;

use super::scene::{DEADLINE, PATIENCE, Part, Scene, conversation_of};

/// A bot that thinks, but well within its deadline.
const THINKS: Duration = Duration::from_millis(500);

/// What the bot was asked in words, in order.
fn asked(bot: &Faulty) -> Vec<String> {
    bot.asked().iter().map(|a| a.json()["message"].as_str().unwrap().to_owned()).collect()
}

async fn is_asked(bot: &Faulty, times: usize) {
    eventually("the bot is asked", PATIENCE, async || (bot.asked().len() == times).then_some(())).await;
}

/// The bot answers a question by a call of its own, which is delivered or not.
async fn calls_back(scene: &Scene, question: &Asked, delivered: bool) {
    let body = json!({
        "conversationId": conversation_of("ada"),
        "callId": question.key(),
        "BotMessage": [{ "body": { "type": "PLAIN", "markdownText": format!("Answer to {}", question.key()) } }],
    });
    let headers = [("authorization", "Bearer waiting-token")];
    let answer = scene.post("/bots/ada/messages", &headers, body.to_string().as_bytes()).await;
    assert_eq!(answer.json["delivered"], delivered, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_while_a_bot_thinks_is_answered_in_its_order() {
    let bot = Faulty::start(Kind::Webhook, Fault::Slow(THINKS));
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
    let bot = Faulty::start(Kind::Webhook, Fault::HungBeforeHead);
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
    let bot = Faulty::start(Kind::Webhook, Fault::Confirms);
    let part =
        Part::of("ada", Kind::Webhook, &bot).with("answers: LATER, token_env: WAITING_TOKEN, timeout: 4s");
    let scene = Scene::open_with("before", &[part], &[("WAITING_TOKEN", "waiting-token")]).await;
    scene.writes("ada", "ada", 1, "Word 1").await;
    scene.writes("ada", "ada", 2, "Word 2").await;
    // The first is never answered; the second is asked when its time is over.
    is_asked(&bot, 2).await;
    let asked = bot.asked();
    for (question, delivered) in [(0, false), (1, true), (0, false), (1, false)] {
        calls_back(&scene, &asked[question], delivered).await;
    }
    scene.reads("ada", 2).await;
    sleep(THINKS).await;
    assert_eq!(scene.words("ada")[1..], [format!("Answer to {}", asked[1].key())]);
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_that_calls_back_and_then_answers_the_request_too_has_answered_once() {
    let bot = Faulty::start(Kind::Webhook, Fault::Slow(Duration::from_secs(2)));
    let more = "answers: LATER, token_env: WAITING_TOKEN, timeout: 20s";
    let part = Part::of("ada", Kind::Webhook, &bot).with(more);
    let scene = Scene::open_with("both-ways", &[part], &[("WAITING_TOKEN", "waiting-token")]).await;
    scene.writes("ada", "ada", 1, "Word 1").await;
    scene.writes("ada", "ada", 2, "Word 2").await;
    is_asked(&bot, 1).await;
    bot.fails(Fault::Confirms);
    calls_back(&scene, &bot.asked()[0], true).await;
    is_asked(&bot, 2).await;
    // While the second question is open the bot answers the first one again, on its own connection.
    sleep(Duration::from_millis(2_500)).await;
    calls_back(&scene, &bot.asked()[1], true).await;
    scene.reads("ada", 3).await;
    sleep(THINKS).await;
    let expected: Vec<String> = bot.asked().iter().map(|a| format!("Answer to {}", a.key())).collect();
    assert_eq!(scene.words("ada")[1..], expected);
    scene.close().await;
}

/// Answers and deadlines at the same moment: whichever comes first counts, and the other one nobody notices.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_at_the_very_deadline_counts_or_the_deadline_does_but_never_both() {
    const CUSTOMERS: usize = 40;
    let bot = Faulty::start(Kind::Webhook, Fault::Slow(DEADLINE));
    let scene = Scene::open("race", &[Part::of("race", Kind::Webhook, &bot)]).await;
    let names: Vec<String> = (0..CUSTOMERS).map(|n| format!("runner{n}")).collect();
    let (mut answered, mut timed_out) = (0, 0);
    for (n, name) in names.iter().enumerate() {
        // A little faster from one customer to the next: some are in time and some are not.
        bot.fails(Fault::Slow(DEADLINE - Duration::from_millis(3 * n as u64)));
        scene.writes("race", name, 1, "Word 1").await;
        is_asked(&bot, n + 1).await;
    }
    join_all(names.iter().map(|name| scene.writes("race", name, 2, "Word 2"))).await;
    sleep(DEADLINE * 2 + Duration::from_millis(1_500)).await;
    for name in &names {
        let words = scene.words(name);
        let answers = words.iter().filter(|w| w.starts_with("You said")).count();
        let events = scene.events(&conversation_of(name)).await;
        let count = |event: &str| events.get(event).copied().unwrap_or_default();
        let timeouts = count("BOT_TIMEOUT");
        assert_eq!(answers + timeouts, 2, "{name}: {words:?} {events:?}");
        assert_eq!(count("TASK_ENQUEUED"), timeouts.min(1), "{name}: {events:?}");
        // The welcome, the answers, and an apology for the second silence.
        assert_eq!(words.len(), 1 + answers + timeouts.saturating_sub(1), "{name}: {words:?}");
        assert!(words.iter().filter(|w| w.as_str() == "You said: Word 1").count() <= 1, "{name}: {words:?}");
        answered += answers;
        timed_out += timeouts;
    }
    println!("{answered} answers were in time, {timed_out} were not");
    scene.close().await;
}
