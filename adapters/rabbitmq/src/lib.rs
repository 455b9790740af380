//! The RabbitMQ bus.
//!
//! One connection, kept by a supervisor: when anything about it is in doubt it is replaced as a whole, topology
//! included, and every owned partition is consumed anew. Delivery is at least once; what was published or acknowledged
//! in doubt happens again.
//!
//! | file | holds |
//! |---|---|
//! | `supervisor.rs` | making connections for ever |
//! | `link.rs` | one connection |
//! | `tls.rs`, `kit.rs` | an encrypted one |
//! | `topology.rs`, `names.rs` | exchanges and queues |
//! | `consume.rs` | taking deliveries of owned partitions |
//! | `publish.rs` | publishing with confirms |
//! | `message.rs`, `headers.rs` | what a message says about itself |
//! | `replies.rs` | answers to submissions |
//! | `listen.rs` | listeners of this process |
//! | `client.rs` | a client for programs that only send |
//! | `limits.rs` | every limit |

mod address;
mod client;
mod consume;
mod headers;
mod kit;
mod limits;
mod link;
mod listen;
mod message;
mod names;
mod publish;
mod replies;
mod supervisor;
mod tls;
mod topology;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use convene_core::effect::Reply;
use convene_runtime::ports::bus::{
    Bus, BusError, Delivery, Destination, Handed, Outgoing, Submission, Token,
};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all, try_join_all};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

pub use client::RabbitClient;

use address::Address;
use consume::Intake;
use limits::{CLOSE_WAIT, INPUT_BYTES_MAX, LINK_WAIT, REPLY_WAIT};
use link::Link;
use message::{Envelope, type_of};
use publish::{Undelivered, confirmed};
use supervisor::{Shared, supervise};

/// How all names on the broker begin (`contract.md` section 3).
pub const PREFIX: &str = "convene";

/// The bus on RabbitMQ, from version 3.10 on.
pub struct RabbitBus {
    shared: Arc<Shared>,
    /// One change of ownership at a time. Apart from `intakes`, so that stopping a partition holds up nobody else.
    owning: Mutex<()>,
    intakes: std::sync::Mutex<BTreeMap<u32, Intake>>,
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

impl RabbitBus {
    /// Begins to connect in the background, and never stops trying; [`Bus::connected`] tells. Inputs are spread over
    /// `partitions` queues, the same number in every engine of a deployment.
    ///
    /// # Errors
    /// When the URL cannot be read or `partitions` is 0. No error and no log line holds the URL's credentials.
    pub async fn connect(url: &str, partitions: u32) -> Result<Arc<Self>, BusError> {
        Self::connect_with(url, partitions, PREFIX).await
    }

    /// As [`Self::connect`], for a deployment whose names begin with `prefix`; several can share a broker.
    ///
    /// # Errors
    /// As [`Self::connect`].
    // Asynchronous although nothing is awaited: there must be a run time for the supervisor to run on.
    #[allow(clippy::unused_async)]
    pub async fn connect_with(url: &str, partitions: u32, prefix: &str) -> Result<Arc<Self>, BusError> {
        if partitions == 0 {
            return Err(BusError("a bus needs at least one partition".into()));
        }
        let shared = Arc::new(Shared::new(Address::parse(url)?, prefix, partitions));
        let supervisor = tokio::spawn(supervise(Arc::clone(&shared)));
        Ok(Arc::new(Self {
            shared,
            owning: Mutex::default(),
            intakes: std::sync::Mutex::default(),
            supervisor: Mutex::new(Some(supervisor)),
        }))
    }

    /// Waits until the bus is connected, at most so long. Says whether it is.
    pub async fn ready(&self, limit: Duration) -> bool {
        let mut links = self.shared.link.subscribe();
        timeout(limit, links.wait_for(Option::is_some)).await.is_ok_and(|link| link.is_ok())
    }

    /// Stops consuming, gives unacknowledged deliveries back, disconnects. Later calls fail.
    pub async fn close(&self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        let one_change = self.owning.lock().await;
        let intakes = std::mem::take(&mut *self.intakes());
        join_all(intakes.into_values().map(Intake::stop)).await;
        drop(one_change);
        self.shared.closing.send_replace(true);
        if let Some(mut supervisor) = self.supervisor.lock().await.take()
            && timeout(CLOSE_WAIT * 2, &mut supervisor).await.is_err()
        {
            supervisor.abort();
        }
    }

    fn intakes(&self) -> MutexGuard<'_, BTreeMap<u32, Intake>> {
        self.intakes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, once there is one.
    async fn living(&self) -> Result<Arc<Link>, BusError> {
        let mut links = self.shared.link.subscribe();
        let link = timeout(LINK_WAIT, links.wait_for(Option::is_some)).await;
        let link = link.ok().and_then(Result::ok).and_then(|link| link.clone());
        link.filter(|link| link.alive())
            .ok_or_else(|| BusError(format!("no connection to {}", self.shared.address.shown)))
    }

    /// The connection, when the broker takes publications.
    async fn link(&self) -> Result<Arc<Link>, BusError> {
        let link = self.living().await?;
        if link.blocked() {
            return Err(BusError("the broker has blocked publishers: its memory or disk runs out".into()));
        }
        Ok(link)
    }

