//! What expressions and rules mean, and that no mistake is read as `false`.

use serde_json::json;

use super::super::RuleErrorKind::{self, Limit, NotFound, Run, Type};
use super::super::{Facts, Host, OptimizationLevel, convert};
use super::{call, eval, truth};

#[test]
fn expressions_read_facts() {
    let facts = json!({
        "conversation": { "agents": 2, "open": true, "tags": ["vip", "de"], "customer": { "tier": "gold" } },
        "channel": { "kind": "CHAT" }
    });
    let cases = [
        ("conversation.agents > 0", json!(true)),
        ("conversation.agents > 1.5", json!(true)),
        ("conversation.agents + 1", json!(3)),
        ("conversation.open && channel.kind == \"CHAT\"", json!(true)),
        ("conversation.tags.len() == 2", json!(true)),
        ("conversation.tags.contains(\"vip\")", json!(true)),
        ("\"de\" in conversation.tags", json!(true)),
        ("\"agents\" in conversation", json!(true)),
        ("conversation.customer?.tier", json!("gold")),
        ("conversation.customer?.email ?? \"none\"", json!("none")),
        ("conversation.tags[0]", json!("vip")),
        ("conversation.tags.some(|t| t == \"vip\")", json!(true)),
        ("conversation.keys().len()", json!(4)),
        ("if conversation.open { 1 } else { 2 }", json!(1)),
        ("`${channel.kind}-${conversation.agents}`", json!("CHAT-2")),
        ("channel.kind.to_lower()", json!("chat")),
        (
            "#{ queue: \"gold\", n: [1, 2.5, true, ()] }",
            json!({ "queue": "gold", "n": [1, 2.5, true, null] }),
        ),
        ("[3, 1, 2].order_by(|a, b| a < b)", json!([1, 2, 3])),
        ("[3, 1, 2].order_by(|a, b| b - a)", json!([3, 2, 1])),
        ("'x'", json!("x")),
        ("(2.7).to_int() + parse_int(\"40\")", json!(42)),
        ("max(1, 5) + min(2, 3)", json!(7)),
        ("1 == \"1\"", json!(false)),
        ("conversation.customer != ()", json!(true)),
    ];
    for level in [OptimizationLevel::None, OptimizationLevel::Simple, OptimizationLevel::Full] {
        let host = Host::with_optimization(level);
        for (source, value) in &cases {
            assert_eq!(eval(&host, source, &facts).as_ref(), Ok(value), "{source} at {level:?}");
        }
    }
}

#[test]
fn nothing_but_true_and_false_is_a_truth() {
    let host = Host::new();
    let facts = json!({ "zero": 0, "text": "false", "none": null, "map": {}, "yes": true });
    assert_eq!(truth(&host, "yes", &facts), Ok(true));
    assert_eq!(truth(&host, "!yes", &facts), Ok(false));
    let mistakes: [(&str, RuleErrorKind, &str); 17] = [
        ("()", Type, "`()` must be true or false, but is null (nothing ())"),
        ("zero", Type, "`zero` must be true or false, but is 0 (whole number)"),
        ("text", Type, "`text` must be true or false, but is \"false\" (string)"),
        ("none", Type, "but is null (nothing ())"),
        ("map", Type, "but is {} (map)"),
        ("map?.gone", Type, "but is null"),
        ("gone", NotFound, "there is no fact or variable `gone`"),
        ("map.gone", NotFound, "there is no property `gone`"),
        ("map.gone.further", NotFound, "there is no property `gone`"),
        ("yes && gone", NotFound, "`gone`"),
        ("zero > \"5\"", Type, "whole number and string"),
        ("none > 3", Type, "nothing () and whole number"),
        ("map < 3", Type, "map and whole number"),
        ("text >= 3", Type, "compares two numbers or two strings"),
        ("!zero", NotFound, "`!` does not work with a number"),
        ("!()", NotFound, "`!` does not work with nothing; what is read with `?.` may be missing"),
        ("zero.busy()", NotFound, "busy"),
    ];
    for (source, kind, message) in mistakes {
        let error = truth(&host, source, &facts).expect_err(source);
        assert_eq!(error.kind, kind, "{source}: {error}");
        assert!(error.message.contains(message), "{source}: {error}");
    }
}

