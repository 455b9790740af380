//! The state of the routing machine: agents and open tasks. Kept as one record per agent and task, so that a step
//! writes what it changed and no more.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::Json;

/// Global state of an agent (1.15). LOGIN is transient: it becomes NOT_READY at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Global {
    /// Not there.
    Logout,
    /// There, takes nothing.
    NotReady,
    /// Takes work where a medium is ready.
    Ready,
}

impl Global {
    /// Name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "LOGOUT",
            Self::NotReady => "NOT_READY",
            Self::Ready => "READY",
        }
    }
}

/// State of an agent on one medium (1.15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MediaStatus {
    /// Not there.
    Logout,
    /// Switched off.
    NotReady,
    /// Switched on, no task.
    Ready,
    /// Tasks below the limit.
    Active,
    /// At the limit.
    Busy,
    /// Switched off with tasks.
    PendingNotReady,
}

impl MediaStatus {
    /// Name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "LOGOUT",
            Self::NotReady => "NOT_READY",
            Self::Ready => "READY",
            Self::Active => "ACTIVE",
            Self::Busy => "BUSY",
            Self::PendingNotReady => "PENDING_NOT_READY",
        }
    }
}

/// An agent on one medium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentMedia {
    /// State.
    pub state: MediaStatus,
    /// The switch: the agent wants work on it.
    pub on: bool,
    /// Epoch ms of the last change.
    pub since: i64,
    /// Epoch ms it last became READY: decides who is longest available.
    pub ready_since: i64,
    /// Most tasks (1.14).
    pub max_tasks: u32,
}

/// An agent who has ever logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// Id.
    pub id: String,
    /// Global state.
    pub state: Global,
    /// Reason of NOT_READY or LOGOUT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Epoch ms of the last change.
    pub since: i64,
    /// Epoch ms of the login.
    pub login_at: i64,
    /// By medium.
    pub media: BTreeMap<String, AgentMedia>,
    /// Runs after a logout until tasks are taken away (4.10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<TimerRef>,
}

/// A timer that is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerRef {
    /// Id of the setting.
    pub id: String,
    /// Epoch ms.
    pub due: i64,
}

/// Where a task stands. Each state holds its own data and no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaskPhase {
    /// Waits.
    Queued,
    /// Offered to an agent.
    Reserved {
        /// Agent.
        agent: String,
        /// Rings until then.
        ring: TimerRef,
    },
    /// An agent is in.
    Active {
        /// Agent.
        agent: String,
    },
    /// The agent wraps up.
    WrapUp {
        /// Agent.
        agent: String,
        /// Since, epoch ms.
        since: i64,
        /// Ends then.
        until: TimerRef,
    },
}

/// An open task with its one medium.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Id of the request it carries; a reroute copy keeps it.
    #[serde(default)]
    pub request: String,
    /// Task id.
    pub id: String,
    /// Media id.
    pub media: String,
    /// Where it stands.
    pub phase: TaskPhase,
    /// Conversation.
    pub conversation: String,
    /// Its home partition.
    pub home: u32,
    /// Session that asked.
    pub session: String,
    /// Medium.
    pub mrd: String,
    /// Queue; `None` for a named agent.
    pub queue: Option<String>,
    /// Direction.
    pub direction: String,
    /// AGENT or QUEUE.
    pub mode: String,
    /// 1..11.
    pub priority: u8,
    /// Offered first.
    pub offer: bool,
    /// When the request came in; a reroute copy keeps it for ordering by `enqueued_at` of its own.
    pub created_at: i64,
    /// Epoch ms.
    pub enqueued_at: i64,
    /// Epoch ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_at: Option<i64>,
    /// Epoch ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<i64>,
    /// TTL of the request; reroutes keep it. `None` once it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<TimerRef>,
    /// The TTL ran out while the offer was ringing (4.1.9).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ttl_over: bool,
    /// Steps of the queue that are open, from 1.
    pub steps_open: usize,
    /// Timer of the last open step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<TimerRef>,
    /// Agents who let it ring or refused; skipped while others can take it (U21).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub refused: BTreeSet<String>,
    /// Agent to try first (4.5); cleared by their refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_agent: Option<String>,
    /// Agent who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// The agent handed it on: its reason stays TRANSFERRED through wrap-up (4.11).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub transferred: bool,
    /// What the offer shows.
    pub offer_view: Json,
}

impl Task {
    /// Agent who has or is offered it.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        match &self.phase {
            TaskPhase::Queued => None,
            TaskPhase::Reserved { agent, .. }
            | TaskPhase::Active { agent }
            | TaskPhase::WrapUp { agent, .. } => Some(agent),
        }
    }

    /// QUEUED or RESERVED (1.12).
    #[must_use]
    pub fn in_process(&self) -> bool {
        matches!(self.phase, TaskPhase::Queued | TaskPhase::Reserved { .. })
    }
}

/// A request on a pull list (1.16).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Post {
    /// Conversation.
    pub conversation: String,
    /// List.
    pub list: String,
    /// Session that asks.
    pub session: String,
    /// UNREAD, ACTIVE or INACTIVE.
    pub status: String,
    /// Epoch ms.
    pub time: i64,
}

/// The routing machine of one tenant.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Routing {
    /// Agents who have logged in, by id.
    pub agents: BTreeMap<String, Agent>,
    /// Open tasks, by id.
    pub tasks: BTreeMap<String, Task>,
    /// Requests on pull lists, by conversation.
    pub posts: BTreeMap<String, Post>,
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
            .chain(self.posts.keys().map(|k| format!("post:{k}")));
        keys.filter_map(|k| self.record(&k).map(|r| (k, r))).collect()
    }

    /// Open tasks of an agent on a medium, offers and wrap-up included (U19).
    #[must_use]
    pub fn load_of(&self, agent: &str, mrd: &str) -> usize {
        self.tasks.values().filter(|t| t.mrd == mrd && t.agent() == Some(agent)).count()
    }
}
