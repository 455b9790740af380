//! Findings as text for a terminal, without colour: the line at fault with an arrow under it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Finding, Findings, Place, Severity};

/// Longest part of a source line that is shown, in characters.
const LINE_SHOWN_MAX: usize = 120;

impl Findings {
    /// All findings, each with an excerpt of its file, and a closing line that counts them.
    /// `sources` maps paths as they stand in [`Place::file`] to the text of the file; a file that is not there
    /// is shown by its place alone.
    pub fn render(&self, sources: &BTreeMap<String, String>) -> String {
        let mut out = String::new();
        for finding in self.by_severity() {
            out.push_str(&finding.render(sources));
            out.push('\n');
        }
        if self.dropped() > 0 {
            let _ = writeln!(out, "{} more findings are not shown", self.dropped());
        }
        out
    }
}

impl Finding {
    /// This finding with an excerpt of its file.
    pub fn render(&self, sources: &BTreeMap<String, String>) -> String {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut out = format!("{severity}[{}]: {}\n", self.code, visible(&self.message));
        let lines = std::iter::once(&self.place).chain(self.also.iter().map(|(place, _)| place));
        let gutter = lines.map(|place| place.line.to_string().len()).max().unwrap_or(1);
        excerpt(&mut out, gutter, "-->", &self.place, '^', self.cause.as_deref(), sources);
        for (place, text) in &self.also {
            excerpt(&mut out, gutter, ":::", place, '-', Some(text), sources);
        }
        if let Some(cure) = &self.cure {
            let _ = writeln!(out, "{:gutter$} = help: {}", "", visible(cure));
        }
        out
    }
}

/// Writes the place and, when its file is known, the line with `mark`s under it and the label behind them.
fn excerpt(
    out: &mut String,
    gutter: usize,
    arrow: &str,
    place: &Place,
    mark: char,
    label: Option<&str>,
    sources: &BTreeMap<String, String>,
) {
    // Writing to a String cannot fail; the results are dropped for that reason.
    let label = label.map(|text| format!(" {}", visible(text))).unwrap_or_default();
    let _ = writeln!(out, "{:gutter$}{arrow} {place}", "");
    let line = sources.get(&*place.file).and_then(|text| text.lines().nth(place.line as usize - 1));
    let Some(line) = line else {
        if !label.is_empty() {
            let _ = writeln!(out, "{:gutter$} ={label}", "");
        }
        return;
    };
    let characters: Vec<char> = line.chars().collect();
    let column = (place.column as usize - 1).min(characters.len());
    let from = if characters.len() > LINE_SHOWN_MAX { column.saturating_sub(LINE_SHOWN_MAX / 2) } else { 0 };
    let to = characters.len().min(from + LINE_SHOWN_MAX);
    let shown: String = characters[from..to].iter().map(|&c| if c.is_control() { ' ' } else { c }).collect();
    let marks = (place.length as usize).clamp(1, (to.saturating_sub(column)).max(1));
    let under: String = std::iter::repeat_n(mark, marks).collect();
    let _ = writeln!(out, "{:gutter$} |", "");
    let _ = writeln!(out, "{:>gutter$} | {}", place.line, shown.trim_end());
    let _ = writeln!(out, "{:gutter$} | {:indent$}{under}{label}", "", "", indent = column - from);
}

/// Control characters of a hostile file must not reach the terminal.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::codes;

    fn place(line: u32, column: u32, length: u32) -> Place {
        Place { line, column, length, ..Place::start_of("flows/inbound.yaml") }
    }

    #[test]
    fn a_finding_shows_the_line_the_cause_and_the_cure() {
        let source = "flow: inbound\nnodes:\n  escalation:\n    note: x\n  ask:\n    then: escalate # why\n";
        let sources = BTreeMap::from([("flows/inbound.yaml".to_owned(), source.to_owned())]);
        let finding =
            Finding::error(codes::UNKNOWN_NODE, &place(6, 11, 8), "`escalate` is not a node of this flow")
                .because("nothing here has this name")
                .also(&place(3, 3, 10), "this one is")
                .cure("did you mean `escalation`?");
        let expected = "\
error[flow::unknown_node]: `escalate` is not a node of this flow
 --> flows/inbound.yaml:6:11
  |
6 |     then: escalate # why
  |           ^^^^^^^^ nothing here has this name
 ::: flows/inbound.yaml:3:3
  |
3 |   escalation:
  |   ---------- this one is
  = help: did you mean `escalation`?
";
        assert_eq!(finding.render(&sources), expected);
    }

    #[test]
    fn a_place_outside_its_file_is_still_named() {
        let finding = Finding::warning(codes::EMPTY, &place(99, 7, 3), "nothing\u{7} here").because("empty");
        let text = finding.render(&BTreeMap::from([("flows/inbound.yaml".to_owned(), "a: b".to_owned())]));
        assert_eq!(
            text,
            "warning[yaml::empty]: nothing\u{fffd} here\n  --> flows/inbound.yaml:99:7\n   = empty\n"
        );
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_place() {
        let source = format!("{}X{}", "a".repeat(5000), "b".repeat(5000));
        let sources = BTreeMap::from([("flows/inbound.yaml".to_owned(), source)]);
        let text = Finding::error(codes::EMPTY, &place(1, 5001, 1), "here").render(&sources);
        let lines: Vec<_> = text.lines().collect();
        assert!(text.len() < 400, "{}", text.len());
        assert_eq!(lines[3].find('X'), lines[4].find('^'));
    }
}
