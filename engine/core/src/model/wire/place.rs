//! Where in a JSON document something is, and the complaint about it.

use std::fmt;

use super::Json;

/// A place inside a JSON document, built on the way down and only spelled out when somebody asks.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// The value the search began with; the name may be empty.
    Root(&'a str),
    /// A key of the object at the outer place.
    Key(&'a Place<'a>, &'a str),
    /// An entry of the list at the outer place, counted from 0.
    Index(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Root(name) => to.write_str(name),
            Place::Key(Place::Root(""), key) => to.write_str(key),
            Place::Key(outer, key) => write!(to, "{outer}.{key}"),
            Place::Index(outer, index) => write!(to, "{outer}[{index}]"),
        }
    }
}

/// A known field holds a value of the wrong JSON type.
///
/// The detail names types, short numbers and nothing longer: it may be logged, and what people say is theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongField {
    /// Where, such as `header.sender.type` or `participants[0].role`; empty for the value itself.
    pub path: String,
    /// What was expected and what was found.
    pub detail: String,
}

impl std::error::Error for WrongField {}

impl fmt::Display for WrongField {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            to.write_str(&self.detail)
        } else {
            write!(to, "{}: {}", self.path, self.detail)
        }
    }
}

impl WrongField {
    /// A complaint about the value itself.
    pub(crate) fn new(detail: impl Into<String>) -> Self {
        WrongField { path: String::new(), detail: detail.into() }
    }

    /// `expected a string, found 5`.
    pub(crate) fn expected(what: &str, found: &Json) -> Self {
        let found = match found {
            Json::Null => "null".to_owned(),
            Json::Bool(value) => value.to_string(),
            // Long numbers may be phone or account numbers.
            Json::Number(value) => {
                Some(value.to_string()).filter(|text| text.len() <= 6).unwrap_or("a number".to_owned())
            }
            Json::String(_) => "a text".to_owned(),
            Json::Array(_) => "a list".to_owned(),
            Json::Object(_) => "an object".to_owned(),
        };
        Self::new(format!("expected {what}, found {found}"))
    }

    /// The same complaint, seen from the object that holds the value under `key`.
    pub(crate) fn under(mut self, key: &str) -> Self {
        self.path = match self.path.as_str() {
            "" => key.to_owned(),
            path if path.starts_with('[') => format!("{key}{path}"),
            path => format!("{key}.{path}"),
        };
        self
    }

    /// The same complaint, seen from the list that holds the value at `index`.
    pub(crate) fn at(self, index: usize) -> Self {
        self.under(&format!("[{index}]"))
    }
}
