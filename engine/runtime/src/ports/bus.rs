//! The bus: where inputs come from and publications go to.

use std::sync::Arc;

use convene_core::effect::Reply;
use convene_core::model::Json;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

/// What kind of thing a delivery is; the AMQP `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `cim-message`, also when no type is given.
    Message,
    /// `cim-event`.
    Event,
    /// `command`.
    Command,
    /// Between two state machines of ours; `id` is the hop's id.
    Hop,
}

impl Kind {
    /// The AMQP `type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Message => "cim-message",
            Self::Event => "cim-event",
            Self::Command => "command",
            Self::Hop => "hop",
        }
    }

    /// Reads an AMQP `type`; none is a message.
    ///
    /// # Errors
    /// The type, when it is none of ours.
    pub fn parse(name: Option<&str>) -> Result<Self, String> {
        match name {
            None | Some("" | "cim-message") => Ok(Self::Message),
            Some("cim-event") => Ok(Self::Event),
            Some("command") => Ok(Self::Command),
            Some("hop") => Ok(Self::Hop),
            Some(other) => Err(other.to_owned()),
        }
    }
}

/// What a message says about itself beside its kind, its id and its body. A dead letter says it again.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Labels {
    /// AMQP `correlation_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// AMQP headers. What JSON does not know is a text there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, Json)>,
}

/// Something that arrived for a partition.
#[derive(Debug)]
pub struct Delivery {
    /// Partition whose queue it came by.
    pub partition: u32,
    /// Kind; `Err` holds an unknown AMQP type.
    pub kind: Result<Kind, String>,
    /// AMQP `message_id`.
    pub id: Option<String>,
    /// Routing key.
    pub key: String,
    /// The rest of what it says about itself.
    pub labels: Labels,
    /// The bytes as they came.
    pub body: Vec<u8>,
    /// How to acknowledge.
    pub token: Token,
    /// Where an answer is wanted.
    pub reply: ReplyTo,
    /// The broker says it was delivered before.
    pub redelivered: bool,
}

/// Acknowledgement handle, meaningful to the bus that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    /// Generation of the channel; an acknowledgement of an older one is dropped (the broker redelivers).
    pub generation: u64,
    /// Partition.
    pub partition: u32,
    /// Delivery tag.
    pub tag: u64,
}

/// Where the answer to an input goes.
#[derive(Debug, Default)]
pub enum ReplyTo {
    /// Nobody waits.
    #[default]
    Nobody,
    /// A task in this process.
    Here(oneshot::Sender<Reply>),
    /// A queue on the broker.
    Queue {
        /// Queue name.
        queue: String,
        /// Correlation id to repeat.
        correlation: Option<String>,
    },
}

/// Something to publish.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Where to.
    pub to: Destination,
    /// Message id.
    pub id: String,
    /// AMQP `type`.
    pub kind: String,
    /// JSON bytes.
    pub body: Arc<[u8]>,
    /// Headers (`x-reason`, …), the most important ones first.
    pub headers: Vec<(String, Json)>,
}

/// Where a publication goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// `convene.out` with this routing key.
    Out(String),
    /// `convene.in` with this routing key.
    In(String),
    /// `convene.dead` with this reason as routing key.
    Dead {
        /// Reason.
        reason: String,
        /// Correlation id of what is refused.
        correlation: Option<String>,
    },
    /// The queue of a partition, bypassing `convene.in`.
    Partition(u32),
    /// A reply queue.
    Reply {
        /// Queue name.
        queue: String,
        /// Correlation id.
        correlation: Option<String>,
    },
}

/// Why the bus could not do it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the message bus is not available: {0}")]
pub struct BusError(pub String);

/// Messages that were handed over.
pub struct Handed {
    /// Which connection took them. What one connection takes arrives in that order.
    pub connection: u64,
    /// Ends when every one is confirmed.
    pub confirms: BoxFuture<'static, Result<(), BusError>>,
}

/// The bus.
pub trait Bus: Send + Sync + 'static {
    /// Starts taking deliveries of these partitions into `into`, and stops taking all others. Called again after
    /// every change of leases. Deliveries not acknowledged when a partition is dropped come back to its next owner.
    /// `into` is bounded: when it is full, the bus stops taking.
    fn own<'a>(
        &'a self,
        partitions: &'a [u32],
        into: mpsc::Sender<Delivery>,
    ) -> BoxFuture<'a, Result<(), BusError>>;
    /// Acknowledges deliveries; acknowledging the highest tag of a partition covers all below it.
    fn acknowledge<'a>(&'a self, tokens: &'a [Token]) -> BoxFuture<'a, Result<(), BusError>>;
    /// Hands messages over, in order. Whether they did arrive, what it returns tells; any failure or time-out fails all of
    /// them, and handing them over again is safe. With `on`, only this connection will do: what was handed to it before is
    /// not confirmed, and on another one the later messages might arrive first.
    fn hand<'a>(
        &'a self,
        messages: &'a [Outgoing],
        on: Option<u64>,
    ) -> BoxFuture<'a, Result<Handed, BusError>>;
    /// Hands messages over and returns when every one is confirmed.
    fn publish<'a>(&'a self, messages: &'a [Outgoing]) -> BoxFuture<'a, Result<(), BusError>> {
        Box::pin(async move {
            if messages.is_empty() {
                return Ok(());
            }
            self.hand(messages, None).await?.confirms.await
        })
    }
    /// Puts an input on `convene.in` (or straight to `partition` when given) and returns once it is durably
    /// accepted. With `wait`, returns the engine's answer.
    fn submit<'a>(&'a self, input: Submission) -> BoxFuture<'a, Result<Option<Reply>, BusError>>;
    /// Whether the bus is connected.
    fn connected(&self) -> bool;
    /// Whether it takes messages: it is connected, and not told to wait.
    fn takes(&self) -> bool {
        self.connected()
    }
    /// Receives everything published with routing keys beginning with one of these prefixes, from now on, for the
    /// faces (server-sent events, demo). Best effort; the stream of a reader that is too slow ends at the gap.
    fn listen(&self, prefixes: Vec<String>) -> BoxFuture<'_, Result<mpsc::Receiver<Outgoing>, BusError>>;
}

/// An input put on the bus from inside this process.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Kind.
    pub kind: Kind,
    /// Message id.
    pub id: String,
    /// Routing key.
    pub key: String,
    /// Partition, when it is known.
    pub partition: Option<u32>,
    /// JSON bytes.
    pub body: Vec<u8>,
    /// Wait for the engine's answer.
    pub wait: bool,
}
