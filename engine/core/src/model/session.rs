//! Channel sessions: a customer's presence on one channel inside a conversation (`domain.md` section 1.7).

use serde::ser::{SerializeMap, Serializer};

use super::attribute::ChannelData;
use super::channel::Channel;
use super::customer::Customer;
use super::room::RoomInfo;
use super::wire::choice::{closed_enum, open_enum};
use super::wire::object::wire;
use super::wire::{Wire, WireField, WireObject, WrongField};
use super::{Json, JsonMap};

/// The second key under which the wire says whether a session is active.
const ACTIVE: &str = "active";
/// The key under which old payloads carry the conversation id.
pub(super) const TOPIC_ID: &str = "topicId";

wire! {
    /// The customer's presence on one channel. A conversation may have several at once.
    pub struct ChannelSession {
        /// Always `ChannelSession`.
        "participantType" => participant_type: Option<String> = Some("ChannelSession".to_owned()),
        /// Id of the session.
        "id" => id: Option<String>,
        /// The channel.
        "channel" => channel: Option<Box<Channel>>,
        /// The customer.
        "customer" => customer: Option<Customer>,
        /// Every profile the customer might be, when the lookup found several.
        "customerSuggestions" => customer_suggestions: Vec<Customer>,
        /// Who on which channel.
        "channelData" => channel_data: Option<ChannelData>,
        /// The customer's last intent.
        "latestIntent" => latest_intent: Option<String>,
        /// Undefined; passed through.
        "customerPresence" => customer_presence: Option<Json>,
        /// Whether the session is open; also written as `active`.
        "isActive" => is_active: ActiveFlag,
        /// Id of the conversation; see [`ChannelSession::conversation_id`].
        "conversationId" => conversation_id: Option<String>,
        /// The room.
        "roomInfo" => room_info: Option<RoomInfo>,
        /// Where in its life the session is, and why.
        "state" => state: Option<SessionState>,
        /// Who began it.
        "channelSessionDirection" => channel_session_direction: Option<Direction>,
    }
}

impl ChannelSession {
    /// The conversation of the session. Old payloads call it `topicId`.
    #[must_use]
    pub fn conversation_id(&self) -> Option<&str> {
        self.conversation_id.as_deref().or_else(|| self.extra.get(TOPIC_ID)?.as_str())
    }

    /// Whether the session is open, under either key.
    #[must_use]
    pub fn is_active(&self) -> Option<bool> {
        self.is_active.get().or_else(|| self.extra.get(ACTIVE)?.as_bool())
    }

    /// The name of the channel's type, such as `WEB`.
    #[must_use]
    pub fn channel_type_name(&self) -> Option<&str> {
        self.channel.as_ref()?.channel_type.as_ref()?.name.as_deref()
    }
}

/// Whether a session is active. The wire says it twice, as `isActive` and `active` (`domain.md` section 1.3):
/// a flag of ours is written under both keys, one that was read is written under the keys it was read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActiveFlag {
    value: Option<bool>,
    as_read: bool,
}

impl ActiveFlag {
    /// The flag; `None` when it was not said.
    #[must_use]
    pub fn get(self) -> Option<bool> {
        self.value
    }
}

impl From<bool> for ActiveFlag {
    fn from(value: bool) -> Self {
        ActiveFlag { value: Some(value), as_read: false }
    }
}

impl WireField for ActiveFlag {
    fn blank() -> Self {
        ActiveFlag { value: None, as_read: true }
    }
    fn is_absent(&self) -> bool {
        self.value.is_none()
    }
    fn leaves(value: &Json) -> bool {
        value.is_null()
    }
    fn read(value: Json) -> Result<Self, WrongField> {
        Ok(ActiveFlag { value: Some(bool::from_json(value)?), as_read: true })
    }
    fn write<M: SerializeMap>(&self, key: &'static str, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(key, &self.value)?;
        if self.as_read { Ok(()) } else { map.serialize_entry(ACTIVE, &self.value) }
    }
    fn covers(&self, key: &str) -> bool {
        key == ACTIVE && !self.as_read && self.value.is_some()
    }
}

impl schemars::JsonSchema for ActiveFlag {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ActiveFlag".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["boolean", "null"] })
    }
}

/// Where in its life a session is. Old payloads write the bare name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionState {
    /// The state; `None` for a word we do not know.
    pub name: Option<SessionStateName>,
    /// Why the session is in this state.
    pub reason_code: Option<SessionReason>,
    /// Everything else that was read.
    pub extra: JsonMap,
    /// The bare text the state was read from; it is written again while `name` still says the same.
    bare: Option<Box<str>>,
}

impl SessionState {
    /// A state with its reason.
    #[must_use]
    pub fn new(name: SessionStateName, reason_code: SessionReason) -> Self {
        SessionState { name: Some(name), reason_code: Some(reason_code), ..SessionState::default() }
    }

    /// The text to write when the old form still says it all.
    fn bare(&self) -> Option<&str> {
        let text = self.bare.as_deref()?;
        (self.reason_code.is_none() && SessionStateName::parse(text) == self.name).then_some(text)
    }
}

wire! {
    /// The written form of [`SessionState`].
    pub struct SessionStateObject {
        /// The state.
        "name" => name: Option<SessionStateName>,
        /// Why the session is in it.
        "reasonCode" => reason_code: Option<SessionReason>,
    }
}

impl Wire for SessionState {
    fn from_json(value: Json) -> Result<Self, WrongField> {
        match value {
            Json::String(text) => Ok(SessionState {
                name: SessionStateName::parse(&text),
                bare: Some(text.into_boxed_str()),
                ..SessionState::default()
            }),
            Json::Object(map) => {
                let SessionStateObject { name, reason_code, extra } = WireObject::from_map(map)?;
                Ok(SessionState { name, reason_code, extra, bare: None })
            }
            other => Err(WrongField::expected("a state (an object, or its bare name)", &other)),
        }
    }
}

impl serde::Serialize for SessionState {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if let Some(text) = self.bare() {
            return to.serialize_str(text);
        }
        let Self { name, reason_code, extra, .. } = self.clone();
        SessionStateObject { name, reason_code, extra }.serialize(to)
    }
}

impl<'de> serde::Deserialize<'de> for SessionState {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::from_json(Json::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for SessionState {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SessionState".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let object = SessionStateObject::json_schema(generator);
        schemars::json_schema!({
            "description": "Where in its life a session is. Old payloads write the bare name.",
            "anyOf": [object, generator.subschema_for::<SessionStateName>()],
        })
    }
}

closed_enum! {
    /// The life of a session.
    pub enum SessionStateName {
        /// Open.
        Started = "STARTED",
        /// Ended by the customer, by inactivity, by the network, by an agent, or by force.
        Ended = "ENDED",
        /// Archived with its conversation.
        Closed = "CLOSED",
    }
}

open_enum! {
    /// Why a session is in its state.
    pub enum SessionReason {
        /// The customer began or ended it.
        Customer = "CUSTOMER",
        /// The customer was silent too long.
        Inactivity = "INACTIVITY",
        /// The customer's link was lost.
        Network = "NETWORK",
        /// An agent ended it.
        Agent = "AGENT",
        /// The system ended it.
        ForceClosed = "FORCE_CLOSED",
    }
}

closed_enum! {
    /// Who began a session.
    pub enum Direction {
        /// The customer.
        Inbound = "INBOUND",
        /// An agent or a campaign.
        Outbound = "OUTBOUND",
    }
}
