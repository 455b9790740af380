//! The routing machine alone: random interleavings against its promises, and what it says about agents.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod centre;
mod interleave;
mod oracle;
mod presence;
mod stage;
