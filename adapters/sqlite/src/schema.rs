//! The schema, step by step.

use convene_runtime::ports::store::{StoreError, StoreResult};
use sqlx::SqlitePool;

use crate::begin;
use crate::error::store_error;

/// All steps in order, named as those of the Postgres store. Append only: a step that was released is never changed.
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

/// Takes the steps not yet taken, all in one transaction.
///
/// # Errors
/// [`StoreError::Broken`] when the file has steps this binary does not know: it belongs to a newer release.
pub(crate) async fn migrate(pool: &SqlitePool) -> StoreResult<Vec<String>> {
    let mut transaction = begin(pool).await?;
    sqlx::raw_sql(
        "create table if not exists schema_migration (
            name text primary key,
            applied_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
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
        sqlx::query("insert into schema_migration (name) values (?1)")
            .bind(*name)
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        steps.push((*name).to_owned());
    }
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
