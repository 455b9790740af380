#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::deployment::Deployment;
use crate::diagnostic::{Findings, codes};
use crate::rules::Host;

const CENTRE: &str = "\
centre: Test
media: { CHAT: { max_tasks: 5 } }
customers: { attributes: { web: {} }, labels: { gold: 8 } }
channel_types: { WEB: { media: CHAT, identifier: web } }
queues: { general: { media: CHAT } }
bots: { helper: { kind: WEBHOOK, url: 'https://bot.example' } }
channels: { web: { type: WEB, service_identifier: '1218', bot: helper, queue: general } }
agents: { amal: {}, bruno: {} }
";

fn files(flow: &str) -> BTreeMap<String, String> {
    [("flows/centre.yaml", CENTRE), ("flows/t.yaml", flow)].map(|(p, t)| (p.into(), t.into())).into()
}

fn deployment(scenario: &Scenario, flow: &str) -> Arc<Deployment> {
    scenario.deployment(&files(flow), Arc::new(Host::new())).unwrap()
}

fn read(text: &str) -> (Option<Scenario>, Findings) {
    let mut findings = Findings::new();
    (Scenario::read("s.yaml", text, &mut findings), findings)
}

#[test]
fn a_button_must_be_shown_before_it_is_pressed() {
    let flow = "flow: t\non: { CONVERSATION_STARTED: ask }\non_error: done\nnodes:\n  ask:\n    ask: Well?\n    answers: [{ Good: done }, { Bad: done }]\n    \
                buttons: true\n    timeout: 1h\n";
    let pressing = |button: &str| {
        let text = format!(
            "scenario: Press\nwhen:\n  - {{ at: 0s, customer: g, does: start_chat }}\n  - {{ at: 5s, customer: g, presses: {button} }}\n"
        );
        let scenario = read(&text).0.unwrap();
        play(&deployment(&scenario, flow), &scenario).unmet
    };
    assert_eq!(pressing("Good"), []);
    let unmet = pressing("Goood");
    assert_eq!((unmet.len(), unmet[0].line), (1, 4));
    assert_eq!(unmet[0].why, "no button `Goood` is shown; there are Good, Bad");
}

#[test]
fn a_circle_of_waits_is_stopped_and_named() {
    let flow = "flow: t\non: { CONVERSATION_STARTED: round }\non_error: done\nnodes: { round: { wait: 1s, then: round } }\n";
    let text = "scenario: Round\nwhen: [{ at: 0s, customer: g, does: start_chat }]\nuntil: 2d\n";
    let (scenario, findings) = read(text);
    assert!(findings.is_empty(), "{findings:?}");
    let scenario = scenario.unwrap();
    let unmet = play(&deployment(&scenario, flow), &scenario).unmet;
    let [stopped] = unmet.as_slice() else { panic!("{unmet:?}") };
    assert_eq!((stopped.file.as_str(), stopped.line), ("s.yaml", 1));
    assert!(stopped.why.contains("after 10000 steps, most of them in `t.round`"), "{}", stopped.why);
}

#[test]
fn a_computed_value_of_the_wrong_kind_takes_the_error_path() {
    for wrong in ["priority: '=x'", "queue: '=x.len()'", "offer: '=x'"] {
        let flow = format!(
            "flow: t\non: {{ CONVERSATION_STARTED: a }}\non_error: c\nnodes:\n  \
             a: {{ set: {{ x: '=customer.name', failed: false }}, then: b }}\n  b: {{ find_agent: {{ {wrong} }} }}\n  \
             c: {{ set: {{ failed: true }} }}\n"
        );
        let text =
            "scenario: S\nwhen: [{ at: 0s, customer: g, does: start_chat }, { at: 1s, expect: failed }]\n";
        let scenario = read(text).0.unwrap();
        let played = play(&deployment(&scenario, &flow), &scenario);
        assert_eq!(played.unmet, [], "{wrong}\n{}", played.transcript);
    }
}

