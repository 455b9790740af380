//! Schema and engine know the same keys and the same words: the engine is asked by a key, or a word, that
//! nothing has.

use std::collections::BTreeSet;

use convene_core::diagnostic::codes;
use convene_core::flow::verbs::{ACTION_VERBS, CORE_VERBS};
use convene_core::model::Json;
use convene_core::schema;

use super::common::{centre, findings, flow, scenario};

/// A key and a word that nothing has, and that is like nothing.
const STRANGER: &str = "zzzzzzzz";

/// The parts of a schema at these pointers; a `*` stands for "what the map holds".
fn parts(kind: &str, pointers: &[&str]) -> Vec<Json> {
    let schema = schema::all().into_iter().find(|(name, _)| *name == kind).unwrap().1;
    let part = |pointer: &&str| {
        let pointer = pointer.replace('*', "additionalProperties");
        schema.pointer(&pointer).unwrap_or_else(|| panic!("{kind} has nothing at {pointer}")).clone()
    };
    pointers.iter().map(part).collect()
}

/// Words between backticks.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The keys the engine says an object has.
fn keys_of_the_engine(kind: &str, text: &str) -> BTreeSet<String> {
    let found = findings(kind, text);
    let mut strangers = found.iter().filter(|f| f.code == codes::UNKNOWN_KEY && f.message.contains(STRANGER));
    let finding = strangers.next().unwrap_or_else(|| panic!("no stranger in {text}"));
    quoted(finding.cure.as_deref().unwrap_or_default())
}

/// Compares the keys of an object whose text is `{ §, … }`.
fn same_keys(kind: &str, text: &str, pointers: &[&str]) {
    let text = text.replace('§', &format!("{STRANGER}: 1"));
    let keys = parts(kind, pointers).into_iter().flat_map(|part| {
        let properties =
            part["properties"].as_object().unwrap_or_else(|| panic!("{pointers:?}: {part}")).clone();
        properties.into_iter().map(|(key, _)| key)
    });
    assert_eq!(keys.collect::<BTreeSet<String>>(), keys_of_the_engine(kind, &text), "{text}");
}

#[test]
fn flows_have_the_same_keys() {
    same_keys("flow", "flow: t\nstart: done\nnodes: {}\n§\n", &[""]);
    for (node, pointers) in [
        ("{ say: { § } }", &["/$defs/node_say/properties/say/anyOf/1"][..]),
        ("{ ask: { § }, timeout: 1s }", &["/$defs/node_ask/properties/ask/anyOf/1"]),
        ("{ wait: { § }, timeout: 1s }", &["/$defs/node_wait_event/properties/wait"]),
        ("{ perform: { § } }", &["/$defs/node_perform/properties/perform"]),
        ("{ choose: [{ otherwise: true, § }] }", &["/$defs/arm/oneOf/0", "/$defs/arm/oneOf/1"]),
        ("{ wait: 5s, § }", &["/$defs/node_wait_time"]),
        ("{ wait: { for: REMINDER }, § }", &["/$defs/node_wait_event"]),
    ] {
        same_keys("flow", &flow(node), pointers);
    }
}

/// A value for each verb of the language.
fn sample(verb: &str) -> &'static str {
    match verb {
        "choose" => "[{ otherwise: true, go: b }]",
        "decide" => "queues.choose",
        "call" => "called",
        "set" | "perform" | "end" => "{}",
        _ => "hi",
    }
}

#[test]
fn nodes_have_the_same_keys() {
    for verb in CORE_VERBS.iter().map(|core| core.verb).filter(|verb| *verb != "wait") {
        same_keys(
            "flow",
            &flow(&format!("{{ {verb}: {}, § }}", sample(verb))),
            &[&format!("/$defs/node_{verb}")],
        );
    }
    for verb in ACTION_VERBS {
        let node = format!("/$defs/node_{}", verb.verb);
        same_keys("flow", &flow(&format!("{{ {}: {{}}, § }}", verb.verb)), &[&node]);
        if verb.parameters.is_some() {
            let value = format!("{node}/properties/{}", verb.verb);
            same_keys("flow", &flow(&format!("{{ {}: {{ § }} }}", verb.verb)), &[&value]);
        }
    }
}

#[test]
fn centres_have_the_same_keys() {
    for (line, pointer) in [
        ("§", ""),
        ("media: { CHAT: { § } }", "/properties/media/*"),
        ("attributes: { billing: { § } }", "/properties/attributes/*"),
        ("customers: { § }", "/properties/customers"),
        ("customers: { attributes: { web: { § } } }", "/properties/customers/properties/attributes/*"),
        ("channel_types: { WEB: { § } }", "/properties/channel_types/*"),
        ("queues: { general: { § } }", "/properties/queues/*"),
        ("queues: { general: { service_level: { § } } }", "/properties/queues/*/properties/service_level"),
        ("queues: { general: { steps: [{ § }] } }", "/properties/queues/*/properties/steps/items"),
        ("lists: { callbacks: { § } }", "/properties/lists/*"),
        ("bots: { helper: { kind: SCRIPT, § } }", "/properties/bots/*/oneOf/0"),
        ("bots: { helper: { kind: WEBHOOK, § } }", "/properties/bots/*/oneOf/1"),
        ("bots: { helper: { kind: RASA, § } }", "/properties/bots/*/oneOf/2"),
        ("bots: { helper: { kind: LEX, § } }", "/properties/bots/*/oneOf/3"),
        (
            "bots: { helper: { kind: LEX, outcomes: [{ § }] } }",
            "/properties/bots/*/oneOf/3/properties/outcomes/items",
        ),
        ("bots: { helper: { kind: LLM, § } }", "/properties/bots/*/oneOf/4"),
        (
            "bots: { helper: { kind: LLM, tools: { t: { § } } } }",
            "/properties/bots/*/oneOf/4/properties/tools/*",
        ),
        ("bots: { helper: { kind: LLM, breaker: { § } } }", "/properties/bots/*/oneOf/4/properties/breaker"),
        ("channels: { w: { § } }", "/properties/channels/*"),
        ("agents: { amal: { § } }", "/properties/agents/*"),
        ("teams: { t: { § } }", "/properties/teams/*"),
        ("wrap_up: { § }", "/properties/wrap_up"),
        ("customer_sla: [{ § }]", "/properties/customer_sla/items"),
        ("agent_sla: [{ § }]", "/properties/agent_sla/items"),
        ("reason_codes: { Lunch: { § } }", "/properties/reason_codes/*"),
    ] {
        same_keys("centre", &centre(line), &[pointer]);
    }
}

