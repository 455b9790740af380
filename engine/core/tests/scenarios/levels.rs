//! The optimizer of the rule engine changes no decision: at every level every scenario goes the same way.

use convene_core::rules::OptimizationLevel;

use super::common;

#[test]
fn rules_decide_the_same_at_every_level_of_the_optimizer() {
    for level in [OptimizationLevel::Simple, OptimizationLevel::Full] {
        for file in common::scenarios().iter().filter(|f| f.name != "a-hostile-rule-takes-the-error-path") {
            let (expected, found) = (file.play().transcript, file.play_at(level).transcript);
            assert!(expected == found, "{} at {level:?}:\n{}", file.name, common::diff(&expected, &found));
        }
    }
}
