//! The in-process bus: channels and engine in one process, nothing to install.
//!
//! Nothing here is durable, so an input is not accepted before the engine has committed it: [`Bus::submit`] returns when
//! the engine has acknowledged it. What the engine sends itself is accepted at once and lost when the process ends; the
//! engine must be able to tell from its store what it has still to do.
//!
//! | file | holds |
//! |---|---|
//! | `partition.rs` | the queue of one partition: waiting, delivered, acknowledged |
//! | `listen.rs` | listeners |

mod listen;
mod partition;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use convene_core::effect::Reply;
use convene_runtime::ports::bus::{
    Bus, BusError, Delivery, Destination, Handed, Kind, Outgoing, Submission, Token,
};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use listen::Listeners;
use partition::{Answers, Item, Partition};

/// Inputs a partition may have waiting; the next is refused. What the engine sends itself is always taken: refusing
/// it could never help, since only the engine makes room.
pub const WAITING_MAX: usize = 10_000;

/// Deliveries a partition may have unacknowledged.
pub const PREFETCH: usize = 256;

/// How long the engine may take to acknowledge a submission.
pub const ACCEPT_WAIT: Duration = Duration::from_secs(30);

/// How long the engine may take to answer a submission that waits for its answer.
pub const REPLY_WAIT: Duration = Duration::from_secs(10);

/// Dead letters kept for a look; older ones are forgotten (the engine's journal has them all).
pub const DEAD_LETTERS_MAX: usize = 256;

/// The bus inside one process.
pub struct InprocBus {
    partitions: Vec<Arc<Partition>>,
    listeners: Listeners,
    dead: Mutex<VecDeque<Outgoing>>,
}

impl InprocBus {
    /// A bus of so many partitions, at least one.
    #[must_use]
    pub fn new(partitions: u32) -> Arc<Self> {
        Arc::new(Self {
            partitions: (0..partitions.max(1)).map(|number| Arc::new(Partition::new(number))).collect(),
            listeners: Listeners::default(),
            dead: Mutex::default(),
        })
    }

    /// The last dead letters, oldest first, at most [`DEAD_LETTERS_MAX`].
    #[must_use]
    pub fn dead_letters(&self) -> Vec<Outgoing> {
        self.dead().iter().cloned().collect()
    }

    /// Partition of a routing key, the same in every run: FNV-1a (64 bits) of the key modulo their number.
    #[must_use]
    pub fn partition_of(&self, key: &str) -> u32 {
        let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        (hash % self.partitions.len() as u64) as u32
    }

    fn partition(&self, number: u32) -> Result<&Arc<Partition>, BusError> {
        self.partitions.get(number as usize).ok_or_else(|| {
            BusError(format!("there is no partition {number} among {}", self.partitions.len()))
        })
    }

