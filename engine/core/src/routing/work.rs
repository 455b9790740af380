//! A step of the routing machine in progress.

use std::collections::BTreeSet;

use serde_json::json;

use super::machine::{ADAPTED, Routing};
use super::state::{Agent, AgentMedia, MediaStatus, Task, TaskPhase, TimerRef};
use super::table::{self, Look, status};
use super::{OWNER, TaskView, Tell};
use crate::deployment::Deployment;
use crate::effect::{Publication, Reply, TimerSet, TraceLine, Verdict, Wire};
use crate::ids::Ids;
use crate::model::{Json, emitter};
use crate::report::{AgentStateRow, ReportRow};

/// What a step did and asks for.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// For conversations: id, home partition, what.
    pub tells: Vec<(String, u32, Tell)>,
    /// To publish, in order.
    pub publications: Vec<Publication>,
    /// Timers to set or replace.
    pub timers_set: Vec<TimerSet>,
    /// Names of timers to clear.
    pub timers_cleared: Vec<String>,
    /// Keys of records that changed or are gone.
    pub changed: BTreeSet<String>,
    /// Reporting rows.
    pub reports: Vec<ReportRow>,
    /// The decision log.
    pub trace: Vec<TraceLine>,
    /// Answer to a command.
    pub reply: Option<Reply>,
}

/// A step in progress.
#[derive(Debug)]
pub struct Work<'a> {
    pub(super) d: &'a Deployment,
    pub(super) r: &'a mut Routing,
    pub(super) at: i64,
    pub(super) ids: Ids,
    pub(super) out: Step,
    /// Tasks that came in or whose next step opened.
    pub(super) dirty_tasks: BTreeSet<String>,
    /// Agents who may have become free.
    pub(super) dirty_agents: BTreeSet<String>,
}

impl<'a> Work<'a> {
    pub(super) fn on(d: &'a Deployment, r: &'a mut Routing, input: &str, at: i64) -> Self {
        let ids = Ids::of(OWNER, input);
        let (dirty_tasks, dirty_agents) = Default::default();
        Self { d, r, at, ids, out: Step::default(), dirty_tasks, dirty_agents }
    }

    /// Notes a decision between agents.
    pub(super) fn note_choice(&mut self, what: &str, why: &str, task: &str, candidates: &[Verdict]) {
        let mut line = TraceLine::new("routing", what, why);
        line.task = Some(task.to_owned());
        line.candidates = candidates.to_vec();
        self.out.trace.push(line);
    }

    pub(super) fn note(&mut self, at: impl Into<String>, what: impl Into<String>, why: impl Into<String>) {
        self.out.trace.push(TraceLine::new(at, what, why));
    }

    pub(super) fn set_timer(&mut self, name: String, delay_ms: i64) -> TimerRef {
        let timer = TimerRef { id: self.ids.fresh(), due: self.at.saturating_add(delay_ms.max(0)) };
        self.out.timers_cleared.retain(|n| *n != name);
        self.out.timers_set.push(TimerSet { name, id: timer.id.clone(), due: timer.due });
        timer
    }

    /// A timer that is set goes on under another name: same id, same time.
    pub(super) fn carry_timer(&mut self, name: String, timer: Option<&TimerRef>) {
        if let Some(TimerRef { id, due }) = timer.cloned() {
            self.out.timers_set.push(TimerSet { name, id, due });
        }
    }

    pub(super) fn clear_timer(&mut self, name: String) {
        self.out.timers_set.retain(|t| t.name != name);
        self.out.timers_cleared.push(name);
    }

    /// Publishes to the desk of an agent.
    pub(super) fn desk(&mut self, agent: &str, kind: &str, body: &Json) {
        let id = self.ids.fresh();
        self.out.publications.push(Publication::new(id, format!("agent.{agent}"), kind, Wire::of(body)));
    }

    /// Stores a task again.
    pub(super) fn put(&mut self, task: Task) {
        self.out.changed.insert(format!("task:{}", task.id));
        self.r.put_task(task);
    }

    pub(super) fn tell(&mut self, task: &Task, tell: Tell) {
        self.out.tells.push((task.conversation.clone(), task.home, tell));
    }

    /// Tells the conversation how a task stands.
    pub(super) fn tell_changed(&mut self, task: &Task, task_changed: bool, media_changed: bool) {
        let view = self.view(task, None, false);
        let task_changed = task_changed && task.added_to.is_none();
        self.tell(task, Tell::Changed { task: view, task_changed, media_changed });
    }

