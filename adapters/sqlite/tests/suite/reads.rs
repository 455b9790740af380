//! Recovery, timers and people's questions.

use convene_runtime::ports::store::{Batch, ConversationFilter, DueTimer, JournalRow, Store, TimerWrite};

use super::Fixture;
use super::make::*;

pub async fn undone_work_is_found_in_order<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    // The row of "a" was stepped between those of "c".
    let batch = Batch {
        journal: vec![says("c", 1), says("a", 1), says("c", 2)],
        unpublished: vec![
            unpublished("b1", 1, &[(0, "c", 1), (2, "c", 2)]),
            unpublished("b1", 2, &[(1, "a", 1)]),
            unpublished("b1", 9, &[(3, "far", 1)]),
        ],
        hops: vec![
            hop("z", 1, NOW, 0),
            hop("a", 1, NOW, 1),
            hop("early", 1, NOW - 5, 0),
            hop("far", 9, NOW, 0),
            hop_from(2, "to another", 9),
            hop_from(9, "from another", 1),
        ],
        bot_calls: vec![(1, bot_call("b")), (9, bot_call("far"))],
        ..Batch::default()
    };
    store.commit(&batch).await.unwrap();
    let undone = store.unfinished(&[1, 2]).await.unwrap();
    let hops: Vec<_> = undone.hops.iter().map(|hop| hop.id.as_str()).collect();
    // A clock that was set back changes nothing.
    assert_eq!(hops, ["z", "a", "early", "to another", "from another"]);
    let for_them: Vec<_> = undone.hops.iter().filter(|hop| hop.partition != 9).cloned().collect();
    assert_eq!(store.hops(&[1, 2]).await.unwrap(), for_them);
    let first = [(parcel("b1", 1), "c 1"), (parcel("b1", 2), "a 1"), (parcel("b1", 1), "c 2")];
    assert_eq!(undone.publications, first.map(|(parcel, output)| (parcel, output.to_owned())));
    assert_eq!(undone.bot_calls, [(1, bot_call("b"))]);
    let later = Batch {
        journal: vec![says("a", 2)],
        unpublished: vec![unpublished("a later one", 2, &[(0, "a", 2)])],
        ..Batch::default()
    };
    store.commit(&later).await.unwrap();
    let outputs: Vec<_> = store.unfinished(&[2]).await.unwrap().publications;
    assert_eq!(outputs, [(parcel("b1", 2), "a 1".into()), (parcel("a later one", 2), "a 2".into())]);

    let done = Batch {
        published: vec![parcel("b1", 1), parcel("b1", 2), parcel("a later one", 2)],
        hops: vec![hop("short-lived", 1, NOW, 0)],
        hops_done: ["early", "z", "a", "to another", "from another", "short-lived"]
            .map(str::to_owned)
            .to_vec(),
        bot_calls: vec![(1, bot_call("short-lived"))],
        bot_calls_done: vec!["b".into(), "short-lived".into()],
        ..Batch::default()
    };
    store.commit(&done).await.unwrap();
    let undone = store.unfinished(&[1, 2]).await.unwrap();
    assert!(undone.hops.is_empty() && undone.publications.is_empty() && undone.bot_calls.is_empty());
    let far = store.unfinished(&[9]).await.unwrap();
    assert_eq!((far.hops.len(), far.publications.len()), (1, 1), "those of other partitions stay");
}

/// A journal row with an output that can be told from others.
fn says(key: &str, version: i64) -> JournalRow {
    JournalRow { output: format!("{key} {version}"), ..journal(key, version) }
}

pub async fn what_an_older_release_left_to_publish_is_found<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let rows = vec![says("z", 1), says("a", 1)];
    store.commit(&Batch { journal: rows, ..Batch::default() }).await.unwrap();
    // Before schema step 0006 there was a row for each journal row.
    for statement in [
        "delete from schema_migration where name = '0006_outbox'",
        "drop table outbox",
        "create table outbox (tenant text, key text, version bigint, partition integer, seq bigint)",
        "insert into outbox values ('default', 'z', 1, 4, 1), ('default', 'a', 1, 4, 2), ('default', 'a', 2, 5, 3)",
    ] {
        fixture.column(statement).await;
    }
    assert_eq!(store.migrate().await.unwrap(), ["0006_outbox"]);
    let undone = store.unfinished(&[4]).await.unwrap().publications;
    let outputs: Vec<_> = undone.iter().map(|(_, output)| output.as_str()).collect();
    assert_eq!(outputs, ["z 1", "a 1"]);
    let published = undone.into_iter().map(|(parcel, _)| parcel).collect();
    store.commit(&Batch { published, ..Batch::default() }).await.unwrap();
    assert!(store.unfinished(&[4]).await.unwrap().publications.is_empty());
    assert_eq!(store.unfinished(&[5]).await.unwrap().publications.len(), 1);
}

