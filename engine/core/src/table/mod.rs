//! Decision tables, `rules/*.table.yaml`: typed inputs, rows of conditions, outputs. What a rule does in code, a table does
//! in a form that can be checked as a whole: a gap, an overlap, a row that is never reached.

mod bits;
mod cell;
mod check;
mod csv;
mod grid;
mod read;
mod samples;
mod spots;
#[cfg(test)]
mod tests;

use crate::diagnostic::Place;
use crate::flow::Expr;
use crate::model::{Json, JsonMap};
use crate::rules::{FactSource, Host, Type, Verdict};

use cell::{Cell, Value};
pub(crate) use read::read;

/// Most rows of a table.
pub const ROWS_MAX: usize = 2_000;
/// Most inputs of a table.
pub const INPUTS_MAX: usize = 12;

/// A decision table, ready to decide.
#[derive(Debug)]
pub struct Table {
    /// Name, by which `decide` calls it: that of its file.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// File it came from, relative to the deployment.
    pub file: String,
    /// What it looks at.
    pub inputs: Vec<Input>,
    /// What it says: names, in order.
    pub outputs: Vec<String>,
    /// Which rows count.
    pub hit: Hit,
    /// Its rows.
    pub rows: Vec<Row>,
    /// What it says when no row holds.
    pub otherwise: Option<Row>,
}

/// Something a table looks at.
#[derive(Debug)]
pub struct Input {
    /// Name of the column.
    pub name: String,
    /// Where its value comes from.
    pub from: Expr,
    /// What it holds.
    pub kind: Kind,
    /// All it can say, when the table says so.
    pub values: Vec<String>,
}

/// What an input holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A number with fractions.
    Number,
    /// A whole number.
    Whole,
    /// `true` or `false`.
    Truth,
}

/// Which rows count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// The first that holds.
    First,
    /// The only one that holds; with two the table has a fault.
    Unique,
    /// All that hold, in their order, as a list.
    Collect,
}

/// A row.
#[derive(Debug)]
pub struct Row {
    /// Where it is written.
    pub place: Place,
    cells: Vec<Cell>,
    then: Vec<(String, Output)>,
}

/// What a row says in one column.
#[derive(Debug, Clone, PartialEq)]
enum Output {
    Value(Json),
    /// A text with inputs to fill in.
    Text(Vec<Piece>),
}

impl Output {
    /// The type of what is said; none for nothing.
    fn kind(&self) -> Option<Type> {
        match self {
            // A number with a comma has its own finding.
            Self::Value(Json::String(text)) if csv::with_point(text).is_some() => None,
            Self::Value(value) => Type::of(value),
            Self::Text(_) => Some(Type::Text),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Said(String),
    Input(usize),
}

/// What a table decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// Its value, and why.
    pub verdict: Verdict,
    /// The rows that counted, from 0; none when it was `otherwise`.
    pub rows: Vec<usize>,
}

impl Kind {
    /// How it is written in a table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Whole => "whole",
            Self::Truth => "truth",
        }
    }
}

impl Table {
    /// The texts that the rows name for one input, each with the place of its row.
    pub(crate) fn texts(&self, input: usize) -> impl Iterator<Item = (&Place, &str)> {
        self.rows.iter().flat_map(move |row| {
            let tests = row.cells.get(input).map_or(&[][..], Cell::tests);
            tests.iter().filter_map(|test| match test {
                cell::Test::Is(cell::Value::Text(word)) => Some((&row.place, word.as_str())),
                _ => None,
            })
        })
    }

    /// What its decision looks like: an output that is never a constant is `null`.
    pub(crate) fn sample(&self) -> Json {
        if self.hit == Hit::Collect {
            return Json::Array(Vec::new());
        }
        let rows = || self.rows.iter().chain(&self.otherwise);
        let column = |name: &String| {
            let mut said =
                rows().filter_map(|row| row.then.iter().find(|(n, _)| n == name)).map(|(_, output)| output);
            match said.next() {
                Some(Output::Value(first)) if said.all(|o| matches!(o, Output::Value(v) if v == first)) => {
                    first.clone()
                }
                _ => Json::Null,
            }
        };
        Json::Object(self.outputs.iter().map(|name| (name.clone(), column(name))).collect())
    }

