#![allow(clippy::unwrap_used, clippy::panic)]

mod right;

use std::collections::BTreeMap;

use petgraph::visit::EdgeRef;

use super::*;
use crate::deployment::{Deployment, Loaded};
use crate::diagnostic::codes;
use crate::model::EventName;

const CENTRE: &str = "\
centre: Test
media: { CHAT: { max_tasks: 5 } }
customers: { attributes: { web: {} } }
channel_types: { WEB: { media: CHAT, identifier: web } }
queues: { general: { media: CHAT } }
lists: { callbacks: {} }
bots: { helper: { kind: SCRIPT, flow: helper } }
agents: { amal: {} }
settings: { survey: { de: x, en: y } }
";

const HELPER: &str = "flow: helper\nkind: bot\nstart: a\nnodes: { a: { say: Hello } }\n";

// Sets every slot the flows below read, so that only what a test is about is found.
const PLAIN: &str = "flow: plain\non: { BOT_TIMEOUT: a, CONVERSATION_STARTED: s }\nnodes:\n  a: { say: Hello }\n  \
    s: { set: { x: \"=event.data\", a: \"=event.data\", target: \"=event.data\" }, on_error: a }\n";

const RULES: &str = "fn choose(facts) { 1 }\nfn pair(a, b) { 1 }\n";

fn load(flow: &str) -> (Loaded, BTreeMap<String, String>) {
    let files = [
        ("flows/centre.yaml", CENTRE),
        ("flows/helper.yaml", HELPER),
        ("flows/plain.yaml", PLAIN),
        ("flows/t.yaml", flow),
        ("rules/queues.rhai", RULES),
    ];
    let files: BTreeMap<String, String> = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    (Deployment::load(files.clone()), files)
}

/// Code, line and column of everything found in a flow.
fn found(flow: &str) -> Vec<(&'static str, u32, u32)> {
    let (loaded, _) = load(flow);
    loaded.findings.iter().map(|f| (f.code, f.place.line, f.place.column)).collect()
}

fn good(flow: &str) -> Deployment {
    let (loaded, files) = load(flow);
    loaded.deployment.unwrap_or_else(|| panic!("{}", loaded.findings.render(&files)))
}

/// A flow with a node `a` of this text, and a node `b` that ends.
fn node(text: &str) -> String {
    format!(
        "flow: t\non: {{ FIND_AGENT: a, NO_AGENT_AVAILABLE: b }}\non_error: b\nnodes:\n  a: {text}\n  b: {{ end: {{}} }}\n"
    )
}

/// Takes the `§` out of a text; gives the line and column of what stands behind it.
fn marked(text: &str) -> (String, u32, u32) {
    let (before, after) = text.split_once('§').unwrap_or_else(|| panic!("no mark in {text}"));
    let (line, last) = (before.matches('\n').count() + 1, before.rsplit('\n').next().unwrap());
    (format!("{before}{after}"), line as u32, last.chars().count() as u32 + 1)
}

