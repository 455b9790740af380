//! JSON Schema of the wire objects, with the doc comments as descriptions.

use schemars::Schema;

use super::super::{Json, JsonMap};

/// One documented key of an object.
pub(crate) struct Property {
    pub(crate) key: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) required: bool,
    pub(crate) schema: Schema,
}

/// The schema of an object whose unknown keys are welcome.
pub(crate) fn object(doc: &str, properties: Vec<Property>) -> Schema {
    let mut known = JsonMap::new();
    let mut required = Vec::new();
    for Property { key, doc, required: needed, mut schema } in properties {
        if !doc.is_empty() {
            schema.insert("description".to_owned(), Json::String(prose(doc)));
        }
        // A list that may be left out may be `null` too, which says the same.
        if !needed && schema.get("type") == Some(&Json::from("array")) {
            schema.insert("type".to_owned(), Json::from(vec!["array", "null"]));
        }
        known.insert(key.to_owned(), schema.to_value());
        if needed {
            required.push(Json::String(key.to_owned()));
        }
    }
    let mut object =
        schemars::json_schema!({ "type": "object", "description": prose(doc), "properties": known });
    if !required.is_empty() {
        object.insert("required".to_owned(), Json::Array(required));
    }
    object
}

/// The schema of a word list; `open` when other words pass too.
pub(crate) fn words(doc: &str, words: &[&str], open: bool) -> Schema {
    if open {
        schemars::json_schema!({ "type": "string", "description": prose(doc), "examples": words })
    } else {
        schemars::json_schema!({ "type": "string", "description": prose(doc), "enum": words })
    }
}

/// Doc comment lines as running text: every line of a doc comment begins with a blank.
pub(crate) fn prose(doc: &str) -> String {
    let mut text = String::new();
    for line in doc.lines().map(str::trim) {
        match line {
            "" if text.is_empty() => {}
            "" => text.push_str("\n\n"),
            line => {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push(' ');
                }
                text.push_str(line);
            }
        }
    }
    text.trim_end().to_owned()
}
