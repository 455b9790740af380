//! `convene test`: the cases and tests of the rules, what they cover, and what they would not notice.

mod coverage;
mod mutate;
mod scenarios;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use convene_core::coverage::{Recorder, Report};
use convene_core::deployment::Deployment;
use convene_core::diagnostic::Findings;
use convene_core::rules::Host;
use convene_core::testing::{self, Outcome, Tested};
use convene_runtime::deployments;
use regex::Regex;
use serde_json::json;

use crate::args::{self, TestArgs, TestFormat};
use crate::junit::{self, TestResult, Verdict};
use crate::paint::Paint;
use crate::{exit, place};

/// Which tests are wanted, by name.
type Wanted<'w> = &'w (dyn Fn(&str) -> bool + Sync);

/// A deployment and its tests, as files.
pub(super) struct Target {
    root: PathBuf,
    files: BTreeMap<String, String>,
    tests: BTreeMap<String, String>,
}

/// Tests everything that is named.
pub(crate) fn test(args: &TestArgs) -> ExitCode {
    let filter = match args.filter.as_deref().map(Regex::new).transpose() {
        Ok(filter) => filter,
        Err(problem) => return exit::environment(&format!("--filter is no regular expression: {problem}")),
    };
    let wanted = |name: &str| filter.as_ref().is_none_or(|filter| filter.is_match(name));
    let paths = &args::paths(&args.paths);
    if let Some(folder) = args.scenarios.as_deref().filter(|folder| !folder.is_dir()) {
        return exit::environment(&format!("--scenarios {}: there is no such folder", folder.display()));
    }
    let targets = || paths.iter().map(|path| Target::read(path)).collect::<Result<Vec<Target>, String>>();
    let targets = match targets() {
        Ok(targets) => targets,
        Err(problem) => return exit::environment(&problem),
    };
    if args.watch {
        return watch::watch(paths, &wanted);
    }
    if args.mutate {
        return mutate::mutate(&targets, args);
    }
    once(&targets, args, &wanted)
}

/// A deployment and, with a recorder, what its tests and scenarios walk. The inner error is what is wrong with it.
pub(crate) fn walked(
    dir: &Path,
    recorder: Option<&Arc<Recorder>>,
) -> Result<Result<Deployment, String>, String> {
    let target = Target::read(dir)?;
    let deployment = match target.deployment(recorder) {
        Ok(deployment) => deployment,
        Err(findings) => return Ok(Err(findings)),
    };
    if let Some(recorder) = recorder {
        target.run(&deployment, &|_| true);
        scenarios::count(&target, None, recorder)?;
    }
    Ok(Ok(deployment))
}

fn once(targets: &[Target], args: &TestArgs, wanted: Wanted<'_>) -> ExitCode {
    let begun = Instant::now();
    let covers = args.coverage || args.min.is_some() || args.format == TestFormat::Lcov;
    let (mut tested, mut unreadable) = (Vec::new(), false);
    let mut reports: Vec<(&Target, Report)> = Vec::new();
    for target in targets {
        let recorder = covers.then(|| Arc::new(Recorder::new()));
        let ran = match target.deployment(recorder.as_ref()) {
            Ok(deployment) => (target.run(&deployment, wanted), Some(deployment)),
            Err(findings) => ((Vec::new(), findings), None),
        };
        let ((more, findings), deployment) = ran;
        eprint!("{findings}");
        unreadable |= !findings.is_empty();
        tested.extend(more);
        let Some(deployment) = deployment else { continue };
        if let Some(recorder) = recorder {
            if let Err(problem) = scenarios::count(target, args.scenarios.as_deref(), &recorder) {
                return exit::environment(&problem);
            }
            reports.push((target, recorder.report(&deployment)));
        }
    }
    match args.format {
        TestFormat::Text => {
            reports.iter().for_each(|(_, report)| coverage::text(report));
            text(&tested, unreadable, begun.elapsed());
        }
        TestFormat::Json => println!("{}", document(&tested, &reports)),
        TestFormat::Junit => print!("{}", junit(&tested)),
        TestFormat::Lcov => {
            reports.iter().for_each(|(target, report)| print!("{}", coverage::lcov(&target.root, report)))
        }
    }
    if unreadable || tested.iter().any(Tested::is_bad) {
        return exit::findings();
    }
    let least = reports.iter().map(|(_, report)| report.nodes_percent().min(report.ways_percent())).min();
    match (args.min, least) {
        (Some(min), Some(least)) if least < min => {
            eprintln!("convene: coverage is {least} %, less than {min} %");
            exit::coverage()
        }
        _ => exit::success(),
    }
}

