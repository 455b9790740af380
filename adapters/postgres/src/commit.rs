//! Writes a batch: all of it, or nothing.

use convene_runtime::ports::store::{Batch, JournalRow, StateRow, StoreResult, TENANT, Unpublished};
use sqlx::postgres::{PgArguments, PgPool};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, PgConnection, Postgres};

use crate::error::store_error;
use crate::fold::Net;
use crate::text::{choose, clean, column, signed, texts};
use crate::{directory, reports};

type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// Commits a batch. Without directory changes and reporting rows it is one statement, hence one round trip.
pub(crate) async fn commit(pool: &PgPool, batch: &Batch) -> StoreResult<()> {
    let net = Net::of(batch)?;
    if batch.directory.is_empty() && batch.reports.is_empty() {
        let mut connection = pool.acquire().await.map_err(store_error)?;
        return write(&mut connection, batch, &net).await;
    }
    let mut transaction = pool.begin().await.map_err(store_error)?;
    write(&mut transaction, batch, &net).await?;
    directory::write(&mut transaction, &batch.directory).await?;
    reports::write(&mut transaction, &batch.reports).await?;
    transaction.commit().await.map_err(store_error)
}

/// Runs `commit.sql`. The order of the `bind_…` calls is the order of its parameters.
async fn write(connection: &mut PgConnection, batch: &Batch, net: &Net<'_>) -> StoreResult<()> {
    let mut fence: Vec<(i32, i64)> =
        batch.fence.iter().map(|(partition, epoch)| (signed(*partition), *epoch)).collect();
    fence.sort_unstable();
    fence.dedup();
    let text = choose(include_str!("sql/commit.sql"), |part| has(part, batch, net));
    let statement = sqlx::query(AssertSqlSafe(text))
        .bind(TENANT)
        .bind(column(&fence, |(partition, _)| *partition))
        .bind(column(&fence, |(_, epoch)| *epoch))
        .bind(net.seen.keys().map(|id| clean(id)).collect::<Vec<_>>())
        .bind(net.seen.values().map(|(at, _)| *at).collect::<Vec<_>>());
    let statement = bind_journal(statement, &batch.journal);
    let statement = bind_outbox(statement, batch);
    let statement = bind_states(statement, net);
    let statement = bind_routing(statement, batch.routing_version, net);
    let statement = bind_timers(statement, net);
    let statement = bind_hops_and_calls(statement, net);
    let statement =
        statement.bind(net.seen.values().map(|(_, outcome)| outcome.map(clean)).collect::<Vec<_>>());
    let statement = statement.bind(column(&net.hops_new, |hop| signed(hop.source)));
    let statement = statement.bind(column(&net.timers_gone, |(.., setting)| setting.map(clean)));
    statement.execute(connection).await.map_err(store_error)?;
    Ok(())
}

/// Whether a part of `commit.sql` has anything to write.
fn has(part: &str, batch: &Batch, net: &Net<'_>) -> bool {
    match part {
        "outbox" => !batch.unpublished.is_empty() || !batch.published.is_empty(),
        "states_new" => !net.states_new.is_empty(),
        "states_next" => !net.states_next.is_empty(),
        "routing" => batch.routing_version.is_some(),
        "records" => !net.records_set.is_empty() || !net.records_gone.is_empty(),
        "timers" => !net.timers_set.is_empty() || !net.timers_gone.is_empty(),
        "hops" => !net.hops_new.is_empty() || !net.hops_gone.is_empty(),
        "calls" => !net.calls_new.is_empty() || !net.calls_gone.is_empty(),
        // A part nobody knows is never left out.
        _ => true,
    }
}

fn bind_journal<'q>(statement: Statement<'q>, rows: &[JournalRow]) -> Statement<'q> {
    statement
        .bind(texts(rows, |row| &row.key))
        .bind(column(rows, |row| row.version))
        .bind(column(rows, |row| row.at))
        .bind(column(rows, |row| row.format))
        .bind(texts(rows, |row| &row.input_id))
        .bind(texts(rows, |row| &row.kind))
        .bind(texts(rows, |row| &row.deployment))
        .bind(texts(rows, |row| &row.trace))
        .bind(column(rows, |row| row.publishes))
        .bind(texts(rows, |row| &row.input))
        .bind(texts(rows, |row| &row.output))
}

