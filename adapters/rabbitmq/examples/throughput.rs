//! Measures the bus against the broker of `AMQP_URL`: publishing with confirms, and consuming with acknowledgement.
//!
//! `AMQP_URL=… cargo run --release -p convene-rabbitmq --example throughput`
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use convene_rabbitmq::RabbitBus;
use convene_runtime::ports::bus::{Bus, Destination, Outgoing};
use tokio::sync::mpsc;

const BATCH: usize = 256;
const BATCHES: usize = 100;
const BODY_BYTES: usize = 600;

#[tokio::main]
async fn main() {
    let url = std::env::var("AMQP_URL").expect("AMQP_URL names the broker");
    let prefix = format!("throughput-{}", uuid::Uuid::new_v4());
    let bus = RabbitBus::connect_with(&url, 8, &prefix).await.unwrap();
    assert!(bus.ready(Duration::from_secs(60)).await, "no connection");
    let body: std::sync::Arc<[u8]> = vec![b'x'; BODY_BYTES].into();
    let publish = async |what: &str, to: &dyn Fn(usize) -> Destination| {
        let begun = Instant::now();
        let mut slowest = Duration::ZERO;
        for batch in 0..BATCHES {
            let messages: Vec<_> = (0..BATCH)
                .map(|number| Outgoing {
                    to: to(number),
                    id: format!("{batch}-{number}"),
                    kind: "cim-message".into(),
                    body: body.clone(),
                    headers: Vec::new(),
                })
                .collect();
            let one = Instant::now();
            bus.publish(&messages).await.unwrap();
            slowest = slowest.max(one.elapsed());
        }
        let took = begun.elapsed();
        let rate = (BATCH * BATCHES) as f64 / took.as_secs_f64();
        println!(
            "publish {what}: {rate:.0}/s, batch of {BATCH} in {:?} (slowest {slowest:?})",
            took / BATCHES as u32
        );
    };
    publish("to nobody (convene.out)", &|number| Destination::Out(format!("event.E{number}"))).await;
    publish("to 8 quorum queues (convene.in)", &|number| Destination::In(format!("customer-{number}"))).await;

    let (into, mut deliveries) = mpsc::channel(1024);
    let begun = Instant::now();
    bus.own(&[0, 1, 2, 3, 4, 5, 6, 7], into).await.unwrap();
    let mut came = 0;
    while came < BATCH * BATCHES {
        let mut batch = Vec::with_capacity(BATCH);
        deliveries.recv_many(&mut batch, BATCH).await;
        came += batch.len();
        let tokens: Vec<_> = batch.iter().map(|delivery| delivery.token).collect();
        bus.acknowledge(&tokens).await.unwrap();
    }
    println!("consume and acknowledge: {:.0}/s", came as f64 / begun.elapsed().as_secs_f64());
    bus.own(&[], mpsc::channel(1).0).await.unwrap();
    bus.close().await;
    println!("exchanges and queues beginning with {prefix} remain on the broker");
}
