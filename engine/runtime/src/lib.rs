//! The loop of Convene: partitions, batches, commit, effects. The world is behind the traits of [`ports`].

pub mod ports;
