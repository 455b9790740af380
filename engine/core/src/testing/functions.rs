//! Functions `test_…` of a file beside the rules they test.

use super::{Outcome, Suite, Tested, broke};
use crate::diagnostic::{Finding, Findings, Place, codes};
use crate::rules::{Facts, RuleError, RuleFile, RuleFunction};
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
        let all = tests.functions();
        for function in all.iter().filter(|f| never_run(f, &text)) {
            let place = Place { line: function.line, ..Place::start_of(file) };
            let message = format!("`{}` is no test, and nothing calls it", function.name);
            let cure = "a test has no parameters, and its name begins with `test_`";
            findings.push(Finding::warning(codes::NEVER_RUN, &place, message).cure(cure));
        }
        for function in all {
            let todo = function.name.starts_with(TODO);
            let name = function.name.trim_start_matches(TEST).trim_start_matches(TODO).replace('_', " ");
            let is_test = (todo || function.name.starts_with(TEST)) && function.params.is_empty();
            let wanted = || (self.wanted)(&name) || (self.wanted)(&function.name);
            if !is_test || !wanted() {
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

/// Whether a function of a file of tests is none itself, and nothing in the file says its name once more.
fn never_run(function: &RuleFunction, text: &str) -> bool {
    let named = |prefix| function.name.starts_with(prefix);
    let is_test = (named(TEST) || named(TODO)) && function.params.is_empty();
    let word = |c: char| !c.is_alphanumeric() && c != '_';
    // A function with parameters and a name of its own helps tests that are still to be written.
    let meant = named(TEST) || named(TODO) || function.params.is_empty();
    meant && !is_test && text.split(word).filter(|said| *said == function.name).count() < 2
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
