//! Pipes to measure the engine against: the same servers, client, queues, batch and prefetch, and no engine.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use convene_core::effect::Publication;
use convene_postgres::PostgresStore;
use convene_rabbitmq::RabbitBus;
use convene_runtime::ports::bus::{Bus, Delivery, Destination, Outgoing, Token};
use convene_runtime::ports::store::{
    Batch, JournalRow, Parcel, Pointer, StateRow, StateWrite, Store, Unpublished,
};
use sqlx::{PgPool, Row};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::outside::Outside;
use crate::{BATCH, Bench, Failure, PARTITIONS, Waits, rate};

/// What a pipe does with a batch before it is acknowledged: commits it, and says what to publish.
trait Middle: Send + 'static {
    /// Commits, and returns the messages to publish.
    fn commit(&mut self, batch: Vec<Delivery>) -> impl Future<Output = Vec<Outgoing>> + Send;
}

/// Consumes, one batched commit of id and payload, one confirmed message for each, acknowledges.
pub(crate) async fn bare(bench: &Bench, round: usize) -> Result<f64, Failure> {
    let middle = Bare::new(bench).await?;
    let pool = middle.0.clone();
    let rate = run(bench, "pipe", round, middle).await?;
    sqlx::raw_sql("drop table bench_pipe").execute(&pool).await?;
    Ok(rate)
}

/// How long a message takes through the bare pipe.
pub(crate) async fn waiting(bench: &Bench) -> Result<Waits, Failure> {
    let middle = Bare::new(bench).await?;
    let pool = middle.0.clone();
    let pipe = Pipe::open(connect(bench, "pipe").await?, middle).await?;
    let waits = bench.latency("pipe").await?;
    pipe.close().await;
    sqlx::raw_sql("drop table bench_pipe").execute(&pool).await?;
    Ok(waits)
}

/// The same with the rows the engine writes and the messages it publishes for such an event: what is left of the
/// engine's time when nothing is decided. It takes one of the engine's own steps for a pattern.
pub(crate) async fn full(bench: &Bench, round: usize) -> Result<f64, Failure> {
    let pool = PgPool::connect(&bench.database).await?;
    let pattern = sqlx::query(
        "select c.input, c.output, j.trace, s.body from journal j join journal_content c using (key, version, at) \
         join conversation_state s on s.key = j.key where j.input_id like $1 limit 1",
    )
    .bind(format!("m:{}-load-%", bench.run))
    .fetch_one(&pool)
    .await?;
    let text = |i: usize| pattern.get::<String, _>(i);
    let (input, output, trace, body) = (text(0), text(1), text(2), text(3));
    let publications = serde_json::from_str(&output)?;
    let store = PostgresStore::connect(&bench.database).await?;
    let full =
        Full { store, input, output, publications, trace, body, versions: HashMap::new(), done: Vec::new() };
    run(bench, "full-pipe", round, full).await
}

/// Lays messages into the queues, opens the pipe, and takes the time.
async fn run(bench: &Bench, name: &str, round: usize, middle: impl Middle) -> Result<f64, Failure> {
    let bus = connect(bench, name).await?;
    let mut outside = Outside::open(&bench.amqp, name).await?;
    outside.publish(&bench.load(&format!("{name}-{round}"), 1_000)).await?;
    let pipe = Pipe::open(bus, middle).await?;
    let rate = rate(&mut outside, bench.load).await?;
    // The last replies are heard before they are confirmed.
    sleep(Duration::from_secs(1)).await;
    pipe.close().await;
    outside.close().await;
    Ok(rate)
}

/// A bus with its exchanges and queues, from which nothing is taken yet.
async fn connect(bench: &Bench, name: &str) -> Result<Arc<RabbitBus>, Failure> {
    let bus = RabbitBus::connect_with(&bench.amqp, PARTITIONS, name).await?;
    bus.ready(Duration::from_secs(20)).await;
    Ok(bus)
}

/// Takes from the queues of all partitions, and publishes while the next batch is committed.
struct Pipe {
    bus: Arc<RabbitBus>,
    pump: JoinHandle<()>,
}

