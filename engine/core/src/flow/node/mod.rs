//! Nodes: one file per verb of the language, and one for the table of action verbs.

mod act;
mod ask;
mod body;
mod call;
mod choose;
mod decide;
mod perform;
mod say;
mod set;
mod wait;

use super::compile::Compiler;
use super::verbs::{COMMON_KEYS, action_verb, verb_names};
use super::{Edge, Node, Verb};
use crate::diagnostic::{Finding, codes, did_you_mean, nearest};
use crate::model::EventName;
use crate::yaml::{Entry, Fields, Kind, wrong_type};

/// Compiles one node. A node with mistakes becomes one that ends, so that the rest of the flow is still checked.
pub(super) fn compile(c: &mut Compiler<'_, '_>, entry: &Entry) -> Node {
    let mut node = Node {
        name: entry.key.text.clone(),
        place: entry.key.place.clone(),
        verb: Verb::End,
        then: None,
        on_error: None,
        because: None,
    };
    let what = format!("node `{}`", crate::yaml::shortened(&node.name));
    if !matches!(entry.value.kind, Kind::Map(_)) && verb_names().any(|verb| verb == node.name) {
        let cure = format!("is `{}` the verb of the node above? Then indent it further", node.name);
        c.findings.push(wrong_type(&entry.value, &what, "a map").cure(cure));
        return node;
    }
    let Some(mut fields) = Fields::of(&entry.value, &node.place, what, c.findings) else { return node };
    let Some(verb) = verb_of(c, entry) else {
        name_the_ways(c, entry);
        return node;
    };
    fields.entry(verb.name);
    // `choose` and `end` have no next node; a `then` beside them is found as a key that means nothing there.
    if !matches!(verb.name, "choose" | "end" | "ask") {
        node.then = c.way_behind(&mut fields, "then").and_then(|way| c.way_or_end(way, Edge::Then));
    }
    node.on_error =
        c.way_behind(&mut fields, "on_error").and_then(|way| c.way_to_node(way, Some(Edge::Error)));
    node.because = fields.get("because").and_then(|text| c.template(text, "because"));
    if let Some(compiled) = verb_body(c, verb.name, verb.entry, &mut fields, &mut node) {
        node.verb = compiled;
    }
    fields.finish(c.findings);
    node
}

/// The verb of a node and the line it stands on.
struct Found<'e> {
    name: &'static str,
    entry: &'e Entry,
}

/// Finds the one verb of a node.
fn verb_of<'e>(c: &mut Compiler<'_, '_>, node: &'e Entry) -> Option<Found<'e>> {
    let mut found: Option<Found<'e>> = None;
    for entry in node.value.entries() {
        let Some(name) = verb_names().find(|verb| *verb == entry.key.text) else { continue };
        if let Some(first) = &found {
            let message = format!("node `{}` has two verbs: `{}` and `{name}`", node.key.text, first.name);
            let finding = Finding::error(codes::TWO_VERBS, &entry.key.place, message)
                .also(&first.entry.key.place, "the first is here")
                .cure("make two nodes of it and join them with `then`");
            c.findings.push(finding);
            return None;
        }
        found = Some(Found { name, entry });
    }
    if found.is_none() {
        c.findings.push(no_verb(node));
    }
    found
}

/// A key that is nearly a verb is the likeliest reason why there is none.
fn no_verb(node: &Entry) -> Finding {
    let others = node.value.entries().iter().filter(|entry| !COMMON_KEYS.contains(&entry.key.text.as_str()));
    let message = format!("node `{}` says nothing to do", node.key.text);
    for entry in others {
        if nearest(&entry.key.text, verb_names()).is_some() {
            let cure = did_you_mean(&entry.key.text, verb_names());
            return Finding::error(codes::NO_VERB, &entry.key.place, message)
                .because(format!("`{}` is not a verb", entry.key.text))
                .cure_if(cure);
        }
    }
    let verbs = verb_names().collect::<Vec<_>>().join(", ");
    Finding::error(codes::NO_VERB, &node.key.place, message).cure(format!("add one of: {verbs}"))
}

