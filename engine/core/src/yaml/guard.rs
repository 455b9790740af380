//! What is checked before a file is parsed: its size and its characters.

use std::sync::Arc;

use super::limits;
use crate::diagnostic::{Finding, Findings, Place, codes};

/// The byte order mark.
const MARK: char = '\u{feff}';

/// The text of a file, when it is UTF-8 and not too large. A byte order mark at the start is left out.
pub fn text_of(file: &str, bytes: &[u8], findings: &mut Findings) -> Option<String> {
    let (most, _) = limits::of(file);
    if bytes.len() > most {
        findings.push(too_large(file, bytes.len(), most));
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.strip_prefix(MARK).unwrap_or(text).to_owned()),
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line = 1 + good.matches('\n').count();
            let column = 1 + good.rsplit('\n').next().map_or(0, |last| last.chars().count());
            let place = Place { line: small(line), column: small(column), ..Place::start_of(file) };
            findings.push(
                Finding::error(codes::NOT_UTF8, &place, "the file is not UTF-8 text")
                    .because("the bytes from here on are not UTF-8")
                    .cure("save the file as UTF-8"),
            );
            None
        }
    }
}

/// Takes the byte order mark away that some editors write in front of a text.
pub fn without_mark(text: &mut String) {
    if text.starts_with(MARK) {
        text.drain(..MARK.len_utf8());
    }
}

/// Whether the text may be given to the parser. Finds a file that is too large, characters no editor writes
/// (a lone carriage return counts: readers disagree whether it ends a line), and tabs in the indentation.
pub(super) fn admits(file: &Arc<str>, text: &str, findings: &mut Findings) -> bool {
    let (most, _) = limits::of(file);
    if text.len() > most {
        findings.push(too_large(file, text.len(), most));
        return false;
    }
    let mut clean = true;
    for (index, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if let Some(column) = line.chars().position(unwritable) {
            let message = "a character here is not text";
            findings.push(
                Finding::error(codes::CONTROL_CHARACTER, &at(file, index, column), message)
                    .cure("delete the character; in double quotes it can be written as `\\u…`"),
            );
            clean = false;
        } else if let Some(column) = tab_in_indentation(line) {
            findings.push(
                Finding::error(codes::TAB, &at(file, index, column), "this line is indented with a tab")
                    .cure("indent with spaces; most editors can be told to write them for the Tab key"),
            );
            clean = false;
        }
    }
    clean
}

fn too_large(file: &str, bytes: usize, most: usize) -> Finding {
    let message = format!("the file has {bytes} bytes, the limit is {most}");
    Finding::error(codes::TOO_LARGE, &Place::start_of(file), message).cure("split it into several files")
}

/// YAML's own set of printable characters, without the line breaks.
fn unwritable(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{2028}' | '\u{2029}')
}

fn tab_in_indentation(line: &str) -> Option<usize> {
    let visible = line.find(|c: char| c != ' ' && c != '\t')?;
    line[..visible].find('\t')
}

fn at(file: &Arc<str>, line: usize, column: usize) -> Place {
    Place { file: Arc::clone(file), line: small(line + 1), column: small(column + 1), length: 1 }
}

/// Lines and columns of a file under the size limit always fit.
pub(super) fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
