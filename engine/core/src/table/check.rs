//! The table as a whole: what no row covers, what several rows claim, what is never reached. Each finding names a case.
//!
//! Every input is cut into the few classes of values its cells can tell apart, with one sample each. Over these the search
//! is exact; it goes input by input and stops early where one row takes all that is left.

use super::cell::{Test, Value};
use super::{Hit, Input, Kind, Row, Table};
use crate::diagnostic::{Finding, Findings, Place, codes};

/// Most steps of one search. A table that needs more is too wide to be understood either.
const STEPS_MAX: usize = 2_000_000;

/// Checks a table that could be read.
pub(super) fn check(table: &Table, place: &Place, findings: &mut Findings) {
    let grid = Grid::of(table);
    let mut steps = STEPS_MAX;
    if table.otherwise.is_none() && table.hit != Hit::Collect {
        gap(table, &grid, place, &mut steps, findings);
    }
    match table.hit {
        Hit::First => shadowed(table, &grid, &mut steps, findings),
        Hit::Unique => overlaps(table, &grid, findings),
        Hit::Collect => repeated(table, findings),
    }
    if steps == 0 {
        let finding =
            Finding::warning(codes::TABLE_SIZE, place, "this table is too wide to be checked as a whole");
        findings.push(finding.cure("split the decision into two tables"));
    }
}

fn gap(table: &Table, grid: &Grid<'_>, place: &Place, steps: &mut usize, findings: &mut Findings) {
    let all: Vec<usize> = (0..table.rows.len()).collect();
    let Some(case) = grid.uncovered(&all, None, steps) else { return };
    let message = format!("no row holds for {}", grid.told(&case));
    let finding =
        Finding::error(codes::TABLE_GAP, place, message).because("the decision would be an error there");
    findings.push(finding.cure("add a row for it, or `otherwise:` with what is said then"));
}

fn shadowed(table: &Table, grid: &Grid<'_>, steps: &mut usize, findings: &mut Findings) {
    for (number, row) in table.rows.iter().enumerate() {
        let above: Vec<usize> = (0..number).filter(|above| grid.both(*above, number).is_some()).collect();
        if above.is_empty() || grid.uncovered(&above, Some(number), steps).is_some() || *steps == 0 {
            continue;
        }
        let same = above.iter().find(|above| table.rows[**above].cells == row.cells);
        match same.map(|above| &table.rows[*above]).filter(|above| above.then != row.then) {
            Some(above) => findings.push(contradiction(above, row)),
            None => {
                let message = format!("row {} is never reached", number + 1);
                let mut finding = Finding::warning(codes::TABLE_SHADOWED, &row.place, message)
                    .because("rows above it hold wherever it does, and the first that holds counts");
                for above in above.iter().take(3) {
                    finding =
                        finding.also(&table.rows[*above].place, format!("row {} comes before", above + 1));
                }
                findings.push(finding.cure("delete it, or move it above them"));
            }
        }
    }
}

fn overlaps(table: &Table, grid: &Grid<'_>, findings: &mut Findings) {
    for (number, row) in table.rows.iter().enumerate() {
        let first = (0..number).find_map(|above| Some((above, grid.both(above, number)?)));
        let Some((above, case)) = first else { continue };
        let other = &table.rows[above];
        if other.cells == row.cells && other.then != row.then {
            findings.push(contradiction(other, row));
            continue;
        }
        let message = format!("rows {} and {} both hold for {}", above + 1, number + 1, grid.told(&case));
        let finding = Finding::error(codes::TABLE_OVERLAP, &row.place, message)
            .because("`hit: unique` allows one row at a time")
            .also(&other.place, format!("row {}", above + 1));
        findings.push(finding.cure("narrow one of them, or write `hit: first`"));
    }
}

/// In a table that collects rows may overlap, but the same question with two answers is a slip.
fn repeated(table: &Table, findings: &mut Findings) {
    for (number, row) in table.rows.iter().enumerate() {
        let above =
            table.rows[..number].iter().find(|above| above.cells == row.cells && above.then == row.then);
        if let Some(above) = above {
            let message = format!("row {} says again what a row above says", number + 1);
            let finding = Finding::warning(codes::TABLE_SHADOWED, &row.place, message);
            findings.push(finding.also(&above.place, "here").cure("delete one of them"));
        }
    }
}

fn contradiction(first: &Row, second: &Row) -> Finding {
    Finding::error(
        codes::TABLE_CONTRADICTION,
        &second.place,
        "this row asks what another asks, and answers otherwise",
    )
    .also(&first.place, "the other row")
    .cure("delete one of them, or let them ask different things")
}

/// The classes of values of every input, and which rows take which.
struct Grid<'t> {
    table: &'t Table,
    samples: Vec<Vec<Sample>>,
    /// By input, by class, by row.
    takes: Vec<Vec<Vec<bool>>>,
}

/// A class of values by one of them.
struct Sample {
    value: Value,
    /// It stands for every text the table does not name.
    rest: bool,
}

