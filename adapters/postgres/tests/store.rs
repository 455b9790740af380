//! The Postgres store keeps every promise of the suite, and those of a server that several engines share.
//!
//! Each test makes a database of its own on the server of `DATABASE_URL` and drops it at the end.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../../sqlite/tests/suite/mod.rs"]
mod suite;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use convene_postgres::PostgresStore;
use convene_runtime::ports::store::{Batch, ConversationFilter, Lease, Store, StoreError, Wanted};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use tokio::net::{TcpListener, TcpStream};

use suite::Fixture;
use suite::make::{NOW, directory, journal, room, state, states, write};

/// A database of its own.
struct Server {
    admin: String,
    name: String,
    url: String,
    store: PostgresStore,
}

/// The URL of another database on the same server.
fn url_of(url: &str, database: &str) -> String {
    let (head, tail) =
        url.split_once('?').map_or((url, String::new()), |(head, tail)| (head, format!("?{tail}")));
    let (server, _) = head.rsplit_once('/').unwrap();
    format!("{server}/{database}{tail}")
}

async fn execute(url: &str, sql: String) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

impl Fixture for Server {
    type S = PostgresStore;

    async fn fresh() -> Option<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let admin = std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty())?;
        let name = format!("store_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        execute(&admin, format!("create database {name}")).await;
        let url = url_of(&admin, &name);
        let store = PostgresStore::connect(&url).await.unwrap();
        assert_eq!(store.migrate().await.unwrap().len(), 8);
        Some(Self { admin, name, url, store })
    }

    fn store(&self) -> &PostgresStore {
        &self.store
    }

    async fn column(&self, sql: &'static str) -> Vec<String> {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        let column = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        column
    }

    async fn done(self) {
        self.store.close().await;
        execute(&self.admin, format!("drop database {} with (force)", self.name)).await;
    }
}

suite::promises!(Server);

fn one(id: &str) -> Batch {
    Batch { seen: vec![(id.into(), NOW)], ..Batch::default() }
}

#[tokio::test]
async fn engines_that_start_at_once_migrate_once() {
    suite::check::<Server>(|fixture| {
        Box::pin(async {
            let name = format!("{}_fresh", fixture.name);
            execute(&fixture.admin, format!("create database {name}")).await;
            let url = url_of(&fixture.admin, &name);
            let (a, b) =
                (PostgresStore::connect(&url).await.unwrap(), PostgresStore::connect(&url).await.unwrap());
            let (first, second) = tokio::join!(a.migrate(), b.migrate());
            assert_eq!(first.unwrap().len() + second.unwrap().len(), 8);
            a.close().await;
            b.close().await;
            execute(&fixture.admin, format!("drop database {name} with (force)")).await;
        })
    })
    .await;
}

#[tokio::test]
async fn two_engines_share_and_a_dead_one_is_taken_over() {
    suite::check::<Server>(|fixture| {
        Box::pin(async {
            let store = fixture.store();
            let numbers = |leases: &[Lease]| leases.iter().map(|lease| lease.partition).collect::<Vec<_>>();
            let alone = store.lease("a", 5, 60_000).await.unwrap();
            assert_eq!(numbers(&alone), [0, 1, 2, 3, 4]);
            // A newcomer gets nothing until the first gives back what is above its share.
            assert_eq!(store.lease("b", 5, 300).await.unwrap(), []);
            assert_eq!(store.fair_share(5).await.unwrap(), 3);
            store.release("a", &[3, 4]).await.unwrap();
            assert_eq!(numbers(&store.lease("a", 5, 60_000).await.unwrap()), [0, 1, 2]);
            let second = store.lease("b", 5, 300).await.unwrap();
            assert_eq!(second, [3, 4].map(|partition| Lease { partition, epoch: 2 }));
            // The second dies; its lease runs out; the first takes over under a new epoch.
            tokio::time::sleep(Duration::from_millis(400)).await;
            let all = store.lease("a", 5, 60_000).await.unwrap();
            assert_eq!(all.iter().map(|lease| lease.epoch).collect::<Vec<_>>(), [1, 1, 1, 3, 3]);
            let late = store.commit(&Batch { fence: vec![(3, 2)], ..one("i") }).await;
            assert!(
                matches!(&late, Err(StoreError::Fenced { partitions }) if partitions == &[3]),
                "{late:?}"
            );
            store.commit(&Batch { fence: vec![(3, 3)], ..one("i") }).await.unwrap();
        })
    })
    .await;
}

