//! Who gets which task: the push algorithm of `domain.md` section 4.1.
//!
//! Only what became possible is looked at: a task that came in or whose next step opened, an agent who became free. For
//! such an agent the first task of all queues they serve is found, for such a task the best agent; both through indices.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;

use super::index::Place;
use super::machine::Routing;
use super::plan::PlannedStep;
use super::state::{Agent, Global, MediaStatus, Task, TaskPhase};
use super::work::Work;
use super::{choice, offers, table};

/// The order over all queues (4.1.3): queue priority, task priority, age.
type Rank = (Reverse<u8>, Place);

/// Something to look at: the rank and id of a task, and the agent who became free for it.
type Chance = Reverse<(Rank, Option<(String, String)>)>;

/// Why an agent cannot take one more task of a medium (4.1 "routable").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Never logged in.
    Absent,
    /// Not READY.
    State(Global),
    /// The medium is not one of theirs.
    NoMedium,
    /// The medium is not READY or ACTIVE.
    Medium(MediaStatus),
    /// An offer rings.
    Offered,
    /// No slot is free: tasks, and most tasks.
    Full(usize, u32),
}

impl Fault {
    /// The condition that does not hold, and what was found.
    #[must_use]
    pub fn terms(self, mrd: &str) -> (String, String) {
        match self {
            Self::Absent => ("logged in".into(), "not logged in".into()),
            Self::State(state) => ("state = READY".into(), state.as_str().into()),
            Self::NoMedium => (format!("serves {mrd}"), "no such medium".into()),
            Self::Medium(state) => (format!("{mrd} is READY or ACTIVE"), state.as_str().into()),
            Self::Offered => (format!("no open offer on {mrd}"), "an offer rings".into()),
            Self::Full(load, max) => (format!("tasks on {mrd} < {max}"), load.to_string()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("is not logged in"),
            Self::State(state) => write!(f, "is {}", state.as_str()),
            Self::NoMedium => f.write_str("does not serve this medium"),
            Self::Medium(state) => write!(f, "is {} on this medium", state.as_str()),
            Self::Offered => f.write_str("has an open offer on this medium"),
            Self::Full(load, max) => write!(f, "has {load} of {max} tasks"),
        }
    }
}

/// Why an agent cannot take a task of this medium now; `None` when they can.
pub(super) fn fault(r: &Routing, agent: &Agent, mrd: &str) -> Option<Fault> {
    if agent.state != Global::Ready {
        return Some(Fault::State(agent.state));
    }
    let Some(media) = agent.media.get(mrd) else { return Some(Fault::NoMedium) };
    if !table::routable(media.state) {
        return Some(Fault::Medium(media.state));
    }
    let mut load = 0;
    for task in r.tasks_of_agent(&agent.id).filter(|t| t.mrd == mrd && t.takes_a_slot()) {
        if matches!(task.phase, TaskPhase::Reserved { .. }) {
            return Some(Fault::Offered);
        }
        load += 1;
    }
    (load >= media.max_tasks as usize).then_some(Fault::Full(load, media.max_tasks))
}

/// [`fault`] of an agent by id.
pub(super) fn fault_of(work: &Work<'_>, agent: &str, mrd: &str) -> Option<Fault> {
    match work.r.agents.get(agent) {
        Some(agent) => fault(work.r, agent, mrd),
        None => Some(Fault::Absent),
    }
}

/// Whether an agent has a task in a conversation: one task per agent and conversation (1.2).
pub(super) fn in_conversation(work: &Work<'_>, agent: &str, conversation: &str) -> bool {
    work.r.tasks_of_conversation(conversation).any(|t| t.agent() == Some(agent))
}

/// Gives out everything that can be given out, the most urgent first.
pub(super) fn run(work: &mut Work<'_>) {
    let mut chances: BinaryHeap<Chance> = BinaryHeap::new();
    loop {
        for id in std::mem::take(&mut work.dirty_tasks) {
            if let Some(task) = work.r.tasks.get(&id).filter(|t| t.phase == TaskPhase::Queued) {
                chances.push(Reverse((rank(work, task), None)));
            }
        }
        for agent in std::mem::take(&mut work.dirty_agents) {
            look_around(work, &agent, &mut chances);
        }
        let Some(Reverse(((_, (_, _, _, id)), freed))) = chances.pop() else { return };
        let task = work.r.tasks.get(&id).filter(|t| t.phase == TaskPhase::Queued).cloned();
        match (task, freed) {
            (None, None) => {}
            // Somebody else took it: the agent looks for the next one.
            (None, Some((agent, _))) => {
                work.dirty_agents.insert(agent);
            }
            (Some(_), Some((agent, mrd))) if work.r.index.stands(&agent, &mrd).is_none() => {}
            (Some(task), Some((agent, _))) => {
                if let Some((best, why)) = pick(work, &task) {
                    offers::reserve(work, task, &best, &why);
                    work.dirty_agents.insert(agent);
                }
            }
            (Some(task), None) => consider(work, task),
        }
    }
}

/// The first task of an agent who became free, on each medium on which they are.
fn look_around(work: &Work<'_>, agent: &str, chances: &mut BinaryHeap<Chance>) {
    let Some(a) = work.r.agents.get(agent) else { return };
    for mrd in a.media.keys().filter(|mrd| work.r.index.stands(agent, mrd).is_some()) {
        if let Some(first) = first_for(work, agent, mrd) {
            chances.push(Reverse((first, Some((agent.to_owned(), mrd.clone())))));
        }
    }
}

/// The most urgent waiting task that an agent may be given.
fn first_for(work: &Work<'_>, agent: &str, mrd: &str) -> Option<Rank> {
    let plan = work.d.plan();
    let number = plan.number(agent)?;
    let lines = work.r.index.lines(mrd).filter(|((queue, open), _)| plan.serves_any(queue, *open, number));
    let firsts = lines.filter_map(|((queue, _), places)| {
        let allowed = |place: &&Place| {
            let task = work.r.tasks.get(&place.3);
            task.is_some_and(|t| !in_conversation(work, agent, &t.conversation))
        };
        Some((Reverse(queue_priority(work, queue)), places.iter().find(allowed)?.clone()))
    });
    firsts.min()
}

fn queue_priority(work: &Work<'_>, queue: &str) -> u8 {
    let counts = work.d.centre.queue_priority;
    work.d.centre.queues.get(queue).filter(|_| counts).map_or(0, |q| q.priority)
}

fn rank(work: &Work<'_>, task: &Task) -> Rank {
    let queue = task.queue.as_deref().unwrap_or_default();
    (Reverse(queue_priority(work, queue)), super::index::place(task))
}

/// Looks for an agent for a task that came in or whose next step opened. Says why when there is none.
fn consider(work: &mut Work<'_>, mut task: Task) {
    let last = task.last_agent.take();
    if let Some(last) = last {
        // 4.5, U26: once, before everybody else; membership is not required, and nobody waits for them.
        let free = fault_of(work, &last, &task.mrd);
        if free.is_none() && !in_conversation(work, &last, &task.conversation) {
            offers::reserve(work, task, &last, "the last agent of this customer");
            return;
        }
        work.put(task.clone());
    }
    match pick(work, &task) {
        Some((agent, why)) => offers::reserve(work, task, &agent, &why),
        None => choice::waits(work, &task),
    }
}

/// Picks an agent for a waiting task and says why; `None` to wait on.
fn pick(work: &Work<'_>, task: &Task) -> Option<(String, String)> {
    work.r.index.free(&task.mrd)?;
    let queue = task.queue.as_deref()?;
    let steps = work.d.plan().steps(queue, task.steps_open);
    let only_one = work.d.centre.queues.get(queue).is_some_and(|q| q.steps.is_empty());
    let rounds: &[bool] = if task.refused.is_empty() { &[true] } else { &[true, false] };
    for fresh_only in rounds {
        for (number, step) in steps.iter().enumerate() {
            if let Some((load, agent)) = best(work, task, step, *fresh_only) {
                let place = if only_one { String::new() } else { format!("step {}, ", number + 1) };
                let again = if *fresh_only { "" } else { ", asked before, nobody else can" };
                return Some((agent, format!("{place}fewest tasks ({load}), longest available{again}")));
            }
        }
    }
    None
}

/// Free agents of a step up to this number are compared one by one; more of them are soon met among all who are free.
const FEW: usize = 64;

/// Fewest tasks first, then the longest available (4.1.4).
fn best(work: &Work<'_>, task: &Task, step: &PlannedStep, fresh_only: bool) -> Option<(usize, String)> {
    let plan = work.d.plan();
    let free = work.r.index.free(&task.mrd)?;
    let allowed =
        |id: &str| task.refused.contains(id) != fresh_only && !in_conversation(work, id, &task.conversation);
    let bits = work.r.index.free_bits(&task.mrd);
    if step.count_in(bits) <= FEW {
        let members = plan.both(step, bits).filter_map(|id| {
            let (load, since) = work.r.index.stands(id, &task.mrd)?;
            allowed(id).then_some((load, since, id))
        });
        return members.min().map(|(load, _, id)| (load, id.to_owned()));
    }
    let found =
        free.iter().find(|(_, _, id)| plan.number(id).is_some_and(|n| step.wants(n)) && allowed(id))?;
    Some((found.0, found.2.clone()))
}

/// Timer of the step of a task that was opened last.
pub(super) fn step_name(task: &str) -> String {
    format!("step:{task}")
}

/// Starts the timer of the step that was opened last, when there is another one to open (U20: 0 opens it at once).
pub(super) fn arm_step(work: &mut Work<'_>, task: &mut Task) {
    let Some(queue) = task.queue.as_ref().and_then(|q| work.d.centre.queues.get(q)) else { return };
    task.step = None;
    while task.steps_open < queue.steps.len() {
        let timeout = queue.steps[task.steps_open - 1].timeout_ms;
        if timeout > 0 {
            task.step = Some(work.set_timer(step_name(&task.id), timeout));
            return;
        }
        task.steps_open += 1;
    }
}
