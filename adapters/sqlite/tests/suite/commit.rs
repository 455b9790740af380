//! A batch is written whole or not at all.

use convene_runtime::ports::store::{
    Batch, DeadLetter, RecordWrite, Sender, Store, StoreError, TimerWrite, Wanted,
};

use super::Fixture;
use super::make::*;

async fn state_of(store: &impl Store, key: &str) -> Option<i64> {
    let wanted = Wanted { states: vec![key.into()], ..Wanted::default() };
    store.find(&wanted).await.unwrap().states.get(key).map(|row| row.version)
}

async fn seen(store: &impl Store, ids: &[&str]) -> Vec<String> {
    let inputs = ids.iter().map(|id| (*id).to_owned()).collect();
    let mut seen = store.find(&Wanted { inputs, ..Wanted::default() }).await.unwrap().seen;
    seen.sort();
    seen
}

/// A batch with something in every part.
fn full(input: &str, key: &str) -> Batch {
    Batch {
        seen: vec![(input.into(), NOW)],
        journal: vec![journal(key, 1), journal(key, 2)],
        unpublished: vec![unpublished(key, 3, &[(0, key, 1), (1, key, 2)])],
        states: vec![write(state(key, 2), 0)],
        records: vec![RecordWrite { key: format!("task:{key}"), body: Some(odd_json("task")) }],
        timers: vec![set(key, 3, timer("sla", "t1", NOW))],
        hops: vec![hop(&format!("hop {key}"), 3, NOW, 0)],
        bot_calls: vec![(3, bot_call(&format!("call {key}")))],
        directory: vec![customer(key), room(key, key), open(key, key)],
        ..Batch::default()
    }
}

pub async fn a_batch_comes_back_byte_for_byte<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    store.commit(&full("i", "c")).await.unwrap();
    let wanted = Wanted { states: vec!["c".into(), "other".into()], ..Wanted::default() };
    let found = store.find(&wanted).await.unwrap();
    assert_eq!(found.states.into_values().collect::<Vec<_>>(), [state("c", 2)]);
    assert_eq!(store.journal("c", 0, 10).await.unwrap(), [journal("c", 1), journal("c", 2)]);
    let (version, records) = store.routing().await.unwrap();
    assert_eq!((version, records.get("task:c")), (0, Some(&odd_json("task"))));
    let undone = store.unfinished(&[3]).await.unwrap();
    assert_eq!(undone.hops, [hop("hop c", 3, NOW, 0)]);
    let output = odd_json("output");
    assert_eq!(undone.publications, [(parcel("c", 3), output.clone()), (parcel("c", 3), output)]);
    assert_eq!(undone.bot_calls, [(3, bot_call("call c"))]);
}

pub async fn an_input_is_taken_once<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let batch = |ids: &[&str]| Batch {
        seen: ids.iter().map(|id| ((*id).to_owned(), NOW)).collect(),
        ..Batch::default()
    };
    store.commit(&batch(&["a", "b"])).await.unwrap();
    assert_eq!(conflict(store.commit(&batch(&["b", "c", "a"])).await), ["seen:a", "seen:b"]);
    assert_eq!(seen(store, &["a", "b", "c"]).await, ["a", "b"]);
}

pub async fn a_state_has_one_next_version<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    store.commit(&states([write(state("c", 1), 0), write(state("d", 1), 0)])).await.unwrap();
    store.commit(&states([write(state("c", 4), 1)])).await.unwrap();
    let late = states([write(state("d", 2), 1), write(state("c", 2), 1), write(state("gone", 3), 2)]);
    assert_eq!(conflict(store.commit(&late).await), ["c", "gone"]);
    assert_eq!((state_of(store, "c").await, state_of(store, "d").await), (Some(4), Some(1)));
}

pub async fn a_state_is_born_once<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    store.commit(&states([write(state("c", 1), 0)])).await.unwrap();
    assert_eq!(conflict(store.commit(&states([write(state("c", 1), 0)])).await), ["c"]);
}

pub async fn a_state_stepped_twice_in_a_batch_moves_twice<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    store.commit(&states([write(state("c", 1), 0), write(state("c", 2), 1)])).await.unwrap();
    assert_eq!(state_of(store, "c").await, Some(2));
    let torn = states([write(state("c", 3), 2), write(state("c", 5), 4)]);
    assert_eq!(conflict(store.commit(&torn).await), ["c"]);
}

pub async fn routing_steps_once<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let step = |based_on, key: &str, body: Option<&str>| Batch {
        routing_version: Some((based_on, based_on + 1)),
        records: vec![RecordWrite { key: key.into(), body: body.map(str::to_owned) }],
        ..Batch::default()
    };
    store.commit(&step(0, "agent:amal", Some("1"))).await.unwrap();
    assert_eq!(conflict(store.commit(&step(0, "agent:amal", Some("2"))).await), ["routing"]);
    store.commit(&step(1, "agent:amal", Some("3"))).await.unwrap();
    assert_eq!(conflict(store.commit(&step(1, "agent:zoe", Some("4"))).await), ["routing"]);
    let (version, records) = store.routing().await.unwrap();
    assert_eq!(
        (version, records.into_iter().collect::<Vec<_>>()),
        (2, vec![("agent:amal".into(), "3".into())])
    );
    store.commit(&step(2, "agent:amal", None)).await.unwrap();
    assert_eq!(store.routing().await.unwrap(), (3, Default::default()));
}