/// What is found in a scenario of these lines, played in a deployment that greets: code, line and column.
fn found(text: &str) -> Vec<(&'static str, u32, u32)> {
    let flow = "flow: t\non: { CONVERSATION_STARTED: hi }\non_error: done\nnodes: { hi: { set: { greeted: true } } }\n";
    let (scenario, mut findings) = read(&format!("scenario: S\n{text}\n"));
    if let Some(scenario) = scenario.filter(|_| findings.errors() == 0) {
        scenario.check(&deployment(&scenario, flow), &mut findings);
    }
    findings.iter().map(|f| (f.code, f.place.line, f.place.column)).collect()
}

#[test]
fn what_a_scenario_says_wrong_is_found_at_its_place() {
    // `§` marks the place.
    for (text, code) in [
        ("given: { agents: { amal: §NOTREADY } }", codes::NOT_ONE_OF),
        ("given: { agents: { §amall: READY } }", codes::UNKNOWN_AGENT),
        ("given: { bot: §helpr }", codes::UNKNOWN_BOT),
        ("given: { customers: { ada: { known_as: { §webb: x } } } }", codes::UNKNOWN_IDENTIFIER),
        ("given: { customers: { ada: { labels: [§golf] } } }", codes::UNKNOWN_LABEL),
        ("given: { bots: { helper: [{ says: hi, §fails: now }] } }", codes::UNKNOWN_KEY),
        ("when: [{ at: 1s, agent: §brno, does: accept }]", codes::UNKNOWN_AGENT),
        ("when: [{ at: 1s, customer: g, says: hi, §does: start_chat }]", codes::UNKNOWN_KEY),
        ("when: [{ at: 1s, customer: g, §agent: amal, says: hi }]", codes::UNKNOWN_KEY),
        ("when: [{ at: 1s, customer: g, on: §webb, says: hi }]", codes::UNKNOWN_CHANNEL),
        ("when: [{ at: 1s, agent: amal, transfers: { queue: §genral } }]", codes::UNKNOWN_QUEUE),
        ("when: [{ at: 1s, agent: amal, transfers: { §que: general } }]", codes::UNKNOWN_KEY),
        ("when: [{ at: 1s, agent: amal, does: logout, by: §zoe }]", codes::UNKNOWN_AGENT),
        ("when: [{ at: 1s, agent: amal, does: ready, medium: §CHAD }]", codes::UNKNOWN_MEDIA),
        ("when: [{ at: 1s, agent: amal, does: accept, §medium: CHAT }]", codes::UNKNOWN_KEY),
        ("when: [{ at: 5s, customer: g, says: hi }]\nuntil: §1s", codes::OUT_OF_RANGE),
        ("when: [{ at: 1s, expect: '§conversation.agentz == 1' }]", codes::UNKNOWN_FACT),
        ("when: [{ at: 1s, expect: '§raed.len() == 1' }]", codes::UNKNOWN_FACT),
        ("when: [{ at: 1s, expect: '§conversation.agents' }]", codes::NOT_A_CONDITION),
    ] {
        let (before, after) = text.split_once('§').unwrap();
        let line = before.matches('\n').count() + 2;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        let expected = (code, u32::try_from(line).unwrap(), u32::try_from(column).unwrap());
        assert_eq!(found(&format!("{before}{after}")), [expected], "{text}");
    }
}

#[test]
fn what_is_unknown_on_purpose_or_only_later_is_left_alone() {
    for text in [
        "when: [{ at: 1s, customer: g, on: nowhere, says: hi }]\nunknown: [nowhere]",
        "when: [{ at: 1s, agent: amal, consults: { agent: zoe } }]\nunknown: [zoe]",
        "given: { customers: { ada: { labels: [newsletter, GOLD] } }, bots: { other: [] }, bot: other }",
        "when:\n  - { at: 1s, changes: { flows/centre.yaml: [{ find: 'amal: {}', put: 'amal: {}, zoe: {}' }] } }\n  \
         - { at: 2s, agent: zoe, does: login }",
        "when: [{ at: 1s, expect: 'conversation.data.topic == \"card\"' }]\nuntil: 1s",
        "when: [{ at: 1s, expect: 'greeted && read.len() == 0 && tasks.len() == 0 && states == []' }]\nuntil: 1s",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}
