//! The worker: takes what is ready, drafts a batch, commits it, and follows up. Batch k+1 is drafted while batch k
//! commits and batch k−1 is published.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use convene_core::conversation;
use convene_core::directory::{Arrival, Live};
use convene_core::effect::Reply;
use convene_core::hop::Hop;
use convene_core::routing::{self, OWNER, Routing};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use crate::cache::Cache;
use crate::draft::Draft;
use crate::engine::Shared;
use crate::intake;
use crate::item::{Item, What};
use crate::metrics::Metrics;
use crate::ports::bus::{Delivery, ReplyTo, Token};
use crate::ports::store::{Lease, Sender, Store, StoreError, StoreResult};
use crate::probe::Probe;
use crate::publisher::{self, Publisher};
use crate::take::{Halt, ROUTING_HOME};

/// Most inputs of a batch.
const BATCH_MAX: usize = 256;
/// How long a timer may wait to be seen that another engine set.
const TIMER_CHECK: Duration = Duration::from_secs(1);
/// Due timers taken at once.
const TIMERS_MAX: i64 = 200;
/// Confirmed publications are marked at the latest after this.
const MARK_AFTER: Duration = Duration::from_millis(200);
/// Hops of others that were not delivered by the bus are looked for this often.
const HOP_CHECK: Duration = Duration::from_secs(5);
/// Most senders remembered; beyond it the memory is cleared and filled again from the store.
const SESSIONS_MAX: usize = 200_000;
/// Conflicts in a row after which inputs are tried one by one, and after twice as many the culprit is quarantined.
const CONFLICTS_MAX: u32 = 8;
/// Longest pause while the store cannot be used.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// One engine's worker.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) deployments: Arc<crate::Deployments>,
    pub(crate) metrics: Metrics,
    pub(crate) probe: Probe,
    pub(crate) cache: Cache,
    pub(crate) sessions: HashMap<Sender, Live>,
    pub(crate) arrivals: HashMap<Sender, Arrival>,
    pub(crate) routing: Option<(Routing, i64)>,
    pub(crate) poisoned: HashSet<String>,
    pub(crate) in_flight_seen: HashSet<String>,
    pub(crate) in_flight_touched: HashSet<String>,
    pub(crate) carry: VecDeque<Item>,
    pub(crate) flush: bool,
    pub(crate) next_timer: i64,
    /// Deliveries that are no input, to be acknowledged with the next batch.
    refused_tokens: Vec<Token>,
    leases: Vec<Lease>,
    publisher: Publisher,
    deliveries: (mpsc::Sender<Delivery>, mpsc::Receiver<Delivery>),
    own: (mpsc::Sender<Item>, mpsc::Receiver<Item>),
    asked: HashSet<String>,
    /// Inputs to be committed one by one, since one of them breaks the batch.
    alone: usize,
    /// Conflicts in a row, without a commit between them.
    conflicts: u32,
    next_lease: Instant,
    next_timer_check: Instant,
    next_hop_check: Instant,
    next_mark: Instant,
    pause: Duration,
}

/// A batch whose commit is under way.
struct Flight {
    keys: Vec<String>,
    handle: JoinHandle<Committed>,
    /// How it ended, once it was seen to end.
    landed: Option<Result<Committed, tokio::task::JoinError>>,
}

