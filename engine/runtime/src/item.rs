//! An input on its way through the worker.

use std::borrow::Cow;

use convene_core::conversation;
use convene_core::directory::Arrival;
use convene_core::effect::TimerSet;
use convene_core::model::CimMessage;
use convene_core::routing;
use serde::{Deserialize, Serialize};

use crate::ports::bus::{Labels, ReplyTo, Token};
use crate::ports::store::{Sender, TimerWrite};

/// What an input is for.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// A message whose conversation is still to be found.
    Message { message: Box<CimMessage>, sender: Sender, arrival: Option<Box<Arrival>> },
    /// An input of a known conversation.
    Conversation { id: String, input: Box<conversation::Input> },
    /// An input of the routing machine.
    Routing { input: Box<routing::Input> },
}

impl What {
    /// The input of a conversation, to be given back after the step: nothing is copied for it. `None` for the routing
    /// machine.
    pub(crate) fn lend(&mut self) -> Option<conversation::Input> {
        use conversation::Input;
        match self {
            Self::Message { message, arrival, .. } => Some(Input::Message {
                message: std::mem::take(message),
                arrival: arrival.take().unwrap_or_default(),
            }),
            Self::Conversation { input, .. } => Some(std::mem::replace(&mut **input, Input::Archived)),
            Self::Routing { .. } => None,
        }
    }

    /// Takes back what was lent.
    pub(crate) fn give_back(&mut self, lent: conversation::Input) {
        match (self, lent) {
            (
                Self::Message { message, arrival, .. },
                conversation::Input::Message { message: m, arrival: a },
            ) => {
                (*message, *arrival) = (m, Some(a));
            }
            (Self::Conversation { input, .. }, lent) => **input = lent,
            (Self::Message { .. } | Self::Routing { .. }, _) => {}
        }
    }
}

/// How something was sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// AMQP `type`.
    pub kind: Cow<'static, str>,
    /// AMQP `message_id`.
    pub id: Option<String>,
    #[serde(flatten)]
    pub labels: Labels,
}

/// An input.
#[derive(Debug)]
pub(crate) struct Item {
    /// Input id, unique over all inputs.
    pub id: String,
    /// Partition it came by.
    pub partition: u32,
    pub what: What,
    /// When it was taken, epoch ms: stamped once, kept when the input is stepped again.
    pub at: i64,
    /// Its place in the order of taking, kept when it is stepped again; what follows from an input has the place of
    /// that input. 0 until it is taken.
    pub seq: u64,
    /// Delivery to acknowledge; `None` for inputs of our own.
    pub token: Option<Token>,
    pub reply: ReplyTo,
    /// The bytes as they came, for `convene.dead`.
    pub raw: Vec<u8>,
    /// Where they came from, for `convene.dead`.
    pub source: String,
    /// What else it was sent with, for `convene.dead`.
    pub origin: Origin,
    /// Id of the stored hop that this input is, if it is one.
    pub hop: Option<String>,
}

impl Item {
    /// An input of our own, such as a due timer.
    pub(crate) fn own(id: String, partition: u32, at: i64, what: What) -> Self {
        Self {
            id,
            partition,
            what,
            at,
            seq: 0,
            token: None,
            reply: ReplyTo::Nobody,
            raw: Vec::new(),
            source: String::new(),
            origin: Origin::default(),
            hop: None,
        }
    }

    /// Takes the timer that it was out of the store: it is done with, although nothing was stepped.
    pub(crate) fn drops_timer(&self) -> Option<TimerWrite> {
        let (owner, name, id) = match &self.what {
            What::Routing { input } => match &**input {
                routing::Input::Timer { name, timer } => (routing::OWNER, name, timer),
                _ => return None,
            },
            What::Conversation { id, input } => match &**input {
                conversation::Input::Timer { name, timer } => (id.as_str(), name, timer),
                _ => return None,
            },
            What::Message { .. } => return None,
        };
        let timer = TimerSet { name: name.clone(), id: id.clone(), due: self.at };
        Some(TimerWrite::Drop { owner: owner.to_owned(), timer })
    }

    /// Whether it is what another input of the same batch asked for, and stands nowhere but in memory: that input,
    /// stepped again, asks for it again.
    pub(crate) fn follows_in_batch(&self) -> bool {
        self.source == "hop" && self.token.is_none() && self.hop.is_none()
    }
}
