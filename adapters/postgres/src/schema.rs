//! The schema, step by step.

use convene_runtime::ports::store::{StoreError, StoreResult};
use sqlx::PgPool;

use crate::error::store_error;

/// All steps in order. Append only: a step that was released is never changed.
const STEPS: [(&str, &str); 8] = [
    ("0001_conversations", include_str!("../migrations/0001_conversations.sql")),
    ("0002_directory", include_str!("../migrations/0002_directory.sql")),
    ("0003_engines", include_str!("../migrations/0003_engines.sql")),
    ("0004_reports", include_str!("../migrations/0004_reports.sql")),
    ("0005_routing", include_str!("../migrations/0005_routing.sql")),
    ("0006_outbox", include_str!("../migrations/0006_outbox.sql")),
    ("0007_outcomes", include_str!("../migrations/0007_outcomes.sql")),
    ("0008_sources", include_str!("../migrations/0008_sources.sql")),
];

/// Months of journal partitions made in advance.
pub(crate) const MONTHS_AHEAD: i32 = 3;

/// Takes the steps not yet taken, all in one transaction. An advisory lock lets one engine do it while others wait.
///
/// # Errors
/// [`StoreError::Broken`] when the database has steps this binary does not know: it belongs to a newer release.
pub(crate) async fn migrate(pool: &PgPool) -> StoreResult<Vec<String>> {
    let mut transaction = pool.begin().await.map_err(store_error)?;
    // The limits of the connection are for questions; a step takes as long as it takes.
    sqlx::raw_sql("set local statement_timeout = 0; set local lock_timeout = 0")
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    sqlx::query("select pg_advisory_xact_lock(hashtext('convene_migrate'))")
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    sqlx::raw_sql(
        "create table if not exists schema_migration (
            name text collate \"C\" primary key,
            applied_at timestamptz not null default now()
        )",
    )
    .execute(&mut *transaction)
    .await
    .map_err(store_error)?;
    let taken: Vec<String> = sqlx::query_scalar("select name from schema_migration order by name")
        .fetch_all(&mut *transaction)
        .await
        .map_err(store_error)?;
    refuse_newer(&taken)?;
    let mut steps = Vec::new();
    for (name, text) in STEPS.iter().filter(|(name, _)| !taken.iter().any(|done| done == name)) {
        sqlx::raw_sql(*text)
            .execute(&mut *transaction)
            .await
            .map_err(|error| StoreError::Broken(format!("schema step {name} failed: {error}")))?;
        sqlx::query("insert into schema_migration (name) values ($1)")
            .bind(*name)
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        steps.push((*name).to_owned());
    }
    sqlx::query("select convene_journal_ahead($1)")
        .bind(MONTHS_AHEAD)
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    transaction.commit().await.map_err(store_error)?;
    Ok(steps)
}

fn refuse_newer(taken: &[String]) -> StoreResult<()> {
    match taken.iter().find(|done| !STEPS.iter().any(|(name, _)| name == done)) {
        None => Ok(()),
        Some(unknown) => Err(StoreError::Broken(format!(
            "the database has the schema step {unknown}, which this version of convene does not know; \
             run the version that made it, or a newer one"
        ))),
    }
}
