//! The pure core of Convene: model, flows, rules, conversation and routing machines, simulator.
//!
//! Nothing in this crate waits, reads a clock, draws a random number, or touches a file or socket.
//! Time, fresh ids and every outside fact ride in with the input; what the world shall do rides out as effects.

pub mod centre;
mod check;
pub mod conversation;
pub mod coverage;
pub mod deployment;
pub mod diagnostic;
pub mod directory;
pub mod effect;
pub mod flow;
pub mod graph;
pub mod hop;
pub mod ids;
pub mod model;
pub mod report;
pub mod review;
pub mod routing;
pub mod rules;
pub mod schema;
pub mod simulate;
pub mod table;
pub mod testing;
pub mod yaml;
