//! Owning partitions: leases, and what the owner before left undone.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::land::Flight;
use super::take::Halt;
use super::{ROUTING_HOME, Worker};
use crate::intake;
use crate::ports::store::{Batch, Hop as StoredHop, Lease};
use crate::publisher;

/// Hops of others that were not delivered by the bus are looked for this often.
pub(super) const HOP_CHECK: Duration = Duration::from_secs(5);
/// How long the bus may be away before partitions are left to an engine that may still have it. A broker that restarts is
/// back before.
const BUS_WAIT: Duration = Duration::from_secs(15);
/// How soon an engine without bus and partitions looks again.
const BUS_LOOK: Duration = Duration::from_millis(200);
/// How long a stopping engine waits for the bus to take what is committed.
const LAST_WORDS: Duration = Duration::from_secs(2);

impl Worker {
    /// Renews the leases, takes and gives back partitions.
    pub(super) async fn renew(&mut self, flight: &mut Option<Flight>) {
        if self.cut_off(flight).await {
            self.next_lease = Instant::now() + BUS_LOOK;
            return;
        }
        let config = &self.shared.config;
        self.next_lease =
            Instant::now() + Duration::from_millis(u64::try_from(config.lease_ms / 3).unwrap_or(1000));
        let (engine, partitions, lease_ms) = (config.engine.clone(), config.partitions, config.lease_ms);
        let end = Instant::now() + Duration::from_millis(u64::try_from(lease_ms).unwrap_or(0));
        let mut leases = match self.store.lease(&engine, partitions, lease_ms).await {
            Ok(leases) => leases,
            Err(problem) => {
                if self.unsure {
                    self.next_lease = Instant::now();
                }
                self.troubled(&problem).await;
                return;
            }
        };
        // A lease waits for every commit of its partitions, so what is in the tables now is what became of them.
        let unsure = std::mem::take(&mut self.unsure);
        self.leases_end = end;
        self.shared.ready.store(true, Ordering::Relaxed);
        if let Ok(fair) = self.store.fair_share(partitions).await {
            let fair = fair.max(1) as usize;
            if leases.len() > fair {
                leases.sort_by_key(|l| l.partition);
                let extra: Vec<u32> = leases.split_off(fair).iter().map(|l| l.partition).collect();
                if let Some(under_way) = flight.take() {
                    self.land(under_way).await;
                }
                tracing::info!(partitions = ?extra, "giving partitions to another engine");
                self.leases.retain(|l| !extra.contains(&l.partition));
                self.own_on_bus().await;
                self.release(&extra).await;
            }
        }
        leases.sort_by_key(|l| l.partition);
        if leases != self.leases {
            if let Some(under_way) = flight.take() {
                self.land(under_way).await;
            }
            self.changed(leases).await;
        } else if unsure {
            self.forget().await;
        }
        if Instant::now() >= self.next_hop_check {
            self.next_hop_check = Instant::now() + HOP_CHECK;
            self.stray_hops().await;
        }
    }

    /// Whether this engine takes no partitions since it has no bus: it could neither hear nor say anything in them. What
    /// it holds it gives to the others, unless there are none.
    async fn cut_off(&mut self, flight: &mut Option<Flight>) -> bool {
        if self.shared.bus.connected() {
            self.bus_lost = None;
            return false;
        }
        let since = *self.bus_lost.get_or_insert_with(Instant::now);
        if self.leases.is_empty() {
            return true;
        }
        let partitions = self.shared.config.partitions;
        if since.elapsed() < BUS_WAIT
            || self.store.fair_share(partitions).await.map_or(true, |fair| fair >= partitions)
        {
            return false;
        }
        tracing::warn!("no connection to the bus for too long; the partitions are left to other engines");
        if let Some(under_way) = flight.take() {
            self.land(under_way).await;
        }
        let held: Vec<u32> = self.leases.drain(..).map(|l| l.partition).collect();
        self.metrics.partitions.set(0);
        self.own_on_bus().await;
        self.release(&held).await;
        self.forget().await;
        true
    }

    /// Gives partitions to whoever takes them next.
    async fn release(&self, partitions: &[u32]) {
        if let Err(problem) = self.store.release(&self.shared.config.engine, partitions).await {
            tracing::warn!(%problem, "releasing partitions failed; they run out by themselves");
        }
    }

    /// Lets go of partitions whose leases have run out: their queues deliver to one consumer only, and the next owner
    /// would wait for as long as this engine cannot reach the store.
    pub(super) async fn let_go(&mut self) {
        if self.leases.is_empty() || Instant::now() < self.leases_end {
            return;
        }
        tracing::warn!("the leases could not be renewed in time; the partitions are left to other engines");
        self.leases.clear();
        self.metrics.partitions.set(0);
        self.own_on_bus().await;
    }

    /// The set of partitions changed: begin with what the owner before left undone.
    async fn changed(&mut self, leases: Vec<Lease>) {
        let names: Vec<u32> = leases.iter().map(|l| l.partition).collect();
        tracing::info!(partitions = ?names, "owning partitions");
        self.leases = leases;
        self.metrics.partitions.set(i64::try_from(self.leases.len()).unwrap_or(0));
        self.forget().await;
        self.own_on_bus().await;
    }

