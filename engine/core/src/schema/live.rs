//! Schemas that know one deployment: its queues, bots, channels, agents, flows, rules and tables, so that an editor
//! completes their names and marks those that are not there.
//!
//! The schemas of files refer to each kind of name by a definition of its own. Here these definitions list the names.

use serde_json::json;

use super::parts::{described, text};
use crate::deployment::Deployment;
use crate::model::{Json, JsonMap};

/// The kinds of names, each with an example and what it is.
pub(super) const KINDS: &[(&str, &str, &str)] = &[
    ("media", "CHAT", "A medium of the centre."),
    ("attribute", "phone", "A customer attribute of the centre."),
    ("channel_type", "WEB", "A channel type of the centre."),
    ("queue", "general", "A queue of the centre."),
    ("list", "callbacks", "A list of the centre."),
    ("channel", "web", "A channel of the centre."),
    ("bot", "concierge", "A bot of the centre."),
    ("agent", "amal", "An agent of the centre."),
    ("calendar", "office", "A calendar of the centre."),
    ("flow", "routing", "A flow, which needs a `start` to be called."),
    (
        "rule",
        "queues.priority",
        "`table` asks `rules/table.table.yaml`; `file.function` calls `fn function(facts)` of `rules/file.rhai`.",
    ),
];

/// Name of the definition of a kind of names.
pub(super) fn definition(kind: &str) -> String {
    format!("name_of_{kind}")
}

/// The schemas of files for one deployment.
pub(super) fn of(deployment: &Deployment, files: Vec<(&'static str, Json)>) -> Vec<(&'static str, Json)> {
    let names = names(deployment);
    let live = |name: &str, mut schema: Json| {
        // Names are born in the centre; there they are offered, and new ones pass. A scenario may bring bots of its own.
        let open = matches!(name, "centre" | "scenario");
        if let Some(definitions) = schema.get_mut("$defs").and_then(Json::as_object_mut) {
            for (kind, names) in &names {
                fill(definitions, kind, names, open);
            }
        }
        schema
    };
    files.into_iter().map(|(name, schema)| (name, live(name, schema))).collect()
}

/// Lists the names of a kind. What is computed stays allowed where it was.
fn fill(definitions: &mut JsonMap, kind: &str, names: &[(String, String)], open: bool) {
    let computed = definitions.contains_key("computed");
    let Some(definition) = definitions.get_mut(&definition(kind)) else { return };
    let doc = definition["description"].as_str().unwrap_or_default().to_owned();
    let mut known: Vec<Json> =
        names.iter().map(|(name, says)| json!({ "const": name, "description": says })).collect();
    if computed && !matches!(kind, "flow" | "rule") {
        known.push(json!({ "$ref": "#/$defs/computed" }));
    }
    if open {
        known.push(text());
    }
    if known.is_empty() {
        known.push(json!(false));
    }
    *definition = described(json!({ "anyOf": known }), &doc);
}

/// The names of a deployment by kind, each with what is to say of it.
fn names(d: &Deployment) -> Vec<(&'static str, Vec<(String, String)>)> {
    fn all<V>(
        map: &std::collections::BTreeMap<String, V>,
        says: impl Fn(&V) -> String,
    ) -> Vec<(String, String)> {
        map.iter().map(|(name, value)| (name.clone(), says(value))).collect()
    }
    let c = &d.centre;
    let rules = d.rules.iter().flat_map(|(file, rules)| {
        let rules = rules.functions().into_iter().filter(|rule| rule.params.len() == 1);
        rules.map(move |rule| (format!("{file}.{}", rule.name), rule.comments)).collect::<Vec<_>>()
    });
    let tables = d.tables.iter().map(|(name, table)| (name.clone(), table.title.clone()));
    vec![
        ("media", all(&c.media, |m| format!("At most {} tasks at a time.", m.max_tasks))),
        ("attribute", all(&c.customers.attributes, |a| format!("{}.", a.kind))),
        ("channel_type", all(&c.channel_types, |k| format!("Medium {}.", k.media))),
        ("queue", all(&c.queues, |q| format!("Medium {}.", q.media))),
        ("list", all(&c.lists, |l| l.description.clone().unwrap_or_default())),
        ("channel", all(&c.channels, |ch| format!("{} {}.", ch.kind, ch.service_identifier))),
        ("bot", all(&c.bots, |b| format!("{:?}.", b.kind))),
        ("agent", all(&c.agents, |a| a.display_name.clone())),
        ("calendar", all(&c.calendars, |_| String::new())),
        ("flow", all(&d.flows, |f| f.title.clone())),
        ("rule", rules.chain(tables).collect()),
    ]
}
