//! Where errors point, and what is known of a source.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;

use super::super::{Facts, Host, RuleErrorKind};
use super::call;
use crate::coverage::{Place, Recorder};
use crate::deployment::Deployment;

const QUEUES: &str = r#"// Head of the file.

// Which queue gets a new chat.
// Pure.
fn choose(facts) {
    helper(facts.customer)
}

fn helper(customer) {
    let list = [customer];
    list.map(|c| c.tier.gone)
}
"#;

#[test]
fn an_error_carries_its_place_and_the_calls() {
    let host = Host::new();
    let file = host.rules("rules/queues.rhai", QUEUES).unwrap();
    let error =
        host.call(&file, "choose", &Facts::from_json(&json!({ "customer": { "tier": {} } }))).unwrap_err();
    assert_eq!((error.line, error.column), (Some(11), Some(25)), "{error}");
    assert!(error.to_string().starts_with("rules/queues.rhai:11:25: there is no property `gone`"), "{error}");
    assert_eq!(
        error.stack,
        ["closure (rules/queues.rhai:11)", "helper (rules/queues.rhai:11)", "choose (rules/queues.rhai:6)"]
    );
}

#[test]
fn a_bound_names_at_least_the_rule() {
    let error = call(&Host::new(), "\n\nfn rule(f) {\n  loop {} }", &json!({})).unwrap_err();
    assert_eq!((error.kind, error.line), (RuleErrorKind::Limit, Some(3)));
    assert_eq!(error.stack.last().map(String::as_str), Some("rule (rules/test.rhai:3)"), "{error}");
}

#[test]
fn a_source_that_does_not_parse_is_placed() {
    let host = Host::new();
    let error = host.rules("rules/q.rhai", "fn a() {\n  let x = ;\n}").unwrap_err();
    assert_eq!((error.kind, error.line, error.column), (RuleErrorKind::Parse, Some(2), Some(11)), "{error}");
    let error = host.rules("rules/q.rhai", "fn a() { }\n  let x = 1;").unwrap_err();
    assert_eq!(error.to_string(), "rules/q.rhai:2:3: only functions may stand at the top of a rule file");
    let error = host.rules("rules/q.rhai", "fn a() { 1 }\nfn b() { y }").unwrap_err();
    assert_eq!((error.kind, error.line, error.column), (RuleErrorKind::Parse, Some(2), Some(10)), "{error}");
    let error = host.expression("a + ").unwrap_err();
    assert_eq!((error.file.clone(), error.line), (None, Some(1)), "{error}");
    let error = host.eval(&host.expression("1 +\n gone").unwrap(), &Facts::new()).unwrap_err();
    assert_eq!(error.to_string(), "2:2: there is no fact or variable `gone`");
}

#[test]
fn optional_properties_do_not_move_places() {
    let host = Host::new();
    let facts = Facts::from_json(&json!({ "a": {}, "b": { "c": 1 } }));
    let place = |source: &str| {
        let error = host.expression(source).and_then(|e| host.eval(&e, &facts)).expect_err(source);
        (error.line.unwrap(), error.column.unwrap())
    };
    assert_eq!(place("a?.b == b?.c + gone"), (1, 16));
    assert_eq!(place("a?.b == 1 ||\n b?.c == gone"), (2, 10));
    assert_eq!(place("`${a?.b}?.b` == gone"), (1, 17));
    assert_eq!(place("\"?.b\" == /* ?.b */ gone"), (1, 20));
    assert_eq!(place("#\"?.b\"# == gone"), (1, 12));
    assert_eq!(place("a?.b.gone"), (1, 6));
    assert_eq!(place("a?.b == b?.c = 2"), (1, 14));
    let file = host.rules("r", "fn rule(f) { // ?.b\n '\"'; f.a?.b ?? f.gone }").unwrap();
    assert_eq!(host.call(&file, "rule", &facts).unwrap_err().to_string().split(' ').next(), Some("r:2:19:"));
}

#[test]
fn a_file_tells_its_functions() {
    let file = Host::new().rules("rules/queues.rhai", QUEUES).unwrap();
    let known: Vec<_> =
        file.functions().into_iter().map(|f| (f.name, f.params.join(","), f.line, f.comments)).collect();
    assert_eq!(
        known,
        [
            ("choose".to_owned(), "facts".to_owned(), 5, "Which queue gets a new chat.\nPure.".to_owned()),
            ("helper".to_owned(), "customer".to_owned(), 9, String::new()),
        ]
    );
}

