//! Conversations made up by dice, under the shipped flows: whatever customers, agents, bots and clocks do, in whatever
//! order, the invariants hold after every step. A failure names its seed.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use convene_core::conversation::table::{Presence, state_of};
use convene_core::conversation::{BotResult, Conversation, Input};
use convene_core::deployment::Deployment;
use convene_core::diagnostic::Findings;
use convene_core::model::{ConversationState, Json, ParticipantRole};
use convene_core::report::ReportRow;
use convene_core::routing::{self, TaskPhase};
use convene_core::rules::Host;
use convene_core::simulate::{Fired, START, Scenario, World};
use serde_json::json;

use super::{common, replay};

/// Conversations to make.
const CONVERSATIONS: usize = 1_000;
/// Things that happen in one world.
const ACTIONS: usize = 250;

const ADDRESSES: &[(&str, &str)] = &[
    ("ana", "1218"),
    ("ben", "1218"),
    ("cleo", "1218"),
    ("dora", "1218"),
    ("+4917012", "+4930901820"),
    ("+4917012", "+4930901800"),
    ("+4917099", "+4930901820"),
    ("ella", "1219"),
];
const TEXTS: &[&str] = &[
    "Hello",
    "A person please",
    "I want an agent",
    "Opening hours?",
    "My card",
    "Yes",
    "No",
    "Thank you",
    "/end_chat",
];
const LEAVING: &[&str] = &["AGENT_LEFT", "AGENT_LEFT", "DIRECT_TRANSFER", "FORCE_LOGOUT"];
const AGENTS: &[&str] = &["amal", "bruno", "chen"];

/// Dice that fall the same way for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

struct Game {
    dice: Dice,
    world: World,
    reported: BTreeMap<String, u32>,
    calls: Vec<(String, String, String)>,
    messages: u32,
    log: Vec<String>,
}

/// A failure shows what led to it.
impl Drop for Game {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let from = self.log.len().saturating_sub(60);
            eprintln!("{}", self.log[from..].join("\n"));
        }
    }
}

impl Game {
    fn new(seed: u64, deployment: &Arc<Deployment>) -> Self {
        let world = World::new(deployment.clone(), START);
        let mut game = Self {
            dice: Dice(seed),
            world,
            reported: BTreeMap::new(),
            calls: Vec::new(),
            messages: 0,
            log: Vec::new(),
        };
        for agent in AGENTS {
            game.routing("AGENT_LOGIN", json!({ "agentId": agent }));
            game.ready(agent);
        }
        game
    }

    fn took(&mut self, fired: Vec<Fired>) {
        for step in fired {
            for row in &step.reports {
                if let ReportRow::Conversation(row) = row {
                    *self.reported.entry(row.conversation_id.clone()).or_default() += 1;
                }
            }
            self.log.push(format!("{} {}", step.key, step.input));
            self.log.extend(step.trace.iter().map(|l| format!("    {:<24} {} — {}", l.at, l.what, l.why)));
            for call in step.bot_calls {
                self.calls.push((call.conversation, call.bot, call.id));
            }
        }
    }

    fn routing(&mut self, name: &str, data: Json) {
        let fired = self.world.route(routing::Input::Command { name: name.into(), data });
        self.took(fired);
    }

    fn command(&mut self, conversation: &str, name: &str, data: Json) {
        let fired = self.world.conversation(conversation, Input::Command { name: name.into(), data });
        self.took(fired);
    }

    fn event(&mut self, conversation: &str, name: &str, data: Json) {
        let event = serde_json::from_value(json!({ "name": name, "data": data })).unwrap();
        let fired = self.world.conversation(conversation, Input::Event { event: Box::new(event) });
        self.took(fired);
    }

    fn ready(&mut self, agent: &str) {
        self.routing("AGENT_STATE", json!({ "agentId": agent, "state": "READY" }));
        for mrd in ["CHAT", "VOICE"] {
            self.routing("AGENT_MRD_STATE", json!({ "agentId": agent, "mrd": mrd, "state": "READY" }));
        }
    }

    /// A conversation that is not closed, if there is one.
    fn some_conversation(&mut self) -> Option<String> {
        let live = self.world.conversations.values().filter(|c| c.state != ConversationState::Closed);
        let live: Vec<String> = live.map(|c| c.id.clone()).collect();
        (!live.is_empty()).then(|| live[self.dice.below(live.len())].clone())
    }

