//! The Postgres store.
//!
//! The hot path is [`Store::find`] (one round trip) and [`Store::commit`] (one round trip and the flush of the log;
//! about five when conversations begin or end). Its statements are texts in `src/sql`, of which only the parts are run
//! that have something to do; each such choice is planned once a connection. The schema is in `migrations`; its
//! reporting tables are those of `domain.md` section 6.
//!
//! Nothing here decides anything: order and exclusivity are enforced by versions, epochs and keys in the tables.

mod address;
mod commit;
mod directory;
mod error;
mod find;
mod fold;
mod journal;
mod leases;
mod reads;
mod reports;
mod routing;
mod schema;
mod text;
mod timers;
mod unfinished;

use std::collections::BTreeMap;
use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

use convene_runtime::ports::store::{
    Batch, ConversationFilter, DeadLetter, DueTimer, Found, Hop, JournalRow, Lease, ServiceLevel, StateRow,
    Store, StoreError, StoreResult, Unfinished, Wanted,
};
use futures_util::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};

use crate::error::{first_error, store_error};
use crate::leases::Ahead;

/// How long to wait for a connection before the database counts as not available. Short: readiness must turn false.
const CONNECT_WAIT: Duration = Duration::from_secs(2);
/// How long one call of the hot path may take. The server gives up a little earlier by itself.
const HOT_WAIT: Duration = Duration::from_secs(12);
/// How long the readiness check may take.
const READY_WAIT: Duration = Duration::from_secs(2);
/// A connection idle for longer is asked whether it still lives before it is used; a busy one is trusted.
const IDLE_TRUST: Duration = Duration::from_secs(1);
/// Connections for `find`, `commit`, timers and leases.
const HOT_CONNECTIONS_MAX: u32 = 8;
/// Limits of everything else. The pieces in which old ids are forgotten are far shorter.
const CALM_SETTINGS: [(&str, &str); 2] = [("lock_timeout", "5s"), ("statement_timeout", "30s")];
/// Connections for people's questions, so that these never delay a commit.
const CALM_CONNECTIONS_MAX: u32 = 4;

/// Settings of the hot path. Its statements touch rows by key and nothing else, so the plan is always "walk the index",
/// also while the tables are new and the planner knows nothing of them; planning them anew each time would cost more
/// than running them. Limits keep a stuck neighbour from becoming our own standstill.
const HOT_SETTINGS: [(&str, &str); 10] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
    ("work_mem", "16MB"),
    ("synchronous_commit", "on"),
    ("lock_timeout", "5s"),
    ("statement_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "30s"),
];

/// The store in a Postgres database (14 or later).
///
/// Connections are encrypted as the URL says: with `sslmode=verify-full` the server's certificate is checked, against
/// Mozilla's list of authorities and the one in `sslrootcert`; with `require` it is encrypted and not checked; without
/// `sslmode` it is encrypted where the server offers it. `sslcert` and `sslkey` are for a server that asks who we are.
#[derive(Debug)]
pub struct PostgresStore {
    hot: PgPool,
    calm: PgPool,
    ahead: Ahead,
}

impl PostgresStore {
    /// Connects to the database `url` (`postgres://user:password@host:port/database`) and proves it with one
    /// connection. Does not touch the schema: see [`Store::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when nobody answers within two seconds or the server cannot prove who it is,
    /// [`StoreError::Broken`] when the URL cannot be read or the database refuses the user.
    pub async fn connect(url: &str) -> StoreResult<Self> {
        address::check(url).map_err(StoreError::Broken)?;
        let mut options = PgConnectOptions::from_str(url).map_err(store_error)?.disable_statement_logging();
        if options.get_application_name().is_none() {
            options = options.application_name("convene");
        }
        let hot = pool(HOT_CONNECTIONS_MAX).connect_lazy_with(options.clone().options(HOT_SETTINGS));
        let calm = pool(CALM_CONNECTIONS_MAX).connect_lazy_with(options.clone().options(CALM_SETTINGS));
        // A single attempt by hand: the pool would repeat a refused connection until its wait is over.
        let first = within(CONNECT_WAIT, async { options.connect().await.map_err(unproven) }).await?;
        first.close().await.map_err(store_error)?;
        Ok(Self { hot, calm, ahead: Ahead::default() })
    }

    /// Closes all connections. Further calls are answered with [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.hot.close().await;
        self.calm.close().await;
    }
}

/// An error of the first connection. Who encrypts for the first time mostly has an authority of their own.
fn unproven(error: sqlx::Error) -> StoreError {
    match first_error(error) {
        StoreError::Unavailable(why) if why.contains("certificate") => StoreError::Unavailable(format!(
            "{why} (if an authority of your own signed it, name its file in the URL: sslrootcert=/path/to/ca.pem)"
        )),
        other => other,
    }
}

fn pool(connections_max: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(CONNECT_WAIT)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > IDLE_TRUST {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

/// Gives a call a deadline: a server that went away silently must not hold a partition for ever.
async fn within<T>(limit: Duration, call: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
    match tokio::time::timeout(limit, call).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Unavailable(format!("no answer within {} s", limit.as_secs()))),
    }
}

