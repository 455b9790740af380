//! What people ask: conversations, customers, rooms, deployments.

use convene_runtime::ports::store::{ConversationFilter, ServiceLevel, StateRow, StoreResult, TENANT};
use sqlx::{Row, SqlitePool};

use crate::error::store_error;
use crate::find::state;
use crate::list;

/// Keeps the files of a deployment. An id names its content, so the first to write it wins.
pub(crate) async fn keep_deployment(pool: &SqlitePool, id: &str, files: &str, at: i64) -> StoreResult<()> {
    sqlx::query(
        "insert into deployment (tenant, id, files, at) values (?1, ?2, ?3, ?4) on conflict do nothing",
    )
    .bind(TENANT)
    .bind(id)
    .bind(files)
    .bind(at)
    .execute(pool)
    .await
    .map_err(store_error)?;
    Ok(())
}

/// The files of a deployment.
pub(crate) async fn deployment(pool: &SqlitePool, id: &str) -> StoreResult<Option<String>> {
    sqlx::query_scalar("select files from deployment where tenant = ?1 and id = ?2")
        .bind(TENANT)
        .bind(id)
        .fetch_optional(pool)
        .await
        .map_err(store_error)
}

/// Conversations that pass the filter, newest first. The identifier is looked for in live sessions and in the reports
/// of ended ones.
pub(crate) async fn conversations(
    pool: &SqlitePool,
    filter: &ConversationFilter,
) -> StoreResult<Vec<StateRow>> {
    let rows = sqlx::query(
        "select key, version, partition, open, name, customer, room, body from conversation_state s
        where tenant = ?1
            and (json_array_length(?2) = 0 or name in (select value from json_each(?2)))
            and (?3 is null or customer = ?3)
            and (?4 is null
                or key in (select conversation from live_session where tenant = ?1 and identifier = ?4)
                or key in (select conversation_id from channel_session
                    where tenant = ?1 and channel_customer_identifier = substr(?4, 1, 255)))
        order by seq desc limit ?5",
    )
    .bind(TENANT)
    .bind(list(filter.states.iter().map(String::as_str)))
    .bind(filter.customer.as_deref())
    .bind(filter.identifier.as_deref())
    .bind(filter.limit.max(0))
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    rows.iter().map(state).collect()
}

/// A profile and the id of its room.
pub(crate) async fn customer(pool: &SqlitePool, id: &str) -> StoreResult<Option<(String, Option<String>)>> {
    sqlx::query_as(
        "select c.body, r.id from customer c left join room r on r.tenant = c.tenant and r.customer = c.id
        where c.tenant = ?1 and c.id = ?2",
    )
    .bind(TENANT)
    .bind(id)
    .fetch_optional(pool)
    .await
    .map_err(store_error)
}

/// Customer of a room and its conversations, newest first.
pub(crate) async fn room(pool: &SqlitePool, id: &str) -> StoreResult<Option<(String, Vec<String>)>> {
    let customer: Option<String> =
        sqlx::query_scalar("select customer from room where tenant = ?1 and id = ?2")
            .bind(TENANT)
            .bind(id)
            .fetch_optional(pool)
            .await
            .map_err(store_error)?;
    let Some(customer) = customer else { return Ok(None) };
    let conversations = sqlx::query_scalar(
        "select key from conversation_state where tenant = ?1 and room = ?2 order by seq desc",
    )
    .bind(TENANT)
    .bind(id)
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    Ok(Some((customer, conversations)))
}

/// Number of conversations that are not closed.
pub(crate) async fn open_conversations(pool: &SqlitePool) -> StoreResult<i64> {
    sqlx::query_scalar("select count(*) from conversation_state where tenant = ?1 and open")
        .bind(TENANT)
        .fetch_one(pool)
        .await
        .map_err(store_error)
}

/// The conversation of a closed task.
pub(crate) async fn conversation_of_task(pool: &SqlitePool, task: &str) -> StoreResult<Option<String>> {
    sqlx::query_scalar("select conversation_id from agent_task where tenant = ?1 and agent_task_id = ?2")
        .bind(TENANT)
        .bind(task)
        .fetch_optional(pool)
        .await
        .map_err(store_error)
}

/// What the tasks of each queue count for.
pub(crate) async fn service_level(pool: &SqlitePool, since: i64) -> StoreResult<Vec<ServiceLevel>> {
    let rows = sqlx::query(
        "select queue_id, count(*), sum(answered), sum(abandoned), sum(rona), sum(no_agent), sum(within),
            sum(answered and within), sum(abandoned and within), sum(rona and within)
        from task_service_level
        where tenant = ?1 and task_end_time >= strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch')
        group by queue_id order by queue_id",
    )
    .bind(TENANT)
    .bind(since)
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    let one = |row: &sqlx::sqlite::SqliteRow| {
        let mut counts = [0; 9];
        for (i, count) in counts.iter_mut().enumerate() {
            *count = row.try_get(i + 1).map_err(store_error)?;
        }
        Ok(ServiceLevel::of(row.try_get(0).map_err(store_error)?, counts))
    };
    rows.iter().map(one).collect()
}
