//! JSON Schemas (2020-12) of every file and message, generated from the types.

use schemars::schema_for;

use crate::model::{CimEvent, CimMessage, Json};

/// Every schema, by name.
#[must_use]
pub fn all() -> Vec<(&'static str, Json)> {
    let json = |schema: schemars::Schema| serde_json::to_value(schema).unwrap_or_default();
    vec![("cim-event", json(schema_for!(CimEvent))), ("cim-message", json(schema_for!(CimMessage)))]
}
