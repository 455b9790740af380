//! Random interleavings of everything that can happen. The same seed gives the same run.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use convene_core::deployment::Deployment;
use convene_core::routing::{AssignRequest, Input, TaskPhase};
use serde_json::json;

use super::centre::deployments;
use super::stage::Stage;

/// Things that happen in one interleaving.
const LENGTH: u64 = 24;
/// Conversations of one interleaving.
const CHATS: u64 = 6;
const AGENTS: [&str; 4] = ["amal", "bruno", "chen", "dora"];
const QUEUES: [(&str, &str); 4] =
    [("general", "CHAT"), ("urgent", "CHAT"), ("skilled", "CHAT"), ("phone", "VOICE")];

/// Numbers that look random: SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.roll(of.len() as u64)).unwrap()]
    }

    fn agent(&mut self) -> &'static str {
        self.one_of(&AGENTS)
    }

    fn session(&mut self) -> &'static str {
        self.one_of(&["s", "s", "s", "t", "u"])
    }

    fn chat(&mut self) -> String {
        format!("chat-{}", self.roll(CHATS))
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// `CONVENE_INTERLEAVINGS` says how many, `CONVENE_SEED` which ones.
#[test]
fn whatever_happens_no_task_is_lost_and_nobody_is_idle() {
    let (count, seed) = (number("CONVENE_INTERLEAVINGS", 1_500), number("CONVENE_SEED", 20_261_123));
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    // Which interleaving is which does not depend on the threads: its number and the seed make it.
    let steps: u64 = std::thread::scope(|scope| {
        let share =
            |first: u64| move || (first..count).step_by(threads as usize).map(|i| one(seed, i)).sum::<u64>();
        let running: Vec<_> = (0..threads).map(|first| scope.spawn(share(first))).collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("an interleaving broke a promise (see above)"))
            .sum()
    });
    println!("{count} interleavings, {steps} steps, seed {seed}, {:.1} s", began.elapsed().as_secs_f64());
}

/// Plays one interleaving; returns its steps.
fn one(seed: u64, number: u64) -> u64 {
    let mut stage = Stage::new(DEPLOYMENTS.clone());
    let mut dice = Dice(seed.wrapping_add(number.wrapping_mul(0x0001_0000_0001)));
    let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| play(&mut stage, &mut dice)));
    assert!(played.is_ok(), "interleaving {number} of seed {seed} broke a promise (see above)");
    stage.steps
}

static DEPLOYMENTS: LazyLock<Vec<Arc<Deployment>>> = LazyLock::new(deployments);

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || {
        let mut stage = Stage::new(deployments());
        let mut dice = Dice(7);
        for _ in 0..5 {
            play(&mut stage, &mut dice);
        }
        (stage.routing.records(), stage.steps)
    };
    assert_eq!(run(), run());
}

fn play(stage: &mut Stage, dice: &mut Dice) {
    for agent in AGENTS {
        stage.command("AGENT_LOGIN", json!({ "agentId": agent }));
        if dice.roll(3) > 0 {
            ready(stage, agent);
        }
    }
    for _ in 0..LENGTH {
        stage.at += i64::try_from(dice.roll(8_000)).unwrap();
        happen(stage, dice);
    }
    stage.finish();
    stage.chats.clear();
}

fn ready(stage: &mut Stage, agent: &str) {
    stage.command("AGENT_STATE", json!({ "agentId": agent, "state": "READY" }));
    for mrd in ["CHAT", "VOICE"] {
        stage.command("AGENT_MRD_STATE", json!({ "agentId": agent, "mrd": mrd, "state": "READY" }));
    }
}

/// One thing happens.
fn happen(stage: &mut Stage, dice: &mut Dice) {
    match dice.roll(28) {
        0..=5 => arrive(stage, dice, "INBOUND"),
        6..=9 => answer(stage, dice, "TASK_ACCEPT"),
        10 => answer(stage, dice, "TASK_REJECT"),
        11 | 12 => drop(stage.fire()),
        13 => cancel(stage, dice),
        14 => leave(stage, dice, "AGENT_LEFT"),
        15 => {
            leave(stage, dice, "DIRECT_TRANSFER");
            arrive(stage, dice, "DIRECT_TRANSFER");
        }
        16 => arrive(stage, dice, "CONSULT"),
        17 => drop(stage.command("AGENT_LOGOUT", json!({ "agentId": dice.agent() }))),
        18 => {
            let data = json!({ "agentId": dice.agent(), "by": "amal" });
            stage.command("AGENT_LOGOUT", data);
        }
        19 => drop(stage.command("AGENT_DISCONNECT", json!({ "agentId": dice.agent() }))),
        20 => drop(stage.command("AGENT_CONNECT", json!({ "agentId": dice.agent() }))),
        21 => {
            let agent = dice.agent();
            stage.command("AGENT_LOGIN", json!({ "agentId": agent }));
            ready(stage, agent);
        }
        22 => {
            let (mrd, state) = (dice.one_of(&["CHAT", "VOICE"]), dice.one_of(&["READY", "NOT_READY"]));
            stage.command("AGENT_MRD_STATE", json!({ "agentId": dice.agent(), "mrd": mrd, "state": state }));
        }
        23 => configure(stage, dice),
        24 => pull(stage, dice),
        25 => end_session(stage, dice),
        // A customer who is with an agent calls too.
        26 => arrive_with(stage, dice),
        _ => supervise(stage, dice),
    }
}

fn arrive_with(stage: &mut Stage, dice: &mut Dice) {
    let served: Vec<String> =
        stage.chats.iter().filter(|(_, c)| !c.agents.is_empty()).map(|(id, _)| id.clone()).collect();
    if !served.is_empty() {
        let conversation = served[usize::try_from(dice.roll(served.len() as u64)).unwrap()].clone();
        ask(stage, dice, conversation, "INBOUND");
    }
}

