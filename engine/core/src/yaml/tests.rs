#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::diagnostic::{Findings, codes};

/// Code, line and column of everything that is found.
fn found(text: &str) -> Vec<(&'static str, u32, u32)> {
    let mut findings = Findings::new();
    read("flows/a.yaml", text, &mut findings);
    findings.iter().map(|f| (f.code, f.place.line, f.place.column)).collect()
}

fn tree(text: &str) -> Node {
    let mut findings = Findings::new();
    let node = read("flows/a.yaml", text, &mut findings);
    assert!(findings.is_empty(), "{:?}", findings.iter().collect::<Vec<_>>());
    node.unwrap()
}

#[test]
fn every_refusal_points_at_its_place() {
    for (text, code, line, column) in [
        ("a: &x 1\n", codes::ANCHOR, 1, 4),
        ("b: 1\na: *x\n", codes::SYNTAX, 2, 4),
        ("a: !!str 1\n", codes::TAG, 1, 4),
        ("a: 1\n---\nb: 2\n", codes::SEVERAL_DOCUMENTS, 2, 1),
        ("a: 1\nb: 2\na: 3\n", codes::DUPLICATE_KEY, 3, 1),
        ("a:\n  {x: 1, x: 2}\n", codes::DUPLICATE_KEY, 2, 10),
        ("a:\n\tb: 1\n", codes::TAB, 2, 1),
        ("a:\n  <<: 1\n", codes::MERGE_KEY, 2, 3),
        ("? [a, b]\n: 1\n", codes::COMPLEX_KEY, 1, 3),
        ("", codes::EMPTY, 1, 1),
        ("# only a comment\n", codes::EMPTY, 1, 1),
        ("a: b: c\n", codes::SYNTAX, 1, 5),
        ("a: \u{0}\n", codes::CONTROL_CHARACTER, 1, 4),
        ("a: 1\rb: 2\n", codes::CONTROL_CHARACTER, 1, 5),
    ] {
        assert_eq!(found(text), [(code, line, column)], "{text:?}");
    }
}

#[test]
fn a_bomb_of_aliases_is_refused_without_being_expanded() {
    let mut text = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for pair in "abcdefgh".as_bytes().windows(2) {
        let (from, to) = (char::from(pair[0]), char::from(pair[1]));
        text += &format!("{to}: &{to} [*{from}, *{from}, *{from}, *{from}, *{from}, *{from}]\n");
    }
    let codes: std::collections::BTreeSet<_> = found(&text).into_iter().map(|(code, ..)| code).collect();
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), [codes::ANCHOR]);
}

