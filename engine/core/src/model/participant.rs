//! Who takes part in a conversation (`domain.md` section 1.9).

use super::agent::CcUser;
use super::emitter;
use super::session::{ChannelSession, TOPIC_ID};
use super::wire::choice::{closed_enum, open_enum};
use super::wire::object::wire;
use super::wire::{Place, Wire, WireObject, WrongField};
use super::{Json, JsonMap, Timestamp};

wire! {
    /// A member of a conversation, with the role it plays there.
    pub struct ConversationParticipant {
        /// Id of the membership.
        "id" => id: Option<String>,
        /// What kind of member it is.
        "type" => kind: Option<ParticipantType>,
        /// What the member may do.
        "role" => role: Option<ParticipantRole>,
        /// The session, agent, bot, app or monitor itself.
        "participant" => participant: Option<Participant>,
        /// When it joined.
        "joiningTime" => joining_time: Option<Timestamp>,
        /// Reserved.
        "token" => token: Option<Json>,
        /// Id of the conversation; see [`ConversationParticipant::conversation_id`].
        "conversationId" => conversation_id: Option<String>,
        /// Whether it still takes part.
        "isActive" => is_active: Option<bool>,
        /// Reserved.
        "userCredentials" => user_credentials: Option<Json>,
        /// Whether it hears the conversation.
        "state" => state: Option<SubscriptionState>,
        /// When `state` changed last.
        "stateChangedOn" => state_changed_on: Option<Timestamp>,
    }
}

impl ConversationParticipant {
    /// The conversation. Old payloads call it `topicId`.
    #[must_use]
    pub fn conversation_id(&self) -> Option<&str> {
        self.conversation_id.as_deref().or_else(|| self.extra.get(TOPIC_ID)?.as_str())
    }

    /// The controller as a member: it hears every event and has no role towards the customer.
    #[must_use]
    pub fn controller(conversation_id: impl Into<String>) -> Self {
        ConversationParticipant {
            id: Some(emitter::CONTROLLER_ID.to_owned()),
            kind: Some(ParticipantType::Bot),
            participant: Some(Participant::Bot(Bot::controller())),
            conversation_id: Some(conversation_id.into()),
            is_active: Some(true),
            state: Some(SubscriptionState::Subscribed),
            ..ConversationParticipant::default()
        }
    }

    /// Whether this is the controller.
    #[must_use]
    pub fn is_controller(&self) -> bool {
        match &self.participant {
            Some(Participant::Bot(bot)) => bot.is_controller(),
            Some(Participant::ConversationMonitor(_)) => true,
            _ => false,
        }
    }
}

/// The member itself, told apart by `participantType`.
#[derive(Clone, Debug, PartialEq)]
pub enum Participant {
    /// `ChannelSession`: the customer on one channel.
    ChannelSession(Box<ChannelSession>),
    /// `CCUser`: an agent or supervisor.
    CcUser(Box<CcUser>),
    /// `Bot`: a bot, or the controller.
    Bot(Bot),
    /// `App`: a third-party application.
    App(App),
    /// `ConversationMonitor`, in old payloads `TopicMonitor`: the keeper of the timers.
    ConversationMonitor(Monitor),
    /// Anything else, kept whole.
    Other(JsonMap),
}

impl Participant {
    /// The id of the session, agent, bot, app or monitor.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Participant::ChannelSession(session) => session.id.as_deref(),
            Participant::CcUser(user) => user.id.as_deref(),
            Participant::Bot(bot) => bot.id.as_deref(),
            Participant::App(app) => app.id.as_deref(),
            Participant::ConversationMonitor(monitor) => monitor.id.as_deref(),
            Participant::Other(map) => map.get("id")?.as_str(),
        }
    }
}

impl Wire for Participant {
    fn from_json(value: Json) -> Result<Self, WrongField> {
        let map = JsonMap::from_json(value)?;
        match map.get("participantType").and_then(Json::as_str) {
            Some("ChannelSession") => WireObject::from_map(map).map(Box::new).map(Self::ChannelSession),
            Some("CCUser") => WireObject::from_map(map).map(Box::new).map(Self::CcUser),
            Some("Bot") => WireObject::from_map(map).map(Self::Bot),
            Some("App") => WireObject::from_map(map).map(Self::App),
            Some("ConversationMonitor" | "TopicMonitor") => {
                WireObject::from_map(map).map(Self::ConversationMonitor)
            }
            _ => Ok(Self::Other(map)),
        }
    }
    fn check(&self, at: &Place<'_>, found: &mut Vec<String>) {
        match self {
            Participant::ChannelSession(session) => session.check_fields(at, found),
            Participant::CcUser(user) => user.check_fields(at, found),
            _ => {}
        }
    }
}

