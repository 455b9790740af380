//! One of five bots hangs under load: its customers wait for their deadline, and nobody else notices.

use std::time::{Duration, Instant};

use convene_tests::eventually;
use convene_tests::faulty::{Fault, Faulty, Kind};
use futures_util::future::join_all;

use super::scene::{Part, Scene};

const BOTS: usize = 5;
/// Each bot thinks for a while, as bots do: that many turns are open at the same time.
const THINKS: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits of customers, sorted.
struct Waits(Vec<Duration>);

impl Waits {
    fn of(waits: impl IntoIterator<Item = Duration>) -> Self {
        let mut sorted: Vec<Duration> = waits.into_iter().collect();
        sorted.sort();
        Self(sorted)
    }

    fn at(&self, percent: usize) -> Duration {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }

    fn shown(&self) -> String {
        let ms = |percent| self.at(percent).as_secs_f64() * 1_000.0;
        format!("{} turns: p50 {:.0} ms, p95 {:.0} ms, p99 {:.0} ms", self.0.len(), ms(50), ms(95), ms(99))
    }
}

fn customer(bot: usize, n: usize) -> String {
    format!("bot{bot}-{n}")
}

/// Customers of all bots write at once. Returns the waits of those whose bot is none of the `hanging` ones.
async fn everybody_writes(
    scene: &Scene,
    customers: usize,
    turn: usize,
    hanging: Option<usize>,
) -> Vec<Duration> {
    let all = (0..BOTS).flat_map(|bot| (0..customers).map(move |n| (bot, n)));
    let waits = join_all(all.map(async |(bot, n)| {
        let customer = customer(bot, n);
        let before = scene.read(&customer).len();
        let begun = Instant::now();
        scene.writes(&format!("bot{bot}"), &customer, turn, "Hello").await;
        if hanging == Some(bot) {
            return None;
        }
        // The first turn brings the welcome too.
        let expected = if turn == 1 { before + 2 } else { before + 1 };
        let what = format!("{customer} is answered");
        let line = async || scene.read(&customer).into_iter().nth(expected - 1);
        let line = eventually(&what, PATIENCE, line).await;
        Some(line.at - begun)
    }))
    .await;
    waits.into_iter().flatten().collect()
}

/// So many turns, one after another, of all customers at once.
async fn turns(
    scene: &Scene,
    customers: usize,
    turns: std::ops::Range<usize>,
    hanging: Option<usize>,
) -> Waits {
    let mut all = Vec::new();
    for turn in turns {
        // The fifth bot's customers are left out of both figures, so that the same ones are compared.
        let waits = everybody_writes(scene, customers, turn, hanging.or(Some(BOTS - 1))).await;
        all.extend(waits);
    }
    Waits::of(all)
}

/// The p99 of four bots' customers without and with a fifth bot that hangs.
async fn compare(customers: usize, rounds: usize) -> (Waits, Waits) {
    let mut bots = Vec::new();
    for _ in 0..BOTS {
        bots.push(Faulty::start(Kind::Webhook, Fault::Slow(THINKS)));
    }
    let parts: Vec<Part> = bots
        .iter()
        .enumerate()
        .map(|(n, bot)| Part::of(&format!("bot{n}"), Kind::Webhook, bot).with("timeout: 5s, at_once: 1000"))
        .collect();
    let scene = Scene::open("load", &parts).await;
    // The first turn opens the chats and warms everything up.
    turns(&scene, customers, 1..2, None).await;
    // Conversations grow from turn to turn. So the half before and the half after are compared with what is between.
    let (first, last) = (2 + rounds, 2 + 3 * rounds);
    let before = turns(&scene, customers, 2..first, None).await;
    bots[BOTS - 1].fails(Fault::HungBeforeHead);
    let with = turns(&scene, customers, first..first + 2 * rounds, Some(BOTS - 1)).await;
    bots[BOTS - 1].fails(Fault::Slow(THINKS));
    let nothing_is_open = async || (scene.truth.count("bot_call", "").await == 0).then_some(());
    eventually("the bot that hung has answered everybody", PATIENCE, nothing_is_open).await;
    let after = turns(&scene, customers, last..last + rounds, None).await;
    let without = Waits::of(before.0.into_iter().chain(after.0));
    println!("without a bot that hangs: {}", without.shown());
    println!("with one that hangs:      {}", with.shown());
    println!("p99 with / without: {:.2}", with.at(99).as_secs_f64() / without.at(99).as_secs_f64());
    scene.close().await;
    (without, with)
}

/// Lenient, for loaded machines and unoptimised engines: what it would catch is a queue behind the bot that hangs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_that_hangs_costs_the_customers_of_others_little() {
    let (without, with) = compare(20, 2).await;
    assert!(
        with.at(99) <= without.at(99) * 3 + Duration::from_millis(100),
        "p99 {:?} became {:?}",
        without.at(99),
        with.at(99)
    );
}

/// The figures at full size: 500 turns at the same time. For a quiet machine, with a release engine in `CONVENE_BIN`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: run it alone"]
async fn a_bot_that_hangs_costs_the_customers_of_others_a_fifth_at_most() {
    let (without, with) = compare(100, 3).await;
    assert!(with.at(99) <= without.at(99).mul_f64(1.2), "p99 {:?} became {:?}", without.at(99), with.at(99));
}
