//! The shipped deployment at work: every scenario in `tests/scenarios`, and what holds in all of them.
//! `UPDATE_EXPECT=1` rewrites transcripts.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod arrows;
mod common;
mod generated;
mod levels;
mod links;
mod litmus;
mod outside;
mod replay;
mod routing_arrows;
mod rows;
mod rows_routing;
mod transcripts;
mod wire;
