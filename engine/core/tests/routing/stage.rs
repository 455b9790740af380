//! The machine with timers, and with conversations that answer as real ones do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use convene_core::conversation::Stamped;
use convene_core::deployment::Deployment;
use convene_core::effect::Reply;
use convene_core::report::ReportRow;
use convene_core::routing::{AssignRequest, Input, Routing, Step, TaskPhase, Tell, step};
use serde_json::{Value, json};

use super::oracle;

/// Reasons a task may end with (1.12).
const REASONS: &[&str] = &[
    "RONA",
    "DONE",
    "NO_AGENT_AVAILABLE",
    "REROUTE",
    "CANCELLED",
    "AGENT_LOGOUT",
    "TRANSFERRED",
    "FORCE_CLOSED",
];

/// A conversation as far as routing knows it.
#[derive(Debug, Default)]
pub(super) struct Chat {
    /// Agents who are in.
    pub(super) agents: BTreeSet<String>,
    /// It is closed.
    pub(super) over: bool,
}

/// The machine and its surroundings.
pub(super) struct Stage {
    pub(super) deployments: Vec<Arc<Deployment>>,
    pub(super) now_runs: usize,
    pub(super) routing: Routing,
    pub(super) at: i64,
    pub(super) chats: BTreeMap<String, Chat>,
    timers: BTreeMap<String, (String, i64)>,
    /// Tasks that were told to begin and not to end.
    alive: BTreeSet<String>,
    reported: BTreeSet<String>,
    answers: VecDeque<Input>,
    inputs: u64,
    /// Steps taken.
    pub(super) steps: u64,
}

impl Stage {
    pub(super) fn new(deployments: Vec<Arc<Deployment>>) -> Self {
        Self {
            deployments,
            now_runs: 0,
            routing: Routing::default(),
            at: 1_000_000,
            chats: BTreeMap::new(),
            timers: BTreeMap::new(),
            alive: BTreeSet::new(),
            reported: BTreeSet::new(),
            answers: VecDeque::new(),
            inputs: 0,
            steps: 0,
        }
    }

    pub(super) fn deployment(&self) -> Arc<Deployment> {
        self.deployments[self.now_runs].clone()
    }

    /// A command of a desk.
    pub(super) fn command(&mut self, name: &str, data: Value) -> Option<Reply> {
        self.take(Input::Command { name: name.into(), data })
    }

    /// An input and everything conversations answer.
    pub(super) fn take(&mut self, input: Input) -> Option<Reply> {
        let reply = self.one(input);
        while let Some(answer) = self.answers.pop_front() {
            self.one(answer);
        }
        reply
    }

    fn one(&mut self, input: Input) -> Option<Reply> {
        self.inputs += 1;
        let stamped = Stamped { id: format!("i{}", self.inputs), at: self.at, input };
        let d = self.deployment();
        // Now and then a machine that was read from its records takes the same step: the same must follow.
        let copy = self.inputs.is_multiple_of(37).then(|| Routing::load(&self.routing.records()).unwrap());
        let done = step(&d, &mut self.routing, &stamped);
        if let Some(mut copy) = copy {
            let again = step(&d, &mut copy, &stamped);
            assert_eq!(
                format!("{done:?}"),
                format!("{again:?}"),
                "a machine that was read decides otherwise"
            );
            assert_eq!(copy.records(), self.routing.records());
        }
        self.steps += 1;
        self.keep_timers(&done);
        self.hear(&done);
        self.check(&d, &done);
        done.reply
    }

    fn keep_timers(&mut self, done: &Step) {
        for name in &done.timers_cleared {
            self.timers.remove(name);
        }
        for timer in &done.timers_set {
            self.timers.insert(timer.name.clone(), (timer.id.clone(), timer.due));
        }
    }

    fn hear(&mut self, done: &Step) {
        for (conversation, home, tell) in &done.tells {
            let over = self.chats.get(conversation).is_none_or(|c| c.over);
            let left = |agent: &str, reason: &str, wrap_up| Input::Left {
                conversation: conversation.clone(),
                home: *home,
                agent: agent.to_owned(),
                reason: reason.to_owned(),
                wrap_up,
                task: None,
                room: String::new(),
            };
            let chat = self.chats.entry(conversation.clone()).or_default();
            match tell {
                Tell::Changed { task, .. } => match task.state.as_str() {
                    "CLOSED" => {
                        let reason = task.reason.as_deref().unwrap_or("none");
                        assert!(REASONS.contains(&reason), "ended with {reason}: {task:?}");
                        self.alive.remove(&task.id);
                    }
                    _ => {
                        self.alive.insert(task.id.clone());
                    }
                },
                Tell::Joined { agent, .. } if over => self.answers.push_back(left(agent, "CANCELLED", false)),
                Tell::Joined { agent, .. } => {
                    chat.agents.insert(agent.clone());
                }
                Tell::Gone { agent, reason } => {
                    chat.agents.remove(agent);
                    self.answers.push_back(left(agent, reason, false));
                }
                Tell::Interrupted { agent, .. } if chat.agents.remove(agent) => {
                    self.answers.push_back(left(agent, "MRD_INTERRUPTED", false));
                }
                Tell::WrapUpOver { agent, .. } => {
                    chat.agents.remove(agent);
                }
                Tell::AllClosed => chat.over = true,
                _ => {}
            }
        }
        for row in &done.reports {
            if let ReportRow::AgentTask(row) = row {
                assert!(self.reported.insert(row.agent_task_id.clone()), "reported twice: {row:?}");
                assert!(row.task_alert_duration >= 0 && row.task_queue_duration >= 0, "{row:?}");
            }
        }
    }

