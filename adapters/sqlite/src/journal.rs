//! Reads the journal; quarantines; forgets.

use convene_runtime::ports::store::{DeadLetter, JournalRow, StoreResult, TENANT};
use sqlx::Row;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use crate::begin;
use crate::error::store_error;

/// Rows forgotten in one statement: short enough that no commit notices.
const FORGET_ROWS_MAX: i64 = 10_000;

/// The journal of one key. Content that was erased reads as `null` and `[]`.
pub(crate) async fn journal(
    pool: &SqlitePool,
    key: &str,
    after_version: i64,
    limit: i64,
) -> StoreResult<Vec<JournalRow>> {
    let rows = sqlx::query(
        "select j.key, j.version, j.format, j.at, j.input_id, j.kind, j.deployment, j.trace, j.publishes,
            coalesce(c.input, 'null') as input, coalesce(c.output, '[]') as output
        from journal j
        left join journal_content c
            on c.tenant = j.tenant and c.key = j.key and c.version = j.version
        where j.tenant = ?1 and j.key = ?2 and j.version > ?3
        order by j.version limit ?4",
    )
    .bind(TENANT)
    .bind(key)
    .bind(after_version)
    .bind(limit)
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    rows.iter().map(|row| journal_row(row).map_err(store_error)).collect()
}

fn journal_row(row: &SqliteRow) -> sqlx::Result<JournalRow> {
    Ok(JournalRow {
        key: row.try_get("key")?,
        version: row.try_get("version")?,
        format: row.try_get("format")?,
        at: row.try_get("at")?,
        input_id: row.try_get("input_id")?,
        kind: row.try_get("kind")?,
        deployment: row.try_get("deployment")?,
        trace: row.try_get("trace")?,
        input: row.try_get("input")?,
        output: row.try_get("output")?,
        publishes: row.try_get("publishes")?,
    })
}

/// Quarantines an input and marks it seen. Doing it again changes nothing.
pub(crate) async fn bury(pool: &SqlitePool, letter: &DeadLetter) -> StoreResult<()> {
    let mut transaction = begin(pool).await?;
    sqlx::query("insert into seen (tenant, id, at, outcome) values (?1, ?2, ?3, ?4) on conflict do nothing")
        .bind(TENANT)
        .bind(&letter.id)
        .bind(letter.at)
        .bind(&letter.outcome)
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    sqlx::query(
        "insert into dead_letter (tenant, id, at, reason, detail, source, payload)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        on conflict do nothing",
    )
    .bind(TENANT)
    .bind(&letter.id)
    .bind(letter.at)
    .bind(&letter.reason)
    .bind(&letter.detail)
    .bind(&letter.source)
    .bind(&letter.payload)
    .execute(&mut *transaction)
    .await
    .map_err(store_error)?;
    transaction.commit().await.map_err(store_error)
}

/// Forgets input ids older than `before`, a few at a time.
pub(crate) async fn forget_seen(pool: &SqlitePool, before: i64) -> StoreResult<u64> {
    let mut forgotten = 0;
    loop {
        let gone = sqlx::query(
            "delete from seen where tenant = ?1 and id in (
                select id from seen where tenant = ?1 and at < ?2 limit ?3
            )",
        )
        .bind(TENANT)
        .bind(before)
        .bind(FORGET_ROWS_MAX)
        .execute(pool)
        .await
        .map_err(store_error)?
        .rows_affected();
        forgotten += gone;
        if gone == 0 {
            return Ok(forgotten);
        }
    }
}
