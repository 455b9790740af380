//! `customer?.email`: the value, or `()` when `customer` is `()` *or has no such property*.
//!
//! Rhai's own `?.` asks only the first question, and its hook for a missing property cannot tell reading
//! from adding. So before a source is parsed each `?.name` becomes `?.get("name")`, which answers both, and
//! columns of errors are moved back to what the analyst wrote. Lines stay.

use std::borrow::Cow;

use super::error::{RuleError, RuleErrorKind};

/// What a property's name is wrapped in.
const OPENING: &str = "get(\"";
const CLOSING: &str = "\")";

/// How much each rewritten name is longer than what was written.
const GROWTH: u32 = (OPENING.len() + CLOSING.len()) as u32;

/// Where names were wrapped, in the order of the source.
#[derive(Debug, Clone, Default)]
pub(super) struct Shifts(Vec<Shift>);

/// One wrapped name, by its place in the rewritten source; line and column from 1.
#[derive(Debug, Clone, Copy)]
struct Shift {
    line: u32,
    column: u32,
    name: u32,
}

/// What the scanner is inside of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// Code, with the number of braces open since it began.
    Code(u32),
    /// A text between back-ticks, which may hold code again in `${…}`.
    Template,
}

/// Reads a source and writes the same with optional properties wrapped.
struct Scanner<'s> {
    rest: &'s str,
    written: String,
    line: u32,
    column: u32,
    inside: Vec<Inside>,
    shifts: Shifts,
    /// Where a block comment without an end began.
    open_comment: Option<(u32, u32)>,
}

/// The source as the parser shall see it, and how to find the way back.
///
/// # Errors
/// `Parse` for a block comment without an end: Rhai takes the rest of the file for the comment and says
/// nothing.
pub(super) fn rewrite(source: &str) -> Result<(Cow<'_, str>, Shifts), RuleError> {
    if !source.contains("?.") && !source.contains("/*") {
        return Ok((Cow::Borrowed(source), Shifts::default()));
    }
    let mut scanner = Scanner {
        rest: source,
        written: String::with_capacity(source.len() + source.len() / 4),
        line: 1,
        column: 1,
        inside: vec![Inside::Code(0)],
        shifts: Shifts::default(),
        open_comment: None,
    };
    while !scanner.rest.is_empty() {
        scanner.step();
    }
    if let Some((line, column)) = scanner.open_comment {
        let error = RuleError::new(RuleErrorKind::Parse, "this `/*` has no `*/`");
        return Err(RuleError { line: Some(line), column: Some(column), ..error });
    }
    Ok((Cow::Owned(scanner.written), scanner.shifts))
}

impl Shifts {
    /// Moves the place of an error back to the source as it was written.
    pub(super) fn restore(&self, mut error: RuleError) -> RuleError {
        if let (Some(line), Some(column)) = (error.line, error.column) {
            error.column = Some(self.column(line, column));
        }
        error
    }

    pub(super) fn column(&self, line: u32, column: u32) -> u32 {
        let mut grown = 0;
        for shift in self.0.iter().filter(|s| s.line == line && s.column < column) {
            if column < shift.column + shift.name + GROWTH {
                return shift.column - grown;
            }
            grown += GROWTH;
        }
        column - grown
    }
}

impl Scanner<'_> {
    fn step(&mut self) {
        match self.inside.last().copied() {
            Some(Inside::Template) => self.template(),
            _ => self.code(),
        }
    }

    fn code(&mut self) {
        match self.rest.chars().next() {
            _ if self.rest.starts_with("//") => self.take(self.rest.find('\n').unwrap_or(self.rest.len())),
            _ if self.rest.starts_with("/*") => self.block_comment(),
            _ if self.rest.starts_with("#\"") || self.rest.starts_with("##") => self.raw_string(),
            _ if self.rest.starts_with("?.") => self.optional(),
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            Some('`') => self.enter(Inside::Template),
            Some('{') => self.brace(1),
            Some('}') => self.brace(-1),
            _ => self.take_char(),
        }
    }

    fn template(&mut self) {
        if self.rest.starts_with("${") {
            self.take(2);
            self.inside.push(Inside::Code(1));
        } else if self.rest.starts_with("``") {
            self.take(2);
        } else if self.rest.starts_with('`') {
            self.take_char();
            self.inside.pop();
        } else {
            self.take_char();
        }
    }

    /// Wraps the name after `?.`, unless it is a method's.
    fn optional(&mut self) {
        self.take(2);
        let name_ends = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
        let name = &self.rest[..self.rest.find(name_ends).unwrap_or(self.rest.len())];
        let is_method = self.rest[name.len()..].trim_start().starts_with('(');
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || is_method {
            return;
        }
        let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
        self.shifts.0.push(Shift { line: self.line, column: self.column, name: length });
        self.written.push_str(OPENING);
        self.take(name.len());
        self.written.push_str(CLOSING);
        self.column += GROWTH;
    }

    fn enter(&mut self, inside: Inside) {
        self.take_char();
        self.inside.push(inside);
    }

    /// Counts braces, to know which `}` ends a `${`.
    fn brace(&mut self, by: i32) {
        self.take_char();
        if let Some(Inside::Code(open)) = self.inside.last_mut() {
            *open = open.saturating_add_signed(by);
            if *open == 0 && by < 0 && self.inside.len() > 1 {
                self.inside.pop();
            }
        }
    }

    fn quoted(&mut self, quote: char) {
        let mut escaped = false;
        let mut inner = self.rest.char_indices().skip(1);
        let end = inner.find(|(_, c)| {
            let ends = *c == quote && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        self.take(end.map_or(self.rest.len(), |(at, _)| at + quote.len_utf8()));
    }

    /// `#"…"#`, with any number of `#`.
    fn raw_string(&mut self) {
        let hashes = self.rest.len() - self.rest.trim_start_matches('#').len();
        let Some(body) = self.rest.get(hashes..).and_then(|r| r.strip_prefix('"')) else {
            return self.take(hashes);
        };
        let close = format!("\"{}", "#".repeat(hashes));
        let end = body.find(&close).map_or(self.rest.len(), |at| hashes + 1 + at + close.len());
        self.take(end);
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let began = (self.line, self.column);
        let mut depth = 0_u32;
        while !self.rest.is_empty() {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.take(2);
            } else if self.rest.starts_with("*/") {
                depth = depth.saturating_sub(1);
                self.take(2);
                if depth == 0 {
                    return;
                }
            } else {
                self.take_char();
            }
        }
        self.open_comment = Some(began);
    }

    fn take_char(&mut self) {
        self.take(self.rest.chars().next().map_or(0, char::len_utf8));
    }

    /// Copies so many bytes. They end at a character.
    fn take(&mut self, bytes: usize) {
        let (taken, rest) = self.rest.split_at(bytes);
        for c in taken.chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.written.push_str(taken);
        self.rest = rest;
    }
}
