//! One cell of a row: which values of an input it takes.

use std::fmt;

use super::Kind;
use crate::model::Json;
use crate::yaml::{self, Scalar, Style, Typed};

/// A value of an input.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(f64),
    Truth(bool),
}

/// Which values a row takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Any,
    OneOf(Vec<Test>),
    NoneOf(Vec<Test>),
}

/// One value or a range of numbers, ends included or not.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Is(Value),
    Range { from: Option<(f64, bool)>, to: Option<(f64, bool)> },
}

/// The word for a cell that takes everything.
pub(super) const ANY: &str = "any";

impl Value {
    /// A fact as a value of this kind.
    pub(super) fn of(kind: Kind, value: &Json) -> Option<Self> {
        match (kind, value) {
            (Kind::Text, Json::String(text)) => Some(Self::Text(text.clone())),
            (Kind::Truth, Json::Bool(truth)) => Some(Self::Truth(*truth)),
            (Kind::Number, Json::Number(number)) => number.as_f64().map(Self::Number),
            (Kind::Whole, Json::Number(number)) => {
                number.as_f64().filter(|n| n.fract() == 0.0).map(Self::Number)
            }
            _ => None,
        }
    }

    /// Without quotes, as it is put into a text.
    pub(super) fn bare(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Truth(truth) => write!(f, "{truth}"),
        }
    }
}

impl Cell {
    pub(super) fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tests) => tests.iter().any(|test| test.holds(value)),
            Self::NoneOf(tests) => !tests.iter().any(|test| test.holds(value)),
        }
    }

    /// The values it names.
    pub(super) fn tests(&self) -> &[Test] {
        match self {
            Self::Any => &[],
            Self::OneOf(tests) | Self::NoneOf(tests) => tests,
        }
    }
}

impl Test {
    fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Is(wanted), value) => wanted == value,
            (Self::Range { from, to }, Value::Number(n)) => {
                from.is_none_or(|(least, with)| if with { *n >= least } else { *n > least })
                    && to.is_none_or(|(most, with)| if with { *n <= most } else { *n < most })
            }
            _ => false,
        }
    }

    /// Reads a test as it is written in YAML; the error says what was expected.
    pub(super) fn of_scalar(kind: Kind, scalar: &Scalar) -> Result<Self, String> {
        match (kind, scalar.typed()) {
            (Kind::Text, _) => Ok(Self::Is(Value::Text(scalar.text.clone()))),
            (Kind::Truth, Typed::Bool(truth)) => Ok(Self::Is(Value::Truth(truth))),
            (_, _) => Self::of_text(kind, &scalar.text),
        }
    }

    /// Reads a test as it is written in a CSV file.
    pub(super) fn of_text(kind: Kind, text: &str) -> Result<Self, String> {
        let text = text.trim();
        match kind {
            Kind::Text => Ok(Self::Is(Value::Text(text.to_owned()))),
            Kind::Truth => match text {
                "true" => Ok(Self::Is(Value::Truth(true))),
                "false" => Ok(Self::Is(Value::Truth(false))),
                _ => Err("`true`, `false` or `any` is expected".to_owned()),
            },
            Kind::Number | Kind::Whole => match range(text) {
                Some(Self::Is(Value::Number(n))) if kind == Kind::Whole && n.fract() != 0.0 => {
                    Err("a whole number is expected; this input never has a fraction".to_owned())
                }
                Some(test) => Ok(test),
                None => {
                    Err("a number is expected, or a range: `1..5` (both included), `>= 5`, `< 3`".to_owned())
                }
            },
        }
    }
}

fn range(text: &str) -> Option<Test> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    if let Some((from, to)) = text.split_once("..") {
        let (from, to) = (number(from)?, number(to)?);
        return (from <= to).then_some(Test::Range { from: Some((from, true)), to: Some((to, true)) });
    }
    for (sign, with, upper) in
        [(">=", true, false), ("<=", true, true), (">", false, false), ("<", false, true)]
    {
        if let Some(rest) = text.strip_prefix(sign) {
            let bound = Some((number(rest)?, with));
            let (from, to) = if upper { (None, bound) } else { (bound, None) };
            return Some(Test::Range { from, to });
        }
    }
    number(text).map(|n| Test::Is(Value::Number(n)))
}

/// Whether a scalar is the bare word `any`; in quotes it is a text like others.
pub(super) fn is_any(node: &yaml::Node) -> bool {
    node.is_null() || node.scalar().is_some_and(|s| s.style == Style::Plain && s.text == ANY)
}
