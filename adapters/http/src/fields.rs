//! Bodies against the table of fields that also describes them: what is not of its type is refused before anything is done.

use convene_core::model::{Json, JsonMap};

use crate::problem::Problem;
use crate::route::Field;

/// Checks a body. `null` is no value; what the table does not name is not looked at.
///
/// # Errors
/// The first field that is missing or of another type.
pub(crate) fn check(fields: &[Field], body: &JsonMap) -> Result<(), Problem> {
    fields.iter().try_for_each(|field| match body.get(field.name).filter(|value| !value.is_null()) {
        None if field.required => Err(missing(field.name, field.about)),
        Some(value) if !field.kinds().any(|kind| fits(kind, value)) => Err(wrong(field.name, field, value)),
        _ => Ok(()),
    })
}

/// Checks conversation data: a map of pairs, or a list of `{key, value}`.
///
/// # Errors
/// What is no pair.
pub(crate) fn pairs(at: &str, data: &Json) -> Result<(), Problem> {
    let expected = |what: &str, at: &str, found: &Json| {
        let colon = if at.is_empty() { "" } else { ": " };
        let detail = format!("{at}{colon}expected {what}, found {}", shown(found));
        Problem::new("wrong_field", detail).with("path", at)
    };
    let list = match data {
        Json::Object(_) => return Ok(()),
        Json::Array(list) => list,
        other => return Err(expected("an object or a list", at, other)),
    };
    for (number, pair) in list.iter().enumerate() {
        let at = format!("{at}[{number}]");
        let Json::Object(pair) = pair else { return Err(expected("an object", &at, pair)) };
        match pair.get("key") {
            Some(Json::String(_)) => {}
            None | Some(Json::Null) => return Err(missing(&format!("{at}.key"), "The name of the pair.")),
            Some(other) => return Err(expected("a text", &format!("{at}.key"), other)),
        }
        if !pair.contains_key("value") {
            return Err(missing(&format!("{at}.value"), "What is set."));
        }
    }
    Ok(())
}

fn missing(at: &str, about: &str) -> Problem {
    Problem::new("missing_field", format!("{at} is missing: {about}")).with("path", at)
}

fn wrong(at: &str, field: &Field, found: &Json) -> Problem {
    let wanted: Vec<&str> = field.kinds().map(in_words).collect();
    let detail = format!("{at}: expected {}, found {}: {}", wanted.join(" or "), shown(found), field.about);
    Problem::new("wrong_field", detail).with("path", at)
}

fn fits(kind: &str, value: &Json) -> bool {
    match kind {
        "string" => value.is_string(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        _ => true,
    }
}

fn in_words(kind: &str) -> &str {
    match kind {
        "string" => "a text",
        "object" => "an object",
        "array" => "a list",
        "integer" => "a whole number",
        "boolean" => "true or false",
        other => other,
    }
}

/// What a value is; never what it says, which may be personal.
fn shown(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