pub async fn of_two_committers_one_wins<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    for version in 0..25 {
        let batch = |name: &str| Batch {
            seen: vec![(format!("{name} {version}"), NOW)],
            states: vec![write(state("c", version + 1), version)],
            journal: vec![journal(&format!("{name} {version}"), 1)],
            ..Batch::default()
        };
        let (one, two) = (batch("one"), batch("two"));
        let (first, second) = tokio::join!(store.commit(&one), store.commit(&two));
        let (lost, loser) = if first.is_ok() { (second, "two") } else { (first, "one") };
        assert_eq!(conflict(lost), ["c"]);
        assert_eq!(store.journal(&format!("{loser} {version}"), 0, 1).await.unwrap(), []);
    }
    assert_eq!(state_of(store, "c").await, Some(25));
}

pub async fn a_refused_batch_leaves_nothing<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    store.commit(&full("i", "c")).await.unwrap();
    let mut batch = full("j", "d");
    batch.directory.push(open("c", "another"));
    batch.timers.push(TimerWrite::Clear { owner: "c".into(), name: "sla".into() });
    batch.hops_done.push("hop c".into());
    batch.bot_calls_done.push("call c".into());
    batch.published.push(parcel("c", 3));
    assert_eq!(conflict(store.commit(&batch).await), ["room:c"]);
    assert_eq!(seen(store, &["i", "j"]).await, ["i"]);
    assert_eq!(state_of(store, "d").await, None);
    assert_eq!(store.journal("d", 0, 9).await.unwrap(), []);
    assert_eq!(store.customer("d").await.unwrap(), None);
    assert_eq!(store.routing().await.unwrap().1.len(), 1);
    assert_eq!(store.due(&[3], NOW, 9).await.unwrap().0.len(), 1);
    let undone = store.unfinished(&[3]).await.unwrap();
    assert_eq!((undone.hops.len(), undone.publications.len(), undone.bot_calls.len()), (1, 2, 1));
}

pub async fn a_lost_lease_fences<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let leases = store.lease("me", 4, 60_000).await.unwrap();
    let held: Vec<(u32, i64)> = leases.iter().map(|lease| (lease.partition, lease.epoch)).collect();
    let batch =
        |fence: Vec<(u32, i64)>, id: &str| Batch { fence, seen: vec![(id.into(), NOW)], ..Batch::default() };
    store.commit(&batch(held.clone(), "a")).await.unwrap();
    let mut stale = held.clone();
    stale[1].1 -= 1;
    stale.push((99, 1));
    match store.commit(&batch(stale, "b")).await {
        Err(StoreError::Fenced { mut partitions }) => {
            partitions.sort_unstable();
            assert_eq!(partitions, [1, 99]);
        }
        other => panic!("a fence was expected, not {other:?}"),
    }
    store.release("me", &[2]).await.unwrap();
    let late = store.commit(&batch(held, "c")).await;
    assert!(matches!(&late, Err(StoreError::Fenced { partitions }) if partitions == &[2]), "{late:?}");
    assert_eq!(seen(store, &["a", "b", "c"]).await, ["a"]);
}

pub async fn a_poison_input_is_buried_and_seen<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let letter = DeadLetter {
        id: "i".into(),
        at: NOW,
        reason: "bad_json".into(),
        detail: "line 1 \0".into(),
        source: "+4917".into(),
        payload: vec![0, 159, 146, 150],
        outcome: None,
    };
    store.bury(&letter).await.unwrap();
    store.bury(&letter).await.unwrap();
    assert_eq!(seen(store, &["i"]).await, ["i"]);
    assert_eq!(fixture.column("select reason from dead_letter").await, ["bad_json"]);
}

pub async fn how_a_command_went_comes_back<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let batch = Batch {
        seen: vec![("a".into(), NOW), ("b".into(), NOW)],
        outcomes: [("a".to_owned(), odd_json("done"))].into(),
        ..Batch::default()
    };
    store.commit(&batch).await.unwrap();
    let letter = DeadLetter {
        id: "c".into(),
        at: NOW,
        reason: "unknown_task".into(),
        detail: String::new(),
        source: String::new(),
        payload: Vec::new(),
        outcome: Some(odd_json("refused")),
    };
    store.bury(&letter).await.unwrap();
    let inputs = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    let found = store.find(&Wanted { inputs, ..Wanted::default() }).await.unwrap();
    assert_eq!(found.seen, ["a", "b", "c"]);
    let outcomes = [("a".to_owned(), odd_json("done")), ("c".to_owned(), odd_json("refused"))];
    assert_eq!(found.outcomes, outcomes.into());
}

pub async fn a_nul_in_an_identifier_is_harmless<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let odd = "49\0 17";
    let batch = Batch {
        seen: vec![(odd.into(), NOW)],
        directory: vec![customer("c"), identity(odd, "c"), session_open(odd, "k")],
        states: vec![write(state(odd, 1), 0)],
        ..Batch::default()
    };
    store.commit(&batch).await.unwrap();
    let wanted = Wanted { inputs: vec![odd.into()], states: vec![odd.into()], arrivals: vec![sender(odd)] };
    let found = store.find(&wanted).await.unwrap();
    assert_eq!((found.seen, found.states.contains_key(odd)), (vec![odd.to_owned()], true));
    assert_eq!((found.arrivals[0].candidates.len(), found.arrivals[0].live_session.is_some()), (1, true));
    let stranger = Sender { channel: odd.into(), attribute: odd.into(), identifier: odd.into() };
    store.find(&Wanted { arrivals: vec![stranger], ..Wanted::default() }).await.unwrap();
}

pub async fn old_inputs_are_forgotten<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let ids = (0..30).map(|n| (format!("i{n}"), NOW + n)).collect();
    store.commit(&Batch { seen: ids, ..Batch::default() }).await.unwrap();
    assert_eq!(store.forget_seen(NOW + 20).await.unwrap(), 20);
    assert_eq!(seen(store, &["i19", "i20"]).await, ["i20"]);
}
