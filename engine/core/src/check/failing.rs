//! Flows in which an error has nowhere to go: the run would end without a word.

use super::Parts;
use super::shape::Shape;
use crate::diagnostic::{Finding, Findings, codes};
use crate::flow::{Body, Node, Verb};

pub(super) fn check(parts: &Parts<'_>, shape: &Shape, findings: &mut Findings) {
    for flow in parts.sound() {
        // A flow that is only called leaves its errors to its callers.
        if flow.on_error.is_some() || flow.on.is_empty() {
            continue;
        }
        let lost = flow.graph.node_weights().filter(|node| node.on_error.is_none() && can_fail(node, shape));
        let mut lost: Vec<&Node> = lost.collect();
        lost.sort_by(|a, b| a.place.cmp(&b.place));
        let Some(first) = lost.first() else { continue };
        let message = format!("an error at `{}` leads nowhere", first.name);
        let finding = Finding::warning(codes::NO_ERROR_PATH, &first.place, message)
            .because(format!("flow `{}` has no `on_error`, so the run would end without a word", flow.name));
        findings
            .push(finding.cure("add `on_error:` to the flow, with a node that says or notes what happened"));
    }
}

/// Whether a node asks for something that can go wrong.
fn can_fail(node: &Node, shape: &Shape) -> bool {
    let mut fails = false;
    node.each_expr(&mut |expr, _| fails |= !expr.code.is_total(shape));
    fails
        || matches!(&node.verb, Verb::Decide { .. } | Verb::Perform { .. } | Verb::Call { .. })
        || matches!(&node.verb, Verb::Say { body: Body::Cim(_), .. })
}
