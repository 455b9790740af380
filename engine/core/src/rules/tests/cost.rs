//! What a decision costs. Ignored: numbers to read, not to assert.

use std::hint::black_box;
use std::time::Instant;

use serde_json::json;

use super::super::{Facts, Host};

fn measure(name: &str, mut run: impl FnMut()) {
    const ROUNDS: u32 = 20_000;
    let began = Instant::now();
    for _ in 0..ROUNDS {
        run();
    }
    println!("{name:<40} {:>8.2} µs", began.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS));
}

#[test]
#[ignore = "a measurement: run with --release -- --ignored --nocapture"]
fn cost_of_a_decision() {
    let host = Host::new();
    let queues: Vec<_> =
        (0..20).map(|n| json!({ "name": format!("queue-{n}"), "waiting": n, "agents": 3 })).collect();
    let small = json!({ "conversation": { "agents": 1, "customer_present": true, "state": "OPEN", "channel": "CHAT" } });
    let mut large = small.clone();
    large["queues"] = json!(queues);
    large["customer"] = json!({ "tier": "gold" });
    let facts = Facts::from_json(&large);
    let when = host.expression("conversation.agents > 0 && conversation.customer_present").unwrap();
    let rule = "fn rule(f) { if f.customer.tier == \"gold\" && f.conversation.agents < 5 { #{ queue: \"gold\", why: \"g\" } } else { 0 } }";
    let rule = host.rules("r", rule).unwrap();
    let search =
        host.rules("r", "fn rule(f) { f.queues.filter(|q| q.waiting < 5 && q.agents > 0).len() }").unwrap();
    measure("facts, small", || drop(black_box(Facts::from_json(&small))));
    measure("facts, with 20 queues", || drop(black_box(Facts::from_json(&large))));
    measure("facts, cloned", || drop(black_box(facts.clone())));
    measure("expression", || drop(black_box(host.truth(&when, &facts))));
    measure("rule", || drop(black_box(host.call(&rule, "rule", &facts))));
    measure("rule over 20 queues", || drop(black_box(host.call(&search, "rule", &facts))));
}