/// Draws the ways of a node whose verb is unknown, so that its successors do not count as unreachable.
fn name_the_ways(c: &mut Compiler<'_, '_>, entry: &Entry) {
    for key in ["then", "on_error", "on_timeout", "otherwise"] {
        if let Some(way) = entry.value.entry(key).map(|entry| &entry.value).filter(|way| !way.is_null()) {
            c.way_or_end(way, Edge::Then);
        }
    }
}

fn verb_body(
    c: &mut Compiler<'_, '_>,
    verb: &'static str,
    entry: &Entry,
    fields: &mut Fields<'_>,
    node: &mut Node,
) -> Option<Verb> {
    match verb {
        "say" => say::compile(c, entry),
        "ask" => ask::compile(c, entry, fields, node),
        "choose" => choose::compile(c, entry),
        "decide" => decide::compile(c, entry, fields),
        "wait" => wait::compile(c, entry, fields),
        "call" => call::compile(c, entry),
        "set" => set::compile(c, entry),
        "perform" => perform::compile(c, entry),
        "note" => say::whole(c, &entry.value, "note").map(Verb::Note),
        "end" => {
            if let Some(nothing) = Fields::of(&entry.value, &entry.key.place, "`end`", c.findings) {
                nothing.finish(c.findings);
            }
            Some(Verb::End)
        }
        other => act::compile(c, action_verb(other)?, entry),
    }
}

/// The name of a slot in `into`.
fn slot(c: &mut Compiler<'_, '_>, fields: &mut Fields<'_>) -> Option<String> {
    let node = fields.get("into")?;
    let slot = crate::yaml::text(node, "into", c.findings)?;
    c.slot(&slot, &node.place).then_some(slot)
}

/// `until: {EVENT: node}`: events that end a wait, in order of their names.
fn until(
    c: &mut Compiler<'_, '_>,
    fields: &mut Fields<'_>,
) -> Vec<(EventName, Option<petgraph::graph::NodeIndex>)> {
    let mut ways = Vec::new();
    for entry in fields.names("until", c.findings) {
        let Some(event) = super::event(&entry.key.text, &entry.key.place, c.findings) else { continue };
        let to = c.way_or_end(&entry.value, Edge::Until(event.clone()));
        ways.push((event, to));
    }
    ways.sort_by(|a, b| a.0.cmp(&b.0));
    ways
}

/// Finds keys of the node that stand inside its verb; answers whether the deadline is one of them.
fn one_level_too_deep(
    c: &mut Compiler<'_, '_>,
    verb: &str,
    inner: &mut Fields<'_>,
    keys: &[&'static str],
) -> bool {
    let inside = |key: &&&'static str| inner.entries().iter().any(|entry| entry.key.text == **key);
    let found: Vec<&'static str> = keys.iter().filter(inside).copied().collect();
    for key in &found {
        let Some(entry) = inner.entry(key) else { continue };
        let message = format!("`{key}` is not a key of `{verb}`");
        let finding = Finding::error(codes::UNKNOWN_KEY, &entry.key.place, message);
        c.findings.push(finding.cure(format!("`{key}` stands beside `{verb}`, one level further out")));
    }
    found.contains(&"timeout")
}

/// A deadline that must be there.
fn deadline(c: &mut Compiler<'_, '_>, verb: &str, fields: &mut Fields<'_>) -> Option<i64> {
    if let Some(node) = fields.get("timeout") {
        return crate::yaml::waiting_time(node, "timeout", c.findings);
    }
    let message = format!("this `{verb}` has no deadline");
    let finding = Finding::error(codes::NO_DEADLINE, fields.place(), message)
        .because("without one a conversation could wait for ever")
        .cure("add `timeout: 2m`, and `on_timeout:` with the node that follows");
    c.findings.push(finding);
    None
}
