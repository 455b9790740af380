//! What is checked on the graph as a whole: every node can be reached, every path ends, no circle of calls.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::{Call, Edge, Flow, Node, Verb};
use crate::diagnostic::{Finding, Findings, codes};

/// Finds nodes no way leads to.
pub(super) fn reachable(flow: &Flow, findings: &mut Findings) {
    let reached = reached(flow);
    for (index, node) in flow.graph.node_indices().zip(flow.graph.node_weights()) {
        if !reached.contains(&index) {
            let message = format!("no way leads to `{}`", node.name);
            let finding = Finding::warning(codes::UNREACHABLE_NODE, &node.place, message);
            findings.push(finding.cure("let a node, an event or `start` name it, or delete it"));
        }
    }
}

/// Finds circles that neither end nor wait.
pub(super) fn ending(flow: &Flow, findings: &mut Findings) {
    let resting = flow.graph.node_indices().filter(|index| rests(&flow.graph[*index]));
    let normal = |edge: &Edge| !matches!(edge, Edge::Error | Edge::Reminder);
    let ending = spread(flow, resting, Direction::Incoming, normal);
    let reached = reached(flow);
    let endless = reached.iter().filter(|index| !ending.contains(index)).map(|index| &flow.graph[*index]);
    let mut endless: Vec<&Node> = endless.collect();
    endless.sort_by(|a, b| a.place.cmp(&b.place));
    if let Some((first, others)) = endless.split_first() {
        let message = format!("a run that comes to `{}` never ends and never waits", first.name);
        let mut finding = Finding::error(codes::ENDLESS, &first.place, message)
            .cure("let one node of the circle wait, ask, or go to `done`");
        for other in others.iter().take(5) {
            finding = finding.also(&other.place, "it comes by here");
        }
        findings.push(finding);
    }
}

/// The nodes a run can come to.
pub(crate) fn reached(flow: &Flow) -> BTreeSet<NodeIndex> {
    let roots = flow.on.values().copied().chain(flow.start).chain(flow.on_error);
    spread(flow, roots, Direction::Outgoing, |_| true)
}

/// Whether a run can come to rest at a node: it ends there, or waits there.
fn rests(node: &Node) -> bool {
    matches!(node.verb, Verb::Ask(_) | Verb::Wait(_)) || node.can_end()
}

/// The nodes that can be reached from some nodes, along or against the arrows.
pub(crate) fn spread(
    flow: &Flow,
    from: impl IntoIterator<Item = NodeIndex>,
    direction: Direction,
    follow: impl Fn(&Edge) -> bool,
) -> BTreeSet<NodeIndex> {
    let mut seen: BTreeSet<NodeIndex> = BTreeSet::new();
    let mut open: Vec<NodeIndex> = from.into_iter().collect();
    while let Some(index) = open.pop() {
        if flow.graph.node_weight(index).is_none() || !seen.insert(index) {
            continue;
        }
        for edge in flow.graph.edges_directed(index, direction).filter(|edge| follow(edge.weight())) {
            open.push(if direction == Direction::Outgoing { edge.target() } else { edge.source() });
        }
    }
    seen
}

/// Finds circles of calls: a flow that calls itself, directly or through others. Each circle is reported once, at
/// the call that closes it.
pub(crate) fn call_cycles(calls: &BTreeMap<String, Vec<Call>>, findings: &mut Findings) {
    let mut finished: BTreeSet<&str> = BTreeSet::new();
    for root in calls.keys() {
        // Path of flows being followed, each with the number of its calls already looked at.
        let mut path: Vec<(&str, usize)> = vec![(root, 0)];
        while let Some((flow, next)) = path.last_mut() {
            let flow = *flow;
            let Some(call) = calls.get(flow).and_then(|calls| calls.get(*next)) else {
                finished.insert(flow);
                path.pop();
                continue;
            };
            *next += 1;
            if let Some(start) = path.iter().position(|(name, _)| *name == call.to) {
                let circle: Vec<&str> = path[start..].iter().map(|(name, _)| *name).collect();
                let message = format!("flow `{}` calls itself", call.to);
                let cause = format!("the circle is {} → {}", circle.join(" → "), call.to);
                let finding = Finding::error(codes::CALL_CYCLE, &call.place, message).because(cause);
                findings.push(finding.cure("end the flow here, or go back to a node instead of calling"));
            } else if !finished.contains(call.to.as_str()) && calls.contains_key(&call.to) {
                path.push((&call.to, 0));
            }
        }
    }
}
