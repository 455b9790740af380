//! The routing machine of one tenant: its records, and the indices that find who can take what without looking at
//! everybody. Records are the truth; indices are built from them and from the deployment, and hold nothing of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::index::Index;
use super::state::{Agent, Handled, Post, Task};
use crate::deployment::Deployment;
use crate::report::QueueRow;

/// Key of the record that says which deployment agents and queues were last adapted to.
pub(super) const ADAPTED: &str = "meta:deployment";
/// Key of the record of the queues that were reported last.
pub(super) const QUEUES: &str = "meta:queues";

/// The routing machine of one tenant. It is kept as one record per agent, task, post and queue, so that a step writes what
/// it changed and no more.
#[derive(Debug, Clone, Default)]
pub struct Routing {
    /// Agents who have logged in, by id.
    pub agents: BTreeMap<String, Agent>,
    /// Open tasks, by id.
    pub tasks: BTreeMap<String, Task>,
    /// Requests on pull lists, by conversation.
    pub posts: BTreeMap<String, Post>,
    /// Handling times, by queue.
    pub handled: BTreeMap<String, Handled>,
    /// Deployment it was last adapted to; empty before the first step.
    pub(super) adapted: String,
    /// Queues as they were reported last, by name: a queue that the next deployment does not have is reported as deleted.
    pub(super) queues: BTreeMap<String, QueueRow>,
    pub(super) index: Index,
}

impl PartialEq for Routing {
    fn eq(&self, other: &Self) -> bool {
        self.agents == other.agents
            && self.tasks == other.tasks
            && self.posts == other.posts
            && self.handled == other.handled
            && self.adapted == other.adapted
            && self.queues == other.queues
    }
}

impl Routing {
    /// Reads the machine from its records.
    ///
    /// # Errors
    /// The key of a record that cannot be read, and why.
    pub fn load(records: &BTreeMap<String, String>) -> Result<Self, String> {
        let mut routing = Self::default();
        for (key, body) in records {
            let problem = |e: serde_json::Error| format!("record {key}: {e}");
            match key.split_once(':') {
                Some(("agent", id)) => {
                    routing.agents.insert(id.into(), serde_json::from_str(body).map_err(problem)?);
                }
                Some(("task", id)) => {
                    routing.tasks.insert(id.into(), serde_json::from_str(body).map_err(problem)?);
                }
                Some(("post", id)) => {
                    routing.posts.insert(id.into(), serde_json::from_str(body).map_err(problem)?);
                }
                Some(("queue", id)) => {
                    routing.handled.insert(id.into(), serde_json::from_str(body).map_err(problem)?);
                }
                Some(("meta", "deployment")) => {
                    routing.adapted = serde_json::from_str(body).map_err(problem)?;
                }
                Some(("meta", "queues")) => {
                    routing.queues = serde_json::from_str(body).map_err(problem)?;
                }
                _ => return Err(format!("record {key}: unknown kind")),
            }
        }
        Ok(routing)
    }

    /// A record as it is stored; `None` when it is gone.
    #[must_use]
    pub fn record(&self, key: &str) -> Option<String> {
        let (kind, id) = key.split_once(':')?;
        match kind {
            "agent" => self.agents.get(id).and_then(|a| serde_json::to_string(a).ok()),
            "task" => self.tasks.get(id).and_then(|t| serde_json::to_string(t).ok()),
            "post" => self.posts.get(id).and_then(|p| serde_json::to_string(p).ok()),
            "queue" => self.handled.get(id).and_then(|h| serde_json::to_string(h).ok()),
            "meta" if id == "queues" => {
                (!self.queues.is_empty()).then(|| serde_json::json!(self.queues).to_string())
            }
            "meta" => (!self.adapted.is_empty()).then(|| serde_json::json!(self.adapted).to_string()),
            _ => None,
        }
    }

    /// All records.
    #[must_use]
    pub fn records(&self) -> BTreeMap<String, String> {
        let keys = self
            .agents
            .keys()
            .map(|k| format!("agent:{k}"))
            .chain(self.tasks.keys().map(|k| format!("task:{k}")))
            .chain(self.posts.keys().map(|k| format!("post:{k}")))
            .chain(self.handled.keys().map(|k| format!("queue:{k}")))
            .chain([ADAPTED.to_owned(), QUEUES.to_owned()]);
        keys.filter_map(|k| self.record(&k).map(|r| (k, r))).collect()
    }

