//! How a run of tests is written.

use std::time::Duration;

use convene_core::testing::{Outcome, Tested};
use serde_json::{Value, json};

use super::{Ran, coverage};
use crate::args::TestFormat;
use crate::findings::Wrong;
use crate::junit::{self, TestResult, Verdict};
use crate::paint::Paint;

/// For people: what failed, and how many of each.
pub(super) fn text(tested: &[Tested], unreadable: bool, took: Duration) {
    let paint = Paint::stdout();
    let mut counts = [0_usize; 4];
    for one in tested {
        let (at, word, why) = match &one.outcome {
            Outcome::Pass => {
                counts[0] += 1;
                continue;
            }
            Outcome::Fail(why) => (1, paint.yellow("FAIL "), why.as_str()),
            Outcome::Error(why) => (2, paint.yellow("ERROR"), why.as_str()),
            Outcome::Skipped => (3, paint.dim("SKIP "), ""),
        };
        counts[at] += 1;
        println!("{word} {}:{} {}", one.file, one.line, paint.bold(&one.name));
        for line in why.lines() {
            println!("      {line}");
        }
    }
    let [passed, failed, errors, skipped] = counts;
    println!(
        "{} tests: {passed} passed, {failed} failed, {errors} errors, {skipped} skipped ({:.2} s)",
        tested.len(),
        took.as_secs_f64()
    );
    if tested.is_empty() && !unreadable {
        println!(
            "Tests are rules/NAME.cases.yaml and functions test_… in rules/NAME_test.rhai, beside rules/NAME.rhai."
        );
    }
}

impl Ran<'_> {
    /// Writes everything that came of it, whatever went wrong.
    pub(super) fn print(&self, format: TestFormat, took: Duration) {
        match format {
            TestFormat::Text => {
                self.reports.iter().for_each(|(_, report)| coverage::text(report));
                text(&self.tested, !self.wrong.is_empty(), took);
            }
            TestFormat::Json => println!("{}", self.document()),
            TestFormat::Junit => print!("{}", self.junit()),
            TestFormat::Lcov => {
                for (target, report) in &self.reports {
                    print!("{}", coverage::lcov(&target.root, report));
                }
            }
        }
    }

    fn document(&self) -> Value {
        let all = self.tested.iter().map(|one| {
            let (outcome, detail) = match &one.outcome {
                Outcome::Pass => ("pass", ""),
                Outcome::Fail(why) => ("fail", why.as_str()),
                Outcome::Error(why) => ("error", why.as_str()),
                Outcome::Skipped => ("skipped", ""),
            };
            json!({ "file": one.file, "line": one.line, "name": one.name, "outcome": outcome, "detail": detail })
        });
        let wrong: Vec<&Value> = self.wrong.iter().map(Wrong::json).collect();
        let mut document = json!({ "tests": all.collect::<Vec<_>>(), "findings": wrong });
        if !self.reports.is_empty() {
            document["coverage"] =
                self.reports.iter().map(|(_, report)| coverage::document(report)).collect();
        }
        document
    }

    fn junit(&self) -> String {
        let results = self.tested.iter().map(|one| TestResult {
            name: one.name.clone(),
            within: one.file.clone(),
            took: Duration::ZERO,
            verdict: match &one.outcome {
                Outcome::Pass => Verdict::Passed,
                Outcome::Fail(why) => Verdict::Failure(why),
                Outcome::Error(why) => Verdict::Error(why),
                Outcome::Skipped => Verdict::Skipped,
            },
        });
        let wrong = self.wrong.iter().filter_map(Wrong::result);
        junit::document("rules", &results.chain(wrong).collect::<Vec<_>>())
    }
}