#[test]
fn a_comparer_that_fails_fails_its_sort() {
    let host = Host::new();
    for source in [
        "fn rule(f) { let a = [2, 1]; a.sort(|x, y| x.gone); a }",
        "fn rule(f) { let a = [2, 1]; a.sort_by(|x, y| \"less\"); a }",
        "fn rule(f) { [2, 1].order_by(|x, y| throw \"no\") }",
        "fn rule(f) { let a = [1, 1]; a.dedup(|x, y| 1); a }",
    ] {
        assert!(call(&host, source, &json!({})).is_err(), "{source}");
    }
}

#[test]
fn a_rule_gets_one_map_and_says_why() {
    let host = Host::new();
    let source = r#"
        fn rule(facts) {
            if facts.customer.tier == "gold" { return #{ queue: "gold", why: "gold customer" }; }
            #{ queue: "general" }
        }"#;
    let gold = call(&host, source, &json!({ "customer": { "tier": "gold" } })).unwrap();
    assert_eq!(
        (gold.value, gold.why.as_deref()),
        (json!({ "queue": "gold", "why": "gold customer" }), Some("gold customer"))
    );
    let other = call(&host, source, &json!({ "customer": { "tier": "silver" } })).unwrap();
    assert_eq!((other.value, other.why), (json!({ "queue": "general" }), None));
    assert_eq!(call(&host, source, &json!({ "customer": {} })).map_err(|e| e.kind), Err(NotFound));
}

#[test]
fn a_rule_changes_its_own_copy_only() {
    let host = Host::new();
    let file = host.rules("r", "fn rule(facts) { facts.n += 1; facts.n }").unwrap();
    let facts = Facts::from_json(&json!({ "n": 1 }));
    for _ in 0..2 {
        assert_eq!(host.call(&file, "rule", &facts).map(|v| v.value), Ok(json!(2)));
    }
    assert_eq!(facts.to_json(), Ok(json!({ "n": 1 })));
}

#[test]
fn a_function_without_parameters_is_called_without_facts() {
    let host = Host::new();
    let file = host.rules("r", "fn test_it() { 1 } fn two(a, b) { 2 }").unwrap();
    assert_eq!(host.call(&file, "test_it", &Facts::new()).map(|v| v.value), Ok(json!(1)));
    let error = host.call(&file, "two", &Facts::new()).unwrap_err();
    assert_eq!((error.kind, error.line), (RuleErrorKind::Arguments, Some(1)));
    let error = host.call(&file, "tset_it", &Facts::new()).unwrap_err();
    assert_eq!(error.to_string(), "r: there is no rule `tset_it`; the file has: test_it, two");
}

#[test]
fn json_survives_the_way_in_and_out() {
    let there = json!({
        "null": null, "yes": true, "small": -1, "large": i64::MAX, "float": 0.5, "text": "ä😀",
        "list": [[], {}, [1, [2, [3]]]], "map": { "a b": { "": 0 } }
    });
    assert_eq!(convert::to_json(&convert::to_dynamic(&there)), Ok(there));
    assert_eq!(convert::to_json(&convert::to_dynamic(&json!(u64::MAX))), Ok(json!(u64::MAX as f64)));
    assert_eq!(convert::to_json(&f64::NAN.into()).map_err(|e| e.kind), Err(Type));
    let mut deep = json!(0);
    for _ in 0..200 {
        deep = json!([deep]);
    }
    assert_eq!(convert::to_json(&convert::to_dynamic(&deep)).map_err(|e| e.kind), Err(Limit));
}

#[test]
fn thrown_text_is_the_message() {
    let error =
        call(&Host::new(), "fn rule(f) { throw \"no queue for \" + f.kind }", &json!({ "kind": "CHAT" }));
    assert_eq!(error.map_err(|e| (e.kind, e.message)), Err((Run, "no queue for CHAT".to_owned())));
}
