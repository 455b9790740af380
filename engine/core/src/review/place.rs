//! Where a field stands in the text of a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::diagnostic::Place;
use crate::model::Json;

/// A file and its text.
pub(super) struct Source<'s> {
    pub(super) file: &'s str,
    pub(super) text: &'s str,
}

impl Source<'_> {
    /// The place of a part of the text, as long as its first line.
    pub(super) fn place(&self, part: &str) -> Place {
        let length = part.lines().next().unwrap_or_default().chars().count();
        self.offset(self.begin(part), length)
    }

    /// The place a reader of a part names, by line and column in bytes, both from 1.
    pub(super) fn at(&self, part: &str, line: usize, column: usize) -> Place {
        let before: usize = part.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        self.offset(self.begin(part) + before + column.saturating_sub(1), 1)
    }

    /// The place of a field in a part, or of the innermost object around it that is there: then of its brace alone.
    pub(super) fn of(&self, part: &str, path: &str) -> Place {
        let mut at = part;
        for step in steps(path) {
            match inside(at, &step) {
                Some(inner) => at = inner,
                None if at.lines().count() > 1 || at.len() > 2 => return self.offset(self.begin(at), 1),
                None => break,
            }
        }
        self.place(at)
    }

    /// Where a part of the text begins, in bytes.
    fn begin(&self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    fn offset(&self, offset: usize, length: usize) -> Place {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &self.text[..end];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let number = |n: usize| u32::try_from(n.max(1)).unwrap_or(u32::MAX);
        Place {
            file: Arc::from(self.file),
            line: number(line),
            column: number(column),
            length: number(length),
        }
    }
}

/// A step of a path: a key, or an index of a list.
enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

/// The steps of a path such as `participants[0].role`.
fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    path.split(['.', '[']).filter(|step| !step.is_empty()).map(|step| {
        match step.strip_suffix(']').and_then(|index| index.parse().ok()) {
            Some(index) => Step::Index(index),
            None => Step::Key(step),
        }
    })
}

/// The text of a value in the text of an object or a list.
fn inside<'t>(text: &'t str, step: &Step<'_>) -> Option<&'t str> {
    match step {
        Step::Key(key) => {
            let object: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            object.get(*key).map(|value| value.get())
        }
        Step::Index(index) => {
            let list: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            list.get(*index).map(|value| value.get())
        }
    }
}

/// Removes a field; of a list that holds something wrong, all of it. `false` when it is not there.
pub(super) fn remove(json: &mut Json, path: &str) -> bool {
    let steps: Vec<Step<'_>> = steps(path).collect();
    let keys = steps.iter().rposition(|step| matches!(step, Step::Key(_)));
    let Some((Step::Key(last), around)) = keys.map(|at| (&steps[at], &steps[..at])) else { return false };
    let mut at = json;
    for step in around {
        let inner = match step {
            Step::Key(key) => at.get_mut(*key),
            Step::Index(index) => at.get_mut(*index),
        };
        let Some(inner) = inner else { return false };
        at = inner;
    }
    at.as_object_mut().is_some_and(|object| object.remove(*last).is_some())
}