#[test]
fn every_mistake_in_a_node_is_found_at_its_place() {
    // `§` marks the place; without it the finding is about the node as a whole.
    for (text, code) in [
        ("{ then: b }", codes::NO_VERB),
        ("{ §syy: hi, then: b }", codes::NO_VERB),
        ("{ say: hi, §note: x }", codes::TWO_VERBS),
        ("{ say: hi, §thne: b }", codes::UNKNOWN_KEY),
        ("{ say: hi, §timeout: 5s }", codes::UNKNOWN_KEY),
        ("{ say: hi, then: §c }", codes::UNKNOWN_NODE),
        ("{ say: hi, then: §[b] }", codes::WRONG_TYPE),
        ("{ say: hi, §then: }", codes::MISSING_KEY),
        ("{ say: hi, then: b, §on_error: }", codes::MISSING_KEY),
        ("{ ask: hi, timeout: 5s, answers: { x: b }, §otherwise: }", codes::MISSING_KEY),
        ("{ ask: hi, timeout: 5s, §on_timeout: }", codes::MISSING_KEY),
        ("{ ask: hi, timeout: 5s, §then: }", codes::MISSING_KEY),
        ("{ wait: { for: CUSTOMER_MESSAGE }, timeout: 5s, §on_timeout: }", codes::MISSING_KEY),
        ("{ remind: { name: x, after: 5m, §go: } }", codes::MISSING_KEY),
        ("{ remind: { name: x, after: 5m } }", codes::UNHANDLED_EVENT),
        ("{ say: hi, on_error: §c }", codes::UNKNOWN_NODE),
        ("{ say: §[hi] }", codes::WRONG_TYPE),
        ("{ §say: { to: all } }", codes::MISSING_KEY),
        ("{ say: { text: hi, to: §everybody } }", codes::NOT_ONE_OF),
        ("{ say: { body: { type: §IMGE } } }", codes::UNKNOWN_BODY),
        ("{ say: { body: §{ type: IMAGE } } }", codes::MISSING_KEY),
        ("{ say: { body: { type: IMAGE, §mediaUrl: a } } }", codes::UNKNOWN_KEY),
        ("{ say: { body: { type: IMAGE, attachment: { §mediaURL: a } } } }", codes::UNKNOWN_KEY),
        ("{ say: { body: { type: IMAGE, attachment: §{ mimeType: a } } } }", codes::MISSING_KEY),
        ("{ say: { body: { type: BUTTON, buttons: [§a, b] } } }", codes::WRONG_TYPE),
        ("{ say: { body: { type: PLAIN, §text: Welcome } } }", codes::UNKNOWN_KEY),
        ("{ say: { body: §{ type: PLAIN } } }", codes::MISSING_KEY),
        ("{ say: { body: §{ markdownText: a } } }", codes::MISSING_KEY),
        ("{ ask: { body: §{ type: PLAIN, markdownText: '' } }, timeout: 5s }", codes::MISSING_KEY),
        ("{ say: 'Hi §{{ customer.name' }", codes::OPEN_TEMPLATE),
        ("{ say: 'Hi {{ 1 +§* 2}}' }", codes::BAD_EXPRESSION),
        ("{ say: '=1 +§* 2' }", codes::BAD_EXPRESSION),
        ("{ say: 'Hi {{§}}' }", codes::BAD_EXPRESSION),
        ("{ set: { x: \"=§let y = 1\" } }", codes::BAD_EXPRESSION),
        ("{ set: { §Big: 1 } }", codes::BAD_NAME),
        ("{ set: §5 }", codes::WRONG_TYPE),
        ("{ set: { x: §session.messages + 1 } }", codes::UNMARKED_EXPRESSION),
        ("{ say: '{{now}} Hi §{customer.name} {x}' }", codes::UNMARKED_EXPRESSION),
        ("{ say: '{{§centre.settings.survey}}' }", codes::TYPE_MISMATCH),
        ("{ say: '{{§conversation.data.topic}}' }", codes::MAYBE_MISSING),
        ("{ say: '{{§slots?.x.y}}' }", codes::MAYBE_MISSING),
        ("{ say: '{{§conversation.data?.topic.len()}}' }", codes::MAYBE_MISSING),
        (
            "{ choose: [{ when: '§customer.attributes.phone == \"x\"', go: b }, { otherwise: true, go: b }] }",
            codes::MAYBE_MISSING,
        ),
        (
            "{ choose: [{ when: '!§conversation.data?.greeted', go: b }, { otherwise: true, go: b }] }",
            codes::MAYBE_MISSING,
        ),
        (
            "{ choose: [{ when: '§conversation.data?.a && now > 0', go: b }, { otherwise: true, go: b }] }",
            codes::MAYBE_MISSING,
        ),
        (
            "{ choose: [{ when: '§conversation.data?.a', go: b }, { otherwise: true, go: b }] }",
            codes::MAYBE_MISSING,
        ),
        (
            "{ choose: [{ when: '§conversation.data?.a.b == 1', go: b }, { otherwise: true, go: b }] }",
            codes::MAYBE_MISSING,
        ),
        (
            "{ choose: [{ when: 'conversation.state == §\"ACTIV\"', go: b }, { otherwise: true, go: b }] }",
            codes::IMPOSSIBLE_VALUE,
        ),
        (
            "{ choose: [{ when: 'event.agent_state == §\"REDY\"', go: b }, { otherwise: true, go: b }] }",
            codes::IMPOSSIBLE_VALUE,
        ),
        (
            "{ choose: [{ when: 'event.queue == §\"generel\"', go: b }, { otherwise: true, go: b }] }",
            codes::IMPOSSIBLE_VALUE,
        ),
        (
            "{ choose: [{ when: 'conversation.request == §\"IN\"', go: b }, { otherwise: true, go: b }] }",
            codes::IMPOSSIBLE_VALUE,
        ),
        ("{ say: {§{x}} }", codes::COMPLEX_KEY),
        ("{ say: §'' }", codes::EMPTY_TEXT),
        ("{ ask: §' ', timeout: 5s }", codes::EMPTY_TEXT),
        ("{ set: { §customer: Ada } }", codes::RESERVED_NAME),
        ("{ set: { §now: 1 } }", codes::RESERVED_NAME),
        ("{ set: { §let: 1 } }", codes::RESERVED_NAME),
        ("{ set: { §this: 1 } }", codes::RESERVED_NAME),
        ("{ set: { §true: 1 } }", codes::RESERVED_NAME),
        ("{ decide: queues.choose, into: §fn }", codes::RESERVED_NAME),
        ("{ ask: hi, timeout: 5s, into: §event }", codes::RESERVED_NAME),
        ("{ ask: hi, answers: { \"yes\": b } }", codes::NO_DEADLINE),
        ("{ ask: hi, timeout: §30 }", codes::BAD_DURATION),
        ("{ ask: hi, timeout: §401d }", codes::BAD_DURATION),
        ("{ ask: hi, timeout: 5s, answers: { Ja: b, §' ja ': b } }", codes::DUPLICATE_KEY),
        ("{ ask: hi, timeout: 5s, answers: { x: b }, §then: b }", codes::UNKNOWN_KEY),
        ("{ ask: hi, timeout: 5s, until: { §AGENT_CAME: b } }", codes::UNKNOWN_EVENT),
        ("{ §choose: [] }", codes::MISSING_KEY),
        ("{ choose: [{ otherwise: true, go: b }, §{ when: x, go: b }] }", codes::OTHERWISE_NOT_LAST),
        ("{ choose: [{ otherwise: §false, go: b }] }", codes::WRONG_TYPE),
        ("{ choose: [{ §when: x }] }", codes::MISSING_KEY),
        ("{ choose: [{ §go: b }] }", codes::MISSING_KEY),
        ("{ choose: [{ when: x, go: b }], §then: b }", codes::UNKNOWN_KEY),
        ("{ decide: §queue.choose }", codes::UNKNOWN_RULE_FILE),
        ("{ decide: §queues.chose }", codes::UNKNOWN_RULE),
        ("{ decide: §queues.pair }", codes::RULE_PARAMETERS),
        ("{ decide: §queues }", codes::UNKNOWN_TABLE),
        ("{ wait: §30 }", codes::BAD_DURATION),
        ("{ wait: §0s, then: b }", codes::OUT_OF_RANGE),
        ("{ wait: §999ms, then: b }", codes::OUT_OF_RANGE),
        ("{ wait: { for: CUSTOMER_MESSAGE }, timeout: §0s, on_timeout: b }", codes::OUT_OF_RANGE),
        ("{ ask: hi, timeout: §0s, on_timeout: b }", codes::OUT_OF_RANGE),
        ("{ remind: { name: x, after: §0s, go: b } }", codes::OUT_OF_RANGE),
        ("{ pause: { for: §0s } }", codes::OUT_OF_RANGE),
        ("{ wait: 5s, §timeout: 3s }", codes::UNKNOWN_KEY),
        ("{ wait: { for: CUSTOMER_MESSAGE, §timeout: 1m } }", codes::UNKNOWN_KEY),
        ("{ ask: { text: Hello, §timeout: 1m } }", codes::UNKNOWN_KEY),
        ("{ ask: { text: Hello, §answers: { x: b } }, timeout: 5s }", codes::UNKNOWN_KEY),
        ("{ wait: { for: CUSTOMER_MESSAGE } }", codes::NO_DEADLINE),
        ("{ wait: { for: [§CUSTOMER_MESAGE] }, timeout: 3s }", codes::UNKNOWN_EVENT),
        ("{ call: §nowhere }", codes::UNKNOWN_FLOW),
        ("{ call: §plain }", codes::NO_START),
        ("{ call: §helper }", codes::WRONG_KIND),
        ("{ §perform: { data: {} } }", codes::MISSING_KEY),
        ("{ perform: { action: §FIND_AGNT } }", codes::UNKNOWN_ACTION),
        ("{ change_role: { participant: §bott, role: PRIMARY } }", codes::UNKNOWN_PARTICIPANT),
        ("{ forget: { name: comeback } }", codes::UNKNOWN_REMINDER),
        ("{ end: { §now: true } }", codes::UNKNOWN_KEY),
        ("{ assign_bot: { bot: §helpr } }", codes::UNKNOWN_BOT),
        ("{ §assign_bot: {} }", codes::MISSING_KEY),
        ("{ assign_bot: { bot: helper, role: §BOSS } }", codes::NOT_ONE_OF),
        ("{ find_agent: { queue: §genral } }", codes::UNKNOWN_QUEUE),
        ("{ find_agent: { priority: §12 } }", codes::OUT_OF_RANGE),
        ("{ find_agent: { offer: §maybe } }", codes::WRONG_TYPE),
        ("{ find_agent: { priority: '=§customer.name' } }", codes::TYPE_MISMATCH),
        ("{ find_agent: { priority: '=§3.7' } }", codes::TYPE_MISMATCH),
        ("{ find_agent: { priority: '=§-5' } }", codes::TYPE_MISMATCH),
        ("{ find_agent: { queue: '=§session.messages' } }", codes::TYPE_MISMATCH),
        ("{ find_agent: { offer: '{{§conversation.customer_present}}' } }", codes::TYPE_MISMATCH),
        ("{ find_agent: { §queu: general } }", codes::UNKNOWN_KEY),
        ("{ assign_agent: { agent: §nobody } }", codes::UNKNOWN_AGENT),
        ("{ post_request: { list: §x } }", codes::UNKNOWN_LIST),
        ("{ remove_session: { reason: §BORED } }", codes::NOT_ONE_OF),
        ("{ remove_session: { session: §FAX, reason: AGENT } }", codes::UNKNOWN_CHANNEL_TYPE),
        ("{ cancel_request: { reason: §BORED } }", codes::NOT_ONE_OF),
        ("{ pause: { for: §10 } }", codes::BAD_DURATION),
        ("{ remind: { name: x, after: 5m, go: §c } }", codes::UNKNOWN_NODE),
        (
            "{ update_data: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, §k: 1 } }",
            codes::TOO_MANY_DATA,
        ),
    ] {
        let flow = if text.contains('§') { node(text) } else { node(text).replace("  a: ", "  §a: ") };
        let (flow, line, column) = marked(&flow);
        assert_eq!(found(&flow), [(code, line, column)], "{text}");
    }
}

