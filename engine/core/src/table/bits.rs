//! A set of small numbers, for rows and classes of a table.

use std::ops::Range;

/// A set of numbers below a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
    /// The words that hold its numbers; most sets are narrow.
    span: Range<usize>,
}

impl Bits {
    /// No number; those below `limit` can be added.
    pub(super) fn none(limit: usize) -> Self {
        Self { words: vec![0; limit.div_ceil(64)], span: 0..0 }
    }

    /// Every number below a limit.
    pub(super) fn all(limit: usize) -> Self {
        let mut bits = Self::none(limit);
        bits.add(0..limit);
        bits
    }

    /// Adds a stretch of numbers.
    pub(super) fn add(&mut self, numbers: Range<usize>) {
        let (from, to) = (numbers.start / 64, numbers.end.div_ceil(64));
        if numbers.is_empty() {
            return;
        }
        for number in numbers {
            self.words[number / 64] |= 1 << (number % 64);
        }
        let empty = self.span.is_empty();
        self.span = if empty { from..to } else { self.span.start.min(from)..self.span.end.max(to) };
    }

    /// Those of both sets.
    pub(super) fn and(&self, other: &Self) -> Self {
        let words = self.words.iter().zip(&other.words).map(|(a, b)| a & b).collect();
        Self { words, span: self.shared(other) }
    }

    /// Those this set does not have.
    pub(super) fn without(mut self, other: &Self) -> Self {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= !b);
        self
    }

    /// The least number of both sets.
    pub(super) fn first_of_both(&self, other: &Self) -> Option<usize> {
        self.shared(other).find_map(|at| {
            let both = self.words[at] & other.words[at];
            (both != 0).then(|| at * 64 + both.trailing_zeros() as usize)
        })
    }

    /// The words in which both can have numbers.
    fn shared(&self, other: &Self) -> Range<usize> {
        let from = self.span.start.max(other.span.start);
        from..self.span.end.min(other.span.end).max(from)
    }

    /// Whether it has none.
    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Its numbers, the least first.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(at * 64 + bit)
            })
        })
    }

    /// What looking at it together with another one costs.
    pub(super) fn cost(&self, other: &Self) -> usize {
        self.shared(other).len()
    }
}
