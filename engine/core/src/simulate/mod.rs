//! The simulator: both state machines in one place, under a clock that jumps from event to event. It has no threads,
//! no sockets and no real time; a wait of thirty days costs nothing.

mod check;
mod expect;
mod mentions;
mod play;
mod reading;
mod scenario;
mod transcript;
mod world;

pub use expect::Unmet;
pub use play::{Outcome, START, STEPS_MAX, play};
pub use scenario::{Actor, BotScript, Edit, Expectation, Given, Profile, Scenario, ScenarioStep};
pub use transcript::Names;
pub use world::{Fired, JournalEntry, World};

#[cfg(test)]
mod tests;