#[test]
fn depth_size_and_number_have_limits() {
    let nested = |depth: usize| format!("a: {}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(found(&nested(DEPTH_MAX - 1)), []);
    assert_eq!(found(&nested(DEPTH_MAX))[0].0, codes::TOO_DEEP);
    assert_eq!(found(&nested(500_000))[0].0, codes::TOO_DEEP);
    let stairs: String = (0..1000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert_eq!(found(&stairs)[0].0, codes::TOO_DEEP);
    assert_eq!(found(&"a: 1\n".repeat(2_000_000))[0].0, codes::TOO_LARGE);
    assert_eq!(found(&"-\n".repeat(200_000))[0].0, codes::TOO_MANY_NODES);
}

#[test]
fn bytes_that_are_not_text_are_refused_with_their_place() {
    let mut findings = Findings::new();
    assert_eq!(text_of("flows/a.yaml", b"a: 1\nb: \xff\xfe", &mut findings), None);
    let finding = findings.iter().next().unwrap();
    assert_eq!((finding.code, finding.place.line, finding.place.column), (codes::NOT_UTF8, 2, 4));
    assert_eq!(text_of("a", "\u{feff}a: 1".as_bytes(), &mut findings).as_deref(), Some("a: 1"));
}

#[test]
fn keys_and_values_know_their_places() {
    let node = tree("# top\nflow: inbound\nnodes:\n  ask:  { say: \"hé\", then: x }\n  end:\n");
    let ask = node.entry("nodes").unwrap().value.entry("ask").unwrap();
    let place = |p: &crate::diagnostic::Place| (p.line, p.column, p.length);
    assert_eq!(place(&ask.key.place), (4, 3, 3));
    assert_eq!(place(&ask.value.entry("say").unwrap().value.place), (4, 16, 4));
    assert_eq!(place(&ask.value.entry("then").unwrap().value.place), (4, 28, 1));
    assert_eq!(place(&node.entry("nodes").unwrap().value.entry("end").unwrap().value.place), (5, 3, 3));
}

#[test]
fn characters_of_a_scalar_are_found_in_every_style() {
    for (text, at, line, column) in [
        ("k: a X\n", 'X', 1, 6),
        ("k: 'it''s X'\n", 'X', 1, 11),
        ("k: \"\\u00e9\\n X\"\n", 'X', 1, 14),
        ("k: \"a \\\n   X\"\n", 'X', 2, 4),
        ("k: a\n  b X\n", 'X', 2, 5),
        ("k: |\n  a\n    X\n", 'X', 3, 5),
        ("k: >\n  a\n  b X\n", 'X', 3, 5),
        ("k: >-\n\n  a\n\n  b X\n", 'X', 5, 5),
        ("k: |\r\n  a\r\n  X\r\n", 'X', 3, 3),
    ] {
        let node = tree(text);
        let value = &node.entry("k").unwrap().value;
        let scalar = value.scalar().unwrap();
        let index = scalar.text.chars().position(|c| c == at).unwrap();
        let place = scalar.place_of(&value.place.file, index, 1);
        assert_eq!((place.line, place.column), (line, column), "{text:?}");
    }
}

#[test]
fn layout_quotes_comments_and_key_order_do_not_change_the_meaning() {
    let one = tree("a: 1\nb: { c: 'x', d: [1, 2] }\n");
    let two = tree("# note\n\"b\":\n  d:\n    - 1\n    - 2\n  c: x\na: 1\n");
    assert_eq!(canonical(&one), canonical(&two));
    assert_eq!(canonical(&one), r#"{"a":1,"b":{"c":"x","d":[1,2]}}"#);
    assert_ne!(canonical(&one), canonical(&tree("a: 1\nb: { c: x, d: [2, 1] }\n")));
    assert_ne!(canonical(&tree("a: 1\n")), canonical(&tree("a: '1'\n")));
}

/// A small generator of its own keeps the run the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

#[test]
fn no_mutilated_file_brings_the_reader_down() {
    let sample =
        "flow: a\nnodes:\n  b: { say: \"x {{ y }}\", then: [1, 'z'] }\n  c: |\n    text\n  d: >-\n    x\n";
    let spice: Vec<char> = "\n \t:-?[]{},&*!|>'\"%@`#~0aé\u{0}\u{2028}\\<=\r.".chars().collect();
    let mut dice = Dice(7);
    for _ in 0..20_000 {
        let mut text: Vec<char> = sample.chars().collect();
        for _ in 0..1 + dice.roll(6) {
            let at = dice.roll(text.len());
            match dice.roll(3) {
                0 => text[at] = spice[dice.roll(spice.len())],
                1 => text.insert(at, spice[dice.roll(spice.len())]),
                _ => text.truncate(at.max(1)),
            }
        }
        found(&text.into_iter().collect::<String>());
    }
}

#[test]
fn a_file_that_is_large_and_strange_does_not_hang_the_reader() {
    let fill = |piece: &str| piece.repeat(1_000_000 / piece.len());
    let files = [
        fill("{"),
        fill("- "),
        fill("? "),
        fill("a: "),
        fill("x"),
        fill("a\n"),
        fill("[a, "),
        fill("#"),
        fill("\n"),
        format!("a: \"{}\"", fill("\\x41")),
        format!("a: '{}'", fill("''")),
        format!("a: |\n{}", fill("  x\n")),
        format!("a: >\n{}", fill("  x\n\n")),
        (0..60_000).map(|n| format!("k{n}: {n}\n")).collect(),
        (0..60_000).map(|n| format!("k{}: {n}\n", n % 10)).collect(),
    ];
    for text in files {
        // Reading in more than linear time would not come back within the patience of anybody.
        found(&text);
    }
}
