//! Writes reporting rows (`domain.md` section 6).

use std::collections::BTreeMap;

use convene_core::report::{AgentStateRow, ReportRow};
use convene_runtime::ports::store::{StoreError, StoreResult, TENANT};
use serde_json::Value;
use sqlx::PgConnection;

use crate::error::store_error;

/// Number of reporting tables; `reports.sql` has a parameter for each.
const TABLES: usize = 10;
/// A NUL as JSON writes it. The database cannot keep one.
const NUL: &str = "\\u0000";

/// Writes the rows; the last one of a key wins.
pub(crate) async fn write(connection: &mut PgConnection, rows: &[ReportRow]) -> StoreResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut statement = sqlx::query(include_str!("sql/reports.sql")).bind(TENANT);
    for list in lists(rows)? {
        statement = statement.bind(list);
    }
    statement.execute(connection).await.map_err(store_error)?;
    Ok(())
}

/// One JSON list for each table, in the order of the parameters.
fn lists(rows: &[ReportRow]) -> StoreResult<Vec<String>> {
    let mut tables: [BTreeMap<Vec<String>, String>; TABLES] = Default::default();
    for row in rows {
        let (table, key) = place(row);
        let row =
            json(row).map_err(|error| StoreError::Broken(format!("a reporting row as JSON: {error}")))?;
        if let Some(rows) = tables.get_mut(table) {
            rows.insert(key, row);
        }
    }
    let list = |rows: BTreeMap<Vec<String>, String>| {
        format!("[{}]", rows.into_values().collect::<Vec<_>>().join(","))
    };
    Ok(tables.into_iter().map(list).collect())
}

/// Table and key of a row. The key is cut as the column cuts it: two rows that become one in the table must be one
/// here, since one statement cannot write a row twice.
fn place(row: &ReportRow) -> (usize, Vec<String>) {
    match row {
        ReportRow::Conversation(row) => (0, vec![cut(&row.conversation_id)]),
        ReportRow::ChannelSession(row) => (1, vec![cut(&row.session_id)]),
        ReportRow::ConversationParticipant(row) => (2, vec![cut(&row.id)]),
        ReportRow::ConversationData(row) => (3, vec![cut(&row.conversation_id), cut(&row.key)]),
        ReportRow::AgentTask(row) => (4, vec![cut(&row.agent_task_id)]),
        ReportRow::WrapupDetail(row) => {
            let time = clamped(row.wrapup_time).to_string();
            (5, vec![cut(&row.conversation_id), cut(&row.agent_id), time, row.ordinal.to_string()])
        }
        ReportRow::ConversationHoldResume(row) => {
            let time = clamped(row.event_timestamp).to_string();
            (6, vec![cut(&row.conversation_id), time, cut(&row.conversation_state)])
        }
        ReportRow::AgentState(row) => (7, state_key(row)),
        ReportRow::AgentMrdState(row) => (8, state_key(row)),
        ReportRow::Queue(row) => (9, vec![cut(&row.queue_id)]),
    }
}

fn state_key(row: &AgentStateRow) -> Vec<String> {
    let medium = cut(row.mrd_id.as_deref().unwrap_or_default());
    vec![cut(&row.agent_id), medium, clamped(row.state_change_time).to_string(), row.agent_state.clone()]
}

/// The first 50 characters: the width of every key column.
fn cut(text: &str) -> String {
    text.chars().map(|character| if character == '\0' { '\u{fffd}' } else { character }).take(50).collect()
}

/// The time as `convene_time` of the schema keeps it.
fn clamped(ms: i64) -> i64 {
    ms.clamp(-62_135_596_800_000, 253_402_300_799_999)
}

/// The row as JSON without any NUL.
fn json(row: &ReportRow) -> serde_json::Result<String> {
    let text = serde_json::to_string(row)?;
    if !text.contains(NUL) {
        return Ok(text);
    }
    let mut value = serde_json::to_value(row)?;
    for field in value.as_object_mut().into_iter().flat_map(|fields| fields.values_mut()) {
        if let Value::String(text) = field {
            *text = text.replace('\0', "\u{fffd}");
        }
    }
    serde_json::to_string(&value)
}
