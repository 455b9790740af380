//! Reporting rows.

use convene_core::report::{
    AgentTaskRow, ChannelSessionRow, ConversationRow, DataRow, HoldRow, ParticipantRow, ReportRow, WrapupRow,
};
use convene_runtime::ports::store::{Batch, ConversationFilter, Store};

use super::Fixture;
use super::make::{NOW, state, states, write};

fn reports(rows: impl IntoIterator<Item = ReportRow>) -> Batch {
    Batch { reports: rows.into_iter().collect(), ..Batch::default() }
}

fn task(id: &str, disposition: &str) -> ReportRow {
    ReportRow::AgentTask(AgentTaskRow {
        agent_task_id: id.into(),
        task_disposition: disposition.into(),
        task_end_time: NOW,
        ..AgentTaskRow::default()
    })
}

pub async fn a_row_written_again_is_replaced<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    store.commit(&reports([task("t", "RONA"), task("u", "RONA"), task("t", "DONE")])).await.unwrap();
    store.commit(&reports([task("u", "DONE")])).await.unwrap();
    let rows = fixture
        .column("select agent_task_id || ' ' || task_disposition from agent_task order by agent_task_id")
        .await;
    assert_eq!(rows, ["t DONE", "u DONE"]);
    let times = fixture.column("select cast(task_end_time as text) from agent_task").await;
    assert!(
        times.iter().all(|time| time.starts_with("2024-01-02") && time.contains("03:04:05.678")),
        "{times:?}"
    );
    let empty = fixture.column("select agent_task_id from agent_task where task_queue_time is null").await;
    assert_eq!(empty.len(), 2);
}

pub async fn strange_values_are_cut_to_fit<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let long = "ü".repeat(400);
    let row = |tail: &str, end_time| {
        ReportRow::Conversation(ConversationRow {
            conversation_id: format!("{long}{tail}"),
            customer_name: format!("a\0\\u0000{long}"),
            disposition: long.clone(),
            end_time,
            conversation_duration: i64::MAX,
            ..ConversationRow::default()
        })
    };
    // Two keys that the width of the column makes one.
    store.commit(&reports([row("one", i64::MAX), row("two", i64::MIN)])).await.unwrap();
    let widths = fixture
        .column("select length(conversation_id) || ' ' || length(customer_name) || ' ' || length(disposition) from conversation")
        .await;
    assert_eq!(widths, ["50 50 20"]);
    assert_eq!(
        fixture.column("select cast(conversation_duration as text) from conversation").await,
        ["2147483647"]
    );
    let name = fixture.column("select customer_name from conversation").await.remove(0);
    assert!(name.starts_with("a\u{fffd}\\u0000ü"), "{name}");
    let notes = WrapupRow { notes: Some("x".repeat(351)), wrapup_time: NOW, ..WrapupRow::default() };
    store.commit(&reports([ReportRow::WrapupDetail(notes)])).await.unwrap();
    assert_eq!(fixture.column("select cast(length(notes) as text) from wrapup_detail").await, ["350"]);
}

pub async fn every_table_takes_its_row<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let session = ChannelSessionRow {
        session_id: "s".into(),
        conversation_id: "c".into(),
        channel_customer_identifier: Some("4917".into()),
        ..ChannelSessionRow::default()
    };
    let data = DataRow { conversation_id: "c".into(), key: "k".into(), value: "v".into() };
    let rows = || {
        [
            ReportRow::Conversation(ConversationRow::default()),
            ReportRow::ChannelSession(session.clone()),
            ReportRow::ConversationParticipant(ParticipantRow {
                id: "p".into(),
                ..ParticipantRow::default()
            }),
            ReportRow::ConversationData(data.clone()),
            task("t", "DONE"),
            ReportRow::WrapupDetail(WrapupRow { ordinal: 2, wrapup_time: NOW, ..WrapupRow::default() }),
            ReportRow::ConversationHoldResume(HoldRow { event_timestamp: NOW, ..HoldRow::default() }),
        ]
    };
    store.commit(&reports(rows())).await.unwrap();
    store.commit(&reports(rows())).await.unwrap();
    let counts = fixture
        .column(
            "select cast(count(*) as text) from conversation
            union all select cast(count(*) as text) from channel_session
            union all select cast(count(*) as text) from conversation_participant
            union all select cast(count(*) as text) from conversation_data where value = 'v'
            union all select cast(count(*) as text) from agent_task
            union all select cast(count(*) as text) from wrapup_detail where ordinal = 2
            union all select cast(count(*) as text) from conversation_hold_resume",
        )
        .await;
    assert_eq!(counts, ["1"; 7]);
    // An ended session still leads to its conversation.
    store.commit(&states([write(state("c", 1), 0)])).await.unwrap();
    let filter =
        ConversationFilter { identifier: Some("4917".into()), limit: 5, ..ConversationFilter::default() };
    assert_eq!(store.conversations(&filter).await.unwrap(), [state("c", 1)]);
}
