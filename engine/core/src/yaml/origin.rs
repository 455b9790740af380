//! Where each character of a scalar stands in the file, also behind escapes and across lines.
//!
//! An expression inside a scalar reports line and column of its own; this map brings them home to the file.

/// Runs of characters that follow each other on one line.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Origin {
    runs: Vec<Run>,
}

/// From the character `from` of the text on, columns count up by one.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Run {
    from: usize,
    line: u32,
    column: u32,
}

impl Origin {
    /// A scalar that is not written out.
    pub(super) fn point(line: u32, column: u32) -> Self {
        Self { runs: vec![Run { from: 0, line, column }] }
    }

    /// Line and column of a character of the text.
    pub(super) fn at(&self, index: usize) -> (u32, u32) {
        let next = self.runs.partition_point(|run| run.from <= index);
        match self.runs.get(next.saturating_sub(1)) {
            Some(run) => (run.line, run.column + super::guard::small(index.saturating_sub(run.from))),
            None => (1, 1),
        }
    }

    /// Aligns a text with the characters of the file it was read from. Visible characters stand in both in the
    /// same order; white space may have been folded. When the two do not match, everything has the place of the
    /// first character.
    pub(super) fn align(text: &str, source: &[char], line: u32, column: u32, quotes: Quotes) -> Self {
        let mut cursor = Cursor { source, at: 0, line, column, quotes };
        if quotes != Quotes::None {
            cursor.step();
        }
        let start = Self::point(cursor.line, cursor.column);
        let mut origin = Self::default();
        for (index, c) in text.chars().enumerate() {
            let found = if c.is_whitespace() { Some(cursor.blank(c)) } else { cursor.visible(c) };
            let Some((line, column)) = found else { return start };
            if origin.runs.is_empty() || origin.at(index) != (line, column) {
                origin.runs.push(Run { from: index, line, column });
            }
        }
        if origin.runs.is_empty() { start } else { origin }
    }
}

/// Quotes around a scalar decide how its characters are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// Plain and block scalars: no escapes.
    None,
    /// `''` is one quote.
    Single,
    /// Backslash escapes.
    Double,
}

struct Cursor<'a> {
    source: &'a [char],
    at: usize,
    line: u32,
    column: u32,
    quotes: Quotes,
}

impl Cursor<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.source.get(self.at + ahead).copied()
    }

    fn step(&mut self) {
        match self.peek(0) {
            Some('\n') => (self.line, self.column) = (self.line + 1, 1),
            Some(_) => self.column += 1,
            None => return,
        }
        self.at += 1;
    }

    /// Place of a blank: where it is written, or right behind what came before when lines were folded.
    fn blank(&mut self, c: char) -> (u32, u32) {
        let place = (self.line, self.column);
        match self.peek(0) {
            Some('\\') if self.quotes == Quotes::Double => {
                self.escape();
            }
            Some(found) if found == c => self.step(),
            Some('\r') if c == '\n' => {
                self.step();
                self.step();
            }
            _ => {}
        }
        place
    }

    /// Place of a visible character; `None` when the file has another one there.
    fn visible(&mut self, c: char) -> Option<(u32, u32)> {
        loop {
            match self.peek(0)? {
                found if found.is_whitespace() => self.step(),
                // A backslash at the end of a line joins it with the next.
                '\\' if self.quotes == Quotes::Double && matches!(self.peek(1), Some('\n' | '\r')) => {
                    self.step()
                }
                _ => break,
            }
        }
        let place = (self.line, self.column);
        match self.peek(0)? {
            '\\' if self.quotes == Quotes::Double => self.escape(),
            '\'' if self.quotes == Quotes::Single => {
                self.step();
                self.step();
            }
            found if found == c => self.step(),
            _ => return None,
        }
        Some(place)
    }

    /// Steps over one escape sequence.
    fn escape(&mut self) {
        let digits = match self.peek(1) {
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            _ => 0,
        };
        for _ in 0..2 + digits {
            self.step();
        }
    }
}
