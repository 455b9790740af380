//! Leases, readiness and schema, as far as every store has them.

use convene_runtime::ports::store::{Lease, Store};

use super::Fixture;

pub async fn all_partitions_are_leased_and_given_back<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let first = store.lease("me", 3, 60_000).await.unwrap();
    let expected = [0, 1, 2].map(|partition| Lease { partition, epoch: 1 });
    assert_eq!(first, expected);
    assert_eq!(store.lease("me", 3, 60_000).await.unwrap(), expected);
    assert_eq!(store.fair_share(3).await.unwrap(), 3);
    store.release("me", &[1]).await.unwrap();
    let again = store.lease("me", 3, 60_000).await.unwrap();
    assert_eq!(again.iter().map(|lease| lease.epoch).collect::<Vec<_>>(), [1, 2, 1]);
}

pub async fn a_store_that_can_write_is_ready<F: Fixture>(fixture: &F) {
    fixture.store().ready().await.unwrap();
    fixture.store().ready().await.unwrap();
}

pub async fn migrating_again_changes_nothing<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    assert_eq!(store.migrate().await.unwrap(), Vec::<String>::new());
    fixture.column("insert into schema_migration (name) values ('9999_future') returning name").await;
    let refused = store.migrate().await.unwrap_err().to_string();
    assert!(refused.contains("9999_future") && refused.contains("newer"), "{refused}");
}