    /// A task as its conversation sees it, with its other media; `closed` gives the reason once it is.
    pub(super) fn view(&self, task: &Task, closed: Option<&str>, rerouted: bool) -> Box<TaskView> {
        let mut seen = view(task, closed, rerouted);
        let of_task = |t: &&Task| t.wire_id() == task.wire_id() && t.id != task.id;
        let others = self.r.tasks_of_conversation(&task.conversation).filter(of_task);
        seen.others = others.map(|t| view(t, None, false)).collect();
        Box::new(seen)
    }

    /// Computes the media states of an agent again, says so when one changed, and finds their place among the free.
    pub(super) fn refresh(&mut self, agent: &str) {
        let Some(a) = self.r.agents.get(agent) else { return };
        if a.media.iter().any(|(mrd, media)| self.state_of(a, mrd, media) != media.state) {
            let a = a.clone();
            self.change(a);
            return;
        }
        self.place(agent);
    }

    fn place(&mut self, agent: &str) {
        self.r.reindex(agent);
        self.dirty_agents.insert(agent.to_owned());
    }

    /// The state of an agent on a medium, as the table says.
    pub(super) fn state_of(&self, agent: &Agent, mrd: &str, media: &AgentMedia) -> MediaStatus {
        status(&self.look(agent, mrd, media))
    }

    fn look(&self, agent: &Agent, mrd: &str, media: &AgentMedia) -> Look {
        let begun = |t: &&Task| {
            t.mrd == mrd
                && t.takes_a_slot()
                && matches!(t.phase, TaskPhase::Active { .. } | TaskPhase::WrapUp { .. })
        };
        Look {
            global: agent.state,
            lost: agent.lost,
            on: media.on && agent.state == super::Global::Ready,
            interrupted: !media.interrupted_by.is_empty(),
            tasks: self.r.tasks_of_agent(&agent.id).filter(begun).count(),
            max: media.max_tasks as usize,
        }
    }

    fn move_medium(&mut self, a: &mut Agent, mrd: &str, now: MediaStatus) {
        let at = self.at;
        let Some(media) = a.media.get_mut(mrd) else { return };
        let was = media.state;
        let aside = |state| matches!(state, MediaStatus::Interrupted | MediaStatus::Unknown);
        // What it was before it was put aside, however often that was (1.15 previousState).
        let own = if aside(was) { media.previous } else { Some(was) };
        // 4.1: who was available before goes on being so; who worked meanwhile, or before, begins now.
        if now == MediaStatus::Ready && own != Some(MediaStatus::Ready) {
            media.ready_since = at;
        }
        media.previous = own.filter(|_| aside(now));
        media.state = now;
        media.since = at;
        let why = table::reason_of(table::MEDIUM, was.as_str(), now.as_str());
        let what = format!("{} is {} on {mrd}", a.id, now.as_str());
        self.note("agent", what, why.unwrap_or("no arrow of the table; the facts say so"));
    }

    /// Stores an agent with their media states computed again. When they are another than before, they are told, and the
    /// rows of what changed are written. Answers whether they are.
    pub(super) fn change(&mut self, mut agent: Agent) -> bool {
        let states: Vec<_> = agent.media.iter().map(|(mrd, m)| self.state_of(&agent, mrd, m)).collect();
        let media: Vec<String> = agent.media.keys().cloned().collect();
        for (mrd, now) in media.iter().zip(states) {
            if agent.media[mrd].state != now {
                self.move_medium(&mut agent, mrd, now);
            }
        }
        let (state_changed, media) = self.differs(&agent);
        let changed = state_changed || !media.is_empty();
        if changed {
            self.report_states(&agent);
            self.say(&agent, state_changed, &media);
        }
        let id = agent.id.clone();
        self.keep(agent);
        self.place(&id);
        changed
    }

    /// Whether the state of an agent is another than the stored one, and which media are.
    fn differs(&self, agent: &Agent) -> (bool, Vec<String>) {
        let own = |a: &Agent| (a.state, a.reason.clone(), a.since, a.login_at);
        let of = |m: &AgentMedia| (m.state, m.since, m.max_tasks);
        let before = self.r.agents.get(&agent.id);
        let was = |mrd: &String| before.and_then(|b| b.media.get(mrd));
        let media = agent.media.iter().filter(|(mrd, m)| was(mrd).map(of) != Some(of(m)));
        let gone = before.iter().flat_map(|b| b.media.keys()).filter(|mrd| !agent.media.contains_key(*mrd));
        let media = media.map(|(mrd, _)| mrd).chain(gone).cloned().collect();
        (before.map(own) != Some(own(agent)), media)
    }