    /// Takes deliveries of the partitions it owns and of no others; what came by others is left to their new owners.
    pub(super) async fn own_on_bus(&mut self) {
        let partitions: Vec<u32> = self.leases.iter().map(|l| l.partition).collect();
        self.carry.retain(|i| partitions.contains(&i.partition));
        // Their new owner asks again; so does this engine when it gets them back.
        self.asked.retain(|_, home| partitions.contains(home));
        let into = self.deliveries.0.clone();
        if let Err(problem) = self.shared.bus.own(&partitions, into).await {
            tracing::warn!(%problem, "the bus will take the partitions once it is connected");
        }
    }

    /// Drops everything that is only in memory and reads again what is undone; while it is not known what became of a
    /// commit, that is left to the renewal of the leases.
    pub(super) async fn forget(&mut self) {
        self.cache.clear();
        self.sessions.clear();
        self.arrivals.clear();
        self.routing = None;
        self.next_timer = 0;
        self.next_timer_check = Instant::now();
        // Timers are read again with the next look at the clock.
        self.carry.retain(|i| i.token.is_some() || i.hop.is_some() || i.id.starts_with("b:"));
        if self.unsure {
            return;
        }
        while self.owns(ROUTING_HOME)
            && let Err(Halt::Store(problem)) = self.load_routing().await
        {
            self.troubled(&problem).await;
            if self.shared.stop.is_cancelled() {
                return;
            }
        }
        self.unfinished().await;
    }

    /// Hops, publications and bot calls that were committed and perhaps never done.
    async fn unfinished(&mut self) {
        let unfinished = loop {
            let partitions: Vec<u32> = self.leases.iter().map(|l| l.partition).collect();
            match self.store.unfinished(&partitions).await {
                Ok(unfinished) => break unfinished,
                Err(problem) => self.troubled(&problem).await,
            }
            if self.shared.stop.is_cancelled() {
                return;
            }
        };
        let (for_us, for_others): (Vec<_>, Vec<_>) =
            unfinished.hops.into_iter().partition(|hop| self.owns(hop.partition));
        self.take_hops(for_us);
        let mut outputs = Vec::new();
        let mut parcels: BTreeSet<_> =
            unfinished.publications.iter().map(|(parcel, _)| parcel.clone()).collect();
        for (parcel, text) in &unfinished.publications {
            match serde_json::from_str(text) {
                Ok(output) => outputs.push(output),
                Err(problem) => {
                    tracing::error!(%problem, batch = parcel.batch, "what was to be published cannot be read; its row stays");
                    parcels.remove(parcel);
                }
            }
        }
        if !outputs.is_empty() {
            tracing::info!(
                outputs = outputs.len(),
                "publishing what was committed but perhaps not published"
            );
        }
        let parcels = parcels.into_iter().collect();
        // Before anything that follows: whoever takes them must not see later ones first.
        let job = publisher::Job { parcels, outputs, hops: for_others };
        self.publisher.hand(job, &self.metrics, &self.shared.stop).await;
        for (home, call) in unfinished.bot_calls {
            self.ask(home, call);
        }
        if let Ok(open) = self.store.open_conversations().await {
            self.metrics.open_conversations.set(open);
        }
    }

    /// Stored hops become inputs: behind what was taken before, but next to the input that asked for it when that one is
    /// to be stepped again.
    pub(super) fn take_hops(&mut self, hops: Vec<StoredHop>) {
        let now = self.shared.clock.now();
        let waiting: HashMap<String, u64> = self.carry.iter().map(|i| (i.id.clone(), i.seq)).collect();
        for hop in hops {
            let item = match intake::of_stored(&hop, now) {
                Ok(item) => item,
                Err(problem) => {
                    tracing::error!(hop = %hop.id, %problem, "a hop cannot be read");
                    continue;
                }
            };
            if waiting.contains_key(&item.id) || self.in_flight_seen.contains(&item.id) {
                continue;
            }
            let mut item = self.taken(item);
            let mut asking = std::iter::successors(intake::asking(&item.id), |id| intake::asking(id));
            item.seq = asking.find_map(|id| waiting.get(id)).copied().unwrap_or(item.seq);
            self.carry.push_back(item);
        }
        self.carry.make_contiguous().sort_by_key(|item| item.seq);
    }

    /// Hops of others that never came by the bus, because their engine died between commit and publish.
    async fn stray_hops(&mut self) {
        let partitions: Vec<u32> = self.leases.iter().map(|l| l.partition).collect();
        if let Ok(hops) = self.store.hops(&partitions).await {
            let old = self.shared.clock.now() - i64::try_from(HOP_CHECK.as_millis()).unwrap_or(0);
            self.take_hops(hops.into_iter().filter(|h| h.at < old).collect());
        }
    }

    /// Gives everything back, once the bus has what was committed.
    pub(super) async fn leave(&mut self) {
        let mut into = self.deliveries.0.clone();
        std::mem::swap(&mut into, &mut self.deliveries.0);
        let _ = self.shared.bus.own(&[], into).await;
        self.publisher.finish(LAST_WORDS).await;
        let fence = self.leases.iter().map(|l| (l.partition, l.epoch)).collect();
        let marks = Batch { fence, published: self.publisher.confirmed(), ..Batch::default() };
        if !marks.published.is_empty()
            && let Err(problem) = self.store.commit(&marks).await
        {
            tracing::warn!(%problem, "what was published is not marked; the next owner publishes it again");
        }
        let partitions: Vec<u32> = self.leases.drain(..).map(|l| l.partition).collect();
        self.release(&partitions).await;
    }
}
