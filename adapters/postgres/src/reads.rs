//! What people ask: conversations, customers, rooms, deployments.

use convene_runtime::ports::store::{
    ConversationFilter, ServiceLevel, StateRow, StoreError, StoreResult, TENANT,
};
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};

use crate::error::store_error;
use crate::text::{clean, unsigned};

/// Keeps the files of a deployment. An id names its content, so the first to write it wins.
pub(crate) async fn keep_deployment(pool: &PgPool, id: &str, files: &str, at: i64) -> StoreResult<()> {
    sqlx::query(
        "insert into deployment (tenant, id, files, at) values ($1, $2, $3, $4) on conflict do nothing",
    )
    .bind(TENANT)
    .bind(clean(id))
    .bind(clean(files))
    .bind(at)
    .execute(pool)
    .await
    .map_err(store_error)?;
    Ok(())
}

/// The files of a deployment.
pub(crate) async fn deployment(pool: &PgPool, id: &str) -> StoreResult<Option<String>> {
    sqlx::query_scalar("select files from deployment where tenant = $1 and id = $2")
        .bind(TENANT)
        .bind(clean(id))
        .fetch_optional(pool)
        .await
        .map_err(store_error)
}

/// Conversations that pass the filter, newest first. The identifier is looked for in live sessions and in the reports
/// of ended ones.
pub(crate) async fn conversations(pool: &PgPool, filter: &ConversationFilter) -> StoreResult<Vec<StateRow>> {
    let rows = sqlx::query(
        "select key, version, partition, open, name, customer, room, body from conversation_state s
        where tenant = $1
            and (cardinality($2::text[]) = 0 or name = any($2))
            and ($3::text is null or customer = $3)
            and ($4::text is null
                or key in (select conversation from live_session where tenant = $1 and identifier = $4)
                or key in (select conversation_id from channel_session
                    where tenant = $1 and channel_customer_identifier = left($4, 255)))
        order by seq desc limit $5",
    )
    .bind(TENANT)
    .bind(&filter.states)
    .bind(filter.customer.as_deref().map(clean))
    .bind(filter.identifier.as_deref().map(clean))
    .bind(filter.limit.max(0))
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    rows.iter().map(state).collect()
}

fn state(row: &PgRow) -> StoreResult<StateRow> {
    Ok(StateRow {
        key: row.try_get("key").map_err(store_error)?,
        version: row.try_get("version").map_err(store_error)?,
        partition: unsigned(row.try_get("partition").map_err(store_error)?)?,
        open: row.try_get("open").map_err(store_error)?,
        name: row.try_get("name").map_err(store_error)?,
        customer: row.try_get("customer").map_err(store_error)?,
        room: row.try_get("room").map_err(store_error)?,
        body: row.try_get("body").map_err(store_error)?,
    })
}

/// A profile and the id of its room.
pub(crate) async fn customer(pool: &PgPool, id: &str) -> StoreResult<Option<(String, Option<String>)>> {
    sqlx::query_as(
        "select c.body, r.id from customer c left join room r on r.tenant = c.tenant and r.customer = c.id
        where c.tenant = $1 and c.id = $2",
    )
    .bind(TENANT)
    .bind(clean(id))
    .fetch_optional(pool)
    .await
    .map_err(store_error)
}

/// Customer of a room and its conversations, newest first.
pub(crate) async fn room(pool: &PgPool, id: &str) -> StoreResult<Option<(String, Vec<String>)>> {
    sqlx::query_as(
        "select r.customer, array(
            select key from conversation_state s where s.tenant = r.tenant and s.room = r.id order by s.seq desc
        ) from room r where r.tenant = $1 and r.id = $2",
    )
    .bind(TENANT)
    .bind(clean(id))
    .fetch_optional(pool)
    .await
    .map_err(store_error)
}

/// Number of conversations that are not closed.
pub(crate) async fn open_conversations(pool: &PgPool) -> StoreResult<i64> {
    sqlx::query_scalar("select count(*) from conversation_state where tenant = $1 and open")
        .bind(TENANT)
        .fetch_one(pool)
        .await
        .map_err(store_error)
}

/// The conversation of a closed task.
pub(crate) async fn conversation_of_task(pool: &PgPool, task: &str) -> StoreResult<Option<String>> {
    sqlx::query_scalar(
        "select conversation_id::text from agent_task where tenant = $1 and agent_task_id = $2",
    )
    .bind(TENANT)
    .bind(clean(task))
    .fetch_optional(pool)
    .await
    .map_err(store_error)
}

/// What the tasks of each queue count for.
pub(crate) async fn service_level(pool: &PgPool, since: i64) -> StoreResult<Vec<ServiceLevel>> {
    let rows: Vec<(String, [i64; 9])> = sqlx::query(
        "select queue_id::text as queue, array[
            count(*), count(*) filter (where answered), count(*) filter (where abandoned),
            count(*) filter (where rona), count(*) filter (where no_agent), sum(within),
            count(*) filter (where answered and within = 1), count(*) filter (where abandoned and within = 1),
            count(*) filter (where rona and within = 1)
        ]::int8[] as counts
        from task_service_level where tenant = $1 and task_end_time >= convene_time($2)
        group by queue_id order by queue_id",
    )
    .bind(TENANT)
    .bind(since)
    .fetch_all(pool)
    .await
    .map_err(store_error)?
    .iter()
    .map(|row| {
        let counts: Vec<i64> = row.try_get("counts").map_err(store_error)?;
        let counts = counts.try_into().map_err(|_| StoreError::Broken("service level".into()))?;
        Ok((row.try_get("queue").map_err(store_error)?, counts))
    })
    .collect::<StoreResult<_>>()?;
    Ok(rows.into_iter().map(|(queue, counts)| ServiceLevel::of(queue, counts)).collect())
}
