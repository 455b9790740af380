//! What a step asks of the world, as data.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::model::Json;

/// Something to publish once the step is committed. Its id is derived from the input, so that a repeated step repeats it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Publication {
    /// Message id.
    pub id: String,
    /// Routing key on `convene.out`, such as `channel.WEB.1218`, `agent.amal`, `event.CUSTOMER_MESSAGE`.
    pub key: String,
    /// AMQP `type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The JSON to send.
    pub body: Wire,
}

impl Publication {
    /// Something to publish.
    #[must_use]
    pub fn new(id: impl Into<String>, key: impl Into<String>, kind: &str, body: Wire) -> Self {
        Self { id: id.into(), key: key.into(), kind: kind.to_owned(), body }
    }
}

/// JSON as it is sent: written once, then journaled and published as it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Wire(Box<RawValue>);

impl Wire {
    /// Writes a value. What cannot be written, which nothing of ours is, becomes `null`.
    #[must_use]
    pub fn of(value: &impl Serialize) -> Self {
        Self(to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// Its bytes, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Box<[u8]> {
        Box::<str>::from(self.0).into()
    }

    /// Reads it again, for a test, a transcript, a page.
    #[must_use]
    pub fn json(&self) -> Json {
        serde_json::from_str(self.text()).unwrap_or_default()
    }
}

impl PartialEq for Wire {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

/// A timer to keep. A timer of the same owner and name is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerSet {
    /// Name, unique within its owner (a conversation id, or `routing`).
    pub name: String,
    /// Id of this very setting; a firing with another id is stale and ignored.
    pub id: String,
    /// When it is due, epoch ms.
    pub due: i64,
}

/// A question to a bot that lives outside: asked after the commit, asked again after a crash, answered once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BotCall {
    /// Idempotency key.
    pub id: String,
    /// Bot name.
    pub bot: String,
    /// Conversation that waits.
    pub conversation: String,
    /// Request in the custom-connector format (`domain.md` section 7).
    pub request: Json,
    /// After this the answer no longer counts, epoch ms.
    pub deadline: i64,
}

/// One line of the decision log: what was decided and why. Holds names and states, never what people said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceLine {
    /// Where: `inbound.choose_queue`, `state`, `session`, `sla`, `routing`, …
    pub at: String,
    /// What happened or was decided.
    pub what: String,
    /// Why; empty when the line explains itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Who could have been chosen, for a decision between agents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Verdict>,
    /// The task it is about, for a decision of routing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
}

impl TraceLine {
    /// A line about no task in particular.
    #[must_use]
    pub fn new(at: impl Into<String>, what: impl Into<String>, why: impl Into<String>) -> Self {
        let (at, what, why) = (at.into(), what.into(), why.into());
        Self { at, what, why, candidates: Vec::new(), task: None }
    }
}

/// What spoke for or against an agent when a task was to be given to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Agent; `…` stands for those who are not listed one by one.
    pub agent: String,
    /// In words: why not, or why.
    pub why: String,
    /// The first condition that did not hold; absent for the one who was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// What was found instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
}

/// Where the lines stand that say why routing did something.
pub const WHY: &str = "why";

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Reply {
    /// Done, or nothing to do.
    Done {
        /// What the caller may want to see.
        data: Json,
    },
    /// Refused; nothing changed.
    Refused {
        /// Stable code, such as `task_not_reserved`.
        code: String,
        /// What, why, and how to mend it.
        detail: String,
        /// State that made it impossible.
        #[serde(default)]
        current: Json,
    },
}

impl Reply {
    /// Done, with nothing to show.
    #[must_use]
    pub fn done() -> Self {
        Self::Done { data: Json::Null }
    }

    /// A refusal.
    #[must_use]
    pub fn refused(code: &str, detail: impl Into<String>, current: Json) -> Self {
        Self::Refused { code: code.into(), detail: detail.into(), current }
    }
}
