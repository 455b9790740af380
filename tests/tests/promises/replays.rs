//! The journal says everything: stepped again it gives the same states, byte for byte, and both stores keep the same.

use std::time::Duration;

use convene_tests::amqp::{Input, Mailbox};
use convene_tests::control::Control;
use convene_tests::picture::Picture;
use convene_tests::replay::replay;
use convene_tests::site::{Bus, Site, Store};
use convene_tests::stage::Stage;
use convene_tests::words::{command, message, seen_id};
use serde_json::json;
use tokio::time::sleep;

use crate::script;

/// Conversations of the generated run.
const GENERATED: usize = 1000;
/// One in so many customers asks for a person; the others are served by the bot.
const PERSON_EVERY: usize = 8;
/// How long all of them may take, on a small and busy machine.
const SETTLE_WAIT: Duration = Duration::from_secs(240);

async fn script_on(site: &Site) -> Picture {
    let mailbox = Mailbox::open(site.amqp(), &["#"]).await;
    let mut stage = Stage::open(site).await;
    script::play(&mut stage).await;
    stage.close().await;
    sleep(Duration::from_millis(500)).await;
    assert!(replay(&stage.truth).await > 2);
    Picture::of(&stage.truth, Some(&mailbox)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_and_postgres_keep_the_same_journal_and_both_replay_to_the_same_bytes() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.shared().await;
    let file = Site::on(&control, "file", Store::Sqlite, Bus::Rabbit).await;
    let server = Site::on(&control, "server", Store::Postgres, Bus::Rabbit).await;
    let (on_file, on_server) = tokio::join!(script_on(&file), script_on(&server));
    on_file.must_equal(&on_server, "the same inputs on Postgres");
    file.clean().await;
    server.clean().await;
}

/// A small deterministic source of choices (xorshift): the same conversations in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap_or(0)
    }
}

/// What one customer does: a few things at random, with odd ones among them.
fn conversation_of(dice: &mut Dice, number: usize) -> Vec<Input> {
    const BOT: [&str; 6] = ["Hello", "When are you open?", "My card is gone", "Yes", "thanks", "bye"];
    const PERSON: [&str; 4] = ["Talk to a person", "Hello", "My card is gone", "No"];
    let words: &[&str] = if number.is_multiple_of(PERSON_EVERY) { &PERSON } else { &BOT };
    let customer = format!("customer-{number}");
    let mut inputs = Vec::new();
    if dice.below(3) > 0 {
        inputs.push(message(&format!("g{number}-start"), &customer, Some("START_CHAT"), None));
    }
    for turn in 0..2 + dice.below(5) {
        let id = format!("g{number}-{turn}");
        inputs.push(match dice.below(12) {
            0 => message(&id, &customer, Some("END_CHAT"), None),
            1 => message(&id, &customer, Some("START_CHAT"), None),
            _ => message(&id, &customer, None, Some(words[dice.below(words.len())])),
        });
    }
    inputs
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_generated_conversations_replay_to_the_same_bytes() {
    let Some(control) = Control::from_env() else { return };
    let _servers = control.shared().await;
    let site = Site::on(&control, "generated", Store::Postgres, Bus::Rabbit).await;
    let mut stage = Stage::open(&site).await;
    for agent in ["amal", "bruno", "chen"] {
        stage.agent_comes(agent, agent).await;
    }
    let mut dice = Dice(0x5eed_5eed_5eed);
    let customers: Vec<Vec<Input>> =
        (0..GENERATED).map(|number| conversation_of(&mut dice, number)).collect();
    let longest = customers.iter().map(Vec::len).max().unwrap_or(0);
    for turn in 0..longest {
        let inputs: Vec<Input> = customers.iter().filter_map(|c| c.get(turn).cloned()).collect();
        stage.send(&inputs).await;
        accept_and_leave(&mut stage, turn).await;
    }
    let ids: Vec<String> = customers.iter().flatten().map(seen_id).collect();
    for chunk in ids.chunks(2000) {
        stage.settle_within(chunk, SETTLE_WAIT).await;
    }
    stage.close().await;
    let replayed = replay(&stage.truth).await;
    assert!(replayed >= GENERATED, "only {replayed} conversations");
    assert!(!site.log().contains("panicked"));
    site.clean().await;
}

/// Agents take what rings now, say a word, and leave; the next offers ring.
async fn accept_and_leave(stage: &mut Stage<'_>, turn: usize) {
    let tasks = stage.truth.texts("routing_record", "body", "where key like 'task:%'").await;
    let mut inputs = Vec::new();
    for task in tasks {
        let task: serde_json::Value = serde_json::from_str(&task).unwrap();
        let (phase, conversation) = (&task["phase"], &task["conversation"]);
        let id = format!("{}-{turn}", task["id"].as_str().unwrap_or_default());
        let here = json!({ "agentId": phase["agent"], "conversationId": conversation });
        match phase["phase"].as_str() {
            Some("RESERVED") => {
                let data = json!({ "agentId": phase["agent"], "taskId": task["id"] });
                inputs.push(command(&format!("take-{id}"), "TASK_ACCEPT", &data));
            }
            Some("ACTIVE") => {
                let mut words = here.clone();
                words["body"] = json!({ "type": "PLAIN", "markdownText": "Good day" });
                inputs.push(command(&format!("say-{id}"), "AGENT_MESSAGE", &words));
                inputs.push(command(&format!("leave-{id}"), "AGENT_LEAVE", &here));
            }
            Some("WRAP_UP") => inputs.push(command(&format!("wrap-{id}"), "WRAP_UP", &here)),
            _ => {}
        }
    }
    stage.send(&inputs).await;
}
