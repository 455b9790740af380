//! Compiles one flow file: resolves its node names, compiles its nodes, and joins them into a graph.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::{DiGraph, NodeIndex};
use sha2::{Digest, Sha256};

use super::{ENDS, Edge, Flow, Header, Node, Verb, check, event, node};
use crate::centre::Centre;
use crate::diagnostic::{Finding, Findings, Place, codes, did_you_mean};
use crate::model::EventName;
use crate::rules::{Host, RuleFile};
use crate::table::Table;
use crate::yaml::{self, Entry, Fields, canonical};

/// Most expressions in one flow. Each is compiled and kept; a flow with more was not drawn by hand.
pub(super) const EXPRESSIONS_MAX: usize = 10_000;

/// What the nodes of a flow may name.
pub(crate) struct Scope<'a> {
    /// The centre; `None` when it could not be read, and then its names are not checked.
    pub centre: Option<&'a Centre>,
    /// The headings of all flows.
    pub flows: &'a BTreeMap<String, Header>,
    /// Rule files by stem; `None` for one that could not be compiled.
    pub rules: &'a BTreeMap<String, Option<RuleFile>>,
    /// Decision tables by name; `None` for one that could not be read.
    pub tables: &'a BTreeMap<String, Option<Table>>,
    /// Compiles expressions.
    pub host: &'a Host,
}

/// A compiled flow and what has to be checked across flows.
pub(crate) struct Compiled {
    /// The flow.
    pub flow: Flow,
    /// Its entries by event.
    pub handlers: Vec<Handler>,
    /// The flows it calls.
    pub calls: Vec<Call>,
    /// The slots it fills, also in nodes with errors.
    pub slots: BTreeSet<String>,
    /// Whether it has errors.
    pub broken: bool,
}

/// An entry of a flow.
pub(crate) struct Handler {
    /// The event.
    pub event: EventName,
    /// The node it enters.
    pub node: NodeIndex,
    /// Where it is written.
    pub place: Place,
}

/// A call of another flow.
pub(crate) struct Call {
    /// The flow called.
    pub to: String,
    /// Where it is written.
    pub place: Place,
}

/// The state of compiling one flow.
pub(super) struct Compiler<'a, 'f> {
    pub(super) scope: &'a Scope<'a>,
    pub(super) header: &'a Header,
    pub(super) findings: &'f mut Findings,
    pub(super) names: BTreeMap<String, NodeIndex>,
    /// Ways out of the node being compiled; ways from outside (`on`, `start`) are no edges.
    pub(super) here: Option<NodeIndex>,
    pub(super) edges: Vec<(NodeIndex, NodeIndex, Edge)>,
    pub(super) calls: Vec<Call>,
    /// Slots that are filled.
    pub(super) slots: BTreeSet<String>,
    /// Errors found before this flow was compiled.
    errors: usize,
    /// Expressions compiled so far, see [`EXPRESSIONS_MAX`].
    pub(super) expressions: usize,
    /// Whether a way leads nowhere. Nodes behind it may then be unreachable for that reason alone.
    lost: bool,
    /// Index of the node that only ends, once a way needs it (see [`Compiler::way_to_node`]).
    done: Option<NodeIndex>,
}

/// Where a named way leads.
pub(super) enum Way {
    /// To a node.
    Node(NodeIndex),
    /// To the end of the run.
    End,
}

/// Compiles a flow whose heading has been read. With findings the flow is as complete as it can be, and must not
/// be run.
pub(crate) fn compile(
    tree: &yaml::Node,
    header: &Header,
    scope: &Scope<'_>,
    findings: &mut Findings,
) -> Compiled {
    let errors = findings.errors();
    let mut compiler = Compiler {
        scope,
        header,
        findings,
        names: BTreeMap::new(),
        here: None,
        edges: Vec::new(),
        calls: Vec::new(),
        slots: BTreeSet::new(),
        errors,
        expressions: 0,
        lost: false,
        done: None,
    };
    compiler.flow(tree)
}

