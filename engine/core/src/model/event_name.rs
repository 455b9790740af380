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

macro_rules! events {
    ( $( $event:ident $text:literal [$($alias:literal)*] $kind:ident $when:literal )* ) => {
        open_enum! {
            /// What happened. Equality and order go by meaning: an event read under another spelling is equal to ours,
            /// and yet is written back as it was read.
            pub enum EventName {
                $( #[doc = $when] $event = $text $(| $alias)*, )*
            }
        }

        /// Every event, in the order of `domain.md` section 2.1.
        pub const EVENTS: &[EventRow] = &[
            $( EventRow {
                name: EventName::$event, text: $text, aliases: &[$($alias),*], kind: EventType::$kind, when: $when,
            }, )*
        ];

        impl EventName {
            /// The type of the events of this name. An unknown name is a pushed activity: since 5.1 the intent of a
            /// third-party activity becomes the name of its event.
            #[must_use]
            pub fn kind(&self) -> EventType {
                match self {
                    $( Self::$event => EventType::$kind, )*
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

events! {
    ConversationStarted        "CONVERSATION_STARTED"          []                            Notification "A conversation was created."
    CustomerMessage            "CUSTOMER_MESSAGE"              []                            Message      "The customer spoke."
    AgentMessage               "AGENT_MESSAGE"                 []                            Message      "An agent spoke to the customer, or wrapped up."
    BotMessage                 "BOT_MESSAGE"                   []                            Message      "The primary bot or the controller spoke."
    BotSuggestion              "BOT_SUGGESTION"                []                            Suggestion   "An assisting bot proposed an answer."
    WhisperMessage             "WHISPER_MESSAGE"               []                            Message      "Agents spoke among themselves."
    ActionMessage              "ACTION_MESSAGE"                []                            Message      "A bot ordered an action."
    ChannelSessionStarted      "CHANNEL_SESSION_STARTED"       []                            Notification "The customer appeared on a channel."
    ChannelSessionEnded        "CHANNEL_SESSION_ENDED"         []                            Notification "A session ended."
    ChannelSessionExpired      "CHANNEL_SESSION_EXPIRED"       []                            Notification "A session ended for inactivity."
    ChannelSessionDataUpdated  "CHANNEL_SESSION_DATA_UPDATED"  []                            Notification "The channel data of a session changed."
    NetworkDisconnect          "NETWORK_DISCONNECT"            []                            Notification "The customer's link was lost."
    CustomerLeft               "CUSTOMER_LEFT"                 []                            Notification "The last session closed."
    AssociatedCustomerChanged  "ASSOCIATED_CUSTOMER_CHANGED"   []                            Notification "The conversation was linked to another customer."
    ConversationDataChanged    "CONVERSATION_DATA_CHANGED"     []                            Notification "Conversation data was set."
    TopicStateChangeEvent      "TOPIC_STATE_CHANGE_EVENT"      ["ACCEPT_TIMEOUT"]       Notification "The state of the conversation changed."
    FindAgent                  "FIND_AGENT"                    []                            Notification "Somebody wants an agent."
    AssignResourceRequested    "ASSIGN_RESOURCE_REQUESTED"     []                            Notification "A call wants an agent."
    TaskEnqueued               "TASK_ENQUEUED"                 []                            Notification "A task waits in a queue."
    TaskStateChanged           "TASK_STATE_CHANGED"            []                            Notification "A task or one of its media changed."
    AgentReserved              "AGENT_RESERVED"                []                            Notification "An agent was chosen."
    AgentReservedTimeout       "AGENT_RESERVED_TIMEOUT"        []                            Notification "The chosen agent did not answer in time."
    AgentAcceptTimeout         "AGENT_ACCEPT_TIMEOUT"          ["ACCEPT_TIMEOUT"]            Notification "The offer rang out on the agent's desk."
    NoAgentAvailable           "NO_AGENT_AVAILABLE"            []                            Notification "No agent was found in time, or the named one refused."
    EwtMessage                 "EWT_MESSAGE"                   []                            Activity     "The wait was estimated."
    AgentSubscribed            "AGENT_SUBSCRIBED"              []                            Notification "An agent joined."
    AgentUnsubscribed          "AGENT_UNSUBSCRIBED"            []                            Notification "An agent left."
    BotSubscribed              "BOT_SUBSCRIBED"                []                            Notification "A bot joined."
    BotUnsubscribed            "BOT_UNSUBSCRIBED"              []                            Notification "A bot left."
    AdvisorSubscribed          "ADVISOR_SUBSCRIBED"            []                            Notification "An advisor joined a private room."
    RoomCreated                "ROOM_CREATED"                  []                            Notification "A private room was created."
    RoomMemberStatusChanged    "ROOM_MEMBER_STATUS_CHANGED"    []                            Notification "The status of a room member changed."
    ParticipantRoleChanged     "PARTICIPANT_ROLE_CHANGED"      []                            Notification "A participant's role changed."
    RevokeResource             "REVOKE_RESOURCE"               []                            Notification "An offer or assignment was withdrawn."
    RemoveChannelSession       "REMOVE_CHANNEL_SESSION"        []                            Notification "A session must be ended."
    RemoveAllAgents            "REMOVE_ALL_AGENTS"             []                            Notification "All agents were removed."
    ResetAgentSla              "RESET_AGENT_SLA"               []                            Notification "The agent timer was restarted."
    AgentSlaStarted            "AGENT_SLA_STARTED"             []                            Notification "The agent timer began."
    AgentSlaStopped            "AGENT_SLA_STOPPED"             []                            Notification "The agent timer was stopped."
    AgentSlaExpired            "AGENT_SLA_EXPIRED"             []                            Notification "The agent timer ran out."
    AgentSla                   "AGENT_SLA"                     []                            Notification "The agent timer reached a threshold."
    CustomerSlaStarted         "CUSTOMER_SLA_STARTED"          []                            Notification "A customer timer began."
    CustomerSlaStopped         "CUSTOMER_SLA_STOPPED"          []                            Notification "A customer timer was stopped."
    CustomerSlaExpired         "CUSTOMER_SLA_EXPIRED"          []                            Notification "A customer timer ran out."
    CustomerSla                "CUSTOMER_SLA"                  []                            Notification "A customer timer reached a threshold."
    ResponseSlaBreached        "RESPONSE_SLA_BREACHED"         ["AGENT_RESPONSE_TIMEOUT"]    Notification "Older: the agent did not answer the customer in time."
    CustomerActivityTimeout    "CUSTOMER_ACTIVITY_TIMEOUT"     ["CUSTOMER_RESPONSE_TIMEOUT"] Notification "Older: the customer was silent too long."
    NoResponseEntity           "NO_RESPONSE_ENTITY"            []                            Notification "Older: there is nobody to answer."
    ConversationPaused         "CONVERSATION_PAUSED"           []                            Notification "The conversation was put on hold."
    ConversationResumed        "CONVERSATION_RESUMED"          []                            Notification "The conversation goes on."
    HoldTimer                  "HOLD_TIMER"                    []                            Notification "The hold timer changed."
    BotTimeout                 "BOT_TIMEOUT"                   []                            Notification "A bot did not answer in time."
    BotNotAvailable            "BOT_NOT_AVAILABLE"             []                            Notification "A bot cannot be reached."
    AgentMrdInterrupted        "AGENT_MRD_INTERRUPTED"         ["MRD_INTERRUPTED"]           Notification "An agent's medium was interrupted."
    AgentStateChanged          "AGENT_STATE_CHANGED"           []                            Notification "An agent's state changed; not an event of a conversation."
    HandRaised                 "HAND_RAISED"                   []                            Notification "An agent asks for help."
    HandDown                   "HAND_DOWN"                     []                            Notification "An agent needs no help any more."
    ExternalGadgetRequested    "EXTERNAL_GADGET_REQUESTED"     []                            Notification "A page shall open on an agent's desk."
    TypingIndicator            "TYPING_INDICATOR"              []                            Notification "Somebody is typing, or stopped."
    MessageDeliveryNotification "MESSAGE_DELIVERY_NOTIFICATION" []                           Notification "A message was delivered, read, or failed."
    WrapupApplied              "WRAPUP_APPLIED"                []                            Activity     "An agent wrapped up."
    CallLegStarted             "CALL_LEG_STARTED"              []                            Activity     "A leg of a call began."
    CallLegEnded               "CALL_LEG_ENDED"                []                            Activity     "A leg of a call ended."
    VoiceActivity              "VOICE_ACTIVITY"                []                            Activity     "A call in summary."
    CallHold                   "CALL_HOLD"                     []                            Notification "A call was held; the conversation's state stays."
    CallResume                 "CALL_RESUME"                   []                            Notification "A held call goes on."
    CiscoVoiceEvent            "CISCO_VOICE_EVENT"             []                            Notification "Legacy: an event of an outside voice platform."
    AgentOutbound              "AGENT_OUTBOUND"                []                            Activity     "An agent started a contact."
    IvrAggregatedActivity      "IVR_AGGREGATED_ACTIVITY"       []                            Activity     "The trail of a voice menu was pushed."
    ThirdPartyActivity         "THIRD_PARTY_ACTIVITY"          []                            Activity     "An application pushed an activity."
    FormsData                  "FORMS_DATA"                    []                            Activity     "A form was submitted."
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
