//! Reading bytes from outside. Whatever they hold, the answer is an object or a [`ReadError`], never a panic.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::wire::{Place, Wire, WrongField};
use super::{CimEvent, CimMessage, Json, JsonMap};

/// Longest message that is read, in bytes: 1 MiB. Files travel as links, so that no honest message comes
/// near.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// Deepest nesting of lists and objects that is read. Captured payloads nest about a dozen deep.
pub const NESTING_MAX: usize = 64;

/// Longest path in an error, in characters.
const PATH_CHARS_MAX: usize = 200;

/// Why bytes were not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// What is wrong, stable for programs: `too_large`, `too_deep`, `duplicate_key`, `malformed`,
    /// `not_an_object` or `wrong_field`.
    pub code: &'static str,
    /// Where in the document, such as `header.sender.type`; empty when the document as a whole is meant.
    pub path: String,
    /// Line of the problem, counted from 1; 0 when it has none.
    pub line: usize,
    /// Column of the problem in bytes, counted from 1; 0 when it has none.
    pub column: usize,
    /// What is wrong, for people. It never quotes a text of the document, which may be personal.
    pub detail: String,
}

impl std::error::Error for ReadError {}

impl fmt::Display for ReadError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}: ", self.code)?;
        if !self.path.is_empty() {
            write!(to, "{}: ", self.path)?;
        }
        to.write_str(&self.detail)?;
        if self.line > 0 { write!(to, " (line {}, column {})", self.line, self.column) } else { Ok(()) }
    }
}

impl ReadError {
    fn new(code: &'static str, detail: impl Into<String>) -> Self {
        ReadError { code, path: String::new(), line: 0, column: 0, detail: detail.into() }
    }
}

impl From<WrongField> for ReadError {
    fn from(WrongField { path, detail }: WrongField) -> Self {
        ReadError { path, ..Self::new("wrong_field", detail) }
    }
}

/// Reads a message.
///
/// # Errors
/// [`ReadError`] when the bytes are too many, no JSON object, ambiguous or nested too deeply, or when a known
/// field has the wrong type. A body that lacks fields is read; see [`super::Body::check`].
pub fn read_message(bytes: &[u8]) -> Result<CimMessage, ReadError> {
    read(bytes)
}

/// Reads an event.
///
/// # Errors
/// As [`read_message`], and when the event has no name.
pub fn read_event(bytes: &[u8]) -> Result<CimEvent, ReadError> {
    let event: CimEvent = read(bytes)?;
    if event.name.as_str().is_empty() {
        return Err(WrongField { path: "name".to_owned(), detail: "is required".to_owned() }.into());
    }
    Ok(event)
}

/// Reads any object of the wire.
///
/// # Errors
/// As [`read_message`].
pub fn read<T: Wire>(bytes: &[u8]) -> Result<T, ReadError> {
    match read_json(bytes)? {
        object @ Json::Object(_) => Ok(T::from_json(object)?),
        _ => Err(ReadError::new("not_an_object", "expected a JSON object, as `{ … }`")),
    }
}

/// Reads any JSON, with the same limits and the same refusal of what is ambiguous.
///
/// # Errors
/// [`ReadError`] with any code but `not_an_object` and `wrong_field`.
pub fn read_json(bytes: &[u8]) -> Result<Json, ReadError> {
    if bytes.len() > MESSAGE_BYTES_MAX {
        let detail = format!("{} bytes; at most {MESSAGE_BYTES_MAX} are read", bytes.len());
        return Err(ReadError::new("too_large", detail));
    }
    let text = std::str::from_utf8(bytes).map_err(|broken| not_text(bytes, broken.valid_up_to()))?;
    let refusal = RefCell::new(None);
    let mut source = serde_json::Deserializer::from_str(text);
    let tree = Tree { at: Place::Root(""), depth: 0, refusal: &refusal };
    let read = tree.deserialize(&mut source).and_then(|value| source.end().map(|()| value));
    read.map_err(|broken| {
        let mut error =
            refusal.into_inner().unwrap_or_else(|| ReadError::new("malformed", complaint(&broken)));
        (error.line, error.column) = (broken.line(), broken.column());
        error
    })
}

/// The bytes are no UTF-8 from `offset` on.
fn not_text(bytes: &[u8], offset: usize) -> ReadError {
    let before = bytes.get(..offset).unwrap_or_default();
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
    ReadError { line, column, ..ReadError::new("malformed", "the bytes are not UTF-8") }
}

/// The parser's complaint without the place, which the error carries in its own fields.
fn complaint(broken: &serde_json::Error) -> String {
    let text = broken.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(complaint, _)| complaint).to_owned()
}

/// Builds the tree of one value, and refuses what is nested too deeply or says one thing twice.
struct Tree<'a> {
    at: Place<'a>,
    depth: usize,
    /// Our own reason to stop; the parser only carries a text, and adds the place.
    refusal: &'a RefCell<Option<ReadError>>,
}

impl Tree<'_> {
    /// One level deeper.
    fn enter<E: serde::de::Error>(&self) -> Result<usize, E> {
        if self.depth >= NESTING_MAX {
            return Err(self.refuse(
                "too_deep",
                &self.at,
                format!("nested deeper than {NESTING_MAX} levels"),
            ));
        }
        Ok(self.depth + 1)
    }

    fn refuse<E: serde::de::Error>(&self, code: &'static str, at: &Place<'_>, detail: String) -> E {
        // Keys come from outside and may be as long as the message.
        let path = at.to_string().chars().take(PATH_CHARS_MAX).collect();
        let error = ReadError { path, ..ReadError::new(code, detail) };
        *self.refusal.borrow_mut() = Some(error);
        E::custom(code)
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Json, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Json;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let depth = self.enter()?;
        let mut list = Vec::new();
        loop {
            let item = Tree { at: Place::Index(&self.at, list.len()), depth, refusal: self.refusal };
            match from.next_element_seed(item)? {
                Some(value) => list.push(value),
                None => return Ok(Json::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let depth = self.enter()?;
        let mut map = JsonMap::new();
        while let Some(key) = from.next_key::<String>()? {
            let at = Place::Key(&self.at, &key);
            if map.contains_key(&key) {
                return Err(self.refuse(
                    "duplicate_key",
                    &at,
                    "this key appears twice in its object".to_owned(),
                ));
            }
            let value = from.next_value_seed(Tree { at, depth, refusal: self.refusal })?;
            map.insert(key, value);
        }
        Ok(Json::Object(map))
    }
}
