#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use crate::centre::{BotKind, Centre, Routing};
use crate::diagnostic::{Findings, codes};
use crate::flow::Header;
use crate::yaml::read;

/// A centre in which everything exists that an example may name.
const BASE: &str = "\
centre: Test
media: { CHAT: { max_tasks: 5 }, VOICE: {} }
attributes: { billing: {}, english: { kind: BOOLEAN } }
customers: { attributes: { web: {}, phone: {} } }
channel_types: { WEB: { media: CHAT, identifier: web }, CX_VOICE: { media: VOICE, identifier: phone } }
queues: { general: { media: CHAT } }
lists: { callbacks: {} }
bots: { helper: { kind: SCRIPT, flow: concierge } }
";

fn headers(findings: &mut Findings) -> BTreeMap<String, Header> {
    let sources = ["flow: concierge\nkind: bot\n", "flow: inbound\n"];
    let headers =
        sources.iter().filter_map(|text| Header::read(&read("flows/f.yaml", text, findings)?, findings));
    headers.map(|header| (header.name.clone(), header)).collect()
}

fn parse(text: &str) -> (Centre, Vec<(&'static str, u32, u32)>) {
    let mut findings = Findings::new();
    let headers = headers(&mut findings);
    let prompts = [("adviser.prompt.md", "You advise.")].into();
    let tree = read("flows/centre.yaml", text, &mut findings).unwrap();
    let centre = super::parse(&tree, &super::Beside { flows: &headers, prompts: &prompts }, &mut findings);
    (centre, findings.iter().map(|f| (f.code, f.place.line, f.place.column)).collect())
}

#[test]
fn the_shipped_centre_is_good_and_complete() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../flows/centre.yaml");
    let (centre, findings) = parse(&std::fs::read_to_string(path).unwrap());
    assert_eq!(findings, []);
    assert_eq!(centre.name, "Harbour Bank");
    assert_eq!(centre.media["CHAT"].max_tasks, 5);
    assert_eq!(centre.customers.attributes["phone"].identifies, ["CX_VOICE", "SMS", "WHATSAPP"]);
    assert!(centre.channel_types["CX_VOICE"].voice && !centre.channel_types["WEB"].voice);
    assert_eq!(centre.queues["general"].media, "CHAT");
    let web = &centre.channels["web"];
    assert_eq!((web.request_ttl_ms, web.inactivity_ms), (120_000, Some(300_000)));
    assert_eq!((web.service_identifier.as_str(), web.queue.as_deref()), ("1218", Some("general")));
    let list = &centre.channels["web-list"];
    assert_eq!((list.routing, list.list.as_deref()), (Routing::Pull, Some("callbacks")));
    assert_eq!(centre.bots["concierge"].flow.as_deref(), Some("concierge"));
    assert_eq!(centre.agents["bruno"].media["EMAIL"], 0);
    assert_eq!(centre.wrap_up.categories.len(), 2);
    assert_eq!((centre.customer_sla[0].percent, centre.agent_sla.len()), (50, 2));
    assert_eq!(centre.settings["survey"], "Did we help?");
}

#[test]
fn what_is_left_out_has_the_defaults_of_the_domain() {
    let (centre, findings) = parse(BASE);
    assert_eq!(findings, []);
    assert_eq!(
        (centre.ring_time_ms, centre.network_grace_ms, centre.agent_disconnect_ms),
        (30_000, 60_000, 60_000)
    );
    assert_eq!((centre.media["VOICE"].max_tasks, centre.bots["helper"].timeout_ms), (1, 10_000));
    assert_eq!(centre.bots["helper"].kind, BotKind::Script);
    assert!(!centre.wrap_up.enabled);
    assert_eq!(centre.agent_sla[1].action, "REMOVE_ALL_AGENTS");
}

