//! A look into the tables of either store, with one vocabulary.

use std::path::Path;
use std::time::Duration;

use convene_core::model::Json;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Row};

/// The tables of a store.
#[derive(Debug, Clone)]
pub enum Truth {
    /// On the server.
    Postgres(PgPool),
    /// In the file.
    Sqlite(SqlitePool),
}

/// Rows of JSON values, in the order of the columns asked for.
pub type Rows = Vec<Vec<Json>>;

impl Truth {
    pub(crate) async fn postgres(url: &str) -> Self {
        let options = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(60));
        Self::Postgres(options.connect(url).await.unwrap())
    }

    pub(crate) async fn sqlite(file: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(20));
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
        Self::Sqlite(pool.unwrap())
    }

    /// Reads columns of a table; `rest` is what follows it, such as `where … order by …`.
    ///
    /// # Errors
    /// What the store says.
    pub async fn try_rows(&self, table: &str, columns: &[&str], rest: &str) -> Result<Rows, sqlx::Error> {
        let list = columns.join(", ");
        let texts: Vec<String> = match self {
            Self::Postgres(pool) => {
                let sql = format!("select json_build_array({list})::text from {table} {rest}");
                let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(pool).await?;
                rows.iter().map(|r| r.get(0)).collect()
            }
            Self::Sqlite(pool) => {
                let sql = format!("select json_array({list}) from {table} {rest}");
                let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(pool).await?;
                rows.iter().map(|r| r.get(0)).collect()
            }
        };
        Ok(texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect())
    }

    /// As [`Self::try_rows`].
    ///
    /// # Panics
    /// The store cannot be read.
    pub async fn rows(&self, table: &str, columns: &[&str], rest: &str) -> Rows {
        self.try_rows(table, columns, rest).await.unwrap_or_else(|e| panic!("{table}: {e}"))
    }

    /// Number of rows.
    pub async fn count(&self, table: &str, rest: &str) -> i64 {
        self.rows(table, &["count(*)"], rest).await[0][0].as_i64().unwrap()
    }

    /// One text column.
    pub async fn texts(&self, table: &str, column: &str, rest: &str) -> Vec<String> {
        let rows = self.rows(table, &[column], rest).await;
        rows.into_iter().map(|mut row| row.remove(0).as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Waits until two engines own partitions.
    ///
    /// # Panics
    /// One of them gets none.
    pub async fn both_own(&self) {
        crate::eventually("both engines own partitions", Duration::from_secs(40), async || {
            let owners =
                self.texts("partition_lease", "owner", "where owner is not null group by owner").await;
            (owners.len() == 2).then_some(())
        })
        .await;
    }

    /// Whether every input is taken and nothing of what it caused is still to be done inside.
    pub async fn settled(&self, inputs: &[String]) -> bool {
        let ids: Vec<String> = inputs.iter().map(|id| format!("'{}'", id.replace('\'', "''"))).collect();
        if !ids.is_empty() {
            let seen = format!("where id in ({})", ids.join(", "));
            match self.try_rows("seen", &["count(*)"], &seen).await {
                Ok(rows) if rows[0][0].as_u64() == Some(inputs.len() as u64) => {}
                _ => return false,
            }
        }
        matches!(self.try_rows("hop", &["count(*)"], "").await, Ok(rows) if rows[0][0] == 0)
    }

    /// Whether everything that was to be published is.
    pub async fn published(&self) -> bool {
        matches!(self.try_rows("outbox", &["count(*)"], "").await, Ok(rows) if rows[0][0] == 0)
    }

    /// Ids of the conversations of a customer's identifier, oldest first.
    pub async fn conversations(&self, identifier: &str) -> Vec<String> {
        let needle = format!("where body like '%\"identifier\":\"{identifier}\"%' order by seq");
        self.texts("conversation_state", "key", &needle).await
    }

    /// The task of a conversation that is offered to an agent now, with that agent.
    pub async fn offer(&self, conversation: &str) -> Option<(String, String)> {
        let bodies = self.texts("routing_record", "body", "where key like 'task:%'").await;
        bodies.iter().find_map(|body| {
            let task: Json = serde_json::from_str(body).ok()?;
            let phase = &task["phase"];
            (task["conversation"] == conversation && phase["phase"] == "RESERVED").then(|| {
                let text = |v: &Json| v.as_str().unwrap_or_default().to_owned();
                (text(&task["id"]), text(&phase["agent"]))
            })
        })
    }

    /// The state of a conversation.
    pub async fn state(&self, conversation: &str) -> String {
        let rest = format!("where key = '{conversation}'");
        self.texts("conversation_state", "name", &rest).await.pop().unwrap_or_default()
    }
}