#[test]
fn an_expression_tells_what_it_reads() {
    let cases: [(&str, &[&str], &[&str]); 6] = [
        ("conversation.agents > 0", &["conversation"], &["conversation.agents"]),
        ("b.x.y && a.z == c", &["a", "b", "c"], &["a.z", "b.x.y", "c"]),
        ("list.filter(|q| q.n > least.n).len()", &["least", "list"], &["least", "list"]),
        ("a.b[i].c", &["a", "i"], &["a.b", "i"]),
        ("a.b.len() + a[0]", &["a"], &["a", "a.b"]),
        ("if a { `${b.c}` } else { #{ x: d?.e } }", &["a", "b", "d"], &["a", "b.c", "d.e"]),
    ];
    let host = Host::new();
    for (source, variables, paths) in cases {
        let expression = host.expression(source).unwrap();
        let reads = expression.reads();
        let named: BTreeSet<&str> = reads.iter().map(|read| read.path[0].as_str()).collect();
        let read: BTreeSet<String> = reads.iter().map(|read| read.path.join(".")).collect();
        assert_eq!(named.into_iter().collect::<Vec<_>>(), variables, "{source}");
        assert_eq!(read.iter().map(String::as_str).collect::<Vec<_>>(), paths, "{source}");
        assert_eq!(expression.source(), source);
    }
    let places: Vec<(u32, u32)> = host
        .expression("a?.b ==\n  b.c + d?.e")
        .unwrap()
        .reads()
        .iter()
        .map(|r| (r.line, r.column))
        .collect();
    assert_eq!(places, [(1, 1), (2, 3), (2, 9)]);
}

#[test]
fn a_rule_tells_which_facts_it_reads_itself_or_hands_on() {
    let source = "fn one(facts) { facts.a.b + two(facts) }\nfn two(f) { f.c }\nfn three(facts) { facts.d }";
    let file = Host::new().rules("rules/r.rhai", source).unwrap();
    assert_eq!(file.reads("one"), ["a", "c"]);
    assert_eq!(file.reads("three"), ["d"]);
}

#[test]
fn lines_and_branches_that_were_run_are_counted() {
    let source = "\
fn rule(facts) {
    // Not a statement.
    let level = if facts.n > 3 { 2 } else { 1 };
    if facts.vip {
        level += 10;
    } else if facts.n == 0 {
        return \"zero\";
    } else if !facts.known {
        level -= 1
    }
    for x in facts.list {
        level += x;
    }
    (level + 1) * 2
}
";
    let recorder = Arc::new(Recorder::new());
    let host = Host::recording(recorder.clone());
    let plain = Host::new();
    let file = host.rules("rules/r.rhai", source).unwrap();
    let facts =
        |n: i64, vip: bool| Facts::from_json(&json!({ "n": n, "vip": vip, "known": true, "list": [1] }));
    for (n, vip) in [(5, true), (1, true), (1, false)] {
        let same = plain.rules("rules/r.rhai", source).unwrap();
        let value = host.call(&file, "rule", &facts(n, vip)).unwrap();
        assert_eq!(value, plain.call(&same, "rule", &facts(n, vip)).unwrap());
    }
    let files = BTreeMap::from([
        ("flows/centre.yaml".to_owned(), "centre: T\n".to_owned()),
        ("rules/r.rhai".to_owned(), source.to_owned()),
    ]);
    let deployment = Deployment::load_with(files, Arc::new(host)).deployment.unwrap();
    let report = recorder.report(&deployment);
    let told = |places: &[Place]| places.iter().map(|p| (p.line, p.count)).collect::<Vec<_>>();
    let rules = &report.files[0];
    assert_eq!(told(&rules.nodes), [(3, 3), (4, 3), (5, 2), (7, 0), (9, 0), (11, 3), (12, 3), (14, 3)]);
    assert_eq!(told(&rules.ways), [(3, 1), (3, 2), (4, 2), (4, 1), (6, 0), (6, 1), (8, 0), (8, 1)]);
    assert_eq!(rules.percent(), (75, 75));
}
