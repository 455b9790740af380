//! Conversations as the wire shows them (`domain.md` section 1.8).

use super::customer::Customer;
use super::event::CimEvent;
use super::participant::ConversationParticipant;
use super::room::RoomInfo;
use super::session::{ChannelSession, Direction};
use super::wire::choice::closed_enum;
use super::wire::object::wire;
use super::{Json, JsonMap, Timestamp};

wire! {
    /// A conversation: one episode of contact with a customer. Agents get it as `topicData`.
    pub struct ConversationDto {
        /// Id of the conversation.
        "id" => id: Option<String>,
        /// The customer.
        "customer" => customer: Option<Customer>,
        /// Who takes part.
        "participants" => participants: Vec<ConversationParticipant>,
        /// Where in its life it is.
        "state" => state: Option<ConversationState>,
        /// Direction of the first session.
        "conversationDirection" => conversation_direction: Option<Direction>,
        /// The first session.
        "channelSession" => channel_session: Option<Box<ChannelSession>>,
        /// When it began.
        "creationTime" => creation_time: Option<Timestamp>,
        /// When it closed.
        "endTime" => end_time: Option<Timestamp>,
        /// At most ten pairs that bots, flows, apps and agents set.
        "conversationData" => conversation_data: Option<JsonMap>,
        /// Bot and last session.
        "metadata" => metadata: Option<ConversationMetadata>,
        /// The room.
        "roomInfo" => room_info: Option<RoomInfo>,
        /// The agent response timer.
        "agentSla" => agent_sla: Option<SlaTimer>,
        /// Length of the agent response timer, in seconds.
        "cachedAgentSlaDuration" => cached_agent_sla_duration: Option<i64>,
        /// The hold timer.
        "holdTimerDetails" => hold_timer_details: Option<HoldTimerDetails>,
        /// Agents who ask for help.
        "agentHandRaise" => agent_hand_raise: Option<AgentHandRaise>,
        /// Pages opened on agents' desks.
        "externalGadgets" => external_gadgets: Vec<Gadget>,
        /// Every profile the customer might be.
        "customerSuggestions" => customer_suggestions: Vec<Customer>,
        /// What happened so far.
        "topicEvents" => topic_events: Vec<CimEvent>,
        /// The agent this copy was made for (5.x).
        "topicParticipant" => topic_participant: Option<Box<ConversationParticipant>>,
        /// The agents who take part (5.x).
        "agentParticipants" => agent_participants: Vec<ConversationParticipant>,
        /// Wrap-ups so far (5.x).
        "wrapUps" => wrap_ups: Vec<Json>,
        /// Length of a closed conversation, in seconds (5.x).
        "durationInSeconds" => duration_in_seconds: Option<i64>,
    }
}

wire! {
    /// What a conversation remembers of its course.
    pub struct ConversationMetadata {
        /// The conversation's bot.
        "botId" => bot_id: Option<String>,
        /// The session the customer used last; answers go there.
        "lastUsedChannelSession" => last_used_channel_session: Option<Json>,
    }
}

closed_enum! {
    /// The states of a conversation. Section 1.8 defines each by its sessions and agents.
    pub enum ConversationState {
        /// It exists and the bot answers; no agent ever joined.
        Created = "CREATED",
        /// At least one agent is present.
        Active = "ACTIVE",
        /// An agent paused it; the timers stand still.
        OnHold = "ON_HOLD",
        /// All agents left, the customer is still there.
        Inactive = "INACTIVE",
        /// All sessions closed, agents still present, wrap-up off.
        CustomerLeft = "CUSTOMER_LEFT",
        /// All sessions closed, agents still present, wrap-up on.
        WrapUp = "WRAP_UP",
        /// Customer and agents are gone, or the end was ordered; history is being archived.
        Closing = "CLOSING",
        /// Over.
        Closed = "CLOSED",
    }
}

wire! {
    /// How long a conversation has been paused for.
    pub struct HoldTimerDetails {
        /// Length, in seconds.
        "totalDuration" => total_duration: Option<i64>,
        /// When it began.
        "startTime" => start_time: Option<Timestamp>,
    }
}

wire! {
    /// A customer or agent timer (`domain.md` section 5).
    pub struct SlaTimer {
        /// Length, in seconds.
        "totalDuration" => total_duration: Option<i64>,
        /// What the reached threshold asks for.
        "action" => action: Option<String>,
        /// When it began.
        "startTime" => start_time: Option<Timestamp>,
    }
}

wire! {
    /// Agents who ask a supervisor for help.
    pub struct AgentHandRaise {
        /// Whether anybody does.
        "handRaised" => hand_raised: Option<bool>,
        /// Who does.
        "agentNames" => agent_names: Vec<String>,
    }
}

wire! {
    /// A page opened on an agent's desk.
    pub struct Gadget {
        /// Id of the gadget.
        "gadgetId" => gadget_id: Option<String>,
        /// Whose desk.
        "agentId" => agent_id: Option<String>,
        /// Title to show.
        "title" => title: Option<String>,
        /// What it shows, usually a URL.
        "value" => value: Option<Json>,
    }
}