    /// Rows in words, with their places: `row 2 (rules/leaving.table.yaml:16)`.
    pub(crate) fn told(&self, rows: &[usize]) -> Option<String> {
        let place = |row: &Row| format!("{}:{}", row.place.file, row.place.line);
        let told: Vec<String> =
            rows.iter().map(|at| format!("row {} ({})", at + 1, place(&self.rows[*at]))).collect();
        let otherwise = || self.otherwise.as_ref().map(|row| format!("otherwise ({})", place(row)));
        if told.is_empty() { otherwise() } else { Some(told.join(", ")) }
    }

    /// Decides.
    ///
    /// # Errors
    /// An input that cannot be computed or is of another type; no row that holds, and no `otherwise`; two rows of a table
    /// that allows one.
    pub fn decide(&self, host: &Host, facts: &dyn FactSource) -> Result<Decided, String> {
        let values =
            self.inputs.iter().map(|input| input.value(host, facts)).collect::<Result<Vec<_>, _>>()?;
        let holds = |row: &Row| row.cells.iter().zip(&values).all(|(cell, value)| cell.holds(value));
        let mut rows: Vec<usize> =
            self.rows.iter().enumerate().filter(|(_, r)| holds(r)).map(|(i, _)| i).collect();
        match self.hit {
            Hit::First => rows.truncate(1),
            Hit::Unique if rows.len() > 1 => {
                return Err(format!(
                    "rows {} and {} of table {} both hold",
                    rows[0] + 1,
                    rows[1] + 1,
                    self.name
                ));
            }
            Hit::Unique | Hit::Collect => {}
        }
        let verdict = match (rows.as_slice(), &self.otherwise) {
            ([], None) if self.hit != Hit::Collect => {
                let said: Vec<String> =
                    self.inputs.iter().zip(&values).map(|(i, v)| format!("{} = {v}", i.name)).collect();
                return Err(format!("no row of table {} holds for {}", self.name, said.join(", ")));
            }
            ([], Some(row)) => row.said(&values, "otherwise"),
            ([row], _) if self.hit != Hit::Collect => {
                self.rows[*row].said(&values, &format!("row {}", row + 1))
            }
            (rows, _) => {
                collected(rows.iter().map(|row| self.rows[*row].said(&values, &format!("row {}", row + 1))))
            }
        };
        Ok(Decided { verdict, rows })
    }
}

fn collected(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let (values, whys): (Vec<Json>, Vec<Option<String>>) = verdicts.map(|v| (v.value, v.why)).unzip();
    let whys: Vec<String> = whys.into_iter().flatten().collect();
    let why = if whys.is_empty() { "no row holds".to_owned() } else { whys.join("; ") };
    Verdict { value: Json::Array(values), why: Some(why) }
}

impl Input {
    fn value(&self, host: &Host, facts: &dyn FactSource) -> Result<Value, String> {
        let value = host.eval(&self.from.code, facts).map_err(|e| {
            format!("{}: input {}: `{}`: {}", self.from.place, self.name, self.from.code.source(), e.message)
        })?;
        Value::of(self.kind, &value).ok_or_else(|| {
            format!("{}: input {} must be a {}, but is {value}", self.from.place, self.name, self.kind.word())
        })
    }
}

impl Row {
    /// What the row says; `which` is the reason when it gives none itself.
    fn said(&self, values: &[Value], which: &str) -> Verdict {
        let said = |output: &Output| match output {
            Output::Value(value) => value.clone(),
            Output::Text(pieces) => Json::String(
                pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Said(text) => text.clone(),
                        Piece::Input(at) => values.get(*at).map(Value::bare).unwrap_or_default(),
                    })
                    .collect(),
            ),
        };
        let value: JsonMap = self.then.iter().map(|(name, output)| (name.clone(), said(output))).collect();
        let why = value.get("why").and_then(Json::as_str).unwrap_or(which).to_owned();
        Verdict { value: Json::Object(value), why: Some(why) }
    }
}
