//! Notices: about the conversation, and about what became of a message.

use crate::model::wire::choice::open_enum;
use crate::model::wire::object::wire;
use crate::model::{JsonMap, Timestamp};

wire! {
    /// `NOTIFICATION`: a notice about the conversation.
    pub struct NotificationBody {
        /// Text to show.
        "markdownText" => markdown_text: Option<String>,
        /// What it is about.
        "notificationType" => notification_type: Option<NotificationType>,
        /// What it carries.
        "notificationData" => notification_data: Option<JsonMap>,
    }
}

open_enum! {
    /// What a notice is about.
    pub enum NotificationType {
        /// Good to know.
        Info = "INFO",
        /// Something broke.
        SystemError = "SYSTEM_ERROR",
        /// Something is odd.
        Warning = "WARNING",
        /// A session began.
        ChannelSessionStarted = "CHANNEL_SESSION_STARTED",
        /// A session ran out.
        ChannelSessionExpired = "CHANNEL_SESSION_EXPIRED",
        /// A session ended.
        ChannelSessionEnded = "CHANNEL_SESSION_ENDED",
        /// An agent joined.
        AgentSubscribed = "AGENT_SUBSCRIBED",
        /// An agent left.
        AgentUnsubscribed = "AGENT_UNSUBSCRIBED",
        /// The customer waits in a queue.
        TaskEnqueued = "TASK_ENQUEUED",
        /// Nobody was found.
        NoAgentAvailable = "NO_AGENT_AVAILABLE",
        /// Somebody types.
        TypingStarted = "TYPING_STARTED",
        /// Nobody types any more.
        TypingStopped = "TYPING_STOPPED",
        /// An agent was chosen.
        AgentReserved = "AGENT_RESERVED",
        /// Somebody's role changed.
        ParticipantRoleChanged = "PARTICIPANT_ROLE_CHANGED",
        /// A task changed.
        TaskStateChanged = "TASK_STATE_CHANGED",
        /// The channel data of a session changed.
        ChannelSessionDataUpdated = "CHANNEL_SESSION_DATA_UPDATED",
        /// An advisor joined.
        AdvisorSubscribed = "ADVISOR_SUBSCRIBED",
        /// The status of a room member changed.
        RoomMemberStatusChanged = "ROOM_MEMBER_STATUS_CHANGED",
        /// Older: handed over after advice.
        ConsultTransfer = "CONSULT_TRANSFER",
        /// Older: joined after advice.
        ConsultConference = "CONSULT_CONFERENCE",
        /// Older: handed over.
        DirectTransfer = "DIRECT_TRANSFER",
    }
}

wire! {
    /// `DELIVERYNOTIFICATION`: what became of a message.
    pub struct DeliveryNotificationBody {
        /// Text to show.
        "markdownText" => markdown_text: Option<String>,
        /// The message.
        "messageId" required => message_id: Option<String>,
        /// What became of it.
        "status" => status: Option<DeliveryStatus>,
        /// `200`, or why it failed: `400` bad request, `404` channel unknown, `500` internal.
        "reasonCode" => reason_code: Option<String>,
    }
}

open_enum! {
    /// What became of a message.
    pub enum DeliveryStatus {
        /// It arrived.
        Delivered = "DELIVERED",
        /// It was read.
        Read = "READ",
        /// The call it asked for stands.
        Connected = "CONNECTED",
        /// It did not arrive.
        Failed = "FAILED",
    }
}

wire! {
    /// `DELETEDNOTIFICATION`: a message was deleted.
    pub struct DeletedNotificationBody {
        /// Text to show.
        "markdownText" => markdown_text: Option<String>,
        /// The message.
        "messageId" required => message_id: Option<String>,
        /// When.
        "timestamp" => timestamp: Option<Timestamp>,
    }
}