/// A parcel is marked by a later batch than the one that wrote it: the two lists never meet.
fn bind_outbox<'q>(statement: Statement<'q>, batch: &Batch) -> Statement<'q> {
    let pointers = |new: &Unpublished| serde_json::to_string(&new.rows).unwrap_or_default();
    statement
        .bind(texts(&batch.unpublished, |new| &new.parcel.batch))
        .bind(column(&batch.unpublished, |new| signed(new.parcel.partition)))
        .bind(column(&batch.unpublished, pointers))
        .bind(texts(&batch.published, |gone| &gone.batch))
        .bind(column(&batch.published, |gone| signed(gone.partition)))
}

fn bind_states<'q>(statement: Statement<'q>, net: &Net<'_>) -> Statement<'q> {
    let next: Vec<&StateRow> = net.states_next.iter().map(|(row, _)| *row).collect();
    let based_on: Vec<i64> = net.states_next.iter().map(|(_, based_on)| *based_on).collect();
    bind_state_rows(bind_state_rows(statement, &net.states_new), &next).bind(based_on)
}

fn bind_state_rows<'q>(statement: Statement<'q>, rows: &[&StateRow]) -> Statement<'q> {
    statement
        .bind(texts(rows, |row| &row.key))
        .bind(column(rows, |row| row.version))
        .bind(column(rows, |row| signed(row.partition)))
        .bind(column(rows, |row| row.open))
        .bind(texts(rows, |row| &row.name))
        .bind(texts(rows, |row| &row.customer))
        .bind(texts(rows, |row| &row.room))
        .bind(texts(rows, |row| &row.body))
}

fn bind_routing<'q>(statement: Statement<'q>, version: Option<(i64, i64)>, net: &Net<'_>) -> Statement<'q> {
    statement
        .bind(version.map(|(based_on, _)| based_on))
        .bind(version.map(|(_, new)| new))
        .bind(texts(&net.records_set, |(key, _)| key))
        .bind(texts(&net.records_set, |(_, body)| body))
        .bind(texts(&net.records_gone, |key| key))
}

fn bind_timers<'q>(statement: Statement<'q>, net: &Net<'_>) -> Statement<'q> {
    statement
        .bind(texts(&net.timers_set, |(owner, ..)| owner))
        .bind(texts(&net.timers_set, |(.., timer)| &timer.name))
        .bind(column(&net.timers_set, |(_, partition, _)| signed(*partition)))
        .bind(texts(&net.timers_set, |(.., timer)| &timer.id))
        .bind(column(&net.timers_set, |(.., timer)| timer.due))
        .bind(texts(&net.timers_gone, |(owner, ..)| owner))
        .bind(texts(&net.timers_gone, |(_, name, _)| name))
}

fn bind_hops_and_calls<'q>(statement: Statement<'q>, net: &Net<'_>) -> Statement<'q> {
    statement
        .bind(texts(&net.hops_new, |hop| &hop.id))
        .bind(column(&net.hops_new, |hop| signed(hop.partition)))
        .bind(column(&net.hops_new, |hop| hop.at))
        .bind(column(&net.hops_new, |hop| hop.ordinal))
        .bind(texts(&net.hops_new, |hop| &hop.body))
        .bind(texts(&net.hops_gone, |id| id))
        .bind(texts(&net.calls_new, |(_, call)| &call.id))
        .bind(column(&net.calls_new, |(partition, _)| signed(*partition)))
        .bind(texts(&net.calls_new, |(_, call)| &call.bot))
        .bind(texts(&net.calls_new, |(_, call)| &call.conversation))
        .bind(column(&net.calls_new, |(_, call)| call.request.to_string()))
        .bind(column(&net.calls_new, |(_, call)| call.deadline))
        .bind(texts(&net.calls_gone, |id| id))
}
