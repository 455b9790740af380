//! Writes reporting rows (`domain.md` section 6).

use convene_core::report::ReportRow;
use convene_runtime::ports::store::{StoreError, StoreResult, TENANT};
use serde_json::Value;
use sqlx::SqliteConnection;

use crate::error::store_error;

/// Times a report can show, epoch ms: years 1 to 9999.
const TIME_MIN: i64 = -62_135_596_800_000;
const TIME_MAX: i64 = 253_402_300_799_999;

/// One statement for each table.
const STATEMENTS: [&str; 10] = [
    include_str!("sql/report_conversation.sql"),
    include_str!("sql/report_channel_session.sql"),
    include_str!("sql/report_conversation_participant.sql"),
    include_str!("sql/report_conversation_data.sql"),
    include_str!("sql/report_agent_task.sql"),
    include_str!("sql/report_wrapup_detail.sql"),
    include_str!("sql/report_conversation_hold_resume.sql"),
    include_str!("sql/report_agent_state.sql"),
    include_str!("sql/report_agent_mrd_state.sql"),
    include_str!("sql/report_queue.sql"),
];

/// Writes the rows; the last one of a key wins.
pub(crate) async fn write(connection: &mut SqliteConnection, rows: &[ReportRow]) -> StoreResult<()> {
    let mut tables: [Vec<Value>; STATEMENTS.len()] = Default::default();
    for row in rows {
        let value = serde_json::to_value(row)
            .map_err(|error| StoreError::Broken(format!("a reporting row as JSON: {error}")))?;
        if let Some(table) = tables.get_mut(table(row)) {
            table.push(plain(value));
        }
    }
    for (text, rows) in STATEMENTS.iter().zip(tables).filter(|(_, rows)| !rows.is_empty()) {
        sqlx::query(*text)
            .bind(TENANT)
            .bind(Value::Array(rows).to_string())
            .execute(&mut *connection)
            .await
            .map_err(store_error)?;
    }
    Ok(())
}

fn table(row: &ReportRow) -> usize {
    match row {
        ReportRow::Conversation(_) => 0,
        ReportRow::ChannelSession(_) => 1,
        ReportRow::ConversationParticipant(_) => 2,
        ReportRow::ConversationData(_) => 3,
        ReportRow::AgentTask(_) => 4,
        ReportRow::WrapupDetail(_) => 5,
        ReportRow::ConversationHoldResume(_) => 6,
        ReportRow::AgentState(_) => 7,
        ReportRow::AgentMrdState(_) => 8,
        ReportRow::Queue(_) => 9,
    }
}

/// The row with no NUL in its texts, and no number that is not a time a report can show: a strange value must not fail
/// a commit.
fn plain(mut row: Value) -> Value {
    for field in row.as_object_mut().into_iter().flat_map(|fields| fields.values_mut()) {
        match field {
            Value::String(text) if text.contains('\0') => *text = text.replace('\0', "\u{fffd}"),
            Value::Number(number) => {
                if let Some(number) = number.as_i64() {
                    *field = number.clamp(TIME_MIN, TIME_MAX).into();
                }
            }
            _ => {}
        }
    }
    row
}
