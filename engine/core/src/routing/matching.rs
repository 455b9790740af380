//! Who gets which task: the push algorithm of `domain.md` section 4.1.

use std::cmp::Reverse;

use super::expression;
use super::offers;
use super::state::{Global, MediaStatus, Task, TaskPhase};
use super::work::Work;

/// Looks at every queue in which something may have become possible (4.1.7), tasks in the order of 4.1.3.
pub(super) fn run(work: &mut Work<'_>) {
    while std::mem::take(&mut work.look_again) {
        let mut waiting: Vec<&Task> =
            work.r.tasks.values().filter(|t| t.phase == TaskPhase::Queued).collect();
        let queue_priority = |t: &Task| {
            let queue = t.queue.as_ref().and_then(|q| work.d.centre.queues.get(q));
            queue.map_or(0, |q| q.priority)
        };
        waiting.sort_by_key(|t| {
            (Reverse(queue_priority(t)), Reverse(t.priority), t.enqueued_at, t.created_at, &t.id)
        });
        let waiting: Vec<String> = waiting.into_iter().map(|t| t.id.clone()).collect();
        for id in waiting {
            let Some(task) = work.r.tasks.get(&id).cloned() else { continue };
            if let Some((agent, why)) = pick(work, &task) {
                offers::reserve(work, task, &agent, &why);
            }
        }
    }
}

/// Why an agent cannot take a task of this medium now; `None` when they can (4.1 "routable").
pub(super) fn not_routable(work: &Work<'_>, agent: &str, mrd: &str) -> Option<String> {
    let Some(a) = work.r.agents.get(agent) else { return Some(format!("{agent} is not logged in")) };
    if a.state != Global::Ready {
        return Some(format!("{agent} is {}", a.state.as_str()));
    }
    let Some(media) = a.media.get(mrd) else { return Some(format!("{agent} has no {mrd}")) };
    if !matches!(media.state, MediaStatus::Ready | MediaStatus::Active) {
        return Some(format!("{agent} is {} on {mrd}", media.state.as_str()));
    }
    let ringing =
        |t: &&Task| t.mrd == mrd && matches!(&t.phase, TaskPhase::Reserved { agent: x, .. } if x == agent);
    if work.r.tasks.values().any(|t| ringing(&t)) {
        return Some(format!("{agent} has an open offer on {mrd}"));
    }
    let load = work.r.load_of(agent, mrd);
    if load >= media.max_tasks as usize {
        return Some(format!("{agent} has {load} of {} tasks on {mrd}", media.max_tasks));
    }
    None
}

/// Picks an agent for a waiting task and says why; `None` to wait on.
fn pick(work: &Work<'_>, task: &Task) -> Option<(String, String)> {
    let queue = work.d.centre.queues.get(task.queue.as_deref()?)?;
    if let Some(last) = task.last_agent.as_ref().filter(|a| !task.refused.contains(*a))
        && not_routable(work, last, &task.mrd).is_none()
        && !in_conversation(work, last, task)
    {
        return Some((last.clone(), "the last agent of this customer".into()));
    }
    let everybody = [String::new()];
    let steps: Vec<&str> = if queue.steps.is_empty() {
        everybody.iter().map(String::as_str).collect()
    } else {
        queue.steps.iter().take(task.steps_open).map(|s| s.agents.as_str()).collect()
    };
    for fresh_only in [true, false] {
        for (number, step) in steps.iter().enumerate() {
            let found = best(work, task, step, fresh_only);
            if let Some((agent, load)) = found {
                let place =
                    if queue.steps.is_empty() { String::new() } else { format!("step {}, ", number + 1) };
                let again = if fresh_only { "" } else { ", asked before, nobody else can" };
                return Some((agent, format!("{place}fewest tasks ({load}), longest available{again}")));
            }
        }
    }
    None
}

/// Longest available first, then the fewest tasks; ties keep the order (4.1.4).
fn best(work: &Work<'_>, task: &Task, step: &str, fresh_only: bool) -> Option<(String, usize)> {
    let mut candidates: Vec<(i64, &String)> = work
        .r
        .agents
        .values()
        .filter(|a| task.refused.contains(&a.id) != fresh_only)
        .filter(|a| expression::satisfied(step, work.d.centre.agents.get(&a.id)))
        .filter(|a| not_routable(work, &a.id, &task.mrd).is_none() && !in_conversation(work, &a.id, task))
        .map(|a| (a.media[&task.mrd].ready_since, &a.id))
        .collect();
    candidates.sort();
    let with_load = candidates.into_iter().map(|(_, id)| (work.r.load_of(id, &task.mrd), id));
    let (load, id) = with_load.min_by_key(|(load, _)| *load)?;
    Some((id.clone(), load))
}

/// Whether an agent has a task in the conversation of this one: one task per agent and conversation (1.2).
pub(super) fn in_conversation(work: &Work<'_>, agent: &str, task: &Task) -> bool {
    work.r.tasks.values().any(|t| t.conversation == task.conversation && t.agent() == Some(agent))
}

/// Starts the timer of the step that was opened last, when there is another one to open (U20: 0 opens it at once).
pub(super) fn arm_step(work: &mut Work<'_>, task: &mut Task) {
    let Some(queue) = task.queue.as_ref().and_then(|q| work.d.centre.queues.get(q)) else { return };
    task.step = None;
    while task.steps_open < queue.steps.len() {
        let timeout = queue.steps[task.steps_open - 1].timeout_ms;
        if timeout > 0 {
            task.step = Some(work.set_timer(format!("step:{}", task.id), timeout));
            return;
        }
        task.steps_open += 1;
    }
}
