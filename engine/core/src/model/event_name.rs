//! The names of all events (`domain.md` section 2.1), as one table.

use super::event::EventType;
use super::wire::choice::open_enum;

/// One row of the table of events.
#[derive(Debug)]
pub struct EventRow {
    /// The event.
    pub name: EventName,
    /// Its name on the wire: the spelling we emit.
    pub text: &'static str,
    /// Other spellings that we accept.
    pub aliases: &'static [&'static str],
    /// The type its events have.
    pub kind: EventType,
    /// When it is raised.
    pub when: &'static str,
}

macro_rules! kind {
    (M) => {
        EventType::Message
    };
    (S) => {
        EventType::Suggestion
    };
    (N) => {
        EventType::Notification
    };
    (A) => {
        EventType::Activity
    };
}

macro_rules! events {
    ( $( $event:ident $text:literal $kind:ident $([$($alias:literal)*])? $when:literal )* ) => {
        open_enum! {
            /// What happened. Equality and order go by meaning: an event read under another spelling is equal
            /// to ours, and yet is written back as it was read.
            pub enum EventName {
                $( #[doc = $when] $event = $text $($(| $alias)*)?, )*
            }
        }

        /// Every event, in the order of `domain.md` section 2.1.
        pub const EVENTS: &[EventRow] = &[
            $( EventRow {
                name: EventName::$event,
                text: $text,
                aliases: &[$($($alias),*)?],
                kind: kind!($kind),
                when: $when,
            }, )*
        ];

        impl EventName {
            /// The type of the events of this name. An unknown name is a pushed activity: since 5.1 the
            /// intent of a third-party activity becomes the name of its event.
            #[must_use]
            pub fn kind(&self) -> EventType {
                match self {
                    $( Self::$event => kind!($kind), )*
                    Self::Other(_) => EventType::Activity,
                }
            }
        }
    };
}

impl EventName {
    /// Every known name.
    #[must_use]
    pub fn all() -> &'static [EventName] {
        Self::ALL
    }
}

