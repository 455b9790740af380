//! What must hold after every step, worked out from the records alone: slowly, and without the machine's own indices.

use std::collections::BTreeSet;

use convene_core::deployment::Deployment;
use convene_core::routing::expression::satisfied;
use convene_core::routing::{Global, MediaStatus, Routing, Task, TaskPhase};

/// Whether an agent can take one more task of a medium.
pub(super) fn routable(r: &Routing, agent: &str, mrd: &str) -> bool {
    let Some(a) = r.agents.get(agent).filter(|a| a.state == Global::Ready) else { return false };
    let Some(media) = a.media.get(mrd) else { return false };
    let mine = || r.tasks.values().filter(|t| t.mrd == mrd && t.agent() == Some(agent) && t.takes_a_slot());
    matches!(media.state, MediaStatus::Ready | MediaStatus::Active)
        && !mine().any(|t| matches!(t.phase, TaskPhase::Reserved { .. }))
        && mine().count() < media.max_tasks as usize
}

/// Whether an agent belongs to an open step of the queue of a task.
pub(super) fn serves(d: &Deployment, task: &Task, agent: &str) -> bool {
    let Some(queue) = task.queue.as_ref().and_then(|q| d.centre.queues.get(q)) else { return false };
    let entry = d.centre.agents.get(agent);
    match queue.steps.is_empty() {
        true => entry.is_some(),
        false => queue.steps.iter().take(task.steps_open).any(|s| satisfied(&s.agents, entry)),
    }
}

/// Every promise; panics with the one that is broken.
pub(super) fn check(d: &Deployment, r: &Routing) {
    one_task_each(r);
    nobody_is_idle(d, r);
    one_offer_each(r);
}

/// At most one task per conversation and agent, at most one request in process per conversation (1.2).
fn one_task_each(r: &Routing) {
    let mut seats = BTreeSet::new();
    let mut requests = BTreeSet::new();
    for task in r.tasks.values() {
        if let Some(base) = &task.added_to {
            let base = r.tasks.get(base).expect("a further medium has its task");
            assert!(base.at_work() && base.agent() == task.agent(), "{task:?} of {base:?}");
            assert!(task.phase != TaskPhase::Queued, "a further medium never waits: {task:?}");
        } else if let Some(agent) = task.agent() {
            assert!(seats.insert((&task.conversation, agent.to_owned())), "two tasks: {task:?}");
        }
        if task.in_process() {
            assert!(requests.insert(&task.conversation), "two requests: {task:?}");
        }
    }
}

/// No eligible agent is idle while an eligible task waits.
fn nobody_is_idle(d: &Deployment, r: &Routing) {
    for task in r.tasks.values().filter(|t| t.phase == TaskPhase::Queued) {
        for agent in r.agents.keys() {
            let inside = r
                .tasks
                .values()
                .any(|t| t.conversation == task.conversation && t.agent() == Some(agent.as_str()));
            let idle = !inside && serves(d, task, agent) && routable(r, agent, &task.mrd);
            assert!(!idle, "{agent} is idle while {} waits in {:?}", task.id, task.queue);
        }
    }
}

/// An agent has one open offer per medium (U12).
fn one_offer_each(r: &Routing) {
    let mut offers = BTreeSet::new();
    for task in r.tasks.values() {
        if let TaskPhase::Reserved { agent, .. } = &task.phase {
            assert!(offers.insert((agent, &task.mrd)), "two offers: {task:?}");
        }
    }
}