impl<'t> Grid<'t> {
    fn of(table: &'t Table) -> Self {
        let samples: Vec<Vec<Sample>> =
            table.inputs.iter().enumerate().map(|(at, input)| samples(input, at, &table.rows)).collect();
        let takes = samples
            .iter()
            .enumerate()
            .map(|(at, classes)| {
                let rows = |sample: &Sample| {
                    table.rows.iter().map(|row| row.cells[at].holds(&sample.value)).collect()
                };
                classes.iter().map(rows).collect()
            })
            .collect();
        Self { table, samples, takes }
    }

    /// A case that none of these rows takes, within one row or anywhere; `None` when there is none.
    fn uncovered(&self, rows: &[usize], within: Option<usize>, steps: &mut usize) -> Option<Vec<usize>> {
        let mut case = Vec::new();
        self.search(rows, within, &mut case, steps).then_some(case)
    }

    fn search(
        &self,
        live: &[usize],
        within: Option<usize>,
        case: &mut Vec<usize>,
        steps: &mut usize,
    ) -> bool {
        let level = case.len();
        if *steps == 0 || live.iter().any(|row| self.takes_all_from(*row, level)) {
            return false;
        }
        if level == self.samples.len() {
            return live.is_empty();
        }
        for class in 0..self.samples[level].len() {
            *steps = steps.saturating_sub(1);
            if within.is_some_and(|row| !self.takes[level][class][row]) {
                continue;
            }
            let left: Vec<usize> =
                live.iter().copied().filter(|row| self.takes[level][class][*row]).collect();
            case.push(class);
            if self.search(&left, within, case, steps) {
                return true;
            }
            case.pop();
        }
        false
    }

    fn takes_all_from(&self, row: usize, level: usize) -> bool {
        self.takes[level..].iter().all(|classes| classes.iter().all(|rows| rows[row]))
    }

    /// A case that both rows take.
    fn both(&self, a: usize, b: usize) -> Option<Vec<usize>> {
        self.takes.iter().map(|classes| classes.iter().position(|rows| rows[a] && rows[b])).collect()
    }

    fn told(&self, case: &[usize]) -> String {
        let inputs = self.table.inputs.iter().zip(case).zip(&self.samples);
        let told = inputs.map(|((input, class), samples)| match &samples[*class] {
            sample if sample.rest => format!("{} = anything else, such as {}", input.name, sample.value),
            sample => format!("{} = {}", input.name, sample.value),
        });
        told.collect::<Vec<_>>().join(", ")
    }
}

/// One value of each class the cells of an input can tell apart.
fn samples(input: &Input, at: usize, rows: &[Row]) -> Vec<Sample> {
    let tests = || rows.iter().filter_map(|row| row.cells.get(at)).flat_map(|cell| cell.tests());
    let plain = |value| Sample { value, rest: false };
    match input.kind {
        Kind::Truth => [true, false].map(|truth| plain(Value::Truth(truth))).into(),
        Kind::Text => {
            let named = tests().filter_map(|test| match test {
                Test::Is(Value::Text(text)) => Some(text.clone()),
                _ => None,
            });
            let mut texts: Vec<String> = named.chain(input.values.iter().cloned()).collect();
            texts.sort();
            texts.dedup();
            let rest = input.values.is_empty().then(|| {
                let mut other = "other".to_owned();
                while texts.contains(&other) {
                    other.push('x');
                }
                Sample { value: Value::Text(other), rest: true }
            });
            texts.into_iter().map(|text| plain(Value::Text(text))).chain(rest).collect()
        }
        Kind::Number | Kind::Whole => {
            let ends = |test: &Test| match test {
                Test::Is(Value::Number(n)) => vec![*n],
                Test::Range { from, to } => from.iter().chain(to).map(|(n, _)| *n).collect(),
                Test::Is(_) => Vec::new(),
            };
            let mut ends: Vec<f64> = tests().flat_map(ends).collect();
            ends.sort_by(f64::total_cmp);
            ends.dedup();
            let numbers = between(&ends, input.kind == Kind::Whole);
            numbers.into_iter().map(|n| plain(Value::Number(n))).collect()
        }
    }
}

/// Each end, and a number in every stretch beside the ends; whole ones only where they have to be.
fn between(ends: &[f64], whole: bool) -> Vec<f64> {
    let (Some(first), Some(last)) = (ends.first(), ends.last()) else { return vec![0.0] };
    let mut numbers = vec![first.floor() - 1.0, last.ceil() + 1.0];
    for pair in ends.windows(2) {
        let middle = if whole { pair[0].floor() + 1.0 } else { f64::midpoint(pair[0], pair[1]) };
        if middle < pair[1] {
            numbers.push(middle);
        }
    }
    numbers.extend(ends.iter().copied().filter(|n| !whole || n.fract() == 0.0));
    numbers.sort_by(f64::total_cmp);
    numbers
}
