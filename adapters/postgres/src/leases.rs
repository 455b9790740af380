//! Who owns which partition, by the clock of the database.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use convene_runtime::ports::store::{Lease, StoreError, StoreResult, TENANT};
use sqlx::postgres::PgPool;
use sqlx::{PgConnection, Row};

use crate::error::store_error;
use crate::schema::MONTHS_AHEAD;
use crate::text::{clean, signed, unsigned};

/// How often the months ahead of the journal are looked after.
const AHEAD_EVERY: Duration = Duration::from_secs(3600);

/// When the months ahead of the journal were looked after last.
pub(crate) type Ahead = Mutex<Option<Instant>>;

/// Proves that a commit succeeds: writes one row. On a replica this is refused.
pub(crate) async fn ready(pool: &PgPool) -> StoreResult<()> {
    sqlx::query(
        "insert into readiness (tenant, checked_at) values ($1, now())
        on conflict (tenant) do update set checked_at = excluded.checked_at",
    )
    .bind(TENANT)
    .execute(pool)
    .await
    .map_err(store_error)?;
    Ok(())
}

/// Says that this engine is alive, renews what it holds, and claims free or expired partitions while it holds less
/// than its fair share. What it holds above that stays: giving back is the caller's decision.
pub(crate) async fn lease(
    pool: &PgPool,
    ahead: &Ahead,
    engine: &str,
    partitions: u32,
    lease_ms: i64,
) -> StoreResult<Vec<Lease>> {
    let engine = clean(engine);
    let mut transaction = pool.begin().await.map_err(store_error)?;
    heartbeat(&mut transaction, &engine, partitions, lease_ms).await.map_err(store_error)?;
    let held = renew(&mut transaction, &engine, partitions, lease_ms).await.map_err(store_error)?;
    let share = share(&mut transaction, partitions).await?;
    let claims = i64::from(share) - i64::try_from(held).unwrap_or(i64::MAX);
    if claims > 0 {
        claim(&mut transaction, &engine, partitions, lease_ms, claims).await.map_err(store_error)?;
    }
    let rows = sqlx::query(
        "select partition, epoch from partition_lease
        where tenant = $1 and owner = $2 and partition < $3 order by partition",
    )
    .bind(TENANT)
    .bind(&*engine)
    .bind(signed(partitions))
    .fetch_all(&mut *transaction)
    .await
    .map_err(store_error)?;
    transaction.commit().await.map_err(store_error)?;
    look_ahead(pool, ahead).await;
    rows.iter()
        .map(|row| {
            Ok(Lease {
                partition: unsigned(row.try_get("partition").map_err(store_error)?)?,
                epoch: row.try_get("epoch").map_err(store_error)?,
            })
        })
        .collect()
}

/// The engine's heartbeat, and a row for each partition.
async fn heartbeat(
    connection: &mut PgConnection,
    engine: &str,
    partitions: u32,
    lease_ms: i64,
) -> sqlx::Result<()> {
    sqlx::query(
        "with partitions as (
            insert into partition_lease (tenant, partition)
            select $1, n from generate_series(0, $3 - 1) n
            where not exists (select from partition_lease p where p.tenant = $1 and p.partition = n)
            on conflict do nothing
        )
        insert into engine (tenant, name, alive_until)
        values ($1, $2, clock_timestamp() + $4 * interval '1 millisecond')
        on conflict (tenant, name) do update set alive_until = excluded.alive_until",
    )
    .bind(TENANT)
    .bind(engine)
    .bind(signed(partitions))
    .bind(lease_ms)
    .execute(connection)
    .await?;
    Ok(())
}

/// Renews what the engine holds and tells how many that are. A lease that expired but was not taken over is still its
/// own. Rows are locked in the order of their numbers, as a commit does.
async fn renew(
    connection: &mut PgConnection,
    engine: &str,
    partitions: u32,
    lease_ms: i64,
) -> sqlx::Result<u64> {
    let renewed = sqlx::query(
        "with own as (
            select partition from partition_lease
            where tenant = $1 and owner = $2 and partition < $3 order by partition for no key update
        )
        update partition_lease l set expires_at = clock_timestamp() + $4 * interval '1 millisecond'
        from own where l.tenant = $1 and l.partition = own.partition",
    )
    .bind(TENANT)
    .bind(engine)
    .bind(signed(partitions))
    .bind(lease_ms)
    .execute(connection)
    .await?;
    Ok(renewed.rows_affected())
}

