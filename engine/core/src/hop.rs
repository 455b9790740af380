//! A step between two state machines: what one asks of the other, as it is journaled and sent.

use serde::{Deserialize, Serialize};

use crate::conversation::{self, Again};
use crate::model::CimMessage;
use crate::routing;

/// A hop. The one who asks writes it in its own transaction; the one who takes it removes it in its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Hop {
    /// To the routing machine.
    Routing {
        /// The input.
        input: Box<routing::Input>,
    },
    /// To a conversation.
    Conversation {
        /// Conversation id.
        conversation: String,
        /// Its home partition.
        home: u32,
        /// The input.
        input: Box<conversation::Input>,
    },
    /// A message that waited (U07): looked up again as if it came now.
    Message {
        /// The message.
        message: Box<CimMessage>,
    },
}

/// The hops that a step of a conversation asks for, in order.
#[must_use]
pub fn of_conversation(id: &str, home: u32, step: &conversation::Step) -> Vec<Hop> {
    let routing = step.routing.iter().map(|input| Hop::Routing { input: Box::new(input.clone()) });
    let again = step.again.iter().map(|again| match again {
        Again::Archived => Hop::Conversation {
            conversation: id.to_owned(),
            home,
            input: Box::new(conversation::Input::Archived),
        },
        Again::Conversation { conversation, home, input } => {
            Hop::Conversation { conversation: conversation.clone(), home: *home, input: input.clone() }
        }
        Again::Message { message } => Hop::Message { message: message.clone() },
    });
    routing.chain(again).collect()
}

/// The hops that a step of the routing machine asks for, in order.
#[must_use]
pub fn of_routing(step: &routing::Step) -> Vec<Hop> {
    step.tells
        .iter()
        .map(|(conversation, home, tell)| Hop::Conversation {
            conversation: conversation.clone(),
            home: *home,
            input: Box::new(conversation::Input::Routing { tell: Box::new(tell.clone()) }),
        })
        .collect()
}
