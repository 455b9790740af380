#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use super::*;
use crate::diagnostic::{Severity, codes};
use crate::flow::FlowKind;

const CENTRE: &str = "centre: Test\n";
const RULES: &str =
    "// Which queue.\nfn choose(facts) { #{ queue: \"general\", priority: 1, why: \"the only one\" } }\n";

fn files(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

fn load(pairs: &[(&str, &str)]) -> Loaded {
    Deployment::load(files(pairs))
}

fn good(pairs: &[(&str, &str)]) -> Deployment {
    let loaded = load(pairs);
    loaded.deployment.unwrap_or_else(|| panic!("{}", loaded.findings.render(&files(pairs))))
}

fn codes_of(loaded: &Loaded) -> Vec<(&'static str, String)> {
    loaded.findings.iter().map(|f| (f.code, f.place.to_string())).collect()
}

#[test]
fn a_centre_alone_is_a_deployment_that_does_nothing() {
    let deployment = good(&[("flows/centre.yaml", CENTRE)]);
    assert!(deployment.flows.is_empty() && deployment.handlers.is_empty());
    assert!(deployment.handler(&EventName::parse("CUSTOMER_MESSAGE")).is_none());
}

#[test]
fn without_a_centre_nothing_loads() {
    let loaded = load(&[(
        "flows/inbound.yaml",
        "flow: inbound\nstart: a\nnodes: { a: { assign_bot: { bot: any } } }\n",
    )]);
    assert!(loaded.deployment.is_none());
    assert_eq!(codes_of(&loaded), [(codes::NO_CENTRE, "flows/centre.yaml:1:1".to_owned())]);
}

#[test]
fn each_event_has_one_controller_flow_and_bots_have_their_own() {
    let flow = |name: &str, kind: &str, event: &str| {
        format!("flow: {name}\nkind: {kind}\non: {{ {event}: a }}\nnodes: {{ a: {{ end: {{}} }} }}\n")
    };
    let (one, two) = (
        flow("one", "controller", "TOPIC_STATE_CHANGED"),
        flow("two", "controller", "TOPIC_STATE_CHANGE_EVENT"),
    );
    let loaded = load(&[("flows/centre.yaml", CENTRE), ("flows/one.yaml", &one), ("flows/two.yaml", &two)]);
    assert_eq!(codes_of(&loaded), [(codes::DUPLICATE_HANDLER, "flows/two.yaml:3:7".to_owned())]);
    let bot = flow("two", "bot", "TOPIC_STATE_CHANGE_EVENT");
    let deployment =
        good(&[("flows/centre.yaml", CENTRE), ("flows/one.yaml", &one), ("flows/two.yaml", &bot)]);
    let (flow, node) = deployment.handler(&EventName::parse("TOPIC_STATE_CHANGED")).unwrap();
    assert_eq!((flow.name.as_str(), flow.graph[node].name.as_str()), ("one", "a"));
    assert_eq!(deployment.flow("two").unwrap().kind, FlowKind::Bot);
}

#[test]
fn a_flow_is_defined_in_one_file() {
    let text = "flow: one\nstart: a\nnodes: { a: { end: {} } }\n";
    let loaded = load(&[("flows/centre.yaml", CENTRE), ("flows/a.yaml", text), ("flows/b.yaml", text)]);
    assert_eq!(codes_of(&loaded), [(codes::DUPLICATE_FLOW, "flows/b.yaml:1:7".to_owned())]);
}

#[test]
fn circles_of_calls_are_found_once_each() {
    let calling =
        |name: &str, to: &str| format!("flow: {name}\nstart: a\nnodes: {{ a: {{ call: {to} }} }}\n");
    let (one, two, three) = (calling("one", "two"), calling("two", "one"), calling("three", "three"));
    let loaded = load(&[
        ("flows/centre.yaml", CENTRE),
        ("flows/one.yaml", &one),
        ("flows/two.yaml", &two),
        ("flows/three.yaml", &three),
    ]);
    let expected = [
        (codes::CALL_CYCLE, "flows/three.yaml:3:21".to_owned()),
        (codes::CALL_CYCLE, "flows/two.yaml:3:21".to_owned()),
    ];
    assert_eq!(codes_of(&loaded), expected);
}

#[test]
fn problems_of_all_files_are_found_in_one_run() {
    let loaded = load(&[
        ("flows/centre.yaml", "centre: Test\nring_time: 30\n"),
        ("flows/a.yaml", "flow: a\nstart: nowhere\nnodes: { x: { end: {} } }\n"),
        ("flows/b.yaml", "flow: [\n"),
        ("rules/q.rhai", "fn choose(facts) {\n  let = 1\n}\n"),
        ("rules/q_test.rhai", "this is not read"),
        ("flows/c.yml", "nor this"),
        ("flows/d.yaml.txt", "nor this"),
        ("flows/x.prompt.txt", "nor this"),
        ("rules/Q.Rhai", "nor this"),
        ("rules/q.cases.yaml", "nor this"),
        ("rules/q.cases.yml", "nor this"),
        ("rules/x.yaml", "nor this"),
        ("rules/fees.CSV", "nor this"),
        ("README.md", "nor this"),
    ]);
    let found: Vec<_> =
        loaded.findings.iter().map(|f| (f.code, f.place.file.to_string(), f.place.line)).collect();
    let expected = [
        (codes::UNKNOWN_NODE, "flows/a.yaml", 2),
        (codes::SYNTAX, "flows/b.yaml", 2),
        (codes::IGNORED_FILE, "flows/c.yml", 1),
        (codes::BAD_DURATION, "flows/centre.yaml", 2),
        (codes::IGNORED_FILE, "flows/d.yaml.txt", 1),
        (codes::IGNORED_FILE, "flows/x.prompt.txt", 1),
        (codes::IGNORED_FILE, "rules/Q.Rhai", 1),
        (codes::IGNORED_FILE, "rules/fees.CSV", 1),
        (codes::IGNORED_FILE, "rules/q.cases.yml", 1),
        (codes::RULE_SYNTAX, "rules/q.rhai", 2),
        (codes::IGNORED_FILE, "rules/x.yaml", 1),
    ];
    assert_eq!(found, expected.map(|(code, file, line)| (code, file.to_owned(), line)));
}

#[test]
fn the_address_follows_the_meaning_and_not_the_layout() {
    let flow = "flow: a\ntitle: T\non_error: x\non: { FIND_AGENT: x, NO_AGENT_AVAILABLE: y }\nnodes:\n  x: { set: { a: 1, b: 2 }, then: z }\n  z: { note: one, then: y }\n  y: { choose: [{ when: \"a > 1\", go: x }, { otherwise: true, go: done }] }\n";
    let same = "# comment\nnodes:\n  y:\n    choose:\n      - go: x\n        when: 'a > 1'\n      - otherwise: true\n        go: done\n  z:\n    then: y\n    note: \"one\"\n  x: { then: z, set: { b: 2, a: 1 } }\ntitle: T\non:\n  NO_AGENT_AVAILABLE: y\n  FIND_AGENT: x\non_error: x\nflow: a\n";
    let other = flow.replace("note: one", "note: two");
    let arms = flow
        .replace("{ when: \"a > 1\", go: x }, ", "{ when: \"a > 1\", go: x }, { when: \"b > 1\", go: x }, ");
    let swapped = flow
        .replace("{ when: \"a > 1\", go: x }, ", "{ when: \"b > 1\", go: x }, { when: \"a > 1\", go: x }, ");
    let id = |text: &str, centre: &str, rules: &str| {
        let deployment =
            good(&[("flows/centre.yaml", centre), ("flows/a.yaml", text), ("rules/q.rhai", rules)]);
        (deployment.id.clone(), deployment.flow("a").unwrap().version.clone())
    };
    let base = id(flow, CENTRE, RULES);
    assert_eq!((base.0.len(), base.1.len()), (32, 32));
    assert_eq!(base, id(same, "# c\n\"centre\":   Test", RULES));
    assert_ne!(base, id(&other, CENTRE, RULES));
    assert_ne!(id(&arms, CENTRE, RULES).1, id(&swapped, CENTRE, RULES).1);
    let (rules, centre) = (id(flow, CENTRE, &format!("{RULES}// x\n")), id(flow, "centre: Other\n", RULES));
    assert!(rules.0 != base.0 && rules.1 == base.1);
    assert!(centre.0 != base.0 && centre.1 == base.1);
}

#[test]
fn a_position_survives_by_names() {
    let deployment = good(&[
        ("flows/centre.yaml", CENTRE),
        ("flows/a.yaml", "flow: a\nstart: x\nnodes: { x: { wait: 5s, then: y }, y: { end: {} } }\n"),
    ]);
    let flow = deployment.flow("a").unwrap();
    let position = Deployment::position(flow, flow.nodes["y"]).unwrap();
    assert_eq!(position, Position { flow: "a".to_owned(), node: "y".to_owned() });
    assert_eq!(deployment.at(&position).unwrap().2.name, "y");
    assert!(deployment.at(&Position { node: "gone".to_owned(), ..position }).is_none());
}

#[test]
fn a_value_that_cannot_be_read_brings_no_other_findings() {
    let centre = "centre: Test\nmedia: { CHAT: { max_tasks: \"5\" } }\nagents: { amal: { media: { CHAT: 3 } } }\n\
                  customer_sla: [{ at: 150%, action: REMIND, message: x }]\n";
    let flow = "flow: t\non: { CUSTOMER_SLA: a, CONVERSATION_STARTED: b }\non_error: done\nnodes:\n  a: { say: \"{{x}}\" }\n  \
                b: { decide: queues.choose, into: x }\n";
    let loaded = load(&[
        ("flows/centre.yaml", centre),
        ("flows/t.yaml", flow),
        ("rules/queues.rhai", "fn choose(facts) { 1 +\n"),
    ]);
    let errors = loaded.findings.iter().filter(|f| f.severity == Severity::Error).count();
    assert_eq!((loaded.findings.len(), errors), (3, 3), "{:?}", codes_of(&loaded));
}

#[test]
fn common_slips_have_a_cure() {
    let found = |path: &str, text: &str| {
        let loaded = load(&[("flows/centre.yaml", CENTRE), (path, text)]);
        loaded.findings.iter().filter_map(|f| f.cure.clone()).collect::<Vec<_>>().join("; ")
    };
    let choose = |when: &str| {
        format!(
            "flow: t\nstart: a\nnodes: {{ a: {{ choose: [{{ when: {when}, go: done }}, {{ otherwise: true, go: done }}] }} }}\n"
        )
    };
    for (path, text, cure) in [
        ("flows/t.yaml", choose("'event.role = \"X\"'"), "equal is written `==`"),
        ("flows/t.yaml", choose("customer.known and true"), "and is written `&&`"),
        ("flows/t.yaml", choose("conversation.agents =< 5"), "at most is written `<=`"),
        ("flows/t.yaml", choose("customer.name == web"), "a text stands in quotes: `\"web\"`"),
        ("flows/t.yaml", choose("event.text.len > 5"), "write `len()`: it is a function"),
        ("rules/q.rhai", "fn a(facts) {\n  { why: \"x\" }\n}\n".to_owned(), "a map begins with `#{`"),
        (
            "rules/t.table.yaml",
            "table: T\ninputs: { n: { from: now, type: whole } }\noutputs: [a]\nrows:\n  - { when: { n: 1 }, then: { a: 1 } }\notherwise: { a: 2 }\n".to_owned(),
            "did you mean `if`?",
        ),
        ("flows/centre.yaml", "centre: Test\nrona_not_ready: no\n".to_owned(), "write `false`"),
        (
            "rules/q.rhai",
            "const X = 1;\nfn a(facts) { X }\n".to_owned(),
            "functions do not see names outside them",
        ),
        (
            "rules/q.rhai",
            "fn a(facts) { if facts.x and true { 1 } else { 2 } }\n".to_owned(),
            "and is written `&&`",
        ),
    ] {
        let said = found(path, &text);
        assert!(said.contains(cure), "{text}: {said}");
    }
}

#[test]
fn a_closure_may_read_what_stands_around_it() {
    let rules =
        "fn a(facts) {\n  let least = 2;\n  [1, 2].filter(|n| n >= least).map(|n| n + facts.now)\n}\n";
    let loaded = load(&[("flows/centre.yaml", CENTRE), ("rules/q.rhai", rules)]);
    assert_eq!(codes_of(&loaded), []);
}

#[test]
fn a_rule_has_no_this() {
    let flow = "flow: t\nstart: a\non_error: done\nnodes: { a: { decide: q.a, into: x } }\n";
    let rules = "fn a(facts) {\n  if this.x == 1 { 1 } else { [1, 2].filter(|| this > 1) }\n}\n";
    let loaded = load(&[("flows/centre.yaml", CENTRE), ("flows/t.yaml", flow), ("rules/q.rhai", rules)]);
    assert_eq!(codes_of(&loaded), [(codes::UNKNOWN_FACT, "rules/q.rhai:2:6".to_owned())]);
}

#[test]
fn a_folder_inside_is_warned_of_once() {
    let loaded = load(&[
        ("flows/centre.yaml", CENTRE),
        ("flows/old/a.yaml", "flow: a\n"),
        ("flows/old/b.yaml", "flow: b\n"),
        ("rules/old/", ""),
        ("rules/.git/c.rhai", ""),
    ]);
    let expected = ["flows/old:1:1", "rules/old:1:1"].map(|at| (codes::IGNORED_FILE, at.to_owned()));
    assert_eq!(codes_of(&loaded), expected);
}

#[test]
fn a_byte_order_mark_is_taken_wherever_files_come_from() {
    let centre = "\u{feff}centre: Test\nmedia: { CHAT: { max_tasks: 5 } }\n";
    let rules = format!("\u{feff}{RULES}");
    let pairs = [("flows/centre.yaml", centre), ("rules/queues.rhai", rules.as_str())];
    let texts = Deployment::load(files(&pairs));
    let bytes = files(&pairs).into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
    let bytes = Deployment::load_bytes(bytes);
    let (texts, bytes) = (texts.deployment.unwrap(), bytes.deployment.unwrap());
    assert_eq!((texts.id, &texts.files), (bytes.id, &bytes.files));
}

#[test]
fn bytes_that_are_not_text_are_found_and_nothing_is_said_twice() {
    let files = BTreeMap::from([
        ("flows/centre.yaml".to_owned(), b"centre: \xff\n".to_vec()),
        ("logo.png".to_owned(), b"\x89PNG".to_vec()),
    ]);
    let loaded = Deployment::load_bytes(files);
    assert!(loaded.deployment.is_none());
    let first = loaded.findings.iter().find(|f| f.code == codes::NOT_UTF8).unwrap();
    assert_eq!(
        (first.severity, first.place.to_string()),
        (Severity::Error, "flows/centre.yaml:1:9".to_owned())
    );
    assert!(
        loaded.findings.iter().all(|f| f.code != codes::NO_CENTRE && &*f.place.file == "flows/centre.yaml")
    );
}

/// The example flow that the design of the language aims for.
#[test]
fn the_flow_an_analyst_would_write_compiles() {
    let centre = "\
centre: Test
media: { CHAT: { max_tasks: 5 } }
customers: { attributes: { web: {} } }
channel_types: { WEB: { media: CHAT, identifier: web } }
queues: { general: { media: CHAT } }
bots: { concierge: { kind: SCRIPT, flow: concierge } }
channels: { web: { type: WEB, service_identifier: \"1218\", bot: concierge, queue: general } }
";
    let inbound = r#"# yaml-language-server: $schema=../schemas/flow.schema.json
flow: inbound
title: Bot first, an agent on request, close when everybody has left
on:                                   # event -> where to enter
  CONVERSATION_STARTED: bring_the_bot
  FIND_AGENT: choose_queue
  AGENT_UNSUBSCRIBED: who_is_left
nodes:
  bring_the_bot:
    assign_bot: { bot: "=channel.bot", role: PRIMARY }
  choose_queue:
    decide: queues.choose             # fn choose(facts) in rules/queues.rhai
    into: target
    then: look_for_an_agent
  look_for_an_agent:
    find_agent: { queue: "=target.queue", priority: "=target.priority" }
  who_is_left:
    choose:
      - { when: "conversation.agents > 0", go: done }
      - { when: "conversation.customer_present", go: back_to_the_bot }
      - { otherwise: true, go: close }
  back_to_the_bot:
    change_role: { participant: bot, role: PRIMARY }
    then: survey
  survey:
    ask: "Did we help?"               # durable: waits across restarts
    answers: { "yes": thanks, "no": look_for_an_agent }
    timeout: 2m
    on_timeout: done
  thanks:
    say: "Thank you, {{customer.name}}."
  close:
    end_conversation: {}
"#;
    let concierge =
        "flow: concierge\nkind: bot\non: { CUSTOMER_MESSAGE: hello }\nnodes: { hello: { say: Hello } }\n";
    let deployment = good(&[
        ("flows/centre.yaml", centre),
        ("flows/inbound.yaml", inbound),
        ("flows/concierge.yaml", concierge),
        ("rules/queues.rhai", RULES),
    ]);
    assert_eq!(deployment.handlers.len(), 3);
    assert_eq!(deployment.flow("inbound").unwrap().nodes.len(), 8);
    assert_eq!(deployment.channel_by_service_identifier("1218").unwrap().name, "web");
    assert!(deployment.bot("concierge").is_some() && deployment.queue("general").is_some());
    let facts = crate::rules::Facts::new();
    let verdict = deployment.host.call(&deployment.rules["queues"], "choose", &facts).unwrap();
    assert_eq!(verdict.value["queue"], "general");
}

#[test]
fn a_huge_flow_full_of_mistakes_does_not_hang_the_loader() {
    let lost: String = (0..18_000).map(|n| format!("  node_{n}: {{ say: hi, then: lost_{n} }}\n")).collect();
    let filled = "{{x}}".repeat(150_000);
    for nodes in [lost, format!("  a: {{ say: \"{filled}\" }}\n")] {
        let flow = format!("flow: a\nstart: b\nnodes:\n{nodes}");
        let loaded = load(&[("flows/centre.yaml", CENTRE), ("flows/a.yaml", &flow)]);
        assert!(loaded.deployment.is_none());
    }
}

#[test]
fn new_channels_are_learned_with_what_they_need_and_nothing_else() {
    let centre = |channels: &str, queue: &str| {
        format!(
            "centre: Test\nmedia: {{ CHAT: {{ max_tasks: 3 }} }}\nchannel_types: {{ WEB: {{ media: CHAT, identifier: web }} }}\n\
             customers: {{ default_name: Guest, attributes: {{ web: {{ kind: String }} }} }}\n\
             queues: {{ {queue}: {{ media: CHAT, service_level: {{ within: 30s }} }} }}\n\
             bots: {{ mia: {{ kind: SCRIPT, flow: mia }} }}\nchannels:\n{channels}"
        )
    };
    let channel = |name: &str, address: &str, queue: &str| {
        format!(
            "  {name}: {{ type: WEB, service_identifier: \"{address}\", bot: mia, queue: {queue}, request_ttl: 2m }}\n"
        )
    };
    let bot = |says: &str| {
        format!("flow: mia\nkind: bot\non: {{ CUSTOMER_MESSAGE: a }}\nnodes: {{ a: {{ say: {says} }} }}\n")
    };
    let of =
        |centre: &str, says: &str| good(&[("flows/centre.yaml", centre), ("flows/mia.yaml", &bot(says))]);
    let mut old = of(&centre(&channel("web", "1", "general"), "general"), "Hello");
    let own = old.id.clone();
    let app = format!("{}{}", channel("web", "2", "vip"), channel("app", "1", "vip"));
    let new = of(&centre(&app, "vip"), "Good day");
    old.learn(&new);
    assert_eq!(parts(&old.id).collect::<Vec<_>>(), [own.as_str(), new.id.as_str()]);
    assert!(old.has_learned(&own) && !old.has_learned(&new.id) && !new.has_learned(&new.id));
    let at =
        |address: &str| old.channel_by_service_identifier(address).map(|c| (&*c.name, c.queue.as_deref()));
    assert_eq!(at("2"), Some(("web", Some("general"))), "an address that moved is followed");
    assert_eq!(at("1"), Some(("app", Some("vip"))), "and another channel may have the old one");
    assert!(old.queue("vip").is_some() && old.queue("general").is_some());
    assert!(old.files["flows/mia.yaml"].contains("Hello"), "flows stay");
}
