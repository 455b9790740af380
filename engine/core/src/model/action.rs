//! Actions: what the controller, or a bot's action message, orders (`domain.md` section 2.3).

use super::wire::choice::closed_enum;

closed_enum! {
    /// The name of an action.
    pub enum ActionName {
        /// Ask for an agent.
        FindAgent = "FIND_AGENT",
        /// Ask for a named agent.
        AssignAgent = "ASSIGN_AGENT",
        /// Add a bot.
        AssignBot = "ASSIGN_BOT",
        /// Remove a bot.
        RevokeBot = "REVOKE_BOT",
        /// Change what a participant may do.
        ChangeParticipantRole = "CHANGE_PARTICIPANT_ROLE",
        /// Merge pairs into the conversation data.
        UpdateConversationData = "UPDATE_CONVERSATION_DATA",
        /// Remove all sessions, close all tasks, close.
        EndConversation = "END_CONVERSATION",
        /// Remove each agent, with a reason.
        RemoveAllAgents = "REMOVE_ALL_AGENTS",
        /// End a session.
        RemoveChannelSession = "REMOVE_CHANNEL_SESSION",
        /// Cancel the request that still looks for an agent.
        CancelResource = "CANCEL_RESOURCE",
        /// Withdraw an offer or an agent's task.
        RevokeResource = "REVOKE_RESOURCE",
        /// Withdraw a request.
        RevokeRequest = "REVOKE_REQUEST",
        /// Expire a session.
        ChannelSessionExpired = "CHANNEL_SESSION_EXPIRED",
        /// Say something to the customer.
        SendMessage = "SEND_MESSAGE",
        /// Put the conversation on hold.
        PauseConversation = "PAUSE_CONVERSATION",
        /// Open a page on the agent's desk.
        OpenExternalGadget = "OPEN_EXTERNAL_GADGET",
        /// Struck out: accepted and ignored.
        CustomerResponseTimeout = "CUSTOMER_RESPONSE_TIMEOUT",
        /// Struck out: accepted and ignored.
        AgentResponseTimeout = "AGENT_RESPONSE_TIMEOUT",
        /// Struck out: accepted and ignored.
        EndChannelSession = "END_CHANNEL_SESSION",
        /// Struck out: accepted and ignored.
        AcceptTimeout = "ACCEPT_TIMEOUT",
    }
}

impl ActionName {
    /// Whether the action was struck out: it is accepted and does nothing.
    #[must_use]
    pub fn is_struck_out(self) -> bool {
        matches!(
            self,
            Self::CustomerResponseTimeout
                | Self::AgentResponseTimeout
                | Self::EndChannelSession
                | Self::AcceptTimeout
        )
    }
}
