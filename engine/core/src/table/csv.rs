//! Rows kept in a CSV file beside the table, as a spreadsheet writes it: a line of column names, then one line a row.
//! Several values in a cell are separated by `|`, `not` in front takes all others, an empty cell takes everything.

use std::collections::BTreeMap;

use super::cell::{ANY, Cell, Test};
use super::read::{Columns, output_text};
use super::{Output, Row};
use crate::diagnostic::{Finding, Findings, Place, codes, did_you_mean};
use crate::model::Json;
use crate::yaml;

/// Reads the rows of a file.
pub(super) fn rows(file: &str, text: &str, columns: &Columns<'_>, findings: &mut Findings) -> Vec<Row> {
    let mut reader =
        ::csv::ReaderBuilder::new().flexible(true).trim(::csv::Trim::All).from_reader(text.as_bytes());
    let place = |line: u64| Place { line: u32::try_from(line).unwrap_or(u32::MAX), ..Place::start_of(file) };
    let names: Vec<String> = match reader.headers() {
        Ok(names) => names.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect(),
        Err(e) => {
            findings.push(Finding::error(codes::TABLE_CSV, &place(1), format!("this is no CSV file: {e}")));
            return Vec::new();
        }
    };
    for name in names.iter().filter(|name| !columns.knows(name)) {
        let message = format!("`{name}` is neither an input nor an output of the table");
        let near = did_you_mean(name, columns.names());
        findings.push(Finding::error(codes::TABLE_COLUMN, &place(1), message).cure_if(near));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(e) => {
                let line = e.position().map_or(1, ::csv::Position::line);
                findings.push(Finding::error(
                    codes::TABLE_CSV,
                    &place(line),
                    format!("this line cannot be read: {e}"),
                ));
                continue;
            }
        };
        let at = place(record.position().map_or(1, ::csv::Position::line));
        if record.len() != names.len() {
            let message =
                format!("this line has {} cells, the first line names {}", record.len(), names.len());
            findings
                .push(Finding::error(codes::TABLE_CSV, &at, message).cure("an empty cell takes everything"));
            continue;
        }
        let fields: BTreeMap<&str, &str> = names.iter().map(String::as_str).zip(record.iter()).collect();
        rows.push(row(&fields, at, columns, findings));
    }
    rows
}

fn row(fields: &BTreeMap<&str, &str>, place: Place, columns: &Columns<'_>, findings: &mut Findings) -> Row {
    let mut cells = Vec::new();
    for input in columns.inputs {
        let text = fields.get(input.name.as_str()).copied().unwrap_or_default();
        let (text, not) = match text.strip_prefix("not ") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        if text.is_empty() || text == ANY {
            cells.push(Cell::Any);
            continue;
        }
        let tests =
            text.split('|').map(|part| Test::of_text(input.kind, part)).collect::<Result<Vec<_>, _>>();
        match tests {
            Ok(tests) => {
                columns.allowed(input, &tests, &place, findings);
                cells.push(if not { Cell::NoneOf(tests) } else { Cell::OneOf(tests) });
            }
            Err(expected) => {
                let message = format!("`{text}` in column {} cannot be read", input.name);
                findings.push(Finding::error(codes::TABLE_CELL, &place, message).because(expected));
                cells.push(Cell::Any);
            }
        }
    }
    let then = columns.outputs.iter().map(|name| {
        let text = fields.get(name.as_str()).copied().unwrap_or_default();
        (name.clone(), output(text, &place, columns, findings))
    });
    let then = then.collect();
    Row { place, cells, then }
}

/// A cell of an output: `true`, a number, or a text.
fn output(text: &str, place: &Place, columns: &Columns<'_>, findings: &mut Findings) -> Output {
    match yaml::plain(text) {
        Json::String(text) => output_text(&text, place, columns, findings),
        value => Output::Value(value),
    }
}