    fn act(&mut self) {
        match self.dice.below(100) {
            0..35 => self.customer(),
            35..65 => self.agent(),
            65..77 => self.time(),
            77..84 => self.wish(),
            84..87 => self.call_away(),
            87..92 => self.bot(),
            _ => self.admin(),
        }
    }

    fn customer(&mut self) {
        let (who, address) = self.dice.of(ADDRESSES);
        let (text, intent) = match self.dice.below(20) {
            0..3 => (None, Some("START_CHAT")),
            3..7 => (None, Some("END_CHAT")),
            7 => (None, Some("NETWORK_DISCONNECT")),
            8 => (None, Some("CALL_LEG_STARTED")),
            9 => (None, Some("CALL_LEG_ENDED")),
            10 => (None, Some("START_CONVERSATION")),
            11 => (None, Some("ASSIGN_RESOURCE_REQUESTED")),
            _ => (Some(self.dice.of(TEXTS)), None),
        };
        self.messages += 1;
        let message = json!({
            "id": format!("m{}", self.messages),
            "header": { "channelData": { "channelCustomerIdentifier": who, "serviceIdentifier": address }, "intent": intent },
            "body": text.map(|t| json!({ "type": "PLAIN", "markdownText": t })),
        });
        let fired = self.world.message(serde_json::from_value(message).unwrap());
        self.took(fired);
    }

    fn agent(&mut self) {
        let agent = self.dice.of(AGENTS);
        let tasks = self.world.routing.tasks.values();
        let offer = tasks
            .filter(|t| matches!(&t.phase, TaskPhase::Reserved { agent: a, .. } if a == agent))
            .map(|t| t.id.clone())
            .next();
        if let Some(task) = offer.filter(|_| self.dice.below(4) > 0) {
            let name = if self.dice.below(5) == 0 { "TASK_REJECT" } else { "TASK_ACCEPT" };
            self.routing(name, json!({ "taskId": task, "agentId": agent }));
            return;
        }
        let inside = self.world.conversations.values().filter(|c| c.agent(agent).is_some());
        let inside: Vec<String> = inside.map(|c| c.id.clone()).collect();
        if inside.is_empty() || self.dice.below(4) == 0 {
            self.presence(agent);
            return;
        }
        let conversation = inside[self.dice.below(inside.len())].clone();
        let (name, data) = match self.dice.below(12) {
            0..5 => ("AGENT_MESSAGE", json!({ "body": { "type": "PLAIN", "markdownText": "Yes?" } })),
            5..8 => ("AGENT_LEAVE", json!({ "reason": self.dice.of(LEAVING) })),
            8 => ("PAUSE", json!({ "duration": 120 })),
            9 => ("RESUME", json!({})),
            _ => ("WRAP_UP", json!({ "wrapups": [], "note": "done" })),
        };
        let mut data = data;
        data["agentId"] = json!(agent);
        self.command(&conversation, name, data);
    }

    fn presence(&mut self, agent: &str) {
        match self.dice.below(10) {
            0 => self.routing("AGENT_LOGOUT", json!({ "agentId": agent })),
            1 | 2 => self.routing("AGENT_STATE", json!({ "agentId": agent, "state": "NOT_READY" })),
            3 => self
                .routing("AGENT_MRD_STATE", json!({ "agentId": agent, "mrd": "CHAT", "state": "NOT_READY" })),
            _ => {
                self.routing("AGENT_LOGIN", json!({ "agentId": agent }));
                self.ready(agent);
            }
        }
    }

    fn time(&mut self) {
        let limit = if self.dice.below(4) == 0 { 600_000 } else { 40_000 };
        let to = self.world.now + i64::try_from(self.dice.below(limit)).unwrap();
        let fired = self.world.advance(to);
        self.took(fired);
    }

