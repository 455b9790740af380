//! Timings of the routing machine alone: one decision with few and with many waiting tasks. Run by `tests/routing`; prints
//! figures and judges nothing.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use convene_core::conversation::Stamped;
use convene_core::deployment::Deployment;
use convene_core::routing::{AssignRequest, Input, Routing, Tell, step};
use serde_json::{Value, json};

const AGENTS: usize = 10_000;
const QUEUES: usize = 200;
const SKILLS: usize = 20;
/// Waiting tasks of the two runs.
const WAITING: [usize; 2] = [1_000, 100_000];
/// Decisions that are timed.
const DECISIONS: usize = 20_000;

fn main() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{cores} cores, {AGENTS} agents, {QUEUES} queues of two steps");
    let deployment = deployment();
    let mut medians = Vec::new();
    for waiting in WAITING {
        let before = resident_mib();
        let mut machine = Machine::new(deployment.clone());
        machine.staff();
        machine.fill(waiting);
        let (mut freed, mut arrived) = (Vec::new(), Vec::new());
        for _ in 0..DECISIONS {
            freed.push(machine.free_one());
            arrived.push(machine.arrive());
        }
        println!("{waiting:>7} waiting, {} agents busy", machine.active.len());
        let (p50, p99) = percentiles(&mut freed);
        println!(
            "{waiting:>7} waiting: an agent becomes free and gets the next task: p50 {p50:6.0} µs, p99 {p99:6.0} µs"
        );
        let (a50, a99) = percentiles(&mut arrived);
        println!(
            "{waiting:>7} waiting: a task comes in and waits:                    p50 {a50:6.0} µs, p99 {a99:6.0} µs"
        );
        println!("{waiting:>7} waiting: {:.0} MiB more than before", resident_mib() - before);
        medians.push(p50);
    }
    println!(
        "growth from {} to {} waiting: {:.2} times (goal: less than 2)",
        WAITING[0],
        WAITING[1],
        medians[1] / medians[0]
    );
}

struct Machine {
    deployment: Arc<Deployment>,
    routing: Routing,
    /// Agent and conversation of the tasks that are active.
    active: Vec<(String, String)>,
    inputs: u64,
    chats: usize,
    dice: u64,
}

impl Machine {
    fn new(deployment: Arc<Deployment>) -> Self {
        let routing = Routing::default();
        Self { deployment, routing, active: Vec::new(), inputs: 0, chats: 0, dice: 1 }
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.dice >> 33).unwrap() % sides
    }

    /// Steps, and accepts what is offered on the way; the time is that of the first step.
    fn take(&mut self, input: Input) -> Duration {
        self.inputs += 1;
        let at = i64::try_from(self.inputs).unwrap() * 10;
        let stamped = Stamped { id: format!("i{}", self.inputs), at, input };
        let began = Instant::now();
        let done = step(&self.deployment, &mut self.routing, &stamped);
        let took = began.elapsed();
        let mut offers = HashMap::new();
        for (conversation, _, tell) in done.tells {
            if let Tell::Reserved { task, .. } = tell {
                offers.insert(task.id.clone(), (task.agent.unwrap(), conversation));
            }
        }
        for (task, seat) in offers {
            self.command("TASK_ACCEPT", json!({ "taskId": task }));
            self.active.push(seat);
        }
        took
    }

    fn command(&mut self, name: &str, data: Value) {
        self.take(Input::Command { name: name.into(), data });
    }

    fn staff(&mut self) {
        for n in 0..AGENTS {
            let agent = format!("agent{n}");
            self.command("AGENT_LOGIN", json!({ "agentId": agent }));
            self.command("AGENT_STATE", json!({ "agentId": agent, "state": "READY" }));
            self.command("AGENT_MRD_STATE", json!({ "agentId": agent, "mrd": "CHAT", "state": "READY" }));
        }
    }

    fn fill(&mut self, waiting: usize) {
        // Until everybody is busy whom a first step wants; the others stay free, as they would in the morning.
        while self.routing.tasks.len() < self.active.len() + waiting {
            self.arrive();
        }
    }

    fn arrive(&mut self) -> Duration {
        self.chats += 1;
        let queue = format!("queue{}", self.roll(QUEUES));
        let priority = 1 + self.roll(10);
        let request: AssignRequest = serde_json::from_value(json!({
            "request": "r", "conversation": format!("c{}", self.chats), "home": 0, "session": "s",
            "channel": "web", "customer": "Guest", "media": "CHAT", "queue": queue, "agent": null,
            "direction": "INBOUND", "priority": priority, "offer": true, "lastAgent": null,
            "ttlMs": 600_000, "requestedBy": null, "offerView": { "conversationId": "c" },
        }))
        .unwrap();
        self.take(Input::Assign { request: Box::new(request) })
    }

    fn free_one(&mut self) -> Duration {
        let n = self.roll(self.active.len());
        let (agent, conversation) = self.active.swap_remove(n);
        self.take(Input::Left {
            conversation,
            home: 0,
            agent,
            reason: "AGENT_LEFT".into(),
            wrap_up: false,
            task: None,
            room: String::new(),
        })
    }
}

/// Every agent has three skills; every queue asks for a level of one of them, and after half a minute for less.
fn deployment() -> Arc<Deployment> {
    let mut centre = String::from(
        "centre: Large\nmedia: { CHAT: { max_tasks: 1 } }\nchannel_types: { WEB: { media: CHAT, identifier: web } }\n\
         customers: { attributes: { web: { kind: String } } }\nattributes:\n",
    );
    for n in 0..SKILLS {
        writeln!(centre, "  skill{n}: {{ kind: PROFICIENCY_LEVEL }}").unwrap();
    }
    centre += "queues:\n";
    for n in 0..QUEUES {
        let (skill, level) = (n % SKILLS, 3 + n % 5);
        writeln!(
            centre,
            "  queue{n}: {{ media: CHAT, steps: [{{ agents: skill{skill} >= {level}, timeout: 30s }}, \
             {{ agents: skill{skill} >= 1 }}] }}"
        )
        .unwrap();
    }
    centre += "agents:\n";
    for n in 0..AGENTS {
        let skills: Vec<String> =
            (0..3).map(|k| format!("skill{}: {}", (n + k * 7) % SKILLS, 1 + (n / 3 + k) % 10)).collect();
        writeln!(centre, "  agent{n}: {{ attributes: {{ {} }} }}", skills.join(", ")).unwrap();
    }
    let flow = "flow: nothing\ntitle: Nothing\non: { CONVERSATION_STARTED: rest }\nnodes: { rest: { note: nothing } }\n";
    let files: BTreeMap<String, String> =
        [("flows/centre.yaml".into(), centre), ("flows/nothing.yaml".into(), flow.into())].into();
    let loaded = Deployment::load(files);
    let findings: Vec<String> = loaded.findings.iter().take(3).map(|f| f.message.clone()).collect();
    Arc::new(loaded.deployment.unwrap_or_else(|| panic!("{findings:?}")))
}

/// p50 and p99 in µs.
fn percentiles(times: &mut [Duration]) -> (f64, f64) {
    times.sort_unstable();
    let at = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1e6;
    (at(50), at(99))
}

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap_or(0.0) / 1024.0
}
