//! Who owns which partition: this engine owns them all.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use convene_runtime::ports::store::{Lease, StoreResult, TENANT};
use sqlx::SqlitePool;

use crate::begin;
use crate::error::store_error;

/// Epoch of each partition held since the file was opened.
pub(crate) type Held = Mutex<BTreeMap<u32, i64>>;

/// Proves that a commit succeeds: writes one row.
pub(crate) async fn ready(pool: &SqlitePool) -> StoreResult<()> {
    sqlx::query(
        "insert into readiness (tenant, checked) values (?1, 1)
        on conflict (tenant) do update set checked = checked + 1",
    )
    .bind(TENANT)
    .execute(pool)
    .await
    .map_err(store_error)?;
    Ok(())
}

/// Takes every partition. The first time after the file was opened, and after a release, the epoch grows.
pub(crate) async fn lease(
    pool: &SqlitePool,
    held: &Held,
    engine: &str,
    partitions: u32,
) -> StoreResult<Vec<Lease>> {
    let mut now = held.lock().unwrap_or_else(PoisonError::into_inner).clone();
    now.retain(|partition, _| *partition < partitions);
    let missing: Vec<u32> = (0..partitions).filter(|partition| !now.contains_key(partition)).collect();
    if !missing.is_empty() {
        let mut transaction = begin(pool).await?;
        for partition in missing {
            let epoch: i64 = sqlx::query_scalar(
                "insert into partition_lease (tenant, partition, owner, epoch) values (?1, ?2, ?3, 1)
                on conflict (tenant, partition) do update set owner = excluded.owner, epoch = epoch + 1
                returning epoch",
            )
            .bind(TENANT)
            .bind(i64::from(partition))
            .bind(engine)
            .fetch_one(&mut *transaction)
            .await
            .map_err(store_error)?;
            now.insert(partition, epoch);
        }
        transaction.commit().await.map_err(store_error)?;
        *held.lock().unwrap_or_else(PoisonError::into_inner) = now.clone();
    }
    Ok(now.into_iter().map(|(partition, epoch)| Lease { partition, epoch }).collect())
}

/// Gives leases back.
pub(crate) async fn release(
    pool: &SqlitePool,
    held: &Held,
    engine: &str,
    partitions: &[u32],
) -> StoreResult<()> {
    let mut transaction = begin(pool).await?;
    for partition in partitions {
        sqlx::query(
            "update partition_lease set owner = null where tenant = ?1 and partition = ?2 and owner = ?3",
        )
        .bind(TENANT)
        .bind(i64::from(*partition))
        .bind(engine)
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    }
    transaction.commit().await.map_err(store_error)?;
    let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
    held.retain(|partition, _| !partitions.contains(partition));
    Ok(())
}
