//! What tests and scenarios have walked: nodes and ways of flows, rows of tables, lines and branches of rules.
//!
//! A recorder is given to a deployment by the tools; a running engine has none.

mod report;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::flow::{Edge, Flow};
use crate::rules::Probes;

pub use report::{FileReport, Place, Report};

/// Counts what is walked. Shared by all threads of a run.
#[derive(Debug, Default)]
pub struct Recorder {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// By version of the flow, name of the node, and the way out of it; no way for the node itself.
    flows: BTreeMap<(String, String, Option<String>), u64>,
    /// By file of the table and row; the number of rows stands for `otherwise`.
    rows: BTreeMap<(String, usize), u64>,
    /// Rule files with the source that was read first.
    rules: BTreeMap<String, Rules>,
    /// Probes of all rule files, one after the other.
    hits: Vec<u64>,
}

#[derive(Debug)]
struct Rules {
    source: String,
    first: usize,
    probes: Probes,
}

impl Recorder {
    /// A recorder that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A run came to a node.
    pub(crate) fn node(&self, flow: &Flow, node: &str) {
        *self.counts().flows.entry((flow.version.clone(), node.to_owned(), None)).or_default() += 1;
    }

    /// A run left a node by this way.
    pub(crate) fn way(&self, flow: &Flow, node: &str, way: &Edge) {
        let key = (flow.version.clone(), node.to_owned(), Some(report::label(way)));
        *self.counts().flows.entry(key).or_default() += 1;
    }

    /// An event entered a flow.
    pub(crate) fn entry(&self, flow: &Flow, event: &str) {
        let key = (flow.version.clone(), String::new(), Some(event.to_owned()));
        *self.counts().flows.entry(key).or_default() += 1;
    }

    /// Rows of a table counted.
    pub(crate) fn rows(&self, file: &str, rows: &[usize], all: usize) {
        let mut counts = self.counts();
        let otherwise = [all];
        for row in if rows.is_empty() { &otherwise } else { rows } {
            *counts.rows.entry((file.to_owned(), *row)).or_default() += 1;
        }
    }

    /// A probe of a rule was passed.
    pub(crate) fn hit(&self, probe: usize) {
        if let Some(count) = self.counts().hits.get_mut(probe) {
            *count += 1;
        }
    }

    /// The lines of a rule file that were passed, in order.
    pub(crate) fn lines(&self, file: &str) -> Vec<u32> {
        let counts = self.counts();
        let Some(rules) = counts.rules.get(file) else { return Vec::new() };
        let passed = |probe: &usize| counts.hits.get(rules.first + probe).is_some_and(|count| *count > 0);
        let mut lines: Vec<u32> =
            (0..rules.probes.lines.len()).filter(passed).map(|probe| rules.probes.lines[probe]).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// Takes the probes of a rule file; gives the number of the first. The same source again keeps its probes; another
    /// source under the same name is not counted.
    pub(crate) fn learn(&self, file: &str, source: &str, probes: Probes) -> Option<usize> {
        let mut counts = self.counts();
        if let Some(known) = counts.rules.get(file) {
            return (known.source == source).then_some(known.first);
        }
        let first = counts.hits.len();
        counts.hits.resize(first + probes.lines.len(), 0);
        counts.rules.insert(file.to_owned(), Rules { source: source.to_owned(), first, probes });
        Some(first)
    }
}