// Each row: the event, its name on the wire, its type (message, suggestion, notification, activity), other
// spellings, and when it is raised.
events! {
    ConversationStarted         "CONVERSATION_STARTED"          N "A conversation was created."
    CustomerMessage             "CUSTOMER_MESSAGE"              M "The customer spoke."
    AgentMessage                "AGENT_MESSAGE"                 M "An agent spoke to the customer."
    BotMessage                  "BOT_MESSAGE"                   M "The bot or the controller spoke."
    BotSuggestion               "BOT_SUGGESTION"                S "An assisting bot proposed an answer."
    WhisperMessage              "WHISPER_MESSAGE"               M "Agents spoke among themselves."
    ActionMessage               "ACTION_MESSAGE"                M "A bot ordered an action."
    ChannelSessionStarted       "CHANNEL_SESSION_STARTED"       N "The customer appeared on a channel."
    ChannelSessionEnded         "CHANNEL_SESSION_ENDED"         N "A session ended."
    ChannelSessionExpired       "CHANNEL_SESSION_EXPIRED"       N "A session ended for inactivity."
    ChannelSessionDataUpdated   "CHANNEL_SESSION_DATA_UPDATED"  N "Channel data changed."
    NetworkDisconnect           "NETWORK_DISCONNECT"            N "The customer's link was lost."
    CustomerLeft                "CUSTOMER_LEFT"                 N "The last session closed."
    AssociatedCustomerChanged   "ASSOCIATED_CUSTOMER_CHANGED"   N "It was linked to another customer."
    ConversationDataChanged     "CONVERSATION_DATA_CHANGED"     N "Conversation data was set."
    TopicStateChangeEvent       "TOPIC_STATE_CHANGE_EVENT"      N ["TOPIC_STATE_CHANGED"]
                                                                  "The state of the conversation changed."
    FindAgent                   "FIND_AGENT"                    N "Somebody wants an agent."
    AssignResourceRequested     "ASSIGN_RESOURCE_REQUESTED"     N "A call wants an agent."
    TaskEnqueued                "TASK_ENQUEUED"                 N "A task waits in a queue."
    TaskStateChanged            "TASK_STATE_CHANGED"            N "A task or one of its media changed."
    AgentReserved               "AGENT_RESERVED"                N "An agent was chosen."
    AgentReservedTimeout        "AGENT_RESERVED_TIMEOUT"        N "The agent did not answer in time."
    AgentAcceptTimeout          "AGENT_ACCEPT_TIMEOUT"          N ["ACCEPT_TIMEOUT"]
                                                                  "The offer rang out on the agent's desk."
    NoAgentAvailable            "NO_AGENT_AVAILABLE"            N "No agent was found in time."
    EwtMessage                  "EWT_MESSAGE"                   A "The wait was estimated."
    AgentSubscribed             "AGENT_SUBSCRIBED"              N "An agent joined."
    AgentUnsubscribed           "AGENT_UNSUBSCRIBED"            N "An agent left."
    BotSubscribed               "BOT_SUBSCRIBED"                N "A bot joined."
    BotUnsubscribed             "BOT_UNSUBSCRIBED"              N "A bot left."
    AdvisorSubscribed           "ADVISOR_SUBSCRIBED"            N "An advisor joined a private room."
    RoomCreated                 "ROOM_CREATED"                  N "A private room was created."
    RoomMemberStatusChanged     "ROOM_MEMBER_STATUS_CHANGED"    N "A room member's status changed."
    ParticipantRoleChanged      "PARTICIPANT_ROLE_CHANGED"      N "A participant's role changed."
    RevokeResource              "REVOKE_RESOURCE"               N "An offer or task was withdrawn."
    RemoveChannelSession        "REMOVE_CHANNEL_SESSION"        N "A session must be ended."
    RemoveAllAgents             "REMOVE_ALL_AGENTS"             N "All agents were removed."
    ResetAgentSla               "RESET_AGENT_SLA"               N "The agent timer was restarted."
    AgentSlaStarted             "AGENT_SLA_STARTED"             N "The agent timer began."
    AgentSlaStopped             "AGENT_SLA_STOPPED"             N "The agent timer was stopped."
    AgentSlaExpired             "AGENT_SLA_EXPIRED"             N "The agent timer ran out."
    AgentSla                    "AGENT_SLA"                     N "The agent timer reached a threshold."
    CustomerSlaStarted          "CUSTOMER_SLA_STARTED"          N "A customer timer began."
    CustomerSlaStopped          "CUSTOMER_SLA_STOPPED"          N "A customer timer was stopped."
    CustomerSlaExpired          "CUSTOMER_SLA_EXPIRED"          N "A customer timer ran out."
    CustomerSla                 "CUSTOMER_SLA"                  N "A customer timer reached a threshold."
    ResponseSlaBreached         "RESPONSE_SLA_BREACHED"         N ["AGENT_RESPONSE_TIMEOUT"]
                                                                  "Older: the agent did not answer in time."
    CustomerActivityTimeout     "CUSTOMER_ACTIVITY_TIMEOUT"     N ["CUSTOMER_RESPONSE_TIMEOUT"]
                                                                  "Older: the customer was silent too long."
    NoResponseEntity            "NO_RESPONSE_ENTITY"            N "Older: there is nobody to answer."
    ConversationPaused          "CONVERSATION_PAUSED"           N "The conversation was put on hold."
    ConversationResumed         "CONVERSATION_RESUMED"          N "The conversation goes on."
    HoldTimer                   "HOLD_TIMER"                    N "The hold timer changed."
    BotTimeout                  "BOT_TIMEOUT"                   N "A bot did not answer in time."
    BotNotAvailable             "BOT_NOT_AVAILABLE"             N "A bot cannot be reached."
    AgentMrdInterrupted         "AGENT_MRD_INTERRUPTED"         N ["MRD_INTERRUPTED"]
                                                                  "An agent's medium was interrupted."
    AgentStateChanged           "AGENT_STATE_CHANGED"           N "An agent's state; no conversation's."
    HandRaised                  "HAND_RAISED"                   N "An agent asks for help."
    HandDown                    "HAND_DOWN"                     N "An agent needs no help any more."
    ExternalGadgetRequested     "EXTERNAL_GADGET_REQUESTED"     N "An agent's desk shall open a page."
    TypingIndicator             "TYPING_INDICATOR"              N "Somebody is typing, or stopped."
    MessageDeliveryNotification "MESSAGE_DELIVERY_NOTIFICATION" N "A message arrived, was read, or failed."
    WrapupApplied               "WRAPUP_APPLIED"                A "An agent wrapped up."
    CallLegStarted              "CALL_LEG_STARTED"              A "A leg of a call began."
    CallLegEnded                "CALL_LEG_ENDED"                A "A leg of a call ended."
    VoiceActivity               "VOICE_ACTIVITY"                A "A call in summary."
    CallHold                    "CALL_HOLD"                     N "A call was held."
    CallResume                  "CALL_RESUME"                   N "A held call goes on."
    CiscoVoiceEvent             "CISCO_VOICE_EVENT"             N "Legacy."
    AgentOutbound               "AGENT_OUTBOUND"                A "An agent started a contact."
    IvrAggregatedActivity       "IVR_AGGREGATED_ACTIVITY"       A "A voice menu's trail was pushed."
    ThirdPartyActivity          "THIRD_PARTY_ACTIVITY"          A "An app pushed an activity."
    FormsData                   "FORMS_DATA"                    A "A form was submitted."
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_spelling_names_one_event_only() {
        let mut seen = BTreeSet::new();
        for row in EVENTS {
            for text in std::iter::once(&row.text).chain(row.aliases) {
                assert!(seen.insert(*text), "{text} appears twice");
                assert_eq!(EventName::parse(text), row.name);
            }
            assert_eq!(row.name.as_str(), row.text);
            assert_eq!(row.name.kind(), row.kind);
        }
        assert_eq!(EVENTS.len(), EventName::all().len());
    }

    #[test]
    fn an_unknown_name_is_an_activity_and_stays_what_it_is() {
        let name = EventName::parse("LOYALTY_POINTS");
        assert_eq!(name, EventName::Other("LOYALTY_POINTS".to_owned()));
        assert_eq!((name.as_str(), name.kind()), ("LOYALTY_POINTS", EventType::Activity));
    }
}
