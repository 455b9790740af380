//! Reads due timers.

use convene_core::effect::TimerSet;
use convene_runtime::ports::store::{DueTimer, StoreResult, TENANT};
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};

use crate::error::store_error;
use crate::text::{signed, unsigned};

/// Timers due at `now`, earliest first, and when the first timer not among them is due. Each partition is read by its
/// own index walk, so the cost depends on what is due and not on what waits.
pub(crate) async fn due(
    pool: &PgPool,
    partitions: &[u32],
    now: i64,
    limit: i64,
) -> StoreResult<(Vec<DueTimer>, Option<i64>)> {
    let limit = limit.max(0);
    // One more than asked tells whether, and when, the next is due.
    let rows = sqlx::query(
        "(select t.owner, t.partition, t.name, t.id, t.due
        from unnest($2::int4[]) as p(partition)
        cross join lateral (
            select * from timer
            where tenant = $1 and partition = p.partition and due <= $3
            order by due, owner, name limit $4
        ) t order by t.due, t.owner, t.name limit $4)
        union all
        (select t.owner, t.partition, t.name, t.id, t.due
        from unnest($2::int4[]) as p(partition)
        cross join lateral (
            select * from timer
            where tenant = $1 and partition = p.partition and due > $3
            order by due, owner, name limit 1
        ) t order by t.due, t.owner, t.name limit 1)",
    )
    .bind(TENANT)
    .bind(partitions.iter().map(|partition| signed(*partition)).collect::<Vec<_>>())
    .bind(now)
    .bind(limit.saturating_add(1))
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    let mut timers = rows.iter().map(timer).collect::<StoreResult<Vec<_>>>()?;
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

fn timer(row: &PgRow) -> StoreResult<DueTimer> {
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
