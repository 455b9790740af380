//! `choose`: takes the first arm whose condition holds.

use crate::diagnostic::{Finding, Place, codes};
use crate::flow::compile::Compiler;
use crate::flow::{Arm, Edge, Verb};
use crate::yaml::{self, Entry, Fields, Node};

pub(super) fn compile(c: &mut Compiler<'_, '_>, entry: &Entry) -> Option<Verb> {
    let items = yaml::items(&entry.value, "choose", c.findings);
    if items.is_empty() {
        let finding = Finding::error(codes::MISSING_KEY, &entry.key.place, "this `choose` has no arms");
        c.findings.push(finding.cure("add `- { when: \"…\", go: node }`"));
        return None;
    }
    let mut arms = Vec::new();
    let mut otherwise: Option<&Place> = None;
    for (position, item) in items.iter().enumerate() {
        if let Some(earlier) = otherwise {
            let finding = Finding::error(codes::OTHERWISE_NOT_LAST, &item.place, "this arm is never taken")
                .also(earlier, "`otherwise` takes everything")
                .cure("move `otherwise` to the end, and have only one");
            c.findings.push(finding);
        }
        let (arm, is_otherwise) = arm(c, item, position);
        if is_otherwise {
            otherwise = otherwise.or(Some(&item.place));
        }
        arms.extend(arm);
    }
    Some(Verb::Choose(arms))
}

/// One arm, and whether it is the `otherwise`.
fn arm(c: &mut Compiler<'_, '_>, item: &Node, position: usize) -> (Option<Arm>, bool) {
    let place = item.entries().first().map_or(&item.place, |entry| &entry.key.place);
    let Some(mut fields) = Fields::of(item, place, "an arm of `choose`", c.findings) else {
        return (None, false);
    };
    let otherwise = fields.entry("otherwise");
    let is_otherwise = otherwise.is_some();
    if let Some(otherwise) = otherwise {
        if yaml::boolean(&otherwise.value, "otherwise", c.findings) == Some(false) {
            c.findings.push(yaml::wrong_type(&otherwise.value, "otherwise", "`true`"));
        }
        if let Some(when) = fields.entry("when") {
            let message = "an arm has a `when` or is the `otherwise`, not both";
            c.findings.push(
                Finding::error(codes::UNKNOWN_KEY, &when.key.place, message).cure("keep one of the two"),
            );
        }
    }
    let edge = if is_otherwise { Edge::Otherwise } else { Edge::When(position) };
    let go = fields.required("go", c.findings).and_then(|way| c.way_or_end(way, edge));
    let because = fields.get("because").and_then(|text| c.template(text, "because"));
    let when = if is_otherwise {
        None
    } else {
        let when = fields.required("when", c.findings).and_then(|node| c.condition(node, "when"));
        if when.is_none() {
            fields.finish(c.findings);
            return (None, false);
        }
        when
    };
    fields.finish(c.findings);
    (Some(Arm { when, go, because }), is_otherwise)
}
