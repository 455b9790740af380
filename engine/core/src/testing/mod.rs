//! Tests of rules: the cases of `rules/*.cases.yaml` and the functions `test_…` of `rules/*_test.rhai`.
//!
//! A wrong answer is a FAIL, a rule that breaks is an ERROR: the first says that the rule and its test disagree, the second
//! that nobody knows what the rule decides.

mod cases;
mod functions;
mod mutants;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::check::FactNames;
use crate::conversation::blank_facts;
use crate::coverage::Recorder;
use crate::deployment::Deployment;
use crate::diagnostic::{Finding, Findings, Place, codes};
use crate::rules::{FAILED, Host, Json, RuleError, RuleErrorKind, RuleFile};
use crate::table::Table;

pub use mutants::{Mutant, mutants};

/// How a file of cases ends; before it stands the name of the rule file.
pub const CASES: &str = ".cases.yaml";
/// How a file of test functions ends.
pub const TESTS: &str = "_test.rhai";

/// A test and how it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// File it stands in, relative to the deployment.
    pub file: String,
    /// Line it begins on, from 1.
    pub line: u32,
    /// Its name.
    pub name: String,
    /// How it went.
    pub outcome: Outcome,
}

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// As it should.
    Pass,
    /// The rule answers otherwise: how.
    Fail(String),
    /// The rule, or the test itself, broke: why.
    Error(String),
    /// It is a `todo`.
    Skipped,
}

impl Tested {
    /// Whether it did not go as it should.
    pub fn is_bad(&self) -> bool {
        matches!(self.outcome, Outcome::Fail(_) | Outcome::Error(_))
    }
}

/// Runs the tests of a deployment whose name `wanted` likes, in the order of files and lines.
///
/// `files` are the files of the folder `rules` by path. What cannot be read is found and left out.
pub fn run(
    deployment: &Deployment,
    files: &BTreeMap<String, String>,
    wanted: &dyn Fn(&str) -> bool,
    findings: &mut Findings,
) -> Vec<Tested> {
    let blank = blank_facts(deployment);
    let names = Arc::new(FactNames::of(deployment));
    let known = names.clone();
    let mut host = Host::for_tests(blank.clone(), Box::new(move |given| known.first_unknown(given)));
    host.record(deployment.recorder.clone());
    let suite = Suite {
        blank,
        names,
        host,
        files: &deployment.files,
        recorder: deployment.recorder.as_deref(),
        wanted,
    };
    let mut tested = Vec::new();
    for (file, text) in files {
        let Some(name) = file.strip_prefix("rules/") else { continue };
        let (stem, cases) = match (name.strip_suffix(CASES), name.strip_suffix(TESTS)) {
            (Some(stem), _) => (stem, true),
            (_, Some(stem)) => (stem, false),
            _ => continue,
        };
        let subject = Subject { rules: deployment.rules.get(stem), table: deployment.tables.get(stem) };
        match (cases, &subject) {
            (true, Subject { rules: Some(_), .. } | Subject { table: Some(_), .. }) => {
                suite.cases(file, &subject, text, findings, &mut tested);
            }
            (false, Subject { rules: Some(rules), .. }) => {
                suite.functions(file, rules, text, findings, &mut tested);
            }
            _ => {
                let message = format!("these are tests of rules/{stem}.rhai, which is not there");
                findings.push(Finding::error(codes::UNKNOWN_RULE_FILE, &Place::start_of(file), message));
            }
        }
    }
    tested
}

/// What a file of tests is about: the rules and the table of its name.
struct Subject<'s> {
    rules: Option<&'s RuleFile>,
    table: Option<&'s Table>,
}

/// What all tests share.
struct Suite<'s> {
    blank: Json,
    names: Arc<FactNames>,
    host: Host,
    /// The files of the deployment.
    files: &'s BTreeMap<String, String>,
    recorder: Option<&'s Recorder>,
    wanted: &'s dyn Fn(&str) -> bool,
}

/// A failure of the rule engine as an outcome.
fn broke(error: &RuleError) -> Outcome {
    let at = |text: &str| match (&error.file, error.line) {
        (Some(file), Some(line)) => format!("{file}:{line}: {text}"),
        _ => text.to_owned(),
    };
    match error.message.strip_prefix(FAILED) {
        Some(why) if error.kind == RuleErrorKind::Run => Outcome::Fail(at(why)),
        _ => {
            let calls = error.stack.iter().skip(1).map(|frame| format!("\n  called by {frame}"));
            Outcome::Error(std::iter::once(at(&error.message)).chain(calls).collect())
        }
    }
}
