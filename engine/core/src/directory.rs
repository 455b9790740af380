//! The directory: who is who, and which conversation of a room is live (`domain.md` sections 1.4, 1.5).
//!
//! The step reads it through [`Arrival`] facts that ride in with the input, and changes it through
//! [`DirectoryWrite`]s that commit together with the state.

use serde::{Deserialize, Serialize};

use crate::model::Customer;

/// What the directory knew about the sender of a message when it was taken.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Arrival {
    /// The conversation that holds a live session of this (channel, identifier).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_session: Option<Live>,
    /// Every profile that owns the identifier, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Customer>,
    /// Room of the only candidate, when there is exactly one and it has a room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomFact>,
}

/// A room and what is live in it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RoomFact {
    /// Room id.
    pub id: String,
    /// Conversation that is not closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
    /// The closed conversation before, for "last agent" and "re-initiated" (4.4, 4.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
}

/// Where a live conversation is stepped.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Live {
    /// Conversation id.
    pub conversation: String,
    /// Its home partition.
    pub home: u32,
}

/// What the next conversation of a room may want to know of the one before.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Previous {
    /// Conversation id.
    pub conversation: String,
    /// When it ended.
    pub ended_at: i64,
    /// Queue of its last task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Agent who was in it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

/// A change of the directory. All of a step apply, or none: `expect` failing makes the whole commit a conflict,
/// after which the input is stepped again with fresh facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DirectoryWrite {
    /// Creates or replaces a customer profile.
    Customer {
        /// The profile; its `_id` is the key.
        customer: Box<Customer>,
    },
    /// States that a customer owns an identifier.
    Identity {
        /// Identifier attribute of the customer schema, such as `phone`.
        attribute: String,
        /// The identifier.
        identifier: String,
        /// Customer id.
        customer: String,
    },
    /// A room of a customer, created when first needed. Already there: nothing happens.
    Room {
        /// Room id.
        id: String,
        /// Customer id.
        customer: String,
    },
    /// Takes the one place for a live conversation in a room. Conflict when another one is live there.
    Open {
        /// Room id.
        room: String,
        /// Conversation and home.
        live: Live,
    },
    /// Frees the place. Conflict when another conversation holds it.
    Close {
        /// Room id.
        room: String,
        /// Conversation id.
        conversation: String,
        /// What the next one may want to know.
        previous: Previous,
    },
    /// A session of this (channel, identifier) is live in this conversation. Conflict when another conversation
    /// holds one.
    SessionOpen {
        /// Channel name.
        channel: String,
        /// Identifier on the channel.
        identifier: String,
        /// Conversation and home.
        live: Live,
    },
    /// That session is over. Not there: nothing happens.
    SessionClose {
        /// Channel name.
        channel: String,
        /// Identifier on the channel.
        identifier: String,
        /// Conversation id.
        conversation: String,
    },
}
