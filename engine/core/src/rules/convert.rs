//! Values in and out of the host: `Json` on our side, `Dynamic` on Rhai's.
//!
//! By hand rather than through serde: facts are built for every event, and this way a string is copied once
//! and a map is filled in order. Whole numbers are `i64`; a whole number above `i64::MAX` becomes a float,
//! since the only thing a rule can do with one is to compare its size.

use rhai::{Array, Dynamic, ImmutableString, Map};
use serde_json::{Map as JsonMap, Number};

use super::Json;
use super::error::{RuleError, RuleErrorKind};
use super::limits::RULE_VALUE_DEPTH_MAX;

/// Turns JSON into a value a rule can read. Nesting is whatever the parser of the JSON allowed.
pub fn to_dynamic(value: &Json) -> Dynamic {
    match value {
        Json::Null => Dynamic::UNIT,
        Json::Bool(b) => Dynamic::from_bool(*b),
        Json::Number(n) => number_to_dynamic(n),
        Json::String(s) => Dynamic::from(ImmutableString::from(s.as_str())),
        Json::Array(items) => Dynamic::from_array(items.iter().map(to_dynamic).collect::<Array>()),
        Json::Object(entries) => Dynamic::from_map(to_map(entries)),
    }
}

/// Turns a JSON object into the map a rule reads properties of.
pub fn to_map(entries: &JsonMap<String, Json>) -> Map {
    entries.iter().map(|(key, value)| (key.as_str().into(), to_dynamic(value))).collect()
}

/// Turns what a rule returned into JSON: a character becomes a string, `()` becomes `null`.
///
/// # Errors
/// `Type` for what JSON cannot hold: a function, a range, a number that is not finite. `Limit` when nested
/// deeper than [`RULE_VALUE_DEPTH_MAX`].
pub fn to_json(value: &Dynamic) -> Result<Json, RuleError> {
    nested_to_json(value, RULE_VALUE_DEPTH_MAX)
}

fn nested_to_json(value: &Dynamic, depth_left: usize) -> Result<Json, RuleError> {
    if depth_left == 0 {
        let message = format!("the value is nested deeper than {RULE_VALUE_DEPTH_MAX}");
        return Err(RuleError::new(RuleErrorKind::Limit, message));
    }
    if value.is_unit() {
        return Ok(Json::Null);
    }
    if let Ok(b) = value.as_bool() {
        return Ok(Json::Bool(b));
    }
    if let Ok(n) = value.as_int() {
        return Ok(Json::from(n));
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(Json::String(text.as_str().to_owned()));
    }
    if let Ok(entries) = value.as_map_ref() {
        let entries =
            entries.iter().map(|(key, item)| Ok((key.to_string(), nested_to_json(item, depth_left - 1)?)));
        return entries.collect::<Result<JsonMap<_, _>, _>>().map(Json::Object);
    }
    if let Ok(items) = value.as_array_ref() {
        let items = items.iter().map(|item| nested_to_json(item, depth_left - 1));
        return items.collect::<Result<Vec<_>, _>>().map(Json::Array);
    }
    if let Ok(c) = value.as_char() {
        return Ok(Json::String(c.to_string()));
    }
    if let Ok(n) = value.as_float() {
        let finite = Number::from_f64(n).map(Json::Number);
        return finite
            .ok_or_else(|| RuleError::new(RuleErrorKind::Type, format!("the number {n} is not finite")));
    }
    Err(RuleError::new(
        RuleErrorKind::Type,
        format!("a value of type {} cannot leave a rule", type_of(value)),
    ))
}

/// The name an analyst knows a type by.
pub(super) fn type_of(value: &Dynamic) -> &'static str {
    if value.is_map() {
        "map"
    } else if value.is_array() {
        "array"
    } else if value.is_int() {
        "whole number"
    } else if value.is_float() {
        "number"
    } else if value.is_string() {
        "string"
    } else if value.is_bool() {
        "bool"
    } else if value.is_char() {
        "character"
    } else if value.is_unit() {
        "nothing ()"
    } else if value.is_fnptr() {
        "function"
    } else {
        value.type_name()
    }
}

fn number_to_dynamic(n: &Number) -> Dynamic {
    match (n.as_i64(), n.as_f64()) {
        (Some(whole), _) => Dynamic::from_int(whole),
        (None, Some(float)) => Dynamic::from_float(float),
        // Only an arbitrary-precision number gets here, and that feature is off.
        (None, None) => Dynamic::UNIT,
    }
}
