//! Reminders that are removed and never set, where mostly one of the two names is a slip, and those that nobody hears of.

use std::collections::BTreeSet;

use super::Parts;
use crate::diagnostic::{Finding, Findings, codes, did_you_mean};
use crate::flow::{Arg, Node, REMINDER, Verb};
use crate::model::Json;

pub(super) fn check(parts: &Parts<'_>, findings: &mut Findings) {
    if !parts.complete || !parts.broken.is_empty() {
        return;
    }
    unheard(parts, findings);
    let Some(set) = named(parts, "SCHEDULE_REMINDER").collect::<Option<BTreeSet<&str>>>() else { return };
    let nodes = || parts.flows.values().flat_map(|flow| flow.graph.node_weights());
    // A bot may set reminders of its own, by an action whose name is computed.
    if nodes()
        .any(|node| matches!(&node.verb, Verb::Perform { action, .. } if !matches!(action, Arg::Json(_))))
    {
        return;
    }
    for node in nodes().filter(|node| is(node, "UNSCHEDULE_REMINDER")) {
        let Some(name) = reminder(node).filter(|name| !set.contains(name)) else { continue };
        let message = format!("no `remind` sets a reminder `{name}`");
        let near = did_you_mean(name, set.iter().copied());
        let finding = Finding::warning(codes::UNKNOWN_REMINDER, &node.place, message);
        findings.push(
            finding.cure_if(near.or_else(|| Some("name one that is set, or delete the node".to_owned()))),
        );
    }
}

/// Finds reminders that lead nowhere: without `go` the event REMINDER occurs, which no flow handles.
fn unheard(parts: &Parts<'_>, findings: &mut Findings) {
    if parts.flows.values().any(|flow| flow.on.keys().any(|event| event.as_str() == REMINDER)) {
        return;
    }
    for node in parts.flows.values().flat_map(|flow| flow.graph.node_weights()) {
        if let Verb::Act { action: "SCHEDULE_REMINDER", goto: None, .. } = &node.verb {
            let message = "when this reminder is due, nothing follows";
            let finding = Finding::warning(codes::UNHANDLED_EVENT, &node.place, message)
                .because("it has no `go`, and no flow handles REMINDER");
            findings.push(
                finding.cure("add `go:` with the node that follows, or handle it: `on: { REMINDER: … }`"),
            );
        }
    }
}

/// The names of the reminders that actions of this name are about; `None` for one that is computed.
pub(super) fn named<'p>(parts: &Parts<'p>, action: &'static str) -> impl Iterator<Item = Option<&'p str>> {
    let nodes = parts.flows.values().flat_map(|flow| flow.graph.node_weights());
    nodes.filter(move |node| is(node, action)).map(reminder)
}

fn is(node: &Node, wanted: &str) -> bool {
    matches!(&node.verb, Verb::Act { action, .. } if *action == wanted)
}

/// The name a reminder is set or removed by, when it is written out.
pub(super) fn reminder(node: &Node) -> Option<&str> {
    let Verb::Act { data, .. } = &node.verb else { return None };
    match data.iter().find(|(key, _)| key == "name") {
        Some((_, Arg::Json(Json::String(name)))) => Some(name),
        _ => None,
    }
}
