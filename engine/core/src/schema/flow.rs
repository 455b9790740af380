//! `flow`: flow files, from the tables of verbs and events.

use serde_json::json;

use super::parts::{
    Key, boolean, defined, described, duration, integer, map, may, must, name_definitions, named, object,
    one_of, or, sentence, such_as, text, with, word, words,
};
use crate::conversation::CONVERSATION_DATA_MAX;
use crate::flow::verbs::{
    ACTION_VERBS, ActionVerb, CORE_VERBS, CoreVerb, Default, Kind, Parameter, SESSIONS,
};
use crate::flow::{ENDS, REMINDER};
use crate::model::{EVENTS, Json, JsonMap};

/// The schema of `flows/*.yaml`, but for the centre.
pub(super) fn schema() -> Json {
    let doc = "A flow: a graph of nodes that is entered when something happens, or called by another flow.";
    let start = "The node where the flow begins when another flow calls it, or when it plays a bot.";
    let on_error = "The node that follows an error of a node which has no `on_error` of its own.";
    let kinds = words([
        ("controller", "It decides for the controller; its actions are carried out."),
        ("bot", "It plays a SCRIPT bot; what it says comes from the bot, what it does is the bot's order."),
    ]);
    let schema = object(
        doc,
        [
            must("flow", "Name of the flow; other flows and bots name it.", such_as(flow_name(), "inbound")),
            may("title", "What the flow is for, in one line for people.", text()),
            may("kind", "Whose voice the flow speaks with.", or(kinds, "controller")),
            may("on", "Events, each with the node where the flow is entered.", defined("handlers")),
            may("start", start, defined("way")),
            may("on_error", on_error, defined("way")),
            must("nodes", "The nodes by name.", nodes()),
        ],
    );
    let schema = with(schema, "title", json!("Convene flow"));
    with(with(schema, "$defs", Json::Object(definitions())), "examples", json!([example()]))
}

fn example() -> Json {
    json!({
        "flow": "greeting",
        "title": "Welcomes a customer",
        "on": { "CHANNEL_SESSION_STARTED": "welcome" },
        "nodes": { "welcome": { "say": "Good day {{customer.name}}" } },
    })
}

fn flow_name() -> Json {
    json!({ "type": "string", "pattern": "^[a-z][a-z0-9_-]{0,63}$" })
}

fn nodes() -> Json {
    let names = with(word(), "not", one_of(ENDS));
    with(map(&names, &defined("node")), "type", json!("object"))
}

fn definitions() -> JsonMap {
    let mut definitions = name_definitions(&["bot", "queue", "list", "agent", "channel_type"], &text());
    definitions.extend(name_definitions(&["flow"], &flow_name()));
    let rule = json!({ "type": "string", "pattern": r"^[^.]+(\..+)?$" });
    definitions.extend(name_definitions(&["rule"], &rule));
    let mut node = Vec::new();
    for (name, schema) in pieces() {
        definitions.insert(name.to_owned(), schema);
    }
    let verbs = CORE_VERBS.iter().flat_map(core).chain(ACTION_VERBS.iter().map(action));
    for (name, schema) in verbs {
        node.push(defined(&name));
        definitions.insert(name, schema);
    }
    let doc = "A node: one verb, and the keys that belong to it.";
    definitions.insert("node".into(), json!({ "description": doc, "oneOf": node }));
    definitions
}

