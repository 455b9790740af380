//! Scripts that mean harm, or look as if they did. Each must be stopped in time and leave the host as it was.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::super::RuleErrorKind::{self, Limit, NotFound, Parse, Run, Type};
use super::super::{Host, OptimizationLevel, RuleError};
use super::{call, eval};

/// How long a hostile script may last. Unoptimized builds get ten times as much.
const BOUND: Duration = Duration::from_millis(if cfg!(debug_assertions) { 3_000 } else { 50 });

/// A busy machine can hold up any single run; a script that is truly too slow is so every time.
const TRIES: usize = 3;

/// Name, source of a rule file, and how it must end.
const RULES: &[(&str, &str, RuleErrorKind)] = &[
    ("endless loop", "fn rule(f) { loop {} }", Limit),
    ("endless while", "fn rule(f) { while true { let x = 1; } }", Limit),
    ("endless do", "fn rule(f) { do { } while true }", Limit),
    ("endless loop behind a call", "fn spin() { while true {} } fn rule(f) { spin() }", Limit),
    ("deep recursion", "fn rule(f) { rule(f) }", Limit),
    (
        "deep recursion in an argument",
        "fn down(n) { 1 + (2 * (3 - down(n + 1))) } fn rule(f) { down(0) }",
        Limit,
    ),
    ("mutual recursion", "fn a(f) { b(f) } fn b(f) { a(f) } fn rule(f) { a(f) }", Limit),
    (
        "branching recursion",
        "fn t(n) { if n > 12 { 0 } else { t(n + 1) + t(n + 1) } } fn rule(f) { t(0) }",
        Limit,
    ),
    ("recursive closure", "fn again(c) { c.call(c) } fn rule(f) { again(|c| again(c)) }", Limit),
    ("growing string", r#"fn rule(f) { let s = "xx"; loop { s += s; } }"#, Limit),
    ("growing interpolation", "fn rule(f) { let s = `xx`; loop { s = `${s}${s}`; } }", Limit),
    ("string padded far", r#"fn rule(f) { let s = ""; s.pad(1000000000, 'x'); s }"#, Limit),
    (
        "string padded beyond memory",
        r#"fn rule(f) { let s = ""; s.pad(9223372036854775807, "xyz"); s }"#,
        Limit,
    ),
    ("string padded with nothing", r#"fn rule(f) { let s = ""; s.pad(10, ""); s }"#, Run),
    (
        "replace bomb",
        r#"fn rule(f) { let s = ""; s.pad(30000, 'x'); let t = s; s.replace("x", t); s }"#,
        Limit,
    ),
    ("text times a number", r#"fn rule(f) { "a" * 1000000000 }"#, NotFound),
    ("growing array by push", "fn rule(f) { let a = []; loop { a.push(1); } }", Limit),
    ("growing array by +=", "fn rule(f) { let a = [1]; loop { a += a; } }", Limit),
    ("growing array by append", "fn rule(f) { let a = [1]; loop { a.append(a); } }", Limit),
    ("growing array by insert", "fn rule(f) { let a = []; loop { a.insert(0, 1); } }", Limit),
    ("array in array", "fn rule(f) { let a = []; loop { a = [a, a]; } }", Limit),
    ("array nested in one line", "fn rule(f) { let a = []; loop { a = [a]; } }", Limit),
    ("map nested in one line", "fn rule(f) { let m = #{}; loop { m = #{ m: m }; } }", Limit),
    ("long text made for ever", r#"fn rule(f) { loop { let s = ""; s.pad(30000, 'x'); } }"#, Limit),
    (
        "long text replaced for ever",
        r#"fn rule(f) { let s = ""; s.pad(30000, 'x'); loop { s.replace("x", "y"); s.replace("y", "x"); } }"#,
        Limit,
    ),
    ("largest array made for ever", "fn rule(f) { loop { let a = []; a.pad(450, 1); } }", Limit),
    (
        "largest array of maps made for ever",
        "fn rule(f) { loop { let a = []; a.pad(450, #{ a: #{} }); } }",
        Limit,
    ),
    (
        "largest nested map copied for ever",
        "fn rule(f) { let m = #{}; for i in 0..450 { m = #{ m: m }; } loop { let n = m; } }",
        Limit,
    ),
    (
        "largest map compared for ever",
        "fn rule(f) { let m = #{}; for i in 0..900 { m[`a key of some length ${i}`] = i; } loop { m == m; } }",
        Limit,
    ),
    (
        "keys of the largest map for ever",
        "fn rule(f) { let m = #{}; for i in 0..450 { m[`a key of some length ${i}`] = i; } loop { m.keys(); } }",
        Limit,
    ),
    ("array padded far", "fn rule(f) { let a = []; a.pad(1000000000, 0); a }", Limit),
    (
        "array padded until its own check overflows",
        "fn rule(f) { let i = []; i.pad(63, 0); let a = []; a.pad(288230376151711744, i); a }",
        Limit,
    ),
    ("growing map", "fn rule(f) { let m = #{}; let n = 0; loop { m[`k${n}`] = n; n += 1; } }", Limit),
    ("map in map", "fn rule(f) { let m = #{}; loop { m = #{ a: m, b: m }; } }", Limit),
    ("endless work in map", "fn rule(f) { [1].map(|x| { loop {} }) }", Limit),
    ("endless work in filter", "fn rule(f) { [1].filter(|x| { while true {} }) }", Limit),
    ("endless work in reduce", "fn rule(f) { [1, 2].reduce(|s, x| { loop {} }) }", Limit),
    (
        "nested closures",
        "fn rule(f) { let a = []; a.pad(100, 0); a.map(|x| { let b = []; b.pad(100, 0); \
         b.map(|y| { let c = []; c.pad(100, 0); c.map(|z| z + 1) }) }) }",
        Limit,
    ),
    (
        "work hidden in nested closures",
        "fn rule(f) { let l = []; l.pad(400, 0); let a = l; a.map(|x| a.map(|y| a.reduce(|s, z| s + z, 0)).len()).len() }",
        Limit,
    ),
    (
        "work hidden in one closure",
        "fn rule(f) { let a = []; a.pad(400, 0); a.filter(|x| { for i in 0..1000 { let k = i; } true }).len() }",
        Limit,
    ),
    (
        "work hidden in a comparer",
        "fn rule(f) { let a = []; a.pad(400, 0); a.sort(|x, y| { for i in 0..1000 { let k = i; } 0 }); 1 }",
        Limit,
    ),
    ("endless comparer", "fn rule(f) { let a = [3, 1, 2]; a.sort(|x, y| { loop {} }); a }", Limit),
    ("endless comparer of order_by", "fn rule(f) { [3, 1, 2].order_by(|x, y| { loop {} }) }", Limit),
    ("endless comparer of dedup", "fn rule(f) { let a = [1, 1]; a.dedup(|x, y| { loop {} }); a }", Limit),
    ("huge range", "fn rule(f) { for i in 0..9223372036854775807 { let k = i; } }", Limit),
    ("huge stepped range", "fn rule(f) { for i in range(0, 9223372036854775807, 1) { } }", Limit),
    ("huge range counted up", "fn rule(f) { let n = 0; for i in 0..1000000000 { n += i; } n }", Limit),
    ("split bomb", r#"fn rule(f) { let s = ""; s.pad(30000, 'x'); loop { let a = s.split(""); } }"#, Limit),
    (
        "long text copied for ever",
        r#"fn rule(f) { let s = ""; s.pad(30000, 'x'); loop { let t = s; t += "y"; } }"#,
        Limit,
    ),
    (
        "long text scanned for ever",
        r#"fn rule(f) { let s = ""; s.pad(30000, 'x'); loop { s.contains("y"); } }"#,
        Limit,
    ),
    (
        "long text raised for ever",
        r#"fn rule(f) { let s = ""; s.pad(30000, 'x'); loop { s.to_upper(); } }"#,
        Limit,
    ),
    ("largest array copied for ever", "fn rule(f) { let a = []; a.pad(450, 1); loop { let b = a; } }", Limit),
    (
        "largest array searched for ever",
        "fn rule(f) { let a = []; a.pad(450, 1); loop { a.contains(2); } }",
        Limit,
    ),
    (
        "largest array reversed for ever",
        "fn rule(f) { let a = []; a.pad(450, 1); loop { a.reverse(); } }",
        Limit,
    ),
    (
        "texts in an array compared",
        r#"fn rule(f) { let a = []; a.pad(450, "a text of some length"); loop { a == a; } }"#,
        Limit,
    ),
    ("largest array sorted for ever", "fn rule(f) { let a = []; a.pad(450, 1); loop { a.sort(); } }", Limit),
    ("largest array compared for ever", "fn rule(f) { let a = []; a.pad(450, 1); loop { a == a; } }", Limit),
    (
        "largest map copied for ever",
        "fn rule(f) { let m = #{}; for i in 0..900 { m[`a key of some length ${i}`] = i; } loop { let n = m; } }",
        Limit,
    ),
    ("curry", "fn rule(f) { let f = |x| x; for i in 0..1000 { f = f.curry(f); } 1 }", Parse),
    (
        "curry of a padded array",
        r#"fn rule(f) { let f = Fn("k"); let a = []; a.pad(499, "abc"); for i in 0..3000 { f = f.curry(a); } 1 }"#,
        Parse,
    ),
    ("curry by pointer", r#"fn rule(f) { Fn("curry").call(Fn("k"), 1) }"#, Parse),
    (
        "closures that hold two of the one before",
        "fn rule(f) { let f = |x| x; for i in 0..20 { let g = f; let h = f; f = |x| g.call(x) + h.call(x); } 1 }",
        Limit,
    ),
    (
        "closures that hold the one before",
        "fn rule(f) { let f = |x| x; for i in 0..1000000 { let g = f; f = |x| g.call(x) + 1; } 1 }",
        Limit,
    ),
    (
        "a map that holds a closure that holds it",
        "fn rule(f) { let m = #{}; for i in 0..1000 { let n = m; m = #{ f: |x| n }; } 1 }",
        Limit,
    ),
    (
        "arrays of closures that hold the array",
        "fn rule(f) { let a = []; for i in 0..100 { let b = a; a = [|x| b, |x| b, |x| b]; } 1 }",
        Limit,
    ),
    (
        "closures of the largest map, padded",
        "fn big() { let m = #{}; for i in 0..900 { m[`k${i}`] = i; } m } fn rule(f) { let b = big(); let c = |x| b; \
         loop { let a = []; a.pad(450, c); } }",
        Limit,
    ),
    (
        "a closure of the largest map called for ever",
        "fn big() { let m = #{}; for i in 0..900 { m[`k${i}`] = i; } m } fn rule(f) { let b = big(); let a = []; a.pad(450, 1); \
         loop { a.map(|x| { if false { b } 1 }); } }",
        Limit,
    ),
    (
        "a closure of the largest map called by name",
        "fn big() { let m = #{}; for i in 0..900 { m[`k${i}`] = i; } m } fn rule(f) { let b = big(); let c = |x| { if false { b } 1 }; \
         loop { c.call(1); } }",
        Limit,
    ),
    ("eval", r#"fn rule(f) { eval("1 + 1") }"#, Parse),
    ("eval by pointer", r#"fn rule(f) { Fn("eval").call("1 + 1") }"#, Parse),
    ("import", r#"fn rule(f) { import "other" as o; 1 }"#, Parse),
    ("export", r#"let x = 1; export x; fn rule(f) { 1 }"#, Parse),
    ("print", r#"fn rule(f) { print("x") }"#, Parse),
    ("debug", r#"fn rule(f) { debug("x") }"#, Parse),
    ("print by pointer", r#"fn rule(f) { Fn("print").call("x") }"#, Parse),
    ("sleep", "fn rule(f) { sleep(1) }", NotFound),
    ("sleep by pointer", r#"fn rule(f) { Fn("sleep").call(1) }"#, NotFound),
    ("timestamp", "fn rule(f) { timestamp() }", NotFound),
    ("exit", "fn rule(f) { exit(1) }", NotFound),
    ("parse_json", r#"fn rule(f) { parse_json("{}") }"#, NotFound),
    ("open a file", r#"fn rule(f) { open_file("/etc/passwd") }"#, NotFound),
    ("addition overflow", "fn rule(f) { 9223372036854775807 + 1 }", Run),
    ("subtraction overflow", "fn rule(f) { -9223372036854775807 - 10 }", Run),
    ("multiplication overflow", "fn rule(f) { 9223372036854775807 * 2 }", Run),
    ("negation overflow", "fn rule(f) { let n = -9223372036854775807 - 1; -n }", Run),
    ("assigned overflow", "fn rule(f) { let n = 9223372036854775807; n += 1; n }", Run),
    ("division by zero", "fn rule(f) { 1 / 0 }", Run),
    ("remainder by zero", "fn rule(f) { 1 % 0 }", Run),
    ("smallest number by minus one", "fn rule(f) { (-9223372036854775807 - 1) / -1 }", Run),
    ("infinite float", "fn rule(f) { 1.0 / 0.0 }", Type),
    ("power", "fn rule(f) { 10 ** 10 }", Parse),
    ("step of zero", "fn rule(f) { for i in range(0, 10, 0) { } }", Run),
    ("catches its own stop", "fn rule(f) { loop { try { loop {} } catch { } } }", Limit),
    ("outlandish index", "fn rule(f) { let a = [1]; a[-9223372036854775807 - 1] }", NotFound),
    (
        "outlandish extract",
        "fn rule(f) { [1, 2].extract(-9223372036854775807 - 1, 9223372036854775807)[5] }",
        NotFound,
    ),
    ("unbalanced", "fn rule(f) { ((((( }", Parse),
    ("function leaves", "fn rule(f) { |x| x }", Type),
];

/// Runs something on a thread of its own and measures it. `None` when it did not end within ten times the bound.
fn timed<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> Option<(T, Duration)> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let began = Instant::now();
        let result = run();
        let _ = send.send((result, began.elapsed()));
    });
    receive.recv_timeout(BOUND * 10).ok()
}

/// Runs something until it is fast enough, at most [`TRIES`] times, and answers what it ended with.
fn stopped<R>(name: &str, run: impl Fn() -> R) -> Result<(), RuleError>
where
    R: FnOnce() -> Result<(), RuleError> + Send + 'static,
{
    let mut slowest = BOUND;
    for _ in 0..TRIES {
        let Some((result, took)) = timed(run()) else { panic!("{name}: never ended") };
        if took <= BOUND {
            return result;
        }
        slowest = slowest.max(took);
    }
    panic!("{name}: took {slowest:?}, more than {BOUND:?}")
}

/// Checks how a script ended, and that its host still works. Answers what was wrong.
fn wrong(host: &Host, name: &str, ended: Result<(), RuleError>, kind: RuleErrorKind) -> Option<String> {
    assert_eq!(eval(host, "1 + 1", &json!({})), Ok(json!(2)), "after {name}");
    match ended {
        Ok(()) => Some(format!("{name}: was let through")),
        Err(error) if error.kind != kind => {
            Some(format!("{name}: {:?} instead of {kind:?}: {error}", error.kind))
        }
        Err(error) if error.message.contains("rule engine failed") => {
            Some(format!("{name}: panicked: {error}"))
        }
        Err(_) => None,
    }
}

#[test]
fn hostile_rules_are_stopped_and_the_host_lives_on() {
    let mut all = Vec::new();
    for level in [OptimizationLevel::None, OptimizationLevel::Simple] {
        let host = Arc::new(Host::with_optimization(level));
        for &(name, source, kind) in RULES {
            let result = stopped(name, || {
                let host = Arc::clone(&host);
                move || call(&host, source, &json!({})).map(|_| ())
            });
            all.extend(wrong(&host, &format!("{name} at {level:?}"), result, kind));
        }
    }
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn hostile_sources_are_refused_in_time() {
    let sources = [
        ("parentheses", format!("fn rule(f) {{ {}1{} }}", "(".repeat(100_000), ")".repeat(100_000)), Limit),
        ("brackets", format!("fn rule(f) {{ {}1{} }}", "[".repeat(100_000), "]".repeat(100_000)), Limit),
        ("blocks", format!("fn rule(f) {{ {}1{} }}", "{".repeat(100_000), "}".repeat(100_000)), Limit),
        ("negations", format!("fn rule(f) {{ {}1 }}", "- ".repeat(100_000)), Limit),
        ("nots", format!("fn rule(f) {{ {}true }}", "!".repeat(100_000)), Limit),
        ("closures", format!("fn rule(f) {{ {}1 }}", "|x| ".repeat(50_000)), Limit),
        (
            "interpolations",
            format!("fn rule(f) {{ {}1{} }}", "`${".repeat(50_000), "}`".repeat(50_000)),
            Limit,
        ),
        ("a long source", format!("fn rule(f) {{ {} }}", "let x = 1; ".repeat(100_000)), Limit),
        (
            "many variables",
            format!("fn rule(f) {{ {} }}", (0..500).map(|n| format!("let v{n} = 1; ")).collect::<String>()),
            Limit,
        ),
        ("a long sum", format!("fn rule(f) {{ 1{} }}", " + 1".repeat(10_000)), Limit),
        ("a long literal", format!("fn rule(f) {{ \"{}\" }}", "x".repeat(100_000)), Limit),
        ("a large array", format!("fn rule(f) {{ [{}] }}", "1,".repeat(5_000)), Limit),
        ("many functions", (0..500).map(|n| format!("fn f{n}() {{ }} ")).collect(), Limit),
        ("a long comment", format!("/*{}", "/*".repeat(50_000)), Parse),
        ("an open string", format!("fn rule(f) {{ \"{}", "x".repeat(1_000)), Parse),
    ];
    let host = Arc::new(Host::new());
    let mut all = Vec::new();
    for (name, source, kind) in sources {
        let result = stopped(name, || {
            let (host, source) = (Arc::clone(&host), source.clone());
            move || call(&host, &source, &json!({})).map(|_| ())
        });
        all.extend(wrong(&host, name, result, kind));
    }
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn hostile_expressions_are_stopped() {
    let sources = [
        ("a = 1", Parse),
        ("let a = 1", Parse),
        ("1; 2", Parse),
        ("{ loop {} }", Parse),
        ("loop {}", Parse),
        ("fn f() { }", Parse),
        ("eval(\"1\")", Parse),
        ("import \"x\"", Parse),
        ("", Parse),
        ("sleep(1)", NotFound),
        ("[1].map(|x| nope(x))", NotFound),
        ("list.clear()", Run),
        ("list.push(1)", Run),
    ];
    let host = Arc::new(Host::new());
    for (source, kind) in sources {
        let result = stopped(source, || {
            let host = Arc::clone(&host);
            move || eval(&host, source, &json!({ "list": [1] })).map(|_| ())
        });
        assert_eq!(result.map_err(|e| e.kind), Err(kind), "{source}");
        assert_eq!(eval(&host, "1 + 1", &json!({})), Ok(json!(2)), "after {source}");
    }
}

#[test]
fn facts_that_hold_hostile_text_do_no_harm() {
    let host = Host::new();
    let facts = json!({ "text": "x".repeat(200_000), "list": vec![0; 5_000] });
    let error = call(&host, "fn rule(facts) { let all = facts; all.text.to_upper() }", &facts).unwrap_err();
    assert_eq!(error.kind, Limit, "{error}");
}

#[test]
fn one_host_serves_many_threads() {
    let host = Arc::new(Host::new());
    let file = Arc::new(host.rules("r", "fn rule(f) { f.list.filter(|x| x > f.least).len() }").unwrap());
    let facts = super::Facts::from_json(&json!({ "list": [1, 2, 3], "least": 1 }));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    assert_eq!(host.call(&file, "rule", &facts).map(|v| v.value), Ok(json!(2)));
                }
            });
        }
    });
}