fn end_session(stage: &mut Stage, dice: &mut Dice) {
    let (conversation, session) = (dice.chat(), dice.session().to_owned());
    let (mrd, stays) = ("CHAT".to_owned(), dice.roll(2) == 0);
    stage.take(Input::SessionOver { conversation, home: 0, session, mrd, stays, moves: None });
}

fn arrive(stage: &mut Stage, dice: &mut Dice, direction: &str) {
    let conversation = dice.chat();
    ask(stage, dice, conversation, direction);
}

fn ask(stage: &mut Stage, dice: &mut Dice, conversation: String, direction: &str) {
    let (queue, media) = dice.one_of(&QUEUES);
    if stage.chats.get(&conversation).is_some_and(|c| c.over) {
        return;
    }
    let named = dice.roll(5) == 0;
    let inside = stage.chats.get(&conversation).and_then(|c| c.agents.first().cloned());
    let mut request: AssignRequest = serde_json::from_value(json!({
        "request": "r", "conversation": conversation, "home": 0, "session": dice.session(), "channel": "web",
        "customer": "Guest", "media": media, "queue": queue, "agent": null, "direction": direction,
        "priority": 1 + dice.roll(10), "offer": dice.roll(8) > 0, "lastAgent": null, "ttlMs": 60_000,
        "requestedBy": inside, "offerView": {},
    }))
    .unwrap();
    if dice.roll(4) == 0 {
        request.last_agent = Some(dice.agent().into());
    }
    if named {
        request.queue = None;
        request.agent = Some(dice.agent().into());
    }
    stage.arrive(request);
}

/// Mostly the agent who is asked answers; now and then somebody else tries.
fn answer(stage: &mut Stage, dice: &mut Dice, command: &str) {
    let offered: Vec<(String, String)> = stage
        .routing
        .tasks
        .values()
        .filter_map(|t| match &t.phase {
            TaskPhase::Reserved { agent, .. } => Some((t.id.clone(), agent.clone())),
            _ => None,
        })
        .collect();
    if offered.is_empty() {
        stage.command(command, json!({ "taskId": "gone", "agentId": dice.agent() }));
        return;
    }
    let (task, agent) = offered[usize::try_from(dice.roll(offered.len() as u64)).unwrap()].clone();
    let agent = if dice.roll(10) == 0 { dice.agent().to_owned() } else { agent };
    stage.command(command, json!({ "taskId": task, "agentId": agent }));
    if dice.roll(4) == 0 {
        stage.command(command, json!({ "taskId": task, "agentId": agent }));
    }
}

fn cancel(stage: &mut Stage, dice: &mut Dice) {
    let conversation = dice.chat();
    match dice.roll(3) {
        0 if stage.chats.contains_key(&conversation) => {
            drop(stage.take(Input::CloseAll { conversation, home: 0, reason: "CANCELLED".into() }));
        }
        _ => drop(stage.take(Input::Cancel { conversation, home: 0, reason: "CANCELLED".into() })),
    }
}

fn leave(stage: &mut Stage, dice: &mut Dice, reason: &str) {
    let seats: Vec<(String, String)> =
        stage.chats.iter().flat_map(|(id, c)| c.agents.iter().map(|a| (id.clone(), a.clone()))).collect();
    if seats.is_empty() {
        return;
    }
    let (conversation, agent) = seats[usize::try_from(dice.roll(seats.len() as u64)).unwrap()].clone();
    let wrap_up = dice.roll(2) == 0;
    if !wrap_up && let Some(chat) = stage.chats.get_mut(&conversation) {
        chat.agents.remove(&agent);
    }
    stage.take(Input::Left {
        conversation,
        home: 0,
        agent,
        reason: reason.into(),
        wrap_up,
        task: None,
        room: String::new(),
    });
}

fn configure(stage: &mut Stage, dice: &mut Dice) {
    stage.now_runs = usize::try_from(dice.roll(3)).unwrap();
    if dice.roll(2) == 0 {
        stage.command("RECONFIGURE", json!({}));
    }
}

fn pull(stage: &mut Stage, dice: &mut Dice) {
    let conversation = dice.chat();
    if stage.chats.get(&conversation).is_some_and(|c| c.over) {
        return;
    }
    stage.chats.entry(conversation.clone()).or_default();
    stage.take(Input::Post {
        conversation: conversation.clone(),
        home: 0,
        list: "board".into(),
        session: "s".into(),
        mrd: "CHAT".into(),
    });
    let data = json!({ "agentId": dice.agent(), "requestId": conversation });
    stage.command("LIST_JOIN", data);
}

fn supervise(stage: &mut Stage, dice: &mut Dice) {
    let conversation = dice.chat();
    if stage.chats.get(&conversation).is_none_or(|c| c.over) {
        stage.command("QUEUE_FLUSH", json!({ "queue": dice.one_of(&QUEUES).0 }));
        return;
    }
    let (session, mrd, home) = ("s".to_owned(), "CHAT".to_owned(), 0);
    let agent = dice.agent().to_owned();
    if dice.roll(2) == 0 {
        let direction = dice.one_of(&["SILENT_MONITOR", "OUTBOUND", "WHISPER"]).to_owned();
        stage.take(Input::Join { conversation, home, agent, direction, session, mrd });
    } else {
        let direction = dice.one_of(&["BARGE_IN", "CONSULT_TRANSFER"]).to_owned();
        stage.take(Input::Redirect { conversation, home, agent, direction });
    }
}