#[test]
fn every_mistake_in_a_file_is_found_at_its_place() {
    for (text, code) in [
        ("§nodes: {}\n", codes::MISSING_KEY),
        ("§- flow: t\n", codes::WRONG_TYPE),
        ("flow: §Big Flow\nstart: a\nnodes: { a: { end: {} } }\n", codes::BAD_NAME),
        ("flow: §t\nstart: done\n", codes::MISSING_KEY),
        ("flow: t\nkind: §robot\nstart: a\nnodes: { a: { end: {} } }\n", codes::NOT_ONE_OF),
        ("flow: t\nstart: a\n§colour: red\nnodes: { a: { end: {} } }\n", codes::UNKNOWN_KEY),
        ("flow: t\nstart: §b\non: { FIND_AGENT: a }\nnodes: { a: { end: {} } }\n", codes::UNKNOWN_NODE),
        ("flow: t\non: { §FIND_AGNT: a }\nstart: a\nnodes: { a: { end: {} } }\n", codes::UNKNOWN_EVENT),
        ("flow: t\nstart: done\nnodes: { §done: { end: {} } }\n", codes::RESERVED_NAME),
        ("flow: t\nstart: B\nnodes: { §B: { end: {} } }\n", codes::BAD_NAME),
        ("flow: t\nstart: a\nnodes: { a: { end: {} }, §b: { end: {} } }\n", codes::UNREACHABLE_NODE),
        ("flow: t\nstart: a\n§on_error:\nnodes: { a: { end: {} } }\n", codes::MISSING_KEY),
        ("flow: §t\nnodes: {}\n", codes::NEVER_ENTERED),
        ("flow: t\nstart: a\nnodes: { §a: { note: x, then: b }, b: { note: x, then: a } }\n", codes::ENDLESS),
        ("flow: t\nstart: a\nnodes: { §a: { choose: [{ otherwise: true, go: a }] } }\n", codes::ENDLESS),
    ] {
        let (flow, line, column) = marked(text);
        assert_eq!(found(&flow), [(code, line, column)], "{text}");
    }
}