    /// Says how an agent is now, to their desk, to the conversations they serve and to whoever listens.
    fn say(&mut self, agent: &Agent, state_changed: bool, media_changes: &[String]) {
        let body = presence_body(self.d, agent, "AGENT_STATE_CHANGED", state_changed, media_changes);
        self.desk(&agent.id, "agentPresence", &body);
        if state_changed && agent.state != super::Global::Logout {
            self.tell_state(&agent.id, &body);
        }
        let id = self.ids.fresh();
        let event = json!({
            "id": id,
            "name": "AGENT_STATE_CHANGED",
            "type": "NOTIFICATION",
            "timestamp": self.at,
            "eventEmitter": emitter::routing_engine(),
            "data": body,
        });
        let (key, kind) = ("event.AGENT_STATE_CHANGED", "cim-event");
        self.out.publications.push(Publication::new(id, key, kind, Wire::of(&event)));
    }

    /// Answers the desk of an agent that asked for a state and has the one it had (1.15 AGENT_STATE_UNCHANGED).
    pub(super) fn unchanged(&mut self, id: &str) {
        if let Some(agent) = self.r.agents.get(id) {
            let body = presence_body(self.d, agent, "AGENT_STATE_UNCHANGED", false, &[]);
            self.desk(id, "agentPresence", &body);
        }
    }

    /// Tells the conversations an agent serves that their state changed.
    fn tell_state(&mut self, agent: &str, data: &Json) {
        let serves = |t: &&Task| t.added_to.is_none() && matches!(t.phase, TaskPhase::Active { .. });
        let told = self.r.tasks_of_agent(agent).filter(serves);
        let told: Vec<_> = told.map(|t| (t.conversation.clone(), t.home)).collect();
        for (conversation, home) in told {
            self.out.tells.push((conversation, home, Tell::AgentState { data: data.clone() }));
        }
    }

    /// Stores an agent, and says nothing.
    pub(super) fn keep(&mut self, agent: Agent) {
        self.out.changed.insert(format!("agent:{}", agent.id));
        self.r.agents.insert(agent.id.clone(), agent);
    }

    /// Rows of section 6: the state that ended with its duration, the one that began with −1.
    fn report_states(&mut self, agent: &Agent) {
        let before = self.r.agents.get(&agent.id).cloned();
        let row = |a: &Agent, mrd: Option<&str>, state: &str, since: i64, duration: i64| AgentStateRow {
            login_date_time: a.login_at,
            agent_id: a.id.clone(),
            mrd_id: mrd.map(str::to_owned),
            agent_state: state.to_owned(),
            reason_code: a.reason.clone().filter(|_| mrd.is_none()),
            duration,
            state_change_time: since,
        };
        let seconds = |since: i64| (self.at - since).max(0) / 1000;
        let mut rows = Vec::new();
        let is = |a: &Agent| (a.state, a.reason.clone(), a.since, a.login_at);
        let moved = before.as_ref().is_none_or(|b| is(b) != is(agent));
        if moved {
            if let Some(b) = &before {
                rows.push(row(b, None, b.state.as_str(), b.since, seconds(b.since)));
            }
            rows.push(row(agent, None, agent.state.as_str(), agent.since, -1));
        }
        for (mrd, media) in &agent.media {
            let old = before.as_ref().and_then(|b| Some((b, b.media.get(mrd)?)));
            let new = old.is_none_or(|(b, m)| {
                (m.state, m.since, b.login_at) != (media.state, media.since, agent.login_at)
            });
            if new {
                if let Some((b, m)) = old {
                    rows.push(row(b, Some(mrd), m.state.as_str(), m.since, seconds(m.since)));
                }
                rows.push(row(agent, Some(mrd), media.state.as_str(), media.since, -1));
            }
        }
        if let Some(b) = &before {
            let gone = b.media.iter().filter(|(mrd, _)| !agent.media.contains_key(*mrd));
            rows.extend(gone.map(|(mrd, m)| row(b, Some(mrd), m.state.as_str(), m.since, seconds(m.since))));
        }
        self.out.reports.extend(rows.into_iter().map(|row| match row.mrd_id {
            Some(_) => ReportRow::AgentMrdState(row),
            None => ReportRow::AgentState(row),
        }));
    }

    /// Adapts agents and waiting tasks to a deployment that is new to this machine. Waiting tasks keep their place.
    pub(super) fn adapt(&mut self) {
        self.r.ready(self.d);
        if self.r.adapted == self.d.id {
            super::queues::known(self);
            return;
        }
        self.r.adapted.clone_from(&self.d.id);
        self.out.changed.insert(ADAPTED.to_owned());
        super::queues::report(self);
        let agents: Vec<String> = self.r.agents.keys().cloned().collect();
        for id in &agents {
            self.adapt_agent(id);
        }
        let waiting: Vec<Task> =
            self.r.tasks.values().filter(|t| t.phase == TaskPhase::Queued).cloned().collect();
        if !agents.is_empty() || !waiting.is_empty() {
            let why = format!("{} agents, {} waiting tasks", agents.len(), waiting.len());
            self.note("routing", "adapted to the changed configuration", why);
        }
        for mut task in waiting {
            if task.step.is_none() {
                super::matching::arm_step(self, &mut task);
            }
            self.dirty_tasks.insert(task.id.clone());
            self.put(task);
        }
    }