#[test]
fn every_mistake_is_found_at_its_place() {
    // Each example follows the base, whose last line is 8.
    for (text, code, line, column) in [
        ("colour: red", codes::UNKNOWN_KEY, 9, 1),
        ("ring_time: 30", codes::BAD_DURATION, 9, 12),
        ("ring_time: 0s", codes::OUT_OF_RANGE, 9, 12),
        ("ring_time: 30ms", codes::OUT_OF_RANGE, 9, 12),
        ("ring_time: 2d", codes::OUT_OF_RANGE, 9, 12),
        (
            "channels: { w: { type: WEB, service_identifier: a, bot: helper, queue: general, inactivity: 5ms } }",
            codes::OUT_OF_RANGE,
            9,
            93,
        ),
        ("network_grace: [1s]", codes::WRONG_TYPE, 9, 16),
        (
            "channels: { w: { type: WEBB, service_identifier: a, bot: helper, queue: general } }",
            codes::UNKNOWN_CHANNEL_TYPE,
            9,
            24,
        ),
        (
            "channels: { w: { type: WEB, service_identifier: a, bot: hlper, queue: general } }",
            codes::UNKNOWN_BOT,
            9,
            57,
        ),
        (
            "channels: { w: { type: WEB, service_identifier: a, bot: helper, queue: genral } }",
            codes::UNKNOWN_QUEUE,
            9,
            72,
        ),
        (
            "channels: { w: { type: WEB, service_identifier: a, bot: helper, routing: PULL, list: x } }",
            codes::UNKNOWN_LIST,
            9,
            86,
        ),
        ("channels: { w: { type: WEB, service_identifier: a, bot: helper } }", codes::ROUTING_OBJECT, 9, 13),
        (
            "channels: { w: { type: WEB, service_identifier: a, bot: helper, routing: PULLL, list: callbacks } }",
            codes::NOT_ONE_OF,
            9,
            74,
        ),
        (
            "channels: { w: { type: WEB, service_identifier: a, bot: helper, queue: general, list: callbacks } }",
            codes::ROUTING_OBJECT,
            9,
            87,
        ),
        (
            "channels: { w: { type: CX_VOICE, service_identifier: a, bot: helper, queue: general } }",
            codes::MEDIA_MISMATCH,
            9,
            77,
        ),
        ("channels: { w: { type: WEB, service_identifier: a, queue: general } }", codes::MISSING_KEY, 9, 13),
        (
            "channels: { w: { type: WEB, service_identifier: a, bot: helper, queue: general, request_ttl: 30s } }",
            codes::SHORT_REQUEST,
            9,
            94,
        ),
        (
            "channels: { w: { type: WEB, service_identifier: a, bot: helper, queue: general, calendar: c } }",
            codes::UNKNOWN_CALENDAR,
            9,
            91,
        ),
        (
            "channels:\n  a: { type: WEB, service_identifier: x, bot: helper, queue: general }\n  b: { type: WEB, service_identifier: x, bot: helper, queue: general }",
            codes::DUPLICATE_ADDRESS,
            11,
            39,
        ),
        (
            "channels:\n  a: { type: WEB, service_identifier: x, bot: helper, queue: general, default_outbound: true }\n  b: { type: WEB, service_identifier: y, bot: helper, queue: general, default_outbound: true }",
            codes::DUPLICATE_OUTBOUND,
            11,
            89,
        ),
        ("agents: { amal: { media: { CHAT: 6 } } }", codes::CAPACITY, 9, 34),
        ("agents: { amal: { media: { MAIL: 1 } } }", codes::UNKNOWN_MEDIA, 9, 28),
        ("agents: { amal: { attributes: { bills: 1 } } }", codes::UNKNOWN_ATTRIBUTE, 9, 33),
        ("agents: { amal: { attributes: { billing: 11 } } }", codes::OUT_OF_RANGE, 9, 42),
        ("teams: { t: { agents: [bruno] } }", codes::UNKNOWN_AGENT, 9, 24),
        (
            "customer_sla: [{ at: 50%, action: END_CHANNEL_SESSION }, { at: 50%, action: END_CHANNEL_SESSION }]",
            codes::THRESHOLDS,
            9,
            64,
        ),
        ("customer_sla: [{ at: 101%, action: REMIND, message: x }]", codes::THRESHOLDS, 9, 22),
        ("customer_sla: [{ at: 50%, action: REMIND }]", codes::EMPTY_TEXT, 9, 18),
        ("customer_sla: [{ at: 5%, action: REMIND, message: '{{x}}' }]", codes::UNMARKED_EXPRESSION, 9, 52),
        ("settings: { hi: 'Dear {{customer.name}}' }", codes::UNMARKED_EXPRESSION, 9, 23),
        ("settings: { hi: { de: '{{x}}' } }", codes::UNMARKED_EXPRESSION, 9, 24),
        ("settings:\n  hi: Number #12", codes::CUT_OFF, 10, 7),
        ("agent_sla: [{ at: 5%, action: SHOUT }]", codes::NOT_ONE_OF, 9, 31),
        ("reason_codes: { Lunch: { kind: FOOD } }", codes::NOT_ONE_OF, 9, 32),
        ("settings: { Big Text: x }", codes::BAD_NAME, 9, 13),
    ] {
        assert_eq!(parse(&format!("{BASE}{text}\n")).1, [(code, line, column)], "{text}");
    }
}

