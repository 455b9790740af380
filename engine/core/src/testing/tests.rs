#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use super::{Outcome, Tested, run};
use crate::deployment::Deployment;
use crate::diagnostic::Findings;

const CENTRE: &str = "\
centre: Test
media: { CHAT: { max_tasks: 5 } }
customers: { attributes: { web: {} } }
channel_types: { WEB: { media: CHAT, identifier: web } }
queues: { general: { media: CHAT } }
agents: { amal: {} }
";

const RULES: &str = "\
// Which queue.
fn queue(facts) {
    if facts.tier == \"gold\" { return #{ queue: \"gold\", load: 1, why: \"gold\" }; }
    #{ queue: \"general\", load: 2.0, why: facts.event.text }
}

fn broken(facts) {
    deeper(facts)
}

fn deeper(facts) {
    facts.nowhere.x
}
";

fn tested(files: &[(&str, &str)], wanted: &dyn Fn(&str) -> bool) -> (Vec<Tested>, String) {
    let mut all: BTreeMap<String, String> = [("flows/centre.yaml", CENTRE), ("rules/q.rhai", RULES)]
        .map(|(p, t)| (p.to_owned(), t.to_owned()))
        .into();
    all.extend(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    let loaded = Deployment::load(all.clone());
    let deployment = loaded.deployment.unwrap_or_else(|| panic!("{}", loaded.findings.render(&all)));
    let mut findings = Findings::new();
    let tested = run(&deployment, &all, wanted, &mut findings);
    (tested, findings.render(&all))
}

fn outcomes(files: &[(&str, &str)]) -> Vec<(u32, String, Outcome)> {
    let (tested, findings) = tested(files, &|_| true);
    assert_eq!(findings, "");
    tested.into_iter().map(|t| (t.line, t.name, t.outcome)).collect()
}

#[test]
fn cases_tell_a_wrong_answer_from_a_broken_rule() {
    let cases = "\
rule: queue
cases:
  - name: gold
    facts: { tier: gold }
    expect: { queue: gold, load: 1.0 }
  - name: facts that were not given are there and empty
    facts: { tier: none }
    expect: { queue: general, why: \"\" }
  - name: given facts go on top
    facts: { tier: none, event: { text: hello } }
    expect: { why: hello, load: 2 }
  - name: wrong
    facts: { tier: gold }
    expect: { queue: silver, wait: 3 }
  - name: it breaks
    rule: broken
    expect: 1
  - name: it shall break
    rule: broken
    error: nowhere
  - name: it shall break and does not
    facts: { tier: gold }
    error: anything
";
    let fail = |text: &str| Outcome::Fail(text.to_owned());
    let gold = r#"{"load":1,"queue":"gold","why":"gold"}"#;
    let wrong = "`queue` decides otherwise\n  queue: wanted \"silver\", got \"gold\"\n  wait: wanted 3, is not there\n  it said ";
    let broke = "rules/q.rhai:12: there is no property `nowhere`; write `?.nowhere` or `\"nowhere\" in …` when it may be missing\n  called by broken (rules/q.rhai:8)";
    let found = outcomes(&[("rules/q.cases.yaml", cases)]);
    let expected = [
        (3, "gold", Outcome::Pass),
        (6, "facts that were not given are there and empty", Outcome::Pass),
        (9, "given facts go on top", Outcome::Pass),
        (12, "wrong", fail(&format!("{wrong}{gold}\n  it went by rules/q.rhai, line 3"))),
        (15, "it breaks", Outcome::Error(broke.to_owned())),
        (18, "it shall break", Outcome::Pass),
        (
            21,
            "it shall break and does not",
            fail(&format!("`queue` should break (\"anything\"), and said {gold}")),
        ),
    ];
    assert_eq!(found, expected.map(|(line, name, outcome)| (line, name.to_owned(), outcome)));
}

#[test]
fn functions_are_tests_by_their_name() {
    let tests = "\
fn test_gold() {
    assert_eq(queue(facts(#{ tier: \"gold\" })).queue, \"gold\");
    assert(true);
}
fn test_the_text_is_the_reason() {
    let f = facts(#{ tier: \"\", event: #{ text: \"hi\" } });
    assert_eq(queue(f).why, \"ho\");
}
fn test_a_rule_that_breaks() {
    broken(facts());
}
fn test_false_with_a_reason() { assert(1 > 2, \"one is less\"); }
fn test_a_map_is_no_truth() { assert(queue(facts(#{ tier: \"gold\" }))); }
fn test_not_equal() { assert_ne(#{ b: 1, a: 2 }, #{ a: 2, b: 1 }); }
fn todo_the_night_queue() { assert(false); }
fn helper(x) { x }
";
    let found = outcomes(&[("rules/q_test.rhai", tests)]);
    let at = |line: u32, text: &str| Outcome::Fail(format!("rules/q_test.rhai:{line}: {text}"));
    let names: Vec<(u32, &str)> = found.iter().map(|(line, name, _)| (*line, name.as_str())).collect();
    assert_eq!(
        names,
        [
            (1, "gold"),
            (5, "the text is the reason"),
            (9, "a rule that breaks"),
            (12, "false with a reason"),
            (13, "a map is no truth"),
            (14, "not equal"),
            (15, "the night queue"),
        ]
    );
    let outcomes: Vec<Outcome> = found.into_iter().map(|(.., outcome)| outcome).collect();
    assert_eq!(outcomes[0], Outcome::Pass);
    assert_eq!(outcomes[1], at(7, "got \"hi\", wanted \"ho\""));
    let Outcome::Error(why) = &outcomes[2] else { panic!("{:?}", outcomes[2]) };
    assert!(why.starts_with("rules/q.rhai:12: there is no property `nowhere`"), "{why}");
    assert!(why.contains("called by broken (rules/q.rhai:8)"), "{why}");
    assert!(why.contains("called by test_a_rule_that_breaks (rules/q_test.rhai:10)"), "{why}");
    assert_eq!(outcomes[3], at(12, "one is less"));
    let Outcome::Error(why) = &outcomes[4] else { panic!("{:?}", outcomes[4]) };
    assert!(why.contains("`assert` takes true or false"), "{why}");
    assert_eq!(outcomes[5], at(14, r#"got {"a":2,"b":1}, which is not wanted"#));
    assert_eq!(outcomes[6], Outcome::Skipped);
}

#[test]
fn a_byte_order_mark_is_taken_from_rules_and_their_tests() {
    let rules = format!("\u{feff}{RULES}");
    let tests = "\u{feff}fn test_a() { assert_eq(queue(facts(#{ tier: \"gold\" })).queue, \"gold\"); }\n";
    let found = outcomes(&[("rules/q.rhai", &rules), ("rules/q_test.rhai", tests)]);
    assert_eq!(found.into_iter().map(|(.., outcome)| outcome).collect::<Vec<_>>(), [Outcome::Pass]);
}

#[test]
fn words_that_a_fact_never_says_are_found_where_they_are_given() {
    let case = |routing: &str| {
        format!(
            "rule: queue\ncases:\n  - {{ name: a, facts: {{ channel: {{ routing: {routing} }} }}, expect: {{ queue: general }} }}\n"
        )
    };
    let (_, said) = tested(&[("rules/q.cases.yaml", &case("PUSHH"))], &|_| true);
    assert!(
        said.contains("`channel.routing` never says \"PUSHH\"") && said.contains("did you mean `PUSH`?"),
        "{said}"
    );
    assert_eq!(tested(&[("rules/q.cases.yaml", &case("PUSH"))], &|_| true).1, "");
}

#[test]
fn a_test_that_would_never_run_is_found() {
    let tests = "fn tst_a() { assert(true); }\nfn test_b(x) { assert(x); }\nfn test_c() { assert(given()); }\nfn given() { true }\nfn helper(x) { x }\n";
    let (_, said) = tested(&[("rules/q_test.rhai", tests)], &|_| true);
    assert_eq!(said.matches("rule::never_run").count(), 2, "{said}");
    assert!(said.contains("`tst_a` is no test") && said.contains("`test_b` is no test"), "{said}");
}

#[test]
fn only_what_is_wanted_is_run() {
    let cases = "rule: queue\ncases:\n  - { name: one, facts: { tier: gold }, expect: { queue: gold } }\n  - { name: two, expect: 1 }\n";
    let (tested, _) = tested(&[("rules/q.cases.yaml", cases)], &|name| name.contains("one"));
    assert_eq!(tested.len(), 1);
}

#[test]
fn facts_that_no_conversation_has_are_refused() {
    let cases = "rule: queue\ncases:\n  - { name: a, facts: { sesion: 1, tier: x, event: { prioritty: 9, data: { any: 1 } } }, expect: { load: 2 } }\n  \
                 - { name: b, facts: { tier: x }, expect: {} }\n";
    let (_, findings) = tested(&[("rules/q.cases.yaml", cases)], &|_| true);
    for said in [
        "rules/q.cases.yaml:3:25",
        "there is no fact `sesion`",
        "did you mean `session`?",
        "rules/q.cases.yaml:3:54",
        "`event` has no `prioritty`",
        "rules/q.cases.yaml:4:36",
        "it can never fail",
    ] {
        assert!(findings.contains(said), "{said:?} is not in\n{findings}");
    }
    let tests = "fn test_a() { facts(#{ sesion: #{} }); }\nfn test_b() { facts(#{ event: #{ txt: 1 }}); }\nfn test_c() { facts(#{ tier: 1 }); }\n";
    let outcomes: Vec<Outcome> =
        outcomes(&[("rules/q_test.rhai", tests)]).into_iter().map(|(.., outcome)| outcome).collect();
    let error = |text: &str| Outcome::Error(format!("rules/q_test.rhai:{text}"));
    assert_eq!(
        outcomes,
        [
            error("1: there is no fact `sesion`; did you mean `session`?"),
            error("2: there is no fact `event.txt`; did you mean `text`?"),
            Outcome::Pass
        ]
    );
}

#[test]
fn what_cannot_be_read_is_found_at_its_place() {
    let cases = "rule: qeue\ncases:\n  - { name: a, expect: 1, error: x }\n  - { expect: 1, facst: {} }\n";
    let (tested, findings) = tested(
        &[
            ("rules/q.cases.yaml", cases),
            ("rules/other.cases.yaml", "cases: []\n"),
            ("rules/q_test.rhai", "fn queue(x) { 1 }\n"),
        ],
        &|_| true,
    );
    assert_eq!(tested, []);
    for said in [
        "rules/q.cases.yaml:1:7",
        "did you mean `queue`?",
        "rules/q.cases.yaml:3:5",
        "either `expect`, the decision, or `error`",
        "rules/q.cases.yaml:4:",
        "has no `name`",
        "facst",
        "these are tests of rules/other.rhai, which is not there",
        "`queue` is a rule of rules/q.rhai; a test needs another name",
    ] {
        assert!(findings.contains(said), "{said:?} is not in\n{findings}");
    }
}
