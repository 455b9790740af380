//! What the cells of an input can tell apart: a few classes of values, each with one value that stands for it.

use super::cell::{Test, Value};
use super::{Input, Kind, Row};

/// A class of values by one of them.
pub(super) struct Sample {
    pub(super) value: Value,
    /// It stands for every text the table does not name.
    pub(super) rest: bool,
}

/// One value of each class the cells of an input can tell apart.
pub(super) fn samples(input: &Input, at: usize, rows: &[Row]) -> Vec<Sample> {
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
