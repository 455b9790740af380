//! Reads due timers.

use convene_core::effect::TimerSet;
use convene_runtime::ports::store::{DueTimer, StoreResult, TENANT};
use sqlx::Row;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use crate::error::store_error;
use crate::unsigned;

/// Timers due at `now`, earliest first, and when the first timer not among them is due.
pub(crate) async fn due(
    pool: &SqlitePool,
    partitions: &[u32],
    now: i64,
    limit: i64,
) -> StoreResult<(Vec<DueTimer>, Option<i64>)> {
    let limit = limit.max(0);
    let mut timers = Vec::new();
    // One more than asked tells whether, and when, the next is due.
    for partition in partitions {
        let rows = sqlx::query(
            "select owner, partition, name, id, due from timer where tenant = ?1 and partition = ?2
            order by due, owner, name limit ?3",
        )
        .bind(TENANT)
        .bind(i64::from(*partition))
        .bind(limit.saturating_add(1))
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
        for row in &rows {
            timers.push(timer(row)?);
        }
    }
    timers.sort_by(|a, b| key(a).cmp(&key(b)));
    let taken = timers.iter().take_while(|timer| timer.timer.due <= now).count();
    let taken = taken.min(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = timers.get(taken).map(|timer| timer.timer.due);
    timers.truncate(taken);
    Ok((timers, next))
}

fn key(timer: &DueTimer) -> (i64, &str, &str) {
    (timer.timer.due, &timer.owner, &timer.timer.name)
}

fn timer(row: &SqliteRow) -> StoreResult<DueTimer> {
    Ok(DueTimer {
        owner: row.try_get("owner").map_err(store_error)?,
        partition: unsigned(row.try_get("partition").map_err(store_error)?)?,
        timer: TimerSet {
            name: row.try_get("name").map_err(store_error)?,
            id: row.try_get("id").map_err(store_error)?,
            due: row.try_get("due").map_err(store_error)?,
        },
    })
}
