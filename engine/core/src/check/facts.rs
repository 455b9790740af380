//! Expressions and rules against the facts they get.

use std::collections::BTreeSet;

use super::{Parts, shape::Shape};
use crate::deployment::Deployment;
use crate::diagnostic::{Finding, Findings, Place, codes, did_you_mean};
use crate::flow::{Body, By, Expr, Flow, Node, Part, Verb};
use crate::model::Json;
use crate::rules::{self, Doubted, Facts, RuleFile, Type, UnknownCall};
use crate::table::{self, Input, Table};

/// Finds what an expression or a rule reads that nothing has, compares that cannot be, or decides that never changes.
pub(super) fn check(parts: &Parts<'_>, shape: &Shape, findings: &mut Findings) {
    let mut rules: BTreeSet<(&str, &str)> = BTreeSet::new();
    for flow in parts.flows.values() {
        let asked = asked(flow);
        for node in flow.graph.node_weights() {
            node.each_expr(&mut |expr, condition| {
                expression(parts, shape, expr, condition, &asked, findings)
            });
            shown(shape, node, findings);
            if let Verb::Decide { by: By::Rule { module, function }, .. } = &node.verb {
                rules.insert((module, function));
            }
        }
    }
    for table in parts.tables.values().flatten() {
        for (at, input) in table.inputs.iter().enumerate() {
            input_of_table(parts, shape, input, findings);
            cells(shape, table, (at, input), findings);
        }
    }
    for file in parts.rules.values().flatten() {
        for call in file.unknown_calls() {
            let place = in_rules(file, call.line, call.column, call.name.chars().count());
            findings.push(unknown_call(&call, &place));
        }
    }
    for (module, function) in rules {
        let Some(Some(file)) = parts.rules.get(module) else { continue };
        for doubt in file.doubts(function, shape) {
            let place = in_rules(file, doubt.line, doubt.column, doubt.length);
            findings.push_some(finding(parts.complete, &doubt.what, &place, true));
        }
    }
}

/// Finds what a condition of a scenario reads that no conversation of the deployment has. `further` are facts that only
/// scenarios have.
pub(crate) fn of_scenario(deployment: &Deployment, further: &Json, expr: &Expr, findings: &mut Findings) {
    let shape = Shape::of_deployment(deployment, further);
    for call in expr.code.unknown_calls() {
        let place = expr.place_at(call.line, call.column, call.name.chars().count());
        findings.push(unknown_call(&call, &place));
    }
    // What may be missing is there when the scenario says so; and when it is not, the scenario fails.
    let may_fail = |what: &Doubted| matches!(what, Doubted::MaybeMissing { .. } | Doubted::MaybeNothing(_));
    for doubt in expr.code.doubts(&shape, true).iter().filter(|doubt| !may_fail(&doubt.what)) {
        let place = expr.place_at(doubt.line, doubt.column, doubt.length);
        findings.push_some(finding(true, &doubt.what, &place, false));
    }
}

/// The names inside maps that a flow asks for in its conditions, or sets itself: whoever does knows that they may be missing.
fn asked(flow: &Flow) -> BTreeSet<String> {
    let mut asked = BTreeSet::new();
    for node in flow.graph.node_weights() {
        node.each_expr(&mut |expr, condition| {
            if condition {
                asked.append(&mut expr.code.asks());
            }
        });
        if let Verb::Act { action: "UPDATE_CONVERSATION_DATA", data, .. } = &node.verb {
            asked.extend(data.iter().map(|(name, _)| name.clone()));
        }
    }
    asked
}

/// Finds a map in what the customer reads.
fn shown(shape: &Shape, node: &Node, findings: &mut Findings) {
    let body = match &node.verb {
        Verb::Say { body, .. } => body,
        Verb::Ask(ask) => &ask.body,
        _ => return,
    };
    let Body::Text(text) = body else { return };
    for part in &text.parts {
        if let Part::Expr(expr) = part
            && expr.code.kind(shape) == Some(Type::Map)
        {
            let message = format!("`{}` is a map, and the customer reads all of it", expr.code.source());
            let finding = Finding::warning(codes::TYPE_MISMATCH, &expr.place, message);
            findings.push(finding.cure(format!("say one of its values: `{}.…`", expr.code.source())));
        }
    }
}

