//! The promises of the in-process bus.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use convene_core::effect::Reply;
use convene_inproc::{InprocBus, PREFETCH, WAITING_MAX};
use convene_runtime::ports::bus::{Bus, Delivery, Destination, Kind, Outgoing, ReplyTo, Submission};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

fn input(id: &str, key: &str) -> Submission {
    Submission {
        kind: Kind::Message,
        id: id.into(),
        key: key.into(),
        partition: None,
        body: id.as_bytes().to_vec(),
        wait: false,
    }
}

fn outgoing(to: Destination, id: &str) -> Outgoing {
    Outgoing { to, id: id.into(), kind: "cim-event".into(), body: id.as_bytes().into(), headers: Vec::new() }
}

fn submit(bus: &Arc<InprocBus>, input: Submission) -> JoinHandle<Option<Reply>> {
    let bus = Arc::clone(bus);
    tokio::spawn(async move { bus.submit(input).await.unwrap() })
}

/// Publishes inputs `0..count` to partition 0, as the engine does.
async fn put(bus: &InprocBus, count: usize) {
    for number in 0..count {
        bus.publish(&[outgoing(Destination::Partition(0), &number.to_string())]).await.unwrap();
    }
}

async fn next(deliveries: &mut mpsc::Receiver<Delivery>) -> Delivery {
    timeout(Duration::from_secs(5), deliveries.recv()).await.expect("nothing was delivered").unwrap()
}

async fn silent(deliveries: &mut mpsc::Receiver<Delivery>) -> bool {
    timeout(Duration::from_millis(50), deliveries.recv()).await.is_err()
}

#[tokio::test]
async fn a_submission_returns_when_it_is_acknowledged_and_not_before() {
    let bus = InprocBus::new(4);
    let (into, mut deliveries) = mpsc::channel(8);
    bus.own(&[0, 1, 2, 3], into).await.unwrap();
    let submitted = submit(&bus, input("m1", "k"));
    let delivery = next(&mut deliveries).await;
    assert_eq!(
        (delivery.id.as_deref(), delivery.key.as_str(), delivery.body.as_slice()),
        (Some("m1"), "k", &b"m1"[..])
    );
    assert_eq!(delivery.partition, bus.partition_of("k"));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!submitted.is_finished());
    bus.acknowledge(&[delivery.token]).await.unwrap();
    assert_eq!(submitted.await.unwrap(), None);
}

#[tokio::test]
async fn a_key_has_its_partition_for_ever() {
    // FNV-1a of "a" is 0xaf63dc4c8601ec8c.
    assert_eq!(InprocBus::new(1 << 16).partition_of("a"), 0xec8c);
    let used: std::collections::BTreeSet<_> =
        (0..200).map(|number| InprocBus::new(8).partition_of(&format!("customer-{number}"))).collect();
    assert_eq!(used.len(), 8);
}

#[tokio::test]
async fn an_answer_reaches_who_waits_for_it() {
    let bus = InprocBus::new(1);
    let (into, mut deliveries) = mpsc::channel(8);
    bus.own(&[0], into).await.unwrap();
    let submitted = submit(&bus, Submission { wait: true, ..input("c1", "k") });
    let ReplyTo::Here(answer) = next(&mut deliveries).await.reply else { panic!("nobody waits") };
    answer.send(Reply::done()).unwrap();
    assert_eq!(submitted.await.unwrap(), Some(Reply::done()));
}

