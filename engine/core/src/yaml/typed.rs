//! Reads a node as the kind of value its key asks for, or finds why it cannot be.

use std::ops::RangeInclusive;

use super::duration::{DurationError, parse_duration};
use super::{Entry, Kind, Node, Typed};
use crate::diagnostic::{Finding, Findings, Place, codes, did_you_mean};

/// The finding for a value of the wrong kind: "`timeout` must be a duration, found a list".
pub fn wrong_type(node: &Node, what: &str, wanted: &str) -> Finding {
    let message = format!("`{what}` must be {wanted}, found {}", node.described());
    Finding::error(codes::WRONG_TYPE, &node.place, message)
}

/// The finding for a text that people read, and of which they would read only what stands before a `#`.
pub fn cut_off(node: &Node, what: &str) -> Finding {
    let (message, cure) = ("the rest of this line is a comment", "put the text in quotes");
    let finding = match node.is_null() {
        true => Finding::error(codes::CUT_OFF, &node.place, format!("`{what}` says nothing: {message}")),
        false => Finding::warning(codes::CUT_OFF, &node.place, format!("`{what}` ends here: {message}")),
    };
    finding.because("`#` begins a comment where a blank stands before it").cure(cure)
}

/// A text. Unquoted numbers are taken as they are written, so that a telephone number keeps its `+`.
pub fn text(node: &Node, what: &str, findings: &mut Findings) -> Option<String> {
    let found = node.text();
    if found.is_none() {
        findings.push(wrong_type(node, what, "a text"));
    }
    found.map(str::to_owned)
}

/// A whole number within a range.
pub fn integer(node: &Node, what: &str, range: RangeInclusive<i64>, findings: &mut Findings) -> Option<i64> {
    let Some(Typed::Int(value)) = node.scalar().map(super::Scalar::typed) else {
        findings.push(wrong_type(node, what, "a whole number"));
        return None;
    };
    if range.contains(&value) {
        return Some(value);
    }
    let message = format!("`{what}` must be from {} to {}, found {value}", range.start(), range.end());
    findings.push(Finding::error(codes::OUT_OF_RANGE, &node.place, message));
    None
}

/// `true` or `false`.
pub fn boolean(node: &Node, what: &str, findings: &mut Findings) -> Option<bool> {
    match node.scalar().map(super::Scalar::typed) {
        Some(Typed::Bool(value)) => Some(value),
        _ => {
            let word = node.text().map(str::to_ascii_lowercase);
            let cure = match word.as_deref() {
                Some("yes" | "on" | "y" | "true" | "1") => Some("write `true`"),
                Some("no" | "off" | "n" | "false" | "0") => Some("write `false`"),
                _ => None,
            };
            findings.push(wrong_type(node, what, "`true` or `false`").cure_if(cure.map(str::to_owned)));
            None
        }
    }
}

/// A duration, in milliseconds.
pub fn duration(node: &Node, what: &str, findings: &mut Findings) -> Option<i64> {
    let Some(text) = node.text() else {
        findings.push(wrong_type(node, what, "a duration").cure("write it with its unit, such as `30s`"));
        return None;
    };
    match parse_duration(text) {
        Ok(ms) => Some(ms),
        Err(error) => {
            findings.push(bad_duration(&node.place, text, what, error));
            None
        }
    }
}

/// A time that a clock of the centre keeps, in milliseconds: a second or more, for nobody acts in less.
pub fn clock_time(node: &Node, what: &str, findings: &mut Findings) -> Option<i64> {
    let ms = duration(node, what, findings)?;
    if ms >= WAIT_MS_MIN {
        return Some(ms);
    }
    let message = format!("`{what}` must be at least 1s, found `{}`", node.text().unwrap_or_default());
    let finding = Finding::error(codes::OUT_OF_RANGE, &node.place, message);
    findings.push(finding.cure("write `1s` or more; `ms` are milliseconds, `s` seconds, `m` minutes"));
    None
}

/// The shortest a flow waits. With less, a circle of waits would be a loop.
const WAIT_MS_MIN: i64 = 1000;

/// How long a flow waits, in milliseconds: a duration of a second or more.
pub fn waiting_time(node: &Node, what: &str, findings: &mut Findings) -> Option<i64> {
    let ms = duration(node, what, findings)?;
    if ms >= WAIT_MS_MIN {
        return Some(ms);
    }
    let message = format!("`{what}` must be at least 1s, found `{}`", node.text().unwrap_or_default());
    let finding = Finding::error(codes::OUT_OF_RANGE, &node.place, message)
        .because("a flow that goes round without time passing never comes to rest");
    findings.push(finding.cure("write `1s` or more, or go on with `then` at once"));
    None
}

fn bad_duration(place: &Place, text: &str, what: &str, error: DurationError) -> Finding {
    let message = format!("`{what}` is `{}`, which is not a duration", super::shortened(text));
    let cure = match error {
        DurationError::NoUnit => format!("write `{text}s` for seconds, or another unit: `ms`, `m`, `h`, `d`"),
        DurationError::Malformed => {
            "write numbers with units, largest first: `30s`, `1m30s`, `2h`".to_owned()
        }
        DurationError::TooLong => "write 400 days or less".to_owned(),
    };
    Finding::error(codes::BAD_DURATION, place, message).because(error.to_string()).cure(cure)
}

/// One of some words.
pub fn one_of<'w>(node: &Node, what: &str, words: &[&'w str], findings: &mut Findings) -> Option<&'w str> {
    let written = node.text();
    if let Some(word) = words.iter().find(|word| Some(**word) == written) {
        return Some(word);
    }
    let message = format!("`{what}` must be one of {}, found {}", listed(words), node.described());
    let cure = written.and_then(|text| did_you_mean(text, words.iter().copied()));
    findings.push(Finding::error(codes::NOT_ONE_OF, &node.place, message).cure_if(cure));
    None
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Checks a name of the deployment's own: lower-case letters, digits, `_` and `-`, starting with a letter, at most
/// 64 characters. `dash` says whether `-` may be used; names that expressions read may not have it.
pub fn name(text: &str, place: &Place, what: &str, dash: bool, findings: &mut Findings) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || (dash && c == '-');
    let good =
        text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(allowed) && text.len() <= 64;
    if !good {
        let message = format!("`{}` cannot be the name of a {what}", super::shortened(text));
        let signs = if dash { "digits, `_` and `-`" } else { "digits and `_`" };
        let cure = format!("use lower-case letters, {signs}; start with a letter; at most 64 characters");
        findings.push(Finding::error(codes::BAD_NAME, place, message).cure(cure));
    }
    good
}

/// The lines of a map; nothing counts as an empty map.
pub fn entries<'a>(node: &'a Node, what: &str, findings: &mut Findings) -> &'a [Entry] {
    if !matches!(node.kind, Kind::Map(_)) && !node.is_null() {
        findings.push(wrong_type(node, what, "a map of names"));
    }
    node.entries()
}

/// The items of a list; nothing counts as an empty list.
pub fn items<'a>(node: &'a Node, what: &str, findings: &mut Findings) -> &'a [Node] {
    match &node.kind {
        Kind::List(items) => items,
        _ => {
            if !node.is_null() {
                findings
                    .push(wrong_type(node, what, "a list").cure("write `[a, b]`, or one `- item` per line"));
            }
            &[]
        }
    }
}