#[test]
fn circles_that_wait_or_can_leave_are_good() {
    good("flow: t\nstart: a\nnodes: { a: { wait: 5s, then: a } }\n");
    good(
        "flow: t\nstart: a\nnodes: { a: { choose: [{ when: x, go: a }, { otherwise: true, go: done }] } }\n",
    );
    good("flow: t\nstart: a\nnodes: { a: { ask: x, timeout: 5s, answers: { \"no\": a }, on_timeout: a } }\n");
}

#[test]
fn circles_that_only_time_drives_are_warned_of() {
    for text in [
        "{ §a: { wait: 5s, then: a } }",
        "{ §a: { say: x, then: b }, b: { wait: { for: CHANNEL_SESSION_ENDED }, timeout: 5s, on_timeout: a } }",
        "{ §a: { remind: { name: r, after: 5s, go: a } } }",
    ] {
        let (flow, line, column) = marked(&format!("flow: t\nstart: a\nnodes: {text}\n"));
        let expected = if text.contains("for:") { Vec::new() } else { vec![(codes::ENDLESS, line, column)] };
        assert_eq!(found(&flow), expected, "{text}");
    }
    for text in [
        "{ a: { wait: 5s, until: { AGENT_SUBSCRIBED: done }, then: a } }",
        "{ a: { wait: 5s, then: b }, b: { choose: [{ when: x, go: done }, { otherwise: true, go: a }] } }",
        "{ a: { remind: { name: r, after: 5s, go: a }, then: b }, b: { ask: x, timeout: 5s, then: c }, c: { forget: { name: r } } }",
        "{ a: { wait: 5s, then: b }, b: { end_conversation: {}, then: a } }",
    ] {
        assert_eq!(found(&format!("flow: t\nstart: a\nnodes: {text}\n")), [], "{text}");
    }
}