impl Target {
    /// A folder, or one file of tests in it.
    fn read(path: &Path) -> Result<Self, String> {
        if !path.exists() {
            return Err(format!("{}: there is no such file or folder", path.display()));
        }
        let (root, only) = if path.is_dir() { (path.to_owned(), None) } else { of_file(path)? };
        let files = deployments::read_folder(&root).map_err(|e| e.to_string())?;
        let mut tests = deployments::read_tests(&root).map_err(|e| e.to_string())?;
        if let Some(only) = only {
            tests.retain(|file, _| *file == only);
        }
        Ok(Self { root, files, tests })
    }

    /// The deployment, counted when there is a recorder; what is wrong with it otherwise.
    fn deployment(&self, recorder: Option<&Arc<Recorder>>) -> Result<Deployment, String> {
        let host = recorder.map_or_else(Host::new, |recorder| Host::recording(recorder.clone()));
        let loaded = Deployment::load_with(self.files.clone(), Arc::new(host));
        let Some(mut deployment) = loaded.deployment else {
            return Err(
                loaded.findings.render(&self.files) + "the deployment is not valid; nothing was run\n"
            );
        };
        deployment.recorder = recorder.cloned();
        Ok(deployment)
    }

    /// Runs the tests, the files side by side. Gives what cannot be read too, as text.
    fn run(&self, deployment: &Deployment, wanted: Wanted<'_>) -> (Vec<Tested>, String) {
        let files: Vec<(&String, &String)> = self.tests.iter().collect();
        let threads = thread::available_parallelism().map_or(1, usize::from).clamp(1, files.len().max(1));
        let share = files.len().div_ceil(threads).max(1);
        let one = |files: &[(&String, &String)]| {
            let files = files.iter().map(|(file, text)| ((*file).clone(), (*text).clone())).collect();
            let mut findings = Findings::new();
            let tested = testing::run(deployment, &files, wanted, &mut findings);
            (tested, findings)
        };
        let mut tested = Vec::new();
        let mut findings = Findings::new();
        thread::scope(|scope| {
            let running: Vec<_> = files.chunks(share).map(|files| scope.spawn(move || one(files))).collect();
            for (more, found) in running.into_iter().filter_map(|thread| thread.join().ok()) {
                tested.extend(more);
                findings.extend(found);
            }
        });
        (tested, findings.render(&self.tests))
    }
}

/// The deployment a file of tests belongs to, and its name there.
fn of_file(path: &Path) -> Result<(PathBuf, Option<String>), String> {
    let tests = |name: &str| name.ends_with(testing::CASES) || name.ends_with(testing::TESTS);
    match place::within(path) {
        Some(place) if place.folder == "rules" && tests(&place.name) => {
            let file = place.path();
            Ok((place.root, Some(file)))
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

fn document(tested: &[Tested], reports: &[(&Target, Report)]) -> serde_json::Value {
    let all = tested.iter().map(|one| {
        let (outcome, detail) = match &one.outcome {
            Outcome::Pass => ("pass", ""),
            Outcome::Fail(why) => ("fail", why.as_str()),
            Outcome::Error(why) => ("error", why.as_str()),
            Outcome::Skipped => ("skipped", ""),
        };
        json!({ "file": one.file, "line": one.line, "name": one.name, "outcome": outcome, "detail": detail })
    });
    let mut document = json!({ "tests": all.collect::<Vec<_>>() });
    if !reports.is_empty() {
        document["coverage"] = reports.iter().map(|(_, report)| coverage::document(report)).collect();
    }
    document
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
