//! The pure core of Convene: model, flows, rules, conversation and routing machines, simulator.
//!
//! Nothing in this crate waits, reads a clock, draws a random number, or touches a file or socket.
//! Time, fresh ids and every outside fact ride in with the input; what the world shall do rides out as effects.

pub mod centre;
pub mod diagnostic;
pub mod directory;
pub mod effect;
pub mod flow;
pub mod model;
pub mod report;
pub mod rules;
pub mod yaml;
