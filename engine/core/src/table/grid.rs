//! The cases a table can meet, and which rows take them.
//!
//! Every input is cut into the few classes of values its cells can tell apart, with one sample each. Over these the search
//! is exact; it goes input by input and stops early where one row takes all that is left. Everything it does counts
//! against one budget, so that no table holds up those who wait for its findings.

use std::cell::Cell as Counter;

use super::Table;
use super::bits::Bits;
use super::cell::{Cell, Test, Value};
use super::samples::{Sample, samples};

/// Most work of one check, in words of bits looked at: well under a second. A table that needs more is too large to be
/// understood either.
const WORK_MAX: usize = 20_000_000;

/// The classes of values of every input, and which rows take which.
pub(super) struct Grid<'t> {
    table: &'t Table,
    inputs: Vec<Column>,
    /// By input: the rows that take everything from there on.
    easy: Vec<Bits>,
    left: Counter<usize>,
}

/// One input.
struct Column {
    samples: Vec<Sample>,
    /// By class: the rows that take it.
    rows: Vec<Bits>,
    /// By row: the classes it takes.
    classes: Vec<Bits>,
}

impl<'t> Grid<'t> {
    pub(super) fn of(table: &'t Table) -> Self {
        let mut grid = Self { table, inputs: Vec::new(), easy: Vec::new(), left: Counter::new(WORK_MAX) };
        for (at, input) in table.inputs.iter().enumerate() {
            let samples = samples(input, at, &table.rows);
            if !grid.afford(samples.len() * table.rows.len() / 8) {
                return grid;
            }
            grid.inputs.push(Column::of(samples, table.rows.iter().map(|row| &row.cells[at])));
        }
        let mut easy = Bits::all(table.rows.len());
        grid.easy.push(easy.clone());
        for column in grid.inputs.iter().rev() {
            let all = Bits::all(column.samples.len());
            for row in 0..table.rows.len() {
                if column.classes[row] != all {
                    easy = easy.without(&only(row, table.rows.len()));
                }
            }
            grid.easy.push(easy.clone());
        }
        grid.easy.reverse();
        grid
    }

    /// Takes this much out of the budget; `false` when there is nothing left.
    pub(super) fn afford(&self, work: usize) -> bool {
        let left = self.left.get().saturating_sub(work.max(1));
        self.left.set(left);
        left > 0
    }

    /// Whether the budget did not suffice, so that what was found may not be all.
    pub(super) fn gave_up(&self) -> bool {
        self.left.get() == 0
    }

    /// A case that no row takes; `None` when there is none.
    pub(super) fn uncovered(&self) -> Option<Vec<usize>> {
        let mut case = Vec::new();
        self.search(&Bits::all(self.table.rows.len()), None, &mut case).then_some(case)
    }

    /// The rows above one that take something of it, when together they leave nothing of it.
    pub(super) fn hiding(&self, number: usize) -> Option<Vec<usize>> {
        let mut above = Bits::none(self.table.rows.len());
        (0..number).filter(|row| self.both(*row, number).is_some()).for_each(|row| above.add(row..row + 1));
        let hidden = !above.is_empty() && !self.search(&above, Some(number), &mut Vec::new());
        (hidden && !self.gave_up()).then(|| above.iter().collect())
    }

    /// Looks for a case none of these rows takes, within one row or anywhere.
    fn search(&self, live: &Bits, within: Option<usize>, case: &mut Vec<usize>) -> bool {
        let level = case.len();
        if self.gave_up() || live.first_of_both(&self.easy[level]).is_some() {
            return false;
        }
        let Some(column) = self.inputs.get(level) else { return live.is_empty() };
        let classes: Vec<usize> = match within {
            Some(row) => column.classes[row].iter().collect(),
            None => (0..column.samples.len()).collect(),
        };
        for class in classes {
            if !self.afford(2 * live.cost(live)) {
                return false;
            }
            case.push(class);
            if self.search(&live.and(&column.rows[class]), within, case) {
                return true;
            }
            case.pop();
        }
        false
    }

    /// A case that both rows take.
    pub(super) fn both(&self, a: usize, b: usize) -> Option<Vec<usize>> {
        let mut case = Vec::new();
        for column in &self.inputs {
            if !self.afford(column.classes[a].cost(&column.classes[b])) {
                return None;
            }
            case.push(column.classes[a].first_of_both(&column.classes[b])?);
        }
        Some(case)
    }

    /// A case in words.
    pub(super) fn told(&self, case: &[usize]) -> String {
        let inputs = self.table.inputs.iter().zip(case).zip(&self.inputs);
        let told = inputs.map(|((input, class), column)| match &column.samples[*class] {
            sample if sample.rest => format!("{} = anything else, such as {}", input.name, sample.value),
            sample => format!("{} = {}", input.name, sample.value),
        });
        told.collect::<Vec<_>>().join(", ")
    }
}

fn only(number: usize, limit: usize) -> Bits {
    let mut bits = Bits::none(limit);
    bits.add(number..number + 1);
    bits
}

impl Column {
    fn of<'c>(samples: Vec<Sample>, cells: impl Iterator<Item = &'c Cell>) -> Self {
        let classes: Vec<Bits> = cells.map(|cell| taken(cell, &samples)).collect();
        let mut rows = vec![Bits::none(classes.len()); samples.len()];
        for (row, classes) in classes.iter().enumerate() {
            classes.iter().for_each(|class| rows[class].add(row..row + 1));
        }
        Self { samples, rows, classes }
    }
}

/// The classes a cell takes.
fn taken(cell: &Cell, samples: &[Sample]) -> Bits {
    let mut taken = Bits::none(samples.len());
    cell.tests().iter().for_each(|test| taken.add(stretch(test, samples)));
    match cell {
        Cell::OneOf(_) => taken,
        Cell::Any | Cell::NoneOf(_) => Bits::all(samples.len()).without(&taken),
    }
}

/// The classes a test takes, which lie side by side: samples are sorted.
fn stretch(test: &Test, samples: &[Sample]) -> std::ops::Range<usize> {
    let numbers = |below: &dyn Fn(f64) -> bool| {
        samples.partition_point(|sample| matches!(sample.value, Value::Number(n) if below(n)))
    };
    match test {
        Test::Is(Value::Number(n)) => numbers(&|sample| sample < *n)..numbers(&|sample| sample <= *n),
        Test::Range { from, to } => {
            let from =
                from.map_or(0, |(least, with)| numbers(&|n| if with { n < least } else { n <= least }));
            let to = to
                .map_or(samples.len(), |(most, with)| numbers(&|n| if with { n <= most } else { n < most }));
            from..to.max(from)
        }
        Test::Is(Value::Text(text)) => {
            let texts = |below: &dyn Fn(&str) -> bool| {
                let named =
                    |sample: &Sample| matches!(&sample.value, Value::Text(t) if !sample.rest && below(t));
                samples.partition_point(named)
            };
            texts(&|sample| sample < text.as_str())..texts(&|sample| sample <= text.as_str())
        }
        Test::Is(truth) => match samples.iter().position(|sample| sample.value == *truth) {
            Some(at) => at..at + 1,
            None => 0..0,
        },
    }
}
