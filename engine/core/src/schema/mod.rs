//! JSON Schemas (2020-12) of every file and message, for editors, connectors and whoever writes either.
//!
//! The schemas of messages are those of their Rust types: they say what a sender should send. Reading is
//! more tolerant, and takes `null`s, old spellings and unknown words too.
//!
//! The schemas of files follow what reads the files: flows from the tables of verbs and events, centre
//! and scenarios key by key. They do not refuse what the reader takes, except for a key whose value is
//! left empty: to the reader it is absent, to the schema unfinished. What takes more than one place to
//! judge (does the node exist, is the expression sound) is left to `convene validate`.

mod bots;
mod centre;
mod flow;
mod live;
mod messages;
mod parts;
mod rules;
mod scenario;
mod team;

use crate::deployment::Deployment;
use crate::model::Json;

/// The schemas of files for one deployment, which list the names it has.
#[must_use]
pub fn live(deployment: &Deployment) -> Vec<(&'static str, Json)> {
    live::of(deployment, files())
}

/// Every schema, by name; the file of a name is `schemas/<name>.schema.json`. Each carries `$schema`, the
/// relative `$id` under which it is kept, a title and a description. Order is that of the list.
#[must_use]
pub fn all() -> Vec<(&'static str, Json)> {
    let mut all = files();
    all.extend(messages::all().into_iter().map(|(name, schema)| (name, parts::file(name, schema))));
    all
}

/// The schemas of files.
fn files() -> Vec<(&'static str, Json)> {
    vec![
        ("flow", parts::file("flow", flow::schema())),
        ("centre", parts::file("centre", centre::schema())),
        ("table", parts::file("table", rules::table())),
        ("cases", parts::file("cases", rules::cases())),
        ("scenario", parts::file("scenario", scenario::schema())),
    ]
}