impl Compiler<'_, '_> {
    fn flow(&mut self, tree: &yaml::Node) -> Compiled {
        let place = self.header.place.clone();
        let Some(mut fields) = Fields::of(tree, &place, "a flow file", self.findings) else {
            return self.finish(tree, String::new(), Vec::new(), (None, None), Vec::new());
        };
        fields.entry("flow");
        fields.entry("kind");
        let title = fields.text("title", self.findings).unwrap_or_else(|| self.header.name.clone());
        let entries: &[Entry] = match fields.required("nodes", self.findings) {
            Some(node) => yaml::entries(node, "nodes", self.findings),
            None => &[],
        };
        let sorted = self.declare(entries);
        let on = fields.names("on", self.findings);
        let handlers = self.handlers(on);
        let start = self.way_behind(&mut fields, "start").and_then(|way| self.way_to_node(way, None));
        let on_error = self.way_behind(&mut fields, "on_error").and_then(|way| self.way_to_node(way, None));
        let mut nodes = Vec::new();
        for entry in sorted {
            self.here = Some(NodeIndex::new(nodes.len()));
            let node = node::compile(self, entry);
            nodes.push(node);
        }
        self.here = None;
        if handlers.is_empty() && !self.header.has_start && fields.get("on").is_none() {
            let finding = Finding::warning(codes::NEVER_ENTERED, &place, "nothing ever enters this flow");
            self.findings.push(finding.cure("add `on:` with events, or `start:` so that it can be called"));
        }
        fields.finish(self.findings);
        self.finish(tree, title, nodes, (start, on_error), handlers)
    }

