//! The core neither waits nor looks at the world.

use crate::{files, must, text, words};

/// Words the core has no use for: waiting, clocks, randomness (hash maps included: their order is random), the world.
const NOT_IN_THE_CORE: &[&str] = &[
    "async",
    "await",
    "Future",
    "SystemTime",
    "Instant",
    "rand",
    "getrandom",
    "thread_rng",
    "new_v4",
    "now_v7",
    "RandomState",
    "HashMap",
    "HashSet",
    "tokio",
    "fs",
    "net",
    "env",
    "process",
    "stdin",
    "println",
    "eprintln",
];

#[test]
fn the_core_neither_waits_nor_looks_at_the_world() {
    let mut problems = Vec::new();
    let mut seen = 0;
    for file in files() {
        let test = file.contains("/tests/") || file.ends_with("/tests.rs");
        if !file.starts_with("engine/core/src/") || !file.ends_with(".rs") || test {
            continue;
        }
        seen += 1;
        // `core::net` is what an address is; it reaches nothing.
        let source = code(&text(&file).unwrap()).replace("core::net::", "");
        for (number, line) in source.lines().enumerate() {
            for word in words(line).filter(|word| NOT_IN_THE_CORE.contains(word)) {
                problems.push(format!("{file}:{}: the core has no business with `{word}`", number + 1));
            }
        }
    }
    assert!(seen > 50, "only {seen} files of the core were found");
    must(&problems);
}

#[test]
fn the_guard_of_the_core_sees_code_and_nothing_else() {
    let source = "// async\nlet a = \"await \\\" fs\"; /* net */ let b: &'env str = r#\"rand \"#;\n\
                  #[cfg(test)]\nmod tests {\n    use std::fs;\n}\nlet c = 'x'; tokio::now();\n";
    let code = code(source);
    let found: Vec<&str> = words(&code).filter(|word| NOT_IN_THE_CORE.contains(word)).collect();
    assert_eq!(found, ["env", "tokio"], "{code}");
    assert_eq!(code.lines().count(), source.lines().count());
}

/// A source without comments, texts and tests, line for line.
fn code(source: &str) -> String {
    let mut lines = Vec::new();
    let mut test: Option<usize> = None;
    for line in without_words_of_people(source).lines() {
        let indent = line.len() - line.trim_start().len();
        if line.trim_start().starts_with("#[cfg(test)]") {
            test = Some(indent);
        }
        lines.push(if test.is_some() { String::new() } else { line.to_owned() });
        let end = line.trim_end().ends_with(['}', ';']);
        if test == Some(indent) && end {
            test = None;
        }
    }
    lines.join("\n")
}

/// A source with its comments and texts left out; line ends stay.
fn without_words_of_people(source: &str) -> String {
    let mut out = String::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let after_name = out.ends_with(|c: char| c.is_alphanumeric() && c != 'b' || c == '_');
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => quoted(rest, '"'),
            '\'' if rest[1..].starts_with('\\') => quoted(rest, '\''),
            '\'' if rest.chars().nth(2) == Some('\'') => {
                rest.char_indices().nth(3).map_or(rest.len(), |(i, _)| i)
            }
            'r' if !after_name && rest[1..].trim_start_matches('#').starts_with('"') => raw(rest),
            _ => 0,
        };
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.extend(rest[..length].chars().filter(|c| *c == '\n'));
            rest = &rest[length..];
        }
    }
    out
}

/// Bytes of a text or character that may hold `\`.
fn quoted(rest: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == mark => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Bytes of a raw text.
fn raw(rest: &str) -> usize {
    let marks = rest[1..].len() - rest[1..].trim_start_matches('#').len();
    let end = format!("\"{}", "#".repeat(marks));
    let begin = 2 + marks;
    rest[begin..].find(&end).map_or(rest.len(), |at| begin + at + end.len())
}
