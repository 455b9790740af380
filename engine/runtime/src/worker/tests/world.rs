//! A world in memory whose store and bus fail when a test wants them to, with a book of what happened in which order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use convene_core::directory::MemoryDirectory;
use convene_core::effect::{BotCall, Reply};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::engine::{Config, Engine, World};
use crate::ports::bus::*;
use crate::ports::store::*;

/// What becomes of a commit.
pub(super) enum Fate {
    /// The store says this, and nothing is written.
    Fails(StoreError),
    /// The store says that it cannot be reached, and writes the batch later: a lease waits for that.
    Late,
    /// As the fate within, but not before the test opens the gate.
    Held(Option<Box<Fate>>),
}

/// What a database would keep.
#[derive(Default, Clone)]
pub(super) struct Tables {
    pub(super) seen: BTreeMap<String, i64>,
    outcomes: BTreeMap<String, String>,
    pub(super) states: BTreeMap<String, StateRow>,
    pub(super) directory: MemoryDirectory,
    pub(super) journal: Vec<JournalRow>,
    pub(super) outbox: Vec<Unpublished>,
    pub(super) hops: Vec<Hop>,
    pub(super) calls: Vec<(u32, BotCall)>,
    pub(super) letters: Vec<DeadLetter>,
    pub(super) timers: Vec<DueTimer>,
    routing: RoutingRecords,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) tables: Tables,
    late: Option<Tables>,
    pub(super) fates: VecDeque<Fate>,
    /// Partitions with their epochs, as the store gives them away.
    pub(super) leases: Vec<Lease>,
    /// The store cannot be reached.
    pub(super) gone: bool,
    /// What happened: `commit m:1 m:2`, `acknowledge 3/7`, `publish channel.WEB.1218`.
    pub(super) book: Vec<String>,
    pub(super) into: Option<mpsc::Sender<Delivery>>,
    pub(super) owned: Vec<u32>,
    tags: u64,
    /// The bus takes nothing.
    pub(super) bus_gone: bool,
    pub(super) asked: u32,
}

/// Everything around an engine.
#[derive(Default)]
pub(super) struct Rig {
    state: Mutex<State>,
    gate: Notify,
    pub(super) answer: Notify,
}

impl Rig {
    /// A world with all partitions free, and an engine in it.
    pub(super) async fn start() -> (Arc<Self>, Engine) {
        Self::start_with(|_| {}, 6_000).await
    }

