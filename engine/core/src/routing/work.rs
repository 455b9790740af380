//! A step of the routing machine in progress.

use std::collections::BTreeSet;

use serde_json::json;

use super::state::{Agent, Routing, Task, TaskPhase, TimerRef};
use super::table::{Look, status};
use super::{Input, OWNER, TaskView, Tell};
use crate::conversation::Stamped;
use crate::deployment::Deployment;
use crate::effect::{Publication, Reply, TimerSet, TraceLine, Wire};
use crate::ids::Ids;
use crate::model::{Json, emitter};
use crate::report::ReportRow;

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
    /// Something became free or came in: queues are looked at again.
    pub(super) look_again: bool,
}

impl<'a> Work<'a> {
    pub(super) fn on(d: &'a Deployment, r: &'a mut Routing, input: &Stamped<Input>) -> Self {
        let ids = Ids::of(OWNER, &input.id);
        Self { d, r, at: input.at, ids, out: Step::default(), look_again: false }
    }

    pub(super) fn note(&mut self, at: impl Into<String>, what: impl Into<String>, why: impl Into<String>) {
        self.out.trace.push(TraceLine { at: at.into(), what: what.into(), why: why.into() });
    }

    pub(super) fn set_timer(&mut self, name: String, delay_ms: i64) -> TimerRef {
        let timer = TimerRef { id: self.ids.fresh(), due: self.at.saturating_add(delay_ms.max(0)) };
        self.out.timers_cleared.retain(|n| *n != name);
        self.out.timers_set.push(TimerSet { name, id: timer.id.clone(), due: timer.due });
        timer
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
        self.r.tasks.insert(task.id.clone(), task);
    }

    pub(super) fn tell(&mut self, task: &Task, tell: Tell) {
        self.out.tells.push((task.conversation.clone(), task.home, tell));
    }

    /// Tells the conversation how a task stands.
    pub(super) fn tell_changed(&mut self, task: &Task, task_changed: bool, media_changed: bool) {
        let view = Box::new(view(task, None, false));
        self.tell(task, Tell::Changed { task: view, task_changed, media_changed });
    }

    /// Computes the media states of an agent again, and says so when one changed.
    pub(super) fn refresh(&mut self, agent: &str) {
        let Some(mut a) = self.r.agents.get(agent).cloned() else { return };
        let mut moved = Vec::new();
        for (mrd, media) in &mut a.media {
            let tasks = self.r.tasks.values().filter(|t| {
                t.mrd == *mrd
                    && matches!(&t.phase, TaskPhase::Active { agent: x } | TaskPhase::WrapUp { agent: x, .. } if x == agent)
            });
            let look = Look {
                global: a.state,
                on: media.on && a.state == super::Global::Ready,
                tasks: tasks.count(),
                max: media.max_tasks as usize,
            };
            let now = status(&look);
            if now != media.state {
                if now == super::MediaStatus::Ready {
                    media.ready_since = self.at;
                }
                media.state = now;
                media.since = self.at;
                moved.push(mrd.clone());
            }
        }
        if !moved.is_empty() {
            for mrd in &moved {
                let state = a.media[mrd].state.as_str();
                self.note("agent", format!("{agent} is {state} on {mrd}"), "");
            }
            self.store(a, &moved, false);
        }
        self.look_again = true;
    }

    /// Stores an agent and says how they are.
    pub(super) fn store(&mut self, agent: Agent, media_changes: &[String], state_changed: bool) {
        let presence = presence(self.d, &agent);
        let body = json!({
            "action": "AGENT_STATE_CHANGED",
            "agentStateChanged": state_changed,
            "mrdStateChanges": media_changes,
            "agentPresence": presence,
        });
        self.desk(&agent.id.clone(), "agentPresence", &body);
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
        self.out.changed.insert(format!("agent:{}", agent.id));
        self.r.agents.insert(agent.id.clone(), agent);
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
                "stateChangeTime": m.since,
                "lastReadyStateChangeTime": m.ready_since,
                "maxAgentTasks": m.max_tasks,
            })
        })
        .collect();
    json!({
        "agent": { "id": agent.id, "name": name },
        "state": { "name": agent.state.as_str(), "reasonCode": agent.reason.as_ref().map(|r| json!({ "name": r })) },
        "stateChangeTime": agent.since,
        "agentMrdStates": media,
        "agentLoginTime": agent.login_at,
    })
}

/// A task as its conversation sees it; `closed` gives the reason once it is.
pub(super) fn view(task: &Task, closed: Option<&str>, rerouted: bool) -> TaskView {
    let (state, media_state) = match (&task.phase, closed) {
        (_, Some(_)) => ("CLOSED", "CLOSED"),
        (TaskPhase::Queued, None) => ("ACTIVE", "QUEUED"),
        (TaskPhase::Reserved { .. }, None) => ("ACTIVE", "RESERVED"),
        (TaskPhase::Active { .. }, None) => ("ACTIVE", "ACTIVE"),
        (TaskPhase::WrapUp { .. }, None) => ("WRAP_UP", "ACTIVE"),
    };
    TaskView {
        request: task.request.clone(),
        id: task.id.clone(),
        media: task.media.clone(),
        state: state.into(),
        reason: closed.map(str::to_owned),
        media_state: media_state.into(),
        mrd: task.mrd.clone(),
        queue: task.queue.clone(),
        agent: task.agent().map(str::to_owned),
        direction: task.direction.clone(),
        mode: task.mode.clone(),
        priority: task.priority,
        offer: task.offer,
        session: task.session.clone(),
        ttl_timer: task.ttl.as_ref().map(|t| t.id.clone()),
        enqueued_at: task.enqueued_at,
        answered_at: task.answered_at,
        created_at: task.created_at,
        rerouted,
    }
}
