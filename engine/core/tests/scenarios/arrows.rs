//! Every arrow of the state table (`domain.md` section 1.8) is walked by some scenario.

use std::collections::BTreeSet;

use convene_core::conversation::table::ARROWS;

use super::common;

/// Arrows that the default controller never takes, and why.
const NEVER: &[(&str, &str)] = &[
    (
        "CREATED → WRAP_UP",
        "the default controller ends a conversation that nobody is in before an agent can come",
    ),
    ("CREATED → CUSTOMER_LEFT", "as above, without wrap-up"),
    ("CUSTOMER_LEFT → INACTIVE", "without wrap-up an agent is present as long as the state lasts"),
];

/// Moves that scenarios made, as the decision log writes them.
fn walked() -> BTreeSet<String> {
    let mut walked = BTreeSet::new();
    for file in common::scenarios() {
        for line in file.play().fired.iter().flat_map(|f| &f.trace).filter(|l| l.at == "state") {
            if line.what.contains(" → ") {
                assert!(!line.why.contains("no arrow"), "{}: {} is no arrow", file.name, line.what);
                walked.insert(line.what.clone());
            }
        }
    }
    walked
}

#[test]
fn every_arrow_is_walked_or_excused() {
    let walked = walked();
    let arrows = ARROWS.iter().map(|(from, to, _)| format!("{} → {}", from.as_str(), to.as_str()));
    let excused = |arrow: &String| NEVER.iter().any(|(never, _)| never == arrow);
    let missing: Vec<String> = arrows.filter(|a| !walked.contains(a) && !excused(a)).collect();
    assert!(missing.is_empty(), "arrows no scenario walks: {missing:#?}");
    let needless: Vec<_> = NEVER.iter().filter(|(never, _)| walked.contains(*never)).collect();
    assert!(needless.is_empty(), "excused and walked all the same: {needless:#?}");
}
