//! Why an assignment, a refusal or a wait: everybody who was looked at, and for each the first condition that failed and
//! what was found instead.

use std::collections::BTreeSet;

use super::input::Choice;
use super::matching::{fault_of, in_conversation};
use super::state::{Global, Task, TaskPhase};
use super::work::Work;
use super::{Routing, Tell};
use crate::deployment::Deployment;
use crate::effect::Verdict;

/// Most agents that are listed one by one; the rest is counted.
const LISTED_MAX: usize = 8;
/// Most agents outside of a queue's steps that are looked at to be listed.
const LOOKED_AT_MAX: usize = 64;

/// Notes that a task waits on, and tells its conversation why.
pub(super) fn waits(work: &mut Work<'_>, task: &Task) {
    let candidates = candidates(work, task, None);
    let queue = task.queue.as_deref().unwrap_or_default();
    let why = match candidates.is_empty() {
        true => format!("nobody serves queue {queue}"),
        false => "nobody can take it now".to_owned(),
    };
    let what = format!("waits in {queue}, priority {}", task.priority);
    work.note_choice(&what, &why, &task.id, &candidates);
    let choice = Box::new(Choice { why: format!("{what}: {why}"), candidates });
    work.tell(task, Tell::Waits { task: task.id.clone(), choice });
}

/// What speaks for or against each agent of the open steps, and of those who are there and serve none.
pub(super) fn candidates(work: &Work<'_>, task: &Task, chosen: Option<&str>) -> Vec<Verdict> {
    let queue = task.queue.as_deref().unwrap_or_default();
    let steps = work.d.plan().steps(queue, task.steps_open);
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut verdicts = Vec::new();
    if let Some(agent) = chosen {
        seen.insert(agent);
        let (agent, why) = (agent.to_owned(), "chosen".to_owned());
        verdicts.push(Verdict { agent, why, failed: None, actual: None });
    }
    let members: usize = steps.iter().map(|s| s.members.len()).sum();
    for agent in steps.iter().flat_map(|s| &s.members) {
        if verdicts.len() >= LISTED_MAX {
            break;
        }
        if seen.insert(agent) {
            verdicts.push(of_member(work, task, agent, chosen));
        }
    }
    if verdicts.len() >= LISTED_MAX && members > seen.len() {
        let why = format!("{} more serve it", members - seen.len());
        verdicts.push(Verdict { agent: "…".into(), why, failed: None, actual: None });
        return verdicts;
    }
    let strangers = work.r.agents.values().take(LOOKED_AT_MAX).filter(|a| a.state != Global::Logout);
    for agent in strangers.filter(|a| a.media.contains_key(&task.mrd)) {
        if verdicts.len() >= LISTED_MAX {
            break;
        }
        if !seen.contains(agent.id.as_str())
            && let Some(verdict) = of_stranger(work, task, &agent.id)
        {
            verdicts.push(verdict);
        }
    }
    verdicts
}

fn of_member(work: &Work<'_>, task: &Task, agent: &str, chosen: Option<&str>) -> Verdict {
    let said = |why: String, failed: &str, actual: String| Verdict {
        agent: agent.to_owned(),
        why,
        failed: Some(failed.to_owned()),
        actual: Some(actual),
    };
    if in_conversation(work, agent, &task.conversation) {
        let (failed, actual) = ("no task in this conversation", "has one".to_owned());
        return said("is in this conversation".into(), failed, actual);
    }
    if let Some(fault) = fault_of(work, agent, &task.mrd) {
        let (failed, actual) = fault.terms(&task.mrd);
        return said(fault.to_string(), &failed, actual);
    }
    if task.refused.contains(agent) {
        let (failed, actual) = ("did not let it go before", "did".to_owned());
        return said("let it go before, others come first".into(), failed, actual);
    }
    let load = work.r.load_of(agent, &task.mrd);
    if chosen.is_some() {
        return said(
            format!("is free with {load} tasks, but comes after"),
            "fewest tasks, then longest available",
            format!("{load} tasks"),
        );
    }
    said("is free".into(), "asked", "not yet".into())
}

/// Somebody who is there, and whom no open step of the queue wants.
fn of_stranger(work: &Work<'_>, task: &Task, agent: &str) -> Option<Verdict> {
    let queue = task.queue.as_deref()?;
    let steps = work.d.plan().steps(queue, task.steps_open);
    let entry = work.d.centre.agents.get(agent)?;
    let failing = steps.last()?.expression.failing(entry)?;
    let actual = failing.actual.map_or_else(|| "none".to_owned(), |value| value.to_string());
    let why = format!("{} does not hold, has {actual}", failing.term);
    Some(Verdict { agent: agent.to_owned(), why, failed: Some(failing.term), actual: Some(actual) })
}

/// Why a task that waits is not given to anybody at this moment, or why it is where it is. Changes no record; indices that
/// are missing are built.
#[must_use]
pub fn explain(d: &Deployment, routing: &mut Routing, task: &str, at: i64) -> Option<Choice> {
    routing.ready(d);
    let found = routing.tasks.get(task).cloned()?;
    let work = Work::on(d, routing, "", at);
    Some(match &found.phase {
        TaskPhase::Queued => Choice {
            why: format!(
                "waits in {} for {} s, priority {}, steps open: {}",
                found.queue.as_deref().unwrap_or_default(),
                (at - found.enqueued_at).max(0) / 1000,
                found.priority,
                found.steps_open,
            ),
            candidates: candidates(&work, &found, None),
        },
        TaskPhase::Reserved { agent, ring } => Choice {
            why: format!("is offered to {agent}, who has {} s to answer", (ring.due - at).max(0) / 1000),
            candidates: Vec::new(),
        },
        TaskPhase::Active { agent } => Choice { why: format!("{agent} is at it"), candidates: Vec::new() },
        TaskPhase::WrapUp { agent, until, .. } => Choice {
            why: format!("{agent} wraps up, {} s are left", (until.due - at).max(0) / 1000),
            candidates: Vec::new(),
        },
    })
}