impl Pipe {
    async fn open(bus: Arc<RabbitBus>, mut middle: impl Middle) -> Result<Self, Failure> {
        let (into, mut from) = mpsc::channel(2 * BATCH);
        bus.own(&(0..PARTITIONS).collect::<Vec<_>>(), into).await?;
        let publisher = bus.clone();
        let pump = tokio::spawn(async move {
            let mut last: Option<JoinHandle<()>> = None;
            let mut batch = Vec::with_capacity(BATCH);
            while from.recv_many(&mut batch, BATCH).await > 0 {
                let tokens: Vec<Token> = batch.iter().map(|d| d.token).collect();
                let out = middle.commit(std::mem::take(&mut batch)).await;
                if let Some(last) = last.take() {
                    last.await.unwrap();
                }
                let bus = publisher.clone();
                last = Some(tokio::spawn(async move {
                    bus.publish(&out).await.unwrap();
                    bus.acknowledge(&tokens).await.unwrap();
                }));
            }
        });
        Ok(Self { bus, pump })
    }

    async fn close(self) {
        self.pump.abort();
        self.bus.close().await;
    }
}

struct Bare(PgPool);

impl Bare {
    async fn new(bench: &Bench) -> Result<Self, Failure> {
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(2).connect(&bench.database).await?;
        sqlx::raw_sql("create table if not exists bench_pipe (id text primary key, payload text not null)")
            .execute(&pool)
            .await?;
        Ok(Self(pool))
    }
}

impl Middle for Bare {
    async fn commit(&mut self, batch: Vec<Delivery>) -> Vec<Outgoing> {
        let ids: Vec<String> = batch.iter().map(|d| d.id.clone().unwrap_or_default()).collect();
        let payloads: Vec<String> =
            batch.iter().map(|d| String::from_utf8_lossy(&d.body).into_owned()).collect();
        let insert = "insert into bench_pipe (id, payload) select * from unnest($1::text[], $2::text[]) on conflict do nothing";
        sqlx::query(insert).bind(&ids).bind(&payloads).execute(&self.0).await.unwrap();
        let out = batch.into_iter().map(|d| Outgoing {
            to: Destination::Out("channel.WEB.bench".into()),
            id: d.id.unwrap_or_default(),
            kind: "cim-message".into(),
            body: d.body.into(),
            headers: Vec::new(),
        });
        out.collect()
    }
}

struct Full {
    store: PostgresStore,
    input: String,
    output: String,
    publications: Vec<Publication>,
    trace: String,
    body: String,
    versions: HashMap<String, i64>,
    done: Vec<Parcel>,
}

impl Middle for Full {
    async fn commit(&mut self, deliveries: Vec<Delivery>) -> Vec<Outgoing> {
        let mut batch = Batch { published: std::mem::take(&mut self.done), ..Batch::default() };
        let mut states: HashMap<String, StateWrite> = HashMap::new();
        let mut pointers: BTreeMap<u32, Vec<Pointer>> = BTreeMap::new();
        let mut out = Vec::new();
        for delivery in deliveries {
            let (id, key) = (delivery.id.unwrap_or_default(), delivery.key);
            let version = self.versions.entry(key.clone()).or_default();
            let based_on = states.get(&key).map_or(*version, |s| s.based_on);
            *version += 1;
            batch.seen.push((id.clone(), 1_795_300_000_000));
            batch.journal.push(JournalRow {
                key: key.clone(),
                version: *version,
                format: 1,
                at: 1_795_300_000_000,
                input_id: id,
                kind: "message".into(),
                deployment: String::new(),
                trace: self.trace.clone(),
                input: self.input.clone(),
                output: self.output.clone(),
                publishes: true,
            });
            let place = u32::try_from(batch.journal.len()).unwrap_or_default();
            pointers.entry(delivery.partition).or_default().push(Pointer(place, key.clone(), *version));
            let row = StateRow {
                key: key.clone(),
                version: *version,
                partition: delivery.partition,
                open: true,
                name: "CREATED".into(),
                customer: key.clone(),
                room: key.clone(),
                body: self.body.clone(),
            };
            states.insert(key, StateWrite { row, based_on });
            out.extend(self.publications.iter().map(|p| Outgoing {
                to: Destination::Out(p.key.clone()),
                id: uuid::Uuid::new_v4().to_string(),
                kind: p.kind.clone(),
                body: p.body.clone().into_bytes().into(),
                headers: Vec::new(),
            }));
        }
        let id = uuid::Uuid::new_v4().to_string();
        let of = |(partition, rows)| Unpublished { parcel: Parcel { batch: id.clone(), partition }, rows };
        batch.unpublished = pointers.into_iter().map(of).collect();
        self.done = batch.unpublished.iter().map(|new| new.parcel.clone()).collect();
        batch.states = states.into_values().collect();
        self.store.commit(&batch).await.unwrap();
        out
    }
}
