//! The promises of the bus on a healthy broker.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use common::{PARTITIONS, Site, all, drain, hops, inputs, next, outgoing, silent, submission, take};
use convene_core::effect::Reply;
use convene_rabbitmq::{RabbitBus, RabbitClient};
use convene_runtime::ports::bus::{Bus, Destination, Kind, ReplyTo, Submission};
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ExchangeDeclareOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, ExchangeKind};
use tokio::sync::mpsc;
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_inputs_of_one_key_arrive_in_order_and_one_token_acknowledges_many() {
    let Some(site) = Site::new("order") else { return };
    let bus = site.bus().await;
    bus.publish(&inputs("customer", 0, 1000)).await.unwrap();
    let (into, mut deliveries) = mpsc::channel(64);
    bus.own(&all(), into.clone()).await.unwrap();
    let mut came = Vec::new();
    for _ in 0..10 {
        let (ids, last) = take(&mut deliveries, 100).await;
        came.extend(ids);
        bus.acknowledge(&[last]).await.unwrap();
    }
    assert_eq!(came, (0..1000).collect::<Vec<_>>());
    bus.own(&[], into.clone()).await.unwrap();
    bus.own(&all(), into).await.unwrap();
    assert!(silent(&mut deliveries).await, "something was not acknowledged");
    bus.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_acknowledged_comes_back_in_order_and_old_tokens_are_void() {
    let Some(site) = Site::new("return") else { return };
    let bus = site.bus().await;
    let (into, mut deliveries) = mpsc::channel(64);
    bus.own(&[0, 1], into.clone()).await.unwrap();
    bus.publish(&hops(0, 0, 20)).await.unwrap();
    let mut tokens = Vec::new();
    for _ in 0..20 {
        let delivery = next(&mut deliveries).await;
        assert!(!delivery.redelivered);
        tokens.push(delivery.token);
    }
    // Out of order, twice, and one too high: none may cost the channel.
    let mut beyond = tokens[4];
    beyond.tag = 99;
    bus.acknowledge(&[tokens[4]]).await.unwrap();
    bus.acknowledge(&[tokens[2], tokens[4]]).await.unwrap();
    bus.acknowledge(&[beyond]).await.unwrap();
    assert!(silent(&mut deliveries).await, "the broker closed the channel and delivered again");
    bus.own(&[1], into.clone()).await.unwrap();
    let other = site.bus().await;
    let (into_other, mut deliveries_other) = mpsc::channel(64);
    other.own(&[0], into_other).await.unwrap();
    for expected in 5..20 {
        let delivery = next(&mut deliveries_other).await;
        assert_eq!((delivery.id, delivery.redelivered), (Some(expected.to_string()), true));
    }
    // The old owner's tokens take nothing away, not even when it owns the partition again and the tags are in use.
    bus.acknowledge(&[tokens[9]]).await.unwrap();
    other.own(&[], mpsc::channel(1).0).await.unwrap();
    bus.own(&[0, 1], into.clone()).await.unwrap();
    assert_eq!(take(&mut deliveries, 15).await.0, (5..20).collect::<Vec<_>>());
    bus.acknowledge(&[tokens[9]]).await.unwrap();
    bus.own(&[], into.clone()).await.unwrap();
    bus.own(&[0], into).await.unwrap();
    assert_eq!(drain(&bus, &mut deliveries, 15).await, (5..20).collect::<Vec<_>>());
    bus.close().await;
    other.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_spread_and_every_process_agrees_where() {
    let Some(site) = Site::new("spread") else { return };
    let (bus, other) = (site.bus().await, site.bus().await);
    let (into, mut deliveries) = mpsc::channel(512);
    bus.own(&all(), into).await.unwrap();
    for by in [&bus, &other] {
        let messages: Vec<_> =
            (0..40).map(|number| outgoing(Destination::In(format!("customer-{number}")), number)).collect();
        by.publish(&messages).await.unwrap();
    }
    let mut home: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..80 {
        let delivery = next(&mut deliveries).await;
        let partition = *home.entry(delivery.key).or_insert(delivery.partition);
        assert_eq!(partition, delivery.partition);
    }
    assert_eq!(home.values().collect::<BTreeSet<_>>().len(), PARTITIONS as usize);
    bus.close().await;
    other.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exchange_of_another_type_is_used_as_it_is_with_all_inputs_in_partition_0() {
    let Some(site) = Site::new("fallback") else { return };
    let (_connection, channel) = site.channel().await;
    let name = format!("{}.in", site.prefix);
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel
        .exchange_declare(name.as_str().into(), ExchangeKind::Topic, durable, FieldTable::default())
        .await
        .unwrap();
    let bus = site.bus().await;
    let (into, mut deliveries) = mpsc::channel(64);
    bus.own(&all(), into).await.unwrap();
    for number in 0..10 {
        bus.publish(&[outgoing(Destination::In(format!("customer-{number}.x")), number)]).await.unwrap();
    }
    bus.publish(&hops(3, 10, 11)).await.unwrap();
    let mut partitions = BTreeMap::new();
    for _ in 0..11 {
        let delivery = next(&mut deliveries).await;
        *partitions.entry(delivery.partition).or_insert(0) += 1;
    }
    assert_eq!(partitions, BTreeMap::from([(0, 10), (3, 1)]));
    bus.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_comes_back_to_who_submitted() {
    let Some(site) = Site::new("reply") else { return };
    let (bus, face) = (site.bus().await, site.bus().await);
    let (into, mut deliveries) = mpsc::channel(64);
    bus.own(&all(), into).await.unwrap();
    let answering = async {
        for number in 0..2 {
            let delivery = next(&mut deliveries).await;
            assert_eq!((delivery.kind, delivery.body.as_slice()), (Ok(Kind::Command), &b"{}"[..]));
            let ReplyTo::Queue { queue, correlation } = delivery.reply else { panic!("no reply wanted") };
            let reply = Reply::Done { data: serde_json::json!({ "number": number, "id": delivery.id }) };
            let mut message = outgoing(Destination::Reply { queue, correlation }, "r");
            message.body = serde_json::to_vec(&reply).unwrap().into();
            bus.publish(&[message]).await.unwrap();
            bus.acknowledge(&[delivery.token]).await.unwrap();
        }
    };
    let asking = async {
        for (number, partition) in [(0, None), (1, Some(2))] {
            let command = Submission { wait: true, partition, ..submission("c", "conversation") };
            let reply = face.submit(command).await.unwrap();
            assert_eq!(reply, Some(Reply::Done { data: serde_json::json!({ "number": number, "id": "c" }) }));
        }
    };
    tokio::join!(answering, asking);
    // A reply nobody waits for any more is no error.
    let gone = Destination::Reply { queue: "test-nobody".into(), correlation: None };
    bus.publish(&[outgoing(gone, "r")]).await.unwrap();
    assert_eq!(face.submit(submission("d", "conversation")).await.unwrap(), None);
    assert!(matches!(next(&mut deliveries).await.reply, ReplyTo::Nobody));
    bus.close().await;
    face.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_input_no_queue_takes_is_an_error_and_costs_nothing_else() {
    let Some(site) = Site::new("unroutable") else { return };
    let bus = site.bus().await;
    let refused = bus.publish(&hops(99, 0, 1)).await.unwrap_err();
    assert!(refused.to_string().contains("no queue takes"), "{refused}");
    let lost = Submission { partition: Some(99), ..submission("x", "k") };
    assert!(bus.submit(lost).await.is_err());
    assert!(bus.own(&[99], mpsc::channel(1).0).await.is_err());
    // One bad message among many good ones fails the call, and the good ones are there.
    let mut mixed = hops(0, 0, 5);
    mixed.extend(hops(99, 5, 6));
    assert!(bus.publish(&mixed).await.is_err());
    assert!(bus.connected());
    let (into, mut deliveries) = mpsc::channel(64);
    bus.own(&[0], into).await.unwrap();
    assert_eq!(drain(&bus, &mut deliveries, 5).await, [0, 1, 2, 3, 4]);
    // Nobody has to listen to publications.
    bus.publish(&[outgoing(Destination::Out("event.X".into()), "e")]).await.unwrap();
    bus.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listeners_hear_what_their_prefixes_cover() {
    let Some(site) = Site::new("listen") else { return };
    let (bus, desk) = (site.bus().await, site.bus().await);
    let mut amal = desk.listen(vec!["agent.amal".into(), "event.".into()]).await.unwrap();
    let mut hash = desk.listen(vec!["agent.#".into()]).await.unwrap();
    let brief = desk.listen(vec!["agent.amal".into()]).await.unwrap();
    drop(brief);
    tokio::time::sleep(Duration::from_millis(200)).await;
    for key in ["agent.amal", "agent.amalia", "agent.amal.offer", "event.TASK", "channel.WEB"] {
        bus.publish(&[outgoing(Destination::Out(key.into()), key)]).await.unwrap();
    }
    for heard in ["agent.amal", "agent.amal.offer", "event.TASK"] {
        let message = timeout(Duration::from_secs(10), amal.recv()).await.unwrap().unwrap();
        assert_eq!((message.to, &*message.body), (Destination::Out(heard.into()), heard.as_bytes()));
        assert_eq!((message.id.as_str(), message.kind.as_str()), (heard, "cim-message"));
    }
    assert!(timeout(Duration::from_millis(300), hash.recv()).await.is_err());
    bus.close().await;
    desk.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_engine_gets_no_more_and_nothing_is_lost() {
    let Some(site) = Site::new("pressure") else { return };
    let bus = site.bus().await;
    bus.publish(&hops(1, 0, 600)).await.unwrap();
    let (into, mut deliveries) = mpsc::channel(4);
    bus.own(&[1], into).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    // 256 may be unacknowledged.
    let (ids, last) = take(&mut deliveries, 256).await;
    assert_eq!(ids, (0..256).collect::<Vec<_>>());
    assert!(silent(&mut deliveries).await);
    bus.acknowledge(&[last]).await.unwrap();
    assert_eq!(drain(&bus, &mut deliveries, 344).await, (256..600).collect::<Vec<_>>());
    bus.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_publishers_at_once_are_all_confirmed() {
    let Some(site) = Site::new("crowd") else { return };
    let bus = site.bus().await;
    let (into, mut deliveries) = mpsc::channel(64);
    bus.own(&all(), into).await.unwrap();
    let crowd = (0..8).map(|who| {
        let bus = &bus;
        async move {
            for batch in 0..5 {
                let from = who * 500 + batch * 100;
                bus.publish(&inputs(&format!("customer-{who}"), from, from + 100)).await.unwrap();
                let out: Vec<_> = (0..50).map(|n| outgoing(Destination::Out("event.X".into()), n)).collect();
                bus.publish(&out).await.unwrap();
                bus.submit(submission(&format!("{}", 4000 + who * 5 + batch), &format!("customer-{who}")))
                    .await
                    .unwrap();
            }
        }
    });
    let ((), came) = tokio::join!(
        async {
            futures_util::future::join_all(crowd).await;
        },
        drain(&bus, &mut deliveries, 4040)
    );
    assert_eq!(came.iter().collect::<BTreeSet<_>>().len(), 4040);
    for who in 0..8 {
        let of_one: Vec<_> = came.iter().filter(|id| **id < 4000 && **id / 500 == who).collect();
        assert!(of_one.is_sorted(), "{of_one:?}");
    }
    bus.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_kept_unchanged_with_their_reason() {
    let Some(site) = Site::new("dead") else { return };
    let bus = site.bus().await;
    let mut letter =
        outgoing(Destination::Dead { reason: "malformed".into(), correlation: Some("c1".into()) }, "m1");
    letter.body = Vec::from(*b"\xff{").into();
    letter.headers = vec![("x-reason".into(), "malformed".into())];
    bus.publish(&[letter]).await.unwrap();
    let (_connection, channel) = site.channel().await;
    let queue = format!("{}.dead", site.prefix);
    let got = channel.basic_get(queue.as_str().into(), BasicGetOptions::default()).await.unwrap().unwrap();
    assert_eq!((got.delivery.routing_key.as_str(), &*got.delivery.data), ("malformed", &b"\xff{"[..]));
    assert!(got.delivery.properties.headers().as_ref().unwrap().contains_key("x-reason"));
    assert_eq!(got.delivery.properties.correlation_id().as_ref().unwrap().as_str(), "c1");
    bus.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_without_properties_is_a_message() {
    let Some(site) = Site::new("plain") else { return };
    let bus = site.bus().await;
    let (into, mut deliveries) = mpsc::channel(64);
    bus.own(&all(), into).await.unwrap();
    let (_connection, channel) = site.channel().await;
    let exchange = format!("{}.in", site.prefix);
    for properties in [BasicProperties::default(), BasicProperties::default().with_type("nonsense".into())] {
        channel
            .basic_publish(
                exchange.as_str().into(),
                "k".into(),
                BasicPublishOptions::default(),
                b"x",
                properties,
            )
            .await
            .unwrap();
    }
    let first = next(&mut deliveries).await;
    assert_eq!((first.kind, first.id, first.key.as_str()), (Ok(Kind::Message), None, "k"));
    assert_eq!(next(&mut deliveries).await.kind, Err("nonsense".into()));
    bus.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_queue_is_made_again_and_consumed() {
    let Some(site) = Site::new("deleted") else { return };
    let bus = site.bus().await;
    let (into, mut deliveries) = mpsc::channel(64);
    bus.own(&[0], into).await.unwrap();
    bus.publish(&hops(0, 0, 1)).await.unwrap();
    next(&mut deliveries).await;
    let (_connection, channel) = site.channel().await;
    let queue = format!("{}.p.0", site.prefix);
    channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    let trying = async {
        while bus.publish(&hops(0, 1, 2)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(next(&mut deliveries).await.id.as_deref(), Some("1"));
    };
    timeout(Duration::from_secs(30), trying).await.expect("the queue was not made again");
    bus.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_run_with_more_partitions_nothing_goes_where_nobody_is() {
    let Some(site) = Site::new("surplus") else { return };
    site.bus_of(PARTITIONS + 2).await.close().await;
    let bus = site.bus().await;
    let (into, mut deliveries) = mpsc::channel(512);
    bus.own(&all(), into).await.unwrap();
    let messages: Vec<_> =
        (0..60).map(|number| outgoing(Destination::In(format!("customer-{number}")), number)).collect();
    bus.publish(&messages).await.unwrap();
    assert_eq!(drain(&bus, &mut deliveries, 60).await.len(), 60);
    bus.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_client_sends_where_an_engine_has_been_and_says_so_where_not() {
    let Some(site) = Site::new("client") else { return };
    let missing = RabbitClient::connect_with(&site.url, &site.prefix).await.err().unwrap();
    assert!(missing.to_string().contains("no exchange"), "{missing}");
    let bus = site.bus().await;
    let client = RabbitClient::connect_with(&site.url, &site.prefix).await.unwrap();
    client.publish_in(Kind::Message, "0", "customer", b"{}").await.unwrap();
    client.publish(&inputs("customer", 1, 300)).await.unwrap();
    client.close().await;
    let (into, mut deliveries) = mpsc::channel(64);
    bus.own(&all(), into).await.unwrap();
    assert_eq!(drain(&bus, &mut deliveries, 300).await, (0..300).collect::<Vec<_>>());
    bus.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_an_error_that_does_not_repeat_it() {
    let Some(site) = Site::new("password") else { return };
    let (_, host) = site.url.rsplit_once('@').unwrap();
    let url = format!("amqp://nobody:s3cret@{host}");
    let refused = RabbitClient::connect_with(&url, &site.prefix).await.err().unwrap();
    assert!(!refused.to_string().contains("s3cret"), "{refused}");
    let bus = RabbitBus::connect_with(&url, 1, &site.prefix).await.unwrap();
    assert!(!bus.ready(Duration::from_millis(500)).await);
    assert!(!bus.connected());
    let refused = bus.publish(&inputs("k", 0, 1)).await.unwrap_err();
    assert!(!refused.to_string().contains("s3cret"), "{refused}");
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_bus_refuses_and_leaves_no_temporary_queue() {
    let Some(site) = Site::new("closed") else { return };
    let bus = site.bus().await;
    let (into, mut deliveries) = mpsc::channel(64);
    bus.own(&[0], into.clone()).await.unwrap();
    bus.publish(&hops(0, 0, 3)).await.unwrap();
    next(&mut deliveries).await;
    bus.close().await;
    assert!(!bus.connected());
    assert!(bus.publish(&hops(0, 3, 4)).await.is_err());
    assert!(bus.own(&[0], into).await.is_err());
    let (_connection, channel) = site.channel().await;
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let queue = format!("{}.p.0", site.prefix);
    let kept = channel.queue_declare(queue.as_str().into(), passive, FieldTable::default()).await.unwrap();
    assert_eq!((kept.message_count(), kept.consumer_count()), (3, 0));
    site.clean().await;
}
