//! `wait`: waits for time to pass, or for an event until a deadline.

use super::{deadline, one_level_too_deep, until};
use crate::flow::compile::Compiler;
use crate::flow::{Edge, Verb, Wait, event};
use crate::model::EventName;
use crate::yaml::{self, Entry, Fields, Kind, Node};

pub(super) fn compile(c: &mut Compiler<'_, '_>, entry: &Entry, fields: &mut Fields<'_>) -> Option<Verb> {
    let until = until(c, fields);
    if !matches!(entry.value.kind, Kind::Map(_)) {
        let timeout_ms = yaml::waiting_time(&entry.value, "wait", c.findings)?;
        let wait = Wait { events: Vec::new(), when: None, timeout_ms, on_timeout: None, until };
        return Some(Verb::Wait(Box::new(wait)));
    }
    let mut inner = Fields::of(&entry.value, &entry.key.place, "`wait`", c.findings)?;
    let events = inner.required("for", c.findings).map(|node| events(c, node));
    let when = inner.get("when").and_then(|node| c.condition(node, "when"));
    let keys = ["timeout", "on_timeout", "until", "then"];
    let misplaced = one_level_too_deep(c, "wait", &mut inner, &keys) && fields.entry("timeout").is_none();
    inner.finish(c.findings);
    let timeout_ms = if misplaced { None } else { deadline(c, "wait", fields) };
    let on_timeout = c.way_behind(fields, "on_timeout").and_then(|way| c.way_or_end(way, Edge::Timeout));
    let (events, timeout_ms) = (events?, timeout_ms?);
    Some(Verb::Wait(Box::new(Wait { events, when, timeout_ms, on_timeout, until })))
}

/// One event or a list of them.
fn events(c: &mut Compiler<'_, '_>, node: &Node) -> Vec<EventName> {
    let nodes = match &node.kind {
        Kind::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut events = Vec::new();
    for node in nodes {
        let name = yaml::text(node, "for", c.findings);
        events.extend(name.and_then(|name| event(&name, &node.place, c.findings)));
    }
    events
}