/// Claims up to `claims` partitions nobody holds. Those another engine is claiming at this moment are passed over.
async fn claim(
    connection: &mut PgConnection,
    engine: &str,
    partitions: u32,
    lease_ms: i64,
    claims: i64,
) -> sqlx::Result<()> {
    sqlx::query(
        "with free as (
            select partition from partition_lease
            where tenant = $1 and partition < $3 and owner is distinct from $2
                and (owner is null or expires_at < clock_timestamp())
            order by partition limit $5 for no key update skip locked
        )
        update partition_lease l set owner = $2, epoch = l.epoch + 1,
            expires_at = clock_timestamp() + $4 * interval '1 millisecond'
        from free where l.tenant = $1 and l.partition = free.partition",
    )
    .bind(TENANT)
    .bind(engine)
    .bind(signed(partitions))
    .bind(lease_ms)
    .bind(claims)
    .execute(connection)
    .await?;
    Ok(())
}

/// `partitions` divided by the engines alive, rounded up.
pub(crate) async fn fair_share(pool: &PgPool, partitions: u32) -> StoreResult<u32> {
    let mut connection = pool.acquire().await.map_err(store_error)?;
    share(&mut connection, partitions).await
}

async fn share(connection: &mut PgConnection, partitions: u32) -> StoreResult<u32> {
    let alive: i64 = sqlx::query_scalar(
        "select count(*) from engine where tenant = $1 and alive_until > clock_timestamp()",
    )
    .bind(TENANT)
    .fetch_one(connection)
    .await
    .map_err(store_error)?;
    let alive = u32::try_from(alive.max(1)).map_err(|error| StoreError::Broken(error.to_string()))?;
    Ok(partitions.div_ceil(alive))
}

/// Gives leases back. An engine that holds none any more no longer counts as alive, so that the others need not wait
/// for its heartbeat to run out; its next [`lease`] brings it back.
pub(crate) async fn release(pool: &PgPool, engine: &str, partitions: &[u32]) -> StoreResult<()> {
    let mut transaction = pool.begin().await.map_err(store_error)?;
    sqlx::query(
        "with own as (
            select partition from partition_lease
            where tenant = $1 and owner = $2 and partition = any($3) order by partition for no key update
        )
        update partition_lease l set owner = null, expires_at = clock_timestamp()
        from own where l.tenant = $1 and l.partition = own.partition",
    )
    .bind(TENANT)
    .bind(clean(engine))
    .bind(partitions.iter().map(|partition| signed(*partition)).collect::<Vec<_>>())
    .execute(&mut *transaction)
    .await
    .map_err(store_error)?;
    sqlx::query(
        "update engine e set alive_until = clock_timestamp() where e.tenant = $1 and e.name = $2
            and not exists (select from partition_lease l where l.tenant = $1 and l.owner = $2)",
    )
    .bind(TENANT)
    .bind(clean(engine))
    .execute(&mut *transaction)
    .await
    .map_err(store_error)?;
    transaction.commit().await.map_err(store_error)
}

/// Makes journal partitions for the months to come, once an hour. Never fails a lease: rows of a month without a
/// partition go to the default one.
async fn look_ahead(pool: &PgPool, ahead: &Ahead) {
    {
        let mut last = ahead.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.is_some_and(|at| at.elapsed() < AHEAD_EVERY) {
            return;
        }
        *last = Some(Instant::now());
    }
    if let Err(error) = sqlx::query("select convene_journal_ahead($1)").bind(MONTHS_AHEAD).execute(pool).await
    {
        tracing::warn!(%error, "journal partitions of the coming months were not made; the next try is in an hour");
    }
}
