//! The loop of Convene: partitions, batches, commit, effects. The world is behind the traits of [`ports`].
//!
//! One [`Engine`] owns partitions by lease, takes what is ready, steps it with the pure machines of `convene-core`,
//! commits everything in one transaction, and only then acknowledges and publishes.

mod cache;
pub mod calls;
pub mod clock;
pub mod deployments;
mod draft;
pub mod engine;
mod intake;
mod item;
pub mod metrics;
mod outcome;
pub mod ports;
pub mod probe;
mod publisher;
pub mod signing;
mod worker;

pub use clock::{Clock, SystemClock};
pub use deployments::Deployments;
pub use engine::{Config, Engine, EngineError, Handle, PARTITIONS, World};
pub use intake::{Fault, check_message};
pub use probe::{POINTS, Probe};