    pub(super) async fn start_with(prepare: impl FnOnce(&mut State), lease_ms: i64) -> (Arc<Self>, Engine) {
        let rig = Arc::new(Self::default());
        rig.state().leases = (0..8).map(|partition| Lease { partition, epoch: 1 }).collect();
        prepare(&mut rig.state());
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut files = crate::deployments::read_folder(&root).unwrap();
        let adviser = "bots:\n  adviser:\n    kind: WEBHOOK\n    url: https://bots.example/adviser\n";
        let centre = files["flows/centre.yaml"].replace("bots:\n", adviser);
        files.insert("flows/centre.yaml".into(), centre);
        let (deployment, _) = crate::deployments::compile(files).unwrap();
        let world = World {
            store: rig.clone(),
            bus: rig.clone(),
            bots: rig.clone(),
            clock: Arc::new(crate::clock::SystemClock),
        };
        let config = Config { engine: "one".into(), lease_ms, ..Config::default() };
        let engine = Engine::start(world, Arc::new(deployment), config).await.unwrap();
        (rig, engine)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Lets the commit that is held go on.
    pub(super) fn open_the_gate(&self) {
        self.gate.notify_one();
    }

    /// What happened so far.
    pub(super) fn book(&self) -> Vec<String> {
        self.state().book.clone()
    }

    /// The input ids of the journal, in order, that begin so.
    pub(super) fn stepped(&self, prefix: &str) -> Vec<String> {
        let state = self.state();
        let ids = state.tables.journal.iter().map(|row| row.input_id.clone());
        ids.filter(|id| id.starts_with(prefix) && !id.contains('/')).collect()
    }

    /// Waits until something is so.
    pub(super) async fn until(&self, what: &str, so: impl Fn(&Self) -> bool) {
        let patience = async {
            while !so(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(20), patience).await.is_err() {
            panic!("{what}: {:#?}", self.book());
        }
    }

    /// Delivers something by a partition; returns where its answer comes.
    pub(super) async fn deliver(
        &self,
        partition: u32,
        kind: Kind,
        id: Option<&str>,
        body: &Value,
    ) -> oneshot::Receiver<Reply> {
        self.until("nobody takes deliveries", |rig| rig.state().owned.contains(&partition)).await;
        let (answer, answered) = oneshot::channel();
        let (delivery, into) = {
            let mut state = self.state();
            state.tags += 1;
            let delivery = Delivery {
                partition,
                kind: Ok(kind),
                id: id.map(str::to_owned),
                key: "key".into(),
                labels: Labels::default(),
                body: body.to_string().into_bytes(),
                token: Token { generation: 1, partition, tag: state.tags },
                reply: ReplyTo::Here(answer),
                redelivered: false,
            };
            (delivery, state.into.clone().unwrap())
        };
        into.send(delivery).await.unwrap();
        answered
    }

    /// A customer writes.
    pub(super) async fn says(&self, partition: u32, id: &str, customer: &str, text: &str) {
        let channel = json!({ "channelCustomerIdentifier": customer, "serviceIdentifier": "1218" });
        let body = json!({ "type": "PLAIN", "markdownText": text });
        let message = json!({ "id": id, "header": { "channelData": channel }, "body": body });
        drop(self.deliver(partition, Kind::Message, Some(id), &message).await);
    }

    fn written(&self, tables: &mut Tables, batch: &Batch) -> StoreResult<()> {
        let before = batch.seen.iter().filter(|(id, _)| tables.seen.contains_key(id));
        let keys: Vec<String> = before.map(|(id, _)| format!("seen:{id}")).collect();
        if !keys.is_empty() {
            return Err(StoreError::Conflict { keys });
        }
        tables.seen.extend(batch.seen.iter().cloned());
        tables.outcomes.extend(batch.outcomes.clone());
        tables.states.extend(batch.states.iter().map(|s| (s.row.key.clone(), s.row.clone())));
        for write in &batch.directory {
            tables.directory.apply(write).map_err(|key| StoreError::Conflict { keys: vec![key] })?;
        }
        tables.journal.extend(batch.journal.iter().cloned());
        tables.outbox.extend(batch.unpublished.iter().cloned());
        tables.outbox.retain(|u| !batch.published.contains(&u.parcel));
        tables.hops.extend(batch.hops.iter().cloned());
        tables.hops.retain(|h| !batch.hops_done.contains(&h.id));
        tables.calls.extend(batch.bot_calls.iter().cloned());
        tables.calls.retain(|(_, c)| !batch.bot_calls_done.contains(&c.id));
        for write in &batch.timers {
            if let TimerWrite::Drop { timer: dropped, .. } = write {
                tables.timers.retain(|t| t.timer.id != dropped.id);
            }
        }
        if let Some((_, version)) = batch.routing_version {
            tables.routing.0 = version;
        }
        for record in &batch.records {
            match &record.body {
                Some(body) => drop(tables.routing.1.insert(record.key.clone(), body.clone())),
                None => drop(tables.routing.1.remove(&record.key)),
            }
        }
        Ok(())
    }

    async fn decide(&self, batch: &Batch) -> StoreResult<()> {
        let mut fate = self.state().fates.pop_front();
        if let Some(Fate::Held(then)) = fate {
            self.gate.notified().await;
            fate = then.map(|fate| *fate);
        }
        let mut state = self.state();
        if state.gone {
            return Err(StoreError::Unavailable("gone".into()));
        }
        let mut tables = state.tables.clone();
        match fate {
            Some(Fate::Fails(problem)) => return Err(problem),
            Some(Fate::Late) => {
                self.written(&mut tables, batch)?;
                state.late = Some(tables);
                return Err(StoreError::Unavailable("no answer within 12 s".into()));
            }
            _ => self.written(&mut tables, batch)?,
        }
        state.tables = tables;
        let inputs: Vec<&str> = batch.journal.iter().map(|row| row.input_id.as_str()).collect();
        state.book.push(format!("commit {}", inputs.join(" ")));
        Ok(())
    }

    /// The tables, when the store can be reached.
    fn read<'a, T: Send + 'a>(&self, of: impl FnOnce(&Tables) -> T) -> BoxFuture<'a, StoreResult<T>> {
        let state = self.state();
        let read = match state.gone {
            true => Err(StoreError::Unavailable("gone".into())),
            false => Ok(of(&state.tables)),
        };
        ready(read).boxed()
    }
}

impl Store for Rig {
    fn migrate(&self) -> BoxFuture<'_, StoreResult<Vec<String>>> {
        self.read(|_| Vec::new())
    }
    fn ready(&self) -> BoxFuture<'_, StoreResult<()>> {
        self.read(|_| ())
    }
    fn find<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, StoreResult<Found>> {
        self.read(|tables| Found {
            seen: wanted.inputs.iter().filter(|id| tables.seen.contains_key(*id)).cloned().collect(),
            outcomes: tables
                .outcomes
                .iter()
                .filter(|(id, _)| wanted.inputs.contains(id))
                .map(|(id, outcome)| (id.clone(), outcome.clone()))
                .collect(),
            states: tables
                .states
                .iter()
                .filter(|(key, _)| wanted.states.contains(key))
                .map(|(key, row)| (key.clone(), row.clone()))
                .collect(),
            arrivals: wanted
                .arrivals
                .iter()
                .map(|s| tables.directory.arrival(&s.channel, &s.attribute, &s.identifier))
                .collect(),
        })
    }
    fn commit<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, StoreResult<()>> {
        self.decide(batch).boxed()
    }
    fn bury<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, StoreResult<()>> {
        let mut state = self.state();
        state.tables.seen.insert(letter.id.clone(), letter.at);
        let outcome = letter.outcome.iter().map(|outcome| (letter.id.clone(), outcome.clone()));
        state.tables.outcomes.extend(outcome);
        state.tables.letters.push(letter.clone());
        drop(state);
        self.read(|_| ())
    }
    fn routing(&self) -> BoxFuture<'_, StoreResult<RoutingRecords>> {
        self.read(|tables| tables.routing.clone())
    }
    fn due<'a>(&'a self, _: &'a [u32], _: i64, _: i64) -> BoxFuture<'a, StoreResult<Due>> {
        self.read(|tables| (tables.timers.clone(), None))
    }
    fn hops<'a>(&'a self, partitions: &'a [u32]) -> BoxFuture<'a, StoreResult<Vec<Hop>>> {
        self.read(|tables| {
            tables.hops.iter().filter(|h| partitions.contains(&h.partition)).cloned().collect()
        })
    }
    fn unfinished<'a>(&'a self, partitions: &'a [u32]) -> BoxFuture<'a, StoreResult<Unfinished>> {
        self.read(|tables| {
            let outbox = tables.outbox.iter().filter(|u| partitions.contains(&u.parcel.partition));
            let output = |Pointer(_, key, version): &Pointer| {
                let row = tables.journal.iter().find(|row| row.key == *key && row.version == *version);
                row.map_or_else(|| "[]".to_owned(), |row| row.output.clone())
            };
            Unfinished {
                hops: tables
                    .hops
                    .iter()
                    .filter(|h| partitions.contains(&h.partition) || partitions.contains(&h.source))
                    .cloned()
                    .collect(),
                publications: outbox
                    .flat_map(|u| u.rows.iter().map(|row| (u.parcel.clone(), output(row))))
                    .collect(),
                bot_calls: tables.calls.iter().filter(|(p, _)| partitions.contains(p)).cloned().collect(),
            }
        })
    }
    fn lease<'a>(&'a self, _: &'a str, _: u32, _: i64) -> BoxFuture<'a, StoreResult<Vec<Lease>>> {
        let mut state = self.state();
        if let Some(late) = state.late.take() {
            state.tables = late;
        }
        let leases = state.leases.clone();
        drop(state);
        self.read(|_| leases)
    }
    fn fair_share<'a>(&'a self, partitions: u32) -> BoxFuture<'a, StoreResult<u32>> {
        self.read(|_| partitions)
    }
    fn release<'a>(&'a self, _: &'a str, _: &'a [u32]) -> BoxFuture<'a, StoreResult<()>> {
        self.read(|_| ())
    }
    fn keep_deployment<'a>(&'a self, _: &'a str, _: &'a str, _: i64) -> BoxFuture<'a, StoreResult<()>> {
        self.read(|_| ())
    }
    fn deployment<'a>(&'a self, _: &'a str) -> BoxFuture<'a, StoreResult<Option<String>>> {
        self.read(|_| None)
    }
    fn conversations<'a>(&'a self, _: &'a ConversationFilter) -> BoxFuture<'a, StoreResult<Vec<StateRow>>> {
        self.read(|_| Vec::new())
    }
    fn journal<'a>(&'a self, _: &'a str, _: i64, _: i64) -> BoxFuture<'a, StoreResult<Vec<JournalRow>>> {
        self.read(|_| Vec::new())
    }
    fn customer<'a>(&'a self, _: &'a str) -> BoxFuture<'a, StoreResult<Option<CustomerRecord>>> {
        self.read(|_| None)
    }
    fn room<'a>(&'a self, _: &'a str) -> BoxFuture<'a, StoreResult<Option<RoomRecord>>> {
        self.read(|_| None)
    }
    fn conversation_of_task<'a>(&'a self, _: &'a str) -> BoxFuture<'a, StoreResult<Option<String>>> {
        self.read(|_| None)
    }
    fn service_level(&self, _: i64) -> BoxFuture<'_, StoreResult<Vec<ServiceLevel>>> {
        self.read(|_| Vec::new())
    }
    fn open_conversations(&self) -> BoxFuture<'_, StoreResult<i64>> {
        self.read(|_| 0)
    }
    fn forget_seen(&self, _: i64) -> BoxFuture<'_, StoreResult<u64>> {
        self.read(|_| 0)
    }
}