#[tokio::test]
async fn an_answer_to_the_second_delivery_counts_as_well() {
    let bus = InprocBus::new(1);
    let (into, mut deliveries) = mpsc::channel(8);
    bus.own(&[0], into).await.unwrap();
    let submitted = submit(&bus, Submission { wait: true, ..input("c1", "k") });
    drop(next(&mut deliveries).await);
    bus.own(&[], mpsc::channel(1).0).await.unwrap();
    let (into, mut deliveries) = mpsc::channel(8);
    bus.own(&[0], into).await.unwrap();
    let again = next(&mut deliveries).await;
    assert!(again.redelivered);
    let ReplyTo::Here(answer) = again.reply else { panic!("nobody waits") };
    answer.send(Reply::done()).unwrap();
    assert_eq!(submitted.await.unwrap(), Some(Reply::done()));
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_back_in_order_and_old_tokens_are_void() {
    let bus = InprocBus::new(2);
    let (into, mut deliveries) = mpsc::channel(8);
    bus.own(&[0, 1], into.clone()).await.unwrap();
    put(&bus, 5).await;
    let mut first = Vec::new();
    for _ in 0..5 {
        first.push(next(&mut deliveries).await);
    }
    bus.acknowledge(&[first[1].token]).await.unwrap();
    bus.own(&[1], into.clone()).await.unwrap();
    bus.own(&[0, 1], into).await.unwrap();
    // From the time before: these must not take anything away.
    bus.acknowledge(&[first[4].token]).await.unwrap();
    let mut second = Vec::new();
    for _ in 0..3 {
        second.push(next(&mut deliveries).await);
    }
    let ids: Vec<_> =
        second.iter().map(|delivery| (delivery.id.as_deref().unwrap(), delivery.redelivered)).collect();
    assert_eq!(ids, [("2", true), ("3", true), ("4", true)]);
    assert!(silent(&mut deliveries).await);
}

#[tokio::test]
async fn owning_the_same_again_delivers_nothing_twice() {
    let bus = InprocBus::new(2);
    let (into, mut deliveries) = mpsc::channel(8);
    bus.own(&[0], into.clone()).await.unwrap();
    put(&bus, 1).await;
    next(&mut deliveries).await;
    bus.own(&[0, 1], into).await.unwrap();
    assert!(silent(&mut deliveries).await);
}

#[tokio::test]
async fn deliveries_stop_at_the_prefetch_and_go_on_after_an_acknowledgement() {
    let bus = InprocBus::new(1);
    let (into, mut deliveries) = mpsc::channel(8);
    bus.own(&[0], into).await.unwrap();
    put(&bus, PREFETCH + 3).await;
    let mut last = next(&mut deliveries).await;
    for _ in 1..PREFETCH {
        last = next(&mut deliveries).await;
    }
    assert!(silent(&mut deliveries).await);
    bus.acknowledge(&[last.token]).await.unwrap();
    for number in PREFETCH..PREFETCH + 3 {
        assert_eq!(next(&mut deliveries).await.id, Some(number.to_string()));
    }
}

#[tokio::test]
async fn too_many_waiting_inputs_are_refused_by_name() {
    let bus = InprocBus::new(1);
    put(&bus, WAITING_MAX).await;
    let refused = bus.submit(input("m1", "k")).await.unwrap_err();
    assert!(refused.to_string().contains("overloaded"), "{refused}");
    // The engine's own are taken all the same.
    put(&bus, 1).await;
}

#[tokio::test]
async fn inputs_wait_for_an_owner() {
    let bus = InprocBus::new(1);
    let submitted = submit(&bus, input("m1", "k"));
    tokio::time::sleep(Duration::from_millis(20)).await;
    let (into, mut deliveries) = mpsc::channel(8);
    bus.own(&[0], into).await.unwrap();
    let delivery = next(&mut deliveries).await;
    assert!(!delivery.redelivered);
    bus.acknowledge(&[delivery.token]).await.unwrap();
    submitted.await.unwrap();
}

#[tokio::test]
async fn an_unknown_partition_or_type_is_named() {
    let bus = InprocBus::new(2);
    assert!(bus.own(&[2], mpsc::channel(1).0).await.is_err());
    assert!(bus.publish(&[outgoing(Destination::Partition(2), "x")]).await.is_err());
    let (into, mut deliveries) = mpsc::channel(8);
    bus.own(&[0, 1], into).await.unwrap();
    let mut odd = outgoing(Destination::In("k".into()), "x");
    odd.kind = "cim-massage".into();
    bus.publish(&[odd]).await.unwrap();
    assert_eq!(next(&mut deliveries).await.kind, Err("cim-massage".into()));
}

#[tokio::test]
async fn listeners_hear_what_their_prefixes_cover() {
    let bus = InprocBus::new(1);
    let mut amal = bus.listen(vec!["agent.amal".into(), "event.".into()]).await.unwrap();
    for key in ["agent.amal", "agent.amalia", "agent.amal.offer", "event.TASK", "channel.WEB"] {
        bus.publish(&[outgoing(Destination::Out(key.into()), key)]).await.unwrap();
    }
    for heard in ["agent.amal", "agent.amal.offer", "event.TASK"] {
        let message = timeout(Duration::from_secs(5), amal.recv()).await.unwrap().unwrap();
        assert_eq!(message.to, Destination::Out(heard.into()));
    }
    assert!(timeout(Duration::from_millis(50), amal.recv()).await.is_err());
}

#[tokio::test]
async fn the_stream_of_a_listener_that_is_too_slow_ends_where_something_is_missing() {
    let bus = InprocBus::new(1);
    let mut slow = bus.listen(vec![String::new()]).await.unwrap();
    let count = 5_000;
    for number in 0..count {
        bus.publish(&[outgoing(Destination::Out("event.X".into()), &number.to_string())]).await.unwrap();
    }
    let mut heard = Vec::new();
    while let Some(message) = timeout(Duration::from_secs(5), slow.recv()).await.unwrap() {
        heard.push(message.id.parse::<i32>().unwrap());
    }
    assert!(heard.len() < count as usize);
    assert!(heard.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{heard:?}");
}

#[tokio::test]
async fn dead_letters_are_kept_for_a_look() {
    let bus = InprocBus::new(1);
    bus.publish(&[outgoing(Destination::Dead { reason: "malformed".into(), correlation: None }, "x")])
        .await
        .unwrap();
    let dead = bus.dead_letters();
    assert_eq!((dead.len(), dead[0].id.as_str()), (1, "x"));
}
