//! Flows: graphs of nodes that an analyst reads top to bottom.
//!
//! A flow file becomes a [`Flow`] in three moves: its heading is read ([`Header`]), so that flows can name each
//! other; its nodes are compiled, with every name resolved; and the graph is checked as a whole. Nothing stops at
//! the first mistake.
//!
//! A file holds `flow` (its name), `title`, `kind`, `on` (event to node), `start`, `on_error` and `nodes`. A node
//! holds one verb of [`verbs`] and the keys that belong to it. `done` and `end` name the end of the run.

mod ast;
mod check;
mod compile;
mod event;
mod exprs;
mod fits;
mod header;
mod node;
mod slot;
mod unmarked;
mod value;
pub mod verbs;
mod ways;

pub use ast::{
    Arg, Arm, Ask, Body, By, Edge, Expr, Flow, FlowKind, Node, Part, Target, Template, Verb, Wait,
};
pub(crate) use check::{call_cycles, reached, spread};
pub(crate) use compile::{Call, Compiled, Handler, Scope, address, compile};
pub use event::REMINDER;
pub(crate) use event::event;
pub(crate) use fits::fits;
pub(crate) use header::Header;

/// Names that end the run wherever a node is named; no node can have them.
pub const ENDS: &[&str] = &["done", "end"];

#[cfg(test)]
mod tests;