    /// Tasks of an agent on a medium that take a slot: offers and wrap-up included (U19).
    #[must_use]
    pub fn load_of(&self, agent: &str, mrd: &str) -> usize {
        self.tasks_of_agent(agent).filter(|t| t.mrd == mrd && t.takes_a_slot()).count()
    }

    /// Whether an agent can take one more task of a medium now (4.1 "routable").
    #[must_use]
    pub fn can_take(&self, agent: &str, mrd: &str) -> bool {
        self.agents.get(agent).is_some_and(|a| super::matching::fault(self, a, mrd).is_none())
    }

    /// Open tasks of an agent.
    pub fn tasks_of_agent(&self, agent: &str) -> impl Iterator<Item = &Task> {
        // A machine that was only read has no indices yet.
        let all = self.index.is_empty().then(|| self.tasks.values());
        let known = self.index.of_agent(agent).filter_map(|id| self.tasks.get(id));
        let agent = agent.to_owned();
        all.into_iter().flatten().filter(move |t| t.agent() == Some(agent.as_str())).chain(known)
    }

    /// Open tasks of a conversation.
    pub fn tasks_of_conversation(&self, conversation: &str) -> impl Iterator<Item = &Task> {
        self.index.of_conversation(conversation).filter_map(|id| self.tasks.get(id))
    }

    /// Agents who subscribed to a list.
    #[must_use]
    pub fn subscribers(&self, list: &str) -> Vec<String> {
        self.agents.values().filter(|a| a.lists.contains(list)).map(|a| a.id.clone()).collect()
    }

    /// Whether it was used, and last with another deployment than this one.
    #[must_use]
    pub fn is_older_than(&self, deployment: &str) -> bool {
        !self.adapted.is_empty() && self.adapted != deployment
    }

    /// Id of the deployment it was last used with; empty when it never was.
    #[must_use]
    pub fn deployment(&self) -> &str {
        &self.adapted
    }

    /// What stands in the way of a deployment: queues in which somebody waits, and which it does not have (1.6).
    #[must_use]
    pub fn in_the_way_of(&self, d: &Deployment) -> Vec<String> {
        let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
        let waits = |t: &&Task| t.in_process();
        for queue in self.tasks.values().filter(waits).filter_map(|t| t.queue.as_deref()) {
            if !d.centre.queues.contains_key(queue) {
                *missing.entry(queue).or_default() += 1;
            }
        }
        let said =
            |(queue, n)| format!("{n} tasks wait in queue {queue}, which the changed files do not have");
        missing.into_iter().map(said).collect()
    }

    /// Builds the indices unless they are there.
    pub(super) fn ready(&mut self, d: &Deployment) {
        if self.index.is_of(&d.id) {
            return;
        }
        let mut index = Index::of(d);
        for task in self.tasks.values() {
            index.add(task);
        }
        self.index = index;
        let agents: BTreeSet<String> = self.agents.keys().cloned().collect();
        for id in agents {
            self.reindex(&id);
        }
    }

    /// Stores a task.
    pub(super) fn put_task(&mut self, task: Task) {
        if let Some(before) = self.tasks.get(&task.id) {
            self.index.remove(before);
        }
        self.index.add(&task);
        self.tasks.insert(task.id.clone(), task);
    }

    /// Forgets a task.
    pub(super) fn remove_task(&mut self, id: &str) {
        if let Some(task) = self.tasks.remove(id) {
            self.index.remove(&task);
        }
    }

    /// Finds an agent's place among those who are free again, on every medium.
    pub(super) fn reindex(&mut self, id: &str) {
        let Some(agent) = self.agents.get(id) else { return };
        let places: Vec<(String, Option<(usize, i64)>)> = agent
            .media
            .iter()
            .map(|(mrd, media)| {
                let free = super::matching::fault(self, agent, mrd).is_none();
                (mrd.clone(), free.then(|| (self.load_of(id, mrd), media.ready_since)))
            })
            .collect();
        for mrd in self.index.media_of(id) {
            if !agent.media.contains_key(&mrd) {
                self.index.place(&mrd, id, None);
            }
        }
        for (mrd, place) in places {
            self.index.place(&mrd, id, place);
        }
    }
}
