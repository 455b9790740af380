//! What must hold when store and bus fail at the worst moment.
#![allow(clippy::unwrap_used, clippy::panic)]

mod bus;
mod world;

use std::time::Duration;

use convene_core::effect::{BotCall, Reply, TimerSet};
use serde_json::json;
use tokio::time::sleep;

use crate::ports::bus::Kind;
use crate::ports::store::{DueTimer, Hop, StoreError};
use world::{Fate, Rig, State};

/// Nina has a conversation, and what is said in it goes to partition 3.
async fn nina_is_here(rig: &Rig) {
    rig.says(3, "hello", "nina", "Hello").await;
    rig.until("nina has a conversation", |rig| rig.stepped("m:").len() == 1).await;
    rig.until("it is acknowledged", |rig| rig.book().contains(&"acknowledge 3/1".to_owned())).await;
}

/// Two messages of nina: the second is drafted while the first is being committed, which ends so.
async fn two_messages(problem: StoreError) -> Vec<String> {
    let (rig, engine) = Rig::start().await;
    nina_is_here(&rig).await;
    rig.state().fates.push_back(Fate::Held(Some(Box::new(Fate::Fails(problem)))));
    rig.says(3, "first", "nina", "My card is gone").await;
    rig.until("a commit is under way", |rig| rig.state().fates.is_empty()).await;
    rig.says(3, "second", "nina", "and my purse").await;
    sleep(Duration::from_millis(100)).await;
    rig.open_the_gate();
    rig.until("both are taken", |rig| rig.book().contains(&"acknowledge 3/3".to_owned())).await;
    engine.stop().await;
    rig.stepped("m:")
}

#[tokio::test]
async fn a_message_behind_one_whose_commit_fails_stays_behind_it() {
    let all = ["m:hello", "m:first", "m:second"];
    assert_eq!(two_messages(StoreError::Conflict { keys: Vec::new() }).await, all);
    assert_eq!(two_messages(StoreError::Unavailable("gone".into())).await, all);
}

#[tokio::test]
async fn only_the_input_that_the_store_refuses_is_quarantined() {
    assert_eq!(two_messages(StoreError::Broken("never".into())).await, ["m:hello", "m:second"]);
}

#[tokio::test]
async fn what_is_for_another_engine_is_written_down_before_it_is_acknowledged() {
    // Routing belongs to another engine, so its commands go there.
    let (rig, engine) = Rig::start_with(|state| state.leases.retain(|l| l.partition != 0), 6_000).await;
    nina_is_here(&rig).await;
    // So that the commit holds nothing else.
    rig.until("everything is marked", |rig| rig.state().tables.outbox.is_empty()).await;
    let command = json!({ "id": "login", "name": "AGENT_LOGIN", "data": { "agentId": "amal" } });
    rig.state().bus_gone = true;
    let mut answer = rig.deliver(3, Kind::Command, Some("login"), &command).await;
    rig.until("it is acknowledged", |rig| rig.book().contains(&"acknowledge 3/2".to_owned())).await;
    let hops = rig.state().tables.hops.clone();
    let hop = hops.iter().find(|hop| hop.id == "f0:c:login").expect("a hop");
    assert_eq!((hop.partition, hop.source), (0, 3));
    let item = crate::intake::of_stored(hop, 1).unwrap();
    assert_eq!(
        (item.id.as_str(), item.raw, item.source.as_str()),
        ("c:login", command.to_string().into_bytes(), "key")
    );
    assert!(answer.try_recv().is_ok(), "nobody was told that it is accepted");
    engine.stop().await;
}

#[tokio::test]
async fn what_a_commit_said_that_stood_after_all_is_published() {
    let (rig, engine) = Rig::start().await;
    nina_is_here(&rig).await;
    rig.until("everything is marked", |rig| rig.state().tables.outbox.is_empty()).await;
    let before = rig.book().len();
    rig.state().fates.push_back(Fate::Late);
    rig.says(3, "first", "nina", "My card is gone").await;
    rig.until("it is acknowledged", |rig| rig.book().contains(&"acknowledge 3/2".to_owned())).await;
    rig.until("it is published and marked", |rig| rig.state().tables.outbox.is_empty()).await;
    let published = rig.book().split_off(before);
    assert!(
        published.iter().any(|line| line.starts_with("publish event.CUSTOMER_MESSAGE")),
        "{published:#?}"
    );
    assert_eq!(rig.stepped("m:"), ["m:hello", "m:first"]);
    engine.stop().await;
}

#[tokio::test]
async fn partitions_are_let_go_when_the_store_cannot_be_reached_for_as_long_as_a_lease_lasts() {
    let (rig, engine) = Rig::start_with(|_| {}, 600).await;
    nina_is_here(&rig).await;
    rig.state().gone = true;
    rig.until("they are let go", |rig| rig.book().last().is_some_and(|line| line == "own []")).await;
    rig.state().gone = false;
    let all = "own [0, 1, 2, 3, 4, 5, 6, 7]";
    let taken = |rig: &Rig| rig.book().iter().filter(|line| *line == all).count();
    rig.until("they are taken again", |rig| taken(rig) == 2).await;
    rig.says(3, "first", "nina", "My card is gone").await;
    rig.until("it is stepped", |rig| rig.stepped("m:") == ["m:hello", "m:first"]).await;
    engine.stop().await;
}

