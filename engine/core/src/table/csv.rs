//! Rows kept in a CSV file beside the table, as a spreadsheet writes it: a line of column names, then one line a row.
//! Several values in a cell are separated by `|`, `not` in front takes all others, an empty cell takes everything. Cells
//! are separated by commas, or by semicolons or tabs when the line of names is.

use super::cell::{ANY, Cell, Test};
use super::read::{Columns, output_text};
use super::spots::{Spots, separator, spots};
use super::{Input, Output, Row};
use crate::diagnostic::{Finding, Findings, Place, codes, did_you_mean};
use crate::model::Json;
use crate::yaml;

/// Reads the rows of a file.
pub(super) fn rows(file: &str, text: &str, columns: &Columns<'_>, findings: &mut Findings) -> Vec<Row> {
    let errors = findings.errors();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.to_lowercase().starts_with("sep=") {
        let finding = Finding::error(codes::TABLE_CSV, &Place::start_of(file), "this line names no columns");
        findings.push(finding.cure("delete it: the separator is told from the line of names"));
        return Vec::new();
    }
    let separator = separator(text);
    let Spots { records, open } = spots(file, text, separator);
    if let Some(place) = open {
        let finding = Finding::error(codes::TABLE_CSV, &place, "a quote is opened here and never closed")
            .because("everything behind it would belong to this cell");
        findings.push(finding.cure("close it with `\"`; a quote inside a cell is written twice"));
        return Vec::new();
    }
    let mut reader = ::csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .delimiter(u8::try_from(separator).unwrap_or(b','))
        .trim(::csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut lines = reader.records().zip(records);
    let Some((Ok(names), spots)) = lines.next() else {
        findings.push(no_rows(file));
        return Vec::new();
    };
    let names: Vec<&str> = names.iter().collect();
    header(&names, &spots, columns, findings);
    let mut rows = Vec::new();
    for (record, spots) in lines {
        let Some(at) = spots.first().map(|spot| Place { column: 1, length: 1, ..spot.clone() }) else {
            continue;
        };
        let cells = match record {
            Ok(record) if record.len() == names.len() => record,
            Ok(record) => {
                let message =
                    format!("this line has {} cells, the first line names {}", record.len(), names.len());
                let cure = if record.len() > names.len() {
                    format!("put a cell that has a `{separator}` in double quotes")
                } else {
                    "a cell may be left empty: it takes everything".to_owned()
                };
                findings.push(Finding::error(codes::TABLE_CSV, &at, message).cure(cure));
                continue;
            }
            Err(e) => {
                let message = format!("this line cannot be read: {e}");
                findings.push(Finding::error(codes::TABLE_CSV, &at, message));
                continue;
            }
        };
        let line = Line { names: &names, cells: &cells, spots: &spots, at };
        rows.push(line.row(columns, findings));
    }
    if rows.is_empty() && findings.errors() == errors {
        findings.push(no_rows(file));
    }
    rows
}

fn no_rows(file: &str) -> Finding {
    let finding = Finding::error(codes::TABLE_CSV, &Place::start_of(file), "the file has no rows");
    finding.cure("write a line with the names of the columns, then one line a row")
}

/// Checks the line of column names.
fn header(names: &[&str], spots: &[Place], columns: &Columns<'_>, findings: &mut Findings) {
    for (at, (name, place)) in names.iter().zip(spots).enumerate() {
        if !columns.knows(name) {
            let message = format!("`{name}` is neither an input nor an output of the table");
            let near = did_you_mean(name, columns.names());
            findings.push(Finding::error(codes::TABLE_COLUMN, place, message).cure_if(near));
        }
        if let Some(first) = names[..at].iter().position(|other| other == name) {
            let finding = Finding::error(codes::TABLE_CSV, place, format!("column `{name}` stands twice"))
                .also(&spots[first], "first here");
            findings.push(finding.cure("delete one of the two"));
        }
        if columns.inputs.iter().any(|input| input.name == *name) && columns.outputs.iter().any(|o| o == name)
        {
            let message = format!("`{name}` is an input and an output; a column can be one of them");
            findings.push(Finding::error(codes::TABLE_COLUMN, place, message).cure("rename the output"));
        }
    }
    let Some(place) = spots.first() else { return };
    for output in columns.outputs.iter().filter(|output| !names.contains(&output.as_str())) {
        let message = format!("there is no column for the output `{output}`");
        findings.push(Finding::error(codes::TABLE_OUTPUT, place, message).cure(format!("add `{output}`")));
    }
}

/// A line of the file that has as many cells as there are names.
struct Line<'l> {
    names: &'l [&'l str],
    cells: &'l ::csv::StringRecord,
    spots: &'l [Place],
    at: Place,
}

impl Line<'_> {
    /// The text of a column and where it stands.
    fn of(&self, name: &str) -> (&str, &Place) {
        let at = self.names.iter().position(|known| *known == name);
        let cell = at.and_then(|at| self.cells.get(at).zip(self.spots.get(at)));
        cell.unwrap_or(("", &self.at))
    }

    fn row(&self, columns: &Columns<'_>, findings: &mut Findings) -> Row {
        let cells = columns.inputs.iter().map(|input| self.cell(input, columns, findings)).collect();
        let then = columns.outputs.iter().map(|name| {
            let (text, place) = self.of(name);
            (name.clone(), output(text, place, columns, findings))
        });
        let then = then.collect();
        Row { place: self.at.clone(), cells, then }
    }

    fn cell(&self, input: &Input, columns: &Columns<'_>, findings: &mut Findings) -> Cell {
        let (text, place) = self.of(&input.name);
        let (text, not) = match text.strip_prefix("not ") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        if text.is_empty() || text == ANY {
            return Cell::Any;
        }
        let tests =
            text.split('|').map(|part| Test::of_text(input.kind, part)).collect::<Result<Vec<_>, _>>();
        match tests {
            Ok(tests) => {
                columns.allowed(input, &tests, place, findings);
                if not { Cell::NoneOf(tests) } else { Cell::OneOf(tests) }
            }
            Err(expected) => {
                let message = format!("`{text}` in column {} cannot be read", input.name);
                let finding = Finding::error(codes::TABLE_CELL, place, message).because(expected);
                findings.push(finding.cure_if(with_point(text)));
                Cell::Any
            }
        }
    }
}

/// A cell of an output: `true`, a number, or a text.
fn output(text: &str, place: &Place, columns: &Columns<'_>, findings: &mut Findings) -> Output {
    match yaml::plain(text) {
        Json::String(text) => {
            if let Some(cure) = with_point(&text) {
                let message = format!("`{text}` is a text and no number");
                findings.push(Finding::warning(codes::TABLE_CELL, place, message).cure(cure));
            }
            output_text(&text, place, columns, findings)
        }
        value => Output::Value(value),
    }
}

/// How a number is to be written that has a comma.
pub(super) fn with_point(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once(',')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = digits(whole.strip_prefix('-').unwrap_or(whole)) && digits(fraction);
    number.then(|| format!("numbers have a point: `{whole}.{fraction}`"))
}
