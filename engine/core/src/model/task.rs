//! Tasks: attempts to get one agent for one conversation (`domain.md` section 1.12).

use super::agent::CcUser;
use super::session::ChannelSession;
use super::wire::choice::closed_enum;
use super::wire::object::wire;
use super::wire::{Wire, WireObject, WrongField};
use super::{Json, JsonMap};

wire! {
    /// One attempt to get one agent for one conversation.
    pub struct Task {
        /// Id of the task.
        "id" => id: Option<String>,
        /// The conversation.
        "conversationId" => conversation_id: Option<String>,
        /// Where in its life it is.
        "state" => state: Option<TaskState>,
        /// The agent; none while queued.
        "assignedTo" => assigned_to: Option<NamedRef>,
        /// The timer that ends the search; a rerouted task keeps it.
        "agentRequestTtlTimerId" => agent_request_ttl_timer_id: Option<String>,
        /// One entry per medium involved.
        "activeMedia" => active_media: Vec<TaskMedia>,
    }
}

wire! {
    /// Where in its life a task is, and why.
    pub struct TaskState {
        /// The state.
        "name" => name: Option<TaskStateName>,
        /// Why it closed.
        "reasonCode" => reason_code: Option<TaskReason>,
    }
}

wire! {
    /// The part of a task in one medium.
    pub struct TaskMedia {
        /// Id of the part.
        "id" => id: Option<String>,
        /// The media routing domain.
        "mrdId" => mrd_id: Option<String>,
        /// The task.
        "taskId" => task_id: Option<String>,
        /// The queue; none for a named agent.
        "queue" => queue: Option<NamedRef>,
        /// What kind of request it is.
        "type" => kind: Option<TaskType>,
        /// 1 to 10, and 11 for what was offered before.
        "priority" => priority: Option<i64>,
        /// Where in its life it is.
        "state" => state: Option<MediaState>,
        /// The session that asked.
        "requestSession" => request_session: Option<Box<ChannelSession>>,
        /// All sessions of the medium.
        "channelSessions" => channel_sessions: Vec<ChannelSession>,
        /// When it was queued, in epoch milliseconds.
        "enqueueTime" => enqueue_time: Option<i64>,
        /// When the agent answered, in epoch milliseconds; 0 before.
        "answerTime" => answer_time: Option<i64>,
    }
}

wire! {
    /// What kind of request for an agent it is.
    pub struct TaskType {
        /// Why an agent is wanted.
        "direction" => direction: Option<TaskDirection>,
        /// One agent or anybody from a queue.
        "mode" => mode: Option<TaskMode>,
        /// `offerToAgent`, `note`, `requestedBy`.
        "metadata" => metadata: Option<JsonMap>,
    }
}

wire! {
    /// An agent or queue by id and name.
    pub struct NamedRef {
        /// Id.
        "id" => id: Option<String>,
        /// Name to show.
        "name" => name: Option<String>,
    }
}

impl NamedRef {
    /// An agent or queue by id and name.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        NamedRef { id: Some(id.into()), name: Some(name.into()), ..NamedRef::default() }
    }
}

closed_enum! {
    /// The life of a task. It is `ACTIVE` from its creation, even while queued.
    pub enum TaskStateName {
        /// In work, or waiting for an agent.
        Active = "ACTIVE",
        /// The contact is over, the agent wraps up.
        WrapUp = "WRAP_UP",
        /// Over.
        Closed = "CLOSED",
    }
}

closed_enum! {
    /// The life of a task in one medium.
    pub enum MediaState {
        /// Just made.
        Started = "STARTED",
        /// Waits in a queue.
        Queued = "QUEUED",
        /// An agent is chosen and has not answered.
        Reserved = "RESERVED",
        /// The agent is in.
        Active = "ACTIVE",
        /// Over.
        Closed = "CLOSED",
    }
}

closed_enum! {
    /// Why an agent is wanted.
    pub enum TaskDirection {
        /// The customer came.
        Inbound = "INBOUND",
        /// An agent or campaign started it.
        Outbound = "OUTBOUND",
        /// Advice.
        Consult = "CONSULT",
        /// Hand-over after advice.
        ConsultTransfer = "CONSULT_TRANSFER",
        /// Joining after advice.
        ConsultConference = "CONSULT_CONFERENCE",
        /// Hand-over.
        DirectTransfer = "DIRECT_TRANSFER",
        /// Joining.
        DirectConference = "DIRECT_CONFERENCE",
        /// A supervisor listens.
        SilentMonitor = "SILENT_MONITOR",
        /// A supervisor joins.
        BargeIn = "BARGE_IN",
    }
}

closed_enum! {
    /// Whom a request asks.
    pub enum TaskMode {
        /// One named agent.
        Agent = "AGENT",
        /// Anybody from a queue.
        Queue = "QUEUE",
    }
}

