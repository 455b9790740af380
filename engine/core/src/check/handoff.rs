//! Hand-offs in a circle: nobody was found, so somebody is looked for, and nobody is found.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::Parts;
use crate::diagnostic::{Finding, Findings, codes};
use crate::flow::{Edge, Node, Verb};
use crate::model::EventName;

/// Events that say that looking for an agent failed.
const FAILED: &[EventName] = &[EventName::NoAgentAvailable];

pub(super) fn check(parts: &Parts<'_>, findings: &mut Findings) {
    for entry in parts.entries.iter().filter(|entry| FAILED.contains(entry.event)) {
        let Some(node) = search(parts, entry.flow, entry.node) else { continue };
        let message = format!("{} looks for an agent again at once", entry.event.as_str());
        let finding = Finding::warning(codes::HANDOFF_LOOP, entry.place, message)
            .because("when nobody is found it goes round in a circle, and the customer waits without a word")
            .also(&node.place, "the next search begins here");
        findings.push(finding.cure("let a `wait` or an `ask` come before, or let the bot talk"));
    }
}

/// The node a run comes to that looks for an agent, before it rests for the first time.
fn search<'p>(parts: &'p Parts<'_>, flow: &'p str, node: NodeIndex) -> Option<&'p Node> {
    let mut seen: BTreeSet<(&str, NodeIndex)> = BTreeSet::new();
    let mut open = vec![(flow, node)];
    while let Some((name, index)) = open.pop() {
        let Some(flow) = parts.flows.get(name).filter(|flow| flow.graph.node_weight(index).is_some()) else {
            continue;
        };
        if !seen.insert((name, index)) {
            continue;
        }
        let node = &flow.graph[index];
        match &node.verb {
            Verb::Act { action: "FIND_AGENT", .. } => return Some(node),
            Verb::Ask(_) | Verb::Wait(_) => continue,
            Verb::Call { flow: called } => {
                if let Some(start) = parts.flows.get(called).and_then(|called| called.start) {
                    open.push((called, start));
                }
            }
            _ => {}
        }
        let edges =
            flow.graph.edges(index).filter(|edge| !matches!(edge.weight(), Edge::Error | Edge::Reminder));
        open.extend(edges.map(|edge| (name, edge.target())));
    }
    None
}
