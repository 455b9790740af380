//! The JSON Schemas: as the repository has them, true to what reads the files, and kept by everything we
//! ship or say. `UPDATE_EXPECT=1` rewrites `schemas/`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;
mod examples;
mod judge;
mod keys;
mod messages;
mod repository;
