//! The state of one conversation, as small as it can be: what the deployment knows is kept by name, what the wire
//! needs is built when it is needed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::handoff::Story;
use super::input::Link;
use super::served::Served;
use crate::directory::Previous;
use crate::model::{ConversationState, Customer, Json, JsonMap, ParticipantRole};

/// Format of a stored conversation. Raised when the shape changes; older ones are read.
pub const CONVERSATION_FORMAT: u16 = 1;

/// One conversation (`domain.md` section 1.8).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// See [`CONVERSATION_FORMAT`].
    pub format: u16,
    /// Id.
    pub id: String,
    /// Partition in which it is stepped.
    pub home: u32,
    /// Deployment it began with and keeps.
    pub deployment: String,
    /// State of the table in 1.8.
    pub state: ConversationState,
    /// Room id; the room's mode is CONTACT_CENTER.
    pub room: String,
    /// Customer.
    pub customer: Customer,
    /// Profiles that might be the same person (1.5).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<Customer>,
    /// OUTBOUND when an agent began it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub outbound: bool,
    /// Sessions in the order they began.
    pub sessions: Vec<Session>,
    /// Bots, agents, apps and monitors present.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seats: Vec<Seat>,
    /// Conversation data (at most [`super::CONVERSATION_DATA_MAX`] pairs).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
    /// Slots of the flows (2.4).
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub slots: JsonMap,
    /// Journeys that wait.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Run>,
    /// Timers by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub timers: BTreeMap<String, Timer>,
    /// Agent SLA, when it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_sla: Option<Sla>,
    /// Set while an agent holds the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// The request for an agent in process (at most one, 1.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// Media that agents have taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub served: Vec<Served>,
    /// The last task that changed: decides the disposition (4.12).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_task: Option<LastTask>,
    /// Bot calls that are out, and what waits behind them (U41).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bots: BTreeMap<String, BotLine>,
    /// What was said and understood so far.
    #[serde(default, skip_serializing_if = "Story::is_empty")]
    pub story: Story,
    /// Inputs that came while CLOSING (U07): JSON of stamped messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Json>,
    /// Epoch ms.
    pub created_at: i64,
    /// Epoch ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    /// Whether an agent ever joined: tells INACTIVE from CREATED.
    #[serde(default, skip_serializing_if = "is_false")]
    pub agent_ever: bool,
    /// Wrap-up rows written so far: the number of the next one (section 6).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub wrap_ups: i64,
    /// Epoch ms of the last hold or resume in the reports.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hold_told: i64,
    /// END_CONVERSATION was ordered.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ending: bool,
    /// Routing knows tasks of this conversation: closing waits for its word.
    #[serde(default, skip_serializing_if = "is_false")]
    pub routed: bool,
    /// Session the customer used last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_session: Option<String>,
    /// Bot that was assigned first, for the report.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bot: String,
    /// Agent who was in it last, for "last agent".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_agent: Option<String>,
    /// Agents who were taken out of it: the next request asks others first (U37).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub avoid: BTreeSet<String>,
    /// Conversations that take the customer over once this one is closed (U02).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gives_way_to: Vec<Link>,
    /// Agents who have raised a hand (4.10).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub hands: BTreeSet<String>,
    /// The conversation of this room before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
}

fn is_false(b: &bool) -> bool {
    !*b
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(n: &i64) -> bool {
    *n == 0
}

/// State of a session (1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SessionState {
    /// Open.
    Started,
    /// Over.
    Ended,
}

/// A customer's presence on one channel (1.7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Id.
    pub id: String,
    /// Channel name.
    pub channel: String,
    /// `channelCustomerIdentifier`.
    pub identifier: String,
    /// Channel data as the connector sent it first, without the two identifiers.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub channel_data: JsonMap,
    /// Open or over.
    pub state: SessionState,
    /// Why it began, or ended.
    pub reason: String,
    /// Agent-started.
    #[serde(default, skip_serializing_if = "is_false")]
    pub outbound: bool,
    /// Began by START_CONVERSATION: no welcome.
    #[serde(default, skip_serializing_if = "is_false")]
    pub quiet: bool,
    /// Epoch ms.
    pub started_at: i64,
    /// Epoch ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    /// Latest intent of the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_intent: Option<String>,
    /// Messages by bots, agents and the customer.
    pub counts: [u32; 3],
    /// Legs of a call that go on, by name; empty for those without one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legs: Vec<String>,
    /// Customer SLA, when it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla: Option<Sla>,
}

