//! Slots that are read before anything fills them on some path.
//!
//! A slot stays with its conversation, so what the flow for CONVERSATION_STARTED fills on every path is there for all
//! others. From there on it is the usual question of definite assignment, over the graph and across calls.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::Parts;
use super::shape::{ERROR, Shape};
use crate::diagnostic::{Finding, Findings, Place, codes};
use crate::flow::{By, Edge, Flow, FlowKind, Node, Verb};
use crate::model::EventName;

/// A node: its flow and index.
type At<'p> = (&'p str, NodeIndex);

/// Slots that are filled for certain; `None` while no path is known, which holds for every slot.
type Filled<'p> = Option<BTreeSet<&'p str>>;

pub(super) fn check(parts: &Parts<'_>, shape: &Shape, findings: &mut Findings) {
    // A rule or a table with errors leaves out the slot that its decision fills.
    let unread = parts.rules.values().any(Option::is_none) || parts.tables.values().any(Option::is_none);
    if !parts.complete || !parts.broken.is_empty() || unread {
        return;
    }
    let mut known = Known { parts, before: BTreeMap::new(), exits: BTreeMap::new(), failing: false };
    let started = known.after_start();
    known.solve(&started);
    for flow in parts.flows.values() {
        for index in flow.graph.node_indices() {
            if let Some(Some(filled)) = known.before.get(&(flow.name.as_str(), index)) {
                reads(parts, shape, (flow, &flow.graph[index]), filled, findings);
            }
        }
    }
}

/// What is known so far: before each node, and at the end of each flow that is called.
struct Known<'p> {
    parts: &'p Parts<'p>,
    before: BTreeMap<At<'p>, Filled<'p>>,
    exits: BTreeMap<&'p str, Filled<'p>>,
    /// Whether errors are followed too.
    failing: bool,
}

impl<'p> Known<'p> {
    /// What is filled wherever the run of CONVERSATION_STARTED first comes to rest, when nothing fails: an engine whose
    /// very first node fails has other findings.
    fn after_start(&mut self) -> BTreeSet<&'p str> {
        let parts = self.parts;
        let Some(entry) = parts.entries.iter().find(|entry| *entry.event == EventName::ConversationStarted)
        else {
            return BTreeSet::new();
        };
        let root = (entry.flow, entry.node);
        self.run(&[(root, BTreeSet::new())]);
        let mut rest: Filled<'p> = None;
        for ((flow, index), before) in &self.before {
            let (Some(flow), Some(before)) = (parts.flows.get(*flow), before) else { continue };
            let node = &flow.graph[*index];
            let called = flow.name != entry.flow;
            match &node.verb {
                Verb::Ask(_) | Verb::Wait(_) => meet(&mut rest, before.clone()),
                _ if !called && ends(node) => meet(&mut rest, self.after(node, before, None)),
                _ => {}
            }
        }
        self.before.clear();
        self.exits.clear();
        rest.unwrap_or_default()
    }

    /// Follows every entry.
    fn solve(&mut self, started: &BTreeSet<&'p str>) {
        let parts = self.parts;
        self.failing = true;
        let mut roots = Vec::new();
        for flow in parts.flows.values() {
            for (event, node) in &flow.on {
                let filled =
                    if *event == EventName::ConversationStarted { BTreeSet::new() } else { started.clone() };
                roots.push(((flow.name.as_str(), *node), filled));
            }
        }
        self.run(&roots);
    }

    /// Spreads what is known from some nodes until nothing changes. What is known only shrinks, so it ends.
    fn run(&mut self, roots: &[(At<'p>, BTreeSet<&'p str>)]) {
        let mut open: Vec<At<'p>> = Vec::new();
        for (at, filled) in roots {
            self.lower(*at, filled.clone(), &mut open);
        }
        while let Some((name, index)) = open.pop() {
            self.spread(name, index, &mut open);
        }
    }

    /// Carries what is known before a node to what follows it; what changed there is `open` again.
    fn spread(&mut self, name: &'p str, index: NodeIndex, open: &mut Vec<At<'p>>) {
        let parts = self.parts;
        let Some(flow) = parts.flows.get(name) else { return };
        let Some(before) = self.before.get(&(name, index)).cloned().flatten() else { return };
        let node = &flow.graph[index];
        if let Verb::Call { flow: called } = &node.verb
            && let Some((called, start)) =
                parts.flows.get(called).and_then(|f| Some((f.name.as_str(), f.start?)))
        {
            self.lower((called, start), before.clone(), open);
        }
        let failing = self.failing;
        for edge in flow.graph.edges(index).filter(|edge| failing || *edge.weight() != Edge::Error) {
            let after = self.after(node, &before, Some(edge.weight()));
            self.lower((name, edge.target()), after, open);
        }
        if let Some(trouble) = flow.on_error.filter(|_| failing && node.on_error.is_none()) {
            let mut after = before.clone();
            after.insert(ERROR);
            self.lower((name, trouble), after, open);
        }
        if ends(node) {
            let after = self.after(node, &before, None);
            let exit = self.exits.entry(name).or_default();
            let was = exit.clone();
            meet(exit, after);
            if was != *exit {
                let calls = |at: &At<'p>| {
                    let node = parts.flows.get(at.0).and_then(|flow| flow.graph.node_weight(at.1));
                    node.is_some_and(|node| matches!(&node.verb, Verb::Call { flow } if flow == name))
                };
                open.extend(self.before.keys().filter(|at| calls(at)));
            }
        }
    }

    fn lower(&mut self, at: At<'p>, filled: BTreeSet<&'p str>, open: &mut Vec<At<'p>>) {
        let known = self.before.entry(at).or_default();
        let was = known.clone();
        meet(known, filled);
        if was != *known {
            open.push(at);
        }
    }

    /// What is filled behind a node, on one of its ways or at its end.
    fn after(&self, node: &'p Node, before: &BTreeSet<&'p str>, way: Option<&Edge>) -> BTreeSet<&'p str> {
        let mut after = before.clone();
        match (&node.verb, way) {
            (_, Some(Edge::Error)) => {
                after.insert(ERROR);
            }
            (Verb::Set(pairs), _) => after.extend(pairs.iter().map(|(slot, _)| slot.as_str())),
            (Verb::Decide { into: Some(slot), .. }, _) => {
                after.insert(slot);
            }
            (Verb::Ask(ask), None | Some(Edge::Answer(_) | Edge::Otherwise | Edge::Then)) => {
                after.extend(ask.into.as_deref());
            }
            (Verb::Call { flow }, _) => {
                after.extend(self.exits.get(flow.as_str()).iter().flat_map(|exit| exit.iter().flatten()));
            }
            _ => {}
        }
        after
    }
}

