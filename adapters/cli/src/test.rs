//! `convene test`: the cases and tests of the rules.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use convene_core::deployment::Deployment;
use convene_core::diagnostic::Findings;
use convene_core::testing::{self, Outcome, Tested};
use convene_runtime::deployments;
use regex::Regex;
use serde_json::json;

use crate::args::{ResultFormat, TestArgs};
use crate::exit;
use crate::junit::{self, TestResult, Verdict};
use crate::paint::Paint;

/// Tests everything that is named.
pub(crate) fn test(args: &TestArgs) -> ExitCode {
    let filter = match args.filter.as_deref().map(Regex::new).transpose() {
        Ok(filter) => filter,
        Err(problem) => return exit::environment(&format!("--filter is no regular expression: {problem}")),
    };
    let wanted = |name: &str| filter.as_ref().is_none_or(|filter| filter.is_match(name));
    let here = [PathBuf::from(".")];
    let paths: &[PathBuf] = if args.paths.is_empty() { &here } else { &args.paths };
    let begun = Instant::now();
    let (mut tested, mut unreadable) = (Vec::new(), false);
    for path in paths {
        match folder(path, &wanted) {
            Ok((more, findings)) => {
                unreadable |= !findings.is_empty();
                eprint!("{findings}");
                tested.extend(more);
            }
            Err(problem) => return exit::environment(&problem),
        }
    }
    match args.format {
        ResultFormat::Text => text(&tested, unreadable, begun.elapsed()),
        ResultFormat::Json => println!("{}", document(&tested)),
        ResultFormat::Junit => print!("{}", junit(&tested)),
    }
    let bad = |t: &Tested| matches!(t.outcome, Outcome::Fail(_) | Outcome::Error(_));
    if unreadable || tested.iter().any(bad) { exit::findings() } else { exit::success() }
}

/// Runs the tests of a deployment, or of one file in it. Gives what cannot be read too, as text.
fn folder(path: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<(Vec<Tested>, String), String> {
    if !path.exists() {
        return Err(format!("{}: there is no such file or folder", path.display()));
    }
    let (root, only) = if path.is_dir() { (path.to_owned(), None) } else { of_file(path)? };
    let files = deployments::read_folder(&root).map_err(|e| e.to_string())?;
    let loaded = Deployment::load(files.clone());
    let Some(deployment) = loaded.deployment else {
        return Ok((
            Vec::new(),
            loaded.findings.render(&files) + "the deployment is not valid; nothing was tested\n",
        ));
    };
    let mut tests = deployments::read_tests(&root).map_err(|e| e.to_string())?;
    if let Some(only) = only {
        tests.retain(|file, _| *file == only);
    }
    let mut findings = Findings::new();
    let tested = testing::run(&deployment, &tests, wanted, &mut findings);
    Ok((tested, findings.render(&tests)))
}

/// The deployment a file of tests belongs to, and its name there.
fn of_file(path: &Path) -> Result<(PathBuf, Option<String>), String> {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let rules = path.parent().filter(|p| p.file_name().is_some_and(|n| n == "rules"));
    match rules {
        Some(rules) if name.ends_with(testing::CASES) || name.ends_with(testing::TESTS) => {
            let root = rules.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Ok((root.to_owned(), Some(format!("rules/{name}"))))
        }
        _ => Err(format!(
            "{}: tests are rules/*{} and rules/*{}",
            path.display(),
            testing::CASES,
            testing::TESTS
        )),
    }
}

fn text(tested: &[Tested], unreadable: bool, took: Duration) {
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

fn document(tested: &[Tested]) -> serde_json::Value {
    let all = tested.iter().map(|one| {
        let (outcome, detail) = match &one.outcome {
            Outcome::Pass => ("pass", ""),
            Outcome::Fail(why) => ("fail", why.as_str()),
            Outcome::Error(why) => ("error", why.as_str()),
            Outcome::Skipped => ("skipped", ""),
        };
        json!({ "file": one.file, "line": one.line, "name": one.name, "outcome": outcome, "detail": detail })
    });
    json!({ "tests": all.collect::<Vec<_>>() })
}

fn junit(tested: &[Tested]) -> String {
    let results = tested.iter().map(|one| TestResult {
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
    junit::document("rules", &results.collect::<Vec<_>>())
}