    /// Gives every node its index, in order of names: a reordered file is the same flow.
    fn declare<'e>(&mut self, entries: &'e [Entry]) -> Vec<&'e Entry> {
        let mut sorted: Vec<&Entry> = Vec::new();
        for entry in entries {
            let (text, place) = (&entry.key.text, &entry.key.place);
            if ENDS.contains(&text.as_str()) {
                let message = format!("a node cannot be called `{text}`");
                let finding = Finding::error(codes::RESERVED_NAME, place, message);
                let finding = finding.because("it means the end of the run");
                self.findings.push(finding.cure("give it another name"));
                continue;
            }
            yaml::name(text, place, "node", false, self.findings);
            sorted.push(entry);
        }
        sorted.sort_by(|a, b| a.key.text.cmp(&b.key.text));
        for (index, entry) in sorted.iter().enumerate() {
            self.names.insert(entry.key.text.clone(), NodeIndex::new(index));
        }
        sorted
    }

    fn handlers(&mut self, on: &[Entry]) -> Vec<Handler> {
        let mut handlers: Vec<Handler> = Vec::new();
        for entry in on {
            let place = &entry.key.place;
            let node = self.way_to_node(&entry.value, None);
            let Some(event) = event(&entry.key.text, place, self.findings) else {
                self.lost = true;
                continue;
            };
            let Some(node) = node else { continue };
            if let Some(first) = handlers.iter().find(|handler| handler.event == event) {
                let message = format!("this flow handles {} twice", event.as_str());
                let finding = Finding::error(codes::DUPLICATE_HANDLER, place, message);
                self.findings.push(finding.also(&first.place, "first here").cure("keep one of the two"));
                continue;
            }
            handlers.push(Handler { event, node, place: place.clone() });
        }
        handlers
    }

    fn finish(
        &mut self,
        tree: &yaml::Node,
        title: String,
        mut nodes: Vec<Node>,
        (start, on_error): (Option<NodeIndex>, Option<NodeIndex>),
        handlers: Vec<Handler>,
    ) -> Compiled {
        if self.done.is_some() {
            nodes.push(self.plain_end());
        }
        let mut graph = DiGraph::with_capacity(nodes.len(), self.edges.len());
        let mut names = BTreeMap::new();
        for node in nodes {
            let name = node.name.clone();
            names.insert(name, graph.add_node(node));
        }
        for (from, to, edge) in self.edges.drain(..) {
            graph.add_edge(from, to, edge);
        }
        let flow = Flow {
            name: self.header.name.clone(),
            title,
            kind: self.header.kind,
            file: self.header.place.file.to_string(),
            version: address(&[&canonical(tree)]),
            on: handlers.iter().map(|handler| (handler.event.clone(), handler.node)).collect(),
            start,
            on_error,
            graph,
            nodes: names,
        };
        if !self.lost {
            check::reachable(&flow, self.findings);
        }
        check::ending(&flow, self.findings);
        let (calls, slots) = (std::mem::take(&mut self.calls), std::mem::take(&mut self.slots));
        Compiled { flow, handlers, calls, slots, broken: self.findings.errors() > self.errors }
    }

    /// Where a way leads that is written as the name of a node.
    pub(super) fn way(&mut self, node: &yaml::Node) -> Option<Way> {
        let Some(name) = node.text() else {
            self.lost = true;
            self.findings.push(yaml::wrong_type(node, "the way", "the name of a node"));
            return None;
        };
        if ENDS.contains(&name) {
            return Some(Way::End);
        }
        if let Some(index) = self.names.get(name) {
            return Some(Way::Node(*index));
        }
        self.lost = true;
        let message = format!("`{}` is not a node of this flow", yaml::shortened(name));
        let known = self.names.keys().map(String::as_str).chain(ENDS.iter().copied());
        let cure =
            did_you_mean(name, known).unwrap_or_else(|| format!("add a node `{name}`, or write `done`"));
        let finding = Finding::error(codes::UNKNOWN_NODE, &node.place, message);
        self.findings.push(finding.because("nothing here has this name").cure(cure));
        None
    }

    /// The way written behind a key. A key without one would end the run without a word.
    pub(super) fn way_behind<'e>(
        &mut self,
        fields: &mut Fields<'e>,
        key: &'static str,
    ) -> Option<&'e yaml::Node> {
        let entry = fields.entry(key)?;
        if !entry.value.is_null() {
            return Some(&entry.value);
        }
        self.lost = true;
        let message = format!("`{key}` names no node");
        let finding = Finding::error(codes::MISSING_KEY, &entry.key.place, message);
        self.findings.push(finding.cure("write a node, `done`, or delete the line"));
        None
    }

    /// A way where the end of the run is `None`.
    pub(super) fn way_or_end(&mut self, node: &yaml::Node, edge: Edge) -> Option<NodeIndex> {
        match self.way(node)? {
            Way::Node(index) => {
                self.join(index, Some(edge));
                Some(index)
            }
            Way::End => None,
        }
    }

    /// A way where `None` would mean something else than the end of the run: the end is then a node of its own,
    /// called `done`, that only ends.
    pub(super) fn way_to_node(&mut self, node: &yaml::Node, edge: Option<Edge>) -> Option<NodeIndex> {
        let index = match self.way(node)? {
            Way::Node(index) => index,
            Way::End => self.done(),
        };
        self.join(index, edge);
        Some(index)
    }

    /// The node that only ends.
    pub(super) fn done(&mut self) -> NodeIndex {
        // It comes behind all nodes that are written, whose number is known since `declare`.
        *self.done.get_or_insert(NodeIndex::new(self.names.len()))
    }

    /// Draws an edge from the node being compiled.
    pub(super) fn join(&mut self, to: NodeIndex, edge: Option<Edge>) {
        if let (Some(from), Some(edge)) = (self.here, edge) {
            self.edges.push((from, to, edge));
        }
    }

    fn plain_end(&self) -> Node {
        Node {
            name: ENDS[0].to_owned(),
            place: self.header.place.clone(),
            verb: Verb::End,
            then: None,
            on_error: None,
            because: None,
        }
    }
}

/// Content address of some texts: the first 16 bytes of a SHA-256 in hexadecimal. Each text goes in with its
/// length, so that moving a character from one to the next changes the address.
pub(crate) fn address(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
