//! What the facts look like before anything happens: their names and types, and the words some of them are limited to.

use std::collections::{BTreeMap, BTreeSet};

use super::Parts;
use crate::centre::Centre;
use crate::conversation::blank_facts;
use crate::deployment::Deployment;
use crate::flow::verbs::{BOT_ROLES, ROLES};
use crate::flow::{Arg, By, Flow, REMINDER, Verb};
use crate::model::{
    AgentStateName, ConversationState, EventName, Json, JsonMap, ParticipantType, TaskDirection, TaskMode,
};
use crate::rules::{self, Look, Type};
use crate::table::Table;

/// Facts whose keys nobody knows beforehand.
const OPEN: &[&[&str]] =
    &[&["centre", "labels"], &["customer", "attributes"], &["conversation", "data"], &["slots"]];
/// The slot an error leaves behind: `{at, message}`.
pub(super) const ERROR: &str = "error";

/// The facts of a deployment: a sample of each, `null` where anything may stand and `{}` where keys are not known.
pub(super) struct Shape {
    sample: Json,
    words: BTreeMap<String, Vec<String>>,
    slots: BTreeSet<String>,
}

impl Shape {
    /// Facts and slots as far as the files tell them.
    pub(super) fn of(parts: &Parts<'_>) -> Self {
        let centre = Deployment {
            id: String::new(),
            files: BTreeMap::new(),
            centre: parts.centre.clone(),
            flows: BTreeMap::new(),
            rules: BTreeMap::new(),
            tables: BTreeMap::new(),
            handlers: BTreeMap::new(),
            host: parts.host.clone(),
            recorder: None,
            plan: std::sync::OnceLock::new(),
        };
        let tables = |name: &str| parts.tables.get(name).and_then(Option::as_ref);
        let slots = slots_of(parts.flows, &tables, parts.filled, !parts.broken.is_empty());
        Self::with(&centre, slots)
    }

    /// Facts and slots of a deployment that has no errors, and further facts beside them.
    pub(super) fn of_deployment(deployment: &Deployment, further: &Json) -> Self {
        let tables = |name: &str| deployment.tables.get(name);
        let mut shape = Self::with(deployment, slots_of(&deployment.flows, &tables, &BTreeSet::new(), false));
        if let (Json::Object(facts), Json::Object(further)) = (&mut shape.sample, further) {
            further.iter().for_each(|(name, sample)| {
                facts.entry(name.clone()).or_insert_with(|| sample.clone());
            });
        }
        shape
    }

    fn with(deployment: &Deployment, slots: BTreeMap<String, Slot>) -> Self {
        let mut sample = blank_facts(deployment);
        for path in OPEN {
            if let Some(open) = sample.pointer_mut(&format!("/{}", path.join("/"))) {
                *open = Json::Object(JsonMap::new());
            }
        }
        let mut words = words_of(&deployment.centre);
        if let Json::Object(facts) = &mut sample {
            for (name, slot) in &slots {
                if !facts.contains_key(name) {
                    facts.insert(name.clone(), slot.sample.clone());
                    words.extend(slot.words.iter().filter_map(|(path, words)| {
                        Some((path.clone(), words.as_ref()?.iter().cloned().collect()))
                    }));
                }
            }
        }
        Self { sample, words, slots: slots.into_keys().collect() }
    }

    /// Whether the words of a path are the same in every deployment: no names of the centre, and nothing a flow fills.
    pub(super) fn has_fixed_words(&self, path: &[&str]) -> bool {
        const NAMES: &[&str] = &["bot", "channel", "list", "media", "mrd", "name", "queue", "type"];
        path.first().is_some_and(|fact| !self.is_slot(fact))
            && path.last().is_some_and(|name| !NAMES.contains(name))
    }

    /// Whether this name is a slot and no fact of its own.
    pub(super) fn is_slot(&self, name: &str) -> bool {
        self.slots.contains(name)
    }
}

impl rules::Shape for Shape {
    fn look(&self, path: &[&str]) -> Look {
        let mut at = &self.sample;
        for (depth, name) in path.iter().enumerate() {
            at = match at {
                Json::Object(map) if map.is_empty() => return Look::Open,
                Json::Object(map) => match map.get(*name) {
                    Some(inner) => inner,
                    None => return Look::Missing(depth, map.keys().cloned().collect()),
                },
                Json::Null => return Look::Open,
                _ => return Look::Missing(depth, Vec::new()),
            };
        }
        let words = || self.words.get(&path.join(".")).cloned().unwrap_or_default();
        Type::of(at).map_or(Look::Open, |kind| Look::Known(kind, words()))
    }

    fn may_lack(&self, path: &[&str]) -> Option<usize> {
        let open = OPEN.iter().filter(|open| open[0] != "centre");
        let mut open = open.filter(|open| path.len() > open.len() && path.starts_with(open));
        open.next().map(|open| open.len())
    }
}