    /// An agent, an app or a bot wishes for another agent.
    fn wish(&mut self) {
        let Some(id) = self.some_conversation() else { return };
        let directions = ["INBOUND", "DIRECT_TRANSFER", "DIRECT_CONFERENCE", "CONSULT"];
        let agent = self.world.conversations[&id].agents().next().map(|s| s.who.clone());
        let mut metadata = json!({ "requestedBy": agent });
        if self.dice.below(3) == 0 {
            metadata["agentId"] = json!(self.dice.of(AGENTS));
        }
        let request =
            json!({ "direction": self.dice.of(&directions), "mode": "QUEUE", "metadata": metadata });
        self.event(&id, "FIND_AGENT", json!({ "requestType": request }));
    }

    fn call_away(&mut self) {
        let Some(id) = self.some_conversation() else { return };
        let agent = self.dice.of(AGENTS);
        match self.dice.below(3) {
            0 => self.event(&id, "AGENT_MRD_INTERRUPTED", json!({ "mrdId": "CHAT", "agentId": agent })),
            1 => {
                let state = json!({ "name": "NOT_READY", "reasonCode": { "name": "Callback" } });
                let presence = json!({ "agent": { "id": agent }, "state": state });
                self.event(&id, "AGENT_STATE_CHANGED", json!({ "agentPresence": presence }));
            }
            _ => {
                let task = json!({ "state": { "name": "CLOSED", "reasonCode": "FORCE_CLOSED" },
                                   "activeMedia": [{ "type": { "direction": "INBOUND", "mode": "QUEUE" } }] });
                self.event(&id, "TASK_STATE_CHANGED", json!({ "task": task }));
            }
        }
    }

    /// A bot comes back: in time, late, broken, twice.
    fn bot(&mut self) {
        if self.calls.is_empty() {
            return;
        }
        let index = self.dice.below(self.calls.len());
        let (conversation, bot, call) = self.calls[index].clone();
        if self.dice.below(4) > 0 {
            self.calls.remove(index);
        }
        let action = |name: &str| json!({ "body": { "type": "ACTION", "name": name, "data": {} } });
        let outcome = match self.dice.below(6) {
            0 => BotResult::Failed { reason: "503".into() },
            1 => BotResult::TimedOut,
            2 => BotResult::Answered { answer: action("FIND_AGENT") },
            3 => BotResult::Answered { answer: action("END_CONVERSATION") },
            4 => BotResult::Answered {
                answer: json!([{ "body": { "type": "PLAIN", "markdownText": "a" } }, action("NOTHING")]),
            },
            _ => BotResult::Answered { answer: json!({ "body": { "type": "PLAIN", "markdownText": "b" } }) },
        };
        let fired = self.world.conversation(&conversation, Input::Bot { bot, call, outcome });
        self.took(fired);
    }

    fn admin(&mut self) {
        let Some(id) = self.some_conversation() else { return };
        match self.dice.below(4) {
            0 => self.command(&id, "END_CONVERSATION", json!({})),
            1 => self.command(&id, "SET_DATA", json!({ "order": "7" })),
            2 => self.command(
                &id,
                "ACTIVITY",
                json!({ "sender": { "id": "crm" }, "body": { "type": "PLAIN", "markdownText": "x" } }),
            ),
            _ => self.command(&id, "NONSENSE", json!({})),
        }
    }

    fn check(&self) {
        let mut live = BTreeSet::new();
        for c in self.world.conversations.values() {
            self.check_conversation(c);
            if c.state != ConversationState::Closed {
                assert!(live.insert(&c.room), "two live conversations in room {}", c.room);
            }
        }
        for task in self.world.routing.tasks.values() {
            let home = self.world.conversations.get(&task.conversation);
            let alive = home.is_some_and(|c| c.state != ConversationState::Closed);
            assert!(alive, "a task without a live conversation: {task:?}");
        }
        for agent in self.world.routing.agents.values() {
            for (mrd, media) in &agent.media {
                let load = self.world.routing.load_of(&agent.id, mrd);
                assert!(load <= media.max_tasks as usize, "{} has {load} tasks on {mrd}", agent.id);
            }
        }
        for (owner, name, due) in self.world.timers() {
            assert!(due >= self.world.now, "timer {name} of {owner} is overdue");
        }
    }

