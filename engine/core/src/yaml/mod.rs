//! A YAML reader that knows the place of every key and value.
//!
//! The language is a narrow part of YAML 1.2 with the core schema: no anchors, aliases, tags, merge keys or
//! second documents. What is left cannot blow up when it is read, and says the same to every reader.

mod canonical;
mod duration;
mod fields;
mod guard;
mod limits;
mod origin;
mod read;
mod scalar;
mod typed;

pub use canonical::canonical;
pub use duration::{DURATION_MS_MAX, DurationError, parse_duration};
pub use fields::Fields;
pub use guard::{text_of, without_mark};
pub use limits::{DEPTH_MAX, FILE_BYTES_MAX, NODES_MAX};
pub use read::read;
pub use scalar::{Scalar, Style, Typed, plain};
pub use typed::{
    boolean, clock_time, cut_off, duration, entries, integer, items, name, one_of, text, waiting_time,
    wrong_type,
};

use crate::diagnostic::Place;
use crate::model::Json;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Its first line. A value that is not written out has the place of its key.
    pub place: Place,
}

/// The three kinds of value.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A text, number, truth value or nothing.
    Scalar(Scalar),
    /// Keys with values, in the order of the file; no key is twice.
    Map(Vec<Entry>),
    /// Values in order.
    List(Vec<Node>),
}

/// One line of a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// Its value.
    pub value: Node,
}

/// A key and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The key without quotes.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

impl Node {
    /// The scalar, when it is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a scalar, quoted or not; `None` for nothing, lists and maps.
    pub fn text(&self) -> Option<&str> {
        self.scalar().filter(|_| !self.is_null()).map(|scalar| scalar.text.as_str())
    }

    /// The lines of a map; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The line of a map with this key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key.text == key)
    }

    /// Whether nothing is written here, or `null`.
    pub fn is_null(&self) -> bool {
        self.scalar().is_some_and(|scalar| scalar.typed() == Typed::Null)
    }

    /// The value as JSON, without its places.
    pub fn to_json(&self) -> Json {
        match &self.kind {
            Kind::Scalar(scalar) => scalar.to_json(),
            Kind::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Kind::Map(entries) => {
                let pairs = entries.iter().map(|entry| (entry.key.text.clone(), entry.value.to_json()));
                Json::Object(pairs.collect())
            }
        }
    }

    /// What stands here, for a sentence such as "must be a list, found …".
    pub fn described(&self) -> String {
        match &self.kind {
            Kind::Scalar(scalar) => match scalar.typed() {
                Typed::Null => "nothing".to_owned(),
                Typed::Bool(value) => format!("`{value}`"),
                Typed::Int(_) | Typed::Float(_) => format!("the number {}", scalar.text),
                Typed::Text(text) => format!("the text `{}`", shortened(text)),
            },
            Kind::Map(_) => "a map".to_owned(),
            Kind::List(_) => "a list".to_owned(),
        }
    }
}

/// The beginning of a text, short enough for a message.
pub(crate) fn shortened(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