closed_enum! {
    /// Why a task closed.
    pub enum TaskReason {
        /// The agent let the offer ring out.
        Rona = "RONA",
        /// The contact ended.
        Done = "DONE",
        /// The agent did not answer the customer in time.
        ResponseTimeout = "RESPONSE_TIMEOUT",
        /// Nobody was found in time.
        NoAgentAvailable = "NO_AGENT_AVAILABLE",
        /// Another task took its place.
        Reroute = "REROUTE",
        /// Withdrawn.
        Cancelled = "CANCELLED" | "CANCELED",
        /// The agent logged out.
        AgentLogout = "AGENT_LOGOUT",
        /// Handed over.
        Transferred = "TRANSFERRED",
        /// The system ended it.
        ForceClosed = "FORCE_CLOSED",
        /// The agent wrapped up.
        WrapUpApplied = "WRAP_UP_APPLIED",
        /// The agent left without wrapping up.
        WrapUpNotApplied = "WRAP_UP_NOT_APPLIED",
        /// The wrap-up time ran out.
        WrapUpExpired = "WRAP_UP_EXPIRED",
    }
}

wire! {
    /// Data of `TASK_STATE_CHANGED`.
    pub struct TaskStateChangedDto {
        /// The task after the change.
        "task" => task: Option<Task>,
        /// Whether the task itself changed, not only its media.
        "taskStateChanged" => task_state_changed: Option<bool>,
        /// Ids of the media that changed.
        "mediaStateChanges" => media_state_changes: Vec<String>,
    }
}

wire! {
    /// Data of `TASK_ENQUEUED`.
    pub struct TaskEnqueuedDto {
        /// The task.
        "task" => task: Option<Task>,
        /// The queue it waits in.
        "queue" => queue: Option<NamedRef>,
    }
}

wire! {
    /// Data of `AGENT_RESERVED`. Older payloads carry `topicId` instead of the task.
    pub struct AgentReservedDto {
        /// The task.
        "task" => task: Option<Task>,
        /// The agent who was chosen.
        "ccUser" => cc_user: Option<CcUser>,
    }
}

wire! {
    /// Data of `REVOKE_RESOURCE`.
    pub struct RevokeResourceDto {
        /// The task.
        "taskId" => task_id: Option<String>,
        /// Its state before.
        "currentTaskState" => current_task_state: Option<String>,
        /// Why it is taken back.
        "taskCloseReason" => task_close_reason: Option<TaskReason>,
        /// The agent who has it.
        "agentId" => agent_id: Option<String>,
        /// The conversation.
        "conversationId" => conversation_id: Option<String>,
    }
}

wire! {
    /// A request for an agent.
    pub struct AssignResourceRequest {
        /// The queue; the channel's own when absent.
        "queue" => queue: Option<QueueRef>,
        /// The session that asks.
        "requestSession" required => request_session: Option<Box<ChannelSession>>,
        /// All sessions of the medium, at least one.
        "channelSessions" required => channel_sessions: Vec<ChannelSession>,
        /// What kind of request it is.
        "type" => kind: Option<TaskType>,
        /// 1 to 10; 1 when not said.
        "priority" => priority: Option<i64>,
        /// Whether the agent may refuse; true when not said.
        "offerToAgent" => offer_to_agent: Option<bool>,
        /// The agent to ask first.
        "lastAssignedAgentId" => last_assigned_agent_id: Option<String>,
    }
}

/// A queue in a request. Old payloads give the bare id.
#[derive(Clone, Debug, PartialEq)]
pub enum QueueRef {
    /// By id, in the old form.
    Bare(String),
    /// By id or name.
    Target(QueueTarget),
}

wire! {
    /// A queue by id or name.
    pub struct QueueTarget {
        /// How `value` names the queue; by id when not said.
        "type" => kind: Option<QueueTargetType>,
        /// Id or name.
        "value" => value: Option<String>,
    }
}

closed_enum! {
    /// How a queue is named.
    pub enum QueueTargetType {
        /// By id.
        Id = "ID",
        /// By name.
        Name = "NAME",
    }
}

impl Wire for QueueRef {
    fn from_json(value: Json) -> Result<Self, WrongField> {
        match value {
            Json::String(id) => Ok(QueueRef::Bare(id)),
            Json::Object(map) => WireObject::from_map(map).map(QueueRef::Target),
            other => Err(WrongField::expected("a queue (its id, or an object with type and value)", &other)),
        }
    }
}

impl serde::Serialize for QueueRef {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            QueueRef::Bare(id) => to.serialize_str(id),
            QueueRef::Target(target) => target.serialize(to),
        }
    }
}

impl schemars::JsonSchema for QueueRef {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "QueueRef".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let target = generator.subschema_for::<QueueTarget>();
        schemars::json_schema!({
            "description": "A queue in a request. Old payloads give the bare id.",
            "anyOf": [{ "type": "string" }, target],
        })
    }
}
