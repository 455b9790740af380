//! `perform`: issues an action whose name is computed, such as the one a bot orders.

use crate::conversation::KNOWN_ACTIONS;
use crate::diagnostic::{Finding, codes, did_you_mean};
use crate::flow::compile::Compiler;
use crate::flow::{Arg, FlowKind, Verb};
use crate::model::{Json, JsonMap};
use crate::yaml::{Entry, Fields, Node, shortened};

pub(super) fn compile(c: &mut Compiler<'_, '_>, entry: &Entry) -> Option<Verb> {
    let mut fields = Fields::of(&entry.value, &entry.key.place, "`perform`", c.findings)?;
    let action = fields.required("action", c.findings).map(|node| {
        let action = c.arg(node);
        if let Arg::Json(Json::String(name)) = &action {
            known(c, node, name);
        }
        action
    });
    let data = fields.get("data").map_or(Arg::Json(Json::Object(JsonMap::new())), |node| c.arg(node));
    fields.finish(c.findings);
    Some(Verb::Perform { action: action?, data })
}

/// Finds the name of an action that does not exist, where it is written out. What a bot's flow orders may be the business
/// of a controller flow; there only what looks like a slip is found.
fn known(c: &mut Compiler<'_, '_>, node: &Node, name: &str) {
    let near = did_you_mean(name, KNOWN_ACTIONS.iter().copied());
    if KNOWN_ACTIONS.contains(&name) {
        return;
    }
    let message = format!("there is no action `{}`", shortened(name));
    let finding = match (c.header.kind, near) {
        (FlowKind::Controller, near) => {
            let cure = near.unwrap_or_else(|| format!("the actions are {}", KNOWN_ACTIONS.join(", ")));
            Finding::error(codes::UNKNOWN_ACTION, &node.place, message).cure(cure)
        }
        (FlowKind::Bot, Some(near)) => {
            Finding::warning(codes::UNKNOWN_ACTION, &node.place, message).cure(near)
        }
        (FlowKind::Bot, None) => return,
    };
    c.findings.push(finding);
}