    fn check(&self, d: &Deployment, done: &Step) {
        oracle::check(d, &self.routing);
        // A further medium is told as part of its task.
        let own = self.routing.tasks.values().filter(|t| t.added_to.is_none());
        let known: BTreeSet<&String> = own.map(|t| &t.id).collect();
        assert_eq!(known, self.alive.iter().collect(), "tasks were lost, or live on untold");
        self.check_timers();
        for (_, _, tell) in &done.tells {
            if let Tell::Reserved { task, .. } = tell {
                let agent = task.agent.clone().unwrap();
                let limit = self.routing.agents[&agent].media[&task.mrd].max_tasks as usize;
                let load = self.routing.load_of(&agent, &task.mrd);
                assert!(load <= limit, "{agent} has {load} of {limit} after an offer");
            }
        }
    }

    /// The timers that are set are those the records name: none lost, none twice.
    fn check_timers(&self) {
        let mut named: BTreeMap<String, String> = BTreeMap::new();
        for task in self.routing.tasks.values() {
            let id = &task.id;
            let timer = |timer: &convene_core::routing::TimerRef| timer.id.clone();
            named.extend(task.ttl.as_ref().map(|t| (format!("ttl:{id}"), timer(t))));
            named.extend(task.estimate.as_ref().map(|t| (format!("wait:{id}"), timer(t))));
            named.extend(task.step.as_ref().map(|t| (format!("step:{id}"), timer(t))));
            match &task.phase {
                TaskPhase::Reserved { ring, .. } => drop(named.insert(format!("ring:{id}"), timer(ring))),
                TaskPhase::WrapUp { until, .. } => drop(named.insert(format!("wrap:{id}"), timer(until))),
                _ => {}
            }
        }
        for agent in self.routing.agents.values() {
            named.extend(agent.grace.as_ref().map(|t| (format!("grace:{}", agent.id), t.id.clone())));
        }
        let set: BTreeMap<String, String> =
            self.timers.iter().map(|(name, (id, _))| (name.clone(), id.clone())).collect();
        assert_eq!(set, named, "timers that are set, and those the records name");
    }

    /// Time goes on to the next timer, which fires; `false` when none is set.
    pub(super) fn fire(&mut self) -> bool {
        let next = self.timers.iter().min_by_key(|(name, (_, due))| (*due, (*name).clone()));
        let Some((name, (id, due))) = next.map(|(n, t)| (n.clone(), t.clone())) else { return false };
        self.at = self.at.max(due);
        // A store forgets a timer when it is told to, not when it fires.
        self.take(Input::Timer { name: name.clone(), timer: id.clone() });
        let left = self.timers.get(&name).is_some_and(|(still, _)| *still == id);
        assert!(!left, "{name} fired and is still set");
        true
    }

    /// A customer asks.
    pub(super) fn arrive(&mut self, request: AssignRequest) {
        self.chats.entry(request.conversation.clone()).or_default();
        self.take(Input::Assign { request: Box::new(request) });
    }

    /// Ends everything: afterwards nothing may be left.
    pub(super) fn finish(&mut self) {
        let open: Vec<String> =
            self.chats.iter().filter(|(_, c)| !c.over).map(|(id, _)| id.clone()).collect();
        for conversation in open {
            self.take(Input::CloseAll { conversation, home: 0, reason: "CANCELLED".into() });
        }
        assert!(self.routing.tasks.is_empty(), "left: {:?}", self.routing.tasks);
        assert!(self.routing.posts.is_empty(), "left: {:?}", self.routing.posts);
        let agents: Vec<String> = self.routing.agents.keys().cloned().collect();
        for agent in agents {
            self.command("AGENT_LOGOUT", json!({ "agentId": agent }));
        }
        while self.fire() {}
        assert!(self.timers.is_empty());
    }
}
