//! The embedded store: one SQLite file, one engine.
//!
//! The same tables and the same files as the Postgres store; whoever knows one knows the other. One connection writes,
//! a few read; the log is flushed at every commit (`synchronous=FULL`), so what was acknowledged survives a power cut.

mod commit;
mod directory;
mod error;
mod find;
mod journal;
mod leases;
mod reads;
mod reports;
mod routing;
mod schema;
mod timers;
mod unfinished;

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use convene_runtime::ports::store::{
    Batch, ConversationFilter, DeadLetter, DueTimer, Found, Hop, JournalRow, Lease, ServiceLevel, StateRow,
    Store, StoreError, StoreResult, Unfinished, Wanted,
};
use futures_util::future::BoxFuture;
use sqlx::ConnectOptions;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::error::store_error;
use crate::leases::Held;

/// How long a call waits for its turn at the file.
const TURN_WAIT: Duration = Duration::from_secs(10);
/// Connections that read beside the one that writes.
const READERS_MAX: u32 = 4;

/// The store in a SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    held: Held,
    /// Held for as long as the store lives: the mark that the file is in use. The system takes it off when the process
    /// ends, however it ends.
    _in_use: File,
}

impl SqliteStore {
    /// Opens the file, and makes it and its folder when they are not there. Does not touch the schema: see
    /// [`Store::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Broken`], naming the file, when another engine has it open, when it cannot be written, or when it
    /// is no database.
    pub async fn open(path: &Path) -> StoreResult<Self> {
        let named =
            |error: &dyn std::fmt::Display| StoreError::Broken(format!("{}: {error}", path.display()));
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| named(&error))?;
        }
        let in_use = mark_in_use(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(false)
            .busy_timeout(TURN_WAIT)
            .disable_statement_logging();
        // The pool's first connection makes the file; readers need it there.
        let writer = pool(1).connect_with(options.clone()).await.map_err(|error| named(&error))?;
        let readers = pool(READERS_MAX).connect_lazy_with(options.pragma("query_only", "on"));
        Ok(Self { writer, readers, held: Held::default(), _in_use: in_use })
    }

    /// Closes the file. Further calls are answered with [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn pool(connections_max: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(TURN_WAIT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// Locks a file beside the database. SQLite would let a second process in, and two engines would then take turns at
/// the same conversations.
fn mark_in_use(path: &Path) -> StoreResult<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let named = |error: std::io::Error| StoreError::Broken(format!("{}: {error}", name.display()));
    let file = File::options().create(true).truncate(false).write(true).open(&name).map_err(named)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Broken(format!(
            "{} is in use by another engine; stop that one first, or give this one a folder of its own",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(named(error)),
    }
}

