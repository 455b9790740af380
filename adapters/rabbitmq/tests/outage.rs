//! The promises of the bus when the broker fails. They pull the plug of the broker, so they run one after another, and
//! only with the commands of `CONVENE_TEST_CONTROL`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{PARTITIONS, Site, all, drain, hops, inputs, next, outgoing};
use convene_runtime::ports::bus::{Bus, Destination};
use lapin::options::BasicGetOptions;
use tokio::sync::{Mutex, mpsc};
use tokio::time::{sleep, timeout};

/// A broker killed right after it made a queue may forget that it has it: RabbitMQ 3.10 writes its register of quorum
/// queues a moment later than it says. What is tested here are queues that have lived for a moment.
const REGISTRY_WAIT: Duration = Duration::from_secs(3);

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// The plug of the broker.
struct Control(PathBuf);

impl Control {
    /// `None`, with a word, when nobody gave us the plug.
    fn new() -> Option<Self> {
        let Ok(folder) = std::env::var("CONVENE_TEST_CONTROL") else {
            println!("skipped: CONVENE_TEST_CONTROL is not set");
            return None;
        };
        Some(Self(folder.into()))
    }

    async fn run(&self, command: &'static str, arguments: &[&str]) -> String {
        let mut command = Command::new(self.0.join(command));
        command.args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_the_broker_keeps_every_input_and_the_order_of_every_key() {
    let (Some(site), Some(control)) = (Site::new("restart"), Control::new()) else { return };
    let _turn = ONE_AT_A_TIME.lock().await;
    let bus = site.bus().await;
    let keys: Vec<_> = (0..20).map(|key| format!("customer-{key}")).collect();
    let mut numbered = 0;
    let mut round = |_: u32| {
        keys.iter()
            .flat_map(|key| {
                numbered += 5;
                inputs(key, numbered - 5, numbered)
            })
            .collect::<Vec<_>>()
    };
    bus.publish(&round(1)).await.unwrap();
    let (into, mut deliveries) = mpsc::channel(512);
    bus.own(&all(), into).await.unwrap();
    // All are with the engine or on their way, unacknowledged, when the plug is pulled.
    sleep(REGISTRY_WAIT).await;
    control.run("rabbit-kill", &[]).await;
    control.run("rabbit-start", &[]).await;
    assert!(bus.ready(Duration::from_secs(60)).await);
    bus.publish(&round(2)).await.unwrap();
    let mut seen = BTreeSet::new();
    let mut came: Vec<(String, u32, usize)> = Vec::new();
    while seen.len() < 200 {
        let delivery = next(&mut deliveries).await;
        let id = delivery.id.unwrap().parse().unwrap();
        if seen.insert(id) {
            came.push((delivery.key, delivery.partition, id));
        }
        bus.acknowledge(&[delivery.token]).await.unwrap();
    }
    for key in &keys {
        let of_one: Vec<_> = came.iter().filter(|(of, ..)| of == key).collect();
        assert_eq!(of_one.len(), 10);
        assert!(of_one.iter().map(|(.., id)| id).is_sorted(), "{of_one:?}");
        assert_eq!(of_one.iter().map(|(_, partition, _)| partition).collect::<BTreeSet<_>>().len(), 1);
    }
    bus.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_into_a_stopping_broker_fails_soon_and_works_again_later() {
    let Some(control) = Control::new() else { return };
    let _turn = ONE_AT_A_TIME.lock().await;
    for plug in ["rabbit-stop", "rabbit-kill"] {
        let Some(site) = Site::new(plug) else { return };
        let bus = site.bus().await;
        let (into, mut deliveries) = mpsc::channel(8192);
        bus.own(&all(), into).await.unwrap();
        let mut heard = bus.listen(vec!["event.".into()]).await.unwrap();
        let pulling = async {
            sleep(REGISTRY_WAIT).await;
            control.run(plug, &[]).await
        };
        let publishing = async {
            let mut confirmed = 0;
            loop {
                let begun = Instant::now();
                let outcome = bus.publish(&hops(0, confirmed, confirmed + 100)).await;
                assert!(begun.elapsed() < Duration::from_secs(20), "publishing hung");
                if outcome.is_err() {
                    return confirmed;
                }
                confirmed += 100;
            }
        };
        let (_, confirmed) = tokio::join!(pulling, publishing);
        assert!(!bus.connected());
        let begun = Instant::now();
        assert!(bus.publish(&hops(0, 0, 1)).await.is_err());
        assert!(begun.elapsed() < Duration::from_secs(3));
        control.run("rabbit-start", &[]).await;
        assert!(bus.ready(Duration::from_secs(60)).await);
        bus.publish(&hops(0, confirmed, confirmed + 100)).await.unwrap();
        // Everything confirmed is there.
        let came = drain(&bus, &mut deliveries, confirmed + 100).await;
        let disorder: Vec<_> = came.windows(2).filter(|pair| pair[0] > pair[1]).collect();
        assert!(disorder.is_empty(), "after {plug}, {confirmed} confirmed: {disorder:?}");
        // Whoever listened may have missed something, and is told; whoever listens anew hears.
        assert!(timeout(Duration::from_secs(1), heard.recv()).await.unwrap().is_none());
        let mut heard = bus.listen(vec!["event.".into()]).await.unwrap();
        let publishing = async {
            loop {
                bus.publish(&[outgoing(Destination::Out("event.X".into()), "e")]).await.unwrap();
                sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::select! {
            () = publishing => {}
            heard = timeout(Duration::from_secs(10), heard.recv()) => assert_eq!(heard.unwrap().unwrap().id, "e"),
        }
        bus.close().await;
        site.clean().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_may_start_before_its_broker() {
    let (Some(site), Some(control)) = (Site::new("early"), Control::new()) else { return };
    let _turn = ONE_AT_A_TIME.lock().await;
    control.run("rabbit-stop", &[]).await;
    let bus = convene_rabbitmq::RabbitBus::connect_with(&site.url, PARTITIONS, &site.prefix).await.unwrap();
    let (into, mut deliveries) = mpsc::channel(64);
    bus.own(&all(), into).await.unwrap();
    assert!(bus.listen(vec!["event.".into()]).await.is_err());
    assert!(!bus.connected());
    control.run("rabbit-start", &[]).await;
    assert!(bus.ready(Duration::from_secs(60)).await);
    bus.publish(&inputs("customer", 0, 3)).await.unwrap();
    assert_eq!(drain(&bus, &mut deliveries, 3).await, [0, 1, 2]);
    bus.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_without_the_plugin_serves_through_partition_0() {
    let (Some(site), Some(control)) = (Site::new("plugin"), Control::new()) else { return };
    let _turn = ONE_AT_A_TIME.lock().await;
    // As if the plugin were not there: the broker does not know the type.
    control
        .run("rabbitmqctl", &["eval", r#"rabbit_registry:unregister(exchange, <<"x-modulus-hash">>)."#])
        .await;
    let bus = site.bus().await;
    let (into, mut deliveries) = mpsc::channel(64);
    bus.own(&all(), into).await.unwrap();
    bus.publish(&inputs("customer", 0, 3)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(next(&mut deliveries).await.partition, 0);
    }
    let again = r#"rabbit_registry:register(exchange, <<"x-modulus-hash">>, rabbit_sharding_exchange_type_modulus_hash)."#;
    control.run("rabbitmqctl", &["eval", again]).await;
    bus.close().await;
    site.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_client_can_read_ends_with_the_dead_letters_and_its_neighbours_live() {
    let (Some(site), Some(control)) = (Site::new("unreadable"), Control::new()) else { return };
    let _turn = ONE_AT_A_TIME.lock().await;
    let bus = site.bus_of(1).await;
    bus.publish(&hops(0, 0, 50)).await.unwrap();
    // A routing key that is not UTF-8, as a publisher in Latin-1 would send it.
    let publish = format!(
        r#"rabbit_basic:publish(rabbit_misc:r(<<"/">>, exchange, <<"{}.in">>), <<255,254>>, [], <<"{{}}">>)."#,
        site.prefix
    );
    control.run("rabbitmqctl", &["eval", &publish]).await;
    bus.publish(&hops(0, 50, 100)).await.unwrap();
    let (into, mut deliveries) = mpsc::channel(512);
    bus.own(&[0], into).await.unwrap();
    let came = timeout(Duration::from_secs(180), drain(&bus, &mut deliveries, 100))
        .await
        .expect("the queue is stuck");
    assert_eq!(came, (0..100).collect::<Vec<_>>());
    let queue = format!("{}.dead", site.prefix);
    let (_connection, channel) = site.channel().await;
    let looking = async {
        loop {
            match channel.basic_get(queue.as_str().into(), BasicGetOptions::default()).await.unwrap() {
                Some(got) => return got,
                None => sleep(Duration::from_millis(100)).await,
            }
        }
    };
    let got = timeout(Duration::from_secs(180), looking).await.expect("it never reached the dead letters");
    assert_eq!((got.delivery.routing_key.as_str(), got.message_count), ("delivery-limit", 0));
    bus.close().await;
    site.clean().await;
}