#[test]
fn an_error_in_an_expression_lands_on_its_character() {
    for text in [
        "{ say: \"caf\\u00e9 {{ 1 +§* 2 }}\" }",
        "{ say: 'it''s {{ 1 +§* 2 }}' }",
        "\n    say: |\n      One\n      two {{ 1 +§* 2 }}",
        "\n    choose:\n      - when: >-\n          x > 1 &&\n          1 +§* 2\n        go: b",
        "\n    say: |-\n      =1 +\n        2 +§* 3",
        "\n    say: Good day {{ 1 +\n      2 +§* 3 }}",
    ] {
        let (flow, line, column) = marked(&node(text));
        assert_eq!(found(&flow), [(codes::BAD_EXPRESSION, line, column)], "{text}");
    }
}

#[test]
fn ways_become_edges() {
    let deployment = good(
        "flow: t
on: { FIND_AGENT: ask, REMINDER: done }
start: ask
nodes:
  ask:
    ask: Well?
    answers: [{ \"yes\": say }, { \"no\": done }]
    otherwise: choose
    timeout: 1m30s
    on_timeout: wait
    until: { TOPIC_STATE_CHANGED: say, AGENT_SUBSCRIBED: done }
    on_error: say
  say: { say: Good, then: remind }
  choose: { choose: [{ when: a, go: say }, { when: x, go: done }, { otherwise: true, go: wait }] }
  wait: { wait: { for: [CUSTOMER_MESSAGE], when: \"event.text == 'x'\" }, timeout: 5s, on_timeout: say, then: done }
  remind: { remind: { name: r, after: 1h, go: wait } }
",
    );
    let flow = deployment.flow("t").unwrap();
    let mut edges: Vec<String> = flow
        .graph
        .edge_references()
        .map(|e| {
            format!("{} -{:?}-> {}", flow.graph[e.source()].name, e.weight(), flow.graph[e.target()].name)
        })
        .collect();
    edges.sort();
    let expected = [
        "ask -Answer(\"no\")-> done",
        "ask -Answer(\"yes\")-> say",
        "ask -Error-> say",
        "ask -Otherwise-> choose",
        "ask -Timeout-> wait",
        "ask -Until(TopicStateChangeEvent)-> say",
        "choose -Otherwise-> wait",
        "choose -When(0)-> say",
        "remind -Reminder-> wait",
        "say -Then-> remind",
        "wait -Timeout-> say",
    ];
    assert_eq!(edges, expected);
    assert_eq!(flow.graph[flow.on[&EventName::parse(REMINDER)]].name, "done");
    let Verb::Ask(ask) = &flow.graph[flow.nodes["ask"]].verb else { panic!("not a question") };
    let answers: Vec<&str> = ask.answers.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!((answers, ask.timeout_ms, ask.until.len()), (vec!["yes", "no"], 90_000, 2));
}

#[test]
fn an_open_question_goes_on_with_any_answer() {
    let deployment = good(
        "flow: t\nstart: a\nnodes: { a: { ask: Name?, into: name, timeout: 5s, then: b }, b: { note: x } }\n",
    );
    let flow = deployment.flow("t").unwrap();
    let Verb::Ask(ask) = &flow.graph[flow.nodes["a"]].verb else { panic!("not a question") };
    assert_eq!((ask.otherwise, ask.into.as_deref()), (Some(flow.nodes["b"]), Some("name")));
    let deployment = good("flow: t\nstart: a\nnodes: { a: { ask: Name?, timeout: 5s } }\n");
    let flow = deployment.flow("t").unwrap();
    let Verb::Ask(ask) = &flow.graph[flow.nodes["a"]].verb else { panic!("not a question") };
    assert!(matches!(flow.graph[ask.otherwise.unwrap()].verb, Verb::End));
}

#[test]
fn actions_hold_the_keys_of_the_wire() {
    let data = |text: &str| {
        let deployment = good(&node(text));
        let flow = deployment.flow("t").unwrap();
        let Verb::Act { action, data, .. } = &flow.graph[flow.nodes["a"]].verb else {
            panic!("not an action")
        };
        let pairs = data.iter().map(|(key, arg)| match arg {
            Arg::Json(value) => format!("{key}={value}"),
            Arg::Expr(expr) => format!("{key}:={}", expr.code.source()),
            Arg::Text(text) => format!("{key}~{}", text.source),
            other => format!("{key}?{other:?}"),
        });
        format!("{action} {}", pairs.collect::<Vec<_>>().join(" "))
    };
    for (text, expected) in [
        ("{ assign_bot: { bot: helper } }", "ASSIGN_BOT botId=\"helper\" role=\"PRIMARY\""),
        ("{ end_conversation: }", "END_CONVERSATION "),
        (
            "{ find_agent: { queue: \"=target.queue\", priority: 11 } }",
            "FIND_AGENT queue:=target.queue priority=11 offerToAgent=true",
        ),
        ("{ pause: { for: 2m } }", "PAUSE_CONVERSATION durationMs=120000"),
        (
            "{ remove_session: { reason: INACTIVITY } }",
            "REMOVE_CHANNEL_SESSION session=\"event\" reasonCode=\"INACTIVITY\"",
        ),
        ("{ remind: { name: 7, after: 1h, go: done } }", "SCHEDULE_REMINDER name=\"7\" after=3600000"),
        (
            "{ notify_agent: { agent: requester, text: \"Hi {{x}}\" } }",
            "NOTIFY_AGENT agent=\"requester\" text~Hi {{x}}",
        ),
        (
            "{ update_data: { b: 1, a: \"==x\", c: [1, \"=x\"] } }",
            "UPDATE_CONVERSATION_DATA a=\"=x\" b=1 c?List([Json(Number(1)), Expr(",
        ),
    ] {
        let found = data(text);
        assert!(found.starts_with(expected), "{text}\n{found}");
    }
}

#[test]
fn texts_are_split_into_parts() {
    let deployment = good(&node("{ say: \"a {{ x }}{{ #{b: \\\"}}\\\"} }} c\" }"));
    let flow = deployment.flow("t").unwrap();
    let Verb::Say { body: Body::Text(text), to } = &flow.graph[flow.nodes["a"]].verb else {
        panic!("not said")
    };
    let parts: Vec<String> = text
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Expr(expr) => format!("<{}>", expr.code.source()),
        })
        .collect();
    assert_eq!(parts, ["a ", "<x>", "<#{b: \"}}\"}>", " c"]);
    assert_eq!(*to, Target::Event);
}

#[test]
fn a_finding_reads_well() {
    let (loaded, files) = load(&node("{ say: hi, then: bb }"));
    let expected = "\
error[flow::unknown_node]: `bb` is not a node of this flow
 --> flows/t.yaml:5:23
  |
5 |   a: { say: hi, then: bb }
  |                       ^^ nothing here has this name
  = help: did you mean `b`?

";
    assert_eq!(loaded.findings.render(&files), expected);
}