#[tokio::test]
async fn an_engine_that_leaves_does_not_count() {
    suite::check::<Server>(|fixture| {
        Box::pin(async {
            let store = fixture.store();
            store.lease("a", 4, 60_000).await.unwrap();
            store.lease("b", 4, 60_000).await.unwrap();
            store.release("a", &[0, 1, 2, 3]).await.unwrap();
            assert_eq!(store.lease("b", 4, 60_000).await.unwrap().len(), 4);
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn engines_that_claim_at_once_never_share_a_partition() {
    suite::check::<Server>(|fixture| {
        Box::pin(async {
            let store = fixture.store();
            for engine in ["a", "b", "c"] {
                store.lease(engine, 0, 60_000).await.unwrap();
            }
            let (a, b, c) = tokio::join!(
                store.lease("a", 16, 60_000),
                store.lease("b", 16, 60_000),
                store.lease("c", 16, 60_000)
            );
            let mut all: Vec<u32> = [a, b, c]
                .into_iter()
                .flat_map(|leases| leases.unwrap())
                .map(|lease| lease.partition)
                .collect();
            let held = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), held);
        })
    })
    .await;
}

/// A wire to the server that a test can cut.
async fn wire(url: &str) -> (String, tokio::task::JoinHandle<()>) {
    let options: PgConnectOptions = url.parse().unwrap();
    let target = format!("{}:{}", options.get_host(), options.get_port());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let mut wires = tokio::task::JoinSet::new();
        while let Ok((mut near, _)) = listener.accept().await {
            let target = target.clone();
            wires.spawn(async move {
                if let Ok(mut far) = TcpStream::connect(&target).await {
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                }
            });
        }
    });
    (options.host("127.0.0.1").port(port).to_url_lossy().to_string(), task)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_server_every_call_says_so_soon() {
    suite::check::<Server>(|fixture| {
        Box::pin(async {
            let (url, task) = wire(&fixture.url).await;
            let store = PostgresStore::connect(&url).await.unwrap();
            store.commit(&one("i")).await.unwrap();
            store.ready().await.unwrap();
            task.abort();
            let _ = task.await;
            let started = std::time::Instant::now();
            let wanted = Wanted { inputs: vec!["i".into()], ..Wanted::default() };
            for outcome in
                [store.ready().await, store.commit(&one("j")).await, store.find(&wanted).await.map(drop)]
            {
                assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
            }
            assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
            assert!(matches!(PostgresStore::connect(&url).await, Err(StoreError::Unavailable(_))));
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_ended_by_the_server_are_unavailable_and_then_come_back() {
    suite::check::<Server>(|fixture| {
        Box::pin(async {
            let store = fixture.store();
            store.commit(&one("i")).await.unwrap();
            fixture
                .column(
                    "select cast(pg_terminate_backend(pid) as text) from pg_stat_activity
                    where datname = current_database() and pid <> pg_backend_pid()",
                )
                .await;
            for attempt in 0.. {
                match store.commit(&one(&format!("j{attempt}"))).await {
                    Ok(()) => break,
                    Err(StoreError::Unavailable(_)) => assert!(attempt < 20, "the store never came back"),
                    Err(other) => panic!("{other}"),
                }
            }
        })
    })
    .await;
}

/// The worker reads these; a neighbour that holds a table must not hold a partition.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_waits_for_a_lock_is_given_up() {
    suite::check::<Server>(|fixture| {
        Box::pin(async {
            let mut neighbour = PgConnection::connect(&fixture.url).await.unwrap();
            let locked = "begin; lock table hop, routing_record, conversation_state, customer, deployment";
            sqlx::raw_sql(locked).execute(&mut neighbour).await.unwrap();
            let store = fixture.store();
            let filter = ConversationFilter { limit: 1, ..ConversationFilter::default() };
            let (hops, unfinished, routing, open, found, customer, deployment) = tokio::join!(
                store.hops(&[0]),
                store.unfinished(&[0]),
                store.routing(),
                store.open_conversations(),
                store.conversations(&filter),
                store.customer("c"),
                store.deployment("d"),
            );
            let outcomes = [
                hops.map(drop),
                unfinished.map(drop),
                routing.map(drop),
                open.map(drop),
                found.map(drop),
                customer.map(drop),
                deployment.map(drop),
            ];
            for outcome in outcomes {
                assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
            }
            neighbour.close().await.unwrap();
        })
    })
    .await;
}

#[tokio::test]
async fn a_wrong_database_is_named() {
    suite::check::<Server>(|fixture| {
        Box::pin(async {
            let url = url_of(&fixture.admin, "no_such_database");
            let refused = PostgresStore::connect(&url).await.unwrap_err();
            assert!(
                matches!(&refused, StoreError::Broken(why) if why.contains("no_such_database")),
                "{refused}"
            );
            let refused = PostgresStore::connect("not a url").await.unwrap_err();
            assert!(matches!(refused, StoreError::Broken(_)), "{refused}");
        })
    })
    .await;
}

#[tokio::test]
async fn the_journal_goes_to_its_month() {
    suite::check::<Server>(|fixture| {
        Box::pin(async {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
            let mut today = journal("today", 1);
            today.at = i64::try_from(now).unwrap();
            let batch = Batch { journal: vec![today.clone(), journal("old", 1)], ..Batch::default() };
            fixture.store().commit(&batch).await.unwrap();
            let count = |sql| fixture.column(sql);
            assert_eq!(count("select key from journal_other").await, ["old"]);
            assert_eq!(count("select key from journal_content_other").await, ["old"]);
            assert_eq!(fixture.store().journal("today", 0, 9).await.unwrap(), [today]);
            let parts = count("select cast(inhrelid::regclass as text) from pg_inherits where inhparent = 'journal'::regclass");
            assert_eq!(parts.await.len(), 5);
        })
    })
    .await;
}

/// Two engines write the same rows in opposite orders, many times over: nobody fails but by a conflict.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crossing_batches_do_not_deadlock() {
    suite::check::<Server>(|fixture| {
        Box::pin(async {
            let store = fixture.store();
            let keys: Vec<String> = (0..40).map(|n| format!("c{n:02}")).collect();
            store.commit(&states(keys.iter().map(|key| write(state(key, 1), 0)))).await.unwrap();
            for version in 1..30 {
                let up = states(keys.iter().map(|key| write(state(key, version + 1), version)));
                let down = states(keys.iter().rev().map(|key| write(state(key, version + 1), version)));
                let up = Batch { directory: directory([room("r", "c")]).directory, ..up };
                let (first, second) = tokio::join!(store.commit(&up), store.commit(&down));
                let lost = if first.is_ok() { second } else { first };
                assert_eq!(suite::make::conflict(lost).len(), keys.len());
            }
        })
    })
    .await;
}
