//! CIM events: everything that happens (`domain.md` section 1.11).

use super::event_name::EventName;
use super::message::CimMessage;
use super::room::RoomInfo;
use super::sender::Sender;
use super::session::ChannelSession;
use super::wire::choice::open_enum;
use super::wire::object::wire;
use super::wire::{Wire, WrongField};
use super::{Json, Timestamp};

wire! {
    /// Something that happened in a conversation.
    pub struct CimEvent {
        /// Id of the event; a second one with the same id is a duplicate.
        "id" => id: Option<String>,
        /// What happened.
        "name" required => name: EventName,
        /// What kind of event it is.
        "type" => kind: EventType,
        /// When.
        "timestamp" => timestamp: Option<Timestamp>,
        /// In which conversation.
        "conversationId" => conversation_id: Option<String>,
        /// Who says so.
        "eventEmitter" => event_emitter: Option<Sender>,
        /// On which session.
        "channelSession" => channel_session: Option<ChannelSession>,
        /// What the event carries; section 2.1 tells for each name.
        "data" => data: Option<Json>,
        /// In which room.
        "roomInfo" => room_info: Option<RoomInfo>,
    }
}

impl CimEvent {
    /// An event of our own making, with the type that belongs to its name. `at_ms` is in epoch milliseconds.
    #[must_use]
    pub fn new(id: impl Into<String>, name: EventName, at_ms: i64, emitter: Sender) -> Self {
        CimEvent {
            id: Some(id.into()),
            kind: name.kind(),
            name,
            timestamp: Some(Timestamp::from_millis(at_ms)),
            event_emitter: Some(emitter),
            ..CimEvent::default()
        }
    }

    /// The data as one of the objects of this module; `None` when the event carries none.
    ///
    /// # Errors
    /// [`WrongField`] when the data is something else.
    pub fn data_as<T: Wire>(&self) -> Result<Option<T>, WrongField> {
        self.data.clone().map(|data| T::from_json(data).map_err(|wrong| wrong.under("data"))).transpose()
    }

    /// The message an event of type `MESSAGE` carries.
    ///
    /// # Errors
    /// [`WrongField`] when the data is no message.
    pub fn message(&self) -> Result<Option<CimMessage>, WrongField> {
        self.data_as()
    }
}

open_enum! {
    /// Kinds of events.
    pub enum EventType {
        /// Somebody said something.
        Message = "MESSAGE",
        /// A bot proposes something to an agent.
        Suggestion = "SUGGESTION",
        /// An aggregate that agents see as one entry.
        Activity = "ACTIVITY",
        /// Something changed.
        Notification = "NOTIFICATION",
        /// A call.
        Call = "CALL",
    }
}
