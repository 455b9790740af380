//! A bus of its own for each test, on the broker that `AMQP_URL` names.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use convene_rabbitmq::RabbitBus;
use convene_runtime::ports::bus::{Bus, Delivery, Destination, Kind, Outgoing, Submission, Token};
use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Partitions of a test's bus.
pub(crate) const PARTITIONS: u32 = 4;

/// The broker and the prefix of one test.
pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) prefix: String,
}

impl Site {
    /// `None`, with a word, when there is no broker to test against.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let Ok(url) = std::env::var("AMQP_URL") else {
            println!("skipped: AMQP_URL is not set");
            return None;
        };
        Some(Self { url, prefix: format!("test-{name}-{}", uuid::Uuid::new_v4()) })
    }

    pub(crate) async fn bus(&self) -> Arc<RabbitBus> {
        self.bus_of(PARTITIONS).await
    }

    pub(crate) async fn bus_of(&self, partitions: u32) -> Arc<RabbitBus> {
        let bus = RabbitBus::connect_with(&self.url, partitions, &self.prefix).await.unwrap();
        assert!(bus.ready(Duration::from_secs(60)).await, "no connection to the broker");
        bus
    }

    /// A plain client's channel.
    pub(crate) async fn channel(&self) -> (Connection, Channel) {
        let connection = Connection::connect(&self.url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }

    /// Removes what the test made.
    pub(crate) async fn clean(self) {
        let (_connection, channel) = self.channel().await;
        for exchange in ["in", "hop", "out", "dead"] {
            let name = format!("{}.{exchange}", self.prefix);
            let _ = channel.exchange_delete(name.as_str().into(), ExchangeDeleteOptions::default()).await;
        }
        let partitions = (0..PARTITIONS + 4).map(|partition| format!("p.{partition}"));
        for queue in partitions.chain(["dead".into()]) {
            let name = format!("{}.{queue}", self.prefix);
            let _ = channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default()).await;
        }
    }
}

pub(crate) fn all() -> Vec<u32> {
    (0..PARTITIONS).collect()
}

pub(crate) fn outgoing(to: Destination, id: impl ToString) -> Outgoing {
    let id = id.to_string();
    Outgoing { to, kind: "cim-message".into(), body: id.as_bytes().into(), id, headers: Vec::new() }
}

/// Inputs `from..to` with one key.
pub(crate) fn inputs(key: &str, from: usize, to: usize) -> Vec<Outgoing> {
    (from..to).map(|number| outgoing(Destination::In(key.into()), number)).collect()
}

/// Inputs `from..to` straight to a partition.
pub(crate) fn hops(partition: u32, from: usize, to: usize) -> Vec<Outgoing> {
    (from..to).map(|number| outgoing(Destination::Partition(partition), number)).collect()
}

pub(crate) fn submission(id: &str, key: &str) -> Submission {
    Submission {
        kind: Kind::Command,
        id: id.into(),
        key: key.into(),
        partition: None,
        body: b"{}".to_vec(),
        wait: false,
    }
}

pub(crate) async fn next(deliveries: &mut mpsc::Receiver<Delivery>) -> Delivery {
    timeout(Duration::from_secs(60), deliveries.recv()).await.expect("nothing was delivered").unwrap()
}

pub(crate) async fn silent(deliveries: &mut mpsc::Receiver<Delivery>) -> bool {
    timeout(Duration::from_millis(500), deliveries.recv()).await.is_err()
}

/// Ids of the next deliveries, and the last token.
pub(crate) async fn take(deliveries: &mut mpsc::Receiver<Delivery>, count: usize) -> (Vec<usize>, Token) {
    let mut ids = Vec::new();
    let mut token = None;
    for _ in 0..count {
        let delivery = next(deliveries).await;
        ids.push(delivery.id.unwrap().parse().unwrap());
        token = Some(delivery.token);
    }
    (ids, token.unwrap())
}

/// Takes deliveries, acknowledging each, until every id below `count` came; ids in order of first arrival.
pub(crate) async fn drain(
    bus: &RabbitBus,
    deliveries: &mut mpsc::Receiver<Delivery>,
    count: usize,
) -> Vec<usize> {
    let mut ids = Vec::new();
    let mut seen = BTreeSet::new();
    while ids.len() < count {
        let delivery = next(deliveries).await;
        let id = delivery.id.unwrap().parse().unwrap();
        if seen.insert(id) {
            ids.push(id);
        }
        bus.acknowledge(&[delivery.token]).await.unwrap();
    }
    ids
}