#[test]
fn bots_and_queues_are_checked_in_themselves() {
    let base: String = BASE
        .lines()
        .filter(|line| !line.starts_with("bots") && !line.starts_with("queues"))
        .collect::<Vec<_>>()
        .join("\n");
    for (text, code, column) in [
        ("bots: { b: { kind: SCRIPT } }", codes::MISSING_KEY, 9),
        ("bots: { b: { kind: SCRIPT, flow: nowhere } }", codes::UNKNOWN_FLOW, 34),
        ("bots: { b: { kind: SCRIPT, flow: inbound } }", codes::WRONG_KIND, 34),
        ("bots: { b: { kind: WEBHOOK } }", codes::MISSING_KEY, 9),
        ("bots: { b: { kind: WEBHOOK, url: 'https://u:p@bot.example' } }", codes::BOT_ADDRESS, 34),
        ("bots: { b: { kind: WEBHOOK, url: /bot } }", codes::BOT_ADDRESS, 34),
        ("bots: { b: { kind: WEBHOOK, url: 'http://x', token_env: s3cr3t } }", codes::BAD_NAME, 57),
        ("bots: { b: { kind: SCRIPT, flow: concierge, url: 'http://x' } }", codes::UNKNOWN_KEY, 45),
        ("bots: { b: { kind: TELEPATHY } }", codes::NOT_ONE_OF, 20),
        ("queues: { ab: { media: CHAT } }", codes::BAD_NAME, 11),
        ("queues: { abc: { media: FAX } }", codes::UNKNOWN_MEDIA, 25),
        ("queues: { abc: { media: CHAT, priority: 11 } }", codes::OUT_OF_RANGE, 41),
        (
            "queues: { abc: { media: CHAT, steps: [{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}] } }",
            codes::OUT_OF_RANGE,
            79,
        ),
        (
            "queues: { abc: { media: CHAT, steps: [{ agents: 'biling >= 5' }] } }",
            codes::UNKNOWN_ATTRIBUTE,
            50,
        ),
        (
            "queues: { abc: { media: CHAT, steps: [{ agents: 'billing > 5 english = 1' }] } }",
            codes::STEP_EXPRESSION,
            62,
        ),
        ("queues: { abc: { media: CHAT, steps: [{ agents: 'billing >' }] } }", codes::STEP_EXPRESSION, 58),
        ("queues: { abc: { media: CHAT, steps: [{ agents: '(billing > 5' }] } }", codes::STEP_EXPRESSION, 61),
    ] {
        assert_eq!(parse(&format!("{base}\n{text}\n")).1, [(code, 7, column)], "{text}");
    }
    let good = "queues: { abc: { media: CHAT, steps: [{ agents: '(billing >= 5 OR english = 1) AND billing != 3' }] } }";
    assert_eq!(parse(&format!("{base}\n{good}\n")).1, []);
}

#[test]
fn a_name_with_mistakes_still_counts_as_defined() {
    let (centre, findings) = parse(&format!(
        "{BASE}agents: {{ amal: [], bruno: {{ x: 1 }} }}\nteams: {{ t: {{ agents: [amal, bruno] }} }}\n"
    ));
    assert_eq!(centre.agents.len(), 2);
    assert_eq!(findings.iter().map(|f| f.0).collect::<Vec<_>>(), [codes::WRONG_TYPE, codes::UNKNOWN_KEY]);
}
