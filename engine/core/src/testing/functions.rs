//! Functions `test_…` of a file beside the rules they test.

use super::{Outcome, Suite, Tested, broke};
use crate::diagnostic::{Finding, Findings, Place, codes};
use crate::rules::{Facts, RuleError, RuleFile};
use crate::yaml;

/// What the name of a test begins with.
const TEST: &str = "test_";
/// What the name of a test begins with that is still to be made true.
const TODO: &str = "todo_";

impl Suite<'_> {
    pub(super) fn functions(
        &self,
        file: &str,
        rules: &RuleFile,
        text: &str,
        findings: &mut Findings,
        tested: &mut Vec<Tested>,
    ) {
        let mut text = text.to_owned();
        yaml::without_mark(&mut text);
        let tests = match self.host.tests(file, &text, rules) {
            Ok(tests) => tests,
            Err(problem) => {
                let mut place = Place::start_of(file);
                (place.line, place.column) = (problem.line.unwrap_or(1), problem.column.unwrap_or(1));
                findings.push(Finding::error(codes::RULE_SYNTAX, &place, problem.message));
                return;
            }
        };
        for function in tests.functions() {
            let todo = function.name.starts_with(TODO);
            let name = function.name.trim_start_matches(TEST).trim_start_matches(TODO).replace('_', " ");
            let is_test = (todo || function.name.starts_with(TEST)) && function.params.is_empty();
            if !is_test || !(self.wanted)(&name) {
                continue;
            }
            let outcome = if todo { Outcome::Skipped } else { self.one(&tests, &function.name, rules) };
            tested.push(Tested { file: file.to_owned(), line: function.line, name, outcome });
        }
    }

    fn one(&self, tests: &RuleFile, function: &str, rules: &RuleFile) -> Outcome {
        match self.host.call(tests, function, &Facts::new()) {
            Ok(_) => Outcome::Pass,
            Err(problem) => broke(&at_home(problem, tests, rules)),
        }
    }
}

/// Names the file of each function that was being run. The two files are run as one, so the engine names the test's.
fn at_home(mut problem: RuleError, tests: &RuleFile, rules: &RuleFile) -> RuleError {
    let functions = rules.functions();
    let is_rule = |frame: &str| functions.iter().any(|f| frame.split(' ').next() == Some(&f.name));
    if problem.stack.first().is_some_and(|frame| is_rule(frame)) {
        problem.file = Some(rules.file().to_owned());
    }
    for frame in problem.stack.iter_mut().filter(|frame| is_rule(frame)) {
        *frame = frame.replace(tests.file(), rules.file());
    }
    problem
}
