//! How every object of the wire is read and written: tolerant in, strict out, and nothing lost between.
//!
//! Reading takes the keys we know out of a JSON object and leaves everything else in `extra`: unknown keys,
//! `null`s, empty lists, words an enumeration does not know, and old spellings of words it does know. Writing
//! puts the known fields first and then `extra`, never one key twice. What was read therefore comes back
//! equal, what we made ourselves is written in one spelling only, and a field that was changed after reading
//! wins over the form it was read in.
//!
//! Three macros declare the vocabulary: `wire!` an object, `open_enum!` a word list that others may extend,
//! `closed_enum!` a word list that our state machines match exhaustively.

mod basics;
pub(crate) mod choice;
pub(crate) mod object;
mod place;
pub(crate) mod schema;

pub use place::{Place, WrongField};

use serde::Serialize;
use serde::ser::SerializeMap;

use super::{Json, JsonMap};

/// A value that can be read from JSON with an error that names its path, and written back as it was read.
pub trait Wire: Sized + Serialize {
    /// Reads the value, taking `value` apart without copying it.
    ///
    /// # Errors
    /// [`WrongField`] when `value`, or something inside it, has the wrong JSON type.
    fn from_json(value: Json) -> Result<Self, WrongField>;

    /// Writes the value as JSON.
    fn to_json(&self) -> Json {
        serde_json::to_value(self)
            .expect("wire objects have text keys only, and no part of them refuses writing")
    }

    /// True for a value we cannot name and therefore pass through untouched, such as an unknown word.
    #[doc(hidden)]
    fn leaves(_value: &Json) -> bool {
        false
    }

    /// True for a value that we understand but would write differently, such as an old spelling.
    #[doc(hidden)]
    fn keeps_spelling(_value: &Json) -> bool {
        false
    }

    /// True while `raw`, kept because of its spelling, still says the same as this value.
    #[doc(hidden)]
    fn still_means(&self, _raw: &Json) -> bool {
        false
    }

    /// Adds a sentence for every required field that is missing in or below this value.
    #[doc(hidden)]
    fn check(&self, _at: &Place<'_>, _found: &mut Vec<String>) {}
}

/// An object of the wire: what `wire!` declares.
pub trait WireObject: Sized {
    /// Reads the object from its keys.
    ///
    /// # Errors
    /// [`WrongField`] when a known key holds the wrong JSON type.
    fn from_map(map: JsonMap) -> Result<Self, WrongField>;

    /// Writes the keys of the object into a JSON object that is already open.
    ///
    /// # Errors
    /// Whatever the writer reports.
    fn write_entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;

    /// Adds a sentence for every required field that is missing in or below this object.
    fn check_fields(&self, at: &Place<'_>, found: &mut Vec<String>);
}

/// A field of a wire object: something that may be absent.
#[doc(hidden)]
pub trait WireField: Sized {
    /// What the field holds when its key was absent on reading.
    fn blank() -> Self;
    /// True when there is nothing to write.
    fn is_absent(&self) -> bool;
    /// True for a value that stays in `extra` instead of filling the field.
    fn leaves(value: &Json) -> bool;
    /// True for a value whose spelling stays in `extra` beside the field.
    fn keeps_spelling(_value: &Json) -> bool {
        false
    }
    /// True while the spelling in `extra` still says what the field says.
    fn still_means(&self, _raw: &Json) -> bool {
        false
    }
    /// Reads the field.
    fn read(value: Json) -> Result<Self, WrongField>;
    /// Writes the field under its key.
    fn write<M: SerializeMap>(&self, key: &'static str, map: &mut M) -> Result<(), M::Error>;
    /// True when writing this field also writes `key`, so that `extra` must not.
    fn covers(&self, _key: &str) -> bool {
        false
    }
    /// Adds what is missing below this field.
    fn check(&self, _at: &Place<'_>, _found: &mut Vec<String>) {}
}

impl<T: Wire> WireField for Option<T> {
    fn blank() -> Self {
        None
    }
    fn is_absent(&self) -> bool {
        self.is_none()
    }
    fn leaves(value: &Json) -> bool {
        value.is_null() || T::leaves(value)
    }
    fn keeps_spelling(value: &Json) -> bool {
        T::keeps_spelling(value)
    }
    fn still_means(&self, raw: &Json) -> bool {
        self.as_ref().is_some_and(|value| value.still_means(raw))
    }
    fn read(value: Json) -> Result<Self, WrongField> {
        T::from_json(value).map(Some)
    }
    fn write<M: SerializeMap>(&self, key: &'static str, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(key, self)
    }
    fn check(&self, at: &Place<'_>, found: &mut Vec<String>) {
        if let Some(value) = self {
            value.check(at, found);
        }
    }
}

/// An empty list says the same as none (`domain.md` section 1.3), so the empty form a list was read in stays
/// in `extra` and comes back as it was.
impl<T: Wire> WireField for Vec<T> {
    fn blank() -> Self {
        Vec::new()
    }
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
    fn leaves(value: &Json) -> bool {
        match value {
            Json::Null => true,
            Json::Array(items) => items.is_empty(),
            _ => false,
        }
    }
    fn read(value: Json) -> Result<Self, WrongField> {
        let Json::Array(items) = value else {
            return Err(WrongField::expected("a list", &value));
        };
        let mut list = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            list.push(T::from_json(item).map_err(|wrong| wrong.at(index))?);
        }
        Ok(list)
    }
    fn write<M: SerializeMap>(&self, key: &'static str, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(key, self)
    }
    fn check(&self, at: &Place<'_>, found: &mut Vec<String>) {
        for (index, item) in self.iter().enumerate() {
            item.check(&Place::Index(at, index), found);
        }
    }
}
