//! What the owner before left undone.

use convene_core::effect::BotCall;
use convene_runtime::ports::store::{Hop, Parcel, StoreError, StoreResult, TENANT, Unfinished};
use sqlx::Row;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use crate::error::store_error;
use crate::unsigned;

/// Hops for these partitions, in the order in which they were written.
pub(crate) async fn hops(pool: &SqlitePool, partitions: &[u32]) -> StoreResult<Vec<Hop>> {
    read_hops(pool, partitions, false).await
}

/// Hops for these partitions, with `from` also those that they asked others for.
async fn read_hops(pool: &SqlitePool, partitions: &[u32], from: bool) -> StoreResult<Vec<Hop>> {
    let partitions = serde_json::Value::from_iter(partitions.iter().copied()).to_string();
    let hops = sqlx::query(
        "select id, partition, coalesce(source, partition) as source, at, ordinal, body from hop
        where tenant = ?1 and (partition in (select value from json_each(?2))
            or ?3 and source in (select value from json_each(?2)))
        order by seq",
    );
    let hops = hops.bind(TENANT).bind(&partitions).bind(from).fetch_all(pool).await.map_err(store_error)?;
    hops.iter().map(hop).collect()
}

/// Hops, publications and bot calls of these partitions.
pub(crate) async fn unfinished(pool: &SqlitePool, partitions: &[u32]) -> StoreResult<Unfinished> {
    let hops = read_hops(pool, partitions, true).await?;
    let partitions = serde_json::Value::from_iter(partitions.iter().copied()).to_string();
    // The lowest number of a batch tells when it was written.
    let publications = sqlx::query(
        "select o.batch, o.partition, coalesce(c.output, '[]') as output
        from (
            select *, min(seq) over (partition by batch) as first from outbox
            where tenant = ?1 and partition in (select value from json_each(?2))
        ) o
        join json_each(o.pointers) p
        left join journal j
            on j.tenant = o.tenant and j.key = p.value ->> 1 and j.version = p.value ->> 2
        left join journal_content c
            on c.tenant = j.tenant and c.key = j.key and c.version = j.version
        order by o.first, p.value ->> 0",
    );
    let calls = sqlx::query(
        "select id, partition, bot, conversation, request, deadline from bot_call
        where tenant = ?1 and partition in (select value from json_each(?2)) order by seq",
    );
    let publications =
        publications.bind(TENANT).bind(&partitions).fetch_all(pool).await.map_err(store_error)?;
    let calls = calls.bind(TENANT).bind(&partitions).fetch_all(pool).await.map_err(store_error)?;
    Ok(Unfinished {
        hops,
        publications: publications.iter().map(publication).collect::<StoreResult<_>>()?,
        bot_calls: calls.iter().map(bot_call).collect::<StoreResult<_>>()?,
    })
}

fn partition(row: &SqliteRow) -> StoreResult<u32> {
    unsigned(row.try_get("partition").map_err(store_error)?)
}

fn hop(row: &SqliteRow) -> StoreResult<Hop> {
    Ok(Hop {
        id: row.try_get("id").map_err(store_error)?,
        partition: partition(row)?,
        source: unsigned(row.try_get("source").map_err(store_error)?)?,
        at: row.try_get("at").map_err(store_error)?,
        ordinal: row.try_get("ordinal").map_err(store_error)?,
        body: row.try_get("body").map_err(store_error)?,
    })
}

fn publication(row: &SqliteRow) -> StoreResult<(Parcel, String)> {
    let parcel = Parcel { batch: row.try_get("batch").map_err(store_error)?, partition: partition(row)? };
    Ok((parcel, row.try_get("output").map_err(store_error)?))
}

fn bot_call(row: &SqliteRow) -> StoreResult<(u32, BotCall)> {
    let id: String = row.try_get("id").map_err(store_error)?;
    let request: &str = row.try_get("request").map_err(store_error)?;
    let request = serde_json::from_str(request)
        .map_err(|error| StoreError::Broken(format!("the request of bot call {id}: {error}")))?;
    let call = BotCall {
        id,
        bot: row.try_get("bot").map_err(store_error)?,
        conversation: row.try_get("conversation").map_err(store_error)?,
        request,
        deadline: row.try_get("deadline").map_err(store_error)?,
    };
    Ok((partition(row)?, call))
}
