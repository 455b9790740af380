//! What the routing machine is told, and what it tells conversations.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::further::Moved;
use crate::effect::Verdict;
use crate::model::Json;

/// An input of the routing machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "routing", rename_all = "snake_case")]
pub enum Input {
    /// A conversation wants an agent.
    Assign {
        /// The request.
        request: Box<AssignRequest>,
    },
    /// The request in process is withdrawn.
    Cancel {
        /// Conversation.
        conversation: String,
        /// Its home partition.
        home: u32,
        /// Reason code of the closed task.
        reason: String,
    },
    /// An agent left a conversation, or wraps up.
    Left {
        /// Conversation.
        conversation: String,
        /// Its home partition.
        home: u32,
        /// Agent.
        agent: String,
        /// Why they were unsubscribed.
        reason: String,
        /// Wrap-up begins; otherwise the task is over.
        wrap_up: bool,
        /// The task they had: another one, which they have begun meanwhile, goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<String>,
        /// Room of the conversation, for the desk of who wraps up; empty in journals of before.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        room: String,
    },
    /// A channel session ended while others of the conversation go on: so does its medium (1.12).
    SessionOver {
        /// Conversation.
        conversation: String,
        /// Its home partition.
        home: u32,
        /// Session.
        session: String,
        /// Its medium.
        #[serde(default)]
        mrd: String,
        /// The customer is there on the same medium on another channel.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        stays: bool,
        /// The session for which an agent is looked for from now on, when the agent before was lost.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        moves: Option<Box<Moved>>,
    },
    /// A conversation is closing: close every task of it and say so.
    CloseAll {
        /// Conversation.
        conversation: String,
        /// Its home partition.
        home: u32,
        /// Reason code for tasks nobody answered.
        reason: String,
    },
    /// A request on a pull list (4.9).
    Post {
        /// Conversation.
        conversation: String,
        /// Its home partition.
        home: u32,
        /// List.
        list: String,
        /// Session that asks.
        session: String,
        /// Its medium.
        #[serde(default)]
        mrd: String,
    },
    /// An agent is in a conversation without an offer: an agent-started contact, a supervisor who listens (4.10).
    Join {
        /// Conversation.
        conversation: String,
        /// Its home partition.
        home: u32,
        /// Agent.
        agent: String,
        /// Direction of the task.
        direction: String,
        /// Session it is about.
        session: String,
        /// Its medium.
        mrd: String,
    },
    /// The task of an agent becomes another one: a consulted agent takes over, a supervisor steps in (4.10).
    Redirect {
        /// Conversation.
        conversation: String,
        /// Its home partition.
        home: u32,
        /// Agent.
        agent: String,
        /// New direction.
        direction: String,
    },
    /// A command of an agent's desk.
    Command {
        /// Name.
        name: String,
        /// Data.
        data: Json,
    },
    /// A timer is due.
    Timer {
        /// Name.
        name: String,
        /// Id of the setting.
        timer: String,
    },
}

impl Input {
    /// Short name for the journal's skeleton.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::Assign { .. } => "assign".into(),
            Self::Cancel { .. } => "cancel".into(),
            Self::Left { wrap_up: true, .. } => "wrap-up begins".into(),
            Self::Left { .. } => "agent left".into(),
            Self::SessionOver { .. } => "session over".into(),
            Self::CloseAll { .. } => "close all".into(),
            Self::Post { .. } => "post on list".into(),
            Self::Join { .. } => "agent joins".into(),
            Self::Redirect { .. } => "task redirected".into(),
            Self::Command { name, .. } => format!("command {name}"),
            Self::Timer { name, .. } => format!("timer {}", name.split(':').next().unwrap_or(name)),
        }
    }
}

/// A request for an agent (1.12 AssignResourceRequest), by names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssignRequest {
    /// Id of the request, by which the conversation knows what becomes of it.
    #[serde(default)]
    pub request: String,
    /// Conversation.
    pub conversation: String,
    /// Its home partition.
    pub home: u32,
    /// Session that asks.
    pub session: String,
    /// Its channel.
    pub channel: String,
    /// Name of the customer, for the offer.
    pub customer: String,
    /// Medium.
    pub media: String,
    /// Queue; `None` for a named agent.
    pub queue: Option<String>,
    /// Named agent.
    pub agent: Option<String>,
    /// Task direction (1.12).
    pub direction: String,
    /// 1..11.
    pub priority: u8,
    /// Offer first; otherwise the agent is in at once.
    pub offer: bool,
    /// Agent to try first (4.5).
    pub last_agent: Option<String>,
    /// How long to look.
    pub ttl_ms: i64,
    /// Agent who asked (transfer, consult).
    pub requested_by: Option<String>,
    /// Agents to ask only when nobody else can take it (U37).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub avoid: BTreeSet<String>,
    /// Words of the agent who asked, for the one who is asked (4.10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What the offer shows (9.3 `taskRequest`).
    pub offer_view: Json,
}

/// Why routing did something, with everybody who was looked at.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Choice {
    /// In words.
    pub why: String,
    /// Who could have been chosen, and what spoke against them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Verdict>,
}