impl serde::Serialize for Participant {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Participant::ChannelSession(session) => session.serialize(to),
            Participant::CcUser(user) => user.serialize(to),
            Participant::Bot(bot) => bot.serialize(to),
            Participant::App(app) => app.serialize(to),
            Participant::ConversationMonitor(monitor) => monitor.serialize(to),
            Participant::Other(map) => map.serialize(to),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Participant {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::from_json(Json::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Participant {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Participant".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A channel session, agent, bot, app or monitor, told apart by `participantType`.",
            "type": "object",
            "anyOf": [
                generator.subschema_for::<ChannelSession>(),
                generator.subschema_for::<CcUser>(),
                generator.subschema_for::<Bot>(),
                generator.subschema_for::<App>(),
                generator.subschema_for::<Monitor>(),
                true,
            ],
        })
    }
}

wire! {
    /// A bot.
    pub struct Bot {
        /// Always `Bot`.
        "participantType" => participant_type: Option<String> = Some("Bot".to_owned()),
        /// Id of the bot.
        "id" => id: Option<String>,
        /// What software it is.
        "type" => kind: Option<BotType>,
        /// Name to show.
        "name" => name: Option<String>,
        /// Where it is called.
        "uri" => uri: Option<String>,
    }
}

impl Bot {
    /// The controller, which takes part as a bot (`domain.md` section 1.11).
    #[must_use]
    pub fn controller() -> Self {
        Bot {
            id: Some(emitter::CONTROLLER_ID.to_owned()),
            kind: Some(BotType::NotSet),
            name: Some(emitter::CONTROLLER_NAME.to_owned()),
            ..Bot::default()
        }
    }

    /// Whether this bot is the controller.
    #[must_use]
    pub fn is_controller(&self) -> bool {
        self.name.as_deref() == Some(emitter::CONTROLLER_NAME)
    }
}

wire! {
    /// A third-party application that takes part through activities and data.
    pub struct App {
        /// Always `App`.
        "participantType" => participant_type: Option<String> = Some("App".to_owned()),
        /// Id of the application.
        "id" => id: Option<String>,
        /// Name to show.
        "name" => name: Option<String>,
    }
}

wire! {
    /// The keeper of the timers of a conversation.
    pub struct Monitor {
        /// `ConversationMonitor`, in old payloads `TopicMonitor`.
        "participantType" => participant_type: Option<String> = Some("ConversationMonitor".to_owned()),
        /// Id of the monitor.
        "id" => id: Option<String>,
        /// Name to show.
        "name" => name: Option<String>,
    }
}

open_enum! {
    /// Kinds of bots.
    pub enum BotType {
        /// Rasa.
        Rasa = "RASA",
        /// Dialogflow.
        Dialogflow = "DIALOGFLOW",
        /// Any bot that speaks the custom-connector format.
        Custom = "CUSTOM",
        /// No bot software, such as the controller.
        NotSet = "NOT_SET",
    }
}

closed_enum! {
    /// Kinds of members.
    pub enum ParticipantType {
        /// The customer, on one channel.
        Customer = "CUSTOMER",
        /// An agent or supervisor.
        Agent = "AGENT",
        /// A bot.
        Bot = "BOT",
        /// A third-party application.
        App = "APP",
        /// The keeper of the timers.
        Monitor = "MONITOR",
    }
}

closed_enum! {
    /// What a member may do.
    pub enum ParticipantRole {
        /// A channel session: writes messages.
        Customer = "CUSTOMER",
        /// A bot or agent that talks to the customer.
        Primary = "PRIMARY",
        /// A bot that suggests, or a consulted agent: whispers only.
        Assistant = "ASSISTANT",
        /// A supervisor who reads along; one at a time.
        SilentMonitor = "SILENT_MONITOR",
        /// A supervisor who whispers to the agent.
        Whisper = "WHISPER",
        /// An agent after the contact: wraps up only.
        WrapUp = "WRAP_UP",
    }
}

closed_enum! {
    /// Whether a member hears the conversation.
    pub enum SubscriptionState {
        /// It does.
        Subscribed = "SUBSCRIBED",
        /// No longer.
        Unsubscribed = "UNSUBSCRIBED",
    }
}
