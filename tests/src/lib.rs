//! End-to-end tests on real servers, the architecture tests and the benchmark.
//!
//! This library is what the end-to-end tests stand on: engines as processes of their own, a database and a virtual host
//! for each test, plain clients for HTTP, AMQP and SQL, and a picture of an outcome that two runs can be compared by.
//! Nothing here uses the engine's own adapters, so that a mistake of theirs cannot hide behind itself.
//!
//! | file | holds |
//! |---|---|
//! | `engine.rs` | an engine as a process: start, kill, stop |
//! | `site.rs` | where a test lives: folder, database, virtual host |
//! | `control.rs` | the servers' plugs |
//! | `cable.rs` | the plug of one engine alone |
//! | `http.rs`, `amqp.rs` | clients |
//! | `truth.rs` | a look into the tables of either store |
//! | `words.rs` | messages and commands, as connectors and desks send them |
//! | `stage.rs` | plays inputs to an engine that may die and come back |
//! | `picture.rs` | what a run came to, without its times |
//! | `bot.rs` | a bot reached over HTTP |
//! | `faulty.rs` | a bot that fails in every way there is |
//! | `replay.rs` | the journal stepped again |
#![allow(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc)]

pub mod amqp;
pub mod bot;
pub mod cable;
pub mod control;
pub mod engine;
pub mod faulty;
pub mod http;
pub mod picture;
pub mod replay;
pub mod site;
pub mod stage;
pub mod truth;
pub mod words;

use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Waits until `ask` gives something; panics with `what` when that takes longer than `limit`.
pub async fn eventually<T>(what: &str, limit: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(begun.elapsed() < limit, "not within {} s: {what}", limit.as_secs());
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
