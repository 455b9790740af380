//! The SQLite store keeps every promise of the suite, and those of a file.

#![allow(clippy::unwrap_used, clippy::panic)]

mod suite;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use convene_runtime::ports::store::{Batch, Store, StoreError, Wanted};
use convene_sqlite::SqliteStore;
use sqlx::{Connection, SqliteConnection};

/// A file in a folder of its own.
struct Embedded {
    folder: PathBuf,
    store: SqliteStore,
}

fn folder() -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = format!("convene-sqlite-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    std::env::temp_dir().join(name)
}

impl suite::Fixture for Embedded {
    type S = SqliteStore;

    async fn fresh() -> Option<Self> {
        let folder = folder();
        let store = SqliteStore::open(&folder.join("deep/store.db")).await.unwrap();
        assert_eq!(store.migrate().await.unwrap().len(), 8);
        Some(Self { folder, store })
    }

    fn store(&self) -> &SqliteStore {
        &self.store
    }

    async fn column(&self, sql: &'static str) -> Vec<String> {
        let url = format!("sqlite://{}", self.folder.join("deep/store.db").display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
    }

    async fn done(self) {
        self.store.close().await;
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

suite::promises!(Embedded);

#[tokio::test]
async fn a_second_engine_is_told_which_file_is_taken() {
    suite::check::<Embedded>(|fixture| {
        Box::pin(async {
            let path = fixture.folder.join("deep/store.db");
            let refused = SqliteStore::open(&path).await.unwrap_err().to_string();
            assert!(refused.contains(path.to_str().unwrap()) && refused.contains("in use"), "{refused}");
        })
    })
    .await;
}

#[tokio::test]
async fn work_survives_and_epochs_grow_when_the_file_is_opened_again() {
    let folder = folder();
    let path = folder.join("store.db");
    for opening in 1..=3 {
        let store = SqliteStore::open(&path).await.unwrap();
        store.migrate().await.unwrap();
        let leases = store.lease("me", 2, 1000).await.unwrap();
        assert!(leases.iter().all(|lease| lease.epoch == opening), "{leases:?}");
        let batch = Batch {
            fence: vec![(0, opening)],
            seen: vec![(format!("i{opening}"), opening)],
            ..Batch::default()
        };
        store.commit(&batch).await.unwrap();
        let late = Batch { fence: vec![(0, opening - 1)], ..Batch::default() };
        assert!(matches!(store.commit(&late).await, Err(StoreError::Fenced { .. })));
        store.close().await;
    }
    let store = SqliteStore::open(&path).await.unwrap();
    let wanted = Wanted { inputs: vec!["i1".into(), "i3".into(), "i4".into()], ..Wanted::default() };
    assert_eq!(store.find(&wanted).await.unwrap().seen, ["i1", "i3"]);
    store.close().await;
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_closed_file_is_not_available_and_a_broken_one_is_named() {
    let folder = folder();
    let path = folder.join("store.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let refused = store.find(&Wanted { inputs: vec!["i".into()], ..Wanted::default() }).await.unwrap_err();
    assert!(refused.to_string().contains("convene migrate"), "{refused}");
    store.close().await;
    assert!(matches!(store.ready().await, Err(StoreError::Unavailable(_))));
    drop(store);
    std::fs::write(&path, "this is no database, and it is long enough to show it".repeat(100)).unwrap();
    let refused = SqliteStore::open(&path).await.unwrap_err().to_string();
    assert!(refused.contains("store.db") && refused.contains("not a database"), "{refused}");
    std::fs::remove_dir_all(&folder).unwrap();
}
