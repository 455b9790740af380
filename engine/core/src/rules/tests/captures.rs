//! Closures see copies of what they capture, and cannot be mistaken for anything else.

use serde_json::json;

use super::super::{Host, OptimizationLevel, RuleErrorKind};
use super::{call, eval};

#[test]
fn a_closure_may_use_what_it_is_called_on() {
    let facts = json!({ "least": 2, "list": [1, 2, 3], "rows": [{ "min": 1, "items": [1, 2] }, { "min": 2, "items": [3, 2] }] });
    let rules = [
        ("fn rule(f) { f.list.filter(|x| x >= f.least) }", json!([2, 3])),
        ("fn rule(f) { let hit = |x| x >= f.least; f.list.filter(hit) }", json!([2, 3])),
        ("fn count(f, hit) { f.list.filter(hit).len() } fn rule(f) { count(f, |x| x >= f.least) }", json!(2)),
        ("fn rule(f) { f.rows.map(|r| r.items.filter(|i| i > r.min).len()) }", json!([1, 1])),
        ("fn rule(f) { f.rows.map(|r| r.items.map(|i| i + r.min + f.least)) }", json!([[4, 5], [7, 6]])),
        ("fn rule(f) { let l = f.list; l.map(|x| l.len() + x) }", json!([4, 5, 6])),
        (
            "fn rule(f) { let out = []; for x in f.list { out += f.list.filter(|y| y > x).len(); } out }",
            json!([2, 1, 0]),
        ),
        ("fn rule(f) { let m = #{ a: f, b: f.list.map(|x| x + f.least) }; m.b }", json!([3, 4, 5])),
    ];
    for level in [OptimizationLevel::None, OptimizationLevel::Simple] {
        let host = Host::with_optimization(level);
        for (source, value) in &rules {
            assert_eq!(
                call(&host, source, &facts).map(|v| v.value).as_ref(),
                Ok(value),
                "{source} at {level:?}"
            );
        }
        assert_eq!(eval(&host, "list.filter(|x| x >= least && list.len() > 2)", &facts), Ok(json!([2, 3])));
        let nested = "rows.map(|r| r.items.filter(|i| i > r.min && rows.len() > 1).len())";
        assert_eq!(eval(&host, nested, &facts), Ok(json!([1, 1])));
    }
}

#[test]
fn a_closure_cannot_change_what_it_captured() {
    let host = Host::new();
    for source in [
        "fn rule(f) { let n = 0; f.list.for_each(|x| n += x); n }",
        "fn rule(f) { let n = 0; f.list.for_each(|x| { n = n + x; }); n }",
        "fn rule(f) { let seen = []; f.list.for_each(|x| seen.push(x)); seen }",
        "fn rule(f) { let m = #{ a: [] }; f.list.for_each(|x| m.a.push(x)); m }",
        "fn rule(f) { let m = #{}; f.list.for_each(|x| m.last = x); m }",
    ] {
        let error = host.rules("rules/test.rhai", source).expect_err(source);
        assert_eq!(error.kind, RuleErrorKind::Parse, "{source}: {error}");
        assert!(error.line.is_some() && error.message.contains("closure"), "{source}: {error}");
    }
}

#[test]
fn names_of_one_source_do_not_leak_into_the_next() {
    let host = Host::new();
    let captures = "fn rule(f) { let n = 1; f.list.map(|x| x + n) }";
    let changes = "fn rule(f) { let n = 1; n += 1; n }";
    let facts = json!({ "list": [1] });
    for _ in 0..2 {
        assert_eq!(call(&host, captures, &facts).map(|v| v.value), Ok(json!([2])));
        assert_eq!(call(&host, changes, &facts).map(|v| v.value), Ok(json!(2)));
    }
}
