//! Writes a batch: all of it, or nothing. Row by row and in order; statements are prepared once.

use convene_core::effect::BotCall;
use convene_runtime::ports::store::{
    Batch, Hop, JournalRow, Parcel, RecordWrite, StateWrite, StoreError, StoreResult, TENANT, TimerWrite,
    Unpublished,
};
use sqlx::{SqliteConnection, SqlitePool};

use crate::error::{conflict, store_error};
use crate::{begin, directory, reports};

/// Commits a batch.
pub(crate) async fn commit(pool: &SqlitePool, batch: &Batch) -> StoreResult<()> {
    let mut transaction = begin(pool).await?;
    let connection = &mut *transaction;
    check_fence(connection, &batch.fence).await?;
    write_seen(connection, batch).await?;
    write_states(connection, &batch.states).await?;
    write_routing(connection, batch.routing_version, &batch.records).await?;
    write_journal(connection, &batch.journal).await?;
    write_outbox(connection, &batch.unpublished, &batch.published).await?;
    write_timers(connection, &batch.timers).await?;
    write_hops(connection, &batch.hops, &batch.hops_done).await?;
    write_calls(connection, &batch.bot_calls, &batch.bot_calls_done).await?;
    directory::write(connection, &batch.directory).await?;
    reports::write(connection, &batch.reports).await?;
    transaction.commit().await.map_err(store_error)
}

/// There is one engine, but a batch of an opening before must not be written into this one.
async fn check_fence(connection: &mut SqliteConnection, fence: &[(u32, i64)]) -> StoreResult<()> {
    let mut lost = Vec::new();
    for (partition, epoch) in fence {
        let held: Option<i64> = sqlx::query_scalar(
            "select 1 from partition_lease where tenant = ?1 and partition = ?2 and epoch = ?3 and owner is not null",
        )
        .bind(TENANT)
        .bind(i64::from(*partition))
        .bind(epoch)
        .fetch_optional(&mut *connection)
        .await
        .map_err(store_error)?;
        if held.is_none() {
            lost.push(*partition);
        }
    }
    if lost.is_empty() { Ok(()) } else { Err(StoreError::Fenced { partitions: lost }) }
}

async fn write_seen(connection: &mut SqliteConnection, batch: &Batch) -> StoreResult<()> {
    let mut before = Vec::new();
    for (id, at) in &batch.seen {
        let written = sqlx::query(
            "insert into seen (tenant, id, at, outcome) values (?1, ?2, ?3, ?4) on conflict do nothing",
        )
        .bind(TENANT)
        .bind(id)
        .bind(at)
        .bind(batch.outcomes.get(id))
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
        if written.rows_affected() == 0 {
            before.push(format!("seen:{id}"));
        }
    }
    if before.is_empty() { Ok(()) } else { Err(StoreError::Conflict { keys: before }) }
}

async fn write_states(connection: &mut SqliteConnection, states: &[StateWrite]) -> StoreResult<()> {
    let mut changed = Vec::new();
    for write in states {
        let text = match write.based_on {
            0 => {
                "insert into conversation_state
                    (tenant, key, version, partition, open, name, customer, room, body)
                values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) on conflict do nothing"
            }
            _ => {
                "update conversation_state set version = ?3, partition = ?4, open = ?5, name = ?6, customer = ?7,
                    room = ?8, body = ?9
                where tenant = ?1 and key = ?2 and version = ?10"
            }
        };
        let row = &write.row;
        let mut statement = sqlx::query(text)
            .bind(TENANT)
            .bind(&row.key)
            .bind(row.version)
            .bind(i64::from(row.partition))
            .bind(row.open)
            .bind(&row.name)
            .bind(&row.customer)
            .bind(&row.room)
            .bind(&row.body);
        if write.based_on != 0 {
            statement = statement.bind(write.based_on);
        }
        if statement.execute(&mut *connection).await.map_err(store_error)?.rows_affected() == 0 {
            changed.push(row.key.clone());
        }
    }
    if changed.is_empty() { Ok(()) } else { Err(StoreError::Conflict { keys: changed }) }
}

async fn write_routing(
    connection: &mut SqliteConnection,
    version: Option<(i64, i64)>,
    records: &[RecordWrite],
) -> StoreResult<()> {
    if let Some((based_on, new)) = version {
        let text = match based_on {
            0 => {
                "insert into routing_head (tenant, version) select ?1, ?2 where ?3 = 0 on conflict do nothing"
            }
            _ => "update routing_head set version = ?2 where tenant = ?1 and version = ?3",
        };
        let head = sqlx::query(text).bind(TENANT).bind(new).bind(based_on);
        if head.execute(&mut *connection).await.map_err(store_error)?.rows_affected() == 0 {
            return Err(conflict("routing".into()));
        }
    }
    for record in records {
        let statement = match &record.body {
            Some(body) => sqlx::query(
                "insert into routing_record (tenant, key, body) values (?1, ?2, ?3)
                on conflict (tenant, key) do update set body = excluded.body",
            )
            .bind(TENANT)
            .bind(&record.key)
            .bind(body),
            None => sqlx::query("delete from routing_record where tenant = ?1 and key = ?2")
                .bind(TENANT)
                .bind(&record.key),
        };
        statement.execute(&mut *connection).await.map_err(store_error)?;
    }
    Ok(())
}