/// Finds words in the cells of an input that the fact it comes from never says.
fn cells(shape: &Shape, table: &Table, (at, input): (usize, &Input), findings: &mut Findings) {
    let Some((path, words)) = input.from.code.words(shape) else { return };
    for (place, word) in
        table.texts(at).filter(|(_, word)| !word.is_empty() && !words.iter().any(|w| w == word))
    {
        findings.push_some(impossible(&path, word, &words, place));
    }
}

pub(super) fn impossible(path: &str, word: &str, words: &[String], place: &Place) -> Option<Finding> {
    let all = words.iter().map(|w| format!("{w:?}")).collect::<Vec<_>>().join(", ");
    let near = did_you_mean(word, words.iter().map(String::as_str));
    let finding = Finding::warning(codes::IMPOSSIBLE_VALUE, place, format!("`{path}` never says {word:?}"));
    Some(finding.because(format!("it says one of {all}")).cure_if(near))
}

fn in_rules(file: &RuleFile, line: u32, column: u32, length: usize) -> Place {
    let length = u32::try_from(length).unwrap_or(1);
    Place { line, column, length, ..Place::start_of(file.file()) }
}

/// What an input of a table reads, and whether that can be of its type.
fn input_of_table(parts: &Parts<'_>, shape: &Shape, input: &Input, findings: &mut Findings) {
    expression(parts, shape, &input.from, false, &BTreeSet::new(), findings);
    let (wanted, else_) = match input.kind {
        table::Kind::Text => (Type::Text, "\"\""),
        table::Kind::Number | table::Kind::Whole => (Type::Number, "0"),
        table::Kind::Truth => (Type::Truth, "false"),
    };
    if let Some(written) = input.from.code.may_be_nothing(shape) {
        let message = format!("input {} may be nothing, which no row takes", input.name);
        let finding = Finding::warning(codes::MAYBE_MISSING, &input.from.place, message);
        findings.push(finding.cure(format!("say what counts then: `{written} ?? {else_}`")));
    }
    if let Some(kind) = input.from.code.kind(shape).filter(|kind| *kind != wanted) {
        let message = format!(
            "input {} is {}, and `{}` is {}",
            input.name,
            wanted.word(),
            input.from.code.source(),
            kind.word()
        );
        findings.push(Finding::error(codes::TYPE_MISMATCH, &input.from.place, message));
    }
}

fn expression(
    parts: &Parts<'_>,
    shape: &Shape,
    expr: &Expr,
    condition: bool,
    asked: &BTreeSet<String>,
    findings: &mut Findings,
) {
    let before = findings.len();
    for call in expr.code.unknown_calls() {
        let place = expr.place_at(call.line, call.column, call.name.chars().count());
        findings.push(unknown_call(&call, &place));
    }
    for doubt in expr.code.doubts(shape, condition).iter().filter(|doubt| !doubt.is_answered(asked)) {
        let place = expr.place_at(doubt.line, doubt.column, doubt.length);
        findings.push_some(finding(parts.complete, &doubt.what, &place, false));
    }
    if condition
        && findings.len() == before
        && expr.code.is_constant()
        && let Ok(always) = parts.host.truth(&expr.code, &Facts::new())
    {
        let message = format!("`{}` is always {always}", expr.code.source());
        let finding = Finding::warning(codes::CONSTANT_CONDITION, &expr.place, message)
            .because("it reads nothing that could change");
        findings.push(finding.cure("compare a fact, or write `otherwise: true` for what is always taken"));
    }
}

