//! Intents: a message with one is a command, not text (`domain.md` section 2.2).

use super::wire::choice::open_enum;

open_enum! {
    /// The command in the header of a message. Any other word is for the bot and the rules: a button's
    /// payload, or what the customer seems to want.
    pub enum Intent {
        /// No command.
        NoIntent = "NONE",
        /// Create session and conversation, no routing, no welcome.
        StartConversation = "START_CONVERSATION",
        /// Create a session, and a conversation if there is none.
        StartChat = "START_CHAT",
        /// End the session; the customer wants it so.
        EndChat = "END_CHAT",
        /// The same as `START_CHAT` for voice.
        StartVoice = "START_VOICE",
        /// The same as `END_CHAT` for voice.
        EndVoice = "END_VOICE",
        /// A leg of a call began.
        CallLegStarted = "CALL_LEG_STARTED",
        /// A leg of a call ended.
        CallLegEnded = "CALL_LEG_ENDED",
        /// A call was held.
        CallHold = "CALL_HOLD",
        /// A held call goes on.
        CallResume = "CALL_RESUME",
        /// A call wants an agent.
        AssignResourceRequested = "ASSIGN_RESOURCE_REQUESTED",
        /// The trail of a voice menu.
        IvrAggregatedActivity = "IVR_AGGREGATED_ACTIVITY",
        /// A reply; needs `originalMessageId` and `providerMessageId`.
        ReplyTo = "REPLY_TO",
        /// Replaces the message `originalMessageId`.
        Update = "UPDATE",
        /// An agent starts a contact.
        AgentOutbound = "AGENT_OUTBOUND",
        /// The customer's link was lost.
        NetworkDisconnect = "NETWORK_DISCONNECT",
    }
}