    /// Limits and media of an agent as the deployment has them now.
    fn adapt_agent(&mut self, id: &str) {
        let Some(mut agent) = self.r.agents.get(id).cloned() else { return };
        if let Some(entry) = self.d.centre.agents.get(id) {
            for medium in self.d.centre.media.values() {
                let max_tasks = entry.media.get(&medium.name).copied().unwrap_or(medium.max_tasks);
                let fresh = || AgentMedia::fresh(agent.state, max_tasks, self.at);
                agent.media.entry(medium.name.clone()).or_insert_with(fresh).max_tasks = max_tasks;
            }
        }
        let (media, tasks) = (&self.d.centre.media, &self.r);
        agent.media.retain(|mrd, _| media.contains_key(mrd) || tasks.load_of(id, mrd) > 0);
        if self.r.agents.get(id) != Some(&agent) {
            self.change(agent);
            return;
        }
        self.refresh(id);
    }

    pub(super) fn finish(self) -> Step {
        self.out
    }
}

/// An agent's presence on the wire (1.15).
#[must_use]
pub fn presence(d: &Deployment, agent: &Agent) -> Json {
    let name = d.centre.agents.get(&agent.id).map_or(agent.id.as_str(), |a| a.display_name.as_str());
    let media: Vec<Json> = agent
        .media
        .iter()
        .map(|(mrd, m)| {
            json!({
                "mrd": { "id": mrd, "name": mrd },
                "state": m.state.as_str(),
                "previousState": m.previous.map(MediaStatus::as_str),
                "stateChangeTime": m.since,
                "lastReadyStateChangeTime": m.ready_since,
                "maxAgentTasks": m.max_tasks,
            })
        })
        .collect();
    let kind = if agent.state == super::Global::Logout { "LOGOUT" } else { "NOT_READY" };
    let reason = agent.reason.as_ref().map(|r| json!({ "id": r, "name": r, "type": kind }));
    json!({
        "agent": { "id": agent.id, "name": name },
        "state": { "name": agent.state.as_str(), "reasonCode": reason },
        "stateChangeTime": agent.since,
        "agentMrdStates": media,
        "agentLoginTime": agent.login_at,
    })
}

/// `agentPresence` (9.3).
fn presence_body(d: &Deployment, agent: &Agent, action: &str, state_changed: bool, media: &[String]) -> Json {
    json!({
        "action": action,
        "agentStateChanged": state_changed,
        "mrdStateChanges": media,
        "agentPresence": presence(d, agent),
    })
}

fn view(task: &Task, closed: Option<&str>, rerouted: bool) -> TaskView {
    let (state, media_state) = match (&task.phase, closed) {
        // The task goes on without this medium.
        (_, Some(_)) if task.added_to.is_some() => ("ACTIVE", "CLOSED"),
        (_, Some(_)) => ("CLOSED", "CLOSED"),
        (TaskPhase::Queued, None) => ("ACTIVE", "QUEUED"),
        (TaskPhase::Reserved { .. }, None) => ("ACTIVE", "RESERVED"),
        (TaskPhase::Active { .. }, None) => ("ACTIVE", "ACTIVE"),
        (TaskPhase::WrapUp { .. }, None) => ("WRAP_UP", "ACTIVE"),
    };
    TaskView {
        request: task.request.clone(),
        id: task.wire_id().to_owned(),
        media: task.media.clone(),
        state: state.into(),
        reason: closed.map(str::to_owned),
        media_state: media_state.into(),
        mrd: task.mrd.clone(),
        queue: task.queue.clone(),
        agent: task.agent().map(str::to_owned),
        direction: task.wire_direction().to_owned(),
        mode: task.mode.clone(),
        priority: task.priority,
        offer: task.offer,
        session: task.session.clone(),
        ttl_timer: task.ttl.as_ref().map(|t| t.id.clone()),
        enqueued_at: task.enqueued_at,
        answered_at: task.answered_at,
        created_at: task.created_at,
        rerouted,
        list: task.list.clone(),
        note: task.note.clone(),
        requested_by: task.requested_by.clone(),
        further: task.added_to.is_some(),
        others: Vec::new(),
    }
}
