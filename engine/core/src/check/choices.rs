//! `choose`: arms that are never taken, and falling through all of them.

use std::collections::BTreeMap;

use super::Parts;
use crate::diagnostic::{Finding, Findings, codes};
use crate::flow::{Arm, Expr, Node, Verb};

pub(super) fn check(parts: &Parts<'_>, findings: &mut Findings) {
    for flow in parts.flows.values() {
        for node in flow.graph.node_weights() {
            if let Verb::Choose(arms) = &node.verb {
                repeated(arms, findings);
                if !parts.broken.contains(&flow.name) {
                    falling_through(node, arms, findings);
                }
            }
        }
    }
}

fn repeated(arms: &[Arm], findings: &mut Findings) {
    let mut asked: BTreeMap<&str, &Expr> = BTreeMap::new();
    for when in arms.iter().filter_map(|arm| arm.when.as_ref()) {
        let first = *asked.entry(when.code.source()).or_insert(when);
        if !std::ptr::eq(first, when) {
            let message = format!("`{}` was asked above already", when.code.source());
            let finding = Finding::warning(codes::REPEATED_ARM, &when.place, message)
                .because("the first arm that holds is taken, so this one never is")
                .also(&first.place, "first here");
            findings.push(finding.cure("delete this arm, or ask something else"));
        }
    }
}

fn falling_through(node: &Node, arms: &[Arm], findings: &mut Findings) {
    if arms.iter().all(|arm| arm.when.is_some()) {
        let message = format!("`{}` does not say what follows when no arm holds", node.name);
        let finding = Finding::warning(codes::NO_OTHERWISE, &node.place, message)
            .because("the run would end there without a word");
        findings.push(
            finding.cure("add `- { otherwise: true, go: … }` as the last arm; `go: done` ends the run"),
        );
    }
}