#[tokio::test]
async fn a_bot_is_asked_again_when_its_partition_comes_back() {
    let call = BotCall {
        id: "call".into(),
        bot: "adviser".into(),
        conversation: "c".into(),
        request: json!({}),
        deadline: i64::MAX,
    };
    let (rig, engine) = Rig::start_with(|state| state.tables.calls.push((3, call)), 600).await;
    rig.until("the bot is asked", |rig| rig.state().asked == 1).await;
    let third = rig.state().leases.remove(3);
    rig.until("the partition is given away", |rig| rig.book().last().is_some_and(|l| !l.contains('3'))).await;
    rig.answer.notify_one();
    sleep(Duration::from_millis(100)).await;
    rig.state().leases.insert(3, third);
    rig.until("the bot is asked again", |rig| rig.state().asked == 2).await;
    engine.stop().await;
}

#[tokio::test]
async fn an_engine_stops_also_while_the_broker_is_away() {
    let (rig, engine) = Rig::start().await;
    nina_is_here(&rig).await;
    rig.state().bus_gone = true;
    // More batches than may wait to be published.
    for n in 0..40 {
        rig.says(3, &format!("m{n}"), "nina", "Is anybody there?").await;
        sleep(Duration::from_millis(10)).await;
    }
    let stopped = tokio::time::timeout(Duration::from_secs(5), engine.stop()).await;
    assert!(stopped.is_ok(), "it waits for the broker: {:#?}", rig.book());
}

#[tokio::test]
async fn a_repeated_command_is_answered_as_the_first_one_was() {
    let (rig, engine) = Rig::start().await;
    let unknown_task = json!({ "agentId": "amal", "taskId": "nowhere" });
    let unknown_conversation = json!({ "agentId": "amal", "conversationId": "nowhere" });
    let login = json!({ "agentId": "amal" });
    for (name, data, code) in [
        ("TASK_ACCEPT", &unknown_task, Some("unknown_task")),
        ("AGENT_LEAVE", &unknown_conversation, Some("unknown_conversation")),
        ("AGENT_LOGIN", &login, None),
    ] {
        let command = json!({ "id": name, "name": name, "data": data });
        let first = rig.deliver(0, Kind::Command, Some(name), &command).await;
        // In the same batch, or while the first is being committed.
        let second = rig.deliver(0, Kind::Command, Some(name), &command).await;
        let first = first.await.unwrap();
        match &first {
            Reply::Refused { code: said, .. } => assert_eq!(Some(said.as_str()), code),
            Reply::Done { .. } => assert_eq!(None, code),
        }
        assert_eq!(second.await.unwrap(), first);
        let third = rig.deliver(0, Kind::Command, Some(name), &command).await;
        assert_eq!(third.await.unwrap(), first, "long after");
        let other = json!({ "id": name, "name": name, "data": { "agentId": "bruno" } });
        let Reply::Refused { code, .. } =
            rig.deliver(0, Kind::Command, Some(name), &other).await.await.unwrap()
        else {
            panic!("another command under the id of {name} was taken for the same");
        };
        assert_eq!(code, "idempotency_key_reused");
    }
    engine.stop().await;
}

#[tokio::test]
async fn what_the_owner_before_asked_of_others_is_handed_over_first() {
    let asked = Hop {
        id: "m:before/0".into(),
        partition: 0,
        source: 3,
        at: 1,
        ordinal: 0,
        body: json!({ "to": "nobody" }).to_string(),
    };
    let prepare = |state: &mut State| {
        state.leases.retain(|l| l.partition == 3);
        state.tables.hops.push(asked);
    };
    let (rig, engine) = Rig::start_with(prepare, 6_000).await;
    nina_is_here(&rig).await;
    rig.says(3, "person", "nina", "Talk to a person").await;
    let forwards =
        |rig: &Rig| rig.book().into_iter().filter(|l| l.starts_with("forward")).collect::<Vec<_>>();
    rig.until("routing is asked", |rig| forwards(rig).len() > 1).await;
    assert_eq!(forwards(&rig)[0], "forward 0 m:before/0");
    engine.stop().await;
}

#[tokio::test]
async fn a_timer_that_the_store_refuses_is_quarantined_once_and_gone() {
    let timer = TimerSet { name: "ring".into(), id: "ring:1".into(), due: 1 };
    let due = DueTimer { owner: "routing".into(), partition: 0, timer };
    let prepare = |state: &mut State| {
        state.tables.timers.push(due);
        state.fates.push_back(Fate::Fails(StoreError::Broken("never".into())));
    };
    let (rig, engine) = Rig::start_with(prepare, 6_000).await;
    rig.until("it is gone", |rig| rig.state().tables.timers.is_empty()).await;
    let letters: Vec<String> = rig.state().tables.letters.iter().map(|l| l.id.clone()).collect();
    assert_eq!(letters, ["t:ring:1"]);
    engine.stop().await;
}

#[tokio::test]
async fn an_engine_that_stops_leaves_nothing_to_be_published() {
    let (rig, engine) = Rig::start().await;
    nina_is_here(&rig).await;
    engine.stop().await;
    assert!(rig.state().tables.outbox.is_empty(), "{:?}", rig.state().tables.outbox);
}

#[tokio::test]
async fn an_engine_without_a_bus_takes_no_partitions_until_it_has_one() {
    let (rig, engine) = Rig::start_with(|state| state.bus_gone = true, 600).await;
    sleep(Duration::from_millis(700)).await;
    assert!(rig.book().is_empty(), "{:#?}", rig.book());
    rig.state().bus_gone = false;
    rig.until("it takes them", |rig| rig.book().iter().any(|line| line.starts_with("own [0,"))).await;
    engine.stop().await;
}
