//! The pieces schemas are made of.

use serde_json::json;

use super::live;
use crate::model::{Json, JsonMap};

/// One key of an object.
pub(super) struct Key {
    name: &'static str,
    required: bool,
    schema: Json,
}

/// A key that must be there.
pub(super) fn must(name: &'static str, doc: &str, schema: Json) -> Key {
    Key { name, required: true, schema: described(schema, doc) }
}

/// A key that can be left out.
pub(super) fn may(name: &'static str, doc: &str, schema: Json) -> Key {
    Key { name, required: false, schema: described(schema, doc) }
}

/// An object of a file: these keys and no other. One without required keys may be left empty.
pub(super) fn object(doc: &str, keys: impl IntoIterator<Item = Key>) -> Json {
    let mut schema = open_object(doc, keys);
    schema["additionalProperties"] = json!(false);
    if schema.get("required").is_none() {
        schema["type"] = json!(["object", "null"]);
    }
    schema
}

/// An object of the wire: other keys pass.
pub(super) fn open_object(doc: &str, keys: impl IntoIterator<Item = Key>) -> Json {
    let mut properties = JsonMap::new();
    let mut required = Vec::new();
    for key in keys {
        if key.required {
            required.push(key.name);
        }
        properties.insert(key.name.to_owned(), key.schema);
    }
    let mut schema = described(json!({ "type": "object", "properties": properties }), doc);
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// A map of names to values; may be left empty. `names` is a schema of the names.
pub(super) fn map(names: &Json, values: &Json) -> Json {
    json!({ "type": ["object", "null"], "propertyNames": names, "additionalProperties": values })
}

/// A list; may be left empty.
pub(super) fn list(items: &Json) -> Json {
    json!({ "type": ["array", "null"], "items": items })
}

/// A text. Numbers and truth values without quotes are taken as they are written.
pub(super) fn text() -> Json {
    json!({ "type": ["string", "number", "boolean"] })
}

/// A text between a least and a most number of characters, without outer space.
pub(super) fn name(least: usize, most: usize) -> Json {
    json!({ "type": "string", "minLength": least, "maxLength": most, "pattern": r"^\S(.*\S)?$" })
}

/// A name expressions can read: lower-case letters, digits and `_`.
pub(super) fn word() -> Json {
    json!({ "type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$" })
}

/// `true` or `false`.
pub(super) fn boolean() -> Json {
    json!({ "type": "boolean" })
}

/// A whole number within a range.
pub(super) fn integer(least: i64, most: i64) -> Json {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

/// Numbers with units, largest first.
pub(super) fn duration() -> Json {
    json!({
        "type": "string",
        "minLength": 2,
        "pattern": "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$",
        "examples": ["30s", "1m30s", "2h", "250ms"],
    })
}

/// One of some words, each explained.
pub(super) fn words<'a>(words: impl IntoIterator<Item = (&'a str, &'a str)>) -> Json {
    let words = words.into_iter().map(|(word, doc)| json!({ "const": word, "description": doc }));
    json!({ "oneOf": words.collect::<Vec<_>>() })
}

/// One of some words.
pub(super) fn one_of(words: &[&str]) -> Json {
    json!({ "enum": words })
}

/// A reference to a definition of the same schema.
pub(super) fn defined(name: &str) -> Json {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// The name of something that is defined elsewhere, by its kind (see [`super::live`]).
pub(super) fn named(kind: &str) -> Json {
    defined(&live::definition(kind))
}

/// The definitions of these kinds of names; each is a schema of what may be written instead of a known name.
pub(super) fn name_definitions(kinds: &[&str], otherwise: &Json) -> JsonMap {
    let wanted = live::KINDS.iter().filter(|(kind, _, _)| kinds.contains(kind));
    wanted
        .map(|(kind, example, doc)| {
            (live::definition(kind), described(such_as(otherwise.clone(), *example), doc))
        })
        .collect()
}

/// A schema with its explanation.
pub(super) fn described(schema: Json, doc: &str) -> Json {
    with(schema, "description", json!(doc))
}

/// A schema with what is taken when the key is left out.
pub(super) fn or(schema: Json, default: impl Into<Json>) -> Json {
    with(schema, "default", default.into())
}

/// A schema with an example of its value.
pub(super) fn such_as(schema: Json, example: impl Into<Json>) -> Json {
    with(schema, "examples", json!([example.into()]))
}

/// A schema with one more keyword.
pub(super) fn with(mut schema: Json, keyword: &str, value: Json) -> Json {
    schema[keyword] = value;
    schema
}

/// A sentence out of a fragment: a capital in front, a full stop behind.
pub(super) fn sentence(fragment: &str) -> String {
    let mut rest = fragment.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    let stop = if fragment.ends_with('.') { "" } else { "." };
    format!("{}{}{stop}", first.collect::<String>(), rest.as_str())
}

/// A whole schema: which draft it is written in, and where it is kept.
pub(super) fn file(name: &str, schema: Json) -> Json {
    let schema = with(schema, "$schema", json!("https://json-schema.org/draft/2020-12/schema"));
    with(schema, "$id", json!(format!("{name}.schema.json")))
}