/// Keeps what both know.
fn meet<'p>(known: &mut Filled<'p>, other: BTreeSet<&'p str>) {
    match known {
        None => *known = Some(other),
        Some(known) => known.retain(|slot| other.contains(slot)),
    }
}

/// Whether a run can end at a node; where a question ends, its answers say.
fn ends(node: &Node) -> bool {
    !matches!(node.verb, Verb::Ask(_)) && node.can_end()
}

fn reads(
    parts: &Parts<'_>,
    shape: &Shape,
    (flow, node): (&Flow, &Node),
    filled: &BTreeSet<&str>,
    findings: &mut Findings,
) {
    let entry = match (flow.kind, flow.on.values().next()) {
        (FlowKind::Bot, Some(at)) => format!("where the flow is entered (node `{}`)", flow.graph[*at].name),
        _ => "where the conversation begins (CONVERSATION_STARTED)".to_owned(),
    };
    let mut report = |path: &[String], place: &Place, by: &str| {
        let slot = &path[0];
        let message = format!("slot `{slot}` may not be set yet when {by} reads it");
        let finding = Finding::warning(codes::MAYBE_UNSET, place, message)
            .because("on at least one way to this node nothing has set it");
        findings.push(finding.cure(format!("set it {entry}, or write `slots?.{}`", path.join("?."))));
    };
    let unset = |slot: &str| shape.is_slot(slot) && !filled.contains(slot);
    node.each_expr(&mut |expr, _| {
        for read in expr.code.reads().iter().filter(|read| unset(&read.path[0])) {
            let slot = &read.path[0];
            report(&read.path, &expr.place_at(read.line, read.column, slot.chars().count()), "this");
        }
    });
    let Verb::Decide { by, .. } = &node.verb else { return };
    let read: Vec<String> = match by {
        By::Rule { module, function } => {
            let file = parts.rules.get(module).and_then(Option::as_ref);
            file.map_or_else(Vec::new, |file| file.reads(function))
        }
        By::Table(name) => {
            let table = parts.tables.get(name).and_then(Option::as_ref);
            let reads = table.into_iter().flat_map(|t| &t.inputs).flat_map(|input| input.from.code.reads());
            reads.map(|read| read.path[0].clone()).collect()
        }
    };
    for slot in read.iter().filter(|slot| unset(slot)) {
        report(std::slice::from_ref(slot), &node.place, &by.to_string());
    }
}
