//! The worker: takes what is ready, drafts a batch, commits it, and follows up. Batch k+1 is drafted while batch k
//! commits and batch k−1 is published.
//!
//! | file | holds |
//! |---|---|
//! | `collect.rs` | what is ready: deliveries, timers, answers of bots |
//! | `take.rs` | where an input belongs |
//! | `step.rs`, `write.rs` | stepping it; rows from what the step asks for |
//! | `pass.rs` | inputs that go elsewhere |
//! | `land.rs` | commit, acknowledge, publish, ask bots |
//! | `fail.rs` | what happens when that fails |
//! | `own.rs` | leases, and what the owner before left undone |

mod collect;
mod fail;
mod land;
mod own;
mod pass;
mod step;
mod take;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use convene_core::directory::{Arrival, Live};
use convene_core::routing::Routing;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::cache::Cache;
use crate::engine::Shared;
use crate::item::Item;
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::ports::bus::{Delivery, Token};
use crate::ports::store::{Lease, Sender, Store};
use crate::probe::Probe;
use crate::publisher::Publisher;
use land::Flight;
use own::HOP_CHECK;

/// Most inputs of a batch.
const BATCH_MAX: usize = 256;
/// Longest pause while the store cannot be used.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Partition in which the routing machine is stepped.
pub(crate) const ROUTING_HOME: u32 = 0;

/// One engine's worker.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    store: Arc<dyn Store>,
    deployments: Arc<crate::Deployments>,
    metrics: Metrics,
    probe: Probe,
    cache: Cache,
    sessions: HashMap<Sender, Live>,
    arrivals: HashMap<Sender, Arrival>,
    routing: Option<(Routing, i64)>,
    poisoned: HashSet<String>,
    in_flight_seen: HashSet<String>,
    in_flight_outcomes: HashMap<String, Outcome>,
    in_flight_touched: HashSet<String>,
    /// Taken and to be stepped, in the order of taking.
    carry: VecDeque<Item>,
    /// Place of the input that was taken last.
    last_seq: u64,
    flush: bool,
    next_timer: i64,
    /// Deliveries that are no input, to be acknowledged with the next batch.
    refused_tokens: Vec<Token>,
    /// The engine stops and could not be done with something it took. Nothing is acknowledged any more: that would cover
    /// it, and nobody would ever deliver it again.
    unsettled: bool,
    leases: Vec<Lease>,
    publisher: Publisher,
    deliveries: (mpsc::Sender<Delivery>, mpsc::Receiver<Delivery>),
    own: (mpsc::Sender<Item>, mpsc::Receiver<Item>),
    /// Bot calls under way, with the home partition of their conversation.
    asked: HashMap<String, u32>,
    /// Inputs to be committed one by one, since one of them breaks the batch.
    alone: HashSet<String>,
    /// Conflicts in a row, without a commit between them.
    conflicts: u32,
    /// A commit ended without a word: whether it stands, shows when the leases are renewed. Until then nothing is taken.
    unsure: bool,
    /// Since when the bus is away.
    bus_lost: Option<Instant>,
    next_lease: Instant,
    /// Without a renewal the leases end then, and others may take the partitions.
    leases_end: Instant,
    next_timer_check: Instant,
    next_hop_check: Instant,
    next_mark: Instant,
    pause: Duration,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let publisher =
            Publisher::start(shared.bus.clone(), shared.metrics.clone(), shared.config.probe.clone());
        let now = Instant::now();
        Self {
            store: shared.store.clone(),
            deployments: shared.deployments.clone(),
            metrics: shared.metrics.clone(),
            probe: shared.config.probe.clone(),
            cache: Cache::new(shared.config.cache_bytes),
            sessions: HashMap::new(),
            arrivals: HashMap::new(),
            routing: None,
            poisoned: HashSet::new(),
            in_flight_seen: HashSet::new(),
            in_flight_outcomes: HashMap::new(),
            in_flight_touched: HashSet::new(),
            carry: VecDeque::new(),
            last_seq: 0,
            flush: false,
            next_timer: 0,
            refused_tokens: Vec::new(),
            unsettled: false,
            leases: Vec::new(),
            publisher,
            deliveries: mpsc::channel(2 * BATCH_MAX),
            own: mpsc::channel(BATCH_MAX),
            asked: HashMap::new(),
            alone: HashSet::new(),
            conflicts: 0,
            unsure: false,
            bus_lost: None,
            next_lease: now,
            leases_end: now,
            next_timer_check: now,
            next_hop_check: now + HOP_CHECK,
            next_mark: now,
            pause: Duration::from_millis(50),
            shared,
        }
    }

    /// Whether this engine owns a partition.
    fn owns(&self, partition: u32) -> bool {
        self.leases.iter().any(|l| l.partition == partition)
    }

    /// Works until the engine is told to stop; then finishes what is under way and gives its leases back.
    pub(crate) async fn run(mut self) {
        let mut flight: Option<Flight> = None;
        loop {
            let stopping = self.shared.stop.is_cancelled();
            if stopping && flight.is_none() {
                self.leave().await;
                return;
            }
            if !stopping && Instant::now() >= self.next_lease {
                self.renew(&mut flight).await;
            }
            let idle = stopping || self.unsure;
            let items = if idle { Vec::new() } else { self.collect(flight.as_mut()).await };
            let draft = match self.draft(items).await {
                Ok(draft) => draft,
                Err((halt, draft, behind)) => {
                    self.put_back(behind);
                    self.take_back(*draft);
                    if let Some(under_way) = flight.take() {
                        self.land(under_way).await;
                    }
                    self.halted(halt).await;
                    continue;
                }
            };
            if let Some(under_way) = flight.take()
                && let Some(failure) = self.landed(under_way).await
            {
                self.take_back(draft);
                self.failed(failure).await;
                continue;
            }
            flight = self.launch(draft);
            if self.flush || stopping {
                self.flush = false;
                if let Some(under_way) = flight.take() {
                    self.land(under_way).await;
                }
            }
        }
    }
}
