//! The directory: who is who, and which conversation of a room is live (`domain.md` sections 1.4, 1.5).
//!
//! The step reads it through [`Arrival`] facts that ride in with the input, and changes it through
//! [`DirectoryWrite`]s that commit together with the state.

use std::collections::BTreeMap;

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
    /// The message's id began another conversation once, so long ago that the id counts as new.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reused: bool,
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
    /// A customer owns an identifier no more. Never owned: nothing happens.
    Disown {
        /// Identifier attribute.
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

/// A directory in memory: what the simulator and the in-memory tests look things up in. The same rules as a store's.
#[derive(Debug, Clone, Default)]
pub struct MemoryDirectory {
    customers: Vec<Customer>,
    identities: Vec<(String, String, String)>,
    rooms: BTreeMap<String, RoomEntry>,
    sessions: BTreeMap<(String, String), Live>,
}

#[derive(Debug, Clone, Default)]
struct RoomEntry {
    customer: String,
    live: Option<Live>,
    previous: Option<Previous>,
}

impl MemoryDirectory {
    /// What is known of a sender.
    #[must_use]
    pub fn arrival(&self, channel: &str, attribute: &str, identifier: &str) -> Arrival {
        let owners: Vec<&str> = self
            .identities
            .iter()
            .filter(|(a, i, _)| a == attribute && i == identifier)
            .map(|(_, _, customer)| customer.as_str())
            .collect();
        let candidates: Vec<Customer> = self
            .customers
            .iter()
            .filter(|c| c.id.as_deref().is_some_and(|id| owners.contains(&id)))
            .cloned()
            .collect();
        let room = match candidates.as_slice() {
            [only] => self.room_of(only.id.as_deref().unwrap_or_default()),
            _ => None,
        };
        let live_session = self.sessions.get(&(channel.to_owned(), identifier.to_owned())).cloned();
        Arrival { live_session, candidates, room, reused: false }
    }

    /// A profile by id.
    #[must_use]
    pub fn customer(&self, id: &str) -> Option<&Customer> {
        self.customers.iter().find(|c| c.id.as_deref() == Some(id))
    }

    /// The room of a customer.
    #[must_use]
    pub fn room_of(&self, customer: &str) -> Option<RoomFact> {
        let (id, room) = self.rooms.iter().find(|(_, r)| r.customer == customer)?;
        Some(RoomFact { id: id.clone(), live: room.live.clone(), previous: room.previous.clone() })
    }

    /// Applies a change.
    ///
    /// # Errors
    /// The key on which somebody else was faster.
    pub fn apply(&mut self, write: &DirectoryWrite) -> Result<(), String> {
        match write {
            DirectoryWrite::Customer { customer } => {
                self.customers.retain(|c| c.id != customer.id);
                self.customers.push((**customer).clone());
            }
            DirectoryWrite::Identity { attribute, identifier, customer } => {
                let entry = (attribute.clone(), identifier.clone(), customer.clone());
                if !self.identities.contains(&entry) {
                    self.identities.push(entry);
                }
            }
            DirectoryWrite::Disown { attribute, identifier, customer } => {
                let entry = (attribute.clone(), identifier.clone(), customer.clone());
                self.identities.retain(|owned| *owned != entry);
            }
            DirectoryWrite::Room { id, customer } => {
                let room = self.rooms.entry(id.clone()).or_default();
                if room.customer.is_empty() {
                    room.customer.clone_from(customer);
                }
            }
            DirectoryWrite::Open { room, live } => {
                let entry = self.rooms.entry(room.clone()).or_default();
                if entry.live.as_ref().is_some_and(|l| l.conversation != live.conversation) {
                    return Err(format!("room:{room}"));
                }
                entry.live = Some(live.clone());
            }
            DirectoryWrite::Close { room, conversation, previous } => {
                let entry = self.rooms.entry(room.clone()).or_default();
                if entry.live.as_ref().is_some_and(|l| l.conversation != *conversation) {
                    return Err(format!("room:{room}"));
                }
                entry.live = None;
                entry.previous = Some(previous.clone());
            }
            DirectoryWrite::SessionOpen { channel, identifier, live } => {
                let key = (channel.clone(), identifier.clone());
                if self.sessions.get(&key).is_some_and(|l| l.conversation != live.conversation) {
                    return Err(format!("session:{channel}:{identifier}"));
                }
                self.sessions.insert(key, live.clone());
            }
            DirectoryWrite::SessionClose { channel, identifier, conversation } => {
                let key = (channel.clone(), identifier.clone());
                if self.sessions.get(&key).is_some_and(|l| l.conversation == *conversation) {
                    self.sessions.remove(&key);
                }
            }
        }
        Ok(())
    }
}
