//! What a source asks of its facts: enough to decide as with all of them, and no more.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::json;

use super::super::{FactSource, FactValue, Facts, Host, Json, Verdict};

/// Facts that write down what they are asked for.
struct Recorder {
    facts: Facts,
    asked: RefCell<BTreeSet<String>>,
}

impl FactSource for Recorder {
    fn fact(&self, name: &str, only: Option<&BTreeSet<String>>) -> Option<FactValue> {
        let asked = match only {
            None => vec![name.to_owned()],
            Some(only) => only.iter().map(|property| format!("{name}.{property}")).collect(),
        };
        self.asked.borrow_mut().extend(asked);
        self.facts.fact(name, only)
    }

    fn names(&self) -> Vec<&str> {
        self.facts.names()
    }
}

fn recorder() -> Recorder {
    let facts = json!({
        "event": { "text": "hello", "data": { "a": { "b": 1 } }, "tags": ["x", "y"] },
        "session": { "messages": 3, "open": true },
        "word": "plain",
        "now": 7,
    });
    Recorder { facts: Facts::from_json(&facts), asked: RefCell::default() }
}

fn asked(recorder: Recorder) -> String {
    recorder.asked.into_inner().into_iter().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_expression_gets_the_properties_it_reads() {
    let host = Host::new();
    let cases: [(&str, Json, &str); 14] = [
        ("event.text == \"hello\"", json!(true), "event.text"),
        ("event.text.len() + session.messages", json!(8), "event.text session.messages"),
        ("event.data.a.b", json!(1), "event.data"),
        ("event.tags[1]", json!("y"), "event.tags"),
        ("event.tags[session.messages - 3]", json!("x"), "event.tags session.messages"),
        ("event?.nobody ?? event?.text", json!("hello"), "event.nobody event.text"),
        ("event.keys().len()", json!(3), "event"),
        ("\"text\" in event && event.text != ()", json!(true), "event"),
        ("event[\"text\"]", json!("hello"), "event"),
        ("word.len()", json!(5), "word"),
        ("`${event.text} ${now}`", json!("hello 7"), "event.text now"),
        ("event.tags.some(|t| t == word)", json!(false), "event.tags word"),
        ("if session.open { event.text } else { word }", json!("hello"), "event.text session.open word"),
        ("[1, 2, 3][session.messages - 1]", json!(3), "session.messages"),
    ];
    for (source, value, reads) in cases {
        let facts = recorder();
        let expression = host.expression(source).unwrap();
        assert_eq!(host.eval(&expression, &facts).as_ref(), Ok(&value), "{source}");
        assert_eq!(asked(facts), reads, "{source}");
    }
}

#[test]
fn a_mistake_reads_the_same_with_part_of_a_fact() {
    let host = Host::new();
    let mistakes =
        [("event.txet", "txet"), ("word.text", "text"), ("evnt.text", "evnt"), ("event.text.nope", "nope")];
    for (source, said) in mistakes {
        let expression = host.expression(source).unwrap();
        let problem = host.eval(&expression, &recorder()).unwrap_err();
        assert!(problem.message.contains(said), "{source}: {}", problem.message);
    }
}

#[test]
fn a_rule_gets_what_it_and_its_helpers_read() {
    let host = Host::new();
    let cases = [
        ("fn rule(facts) { facts.event.text }", "event.text"),
        ("fn rule(f) { if f.session.open { f.now } else { f.word } }", "now session.open word"),
        (
            "fn rule(facts) { help(1, facts) }\nfn help(n, all) { all.session.messages + n }",
            "session.messages",
        ),
        (
            "fn rule(facts) { a(facts, 3) }\nfn a(f, n) { if n > 0 { b(f, n - 1) } else { f.now } }\nfn b(f, n) { a(f, n) }",
            "now",
        ),
        ("fn rule(facts) { let e = facts.event; e.text }", "event"),
        ("fn rule(facts) { let copy = facts; copy.now }", "event now session word"),
        ("fn rule(facts) { facts.keys().len() }", "event now session word"),
        ("fn rule(facts) { [1].map(|x| facts.now + x)[0] }", "event now session word"),
        ("fn rule(facts) { facts[\"now\"] }", "event now session word"),
        ("fn rule(facts) { facts.now = 8; facts.now }", "now"),
        ("fn rule(facts) { facts.session.messages += 1; facts.session.messages }", "session.messages"),
        ("fn rule(facts) { 1 }", ""),
    ];
    for (source, reads) in cases {
        let facts = recorder();
        let file = host.rules("rules/test.rhai", source).unwrap();
        let decided: Result<Verdict, _> = host.call(&file, "rule", &facts);
        assert!(decided.is_ok(), "{source}: {decided:?}");
        assert_eq!(asked(facts), reads, "{source}");
    }
}