pub async fn due_timers_come_earliest_first<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let batch = Batch {
        timers: vec![
            set("c", 1, timer("late", "1", NOW + 10)),
            set("c", 1, timer("b", "2", NOW)),
            set("d", 2, timer("a", "3", NOW - 10)),
            set("d", 2, timer("gone", "4", NOW - 20)),
            set("e", 9, timer("far", "5", NOW - 30)),
            TimerWrite::Clear { owner: "d".into(), name: "gone".into() },
            TimerWrite::Clear { owner: "d".into(), name: "never was".into() },
        ],
        ..Batch::default()
    };
    store.commit(&batch).await.unwrap();
    let due = |owner: &str, partition, timer| DueTimer { owner: owner.into(), partition, timer };
    let (a, b) = (due("d", 2, timer("a", "3", NOW - 10)), due("c", 1, timer("b", "2", NOW)));
    let asked = store.due(&[1, 2], NOW, 10).await.unwrap();
    assert_eq!(asked, (vec![a.clone(), b], Some(NOW + 10)));
    assert_eq!(store.due(&[1, 2], NOW, 1).await.unwrap(), (vec![a], Some(NOW)));
    assert_eq!(store.due(&[1, 2], NOW - 11, 10).await.unwrap(), (vec![], Some(NOW - 10)));
    let one = store.due(&[1], NOW + 10, 1).await.unwrap();
    assert_eq!((one.0.len(), one.1), (1, Some(NOW + 10)));
    assert_eq!(store.due(&[7], NOW, 10).await.unwrap(), (vec![], None));

    let batch = Batch {
        timers: vec![
            set("d", 2, timer("a", "3b", NOW + 3)),
            TimerWrite::Clear { owner: "c".into(), name: "b".into() },
        ],
        ..Batch::default()
    };
    store.commit(&batch).await.unwrap();
    assert_eq!(store.due(&[1, 2], NOW, 10).await.unwrap(), (vec![], Some(NOW + 3)));
    let moved = store.due(&[2], NOW + 3, 10).await.unwrap().0;
    assert_eq!(moved, [due("d", 2, timer("a", "3b", NOW + 3))]);

    let drop = |id: &str| Batch {
        timers: vec![TimerWrite::Drop { owner: "d".into(), timer: timer("a", id, 0) }],
        ..Batch::default()
    };
    store.commit(&drop("3")).await.unwrap();
    assert_eq!(store.due(&[2], NOW + 3, 10).await.unwrap().0.len(), 1, "it was replaced, and stays");
    store.commit(&drop("3b")).await.unwrap();
    assert_eq!(store.due(&[2], NOW + 3, 10).await.unwrap().0, []);
}

pub async fn the_journal_is_read_in_pages<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let rows = (1..=5).map(|version| journal("c", version)).collect();
    store.commit(&Batch { journal: rows, ..Batch::default() }).await.unwrap();
    assert_eq!(store.journal("c", 1, 2).await.unwrap(), [journal("c", 2), journal("c", 3)]);
    assert_eq!(store.journal("c", 5, 2).await.unwrap(), []);
    assert_eq!(store.journal("d", 0, 2).await.unwrap(), []);
}

pub async fn erased_content_leaves_the_skeleton<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let batch = Batch {
        journal: vec![journal("c", 1)],
        unpublished: vec![unpublished("b", 1, &[(0, "c", 1)])],
        ..Batch::default()
    };
    store.commit(&batch).await.unwrap();
    fixture.column("delete from journal_content where key = 'c' returning key").await;
    let mut skeleton = journal("c", 1);
    skeleton.input = "null".into();
    skeleton.output = "[]".into();
    assert_eq!(store.journal("c", 0, 9).await.unwrap(), [skeleton]);
    let undone = store.unfinished(&[1]).await.unwrap();
    assert_eq!(undone.publications, [(parcel("b", 1), "[]".to_owned())]);
}

pub async fn conversations_are_found_by_what_people_know<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    for key in ["z", "a", "m"] {
        store.commit(&states([write(state(key, 1), 0)])).await.unwrap();
    }
    let mut closed = state("z", 2);
    closed.open = false;
    closed.name = "CLOSED".into();
    closed.room = "r".into();
    let mut moved = state("m", 2);
    moved.room = "r".into();
    let directory = vec![customer("c"), room("r", "c"), session_open("1", "a")];
    let batch = Batch { directory, ..states([write(closed, 1), write(moved, 1)]) };
    store.commit(&batch).await.unwrap();

    let keys = |filter: ConversationFilter| async move {
        let rows = store.conversations(&filter).await.unwrap();
        rows.into_iter().map(|row| row.key).collect::<Vec<_>>()
    };
    let all = || ConversationFilter { limit: 10, ..ConversationFilter::default() };
    assert_eq!(keys(all()).await, ["m", "a", "z"]);
    assert_eq!(keys(ConversationFilter { limit: 2, ..all() }).await, ["m", "a"]);
    assert_eq!(keys(ConversationFilter { states: vec!["CLOSED".into(), "X".into()], ..all() }).await, ["z"]);
    assert_eq!(keys(ConversationFilter { customer: Some("customer of a".into()), ..all() }).await, ["a"]);
    assert_eq!(keys(ConversationFilter { identifier: Some("1".into()), ..all() }).await, ["a"]);
    assert_eq!(store.open_conversations().await.unwrap(), 2);
    assert_eq!(store.room("r").await.unwrap(), Some(("c".into(), vec!["m".into(), "z".into()])));
    assert_eq!(store.room("s").await.unwrap(), None);
    assert_eq!(store.customer("nobody").await.unwrap(), None);
}

pub async fn a_deployment_is_kept_once<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    store.keep_deployment("sha", &odd_json("flows"), NOW).await.unwrap();
    store.keep_deployment("sha", "{}", NOW).await.unwrap();
    assert_eq!(store.deployment("sha").await.unwrap(), Some(odd_json("flows")));
    assert_eq!(store.deployment("other").await.unwrap(), None);
}
