//! The JSON Schemas are whole and speak in sentences.

use schemars::schema_for;

use super::super::{Body, CimEvent, CimMessage, ConversationDto, Json};

#[test]
fn the_schemas_describe_every_key() {
    for (name, schema) in [
        ("CimMessage", schema_for!(CimMessage).to_value()),
        ("CimEvent", schema_for!(CimEvent).to_value()),
        ("ConversationDto", schema_for!(ConversationDto).to_value()),
    ] {
        assert_eq!(schema["title"], name);
        undescribed(&schema, name);
        dangling(&schema, &schema);
    }
    let message = schema_for!(CimMessage).to_value();
    assert_eq!(message["properties"]["header"]["description"], "Who, to whom, about what.");
    let body = &message["$defs"]["Body"];
    assert_eq!(body["allOf"].as_array().map(Vec::len), Some(Body::KINDS.len()));
    assert_eq!(message["$defs"]["Attachment"]["required"][0], "mediaUrl");
    assert_eq!(message["$defs"]["SenderType"]["examples"][0], "AGENT");
}

/// Every property of every object has a description.
fn undescribed(schema: &Json, at: &str) {
    if let Some(properties) = schema["properties"].as_object() {
        for (key, property) in
            properties.iter().filter(|(key, _)| !(key.as_str() == "type" && at.ends_with("/Body")))
        {
            let text = property["description"].as_str().unwrap_or_default();
            assert!(text.ends_with('.') || text.ends_with('`'), "{at}.{key}: {property}");
        }
    }
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        assert!(definition["description"].is_string(), "{name} has no description");
        undescribed(definition, &format!("{at}/{name}"));
    }
}

/// Every reference leads somewhere.
fn dangling(part: &Json, whole: &Json) {
    match part {
        Json::Object(map) => {
            if let Some(target) = map.get("$ref").and_then(Json::as_str) {
                let found = target.strip_prefix('#').and_then(|pointer| whole.pointer(pointer));
                assert!(found.is_some(), "{target} leads nowhere");
            }
            map.values().for_each(|value| dangling(value, whole));
        }
        Json::Array(list) => list.iter().for_each(|value| dangling(value, whole)),
        _ => {}
    }
}