fn finding(complete: bool, what: &Doubted, place: &Place, in_rule: bool) -> Option<Finding> {
    Some(match what {
        Doubted::Missing { path, known, text } => {
            let finding = missing(complete, path, known, place, in_rule)?;
            match path.as_slice() {
                [word] if *text => finding.cure(format!("a text stands in quotes: `\"{word}\"`")),
                _ => finding,
            }
        }
        Doubted::Mismatch { operator, left, right } => {
            let types = match right {
                Some(right) => format!("{} and {}", left.word(), right.word()),
                None => left.word().to_owned(),
            };
            let equal = matches!(operator.as_str(), "==" | "!=");
            let message = if equal {
                format!("{types} are never equal")
            } else {
                format!("`{operator}` does not work with {types}")
            };
            Finding::error(codes::TYPE_MISMATCH, place, message).cure_if(cure_of_types(*left, *right))
        }
        Doubted::Impossible { path, word, words } => impossible(path, word, words, place)?,
        Doubted::MaybeMissing { path, instead, .. } => {
            let message = format!("`{path}` may be missing, and then this fails");
            let finding = Finding::warning(codes::MAYBE_MISSING, place, message);
            finding.cure(format!("write `{instead}`, which then is nothing"))
        }
        Doubted::MaybeNothing(written) => {
            let message = format!("`{written}` may be nothing, which is neither true nor false");
            let finding = Finding::warning(codes::MAYBE_MISSING, place, message);
            finding.cure(format!("say what counts then: `({written} ?? false)`, or compare it"))
        }
        Doubted::This => {
            let cure = if in_rule { "write `facts.` and its name" } else { "write the name of the fact" };
            Finding::error(codes::UNKNOWN_FACT, place, "nothing is called `this` here").cure(cure)
        }
        Doubted::NotTruth(kind) => {
            let message = format!("this is {}, not true or false", kind.word());
            let cure = match kind {
                Type::Number => "compare it, as in `… > 0`",
                Type::Text => "compare it, as in `… != \"\"`",
                Type::List | Type::Map | Type::Truth => "compare it, as in `….len() > 0`",
            };
            Finding::error(codes::NOT_A_CONDITION, place, message).cure(cure)
        }
    })
}

fn unknown_call(call: &UnknownCall, place: &Place) -> Finding {
    let (name, given) = (&call.name, call.given);
    if call.takes.is_empty() {
        let near = did_you_mean(name, call.known.iter().map(String::as_str));
        return Finding::error(codes::UNKNOWN_FUNCTION, place, format!("there is no function `{name}`"))
            .cure_if(near);
    }
    let takes: Vec<String> = call.takes.iter().map(usize::to_string).collect();
    let message = format!("`{name}` takes {} arguments, and gets {given}", takes.join(" or "));
    Finding::error(codes::WRONG_ARGUMENTS, place, message).cure("give it what it takes")
}

fn cure_of_types(left: Type, right: Option<Type>) -> Option<String> {
    let cure = match (left, right) {
        (Type::Text, Some(Type::Number)) | (Type::Number, Some(Type::Text)) => {
            "numbers are written without quotes, texts with them"
        }
        (Type::Text, Some(Type::Truth)) | (Type::Truth, Some(Type::Text)) => {
            "`true` and `false` are written without quotes"
        }
        (_, None) => "write a comparison behind `!`, in brackets",
        _ => return None,
    };
    Some(cure.to_owned())
}

pub(super) fn missing(
    complete: bool,
    path: &[String],
    known: &[String],
    place: &Place,
    in_rule: bool,
) -> Option<Finding> {
    let (last, above) = path.split_last()?;
    let near = did_you_mean(last, known.iter().map(String::as_str));
    if !above.is_empty() {
        let message = format!("`{}` has no `{last}`", above.join("."));
        let cause = match known {
            [] => format!("`{}` is one value, nothing is inside it", above.join(".")),
            _ => format!("it has {}", known.join(", ")),
        };
        let call = rules::is_function(last).then(|| format!("write `{last}()`: it is a function"));
        let near = near.or(call.filter(|_| known.is_empty()));
        return Some(Finding::error(codes::UNKNOWN_FACT, place, message).because(cause).cure_if(near));
    }
    // A slot may be filled in a file that could not be read.
    if !complete {
        return None;
    }
    let message = format!("there is no fact `{last}`, and no flow sets a slot of this name");
    let facts = if in_rule { format!("facts.{last}") } else { last.clone() };
    let cure = near.unwrap_or_else(|| format!("set it before `{facts}` is read: `set: {{ {last}: … }}`"));
    Some(Finding::error(codes::UNKNOWN_FACT, place, message).cure(cure))
}
