//! What is computed for the parameters of actions: whether it can be of the kind they hold.

use super::Parts;
use super::shape::Shape;
use crate::diagnostic::{Finding, Findings, codes};
use crate::flow::verbs::Parameter;
use crate::flow::{Arg, Expr, Part, Verb};
use crate::rules::{Facts, Type};

pub(super) fn check(parts: &Parts<'_>, shape: &Shape, findings: &mut Findings) {
    let nodes = parts.flows.values().flat_map(|flow| flow.graph.node_weights());
    for node in nodes {
        let Verb::Act { action, data, .. } = &node.verb else { continue };
        for (wire, arg) in data {
            if let Some(parameter) = Parameter::of(action, wire) {
                findings.push_some(mismatch(parts, shape, parameter, arg));
            }
        }
    }
}

fn mismatch(parts: &Parts<'_>, shape: &Shape, parameter: &Parameter, arg: &Arg) -> Option<Finding> {
    let wanted = parameter.wanted()?;
    let finding = |expr: &Expr, message: String| {
        let finding = Finding::error(codes::TYPE_MISMATCH, &expr.place, message);
        finding.because("an action with such a value takes the error path")
    };
    match arg {
        Arg::Expr(expr) if expr.code.is_constant() => {
            let value = parts.host.eval(&expr.code, &Facts::new()).ok()?;
            parameter.takes(&value).err().map(|problem| finding(expr, problem))
        }
        Arg::Expr(expr) => {
            let kind = expr.code.kind(shape).filter(|kind| *kind != wanted)?;
            let source = expr.code.source();
            let message =
                format!("`{}` must be {}, and `{source}` is {}", parameter.name, wanted.word(), kind.word());
            Some(finding(expr, message))
        }
        Arg::Text(text) if wanted != Type::Text => {
            let expr = text.parts.iter().find_map(|part| match part {
                Part::Expr(expr) => Some(expr),
                Part::Text(_) => None,
            })?;
            let message = format!("`{}` must be {}, and this is a text", parameter.name, wanted.word());
            Some(finding(expr, message).cure("write `\"=…\"` for a value that is computed"))
        }
        _ => None,
    }
}
