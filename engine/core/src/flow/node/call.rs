//! `call`: runs another flow from its start, then goes on.

use crate::diagnostic::{Finding, codes, did_you_mean};
use crate::flow::compile::{Call, Compiler};
use crate::flow::{FlowKind, Verb};
use crate::yaml::{Entry, text};

pub(super) fn compile(c: &mut Compiler<'_, '_>, entry: &Entry) -> Option<Verb> {
    let flow = text(&entry.value, "call", c.findings)?;
    let place = &entry.value.place;
    let Some(called) = c.scope.flows.get(&flow) else {
        let message = format!("there is no flow `{}`", crate::yaml::shortened(&flow));
        let cure = did_you_mean(&flow, c.scope.flows.keys().map(String::as_str));
        c.findings.push(Finding::error(codes::UNKNOWN_FLOW, place, message).cure_if(cure));
        return None;
    };
    if called.kind != c.header.kind {
        let (caller, callee) = (kind_word(c.header.kind), kind_word(called.kind));
        let message = format!("a {caller} flow cannot call the {callee} flow `{flow}`");
        let finding =
            Finding::error(codes::WRONG_KIND, place, message).also(&called.place, "it is defined here");
        c.findings.push(finding.because("the two speak with different voices"));
    } else if !called.has_start {
        let message = format!("flow `{flow}` cannot be called");
        let finding =
            Finding::error(codes::NO_START, place, message).also(&called.place, "it has no `start`");
        c.findings.push(finding.cure("add `start:` with its first node"));
    }
    c.calls.push(Call { to: flow.clone(), place: place.clone() });
    Some(Verb::Call { flow })
}

fn kind_word(kind: FlowKind) -> &'static str {
    match kind {
        FlowKind::Controller => "controller",
        FlowKind::Bot => "bot",
    }
}
