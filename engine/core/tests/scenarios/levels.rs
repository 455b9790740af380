//! The optimizer of the rule engine changes no decision: at every level every scenario goes the same way.

use std::sync::Arc;

use convene_core::rules::{Host, OptimizationLevel};

use super::common;

#[test]
fn rules_decide_the_same_at_every_level_of_the_optimizer() {
    let plain = Arc::new(Host::new());
    for level in [OptimizationLevel::Simple, OptimizationLevel::Full] {
        let optimized = Arc::new(Host::with_optimization(level));
        for file in common::scenarios().iter().filter(|f| f.name != "a-hostile-rule-takes-the-error-path") {
            let (expected, found) =
                (file.play_with(&plain).transcript, file.play_with(&optimized).transcript);
            assert!(expected == found, "{} at {level:?}:\n{}", file.name, common::diff(&expected, &found));
        }
    }
}
