//! The promises of Convene, kept on real servers: engines as processes, RabbitMQ, Postgres, SQLite.
#![allow(clippy::unwrap_used, clippy::panic)]

mod bad_input;
mod bots;
mod contact_centre;
mod crashes;
mod cut_off;
mod duplicates;
mod embedded;
mod encrypted;
mod figures;
mod files;
mod handoff;
mod links;
mod open_bot_call;
mod order;
mod outages;
mod refusals;
mod replays;
mod reports;
mod script;
mod servers;
mod teamwork;