/// A draft and the store's word on it.
type Committed = (Draft, StoreResult<()>);

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
            in_flight_touched: HashSet::new(),
            carry: VecDeque::new(),
            flush: false,
            next_timer: 0,
            refused_tokens: Vec::new(),
            leases: Vec::new(),
            publisher,
            deliveries: mpsc::channel(2 * BATCH_MAX),
            own: mpsc::channel(BATCH_MAX),
            asked: HashSet::new(),
            alone: 0,
            conflicts: 0,
            next_lease: now,
            next_timer_check: now,
            next_hop_check: now + HOP_CHECK,
            next_mark: now,
            pause: Duration::from_millis(50),
            shared,
        }
    }

    /// Whether this engine owns a partition.
    pub(crate) fn owns(&self, partition: u32) -> bool {
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
            let items = if stopping { Vec::new() } else { self.collect(flight.as_mut()).await };
            let draft = match self.draft(items).await {
                Ok(draft) => draft,
                Err((halt, items)) => {
                    if let Some(under_way) = flight.take() {
                        self.land(under_way).await;
                    }
                    self.halted(halt, items).await;
                    continue;
                }
            };
            if let Some(under_way) = flight.take()
                && !self.land(under_way).await
            {
                self.take_back(draft);
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

    /// What is ready; waits only when nothing is.
    async fn collect(&mut self, flight: Option<&mut Flight>) -> Vec<Item> {
        self.timers().await;
        let mut items: Vec<Item> = Vec::new();
        let most = if self.alone > 0 { 1 } else { BATCH_MAX };
        if self.alone > 0 {
            self.alone -= 1;
        }
        while items.len() < most {
            let Some(item) = self.carry.pop_front() else { break };
            items.push(item);
        }
        if items.is_empty() {
            self.wait(flight, &mut items).await;
        }
        while items.len() < most {
            let Ok(item) = self.own.1.try_recv() else { break };
            items.push(item);
        }
        let mut taken = Vec::new();
        while items.len() + taken.len() < most {
            let Ok(delivery) = self.deliveries.1.try_recv() else { break };
            taken.push(delivery);
        }
        for delivery in taken {
            items.extend(self.receive(delivery).await);
        }
        items
    }

    /// Waits for an input, the end of the commit under way, or the next thing to look after.
    async fn wait(&mut self, flight: Option<&mut Flight>, items: &mut Vec<Item>) {
        self.probe.pass("before-receive");
        let marks = if self.publisher.has_confirmed() { MARK_AFTER } else { TIMER_CHECK };
        let until = self.next_lease.min(self.next_timer_check).min(Instant::now() + marks);
        let landed = async {
            match flight {
                Some(flight) if flight.landed.is_none() => flight.landed = Some((&mut flight.handle).await),
                _ => std::future::pending().await,
            }
        };
        let delivery = tokio::select! {
            biased;
            () = self.shared.stop.cancelled() => None,
            item = self.own.1.recv() => { items.extend(item); None }
            delivery = self.deliveries.1.recv() => delivery,
            () = landed => None,
            () = sleep_until(until) => None,
        };
        if let Some(delivery) = delivery {
            items.extend(self.receive(delivery).await);
        }
    }

    /// A delivery becomes an input, or a dead letter.
    async fn receive(&mut self, delivery: Delivery) -> Option<Item> {
        if !self.owns(delivery.partition) {
            return None;
        }
        let kind = match &delivery.kind {
            Ok(kind) => kind.name(),
            Err(_) => "unknown",
        };
        self.metrics.received.with_label_values(&[kind]).inc();
        let now = self.shared.clock.now();
        let current = self.deployments.current();
        let item = match intake::read(&current, delivery, now) {
            Ok(item) => Some(item),
            Err((fault, delivery)) => {
                self.refuse(fault, *delivery, now).await;
                None
            }
        };
        self.probe.pass("after-receive");
        item
    }

    /// A delivery that is no input: published to `convene.dead`, quarantined, and acknowledged with the batch it came
    /// with: an acknowledgement covers everything before it, and that must be committed first.
    async fn refuse(&mut self, fault: intake::Fault, delivery: Delivery, at: i64) {
        tracing::warn!(reason = %fault.reason, detail = %fault.detail, key = %delivery.key, "dead letter");
        self.metrics.dead_lettered.with_label_values(&[fault.reason.as_str()]).inc();
        let id = delivery.id.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        if !matches!(delivery.reply, ReplyTo::Here(_)) {
            self.publish_now(publisher::dead(&id, &fault.reason, &fault.detail, at, &delivery.body)).await;
        }
        let letter = crate::ports::store::DeadLetter {
            id: format!("dead:{id}"),
            at,
            reason: fault.reason.clone(),
            detail: fault.detail.clone(),
            source: delivery.key.clone(),
            payload: delivery.body,
        };
        while let Err(problem) = self.store.bury(&letter).await {
            if matches!(problem, StoreError::Conflict { .. }) {
                break;
            }
            if self.shared.stop.is_cancelled() {
                return;
            }
            self.troubled(&problem).await;
        }
        self.refused_tokens.push(delivery.token);
        let reply = Reply::refused(&fault.reason, fault.detail, serde_json::Value::Null);
        self.answer(delivery.reply, reply).await;
    }

    /// Publishes one message before anything else goes on; tries until it succeeds or the engine stops.
    pub(crate) async fn publish_now(&self, message: crate::ports::bus::Outgoing) {
        self.publish_all(&[message]).await;
    }

    async fn publish_all(&self, messages: &[crate::ports::bus::Outgoing]) {
        let mut pause = Duration::from_millis(50);
        while let Err(problem) = self.shared.bus.publish(messages).await {
            tracing::warn!(%problem, "publishing failed, trying again");
            if self.shared.stop.is_cancelled() {
                return;
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Forwarded inputs must be on the bus before their deliveries are acknowledged.
    async fn before_acknowledge(&self, draft: &Draft) {
        if !draft.forwards.is_empty() {
            self.publish_all(&draft.forwards).await;
        }
    }

    /// Starts the commit of a draft.
    fn launch(&mut self, mut draft: Draft) -> Option<Flight> {
        self.write_records(&mut draft);
        // An acknowledgement covers everything before it: not while something before it still waits.
        if !self.carry.iter().any(|i| i.token.is_some()) {
            draft.tokens.append(&mut self.refused_tokens);
        }
        draft.close();
        if draft.is_empty() && Instant::now() < self.next_mark {
            return None;
        }
        self.next_mark = Instant::now() + MARK_AFTER;
        draft.batch.published = self.publisher.confirmed();
        if draft.is_empty() {
            return None;
        }
        draft.batch.fence = self.leases.iter().map(|l| (l.partition, l.epoch)).collect();
        self.in_flight_seen.clone_from(&draft.seen);
        self.in_flight_touched.clone_from(&draft.touched);
        let keys = draft.batch.states.iter().map(|s| s.row.key.clone()).collect();
        let (store, metrics, probe) = (self.store.clone(), self.metrics.clone(), self.probe.clone());
        let handle = tokio::spawn(async move {
            if draft.batch.is_empty() {
                return (draft, Ok(()));
            }
            probe.pass("before-commit");
            let timer = metrics.commit_seconds.start_timer();
            let result = store.commit(&draft.batch).await;
            match &result {
                Ok(()) => {
                    timer.observe_duration();
                    probe.pass("after-commit");
                }
                Err(_) => {
                    timer.stop_and_discard();
                }
            }
            (draft, result)
        });
        Some(Flight { keys, handle, landed: None })
    }

    /// Waits for a commit. `true` when it stands; otherwise everything since is taken back.
    async fn land(&mut self, flight: Flight) -> bool {
        let landed = match flight.landed {
            Some(landed) => landed,
            None => flight.handle.await,
        };
        self.in_flight_seen.clear();
        self.in_flight_touched.clear();
        match landed {
            Ok((draft, Ok(()))) => {
                for key in &flight.keys {
                    self.cache.unpin(key);
                }
                self.shared.ready.store(true, Ordering::Relaxed);
                self.pause = Duration::from_millis(50);
                self.conflicts = 0;
                self.before_acknowledge(&draft).await;
                self.follow_up(draft).await;
                true
            }
            Ok((draft, Err(problem))) => {
                self.failed(draft, problem).await;
                false
            }
            Err(problem) => {
                tracing::error!(%problem, "the commit task died");
                self.forget().await;
                false
            }
        }
    }

    /// After the commit: answers, acknowledgements, publications, bots.
    async fn follow_up(&mut self, draft: Draft) {
        for (_, to, reply) in draft.replies {
            self.answer(to, reply).await;
        }
        if self.sessions.len() > SESSIONS_MAX {
            self.sessions.clear();
        }
        if !draft.tokens.is_empty() {
            self.probe.pass("before-acknowledge");
            if let Err(problem) = self.shared.bus.acknowledge(&draft.tokens).await {
                tracing::warn!(%problem, "acknowledging failed; the broker delivers again and the repeats are dropped");
            }
            self.probe.pass("after-acknowledge");
        }
        let steps = draft.steps[0] + draft.steps[1];
        if steps > 0 {
            self.metrics.processed.with_label_values(&["conversation"]).inc_by(draft.steps[0]);
            self.metrics.processed.with_label_values(&["routing"]).inc_by(draft.steps[1]);
            #[allow(clippy::cast_precision_loss)]
            self.metrics.commit_inputs.observe(steps as f64);
            self.metrics.open_conversations.add(draft.opened);
        }
        let ours = |p: u32| self.leases.iter().any(|l| l.partition == p);
        let hops = draft.hops_out.into_iter().filter(|h| !ours(h.partition)).collect();
        let parcels = draft.batch.unpublished.into_iter().map(|u| u.parcel).collect();
        let job = publisher::Job { parcels, outputs: draft.publications, hops };
        self.publisher.hand(job, &self.metrics).await;
        for (home, call) in draft.bot_calls {
            self.ask(home, call);
        }
        for id in &draft.batch.bot_calls_done {
            self.asked.remove(id);
        }
    }

    async fn answer(&self, to: ReplyTo, reply: Reply) {
        match to {
            ReplyTo::Nobody => {}
            ReplyTo::Here(sender) => {
                let _ = sender.send(reply);
            }
            ReplyTo::Queue { queue, correlation } => {
                let body = serde_json::to_vec(&reply).unwrap_or_default();
                let message = crate::ports::bus::Outgoing {
                    to: crate::ports::bus::Destination::Reply { queue, correlation },
                    id: uuid::Uuid::new_v4().to_string(),
                    kind: "reply".into(),
                    body: body.into(),
                    headers: Vec::new(),
                };
                let bus = self.shared.bus.clone();
                tokio::spawn(async move {
                    if let Err(problem) = bus.publish(&[message]).await {
                        tracing::debug!(%problem, "an answer could not be delivered");
                    }
                });
            }
        }
    }

    /// Calls a bot in a task of its own; its answer comes back as an input.
    fn ask(&mut self, home: u32, call: convene_core::effect::BotCall) {
        if !self.asked.insert(call.id.clone()) {
            return;
        }
        let shared = self.shared.clone();
        let back = self.own.0.clone();
        tokio::spawn(async move {
            let Some((bot, input)) = shared.call_bot(&call).await else { return };
            let at = shared.clock.now();
            let id = format!("b:{}", call.id);
            let input = Box::new(conversation::Input::Bot { bot, call: call.id, outcome: input });
            let what = What::Conversation { id: call.conversation, input };
            let _ = back.send(Item::own(id, home, at, what)).await;
        });
    }

    /// Due timers become inputs.
    async fn timers(&mut self) {
        let now = self.shared.clock.now();
        let looked = Instant::now();
        if (now < self.next_timer && looked < self.next_timer_check) || self.leases.is_empty() {
            return;
        }
        self.next_timer_check = looked + TIMER_CHECK;
        let partitions: Vec<u32> = self.leases.iter().map(|l| l.partition).collect();
        match self.store.due(&partitions, now, TIMERS_MAX).await {
            Ok((due, next)) => {
                let full = i64::try_from(due.len()).unwrap_or(0) >= TIMERS_MAX;
                self.next_timer = if full { now } else { next.unwrap_or(i64::MAX) };
                for timer in due {
                    let id = format!("t:{}", timer.timer.id);
                    if self.in_flight_seen.contains(&id) || self.carry.iter().any(|i| i.id == id) {
                        continue;
                    }
                    let (name, setting) = (timer.timer.name, timer.timer.id);
                    let what = if timer.owner == OWNER {
                        What::Routing { input: Box::new(routing::Input::Timer { name, timer: setting }) }
                    } else {
                        let input = Box::new(conversation::Input::Timer { name, timer: setting });
                        What::Conversation { id: timer.owner, input }
                    };
                    self.carry.push_back(Item::own(id, timer.partition, now, what));
                }
            }
            Err(problem) => self.troubled(&problem).await,
        }
    }

    /// Renews the leases, takes and gives back partitions.
    async fn renew(&mut self, flight: &mut Option<Flight>) {
        let config = &self.shared.config;
        self.next_lease =
            Instant::now() + Duration::from_millis(u64::try_from(config.lease_ms / 3).unwrap_or(1000));
        let (engine, partitions, lease_ms) = (config.engine.clone(), config.partitions, config.lease_ms);
        let mut leases = match self.store.lease(&engine, partitions, lease_ms).await {
            Ok(leases) => leases,
            Err(problem) => {
                self.troubled(&problem).await;
                return;
            }
        };
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
                if let Err(problem) = self.store.release(&engine, &extra).await {
                    tracing::warn!(%problem, "releasing partitions failed; they run out by themselves");
                }
            }
        }
        leases.sort_by_key(|l| l.partition);
        if leases != self.leases {
            if let Some(under_way) = flight.take() {
                self.land(under_way).await;
            }
            self.changed(leases).await;
        }
        if Instant::now() >= self.next_hop_check {
            self.next_hop_check = Instant::now() + HOP_CHECK;
            self.stray_hops().await;
        }
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

    async fn own_on_bus(&mut self) {
        let partitions: Vec<u32> = self.leases.iter().map(|l| l.partition).collect();
        let into = self.deliveries.0.clone();
        if let Err(problem) = self.shared.bus.own(&partitions, into).await {
            tracing::warn!(%problem, "the bus will take the partitions once it is connected");
        }
    }

    /// Drops everything that is only in memory and reads again what is undone.
    async fn forget(&mut self) {
        self.cache.clear();
        self.sessions.clear();
        self.arrivals.clear();
        self.routing = None;
        self.next_timer = 0;
        self.next_timer_check = Instant::now();
        self.carry.retain(|i| i.token.is_some() || i.id.starts_with("b:"));
        if self.owns(ROUTING_HOME) {
            while let Err(Halt::Store(problem)) = self.load_routing().await {
                self.troubled(&problem).await;
                if self.shared.stop.is_cancelled() {
                    return;
                }
            }
        }
        self.unfinished().await;
    }

    /// Hops, publications and bot calls that were committed and perhaps never done.
    async fn unfinished(&mut self) {
        let partitions: Vec<u32> = self.leases.iter().map(|l| l.partition).collect();
        let unfinished = loop {
            match self.store.unfinished(&partitions).await {
                Ok(unfinished) => break unfinished,
                Err(problem) => self.troubled(&problem).await,
            }
            if self.shared.stop.is_cancelled() {
                return;
            }
        };
        self.take_hops(unfinished.hops);
        let outputs: Vec<_> =
            unfinished.publications.iter().filter_map(|(_, text)| serde_json::from_str(text).ok()).collect();
        if !outputs.is_empty() {
            tracing::info!(
                outputs = outputs.len(),
                "publishing what was committed but perhaps not published"
            );
        }
        let mut parcels: Vec<_> = unfinished.publications.into_iter().map(|(parcel, _)| parcel).collect();
        parcels.sort();
        parcels.dedup();
        self.publisher.hand(publisher::Job { parcels, outputs, hops: Vec::new() }, &self.metrics).await;
        for (home, call) in unfinished.bot_calls {
            self.ask(home, call);
        }
        if let Ok(open) = self.store.open_conversations().await {
            self.metrics.open_conversations.set(open);
        }
    }

    fn take_hops(&mut self, hops: Vec<crate::ports::store::Hop>) {
        let now = self.shared.clock.now();
        for hop in hops {
            if self.carry.iter().any(|i| i.id == hop.id) || self.in_flight_seen.contains(&hop.id) {
                continue;
            }
            match serde_json::from_str::<Hop>(&hop.body) {
                Ok(body) => {
                    let mut item = Item::own(hop.id.clone(), hop.partition, now, intake::of_hop(body));
                    item.hop = Some(hop.id);
                    item.source = "hop".into();
                    self.carry.push_back(item);
                }
                Err(problem) => tracing::error!(hop = %hop.id, %problem, "a hop cannot be read"),
            }
        }
    }

    /// Hops of others that never came by the bus, because their engine died between commit and publish.
    async fn stray_hops(&mut self) {
        let partitions: Vec<u32> = self.leases.iter().map(|l| l.partition).collect();
        if let Ok(unfinished) = self.store.unfinished(&partitions).await {
            let old = self.shared.clock.now() - i64::try_from(HOP_CHECK.as_millis()).unwrap_or(0);
            self.take_hops(unfinished.hops.into_iter().filter(|h| h.at < old).collect());
        }
    }

    /// A draft cannot be made.
    async fn halted(&mut self, halt: Halt, items: Vec<Item>) {
        match halt {
            Halt::Store(problem) => self.troubled(&problem).await,
            Halt::Poison(id) => {
                self.poisoned.insert(id);
            }
        }
        self.put_back(items);
        self.forget().await;
    }

    /// A commit failed: what it held is stepped again.
    async fn failed(&mut self, mut draft: Draft, problem: StoreError) {
        let mut items = std::mem::take(&mut draft.items);
        items.append(&mut draft.forwarded);
        self.keep_tokens(&draft.tokens, &items);
        match &problem {
            StoreError::Conflict { keys } => {
                tracing::info!(?keys, "another engine was faster, stepping again");
                self.metrics.conflicts.inc();
                self.conflicts += 1;
                if self.conflicts > CONFLICTS_MAX && items.len() > 1 {
                    self.alone = items.len();
                } else if self.conflicts > 2 * CONFLICTS_MAX {
                    tracing::error!("an input conflicts again and again; it is quarantined");
                    self.poisoned.extend(items.iter().map(|i| i.id.clone()));
                    self.conflicts = 0;
                }
            }
            StoreError::Fenced { partitions } => {
                tracing::warn!(?partitions, "partitions were taken over by another engine");
                self.leases.retain(|l| !partitions.contains(&l.partition));
                self.next_lease = Instant::now();
                self.own_on_bus().await;
            }
            StoreError::Unavailable(_) => self.troubled(&problem).await,
            StoreError::Broken(detail) if items.len() > 1 => {
                tracing::error!(%detail, "the store refused a batch; trying its inputs one by one");
                self.alone = items.len();
            }
            StoreError::Broken(detail) => {
                tracing::error!(%detail, "the store refused an input; it is quarantined");
                self.poisoned.extend(items.iter().map(|i| i.id.clone()));
            }
        }
        reattach(&mut items, draft.replies);
        self.put_back(items);
        self.forget().await;
    }

    /// A draft that was made on top of a commit that failed.
    fn take_back(&mut self, mut draft: Draft) {
        let mut items = std::mem::take(&mut draft.items);
        items.append(&mut draft.forwarded);
        self.keep_tokens(&draft.tokens, &items);
        reattach(&mut items, draft.replies);
        self.put_back(items);
    }

    /// Deliveries that need no step again (repeats, dead letters) are acknowledged with the next batch that stands.
    fn keep_tokens(&mut self, tokens: &[Token], items: &[Item]) {
        let again: HashSet<Token> = items.iter().filter_map(|i| i.token).collect();
        self.refused_tokens.extend(tokens.iter().filter(|t| !again.contains(t)));
    }

    /// Inputs of the bus and answers of bots go back to the front, in order; the rest is read again from the store.
    fn put_back(&mut self, items: Vec<Item>) {
        for item in items.into_iter().rev() {
            let again =
                item.token.is_some() || item.id.starts_with("b:") || matches!(item.reply, ReplyTo::Here(_));
            if again && (self.owns(item.partition) || item.token.is_none()) {
                self.carry.push_front(item);
            }
        }
    }

    /// The store cannot be used: say so, and wait before trying again.
    async fn troubled(&mut self, problem: &StoreError) {
        if self.shared.ready.swap(false, Ordering::Relaxed) {
            tracing::error!(%problem, "the store cannot be used; nothing is accepted until it is back");
        }
        tokio::select! {
            () = sleep(self.pause) => {}
            () = self.shared.stop.cancelled() => {}
        }
        self.pause = (self.pause * 2).min(PAUSE_MAX);
    }

    /// Gives everything back.
    async fn leave(&mut self) {
        let mut into = self.deliveries.0.clone();
        std::mem::swap(&mut into, &mut self.deliveries.0);
        let _ = self.shared.bus.own(&[], into).await;
        let partitions: Vec<u32> = self.leases.drain(..).map(|l| l.partition).collect();
        if let Err(problem) = self.store.release(&self.shared.config.engine, &partitions).await {
            tracing::warn!(%problem, "releasing partitions failed; they run out by themselves");
        }
    }
}

/// Callers wait on: their input is stepped again and answered then.
fn reattach(items: &mut [Item], replies: Vec<(String, ReplyTo, Reply)>) {
    let mut waiting: HashMap<String, ReplyTo> = replies.into_iter().map(|(id, to, _)| (id, to)).collect();
    for item in items {
        if let Some(to) = waiting.remove(&item.id) {
            item.reply = to;
        }
    }
}