    fn dead(&self) -> MutexGuard<'_, VecDeque<Outgoing>> {
        self.dead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, wanted: &[u32], into: &mpsc::Sender<Delivery>) -> Result<(), BusError> {
        let wanted: BTreeSet<u32> = wanted.iter().copied().collect();
        for number in &wanted {
            self.partition(*number)?;
        }
        for (number, partition) in (0..).zip(&self.partitions) {
            if wanted.contains(&number) {
                partition.own(into);
            } else {
                partition.drop_owner();
            }
        }
        Ok(())
    }

    fn settle(&self, tokens: &[Token]) {
        let mut highest: BTreeMap<(u32, u64), u64> = BTreeMap::new();
        for token in tokens {
            let tag = highest.entry((token.partition, token.generation)).or_default();
            *tag = token.tag.max(*tag);
        }
        for ((number, generation), tag) in highest {
            if let Ok(partition) = self.partition(number) {
                partition.acknowledge(generation, tag);
            }
        }
    }

    fn send(&self, messages: &[Outgoing]) -> Result<(), BusError> {
        for message in messages {
            match &message.to {
                Destination::Out(key) => self.listeners.tell(key, message),
                Destination::In(key) => {
                    self.partition(self.partition_of(key))?.put(item(message, key.clone()));
                }
                Destination::Partition(number) => {
                    self.partition(*number)?.put(item(message, number.to_string()));
                }
                Destination::Dead { reason, .. } => self.bury(reason, message),
                Destination::Reply { .. } => {
                    tracing::debug!("a reply to a queue was dropped: this bus has no queues");
                }
            }
        }
        Ok(())
    }

    fn bury(&self, reason: &str, message: &Outgoing) {
        tracing::warn!(reason, id = message.id, "an input could not be processed");
        let mut dead = self.dead();
        if dead.len() == DEAD_LETTERS_MAX {
            dead.pop_front();
        }
        dead.push_back(message.clone());
    }

    async fn put(&self, input: Submission) -> Result<Option<Reply>, BusError> {
        let number = input.partition.unwrap_or_else(|| self.partition_of(&input.key));
        let (done, accepted) = oneshot::channel();
        let (answers, mut asked) = mpsc::unbounded_channel();
        let item = Item {
            kind: Ok(input.kind),
            id: Some(input.id),
            key: input.key,
            body: input.body.into(),
            done: Some(done),
            answers: input.wait.then_some(answers),
            delivered: false,
        };
        self.partition(number)?.submit(item)?;
        if input.wait {
            return match timeout(REPLY_WAIT, answer(&mut asked)).await {
                Ok(reply) => Ok(reply),
                Err(_) => Err(BusError(format!(
                    "no answer within {} s; the command may still take effect",
                    REPLY_WAIT.as_secs()
                ))),
            };
        }
        match timeout(ACCEPT_WAIT, accepted).await {
            Ok(Ok(())) => Ok(None),
            Ok(Err(_)) => Err(BusError("the engine left; the input may still take effect".into())),
            Err(_) => Err(BusError(format!(
                "not accepted within {} s; the input may still take effect",
                ACCEPT_WAIT.as_secs()
            ))),
        }
    }
}

/// The answer of whichever delivery is answered; an input can be delivered more than once. `None` when it was
/// acknowledged without an answer.
async fn answer(asked: &mut Answers) -> Option<Reply> {
    while let Some(answer) = asked.recv().await {
        if let Ok(reply) = answer.await {
            return Some(reply);
        }
    }
    None
}

fn item(message: &Outgoing, key: String) -> Item {
    Item {
        kind: kind_of(&message.kind),
        id: Some(message.id.clone()),
        key,
        body: Arc::clone(&message.body),
        done: None,
        answers: None,
        delivered: false,
    }
}

/// The kind an AMQP `type` names, so that both buses understand the same.
fn kind_of(name: &str) -> Result<Kind, String> {
    match name {
        "" | "cim-message" => Ok(Kind::Message),
        "cim-event" => Ok(Kind::Event),
        "command" => Ok(Kind::Command),
        "hop" => Ok(Kind::Hop),
        other => Err(other.to_owned()),
    }
}

impl Bus for InprocBus {
    fn own<'a>(
        &'a self,
        partitions: &'a [u32],
        into: mpsc::Sender<Delivery>,
    ) -> BoxFuture<'a, Result<(), BusError>> {
        async move { self.take(partitions, &into) }.boxed()
    }

    fn acknowledge<'a>(&'a self, tokens: &'a [Token]) -> BoxFuture<'a, Result<(), BusError>> {
        async move {
            self.settle(tokens);
            Ok(())
        }
        .boxed()
    }

    fn hand<'a>(
        &'a self,
        messages: &'a [Outgoing],
        _on: Option<u64>,
    ) -> BoxFuture<'a, Result<Handed, BusError>> {
        async move {
            self.send(messages)?;
            Ok(Handed { connection: 0, confirms: ready(Ok(())).boxed() })
        }
        .boxed()
    }

    fn submit<'a>(&'a self, input: Submission) -> BoxFuture<'a, Result<Option<Reply>, BusError>> {
        self.put(input).boxed()
    }

    fn connected(&self) -> bool {
        true
    }

    fn listen(&self, prefixes: Vec<String>) -> BoxFuture<'_, Result<mpsc::Receiver<Outgoing>, BusError>> {
        async move { Ok(self.listeners.add(prefixes)) }.boxed()
    }
}
