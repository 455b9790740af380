//! Schema and engine judge alike, as far as one place tells.

use convene_core::diagnostic::{Finding, Severity, codes};

use super::common::{as_json, centre, findings, flow, scenario};
use super::judge::Judge;

/// What the engine takes, the schema takes.
#[test]
fn what_the_engine_takes_is_valid() {
    let judge = Judge::new();
    let nodes = [
        "{ say: hi, then: b, on_error: done, because: '{{customer.name}} is here' }",
        "{ say: 5 }",
        "{ say: '=customer.name' }",
        "{ say: { body: { type: IMAGE, attachment: { mediaUrl: '=x' } }, to: last_used } }",
        "{ say: { body: '=x' } }",
        "{ ask: { text: 'Well?' }, answers: [{ Yes: b }, { 2: done }], buttons: true, timeout: 1m30s }",
        "{ ask: Well?, answers: { Ja: b }, otherwise: b, into: x, timeout: 5s, until: { ACCEPT_TIMEOUT: end } }",
        "{ ask: Name?, answers: {}, timeout: 1500ms, on_timeout: b, then: b }",
        "{ choose: [{ when: true, go: b, because: 1 }, { otherwise: true, go: done }] }",
        "{ decide: queues.choose, into: x }",
        "{ wait: 400d, until: { TOPIC_STATE_CHANGED: b }, then: b }",
        "{ wait: { for: CUSTOMER_MESSAGE, when: x > 1 }, timeout: 1h, on_timeout: b }",
        "{ wait: { for: [REMINDER, BOT_TIMEOUT] }, timeout: 1h }",
        "{ call: called }",
        "{ set: { a: , b: [1, '=y'], c: '==x' } }",
        "{ set: {} }",
        "{ perform: { action: '=event.action', data: '=event.data' } }",
        "{ note: 1.5 }",
        "{ end: }",
        "{ end_conversation: }",
        "{ assign_bot: { bot: helper } }",
        "{ assign_bot: { bot: '=channel.bot', role: '{{role}}' } }",
        "{ find_agent: { priority: 11, offer: '=x', queue: general, last_agent: '=last.agent' } }",
        "{ remind: { name: 7, after: '=wait', go: done } }",
        "{ pause: { for: 2m } }",
        "{ open_gadget: { gadget: crm, value: [1] } }",
        "{ notify_agent: { agent: requester, text: hi } }",
        "{ remove_session: { session: WEB, reason: AGENT } }",
        "{ update_data: { a: 1, 'b c': '=x' } }",
        "{ update_data: }",
    ];
    let centres = [
        "agents: { amal: { media: { CHAT: 0 }, attributes: { billing: } }, bruno: }",
        "channels: { w: { type: WEB, service_identifier: 1218, bot: helper, queue: general, calendar: office } }",
        "channels: { w: { type: WEB, service_identifier: a, bot: helper, routing: PULL, list: callbacks } }",
        "channels: { w: { type: WEB, service_identifier: a, bot: helper, routing: EXTERNAL } }",
        "bots: { helper: { kind: WEBHOOK, url: 'https://[::1]:80/a@b?c', token_env: T_1, timeout: 1s, events: true } }",
        "queues: { general: { media: CHAT, steps: [{ agents: billing >= 5, timeout: 5s }, {}] } }",
        "customer_sla: [{ at: 5, action: REMIND, message: hi }, { at: 50 %, action: END_CHANNEL_SESSION }]",
        "wrap_up: { categories: { Result: [Solved, 2], Topic: } }",
        "settings: { a_1: { b: [] } }",
        "lists: { callbacks: }",
        "media:\n  CHAT:",
    ];
    let texts = nodes.iter().map(|n| ("flow", flow(n))).chain(centres.iter().map(|c| ("centre", centre(c))));
    for (kind, text) in texts {
        // A schema judges the form. What an expression reads is another question, as is whether a flow is wise.
        let form = |f: &&Finding| f.severity == Severity::Error && f.code != codes::UNKNOWN_FACT;
        let found: Vec<String> =
            findings(kind, &text).iter().filter(form).map(|f| f.message.clone()).collect();
        assert_eq!(found, Vec::<String>::new(), "{text}");
        judge.check(kind, &as_json("t.yaml", &text)).unwrap_or_else(|e| panic!("{text}{e}"));
    }
}

