#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use super::{Line, Picture, Shape, dot, mermaid};
use crate::deployment::Deployment;

const CENTRE: &str = "\
centre: Test
media: { CHAT: { max_tasks: 5 } }
customers: { attributes: { web: {} } }
channel_types: { WEB: { media: CHAT, identifier: web } }
queues: { general: { media: CHAT } }
bots: { helper: { kind: SCRIPT, flow: helper } }
agents: { amal: {} }
";

const HELPER: &str = "flow: helper\nkind: bot\nstart: a\nnodes: { a: { say: Hello } }\n";

const FLOW: &str = r#"
flow: t
title: A "small" one
on: { FIND_AGENT: how_much }
on_error: sorry
nodes:
  how_much:
    decide: rule.amount
    into: amount
    then: enough
  enough:
    choose:
      - { when: 'amount > 3 && customer.name != "<b>"', go: which }
      - { otherwise: true, go: sorry }
  which:
    ask: "Which of the two is it that you would like to have, the first one or rather the second one of them?"
    answers: { first: sorry, second: later }
    timeout: 2m
    on_timeout: sorry
  later:
    wait: 36h
    then: sorry
  sorry:
    say: "Sorry; try & call #5"
"#;

fn picture() -> Picture {
    let files = [
        ("flows/centre.yaml", CENTRE),
        ("flows/helper.yaml", HELPER),
        ("flows/t.yaml", FLOW.trim_start()),
        ("rules/rule.rhai", "fn amount(facts) { 1 }\n"),
    ];
    let files: BTreeMap<String, String> = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    let loaded = Deployment::load(files.clone());
    let deployment = loaded.deployment.unwrap_or_else(|| panic!("{}", loaded.findings.render(&files)));
    Picture::of(deployment.flow("t").unwrap(), None)
}

#[test]
fn a_picture_shows_events_nodes_conditions_and_deadlines() {
    let picture = picture();
    let boxes: Vec<_> = picture.boxes.iter().map(|b| (b.shape, b.name.as_str(), b.words.as_str())).collect();
    let long = "“Which of the two is it that you would like to have, the fi…, waits up to 2 min";
    assert_eq!(
        boxes,
        [
            (Shape::Event, "FIND_AGENT", ""),
            (Shape::Event, "any error", ""),
            (Shape::Decide, "how much", "rule rule.amount"),
            (Shape::Choose, "enough", ""),
            (Shape::Ask, "which", long),
            (Shape::Wait, "later", "waits 36 h"),
            (Shape::Say, "sorry", "“Sorry; try & call #5”"),
        ]
    );
    let mut arrows: Vec<_> =
        picture.arrows.iter().map(|a| (a.from.as_str(), a.words.as_str(), a.to.as_str(), a.line)).collect();
    arrows.sort_unstable_by_key(|a| (a.0, a.1, a.2));
    assert_eq!(
        arrows,
        [
            ("n_enough", "amount > 3 && customer.name != \"<b>\"", "n_which", Line::Solid),
            ("n_enough", "otherwise", "n_sorry", Line::Solid),
            ("n_how_much", "", "n_enough", Line::Solid),
            ("n_later", "", "n_sorry", Line::Solid),
            ("n_which", "after 2 min", "n_sorry", Line::Dashed),
            ("n_which", "“first”", "n_sorry", Line::Solid),
            ("n_which", "“second”", "n_later", Line::Solid),
            ("on_n_ERROR", "", "n_sorry", Line::Dashed),
            ("on_n_FIND_AGENT", "", "n_how_much", Line::Solid),
        ]
    );
}

#[test]
fn what_people_write_cannot_break_a_drawing() {
    let drawn = mermaid(&picture());
    assert!(drawn.starts_with("---\ntitle: \"A 'small' one\"\n---\nflowchart TD\n"), "{drawn}");
    assert!(
        drawn.contains("n_enough -->|\"amount #62; 3 #38;#38; customer.name != #34;#60;b#62;#34;\"| n_which")
    );
    assert!(drawn.contains("“Sorry#59; try #38; call #35;5”"), "{drawn}");
    let drawn = dot(&picture());
    assert!(drawn.contains("label=\"A \\\"small\\\" one\""), "{drawn}");
    assert!(
        drawn.contains("n_which -> n_sorry [fontsize=10, style=dashed, label=\"after 2 min\"]"),
        "{drawn}"
    );
}