impl Session {
    /// Whether the customer is there.
    #[must_use]
    pub fn open(&self) -> bool {
        self.state == SessionState::Started
    }
}

/// A running SLA timer (section 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sla {
    /// Length.
    pub total_ms: i64,
    /// Epoch ms.
    pub started_at: i64,
    /// Next threshold, as an index into the centre's list; the list's length means "expiry".
    pub next: usize,
}

/// Kind of a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SeatKind {
    /// A bot.
    Bot,
    /// An agent.
    Agent,
    /// An application taking part (9.1).
    App,
    /// A supervisor.
    Monitor,
}

/// A participant other than the customer (1.9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seat {
    /// Participant id.
    pub id: String,
    /// Kind.
    pub kind: SeatKind,
    /// Agent id, bot name or app name.
    pub who: String,
    /// Name to show.
    pub name: String,
    /// Role.
    pub role: ParticipantRole,
    /// Epoch ms.
    pub joined_at: i64,
    /// Task of an agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Came to give advice and never talked to the customer, who hears nothing of it (4.10).
    #[serde(default, skip_serializing_if = "is_false")]
    pub unseen: bool,
    /// Why the agent left, once wrapping up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving: Option<String>,
    /// What an agent wrote last, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<Said>,
}

/// A message of an agent, as far as it is needed to know it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// Id of the message.
    pub id: String,
    /// It is a text, which can be replaced (1.10).
    #[serde(default, skip_serializing_if = "is_false")]
    pub text: bool,
    /// It went to the other agents only.
    #[serde(default, skip_serializing_if = "is_false")]
    pub whisper: bool,
}

/// A journey that waits (`ask`, `wait`), stored by names so that it survives restarts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// Id; its timer is `run:<id>`.
    pub id: String,
    /// Flow and node of each caller, outermost first; the last one waits.
    pub at: Vec<Position>,
    /// Bot whose flow this is; absent for the Controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<String>,
    /// Session it talks to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

/// A place in a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Flow name.
    pub flow: String,
    /// Node name.
    pub node: String,
}

/// A timer of this conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// Id of this setting; a firing with another id is stale.
    pub id: String,
    /// Epoch ms.
    pub due: i64,
    /// Where a reminder enters a flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enter: Option<Position>,
}

/// A hold (1.8, 4.11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Agent who paused it; empty when the flow did.
    pub by: String,
    /// Epoch ms.
    pub since: i64,
    /// How long it was meant to last, ms.
    pub duration_ms: i64,
}

/// A request for an agent in process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Id of this very request; tells about another one are late.
    #[serde(default)]
    pub id: String,
    /// Task direction (1.12).
    pub direction: String,
    /// Session it came on.
    pub session: String,
    /// Queue, or empty for a named agent.
    pub queue: String,
    /// Current task; empty until routing told it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub task: String,
    /// It is for another agent in the place of one who was lost.
    #[serde(default, skip_serializing_if = "is_false")]
    pub again: bool,
    /// Agent on whose desk it rings; empty when it rings on none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rings: String,
}

/// What the report needs of the last task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastTask {
    /// Task id.
    pub id: String,
    /// ACTIVE, WRAP_UP or CLOSED.
    pub state: String,
    /// Reason code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether an agent answered it.
    pub answered: bool,
    /// Queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Why its agent left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
    /// When it was created: a later task decides over an earlier one.
    pub created_at: i64,
}

/// One bot's line: at most one call out, later messages wait in order (U41).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct BotLine {
    /// The call that is out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<OpenCall>,
    /// Requests that wait.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queue: Vec<BotQuestion>,
}

/// A call that is out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenCall {
    /// Idempotency key.
    pub id: String,
    /// What was asked.
    pub question: BotQuestion,
}

/// A question to a bot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BotQuestion {
    /// Request in the custom-connector format.
    pub request: Json,
    /// Session it came on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Whether silence or failure matters to the customer: true for messages, false for system intents.
    pub expects_answer: bool,
}
