//! The plain JSON values as parts of wire objects.

use serde_json::Number;

use super::super::{Json, JsonMap};
use super::{Place, Wire, WrongField};

impl Wire for String {
    fn from_json(value: Json) -> Result<Self, WrongField> {
        match value {
            Json::String(text) => Ok(text),
            other => Err(WrongField::expected("a string", &other)),
        }
    }
}

impl Wire for bool {
    fn from_json(value: Json) -> Result<Self, WrongField> {
        value.as_bool().ok_or_else(|| WrongField::expected("true or false", &value))
    }
}

impl Wire for i64 {
    fn from_json(value: Json) -> Result<Self, WrongField> {
        value.as_i64().ok_or_else(|| WrongField::expected("a whole number", &value))
    }
}

/// Numbers that only pass through keep their form: `31` stays `31`, `31.0` stays `31.0`.
impl Wire for Number {
    fn from_json(value: Json) -> Result<Self, WrongField> {
        match value {
            Json::Number(number) => Ok(number),
            other => Err(WrongField::expected("a number", &other)),
        }
    }
}

impl Wire for Json {
    fn from_json(value: Json) -> Result<Self, WrongField> {
        Ok(value)
    }
}

impl Wire for JsonMap {
    fn from_json(value: Json) -> Result<Self, WrongField> {
        match value {
            Json::Object(map) => Ok(map),
            other => Err(WrongField::expected("an object", &other)),
        }
    }
}

impl<T: Wire> Wire for Box<T> {
    fn from_json(value: Json) -> Result<Self, WrongField> {
        T::from_json(value).map(Box::new)
    }
    fn leaves(value: &Json) -> bool {
        T::leaves(value)
    }
    fn keeps_spelling(value: &Json) -> bool {
        T::keeps_spelling(value)
    }
    fn still_means(&self, raw: &Json) -> bool {
        (**self).still_means(raw)
    }
    fn check(&self, at: &Place<'_>, found: &mut Vec<String>) {
        (**self).check(at, found);
    }
}