/// What routing tells a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "tell", rename_all = "snake_case")]
pub enum Tell {
    /// A task or its media changed.
    Changed {
        /// The task.
        task: Box<TaskView>,
        /// Its own state changed.
        task_changed: bool,
        /// Its media's state changed.
        media_changed: bool,
    },
    /// It waits in a queue.
    Enqueued {
        /// The task.
        task: Box<TaskView>,
    },
    /// How long it may still take (4.6).
    Estimated {
        /// The task.
        task: Box<TaskView>,
        /// Place in the queue, from 1.
        position: usize,
        /// Estimated wait, ms.
        wait_ms: i64,
    },
    /// Nobody can take it at this moment.
    Waits {
        /// Task id.
        task: String,
        /// Why nobody can.
        choice: Box<Choice>,
    },
    /// An agent is chosen.
    Reserved {
        /// The task.
        task: Box<TaskView>,
        /// Why this one.
        #[serde(default)]
        choice: Box<Choice>,
    },
    /// The chosen agent did not answer in time, or refused.
    OfferRangOut {
        /// The task.
        task: Box<TaskView>,
    },
    /// Nobody was found in time, or the named agent did not take it.
    NoAgent {
        /// The task.
        task: Box<TaskView>,
        /// Agent who asked.
        requested_by: Option<String>,
    },
    /// An agent accepted.
    Joined {
        /// Agent.
        agent: String,
        /// Task id.
        task: String,
        /// PRIMARY or ASSISTANT.
        role: String,
    },
    /// An agent is gone (logout, lost desk).
    Gone {
        /// Agent.
        agent: String,
        /// Unsubscribe reason.
        reason: String,
    },
    /// Work on another medium takes the agent away (4.8).
    Interrupted {
        /// Agent.
        agent: String,
        /// The medium that is interrupted.
        mrd: String,
        /// All conversations of the agent on it.
        conversations: Vec<String>,
    },
    /// The agent's work elsewhere is over: what it interrupted goes on (4.8).
    FreeAgain {
        /// Agent.
        agent: String,
        /// The medium that goes on.
        mrd: String,
    },
    /// An agent ended the request on a list: the session is over (4.9).
    EndSession {
        /// Session.
        session: String,
        /// Agent who ended it.
        agent: String,
    },
    /// The time for wrap-up is over.
    WrapUpOver {
        /// Agent.
        agent: String,
        /// How it ended.
        how: String,
    },
    /// A request was refused.
    Refused {
        /// Id of the request.
        #[serde(default)]
        request: String,
        /// Stable code.
        code: String,
        /// Why.
        detail: String,
        /// Session an agent wanted to begin with it (AGENT_OUTBOUND).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
    },
    /// An agent who serves the conversation is in another state (`domain.md` section 3, AGENT_STATE_CHANGED).
    AgentState {
        /// Data of the event (`AgentStateChangedResponse`).
        data: Json,
    },
    /// Every task of the conversation is closed.
    AllClosed,
}

impl Tell {
    /// Short name for the journal's skeleton.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Changed { .. } => "task changed",
            Self::Enqueued { .. } => "enqueued",
            Self::Estimated { .. } => "estimated",
            Self::Waits { .. } => "waits",
            Self::Reserved { .. } => "reserved",
            Self::OfferRangOut { .. } => "offer rang out",
            Self::NoAgent { .. } => "no agent",
            Self::Joined { .. } => "joined",
            Self::Gone { .. } => "agent gone",
            Self::Interrupted { .. } => "interrupted",
            Self::FreeAgain { .. } => "free again",
            Self::EndSession { .. } => "ended on the list",
            Self::WrapUpOver { .. } => "wrap-up over",
            Self::Refused { .. } => "refused",
            Self::AgentState { .. } => "agent state",
            Self::AllClosed => "all closed",
        }
    }
}

/// A task as a conversation sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskView {
    /// Id of the request it carries; reroute copies keep it.
    #[serde(default)]
    pub request: String,
    /// Task id.
    pub id: String,
    /// Media id.
    pub media: String,
    /// ACTIVE, WRAP_UP or CLOSED.
    pub state: String,
    /// Reason code.
    pub reason: Option<String>,
    /// QUEUED, RESERVED, ACTIVE or CLOSED.
    pub media_state: String,
    /// Medium.
    pub mrd: String,
    /// Queue.
    pub queue: Option<String>,
    /// Agent.
    pub agent: Option<String>,
    /// Direction.
    pub direction: String,
    /// AGENT or QUEUE.
    pub mode: String,
    /// Priority.
    pub priority: u8,
    /// Offered first.
    pub offer: bool,
    /// Session that asked.
    pub session: String,
    /// Id of the request's TTL timer.
    pub ttl_timer: Option<String>,
    /// Epoch ms.
    pub enqueued_at: i64,
    /// Epoch ms.
    pub answered_at: Option<i64>,
    /// Epoch ms.
    pub created_at: i64,
    /// Closed, and a copy of it goes on looking.
    pub rerouted: bool,
    /// List it was picked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// Words of the agent who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Agent who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// It is a further medium of the task with this id (4.1.1), which goes on when the medium ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub further: bool,
    /// The other media of the task that are open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<TaskView>,
}
