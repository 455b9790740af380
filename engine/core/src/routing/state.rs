//! The state of the routing machine: agents and open tasks. Kept as one record per agent and task, so that a step
//! writes what it changed and no more.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::Json;

/// Global state of an agent (1.15). LOGIN is transient: it becomes NOT_READY at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// Work on another medium comes first (4.8).
    Interrupted,
    /// The desk is lost; nobody knows (1.15, U30).
    Unknown,
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
            Self::Interrupted => "INTERRUPTED",
            Self::Unknown => "UNKNOWN",
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
    /// State before an interruption or the loss of the desk, which it comes back to (4.8, U30).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<MediaStatus>,
    /// Tasks on other media that interrupt this one, until they are closed (4.8).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub interrupted_by: BTreeSet<String>,
}

impl AgentMedia {
    /// A medium of an agent who comes in: switched off.
    pub(super) fn fresh(global: Global, max_tasks: u32, at: i64) -> Self {
        let state = if global == Global::Logout { MediaStatus::Logout } else { MediaStatus::NotReady };
        Self {
            state,
            on: false,
            since: at,
            ready_since: at,
            max_tasks,
            previous: None,
            interrupted_by: BTreeSet::new(),
        }
    }
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
    /// Runs after a logout or a lost desk until tasks are taken away (4.10, U30).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<TimerRef>,
    /// The desk is lost: nothing is offered until it is back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
    /// The desk that connected last, where desks say who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desk: Option<String>,
    /// Pull lists whose requests the desk shows (4.9).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lists: BTreeSet<String>,
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
    /// Timer of the next estimate that is told (4.6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<TimerRef>,
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
    /// Words of the agent who asked, for the one who is asked (4.10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// List it was picked from (4.9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// Task of the agent to whom it is a further medium (4.1.1); such a medium is offered or active, never waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_to: Option<String>,
    /// No session of this medium is open any more, while the conversation goes on: it takes no slot.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub session_over: bool,
    /// What the offer shows.
    pub offer_view: Json,
}

/// Directions that take no slot of an agent: a supervisor listens, beside the own work.
const WATCHING: &[&str] = &["SILENT_MONITOR", "WHISPER"];

impl Task {
    /// A task that begins now: of mode AGENT, without a queue, waiting.
    pub(super) fn new(id: String, media: String, at: i64) -> Self {
        Self {
            request: String::new(),
            id,
            media,
            phase: TaskPhase::Queued,
            conversation: String::new(),
            home: 0,
            session: String::new(),
            mrd: String::new(),
            queue: None,
            direction: String::new(),
            mode: "AGENT".into(),
            priority: 1,
            offer: false,
            created_at: at,
            enqueued_at: at,
            reserved_at: None,
            answered_at: None,
            ttl: None,
            ttl_over: false,
            steps_open: 1,
            step: None,
            estimate: None,
            refused: BTreeSet::new(),
            last_agent: None,
            requested_by: None,
            transferred: false,
            note: None,
            list: None,
            added_to: None,
            session_over: false,
            offer_view: Json::Null,
        }
    }

    /// Whether it takes one of its agent's slots (4.1: media RESERVED or ACTIVE; U19: wrap-up too).
    #[must_use]
    pub fn takes_a_slot(&self) -> bool {
        !self.watches() && !self.session_over
    }

    fn watches(&self) -> bool {
        WATCHING.contains(&self.direction.as_str())
    }

    /// Whether its agent is in the conversation to work, not to watch, and does not wrap up.
    #[must_use]
    pub fn at_work(&self) -> bool {
        matches!(self.phase, TaskPhase::Active { .. }) && !self.watches()
    }

    /// Its id on the wire: a further medium is part of the task it was added to (1.12).
    #[must_use]
    pub fn wire_id(&self) -> &str {
        self.added_to.as_deref().unwrap_or(&self.id)
    }

    /// Its direction as the wire knows it (1.12): a supervisor who whispers has a task like one who listens.
    #[must_use]
    pub fn wire_direction(&self) -> &str {
        if self.direction == "WHISPER" { "SILENT_MONITOR" } else { &self.direction }
    }

    /// State of its media (1.12).
    #[must_use]
    pub fn media_state(&self) -> &'static str {
        match self.phase {
            TaskPhase::Queued => "QUEUED",
            TaskPhase::Reserved { .. } => "RESERVED",
            TaskPhase::Active { .. } | TaskPhase::WrapUp { .. } => "ACTIVE",
        }
    }

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

    /// Timers that are set for it.
    pub(super) fn timers(&self) -> impl Iterator<Item = &TimerRef> {
        let of_phase = match &self.phase {
            TaskPhase::Reserved { ring, .. } => Some(ring),
            TaskPhase::WrapUp { until, .. } => Some(until),
            TaskPhase::Queued | TaskPhase::Active { .. } => None,
        };
        of_phase.into_iter().chain(&self.ttl).chain(&self.step).chain(&self.estimate)
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
    /// Conversation; also the id of the request.
    pub conversation: String,
    /// Its home partition.
    #[serde(default)]
    pub home: u32,
    /// List.
    pub list: String,
    /// Session that asks.
    pub session: String,
    /// Its medium.
    #[serde(default)]
    pub mrd: String,
    /// UNREAD, ACTIVE or INACTIVE.
    pub status: String,
    /// Epoch ms.
    pub time: i64,
}

/// How long answered work of a queue took, hour by hour: what an estimated wait is made of (U27).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Handled {
    /// Hour since 1970 → tasks that ended in it, and the ms they took together. At most a day of them.
    pub hours: BTreeMap<i64, (u64, i64)>,
}