async fn write_journal(connection: &mut SqliteConnection, rows: &[JournalRow]) -> StoreResult<()> {
    for row in rows {
        sqlx::query(
            "insert into journal
                (tenant, key, version, at, format, input_id, kind, deployment, trace, publishes)
            values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )
        .bind(TENANT)
        .bind(&row.key)
        .bind(row.version)
        .bind(row.at)
        .bind(row.format)
        .bind(&row.input_id)
        .bind(&row.kind)
        .bind(&row.deployment)
        .bind(&row.trace)
        .bind(row.publishes)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
        sqlx::query(
            "insert into journal_content (tenant, key, version, at, input, output)
            values (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .bind(TENANT)
        .bind(&row.key)
        .bind(row.version)
        .bind(row.at)
        .bind(&row.input)
        .bind(&row.output)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    }
    Ok(())
}

async fn write_outbox(
    connection: &mut SqliteConnection,
    unpublished: &[Unpublished],
    published: &[Parcel],
) -> StoreResult<()> {
    for new in unpublished {
        sqlx::query("insert into outbox (tenant, batch, partition, pointers) values (?1, ?2, ?3, ?4)")
            .bind(TENANT)
            .bind(&new.parcel.batch)
            .bind(i64::from(new.parcel.partition))
            .bind(serde_json::to_string(&new.rows).unwrap_or_default())
            .execute(&mut *connection)
            .await
            .map_err(store_error)?;
    }
    for gone in published {
        sqlx::query("delete from outbox where tenant = ?1 and batch = ?2 and partition = ?3")
            .bind(TENANT)
            .bind(&gone.batch)
            .bind(i64::from(gone.partition))
            .execute(&mut *connection)
            .await
            .map_err(store_error)?;
    }
    Ok(())
}

async fn write_timers(connection: &mut SqliteConnection, timers: &[TimerWrite]) -> StoreResult<()> {
    for write in timers {
        let statement = match write {
            TimerWrite::Set { owner, partition, timer } => sqlx::query(
                "insert into timer (tenant, owner, name, partition, id, due) values (?1, ?2, ?3, ?4, ?5, ?6)
                on conflict (tenant, owner, name) do update
                    set partition = excluded.partition, id = excluded.id, due = excluded.due",
            )
            .bind(TENANT)
            .bind(owner)
            .bind(&timer.name)
            .bind(i64::from(*partition))
            .bind(&timer.id)
            .bind(timer.due),
            TimerWrite::Clear { owner, name } => {
                sqlx::query("delete from timer where tenant = ?1 and owner = ?2 and name = ?3")
                    .bind(TENANT)
                    .bind(owner)
                    .bind(name)
            }
            TimerWrite::Drop { owner, timer } => {
                sqlx::query("delete from timer where tenant = ?1 and owner = ?2 and name = ?3 and id = ?4")
                    .bind(TENANT)
                    .bind(owner)
                    .bind(&timer.name)
                    .bind(&timer.id)
            }
        };
        statement.execute(&mut *connection).await.map_err(store_error)?;
    }
    Ok(())
}

async fn write_hops(connection: &mut SqliteConnection, hops: &[Hop], done: &[String]) -> StoreResult<()> {
    for hop in hops {
        sqlx::query(
            "insert into hop (tenant, id, partition, at, ordinal, body, source)
            values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            on conflict do nothing",
        )
        .bind(TENANT)
        .bind(&hop.id)
        .bind(i64::from(hop.partition))
        .bind(hop.at)
        .bind(hop.ordinal)
        .bind(&hop.body)
        .bind(i64::from(hop.source))
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    }
    for id in done {
        sqlx::query("delete from hop where tenant = ?1 and id = ?2")
            .bind(TENANT)
            .bind(id)
            .execute(&mut *connection)
            .await
            .map_err(store_error)?;
    }
    Ok(())
}

async fn write_calls(
    connection: &mut SqliteConnection,
    calls: &[(u32, BotCall)],
    done: &[String],
) -> StoreResult<()> {
    for (partition, call) in calls {
        sqlx::query(
            "insert into bot_call (tenant, id, partition, bot, conversation, request, deadline)
            values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict do nothing",
        )
        .bind(TENANT)
        .bind(&call.id)
        .bind(i64::from(*partition))
        .bind(&call.bot)
        .bind(&call.conversation)
        .bind(call.request.to_string())
        .bind(call.deadline)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    }
    for id in done {
        sqlx::query("delete from bot_call where tenant = ?1 and id = ?2")
            .bind(TENANT)
            .bind(id)
            .execute(&mut *connection)
            .await
            .map_err(store_error)?;
    }
    Ok(())
}
