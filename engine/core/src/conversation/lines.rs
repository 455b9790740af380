//! What was said so far, in one text.
//!
//! A conversation is read and written with every event. As twenty records these lines would be most of it, and most of the
//! time it takes to read; they are looked at one by one only when somebody new comes.

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Most lines that are kept of what was said.
pub const LINES_MAX: usize = 20;
/// Most characters that are kept of a line.
const LINE_CHARS_MAX: usize = 300;
/// Who can say something, and the letter that stands for them: M is the conversation monitor, as the Controller is called
/// on the wire.
const SPEAKERS: [(&str, char); 4] = [("CUSTOMER", 'C'), ("BOT", 'B'), ("AGENT", 'A'), ("CONTROLLER", 'M')];

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// CUSTOMER, BOT, AGENT or CONTROLLER.
    #[serde(rename = "f")]
    pub from: String,
    /// Name of the bot or agent; empty for the others.
    #[serde(rename = "n", default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The text; a kind such as `[IMAGE]` where there is none.
    #[serde(rename = "t")]
    pub text: String,
    /// Epoch ms.
    #[serde(rename = "a")]
    pub at: i64,
}

/// The latest lines. Each is `<letter><epoch ms>⇥<name>⇥<text>⏎`, with `\`, tab and line feed in names and texts written
/// as `\\`, `\t` and `\n`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(transparent)]
pub struct Lines(String);

impl Lines {
    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a line, and drops the oldest when there are too many.
    pub fn push(&mut self, line: &Line) {
        let letter = SPEAKERS.iter().find(|(from, _)| *from == line.from).map_or('B', |(_, letter)| *letter);
        self.0.push(letter);
        self.0.push_str(&line.at.to_string());
        for field in [&*line.name, &*cut(&line.text, LINE_CHARS_MAX)] {
            self.0.push('\t');
            for character in field.chars() {
                match character {
                    '\\' => self.0.push_str("\\\\"),
                    '\t' => self.0.push_str("\\t"),
                    '\n' => self.0.push_str("\\n"),
                    other => self.0.push(other),
                }
            }
        }
        self.0.push('\n');
        if self.0.bytes().filter(|byte| *byte == b'\n').count() > LINES_MAX
            && let Some(end) = self.0.find('\n')
        {
            self.0.drain(..=end);
        }
    }

    /// The lines, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Line> {
        self.0.split_terminator('\n').filter_map(read).collect()
    }
}

fn read(record: &str) -> Option<Line> {
    let mut fields = record.splitn(3, '\t');
    let head = fields.next()?;
    let letter = head.chars().next()?;
    let (from, _) = SPEAKERS.iter().find(|(_, known)| *known == letter)?;
    let at = head[letter.len_utf8()..].parse().ok()?;
    Some(Line { from: (*from).to_owned(), name: plain(fields.next()?), text: plain(fields.next()?), at })
}

fn plain(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some(other) => other,
                None => break,
            },
            other => other,
        });
    }
    text
}

/// The first characters of a text.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Reads the list of records too that was kept before.
impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Lines;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("what was said, as one text or as a list")
            }

            fn visit_str<E>(self, text: &str) -> Result<Lines, E> {
                Ok(Lines(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Lines, E> {
                Ok(Lines(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Lines, A::Error> {
                let mut lines = Lines::default();
                while let Some(line) = list.next_element()? {
                    lines.push(&line);
                }
                Ok(lines)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn line(from: &str, name: &str, text: &str, at: i64) -> Line {
        Line { from: from.into(), name: name.into(), text: text.into(), at }
    }

    #[test]
    fn lines_come_back_as_they_were_said() {
        let said = [
            line("CUSTOMER", "", "first\tline\nand \\n the second\r\n", 1_795_300_000_000),
            line("BOT", "a\tname", "", -1),
            line("AGENT", "amal", "\u{2028}😀\0\"", 0),
            line("CONTROLLER", "", "\\\r", 3),
        ];
        let mut lines = Lines::default();
        said.iter().for_each(|one| lines.push(one));
        let stored: Lines = serde_json::from_str(&serde_json::to_string(&lines).unwrap()).unwrap();
        assert_eq!(stored.all(), said);
        let before: Lines = serde_json::from_str(&serde_json::to_string(&said).unwrap()).unwrap();
        assert_eq!(before, lines, "the list of an older state says the same");
    }

    #[test]
    fn the_oldest_goes_first_and_a_long_text_is_cut() {
        let mut lines = Lines::default();
        for at in 0..50 {
            lines.push(&line("CUSTOMER", "", &"ä".repeat(1_000), at));
        }
        let all = lines.all();
        assert_eq!((all.len(), all[0].at, all[19].at), (LINES_MAX, 30, 49));
        assert_eq!(all[0].text.chars().count(), LINE_CHARS_MAX + 1, "and an ellipsis");
    }
}
