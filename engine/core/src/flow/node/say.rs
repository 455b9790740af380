//! `say`: sends a message to the customer.

use super::body;
use crate::diagnostic::{Finding, codes};
use crate::flow::compile::Compiler;
use crate::flow::{Body, Part, Target, Template, Verb};
use crate::yaml::{Entry, Fields, Kind, Node, cut_off, one_of};

pub(super) fn compile(c: &mut Compiler<'_, '_>, entry: &Entry) -> Option<Verb> {
    if !matches!(entry.value.kind, Kind::Map(_)) {
        let text = spoken(c, &entry.value, "say")?;
        return Some(Verb::Say { body: Body::Text(text), to: Target::Event });
    }
    if unquoted(&entry.value) {
        return None;
    }
    let mut fields = Fields::of(&entry.value, &entry.key.place, "`say`", c.findings)?;
    let to = match fields
        .get("to")
        .and_then(|node| one_of(node, "to", &["event", "last_used", "all"], c.findings))
    {
        Some("last_used") => Target::LastUsed,
        Some("all") => Target::All,
        _ => Target::Event,
    };
    let body = message(c, &mut fields);
    fields.finish(c.findings);
    Some(Verb::Say { body: body?, to })
}

/// Whether this is a `{{…}}` without quotes, which is a map in a map; that is told where it is read.
pub(super) fn unquoted(node: &Node) -> bool {
    node.entry("?").is_some()
}

/// A text that people read. One that a `#` cut off is said with what is missing.
pub(super) fn whole(c: &mut Compiler<'_, '_>, node: &Node, what: &str) -> Option<Template> {
    if node.scalar().is_some_and(|scalar| scalar.cut) {
        c.findings.push(cut_off(node, what));
        if node.is_null() {
            return None;
        }
    }
    c.template(node, what)
}

/// A text for the customer, which has to fit into a message.
pub(super) fn spoken(c: &mut Compiler<'_, '_>, node: &Node, what: &str) -> Option<Template> {
    let text = whole(c, node, what)?;
    if node.text().is_some_and(|text| text.trim().is_empty()) {
        let finding =
            Finding::warning(codes::EMPTY_TEXT, &node.place, format!("`{what}` says an empty text"));
        c.findings.push(finding.cure("write what is said, or delete the node"));
    }
    if let Some(centre) = c.scope.centre {
        // What is filled in is not known; what is written out is long enough to tell.
        let written: String = text
            .parts
            .iter()
            .map(|part| if let Part::Text(text) = part { text.as_str() } else { "" })
            .collect();
        centre.fits(&written, &node.place, c.findings);
    }
    Some(text)
}

/// `text` or `body`, exactly one of them.
pub(super) fn message(c: &mut Compiler<'_, '_>, fields: &mut Fields<'_>) -> Option<Body> {
    match (fields.get("text"), fields.get("body")) {
        (Some(text), None) => spoken(c, text, "text").map(Body::Text),
        (None, Some(body)) => {
            body::check(body, c.findings);
            Some(Body::Cim(c.arg(body)))
        }
        (Some(_), Some(body)) => {
            let message = "a message has a `text` or a `body`, not both";
            c.findings
                .push(Finding::error(codes::UNKNOWN_KEY, &body.place, message).cure("keep one of the two"));
            None
        }
        (None, None) => {
            let finding = Finding::error(codes::MISSING_KEY, fields.place(), "nothing is said here");
            c.findings
                .push(finding.cure("add `text:` with what is said, or `body:` with a whole message body"));
            None
        }
    }
}
