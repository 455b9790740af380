//! `ask`: sends a question and waits durably for the answer.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;

use super::{deadline, one_level_too_deep, say, slot, until};
use crate::diagnostic::{Finding, codes};
use crate::flow::compile::Compiler;
use crate::flow::{Ask, Body, Edge, Node, Verb};
use crate::yaml::{self, Entry, Fields, Kind, wrong_type};

pub(super) fn compile(
    c: &mut Compiler<'_, '_>,
    entry: &Entry,
    fields: &mut Fields<'_>,
    node: &mut Node,
) -> Option<Verb> {
    let (body, misplaced) = question(c, entry);
    let misplaced = misplaced && fields.entry("timeout").is_none();
    let answers = answers(c, fields);
    let buttons = fields.boolean_or("buttons", false, c.findings);
    let otherwise =
        c.way_behind(fields, "otherwise").and_then(|way| c.way_to_node(way, Some(Edge::Otherwise)));
    let otherwise = if answers.is_empty() { open_question(c, fields, node, otherwise) } else { otherwise };
    let into = slot(c, fields);
    let timeout_ms = if misplaced { None } else { deadline(c, "ask", fields) };
    let on_timeout = c.way_behind(fields, "on_timeout").and_then(|way| c.way_or_end(way, Edge::Timeout));
    let until = until(c, fields);
    let (body, timeout_ms) = (body?, timeout_ms?);
    Some(Verb::Ask(Box::new(Ask { body, answers, buttons, otherwise, into, timeout_ms, on_timeout, until })))
}

/// What is asked, and whether the deadline stands in there too.
fn question(c: &mut Compiler<'_, '_>, entry: &Entry) -> (Option<Body>, bool) {
    if !matches!(entry.value.kind, Kind::Map(_)) {
        return (say::spoken(c, &entry.value, "ask").map(Body::Text), false);
    }
    if say::unquoted(&entry.value) {
        return (None, false);
    }
    let Some(mut inner) = Fields::of(&entry.value, &entry.key.place, "`ask`", c.findings) else {
        return (None, false);
    };
    let body = say::message(c, &mut inner);
    let keys = ["timeout", "on_timeout", "until", "answers", "buttons", "otherwise", "into", "then"];
    let misplaced = one_level_too_deep(c, "ask", &mut inner, &keys);
    inner.finish(c.findings);
    (body, misplaced)
}

/// A question without listed answers takes any text and goes on to `then`.
fn open_question(
    c: &mut Compiler<'_, '_>,
    fields: &mut Fields<'_>,
    node: &mut Node,
    otherwise: Option<NodeIndex>,
) -> Option<NodeIndex> {
    if otherwise.is_some() {
        return otherwise;
    }
    node.then = c.way_behind(fields, "then").and_then(|way| c.way_or_end(way, Edge::Then));
    Some(node.then.unwrap_or_else(|| {
        let done = c.done();
        c.join(done, Some(Edge::Otherwise));
        done
    }))
}

/// `{text: node}`, sorted because the order of a map has no meaning, or a list of such pairs when the order of
/// the buttons matters.
fn answers(c: &mut Compiler<'_, '_>, fields: &mut Fields<'_>) -> Vec<(String, NodeIndex)> {
    let Some(node) = fields.get("answers") else { return Vec::new() };
    let mut written: Vec<&Entry> = Vec::new();
    match &node.kind {
        Kind::List(items) => {
            for item in items {
                match item.entries() {
                    [one] => written.push(one),
                    _ => {
                        let wanted = "a list of single pairs `\"answer\": node`";
                        c.findings.push(wrong_type(item, "answers", wanted));
                    }
                }
            }
            keep_different(c, &mut written);
        }
        _ => {
            written.extend(yaml::entries(node, "answers", c.findings));
            keep_different(c, &mut written);
            written.sort_by(|a, b| a.key.text.cmp(&b.key.text));
        }
    }
    let mut answers = Vec::new();
    for entry in written {
        let edge = Edge::Answer(entry.key.text.clone());
        if let Some(to) = c.way_to_node(&entry.value, Some(edge)) {
            answers.push((entry.key.text.clone(), to));
        }
    }
    answers
}

/// Answers are compared without case and outer space, so two that differ in nothing else are the same.
fn keep_different(c: &mut Compiler<'_, '_>, written: &mut Vec<&Entry>) {
    let mut seen: BTreeMap<String, &Entry> = BTreeMap::new();
    written.retain(|entry| {
        let heard = entry.key.text.trim().to_lowercase();
        if let Some(first) = seen.get(&heard) {
            let message = format!("the answer `{}` is listed twice", entry.key.text);
            let finding = Finding::error(codes::DUPLICATE_KEY, &entry.key.place, message)
                .because("answers are compared without case and outer space");
            c.findings.push(finding.also(&first.key.place, "first here").cure("keep one of the two"));
            return false;
        }
        seen.insert(heard, *entry);
        true
    });
}
