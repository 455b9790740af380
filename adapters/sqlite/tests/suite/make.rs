//! Records to commit.

use convene_core::directory::{DirectoryWrite, Live, Previous};
use convene_core::effect::{BotCall, TimerSet};
use convene_core::model::Customer;
use convene_runtime::ports::store::{
    Batch, Hop, JournalRow, Parcel, Pointer, Sender, StateRow, StateWrite, StoreError, TimerWrite,
    Unpublished,
};

/// 2024-01-02T03:04:05.678Z.
pub const NOW: i64 = 1_704_164_645_678;

/// JSON that no parser would print like this: order, spaces, escapes and length must survive.
pub fn odd_json(mark: &str) -> String {
    format!("{{ \"z\":1.0, \"a\" : \"\\u0000 ü \\ud83d\\ude00 😀\\n\",\t\"{mark}\":[ ]}} ")
}

pub fn state(key: &str, version: i64) -> StateRow {
    StateRow {
        key: key.into(),
        version,
        partition: 3,
        open: true,
        name: "ACTIVE".into(),
        customer: format!("customer of {key}"),
        room: format!("room of {key}"),
        body: odd_json(key),
    }
}

pub fn write(row: StateRow, based_on: i64) -> StateWrite {
    StateWrite { row, based_on }
}

pub fn journal(key: &str, version: i64) -> JournalRow {
    JournalRow {
        key: key.into(),
        version,
        format: 7,
        at: NOW + version,
        input_id: format!("input {key} {version}"),
        kind: "command TASK_ACCEPT".into(),
        deployment: "sha".into(),
        trace: odd_json("trace"),
        input: odd_json("input"),
        output: odd_json("output"),
        publishes: true,
    }
}

pub fn parcel(batch: &str, partition: u32) -> Parcel {
    Parcel { batch: batch.into(), partition }
}

/// What a batch publishes for one partition: place, key and version of each row.
pub fn unpublished(batch: &str, partition: u32, rows: &[(u32, &str, i64)]) -> Unpublished {
    let pointer = |(place, key, version): &(u32, &str, i64)| Pointer(*place, (*key).to_owned(), *version);
    Unpublished { parcel: parcel(batch, partition), rows: rows.iter().map(pointer).collect() }
}

pub fn timer(name: &str, id: &str, due: i64) -> TimerSet {
    TimerSet { name: name.into(), id: id.into(), due }
}

pub fn set(owner: &str, partition: u32, timer: TimerSet) -> TimerWrite {
    TimerWrite::Set { owner: owner.into(), partition, timer }
}

pub fn hop(id: &str, partition: u32, at: i64, ordinal: i32) -> Hop {
    Hop { id: id.into(), partition, source: partition, at, ordinal, body: odd_json(id) }
}

/// As [`hop`], asked for by another partition.
pub fn hop_from(source: u32, id: &str, partition: u32) -> Hop {
    Hop { source, ..hop(id, partition, NOW, 0) }
}

pub fn bot_call(id: &str) -> BotCall {
    BotCall {
        id: id.into(),
        bot: "helper".into(),
        conversation: "c".into(),
        request: serde_json::json!({ "text": "hello", "number": 1.5 }),
        deadline: NOW,
    }
}

// A profile has more fields than an id, or will have.
#[allow(clippy::needless_update)]
pub fn customer(id: &str) -> DirectoryWrite {
    let customer = Customer { id: Some(id.into()), ..Customer::default() };
    DirectoryWrite::Customer { customer: Box::new(customer) }
}

pub fn identity(identifier: &str, customer: &str) -> DirectoryWrite {
    DirectoryWrite::Identity {
        attribute: "phone".into(),
        identifier: identifier.into(),
        customer: customer.into(),
    }
}

pub fn room(id: &str, customer: &str) -> DirectoryWrite {
    DirectoryWrite::Room { id: id.into(), customer: customer.into() }
}

pub fn live(conversation: &str) -> Live {
    Live { conversation: conversation.into(), home: 5 }
}

pub fn open(room: &str, conversation: &str) -> DirectoryWrite {
    DirectoryWrite::Open { room: room.into(), live: live(conversation) }
}

pub fn previous(conversation: &str) -> Previous {
    Previous { conversation: conversation.into(), ended_at: NOW, queue: Some("sales".into()), agent: None }
}

pub fn close(room: &str, conversation: &str) -> DirectoryWrite {
    DirectoryWrite::Close {
        room: room.into(),
        conversation: conversation.into(),
        previous: previous(conversation),
    }
}

pub fn session_open(identifier: &str, conversation: &str) -> DirectoryWrite {
    DirectoryWrite::SessionOpen {
        channel: "web".into(),
        identifier: identifier.into(),
        live: live(conversation),
    }
}

pub fn session_close(identifier: &str, conversation: &str) -> DirectoryWrite {
    DirectoryWrite::SessionClose {
        channel: "web".into(),
        identifier: identifier.into(),
        conversation: conversation.into(),
    }
}

pub fn sender(identifier: &str) -> Sender {
    Sender { channel: "web".into(), attribute: "phone".into(), identifier: identifier.into() }
}

pub fn directory(changes: impl IntoIterator<Item = DirectoryWrite>) -> Batch {
    Batch { directory: changes.into_iter().collect(), ..Batch::default() }
}

pub fn states(writes: impl IntoIterator<Item = StateWrite>) -> Batch {
    Batch { states: writes.into_iter().collect(), ..Batch::default() }
}

/// Keys of a conflict; anything else fails the test.
pub fn conflict(result: Result<(), StoreError>) -> Vec<String> {
    match result {
        Err(StoreError::Conflict { mut keys }) => {
            keys.sort();
            keys
        }
        other => panic!("a conflict was expected, not {other:?}"),
    }
}