    fn check_conversation(&self, c: &Conversation) {
        let closed = c.state == ConversationState::Closed;
        let presence = Presence {
            sessions: c.open_sessions(),
            agents: c.agents_present(),
            wrapping_up: c.agents_wrapping_up(),
            wrap_up_on: self.world.deployment.centre.wrap_up.enabled,
            held: c.hold.is_some(),
            agent_ever: c.agent_ever,
            ending: c.ending,
            archived: closed,
        };
        assert_eq!(c.state, state_of(c.state, &presence), "{presence:?}");
        let tasks: Vec<_> = self.world.routing.tasks.values().filter(|t| t.conversation == c.id).collect();
        let in_process = tasks.iter().filter(|t| t.in_process()).count();
        assert!(in_process <= 1, "{in_process} requests in process");
        assert_eq!(
            c.request.is_some(),
            in_process == 1,
            "the request and its task: {:?} {tasks:#?}",
            c.request
        );
        let slot = c.slots.get("agent_state").map_or("", |s| s["state"].as_str().unwrap_or_default());
        assert_eq!(slot == "requested", c.request.is_some() && !c.ending, "the flows think it is {slot}");
        let reports = self.reported.get(&c.id).copied().unwrap_or_default();
        assert_eq!(reports, u32::from(closed), "report rows of {}", c.state.as_str());
        if closed {
            assert!(tasks.is_empty() && c.timers.is_empty() && c.runs.is_empty() && c.seats.is_empty());
            return;
        }
        if let Some(bot) = c.bot_seat().filter(|_| !c.ending) {
            let talks = bot.role == ParticipantRole::Primary;
            assert_eq!(
                talks,
                c.agents_present() == 0,
                "the bot is {}, seats {:#?}",
                bot.role.as_str(),
                c.seats
            );
        }
        for seat in c.agents() {
            assert!(tasks.iter().any(|t| t.agent() == Some(&seat.who)), "agent {} has no task", seat.who);
        }
        let set: BTreeSet<&str> =
            self.world.timers().filter(|(owner, _, _)| *owner == c.id).map(|(_, name, _)| name).collect();
        assert_eq!(
            set,
            c.timers.keys().map(String::as_str).collect(),
            "timers of the state and those that are set"
        );
    }
}

/// One world, from its seed. Returns how many conversations it saw.
fn world_of(seed: u64, deployment: &Arc<Deployment>) -> usize {
    let mut game = Game::new(seed, deployment);
    for _ in 0..ACTIONS {
        let race = game.dice.below(10) == 0;
        game.world.defer(race);
        game.act();
        if race {
            game.act();
            let fired = game.world.settle();
            game.took(fired);
        }
        game.check();
    }
    let fired = game.world.advance(game.world.now + 24 * 3_600_000);
    game.took(fired);
    game.check();
    replay::replay(&format!("seed {seed}"), &game.world);
    game.world.conversations.len()
}

fn deployments() -> Vec<Arc<Deployment>> {
    let given = ["{ wrap_up: true }", "{ wrap_up: false }", "{ bot: adviser, bots: { adviser: [] } }"];
    let read = |given: &str| {
        let text = format!("scenario: dice\ngiven: {given}\nwhen: []\n");
        let scenario = Scenario::read("dice.yaml", &text, &mut Findings::new()).unwrap();
        scenario.deployment(&common::shipped(), Arc::new(Host::new())).unwrap()
    };
    given.into_iter().map(read).collect()
}

/// Worlds are independent, so that every core plays its own.
#[test]
fn whatever_happens_the_invariants_hold() {
    let deployments = deployments();
    let only = std::env::var("SEED").ok().and_then(|s| s.parse::<usize>().ok());
    let (seen, next) = (AtomicUsize::new(0), AtomicUsize::new(only.unwrap_or(1)));
    let play = || {
        while seen.load(Relaxed) < CONVERSATIONS {
            let seed = next.fetch_add(1, Relaxed);
            if only.is_some_and(|only| only != seed) {
                break;
            }
            let deployment = &deployments[seed % deployments.len()];
            let world = catch_unwind(AssertUnwindSafe(|| world_of(seed as u64, deployment)));
            let conversations = world.unwrap_or_else(|problem| {
                eprintln!("the seed is {seed}; run it alone with SEED={seed}");
                resume_unwind(problem)
            });
            seen.fetch_add(conversations, Relaxed);
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(play))));
    eprintln!("{} conversations in {} worlds", seen.load(Relaxed), next.load(Relaxed) - 1);
}