/// What several verbs share.
fn pieces() -> [(&'static str, Json); 8] {
    let way = "The node that follows; `done` and `end` end the run.";
    let way = described(with(word(), "examples", json!(ENDS)), way);
    let template =
        "A text. `{{expression}}` is filled in; a text that begins with `=` is an expression as a whole.";
    let condition = "An expression that is true or false, such as `conversation.agents > 0`.";
    let computed =
        "An expression behind `=`, such as `=target.queue`, or a text with `{{expression}}` in it.";
    let length =
        "Numbers with units, largest first: `ms`, `s`, `m`, `h`, `d`. At least a second, at most 400 days.";
    [
        ("way", way),
        ("handlers", handlers()),
        ("event", events()),
        ("text", described(text(), template)),
        ("condition", described(text(), condition)),
        ("computed", described(json!({ "type": "string", "pattern": r"^=[^=]|\{\{" }), computed)),
        ("duration", described(duration(), length)),
        ("arm", arm()),
    ]
}

/// Every spelling of every event, with when it is raised.
fn spellings() -> impl Iterator<Item = (&'static str, String)> {
    let known = EVENTS.iter().flat_map(|row| {
        let aliases = row.aliases.iter().map(|a| (*a, format!("The same as {}: {}", row.text, row.when)));
        std::iter::once((row.text, row.when.to_owned())).chain(aliases)
    });
    known.chain([(REMINDER, "A reminder is due that names no node.".to_owned())])
}

/// A map of events to nodes.
fn handlers() -> Json {
    let properties: JsonMap =
        spellings().map(|(name, when)| (name.to_owned(), described(defined("way"), &when))).collect();
    json!({ "type": ["object", "null"], "properties": properties, "additionalProperties": false })
}

fn events() -> Json {
    let all: Vec<(&str, String)> = spellings().collect();
    words(all.iter().map(|(name, when)| (*name, when.as_str())))
}

/// Name of the definition of a verb's nodes.
fn definition(verb: &str) -> String {
    format!("node_{verb}")
}

/// A node with this verb and these keys beside it.
fn node(doc: &str, verb: Key, beside: Vec<Key>) -> Json {
    let reason = "Why, for whoever reads the decision log; `{{expression}}` is filled in.";
    let on_error = "The node that follows when this one fails; the flow's `on_error` when left out.";
    let common = [may("on_error", on_error, defined("way")), may("because", reason, defined("text"))];
    object(doc, std::iter::once(verb).chain(beside).chain(common))
}

fn then() -> Key {
    may("then", "The node that follows; the run ends when left out.", defined("way"))
}

/// The nodes of a verb of the language; `wait` has two forms.
fn core(core: &CoreVerb) -> Vec<(String, Json)> {
    let beside = || core.siblings.iter().map(|key| sibling(core.verb, key)).collect::<Vec<Key>>();
    let one = |beside: Vec<Key>| {
        vec![(definition(core.verb), node(core.doc, must(core.verb, core.doc, value(core.verb)), beside))]
    };
    match core.verb {
        "choose" | "end" => one(beside()),
        "ask" => {
            let mut nodes = one(beside().into_iter().chain([then()]).collect());
            for (_, schema) in &mut nodes {
                schema["dependentSchemas"] = json!({ "then": only_open_questions() });
            }
            nodes
        }
        "wait" => {
            let delay = "Waits for time to pass.";
            let until = vec![sibling("wait", "until"), then()];
            let delay = node(delay, must("wait", "How long.", defined("duration")), until);
            let event = "Waits for an event, until a deadline.";
            let beside = beside().into_iter().chain([then()]).collect();
            let event = node(event, must("wait", core.doc, value("wait")), beside);
            vec![("node_wait_time".into(), delay), ("node_wait_event".into(), event)]
        }
        _ => one(beside().into_iter().chain([then()]).collect()),
    }
}

/// `then` follows a question that takes any answer; with listed answers each has a way of its own.
fn only_open_questions() -> Json {
    json!({ "properties": { "answers": { "maxProperties": 0, "maxItems": 0 }, "otherwise": { "type": "null" } } })
}

/// What stands behind a verb of the language.
fn value(verb: &str) -> Json {
    match verb {
        "say" => either(described(defined("text"), &says("say")), said(true)),
        "ask" => either(described(defined("text"), &says("ask")), said(false)),
        "choose" => json!({ "type": "array", "minItems": 1, "items": defined("arm") }),
        "decide" => named("rule"),
        "wait" => waited_for(),
        "call" => named("flow"),
        "set" => {
            let slots = "Slots with their values, all computed from the facts before.";
            described(with(map(&word(), &json!({})), "type", json!("object")), slots)
        }
        "perform" => performed(),
        "note" => defined("text"),
        "end" => json!({ "type": ["object", "null"], "maxProperties": 0 }),
        _ => json!({}),
    }
}

/// What a verb does, where it is written with a text alone: an editor explains the text it finds, not the key.
fn says(verb: &str) -> String {
    let doc = CORE_VERBS.iter().find(|core| core.verb == verb).map_or("", |core| core.doc);
    format!("{doc} `{{{{expression}}}}` is filled in.")
}

fn either(one: Json, other: Json) -> Json {
    json!({ "anyOf": [one, other] })
}

/// A message: its text or its whole body.
fn said(with_target: bool) -> Json {
    let to = words([
        ("event", "The session of the event, or the last used one."),
        ("last_used", "The session the customer used last."),
        ("all", "Every open session."),
    ]);
    let body = either(json!({ "type": "object" }), defined("computed"));
    let mut keys = vec![
        may("text", "What is said.", defined("text")),
        may("body", "A whole message body, such as `{ type: IMAGE, mediaUrl: … }`.", body),
    ];
    if with_target {
        keys.push(may("to", "Which sessions it goes to.", or(to, "event")));
    }
    let mut schema = object("A text, or a whole message body.", keys);
    schema["type"] = json!("object");
    schema["oneOf"] = json!([{ "required": ["text"] }, { "required": ["body"] }]);
    schema
}

fn waited_for() -> Json {
    let events = either(defined("event"), json!({ "type": "array", "items": defined("event") }));
    let when = "The event counts only when this holds.";
    object(
        "An event that is waited for.",
        [
            must("for", "The event, or a list of events of which any one will do.", events),
            may("when", when, defined("condition")),
        ],
    )
}

fn performed() -> Json {
    let data = either(json!({ "type": "object" }), defined("computed"));
    object(
        "An action whose name is computed.",
        [
            must("action", "Gives the name of the action.", such_as(text(), "=event.action")),
            may("data", "Gives its data.", or(data, json!({}))),
        ],
    )
}

fn arm() -> Json {
    let go = || must("go", "The node that follows; `done` and `end` end the run.", defined("way"));
    let because = || may("because", "Why this way is taken, for the decision log.", defined("text"));
    let when = must("when", "The way is taken when this holds.", defined("condition"));
    let last = "Takes everything that came so far; only as the last arm.";
    let otherwise = must("otherwise", last, json!({ "const": true }));
    json!({ "oneOf": [
        object("A way with its condition.", [when, go(), because()]),
        object("The way for everything else.", [otherwise, go(), because()]),
    ] })
}

/// A key beside a verb of the language.
fn sibling(verb: &str, key: &'static str) -> Key {
    let way = || defined("way");
    match key {
        "answers" => may(
            key,
            "Answers by text, each with the node that follows. A list when buttons show them: \
            it keeps its order.",
            answers(),
        ),
        "buttons" => may(key, "Whether the answers are shown as buttons.", or(boolean(), false)),
        "otherwise" => may(
            key,
            "The node for an answer that matches nothing; without it the question stays open.",
            way(),
        ),
        "into" if verb == "ask" => may(key, "Slot that receives the answer's text.", word()),
        "into" => may(key, "Slot that receives what the rule returns.", word()),
        "timeout" => must(key, "How long to wait. Every wait has a deadline.", defined("duration")),
        "on_timeout" => {
            may(key, "The node that follows when the time is over; the run ends when left out.", way())
        }
        "until" => {
            may(key, "Events that end the wait, each with the node that follows.", defined("handlers"))
        }
        _ => may(key, "", json!({})),
    }
}

fn answers() -> Json {
    let pairs = map(&json!({}), &defined("way"));
    let pair = json!({
        "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": defined("way"),
    });
    json!({ "anyOf": [pairs, { "type": "array", "items": pair }] })
}

/// The nodes of a verb that issues an action.
fn action(verb: &ActionVerb) -> (String, Json) {
    let value = match verb.parameters {
        Some(parameters) => object(verb.doc, parameters.iter().map(parameter)),
        None => json!({ "type": ["object", "null"], "maxProperties": CONVERSATION_DATA_MAX }),
    };
    let doc = format!("{} Issues {}.", verb.doc, verb.action);
    (definition(verb.verb), node(&doc, must(verb.verb, &doc, value), vec![then()]))
}

fn parameter(parameter: &Parameter) -> Key {
    let mut schema = holds(parameter.kind);
    match parameter.default {
        Some(Default::Word(word)) => schema = or(schema, word),
        Some(Default::True) => schema = or(schema, true),
        None => {}
    }
    let doc = sentence(parameter.doc);
    match parameter.required {
        true => must(parameter.name, &doc, schema),
        false => may(parameter.name, &doc, schema),
    }
}

/// What a parameter of this kind holds: a constant, or an expression that gives one.
fn holds(kind: Kind) -> Json {
    match kind {
        Kind::Text | Kind::Participant => defined("text"),
        Kind::Bot => named("bot"),
        Kind::Queue => named("queue"),
        Kind::List => named("list"),
        Kind::Agent(&[]) => named("agent"),
        Kind::Agent(words) => either(one_of(words), named("agent")),
        Kind::Session => either(one_of(SESSIONS), named("channel_type")),
        Kind::Boolean => either(boolean(), defined("computed")),
        Kind::Duration => either(defined("duration"), defined("computed")),
        Kind::Priority => either(integer(1, 11), defined("computed")),
        Kind::OneOf(words) => either(one_of(words), defined("computed")),
        Kind::Node => defined("way"),
        Kind::Any => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_and_every_key_beside_it_is_known() {
        let definitions = definitions();
        for core in CORE_VERBS {
            assert_ne!(value(core.verb), json!({}), "{}", core.verb);
            for key in core.siblings {
                let known = definitions.values().filter(|d| d["properties"].get(core.verb).is_some());
                let keys: Vec<&Json> = known.filter_map(|d| d["properties"].get(*key)).collect();
                assert!(!keys.is_empty(), "{} {key}", core.verb);
                assert!(keys.iter().all(|k| k["description"] != ""), "{} {key}", core.verb);
            }
        }
    }
}
