//! What one response of a bot says (`domain.md` section 7).

use serde_json::json;

use crate::model::{Body, Json};

/// What a response says.
pub(super) enum Words<'a> {
    Action(&'a str, Json),
    Said(Box<Body>),
    /// It only tells what was understood.
    None,
    Unusable(String),
}

/// Reads what a response says.
pub(super) fn words(response: &Json) -> Words<'_> {
    let body = &response["body"];
    let kind = body["type"].as_str().unwrap_or_default();
    let tells = ["intent", "slots", "data"].iter().any(|key| !response[key].is_null());
    match kind {
        "" if body.is_null() && tells => Words::None,
        "" => Words::Unusable("the response has no body with a type".to_owned()),
        "ACTION" => {
            let data = if body["data"].is_object() { body["data"].clone() } else { json!({}) };
            match body["name"].as_str().filter(|name| !name.is_empty()) {
                Some(name) => Words::Action(name, data),
                None => Words::Unusable("the ACTION has no name".to_owned()),
            }
        }
        _ => match serde_json::from_value::<Body>(body.clone()) {
            Ok(body) => Words::Said(Box::new(body)),
            Err(problem) => Words::Unusable(problem.to_string()),
        },
    }
}
