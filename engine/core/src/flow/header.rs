//! The heading of a flow file: what other files may say about the flow before its nodes are read.

use super::FlowKind;
use crate::diagnostic::{Finding, Findings, Place, codes};
use crate::yaml::{Kind, Node, name, one_of, text, wrong_type};

/// Name, kind and whether the flow can be called.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    /// The flow's name.
    pub name: String,
    /// Where the name is written.
    pub place: Place,
    /// Who acts when it acts.
    pub kind: FlowKind,
    /// Whether it has a `start`.
    pub has_start: bool,
}

impl Header {
    /// Reads the heading of a flow file; `None` when the flow has no usable name.
    pub(crate) fn read(tree: &Node, findings: &mut Findings) -> Option<Self> {
        if !matches!(tree.kind, Kind::Map(_)) {
            findings.push(wrong_type(tree, "the file", "a map").cure("start it with `flow: name`"));
            return None;
        }
        let Some(entry) = tree.entry("flow").filter(|entry| !entry.value.is_null()) else {
            let finding = Finding::error(codes::MISSING_KEY, &tree.place, "the file has no `flow`");
            findings.push(finding.cure("add `flow: name` as its first line"));
            return None;
        };
        let place = entry.value.place.clone();
        let flow = text(&entry.value, "flow", findings)?;
        let named = name(&flow, &place, "flow", true, findings);
        let kind = match tree.entry("kind").map(|entry| &entry.value) {
            Some(node) => match one_of(node, "kind", &["controller", "bot"], findings) {
                Some("bot") => FlowKind::Bot,
                _ => FlowKind::Controller,
            },
            None => FlowKind::Controller,
        };
        let has_start = tree.entry("start").is_some_and(|entry| !entry.value.is_null());
        named.then_some(Self { name: flow, place, kind, has_start })
    }
}
