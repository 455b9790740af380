//! CIM messages: everything that is said, and every command (`domain.md` section 1.10).

use std::borrow::Cow;

use super::attribute::ChannelData;
use super::body::Body;
use super::customer::Customer;
use super::intent::Intent;
use super::sender::Sender;
use super::wire::object::wire;
use super::wire::{Place, Wire, WireField, WireObject, WrongField};
use super::{Json, JsonMap, Timestamp};

wire! {
    /// A message. A bot's order to the controller may be flat: `name` and `data` beside the header, and no
    /// body.
    pub struct CimMessage {
        /// Id of the message, given by whoever sends it; a second one with the same id is a duplicate.
        "id" => id: Option<String>,
        /// Who, to whom, about what.
        "header" => header: Header,
        /// What is said.
        "body" => body: Option<Body>,
        /// Name of the action, in the flat form.
        "name" => name: Option<String>,
        /// Data of the action, in the flat form.
        "data" => data: Option<JsonMap>,
    }
}

impl CimMessage {
    /// A message of our own making.
    #[must_use]
    pub fn new(id: impl Into<String>, header: Header, body: Body) -> Self {
        CimMessage { id: Some(id.into()), header, body: Some(body), ..CimMessage::default() }
    }

    /// The id of the message; an empty one counts as none.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        self.id.as_deref().filter(|id| !id.is_empty())
    }

    /// The action this message orders, in either form, with its data.
    #[must_use]
    pub fn action(&self) -> Option<(&str, Cow<'_, JsonMap>)> {
        let (name, data) = match &self.body {
            Some(Body::Action(body)) => (body.name.as_deref(), body.data.as_ref()),
            Some(body) if !body.kind().is_empty() => return None,
            _ => (self.name.as_deref(), self.data.as_ref()),
        };
        let name = name.filter(|name| !name.is_empty())?;
        Some((name, data.map_or_else(|| Cow::Owned(JsonMap::new()), Cow::Borrowed)))
    }

    /// The intent, which makes the message a command; `NONE` and the empty text are no intent.
    #[must_use]
    pub fn intent(&self) -> Option<&str> {
        self.header
            .intent
            .as_deref()
            .filter(|intent| Intent::parse(intent) != Intent::NoIntent && !intent.is_empty())
    }

    /// The text of the body.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.body.as_ref()?.markdown_text()
    }
}

wire! {
    /// The header of a message: who, to whom, when, about what.
    pub struct Header {
        /// Who sends it. Inbound customer messages carry their connector here.
        "sender" => sender: Option<Sender>,
        /// Who on which channel: required outbound; inbound it resolves channel and customer.
        "channelData" => channel_data: Option<ChannelData>,
        /// Reserved.
        "language" => language: Option<Json>,
        /// When the client sent it.
        "timestamp" => timestamp: Option<Timestamp>,
        /// Reserved.
        "securityInfo" => security_info: Option<Json>,
        /// Reserved.
        "stamps" => stamps: Vec<Json>,
        /// The command (section 2.2), or the payload of a pressed button.
        "intent" => intent: Option<String>,
        /// Data of the intent.
        "entities" => entities: Option<JsonMap>,
        /// The session.
        "channelSessionId" => channel_session_id: Option<String>,
        /// The conversation.
        "conversationId" => conversation_id: Option<String>,
        /// The customer; required outbound.
        "customer" => customer: Option<Customer>,
        /// The message this one answers or replaces.
        "originalMessageId" => original_message_id: Option<String>,
        /// The provider's id; in delivery notices the id of the message they are about.
        "providerMessageId" => provider_message_id: Option<String>,
        /// The room; required for private rooms.
        "roomId" => room_id: Option<String>,
        /// Data of campaigns.
        "schedulingMetaData" => scheduling_meta_data: Option<Json>,
    }
}

/// A header with nothing in it is no header; the empty form it was read in comes back.
impl WireField for Header {
    fn blank() -> Self {
        Header::default()
    }
    fn is_absent(&self) -> bool {
        *self == Header::default()
    }
    fn leaves(value: &Json) -> bool {
        value.is_null() || value.as_object().is_some_and(JsonMap::is_empty)
    }
    fn read(value: Json) -> Result<Self, WrongField> {
        Header::from_json(value)
    }
    fn write<M: serde::ser::SerializeMap>(&self, key: &'static str, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(key, self)
    }
    fn check(&self, at: &Place<'_>, found: &mut Vec<String>) {
        WireObject::check_fields(self, at, found);
    }
}