    async fn take(&self, partitions: &[u32], into: mpsc::Sender<Delivery>) -> Result<(), BusError> {
        let wanted: BTreeSet<u32> = partitions.iter().copied().collect();
        if let Some(unknown) = wanted.iter().find(|partition| **partition >= self.shared.partitions) {
            return Err(BusError(format!(
                "there is no partition {unknown} among {}",
                self.shared.partitions
            )));
        }
        let _one_change = self.owning.lock().await;
        if self.shared.closed.load(Ordering::SeqCst) {
            return Err(BusError("the bus is closed".into()));
        }
        let dropped: Vec<_> = self
            .intakes()
            .extract_if(.., |partition, intake| !wanted.contains(partition) || !intake.feeds(&into))
            .collect();
        join_all(dropped.into_iter().map(|(_, intake)| intake.stop())).await;
        let mut intakes = self.intakes();
        for partition in wanted {
            intakes.entry(partition).or_insert_with(|| {
                let queue = self.shared.names.partition(partition);
                Intake::start(partition, queue, into.clone(), self.shared.link.subscribe())
            });
        }
        Ok(())
    }

    async fn settle(&self, tokens: &[Token]) -> Result<(), BusError> {
        // The highest tag of a channel covers all below it.
        let mut highest: BTreeMap<(u32, u64), u64> = BTreeMap::new();
        for token in tokens {
            let tag = highest.entry((token.partition, token.generation)).or_default();
            *tag = token.tag.max(*tag);
        }
        let desks: Vec<_> = {
            let intakes = self.intakes();
            let desk = |partition| intakes.get(&partition).map(Intake::desk);
            highest
                .into_iter()
                .filter_map(|((partition, generation), tag)| Some((desk(partition)?, generation, tag)))
                .collect()
        };
        let sent = desks.iter().map(|(desk, generation, tag)| desk.acknowledge(*generation, *tag));
        match try_join_all(sent).await {
            Ok(_) => Ok(()),
            Err(error) => {
                if let Some(link) = self.shared.link.borrow().as_ref() {
                    link.fail(&error.0);
                }
                Err(error)
            }
        }
    }

    async fn send(&self, messages: &[Outgoing], on: Option<u64>) -> Result<Handed, BusError> {
        let link = self.link().await?;
        let connection = link.number;
        if on.is_some_and(|on| on != connection) {
            return Err(BusError("the connection was replaced before everything was confirmed".into()));
        }
        let envelopes: Vec<_> =
            messages.iter().map(|message| Envelope::of(message, &self.shared.names)).collect();
        let confirms = conclude(&link, link.publisher.hand(&envelopes).await)?;
        let confirms = async move { conclude(&link, confirmed(confirms).await) }.boxed();
        Ok(Handed { connection, confirms })
    }

    async fn put(&self, input: Submission) -> Result<Option<Reply>, BusError> {
        if input.body.len() > INPUT_BYTES_MAX {
            return Err(BusError(format!(
                "an input of {} bytes is larger than the limit of {INPUT_BYTES_MAX}",
                input.body.len()
            )));
        }
        let link = self.link().await?;
        let message = Outgoing {
            to: match input.partition {
                Some(partition) => Destination::Partition(partition),
                None => Destination::In(input.key),
            },
            id: input.id,
            kind: type_of(input.kind).to_owned(),
            body: input.body.into(),
            headers: Vec::new(),
        };
        let envelope = Envelope::of(&message, &self.shared.names);
        if !input.wait {
            return conclude(&link, link.publisher.submit(envelope).await).map(|()| None);
        }
        let correlation = Uuid::new_v4().to_string();
        let mut waiting = self.shared.replies.wait(correlation.clone());
        let envelope = envelope.answer_to(&link.reply_queue, &correlation);
        conclude(&link, link.publisher.submit(envelope).await)?;
        match timeout(REPLY_WAIT, &mut waiting.answer).await {
            Ok(Ok(answer)) => answer.map(Some),
            Ok(Err(_)) => Err(BusError("the answer was lost; the command may still take effect".into())),
            Err(_) => Err(BusError(format!(
                "no answer within {} s; the command may still take effect",
                REPLY_WAIT.as_secs()
            ))),
        }
    }
}

/// Has the connection replaced when it cannot be trusted. One that the broker has blocked is slow for that reason, and a
/// new one would not know of it.
fn conclude<T>(link: &Link, outcome: Result<T, Undelivered>) -> Result<T, BusError> {
    if let Err(Undelivered::Broken(why)) = &outcome
        && !link.blocked()
    {
        link.fail(why);
    }
    Ok(outcome?)
}

impl Drop for RabbitBus {
    fn drop(&mut self) {
        self.shared.closing.send_replace(true);
    }
}

impl Bus for RabbitBus {
    fn own<'a>(
        &'a self,
        partitions: &'a [u32],
        into: mpsc::Sender<Delivery>,
    ) -> BoxFuture<'a, Result<(), BusError>> {
        self.take(partitions, into).boxed()
    }

    fn acknowledge<'a>(&'a self, tokens: &'a [Token]) -> BoxFuture<'a, Result<(), BusError>> {
        self.settle(tokens).boxed()
    }

    fn hand<'a>(
        &'a self,
        messages: &'a [Outgoing],
        on: Option<u64>,
    ) -> BoxFuture<'a, Result<Handed, BusError>> {
        self.send(messages, on).boxed()
    }

    fn submit<'a>(&'a self, input: Submission) -> BoxFuture<'a, Result<Option<Reply>, BusError>> {
        self.put(input).boxed()
    }

    fn connected(&self) -> bool {
        self.shared.link.borrow().as_ref().is_some_and(|link| link.alive())
    }

    fn takes(&self) -> bool {
        self.shared.link.borrow().as_ref().is_some_and(|link| link.alive() && !link.blocked())
    }

    fn listen(&self, prefixes: Vec<String>) -> BoxFuture<'_, Result<mpsc::Receiver<Outgoing>, BusError>> {
        async move {
            // Without a connection nothing would be heard, and nobody would know.
            self.living().await?;
            Arc::clone(&self.shared.hub).listen(prefixes, &self.shared.names).await
        }
        .boxed()
    }
}