impl Store for SqliteStore {
    fn migrate(&self) -> BoxFuture<'_, StoreResult<Vec<String>>> {
        Box::pin(schema::migrate(&self.writer))
    }

    fn ready(&self) -> BoxFuture<'_, StoreResult<()>> {
        Box::pin(leases::ready(&self.writer))
    }

    fn find<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, StoreResult<Found>> {
        Box::pin(find::find(&self.readers, wanted))
    }

    fn commit<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, StoreResult<()>> {
        Box::pin(commit::commit(&self.writer, batch))
    }

    fn bury<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, StoreResult<()>> {
        Box::pin(journal::bury(&self.writer, letter))
    }

    fn routing(&self) -> BoxFuture<'_, StoreResult<(i64, BTreeMap<String, String>)>> {
        Box::pin(routing::routing(&self.readers))
    }

    fn due<'a>(
        &'a self,
        partitions: &'a [u32],
        now: i64,
        limit: i64,
    ) -> BoxFuture<'a, StoreResult<(Vec<DueTimer>, Option<i64>)>> {
        Box::pin(timers::due(&self.readers, partitions, now, limit))
    }

    fn hops<'a>(&'a self, partitions: &'a [u32]) -> BoxFuture<'a, StoreResult<Vec<Hop>>> {
        Box::pin(unfinished::hops(&self.readers, partitions))
    }

    fn unfinished<'a>(&'a self, partitions: &'a [u32]) -> BoxFuture<'a, StoreResult<Unfinished>> {
        Box::pin(unfinished::unfinished(&self.readers, partitions))
    }

    fn lease<'a>(
        &'a self,
        engine: &'a str,
        partitions: u32,
        _lease_ms: i64,
    ) -> BoxFuture<'a, StoreResult<Vec<Lease>>> {
        Box::pin(leases::lease(&self.writer, &self.held, engine, partitions))
    }

    fn fair_share<'a>(&'a self, partitions: u32) -> BoxFuture<'a, StoreResult<u32>> {
        Box::pin(async move { Ok(partitions) })
    }

    fn release<'a>(&'a self, engine: &'a str, partitions: &'a [u32]) -> BoxFuture<'a, StoreResult<()>> {
        Box::pin(leases::release(&self.writer, &self.held, engine, partitions))
    }

    fn keep_deployment<'a>(&'a self, id: &'a str, files: &'a str, at: i64) -> BoxFuture<'a, StoreResult<()>> {
        Box::pin(reads::keep_deployment(&self.writer, id, files, at))
    }

    fn deployment<'a>(&'a self, id: &'a str) -> BoxFuture<'a, StoreResult<Option<String>>> {
        Box::pin(reads::deployment(&self.readers, id))
    }

    fn conversations<'a>(
        &'a self,
        filter: &'a ConversationFilter,
    ) -> BoxFuture<'a, StoreResult<Vec<StateRow>>> {
        Box::pin(reads::conversations(&self.readers, filter))
    }

    fn journal<'a>(
        &'a self,
        key: &'a str,
        after_version: i64,
        limit: i64,
    ) -> BoxFuture<'a, StoreResult<Vec<JournalRow>>> {
        Box::pin(journal::journal(&self.readers, key, after_version, limit))
    }

    fn customer<'a>(&'a self, id: &'a str) -> BoxFuture<'a, StoreResult<Option<(String, Option<String>)>>> {
        Box::pin(reads::customer(&self.readers, id))
    }

    fn room<'a>(&'a self, id: &'a str) -> BoxFuture<'a, StoreResult<Option<(String, Vec<String>)>>> {
        Box::pin(reads::room(&self.readers, id))
    }

    fn conversation_of_task<'a>(&'a self, task: &'a str) -> BoxFuture<'a, StoreResult<Option<String>>> {
        Box::pin(reads::conversation_of_task(&self.readers, task))
    }

    fn service_level(&self, since: i64) -> BoxFuture<'_, StoreResult<Vec<ServiceLevel>>> {
        Box::pin(reads::service_level(&self.readers, since))
    }

    fn open_conversations(&self) -> BoxFuture<'_, StoreResult<i64>> {
        Box::pin(reads::open_conversations(&self.readers))
    }

    fn forget_seen(&self, before: i64) -> BoxFuture<'_, StoreResult<u64>> {
        Box::pin(journal::forget_seen(&self.writer, before))
    }
}

/// A partition number out of the database.
pub(crate) fn unsigned(partition: i64) -> StoreResult<u32> {
    u32::try_from(partition).map_err(|_| StoreError::Broken(format!("{partition} is no partition")))
}

/// A list as JSON, for `json_each`.
pub(crate) fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    serde_json::Value::from_iter(texts).to_string()
}

/// Begins a transaction that writes. `immediate`: it takes its turn at once instead of failing half-way.
pub(crate) async fn begin(pool: &SqlitePool) -> StoreResult<sqlx::Transaction<'static, sqlx::Sqlite>> {
    const BEGIN: &str = "begin immediate";
    match pool.begin_with(BEGIN).await {
        // On a full disk SQLite ends the transaction by itself, and the driver goes on counting it: this connection
        // would never begin another one.
        Err(sqlx::Error::InvalidSavePointStatement) => {
            let stuck = pool.acquire().await.map_err(store_error)?;
            stuck.close().await.map_err(store_error)?;
            pool.begin_with(BEGIN).await.map_err(store_error)
        }
        begun => begun.map_err(store_error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_transaction_that_the_database_ended_by_itself_does_not_end_all_writing() {
        let pool = pool(1).connect("sqlite::memory:").await.unwrap();
        let mut ended = begin(&pool).await.unwrap();
        // What SQLite does on a full disk.
        sqlx::query("rollback").execute(&mut *ended).await.unwrap();
        drop(ended);
        for _ in 0..2 {
            let next = begin(&pool).await.unwrap();
            next.commit().await.unwrap();
        }
    }
}
