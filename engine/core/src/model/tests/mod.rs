//! Reading and writing back: nothing lost, nothing invented.
#![allow(clippy::unwrap_used, clippy::panic)]

mod bodies;
mod events;
mod hostile;
mod objects;
mod schemas;
mod vendor;

use serde_json::json;

use super::{Json, Wire};

/// Reads the value, writes it back by both ways, and returns what was read.
fn round_trip<T: Wire>(value: &Json) -> T {
    let object = T::from_json(value.clone()).unwrap_or_else(|wrong| panic!("{wrong}: {value}"));
    assert_eq!(&object.to_json(), value, "written as a value");
    let text = serde_json::to_string(&object).unwrap();
    assert_eq!(&super::read_json(text.as_bytes()).unwrap(), value, "written as text");
    object
}

/// The complaint about a value that cannot be read.
fn complaint<T: Wire>(value: Json) -> String {
    match T::from_json(value) {
        Ok(object) => panic!("read as {}", object.to_json()),
        Err(wrong) => wrong.to_string(),
    }
}

/// An object with one unknown key of every JSON type, and `more`.
fn with_strangers(more: Json) -> Json {
    let mut object =
        json!({ "x0": null, "x1": true, "x2": 2.5, "x3": "…", "x4": [], "x5": [{}], "x6": { "a": {} } });
    if let (Json::Object(object), Json::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}
