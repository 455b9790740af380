//! Circles that only time drives: no event leads out of them, so they go round for as long as the conversation lives.

use std::collections::BTreeSet;

use petgraph::Direction;

use super::Parts;
use super::reminders::{self, reminder};
use crate::diagnostic::{Finding, Findings, codes};
use crate::flow::{Edge, Flow, Node, Verb, reached, spread};

pub(super) fn check(parts: &Parts<'_>, findings: &mut Findings) {
    // A name that is computed may be any.
    let forgotten = reminders::named(parts, "UNSCHEDULE_REMINDER").collect::<Option<BTreeSet<&str>>>();
    let Some(forgotten) = forgotten else { return };
    for flow in parts.sound() {
        circle(flow, &forgotten, findings);
    }
}

fn circle(flow: &Flow, forgotten: &BTreeSet<&str>, findings: &mut Findings) {
    let leaving = flow.graph.node_indices().filter(|index| leaves(&flow.graph[*index], forgotten));
    let leaving = spread(flow, leaving, Direction::Incoming, |edge| *edge != Edge::Error);
    let kept = reached(flow).into_iter().filter(|index| !leaving.contains(index));
    let mut kept: Vec<&Node> = kept.map(|index| &flow.graph[index]).collect();
    kept.sort_by(|a, b| a.place.cmp(&b.place));
    let Some((first, others)) = kept.split_first() else { return };
    let message =
        format!("a run that comes to `{}` goes round for as long as the conversation lives", first.name);
    let mut finding = Finding::warning(codes::ENDLESS, &first.place, message)
        .because("only time leads on from here: no event and no condition leads out of the circle")
        .cure("let a `choose` in the circle go to `done`, or leave the wait with `until: { EVENT: node }`");
    for other in others.iter().take(5) {
        finding = finding.also(&other.place, "it comes by here");
    }
    findings.push(finding);
}

/// Whether a circle can be left at a node. A flow that is called and an action that is computed may do anything.
fn leaves(node: &Node, forgotten: &BTreeSet<&str>) -> bool {
    match &node.verb {
        Verb::Ask(_) | Verb::Call { .. } | Verb::Perform { .. } => true,
        Verb::Wait(wait) => {
            !wait.events.is_empty()
                || !wait.until.is_empty()
                || (node.then.is_none() && wait.on_timeout.is_none())
        }
        Verb::Act { action: "END_CONVERSATION", .. } => true,
        Verb::Act { goto: Some(_), .. } => {
            node.can_end() && reminder(node).is_none_or(|name| forgotten.contains(name))
        }
        _ => node.can_end(),
    }
}