/// Facts that can only say one of these words.
fn words_of(centre: &Centre) -> BTreeMap<String, Vec<String>> {
    let fixed: [(&str, &[&str]); 6] = [
        ("event.role", ROLES),
        ("conversation.bot_role", BOT_ROLES),
        ("conversation.direction", &["INBOUND", "OUTBOUND"]),
        ("channel.routing", &["PUSH", "PULL", "EXTERNAL"]),
        ("event.task_state", &["ACTIVE", "WRAP_UP", "CLOSED"]),
        ("event.media_state", &["STARTED", "QUEUED", "RESERVED", "ACTIVE", "CLOSED"]),
    ];
    let mut words: BTreeMap<String, Vec<String>> =
        fixed.map(|(path, words)| (path.to_owned(), words.iter().map(|w| (*w).to_owned()).collect())).into();
    let mut named = |path: &str, names: Vec<String>| words.insert(path.to_owned(), names);
    named("conversation.state", all(ConversationState::ALL, ConversationState::as_str));
    named("conversation.request", all(TaskDirection::ALL, TaskDirection::as_str));
    named("event.direction", all(TaskDirection::ALL, TaskDirection::as_str));
    named("event.mode", all(TaskMode::ALL, TaskMode::as_str));
    named("event.participant", all(ParticipantType::ALL, ParticipantType::as_str));
    named("event.agent_state", all(AgentStateName::ALL, AgentStateName::as_str));
    named(
        "event.name",
        EventName::all().iter().map(EventName::as_str).chain([REMINDER]).map(str::to_owned).collect(),
    );
    named("event.mrd", centre.media.keys().cloned().collect());
    for queue in ["event.queue", "conversation.queue", "conversation.previous.queue"] {
        named(queue, centre.queues.keys().cloned().collect());
    }
    named("conversation.bot", centre.bots.keys().cloned().collect());
    named("session.channel", centre.channels.keys().cloned().collect());
    named("channel.name", centre.channels.keys().cloned().collect());
    named("channel.type", centre.channel_types.keys().cloned().collect());
    named("channel.media", centre.media.keys().cloned().collect());
    named("channel.queue", centre.queues.keys().cloned().collect());
    named("channel.list", centre.lists.keys().cloned().collect());
    named("channel.bot", centre.bots.keys().cloned().collect());
    words
}

/// The words of a list, as the wire writes them.
fn all<T>(list: &'static [T], word: fn(&T) -> &'static str) -> Vec<String> {
    list.iter().map(|one| word(one).to_owned()).collect()
}

/// A slot: a sample of what it holds, and for each text in it all the words it is ever set to (none when computed).
struct Slot {
    sample: Json,
    words: BTreeMap<String, Option<BTreeSet<String>>>,
}

/// The slots that flows fill. `filled` names more of them; of those nothing else is known, nor is anything when flows
/// are `broken`.
fn slots_of<'t>(
    flows: &BTreeMap<String, Flow>,
    tables: &dyn Fn(&str) -> Option<&'t Table>,
    filled: &BTreeSet<String>,
    broken: bool,
) -> BTreeMap<String, Slot> {
    let mut slots: BTreeMap<String, Slot> = BTreeMap::new();
    for flow in flows.values() {
        for node in flow.graph.node_weights() {
            match &node.verb {
                Verb::Set(pairs) => {
                    pairs.iter().for_each(|(name, arg)| fill(&mut slots, name, sample_of(arg)))
                }
                Verb::Ask(ask) => {
                    // An answer is whatever the customer writes.
                    ask.into.iter().for_each(|name| fill(&mut slots, name, Json::Null));
                }
                Verb::Decide { by: By::Table(table), into: Some(name) } => {
                    fill(&mut slots, name, tables(table).map_or(Json::Null, Table::sample));
                }
                Verb::Decide { into: Some(name), .. } => fill(&mut slots, name, Json::Null),
                _ => {}
            }
        }
    }
    for name in filled {
        if !slots.contains_key(name) || broken {
            fill(&mut slots, name, Json::Null);
        }
    }
    let error = serde_json::json!({ "at": "", "message": "" });
    slots.insert(ERROR.to_owned(), Slot { sample: error, words: BTreeMap::new() });
    slots
}

fn fill(slots: &mut BTreeMap<String, Slot>, name: &str, sample: Json) {
    let slot = slots
        .entry(name.to_owned())
        .or_insert_with(|| Slot { sample: sample.clone(), words: BTreeMap::new() });
    collect(&mut slot.words, name, &sample);
    let before = std::mem::take(&mut slot.sample);
    slot.sample = joined(before, sample);
}

/// Notes the texts of a sample; what is not a text may be any.
fn collect(words: &mut BTreeMap<String, Option<BTreeSet<String>>>, path: &str, sample: &Json) {
    match sample {
        Json::String(text) => {
            let known = words.entry(path.to_owned()).or_insert_with(|| Some(BTreeSet::new()));
            if let Some(known) = known {
                known.insert(text.clone());
            }
        }
        Json::Object(map) => {
            map.iter().for_each(|(key, inner)| collect(words, &format!("{path}.{key}"), inner))
        }
        _ => {
            words.insert(path.to_owned(), None);
            // Whatever is below may be anything from now on.
            let below = format!("{path}.");
            words
                .iter_mut()
                .filter(|(known, _)| known.starts_with(&below))
                .for_each(|(_, words)| *words = None);
        }
    }
}

/// What both samples have in common; `null` where they differ.
fn joined(a: Json, b: Json) -> Json {
    match (a, b) {
        (Json::Object(a), Json::Object(b)) if a.is_empty() || b.is_empty() => Json::Object(JsonMap::new()),
        (Json::Object(mut a), Json::Object(b)) => {
            for (key, value) in b {
                let merged = match a.remove(&key) {
                    Some(before) => joined(before, value),
                    None => value,
                };
                a.insert(key, merged);
            }
            Json::Object(a)
        }
        (a, b) if Type::of(&a) == Type::of(&b) => a,
        _ => Json::Null,
    }
}

fn sample_of(arg: &Arg) -> Json {
    match arg {
        Arg::Json(value) => value.clone(),
        Arg::Expr(_) | Arg::Text(_) => Json::Null,
        Arg::List(_) => Json::Array(Vec::new()),
        Arg::Map(pairs) => {
            Json::Object(pairs.iter().map(|(key, arg)| (key.clone(), sample_of(arg))).collect())
        }
    }
}
