//! Scalars and their types by the core schema of YAML 1.2: unquoted `true` is a truth value, `"true"` a text.

use std::sync::Arc;

use super::origin::Origin;
use crate::diagnostic::Place;
use crate::model::Json;

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes; the only style that can be something else than a text.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// As a block with `|` or `>`.
    Block,
}

/// A scalar.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// Its text, without quotes and with escapes resolved.
    pub text: String,
    /// How it is written.
    pub style: Style,
    /// Where each character of the text stands in the file.
    pub(super) origin: Origin,
    /// Whether a `#` behind it cut something off that reads like a part of it: ` #12`, and not ` # a remark`.
    pub cut: bool,
}

/// What a scalar means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Typed<'a> {
    /// Nothing, `null` or `~`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number of 64 bits.
    Int(i64),
    /// Another finite number.
    Float(f64),
    /// Everything else, and everything in quotes.
    Text(&'a str),
}

impl Scalar {
    /// What the scalar means. Numbers that JSON cannot hold (`.inf`, `.nan`) stay texts.
    pub fn typed(&self) -> Typed<'_> {
        if self.style != Style::Plain {
            return Typed::Text(&self.text);
        }
        match self.text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Typed::Null,
            "true" | "True" | "TRUE" => Typed::Bool(true),
            "false" | "False" | "FALSE" => Typed::Bool(false),
            text => number(text).unwrap_or(Typed::Text(text)),
        }
    }

    /// The scalar as JSON.
    pub fn to_json(&self) -> Json {
        match self.typed() {
            Typed::Null => Json::Null,
            Typed::Bool(value) => Json::Bool(value),
            Typed::Int(value) => Json::from(value),
            Typed::Float(value) => Json::from(value),
            Typed::Text(text) => Json::from(text),
        }
    }

    /// Place of the character with this index in [`Scalar::text`], covering `length` characters.
    /// `file` is the file the scalar was read from.
    pub fn place_of(&self, file: &Arc<str>, index: usize, length: usize) -> Place {
        let (line, column) = self.origin.at(index);
        Place { file: Arc::clone(file), line, column, length: super::guard::small(length.max(1)) }
    }
}

/// What a text means when it stands without quotes.
pub fn plain(text: &str) -> Json {
    Scalar { text: text.to_owned(), style: Style::Plain, origin: Origin::point(1, 1), cut: false }.to_json()
}

fn number(text: &str) -> Option<Typed<'_>> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(octal) = text.strip_prefix("0o") {
        return i64::from_str_radix(octal, 8).ok().filter(|_| !octal.starts_with(['-', '+'])).map(Typed::Int);
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16).ok().filter(|_| !hex.starts_with(['-', '+'])).map(Typed::Int);
    }
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        // A number beyond 64 bits, such as a long identifier, is kept as it is written.
        return text.parse().ok().map(Typed::Int);
    }
    let float = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.bytes().any(|b| b.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    let value: f64 = float.then(|| text.parse().ok()).flatten()?;
    value.is_finite().then_some(Typed::Float(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain_scalar(text: &str) -> Scalar {
        Scalar { text: text.to_owned(), style: Style::Plain, origin: Origin::default(), cut: false }
    }

    #[test]
    fn plain_scalars_are_typed_by_the_core_schema() {
        for (text, expected) in [
            ("", Typed::Null),
            ("~", Typed::Null),
            ("TRUE", Typed::Bool(true)),
            ("yes", Typed::Text("yes")),
            ("on", Typed::Text("on")),
            ("-12", Typed::Int(-12)),
            ("+4930", Typed::Int(4930)),
            ("0o17", Typed::Int(15)),
            ("0x1F", Typed::Int(31)),
            ("0x-1", Typed::Text("0x-1")),
            ("1.5", Typed::Float(1.5)),
            ("1e3", Typed::Float(1000.0)),
            (".inf", Typed::Text(".inf")),
            ("1e999", Typed::Text("1e999")),
            ("99999999999999999999", Typed::Text("99999999999999999999")),
            ("30s", Typed::Text("30s")),
            ("2024-01-18", Typed::Text("2024-01-18")),
            (".", Typed::Text(".")),
        ] {
            let scalar = plain_scalar(text);
            assert_eq!(scalar.typed(), expected, "{text}");
            let quoted = Scalar { style: Style::Quoted, ..scalar };
            assert_eq!(quoted.typed(), Typed::Text(text));
        }
    }
}