impl Store for PostgresStore {
    fn migrate(&self) -> BoxFuture<'_, StoreResult<Vec<String>>> {
        Box::pin(schema::migrate(&self.calm))
    }

    fn ready(&self) -> BoxFuture<'_, StoreResult<()>> {
        Box::pin(within(READY_WAIT, leases::ready(&self.hot)))
    }

    fn find<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, StoreResult<Found>> {
        Box::pin(within(HOT_WAIT, find::find(&self.hot, wanted)))
    }

    fn commit<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, StoreResult<()>> {
        Box::pin(within(HOT_WAIT, commit::commit(&self.hot, batch)))
    }

    fn bury<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, StoreResult<()>> {
        Box::pin(within(HOT_WAIT, journal::bury(&self.hot, letter)))
    }

    fn routing(&self) -> BoxFuture<'_, StoreResult<(i64, BTreeMap<String, String>)>> {
        Box::pin(within(HOT_WAIT, routing::routing(&self.calm)))
    }

    fn due<'a>(
        &'a self,
        partitions: &'a [u32],
        now: i64,
        limit: i64,
    ) -> BoxFuture<'a, StoreResult<(Vec<DueTimer>, Option<i64>)>> {
        Box::pin(within(HOT_WAIT, timers::due(&self.hot, partitions, now, limit)))
    }

    fn hops<'a>(&'a self, partitions: &'a [u32]) -> BoxFuture<'a, StoreResult<Vec<Hop>>> {
        Box::pin(within(HOT_WAIT, unfinished::hops(&self.calm, partitions)))
    }

    fn unfinished<'a>(&'a self, partitions: &'a [u32]) -> BoxFuture<'a, StoreResult<Unfinished>> {
        Box::pin(within(HOT_WAIT, unfinished::unfinished(&self.calm, partitions)))
    }

    fn lease<'a>(
        &'a self,
        engine: &'a str,
        partitions: u32,
        lease_ms: i64,
    ) -> BoxFuture<'a, StoreResult<Vec<Lease>>> {
        Box::pin(within(HOT_WAIT, leases::lease(&self.hot, &self.ahead, engine, partitions, lease_ms)))
    }

    fn fair_share<'a>(&'a self, partitions: u32) -> BoxFuture<'a, StoreResult<u32>> {
        Box::pin(within(HOT_WAIT, leases::fair_share(&self.hot, partitions)))
    }

    fn release<'a>(&'a self, engine: &'a str, partitions: &'a [u32]) -> BoxFuture<'a, StoreResult<()>> {
        Box::pin(within(HOT_WAIT, leases::release(&self.hot, engine, partitions)))
    }

    fn keep_deployment<'a>(&'a self, id: &'a str, files: &'a str, at: i64) -> BoxFuture<'a, StoreResult<()>> {
        Box::pin(reads::keep_deployment(&self.calm, id, files, at))
    }

    fn deployment<'a>(&'a self, id: &'a str) -> BoxFuture<'a, StoreResult<Option<String>>> {
        Box::pin(within(HOT_WAIT, reads::deployment(&self.calm, id)))
    }

    fn conversations<'a>(
        &'a self,
        filter: &'a ConversationFilter,
    ) -> BoxFuture<'a, StoreResult<Vec<StateRow>>> {
        Box::pin(within(HOT_WAIT, reads::conversations(&self.calm, filter)))
    }

    fn journal<'a>(
        &'a self,
        key: &'a str,
        after_version: i64,
        limit: i64,
    ) -> BoxFuture<'a, StoreResult<Vec<JournalRow>>> {
        Box::pin(journal::journal(&self.calm, key, after_version, limit))
    }

    fn customer<'a>(&'a self, id: &'a str) -> BoxFuture<'a, StoreResult<Option<(String, Option<String>)>>> {
        Box::pin(within(HOT_WAIT, reads::customer(&self.calm, id)))
    }

    fn room<'a>(&'a self, id: &'a str) -> BoxFuture<'a, StoreResult<Option<(String, Vec<String>)>>> {
        Box::pin(reads::room(&self.calm, id))
    }

    fn conversation_of_task<'a>(&'a self, task: &'a str) -> BoxFuture<'a, StoreResult<Option<String>>> {
        Box::pin(reads::conversation_of_task(&self.calm, task))
    }

    fn service_level(&self, since: i64) -> BoxFuture<'_, StoreResult<Vec<ServiceLevel>>> {
        Box::pin(reads::service_level(&self.calm, since))
    }

    fn open_conversations(&self) -> BoxFuture<'_, StoreResult<i64>> {
        Box::pin(within(HOT_WAIT, reads::open_conversations(&self.calm)))
    }

    fn forget_seen(&self, before: i64) -> BoxFuture<'_, StoreResult<u64>> {
        Box::pin(journal::forget_seen(&self.calm, before))
    }
}
