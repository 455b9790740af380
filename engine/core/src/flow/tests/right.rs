//! What is written well beside what looks like it and is not.

use super::{codes, found, marked, node};

#[test]
fn texts_that_a_remark_sign_cuts_off_are_found() {
    for (text, code) in [
        (
            "  a: { note: x, then: c }\n  c:\n    say: §Your request #{{conversation.id}} is open",
            Some(codes::CUT_OFF),
        ),
        ("  a: { note: x, then: c }\n  c:\n    §say: #hello", Some(codes::CUT_OFF)),
        ("  a: { note: x, then: c }\n  c:\n    say: Hello # a remark", None),
        ("  a: { note: x, then: c }\n  c:\n    say: Hello## you", None),
        ("  a: { note: x, then: c }\n  c:\n    say: \"Number #12\"", None),
    ] {
        let flow = format!("flow: t\nstart: a\nnodes:\n{text}\n");
        let (flow, line, column) = if code.is_some() { marked(&flow) } else { (flow, 0, 0) };
        let wanted: Vec<_> = code.map(|code| (code, line, column)).into_iter().collect();
        assert_eq!(found(&flow), wanted, "{text}");
    }
}

#[test]
fn what_is_asked_for_before_it_is_read_is_not_doubted() {
    for when in [
        "conversation.data?.topic == \"card\"",
        "\"topic\" in conversation.data && conversation.data.topic == \"card\"",
        "conversation.data?.topic != () && conversation.data.topic == \"card\"",
        "conversation.data?.done ?? false",
        "!(conversation.data?.done ?? false)",
        "conversation.data?.done != true",
        "event.name == \"REMINDER\"",
        "slots?.x?.y == 1",
        "slots.x.y == 1",
    ] {
        let node =
            node(&format!("{{ choose: [{{ when: '{when}', go: b }}, {{ otherwise: true, go: b }}] }}"));
        assert_eq!(found(&node), [], "{when}");
    }
    let guarded = "flow: t\nstart: a\nnodes:\n  a: { choose: [{ when: 'conversation.data?.topic == ()', go: b }, { otherwise: true, go: c }] }\n  \
                   b: { update_data: { kind: x }, then: c }\n  c: { say: '{{conversation.data.topic}} {{conversation.data.kind}}' }\n";
    assert_eq!(found(guarded), []);
}

#[test]
fn bodies_that_are_complete_or_computed_are_not_doubted() {
    for body in [
        "{ type: IMAGE, attachment: { mediaUrl: '{{event.text}}', size: 5 }, caption: x }",
        "{ type: IMAGE, attachment: '=event.data' }",
        "{ type: '=event.text', anything: 1 }",
        "{ type: BUTTON, markdownText: x, buttons: [{ title: a, payload: b, type: String }] }",
        "{ type: BUTTON, markdownText: x, buttons: '=event.data' }",
        "{ type: PLAIN, markdownText: '=event.text' }",
        "{ type: CUSTOM, jsonNode: { any: thing } }",
        "'=event.data'",
    ] {
        let said = format!("{{ say: {{ body: {body} }} }}");
        assert_eq!(found(&node(&said)), [], "{body}");
    }
}
