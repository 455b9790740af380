//! Reporting rows (`domain.md` section 6), written in the same transaction as the state they describe.
//!
//! Times are epoch milliseconds, durations whole seconds as the schema has them. Every row has a natural key, so
//! that writing it again replaces it.

use serde::{Deserialize, Serialize};

/// A row of one of the reporting tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "table", rename_all = "snake_case")]
pub enum ReportRow {
    /// Table `conversation`.
    Conversation(ConversationRow),
    /// Table `channel_session`.
    ChannelSession(ChannelSessionRow),
    /// Table `conversation_participant`.
    ConversationParticipant(ParticipantRow),
    /// Table `conversation_data`.
    ConversationData(DataRow),
    /// Table `agent_task`.
    AgentTask(AgentTaskRow),
    /// Table `wrapup_detail`.
    WrapupDetail(WrapupRow),
    /// Table `conversation_hold_resume`.
    ConversationHoldResume(HoldRow),
    /// Table `agent_state`.
    AgentState(AgentStateRow),
    /// Table `agent_mrd_state`.
    AgentMrdState(AgentStateRow),
    /// Table `queue`.
    Queue(QueueRow),
}

/// A closed conversation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ConversationRow {
    /// Primary key.
    pub conversation_id: String,
    /// Room of the conversation.
    pub room_id: Option<String>,
    /// Customer linked at the end.
    pub customer_id: String,
    /// Their name.
    pub customer_name: String,
    /// Start.
    pub start_time: i64,
    /// End.
    pub end_time: i64,
    /// End − start, seconds.
    pub conversation_duration: i64,
    /// Bot of the conversation; empty without one.
    pub bot_id: String,
    /// State of the last task.
    pub task_state: Option<String>,
    /// Reason of the last task.
    pub reason_code: Option<String>,
    /// Section 4.12.
    pub disposition: String,
    /// Direction of the first session.
    pub direction: String,
}

/// An ended channel session.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ChannelSessionRow {
    /// Primary key.
    pub session_id: String,
    /// Its conversation.
    pub conversation_id: String,
    /// Channel.
    pub channel_id: String,
    /// Start.
    pub start_time: i64,
    /// End.
    pub end_time: i64,
    /// End − start, seconds.
    pub total_session_duration: i64,
    /// Reason it ended (1.7).
    pub disposition: String,
    /// Messages by bots on this session.
    pub bot_activity_count: i64,
    /// Messages by agents on this session.
    pub agent_activity_count: i64,
    /// Messages by the customer on this session.
    pub customer_activity_count: i64,
    /// From the web channel data.
    pub device: Option<String>,
    /// From the web channel data.
    pub browser_type: Option<String>,
    /// From the web channel data.
    pub country: Option<String>,
    /// From the web channel data.
    pub language: Option<String>,
    /// Identifier of the customer on this channel.
    pub channel_customer_identifier: Option<String>,
    /// When the row was made.
    pub record_creation_time: i64,
}

/// A participant; one CUSTOMER row per session.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ParticipantRow {
    /// Primary key.
    pub id: String,
    /// Customer, bot or agent id.
    pub participant_id: String,
    /// Its conversation.
    pub conversation_id: String,
    /// AGENT, CUSTOMER or EXTERNAL.
    pub participant_role: String,
    /// When the row was made.
    pub record_creation_time: i64,
}

/// One pair of conversation data; key is (conversation_id, key).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DataRow {
    /// Its conversation.
    pub conversation_id: String,
    /// Key, at most 50 characters.
    pub key: String,
    /// Value, cut to 100 characters.
    pub value: String,
}

/// A task, written first when it is created and again until it is closed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AgentTaskRow {
    /// Primary key; every requeue is a new row.
    pub agent_task_id: String,
    /// Its conversation.
    pub conversation_id: String,
    /// `None` if it ended while queued.
    pub agent_id: Option<String>,
    /// `None` for pull and outbound.
    pub task_queue_time: Option<i64>,
    /// `None` for pull, outbound, ended while queued.
    pub task_reserved_time: Option<i64>,
    /// `None` if never accepted.
    pub task_answered_time: Option<i64>,
    /// `None` for pull and outbound.
    pub queue_id: Option<String>,
    /// Reserved − queued, seconds.
    pub task_queue_duration: i64,
    /// Answered − reserved, seconds; for RONA rows end − reserved (U38).
    pub task_alert_duration: i64,
    /// End.
    pub task_end_time: i64,
    /// Reason code (1.12).
    pub task_disposition: String,
    /// End − wrap-up start, else 0.
    pub wrapup_duration: i64,
    /// Medium.
    pub mrd_id: Option<String>,
    /// Direction.
    pub task_direction: String,
    /// AGENT or QUEUE.
    pub task_mode: String,
    /// PUSH or PULL.
    pub routing_mode: String,
    /// Session the request came on.
    pub channel_session_id: String,
    /// Pull only.
    pub list_id: Option<String>,
    /// When the row was made.
    pub record_creation_time: i64,
}

/// One wrap-up code; a note without codes gives one row with both names null. Key is (conversation_id, agent_id,
/// wrapup_time, ordinal).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct WrapupRow {
    /// When it was applied.
    pub wrapup_time: i64,
    /// Its conversation.
    pub conversation_id: String,
    /// Position among the wrap-up rows of its conversation, from 0.
    pub ordinal: i64,
    /// The value chosen.
    pub wrapup_label: Option<String>,
    /// Its category.
    pub category_name: Option<String>,
    /// Who applied it.
    pub agent_id: String,
    /// Note, cut to 350 characters.
    pub notes: Option<String>,
    /// When the row was made.
    pub record_creation_time: i64,
}

/// Hold or resume. Key is (conversation_id, event_timestamp, conversation_state).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct HoldRow {
    /// Its conversation.
    pub conversation_id: String,
    /// HOLD or RESUMED.
    pub conversation_state: String,
    /// `None` when the timer resumed it.
    pub agent_id: Option<String>,
    /// When.
    pub event_timestamp: i64,
    /// Session in use.
    pub channel_session_id: String,
    /// When the row was made.
    pub record_creation_time: i64,
}

/// A state of an agent, or of an agent on a medium; written when it begins and again when it ends. Key is (agent_id, mrd_id,
/// state_change_time, agent_state).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AgentStateRow {
    /// Login of this presence.
    pub login_date_time: i64,
    /// Who.
    pub agent_id: String,
    /// Medium; `None` for the global state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mrd_id: Option<String>,
    /// State (1.15).
    pub agent_state: String,
    /// Reason of a global state.
    pub reason_code: Option<String>,
    /// How long it lasted, seconds; −1 while it lasts.
    pub duration: i64,
    /// When it began.
    pub state_change_time: i64,
}

/// A queue as it is configured; written again when that changes, and when it is gone. Old tasks keep their rows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct QueueRow {
    /// Primary key.
    pub queue_id: String,
    /// Its name.
    pub queue_name: String,
    /// Formula of the service level (4.13): 1, 2 or 3.
    pub sl_type: i64,
    /// Threshold of the service level, seconds.
    pub sl_threshold: i64,
    /// No longer in the deployment.
    pub is_deleted: bool,
}
