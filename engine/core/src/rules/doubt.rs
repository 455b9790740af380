//! What can be doubted of a source, and what must be known of the facts to do so.

use std::collections::BTreeSet;

use super::Json;

/// The types a value can have here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `true` or `false`.
    Truth,
    /// A whole number or a fraction.
    Number,
    /// A text.
    Text,
    /// A list.
    List,
    /// A map.
    Map,
}

/// What is known of the facts before anything happens.
pub trait Shape {
    /// What is known of a path such as `["event", "role"]`.
    fn look(&self, path: &[&str]) -> Look;

    /// Which name of a path may be missing, because nobody knows the names of the map it stands in.
    fn may_lack(&self, _path: &[&str]) -> Option<usize> {
        None
    }
}

/// What is known of a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// Nothing: it may be there or not, and hold anything.
    Open,
    /// It is there and has this type; of a text maybe all that it can say.
    Known(Type, Vec<String>),
    /// The name at this depth of the path is never there; these are.
    Missing(usize, Vec<String>),
}

/// One doubt and where in the source it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubt {
    /// Line in the source, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// Characters it is about.
    pub length: usize,
    /// What is doubted.
    pub what: Doubted,
}

/// What is doubted.
#[derive(Debug, Clone, PartialEq)]
pub enum Doubted {
    /// A name is read that nothing has.
    Missing {
        /// The path up to the name.
        path: Vec<String>,
        /// Names that are there instead.
        known: Vec<String>,
        /// Whether it is compared with a text.
        text: bool,
    },
    /// An operator gets types it cannot work with, or that are never equal.
    Mismatch {
        /// The operator.
        operator: String,
        /// Type on its left.
        left: Type,
        /// Type on its right; none for `!`.
        right: Option<Type>,
    },
    /// A text is compared with a word it never says.
    Impossible {
        /// The path of the text.
        path: String,
        /// The word.
        word: String,
        /// All it can say.
        words: Vec<String>,
    },
    /// What must be true or false is something else.
    NotTruth(Type),
    /// A name is read that may be missing, or something behind it.
    MaybeMissing {
        /// The chain up to that name.
        path: String,
        /// How it is read without failing.
        instead: String,
        /// The name, where the fault is that it is read like one that is always there.
        key: Option<String>,
    },
    /// What must be true or false may be nothing; so it is written.
    MaybeNothing(String),
    /// `this` is read, which a rule does not have.
    This,
}

impl Type {
    /// The type of a JSON value; none for null.
    pub fn of(value: &Json) -> Option<Self> {
        Some(match value {
            Json::Null => return None,
            Json::Bool(_) => Self::Truth,
            Json::Number(_) => Self::Number,
            Json::String(_) => Self::Text,
            Json::Array(_) => Self::List,
            Json::Object(_) => Self::Map,
        })
    }

    /// With its article, for messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Truth => "a truth value",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Map => "a map",
        }
    }
}

impl Doubt {
    /// Whether it is about a name that somebody has asked for before.
    pub fn is_answered(&self, asked: &BTreeSet<String>) -> bool {
        matches!(&self.what, Doubted::MaybeMissing { key: Some(key), .. } if asked.contains(key))
    }

    pub(super) fn restored(mut self, column: impl Fn(u32, u32) -> u32) -> Self {
        self.column = column(self.line, self.column);
        self
    }
}
