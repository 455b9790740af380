//! Where to look: tasks by conversation, by agent, by queue and open steps; free agents by medium. Every answer comes from
//! a sorted set, so that a decision costs about the same with a thousand tasks waiting and with a hundred thousand.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::plan::Number;
use super::state::{Task, TaskPhase};
use crate::deployment::Deployment;

/// The place of a waiting task in its queue (4.1.3): priority, then age.
pub(super) type Place = (Reverse<u8>, i64, i64, String);
/// Tasks of a queue that have the same number of steps open.
pub(super) type Line = (String, usize);
/// The place of a free agent (4.1.4): fewest tasks, then longest available.
pub(super) type Free = (usize, i64, String);

/// The place of a task in its queue.
pub(super) fn place(task: &Task) -> Place {
    (Reverse(task.priority), task.enqueued_at, task.created_at, task.id.clone())
}

/// The indices.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// Deployment they are built for; `None` before they are.
    deployment: Option<String>,
    conversations: BTreeMap<String, BTreeSet<String>>,
    agents: BTreeMap<String, BTreeSet<String>>,
    /// By medium: lines of waiting tasks.
    waiting: BTreeMap<String, BTreeMap<Line, BTreeSet<Place>>>,
    /// By medium: agents who can take one more task.
    free: BTreeMap<String, BTreeSet<Free>>,
    /// The same as bits, by the agent's number: a step and those who are free are compared 64 at a time.
    free_bits: BTreeMap<String, Vec<u64>>,
    /// Numbers of agents in the deployment's plan.
    numbers: BTreeMap<String, Number>,
    /// Where an agent stands in `free`.
    stands: BTreeMap<String, BTreeMap<String, (usize, i64)>>,
}

impl Index {
    pub(super) fn of(deployment: &Deployment) -> Self {
        let numbers = deployment.plan().numbers().clone();
        Self { deployment: Some(deployment.id.clone()), numbers, ..Self::default() }
    }

    pub(super) fn is_of(&self, deployment: &str) -> bool {
        self.deployment.as_deref() == Some(deployment)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.deployment.is_none()
    }

    pub(super) fn add(&mut self, task: &Task) {
        self.conversations.entry(task.conversation.clone()).or_default().insert(task.id.clone());
        if let Some(agent) = task.agent() {
            self.agents.entry(agent.to_owned()).or_default().insert(task.id.clone());
        }
        if let (TaskPhase::Queued, Some(queue)) = (&task.phase, &task.queue) {
            let lines = self.waiting.entry(task.mrd.clone()).or_default();
            lines.entry((queue.clone(), task.steps_open)).or_default().insert(place(task));
        }
    }

    pub(super) fn remove(&mut self, task: &Task) {
        take(&mut self.conversations, &task.conversation, &task.id);
        if let Some(agent) = task.agent() {
            take(&mut self.agents, agent, &task.id);
        }
        if let (TaskPhase::Queued, Some(queue)) = (&task.phase, &task.queue)
            && let Some(lines) = self.waiting.get_mut(&task.mrd)
        {
            let line = (queue.clone(), task.steps_open);
            if let Some(tasks) = lines.get_mut(&line) {
                tasks.remove(&place(task));
                if tasks.is_empty() {
                    lines.remove(&line);
                }
            }
        }
    }

    pub(super) fn of_conversation(&self, id: &str) -> impl Iterator<Item = &String> {
        self.conversations.get(id).into_iter().flatten()
    }

    pub(super) fn of_agent(&self, id: &str) -> impl Iterator<Item = &String> {
        self.agents.get(id).into_iter().flatten()
    }

    /// Place of a waiting task in its queue, from 1: tasks of all its lines that come before it.
    pub(super) fn position(&self, task: &Task) -> usize {
        let own = place(task);
        let lines = self.waiting.get(&task.mrd).into_iter().flatten();
        let of_queue = lines.filter(|((queue, _), _)| task.queue.as_ref() == Some(queue));
        1 + of_queue.map(|(_, places)| places.range(..&own).count()).sum::<usize>()
    }

    /// Lines of waiting tasks on a medium.
    pub(super) fn lines(&self, mrd: &str) -> impl Iterator<Item = (&Line, &BTreeSet<Place>)> {
        self.waiting.get(mrd).into_iter().flatten()
    }

    /// Free agents of a medium, best first.
    pub(super) fn free(&self, mrd: &str) -> Option<&BTreeSet<Free>> {
        self.free.get(mrd).filter(|free| !free.is_empty())
    }

    /// Free agents of a medium, as bits by number.
    pub(super) fn free_bits(&self, mrd: &str) -> &[u64] {
        self.free_bits.get(mrd).map_or(&[], Vec::as_slice)
    }

    /// Where an agent stands among the free ones of a medium.
    pub(super) fn stands(&self, agent: &str, mrd: &str) -> Option<(usize, i64)> {
        self.stands.get(agent)?.get(mrd).copied()
    }

    /// Media on which an agent stands among the free ones.
    pub(super) fn media_of(&self, agent: &str) -> Vec<String> {
        self.stands.get(agent).into_iter().flat_map(BTreeMap::keys).cloned().collect()
    }

    /// Puts an agent among the free ones of a medium, or takes them out.
    pub(super) fn place(&mut self, mrd: &str, agent: &str, place: Option<(usize, i64)>) {
        let before = self.stands.get(agent).and_then(|media| media.get(mrd)).copied();
        if before == place {
            return;
        }
        if let Some(number) = self.numbers.get(agent) {
            number.mark(self.free_bits.entry(mrd.to_owned()).or_default(), place.is_some());
        }
        if let Some((load, since)) = before {
            if let Some(free) = self.free.get_mut(mrd) {
                free.remove(&(load, since, agent.to_owned()));
            }
            if let Some(media) = self.stands.get_mut(agent) {
                media.remove(mrd);
            }
        }
        if let Some((load, since)) = place {
            self.free.entry(mrd.to_owned()).or_default().insert((load, since, agent.to_owned()));
            self.stands.entry(agent.to_owned()).or_default().insert(mrd.to_owned(), (load, since));
        }
    }
}

fn take(map: &mut BTreeMap<String, BTreeSet<String>>, key: &str, id: &str) {
    if let Some(ids) = map.get_mut(key) {
        ids.remove(id);
        if ids.is_empty() {
            map.remove(key);
        }
    }
}
