//! What was walked, against what there is.

use std::collections::BTreeMap;

use super::{Counts, Recorder};
use crate::deployment::Deployment;
use crate::flow::{Edge, Flow};
use crate::rules::{Passed, RuleFile};
use crate::table::{Hit, Table};

/// How often something was walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Line in the file, from 1.
    pub line: u32,
    /// What it is: a node, a way out of one, a row, a line, a branch.
    pub what: String,
    /// How often.
    pub count: u64,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// Path, relative to the deployment.
    pub file: String,
    /// Nodes of a flow, rows of a table, lines of rules.
    pub nodes: Vec<Place>,
    /// Ways out of nodes and into flows, branches of rules.
    pub ways: Vec<Place>,
}

/// All files of a deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// By path.
    pub files: Vec<FileReport>,
}

impl Recorder {
    /// What was walked of a deployment.
    #[must_use]
    pub fn report(&self, deployment: &Deployment) -> Report {
        let counts = self.counts();
        let flows = deployment.flows.values().map(|flow| flow_report(flow, &counts));
        let tables = deployment.tables.values().flat_map(|table| table_reports(table, &counts));
        let rules = deployment.rules.values().map(|rules| rules_report(rules, &counts));
        let mut files: Vec<FileReport> = flows.chain(tables).chain(rules).collect();
        files.sort_by(|a, b| a.file.cmp(&b.file));
        Report { files }
    }

    /// How often a run came to a node.
    pub(crate) fn node_count(&self, flow: &Flow, node: &str) -> u64 {
        self.counts().walked(flow, node, None)
    }

    /// How often a run left a node by this way.
    pub(crate) fn way_count(&self, flow: &Flow, node: &str, way: &Edge) -> u64 {
        self.counts().walked(flow, node, Some(label(way)))
    }

    /// How often an event entered a flow.
    pub(crate) fn entry_count(&self, flow: &Flow, event: &str) -> u64 {
        self.counts().walked(flow, "", Some(event.to_owned()))
    }
}

impl Counts {
    fn walked(&self, flow: &Flow, node: &str, way: Option<String>) -> u64 {
        self.flows.get(&(flow.version.clone(), node.to_owned(), way)).copied().unwrap_or(0)
    }
}

impl Report {
    /// Percent of nodes, rows and lines that were walked, rounded down; 100 when there are none.
    #[must_use]
    pub fn nodes_percent(&self) -> u64 {
        percent(self.files.iter().flat_map(|file| &file.nodes))
    }

    /// Percent of ways and branches that were walked, rounded down.
    #[must_use]
    pub fn ways_percent(&self) -> u64 {
        percent(self.files.iter().flat_map(|file| &file.ways))
    }
}

impl FileReport {
    /// Percent of nodes, rows and lines, and of ways and branches.
    #[must_use]
    pub fn percent(&self) -> (u64, u64) {
        (percent(self.nodes.iter()), percent(self.ways.iter()))
    }
}

fn percent<'p>(places: impl Iterator<Item = &'p Place>) -> u64 {
    let (mut walked, mut all) = (0_u64, 0_u64);
    for place in places {
        all += 1;
        walked += u64::from(place.count > 0);
    }
    (walked * 100).checked_div(all).unwrap_or(100)
}

/// How a way is called.
pub(super) fn label(way: &Edge) -> String {
    match way {
        Edge::Then => "then".to_owned(),
        Edge::When(arm) => format!("arm {}", arm + 1),
        Edge::Otherwise => "otherwise".to_owned(),
        Edge::Answer(answer) => format!("answer {answer:?}"),
        Edge::Timeout => "on_timeout".to_owned(),
        Edge::Until(event) => format!("until {}", event.as_str()),
        Edge::Error => "on_error".to_owned(),
        Edge::Reminder => "goto".to_owned(),
    }
}

fn flow_report(flow: &Flow, counts: &Counts) -> FileReport {
    let count = |node: &str, way: Option<String>| counts.walked(flow, node, way);
    let (mut nodes, mut out) = (Vec::new(), Vec::new());
    for (event, node) in &flow.on {
        let node = &flow.graph[*node];
        let count = count("", Some(event.as_str().to_owned()));
        let what = format!("on {} → {}", event.as_str(), node.name);
        out.push(Place { line: node.place.line, what, count });
    }
    for node in flow.graph.node_weights() {
        // The node that only ends is written nowhere.
        if !flow.nodes.contains_key(&node.name) || crate::flow::ENDS.contains(&node.name.as_str()) {
            continue;
        }
        let line = node.place.line;
        nodes.push(Place { line, what: node.name.clone(), count: count(&node.name, None) });
        for (way, _) in node.ways() {
            let label = label(&way);
            let count = count(&node.name, Some(label.clone()));
            out.push(Place { line, what: format!("{}, {label}", node.name), count });
        }
    }
    sorted(flow.file.clone(), nodes, out)
}

/// The rows of a table, by the file they stand in: the table's own, or the CSV it names.
fn table_reports(table: &Table, counts: &Counts) -> Vec<FileReport> {
    let count = |row: usize| counts.rows.get(&(table.file.clone(), row)).copied().unwrap_or(0);
    let mut files: BTreeMap<String, Vec<Place>> = BTreeMap::from([(table.file.clone(), Vec::new())]);
    for (at, row) in table.rows.iter().enumerate() {
        let place = Place { line: row.place.line, what: format!("row {}", at + 1), count: count(at) };
        files.entry(row.place.file.to_string()).or_default().push(place);
    }
    if let Some(otherwise) = table.otherwise.as_ref().filter(|_| table.hit != Hit::Collect) {
        let count = count(table.rows.len());
        let place = Place { line: otherwise.place.line, what: "otherwise".to_owned(), count };
        files.entry(table.file.clone()).or_default().push(place);
    }
    files.into_iter().map(|(file, nodes)| sorted(file, nodes, Vec::new())).collect()
}

fn rules_report(rules: &RuleFile, counts: &Counts) -> FileReport {
    let Some(known) = counts.rules.get(rules.file()) else {
        return sorted(rules.file().to_owned(), Vec::new(), Vec::new());
    };
    let hit = |probe: usize| counts.hits.get(known.first + probe).copied().unwrap_or(0);
    let mut lines: BTreeMap<u32, u64> = BTreeMap::new();
    for (probe, line) in known.probes.lines.iter().enumerate() {
        let count = lines.entry(*line).or_default();
        *count = (*count).max(hit(probe));
    }
    let nodes =
        lines.into_iter().map(|(line, count)| Place { line, what: "line".to_owned(), count }).collect();
    let mut taken: Vec<(u64, u64)> = Vec::new();
    for branch in &known.probes.branches {
        let asked = match branch.asked {
            Passed::Probe(probe) => hit(probe),
            Passed::Not(above) => taken[above].1,
        };
        let then = hit(branch.then);
        taken.push((then, asked.saturating_sub(then)));
    }
    let ways = known.probes.branches.iter().zip(taken).flat_map(|(branch, (then, not))| {
        let at = |what: &str, count| Place { line: branch.line, what: what.to_owned(), count };
        [at("if it holds", then), at("if it does not", not)]
    });
    sorted(rules.file().to_owned(), nodes, ways.collect())
}

fn sorted(file: String, mut nodes: Vec<Place>, mut ways: Vec<Place>) -> FileReport {
    nodes.sort_by_key(|place| place.line);
    ways.sort_by_key(|place| place.line);
    FileReport { file, nodes, ways }
}