#[test]
fn scenarios_have_the_same_keys() {
    let given = "/properties/given";
    for (text, pointer) in [
        ("§", String::new()),
        ("given: { § }", given.to_owned()),
        ("given: { customers: { dora: { § } } }", format!("{given}/properties/customers/*")),
        ("given: { bots: { b: [{ § }] } }", format!("{given}/properties/bots/*/items")),
        ("given: { edits: { f: [{ find: x, § }] } }", format!("{given}/properties/edits/*/items")),
    ] {
        same_keys("scenario", &format!("scenario: t\n{text}\n"), &[&pointer]);
    }
}

/// A step is told apart by who acts; its reader asks for the others first, which are no keys of it.
#[test]
fn steps_have_the_same_keys() {
    let actors = ["customer", "agent", "event", "command", "changes", "expect"];
    for (position, rest) in
        ["does: start_chat", "does: leave", "data: 1", "data: 1", "of: x", "of: x"].into_iter().enumerate()
    {
        let text = scenario(&format!("{{ at: 0s, {}: x, {rest}, {STRANGER}: 1 }}", actors[position]));
        let step = parts("scenario", &[&format!("/properties/when/items/oneOf/{position}")]).remove(0);
        let mut keys: BTreeSet<String> = step["properties"].as_object().unwrap().keys().cloned().collect();
        keys.extend(actors[..position].iter().map(|actor| (*actor).to_owned()));
        assert_eq!(keys, keys_of_the_engine("scenario", &text), "{text}");
    }
}

/// The words a schema lists, wherever in its alternatives.
fn words_of(part: &Json, words: &mut BTreeSet<String>) {
    words.extend(part["const"].as_str().map(str::to_owned));
    let listed = part["enum"].as_array().into_iter().flatten();
    words.extend(listed.filter_map(Json::as_str).map(str::to_owned));
    for alternatives in ["oneOf", "anyOf"].map(|key| part[key].as_array()) {
        alternatives.into_iter().flatten().for_each(|one| words_of(one, words));
    }
}

/// Compares the words of a value whose text is `{ key: § }`.
fn same_words(kind: &str, text: &str, pointers: &[&str]) {
    let text = text.replace('§', STRANGER);
    let mut words = BTreeSet::new();
    parts(kind, pointers).iter().for_each(|part| words_of(part, &mut words));
    let found = findings(kind, &text);
    let mut strangers = found.iter().filter(|f| f.code == codes::NOT_ONE_OF && f.message.contains(STRANGER));
    let finding = strangers.next().unwrap_or_else(|| panic!("no stranger in {text}"));
    let known: BTreeSet<String> = match finding.message.split_once("one of ") {
        Some((_, list)) => quoted(list.rsplit_once(", found").unwrap().0),
        None => {
            let cure = finding.cure.as_deref().unwrap_or_default().trim_start_matches("one of ");
            cure.split(", ").map(str::to_owned).collect()
        }
    };
    assert_eq!(words, known, "{text}");
}

#[test]
fn lists_of_words_are_the_same() {
    same_words("flow", "flow: t\nkind: §\nstart: done\nnodes: {}\n", &["/properties/kind"]);
    let to = "/$defs/node_say/properties/say/anyOf/1/properties/to";
    same_words("flow", &flow("{ say: { text: hi, to: § } }"), &[to]);
    let bot = "/properties/bots/*/oneOf";
    for (line, pointers) in [
        ("attributes: { billing: { kind: § } }", &["/properties/attributes/*/properties/kind"][..]),
        (
            "customers: { attributes: { web: { kind: § } } }",
            &["/properties/customers/properties/attributes/*/properties/kind"],
        ),
        (
            "bots: { helper: { kind: § } }",
            &[
                &format!("{bot}/0/properties/kind"),
                &format!("{bot}/1/properties/kind"),
                &format!("{bot}/2/properties/kind"),
                &format!("{bot}/3/properties/kind"),
                &format!("{bot}/4/properties/kind"),
            ],
        ),
        (
            "channels: { w: { type: WEB, service_identifier: a, bot: helper, routing: § } }",
            &["/properties/channels/*/properties/routing"],
        ),
        ("customer_sla: [{ at: 5%, action: § }]", &["/properties/customer_sla/items/properties/action"]),
        ("agent_sla: [{ at: 5%, action: § }]", &["/properties/agent_sla/items/properties/action"]),
        ("reason_codes: { Lunch: { kind: § } }", &["/properties/reason_codes/*/properties/kind"]),
    ] {
        same_words("centre", &centre(line), pointers);
    }
    for (position, actor) in ["customer", "agent"].into_iter().enumerate() {
        let does = format!("/properties/when/items/oneOf/{position}/properties/does");
        same_words("scenario", &scenario(&format!("{{ at: 0s, {actor}: x, does: § }}")), &[&does]);
    }
}
