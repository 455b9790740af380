//! A message body that is written out: looked at as it will be when it is sent, and for keys that no reader knows.

use crate::diagnostic::{Finding, Findings, Place, codes, did_you_mean};
use crate::model::{self, Json};
use crate::yaml::{Kind, Node, shortened};

/// Finds what keeps a body from being sent as it was meant. What is computed is not known, and not doubted.
pub(super) fn check(body: &Node, findings: &mut Findings) {
    if !matches!(body.kind, Kind::Map(_)) {
        return;
    }
    let kind = body.entry("type").map(|entry| &entry.value);
    let kind = match kind.and_then(|node| Some((node, node.text()?))) {
        Some((_, text)) if text.starts_with('=') || text.contains("{{") => return,
        Some((node, text)) if !model::Body::KINDS.contains(&text) => {
            findings.push(unknown_kind(text, &node.place));
            return;
        }
        Some((_, text)) => text,
        None => "",
    };
    let known = model::Body::schema_of(kind).unwrap_or_default();
    let before = findings.len();
    let keys = Keys { kind, definitions: &known["definitions"] };
    keys.check(body, &known["schema"], true, findings);
    // A key by another name is also one that is missing.
    if findings.len() == before {
        complete(body, kind, &keys, &known["schema"], findings);
    }
}

fn unknown_kind(text: &str, place: &Place) -> Finding {
    let message = format!("there is no body of type `{}`", shortened(text));
    let near = did_you_mean(text, model::Body::KINDS.iter().copied());
    let near = near.unwrap_or_else(|| format!("the types are {}", model::Body::KINDS.join(", ")));
    Finding::error(codes::UNKNOWN_BODY, place, message).cure(near)
}

/// What a message from a flow is refused for when it is sent.
fn complete(body: &Node, kind: &str, keys: &Keys<'_>, schema: &Json, findings: &mut Findings) {
    let read: model::Body = match serde_json::from_value(body.to_json()) {
        Ok(read) => read,
        Err(_) => return wrong_field(body, keys, schema, findings),
    };
    let mut missing: Vec<String> = read.check().iter().filter_map(|said| path_of(said)).collect();
    if kind == "PLAIN" && read.markdown_text().is_none_or(|text| text.trim().is_empty()) {
        missing.push("markdownText".to_owned());
    }
    for path in missing {
        let (holder, key) = path.rsplit_once('.').unwrap_or(("", &path));
        let place = inside(body, holder).map_or(&body.place, |node| &node.place);
        let message = match kind {
            "" => "this body has no `type`".to_owned(),
            kind => format!("a body of type {kind} needs `{path}`"),
        };
        let shape = keys.inside(schema, &path).and_then(|schema| keys.needed(schema));
        let cure = format!("add `{key}: {}`", shape.unwrap_or_else(|| "…".to_owned()));
        findings.push(Finding::error(codes::MISSING_KEY, place, message).cure(cure));
    }
}

/// A value of the wrong type, unless it is computed.
fn wrong_field(body: &Node, keys: &Keys<'_>, schema: &Json, findings: &mut Findings) {
    let Err(wrong) = model::Body::of_json(body.to_json()) else { return };
    let Some(node) = inside(body, &wrong.path) else { return };
    if node.text().is_some_and(|text| text.starts_with('=')) {
        return;
    }
    let finding =
        Finding::error(codes::WRONG_TYPE, &node.place, format!("`{}`: {}", wrong.path, wrong.detail));
    let shape = keys.inside(schema, &wrong.path).and_then(|schema| keys.needed(schema));
    findings.push(finding.cure_if(shape.map(|shape| format!("write `{shape}`"))));
}

/// `body.attachment.mediaUrl: is required` is about `attachment.mediaUrl`.
fn path_of(said: &str) -> Option<String> {
    Some(said.split_once(": ")?.0.strip_prefix("body.")?.to_owned())
}

/// The steps of a path such as `buttons[0].title`.
fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split(['.', '[']).map(|step| step.trim_end_matches(']')).filter(|step| !step.is_empty())
}

/// The value at a path, or the one nearest above it.
fn inside<'n>(body: &'n Node, path: &str) -> Option<&'n Node> {
    steps(path).try_fold(body, |node, step| match &node.kind {
        Kind::List(items) => items.get(step.parse::<usize>().ok()?),
        _ => node.entry(step).map(|entry| &entry.value),
    })
}

/// The keys a type of body has, by its schema.
struct Keys<'s> {
    kind: &'s str,
    definitions: &'s Json,
}

impl<'s> Keys<'s> {
    /// Finds keys that nobody reads, here and below.
    fn check(&self, node: &Node, schema: &'s Json, root: bool, findings: &mut Findings) {
        let schema = self.resolved(schema);
        if let Kind::List(items) = &node.kind {
            items.iter().for_each(|item| self.check(item, &schema["items"], false, findings));
        }
        let Some(known) = schema["properties"].as_object() else { return };
        for entry in node.entries() {
            match known.get(&entry.key.text) {
                Some(below) => self.check(&entry.value, below, false, findings),
                None if root && entry.key.text == "type" => {}
                None => findings.push(self.unknown(&entry.key.text, &entry.key.place, known)),
            }
        }
    }

    fn unknown(&self, key: &str, place: &Place, known: &'s model::JsonMap) -> Finding {
        let message = format!("`{}` is not a key of a body of type {}", shortened(key), self.kind);
        let holds = |below: &'s Json| self.resolved(below)["properties"].get(key).is_some();
        let inner = known.iter().find(|(_, below)| holds(below));
        let near = did_you_mean(key, known.keys().map(String::as_str));
        let cure = match inner {
            Some((outer, _)) => format!("it stands inside `{outer}`: `{outer}: {{ {key}: … }}`"),
            None => near.unwrap_or_else(|| {
                let keys: Vec<String> = known.keys().map(|key| format!("`{key}`")).collect();
                format!("its keys are {}", keys.join(", "))
            }),
        };
        Finding::error(codes::UNKNOWN_KEY, place, message).cure(cure)
    }

    /// The schema of the value at a path.
    fn inside(&self, schema: &'s Json, path: &str) -> Option<&'s Json> {
        steps(path).try_fold(schema, |schema, step| {
            let schema = self.resolved(schema);
            schema.get("items").or_else(|| schema["properties"].get(step))
        })
    }

    /// What an object must have, as it is written: `{ mediaUrl: … }`.
    fn needed(&self, schema: &'s Json) -> Option<String> {
        let keys = self.resolved(schema)["required"].as_array()?;
        let keys: Vec<String> = keys.iter().filter_map(|key| Some(format!("{}: …", key.as_str()?))).collect();
        Some(format!("{{ {} }}", keys.join(", ")))
    }

    /// The schema that is meant, where it is named elsewhere or may also be nothing.
    fn resolved(&self, schema: &'s Json) -> &'s Json {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
            return self.resolved(&self.definitions[name]);
        }
        let any = schema["anyOf"].as_array().into_iter().flatten();
        any.map(|one| self.resolved(one)).find(|one| one["type"] != "null").unwrap_or(schema)
    }
}
