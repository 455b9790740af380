//! The routing machine alone: random interleavings against its promises.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod centre;
mod interleave;
mod oracle;
mod stage;