/// What can be judged at one place, the schema refuses as the engine does.
#[test]
fn what_is_broken_is_refused() {
    let judge = Judge::new();
    let nodes = [
        "{ then: b }",
        "{ say: hi, note: x }",
        "{ say: hi, thne: b }",
        "{ say: hi, timeout: 5s }",
        "{ say: hi, then: [b] }",
        "{ say: [hi] }",
        "{ say: { to: all } }",
        "{ say: { text: hi, body: {} } }",
        "{ say: { text: hi, to: everybody } }",
        "{ set: { Big: 1 } }",
        "{ set: 5 }",
        "{ ask: hi, answers: { 'yes': b } }",
        "{ ask: hi, timeout: 30 }",
        "{ ask: hi, timeout: 30s1m }",
        "{ ask: hi, timeout: 5s, answers: { x: b }, then: b }",
        "{ ask: hi, timeout: 5s, answers: [{ x: b, y: b }] }",
        "{ ask: hi, timeout: 5s, until: { AGENT_CAME: b } }",
        "{ ask: { text: hi, to: all }, timeout: 5s }",
        "{ choose: [] }",
        "{ choose: [{ otherwise: false, go: b }] }",
        "{ choose: [{ when: x, otherwise: true, go: b }] }",
        "{ choose: [{ when: x }] }",
        "{ choose: [{ go: b }] }",
        "{ choose: [{ when: x, go: b }], then: b }",
        "{ decide: queues. }",
        "{ wait: 30 }",
        "{ wait: 5s, timeout: 3s }",
        "{ wait: { for: CUSTOMER_MESSAGE } }",
        "{ wait: { for: [CUSTOMER_MESAGE] }, timeout: 3s }",
        "{ perform: { data: {} } }",
        "{ end: { now: true } }",
        "{ end: {}, then: b }",
        "{ assign_bot: {} }",
        "{ assign_bot: { bot: helper, role: BOSS } }",
        "{ find_agent: { priority: 12 } }",
        "{ find_agent: { offer: maybe } }",
        "{ find_agent: { queue: [general] } }",
        "{ find_agent: { queu: general } }",
        "{ pause: { for: 10 } }",
        "{ update_data: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1 } }",
    ];
    let centres = [
        "ring_time: 30",
        "media: { CHAT: { max_tasks: 1001 } }",
        "attributes: { ok: {} }",
        "attributes: { billing: { kind: BOOLEAN, default: 2 } }",
        "attributes: { billing: { default: 0 } }",
        "queues: { ab: { media: CHAT } }",
        "queues: { general: { media: CHAT, steps: [{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}] } }",
        "channels: { w: { type: WEB, service_identifier: a, bot: helper } }",
        "channels: { w: { type: WEB, service_identifier: a, bot: helper, queue: general, list: callbacks } }",
        "channels: { w: { type: WEB, service_identifier: a, bot: helper, routing: EXTERNAL, queue: general } }",
        "bots: { helper: { kind: SCRIPT } }",
        "bots: { helper: { kind: SCRIPT, flow: helper, url: 'http://x' } }",
        "bots: { helper: { kind: WEBHOOK, url: 'https://u:p@bot.example' } }",
        "bots: { helper: { kind: WEBHOOK, url: 'http://x', token_env: s3cr3t } }",
        "agents: { ' amal': {} }",
        "agents: { amal: { attributes: { billing: 11 } } }",
        "customer_sla: [{ at: 101%, action: REMIND }]",
        "agent_sla: [{ at: 5%, action: SHOUT }]",
        "settings: { Big Text: x }",
    ];
    let steps = [
        "{ at: 0, customer: guest, does: start_chat }",
        "{ customer: guest, does: start_chat }",
        "{ at: 0s, does: start_chat }",
        "{ at: 0s, customer: guest }",
        "{ at: 0s, customer: guest, does: dance }",
        "{ at: 0s, agent: amal, does: start_chat }",
        "{ at: 0s, agent: amal, says: hi, does: leave }",
        "{ at: 0s, event: FIND_AGENT, says: hi }",
    ];
    let texts = nodes.iter().map(|n| ("flow", flow(n))).chain(centres.iter().map(|c| ("centre", centre(c))));
    for (kind, text) in texts.chain(steps.iter().map(|s| ("scenario", scenario(s)))) {
        assert!(!findings(kind, &text).is_empty(), "the engine takes {text}");
        assert!(judge.check(kind, &as_json("t.yaml", &text)).is_err(), "the schema takes {text}");
    }
}
