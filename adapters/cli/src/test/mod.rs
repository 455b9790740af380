//! `convene test`: the cases and tests of the rules, what they cover, and what they would not notice.

mod coverage;
mod mutate;
mod results;
mod scenarios;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use convene_core::coverage::{Recorder, Report};
use convene_core::deployment::Deployment;
use convene_core::diagnostic::Findings;
use convene_core::rules::Host;
use convene_core::testing::{self, Tested};
use convene_runtime::deployments;
use regex::Regex;

use crate::args::{self, TestArgs, TestFormat};
use crate::findings::Wrong;
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
        return match args.format {
            TestFormat::Text | TestFormat::Json => mutate::mutate(&targets, args),
            _ => exit::environment("--mutate writes --format text or json"),
        };
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
        Err(findings) => return Ok(Err(target.not_valid(&findings))),
    };
    if let Some(recorder) = recorder {
        target.run(&deployment, &|_| true);
        scenarios::count(&target, None, recorder)?;
    }
    Ok(Ok(deployment))
}

/// What came of a run.
#[derive(Default)]
struct Ran<'t> {
    tested: Vec<Tested>,
    wrong: Vec<Wrong>,
    /// What was walked, when that is asked.
    reports: Vec<(&'t Target, Report)>,
}

fn once(targets: &[Target], args: &TestArgs, wanted: Wanted<'_>) -> ExitCode {
    let begun = Instant::now();
    let covers = args.coverage || args.min.is_some() || args.format == TestFormat::Lcov;
    let mut ran = Ran::default();
    for target in targets {
        ran.run(target, covers.then(|| Arc::new(Recorder::new())), args, wanted);
    }
    if let (Some(filter), true) = (&args.filter, ran.tested.is_empty() && ran.wrong.is_empty()) {
        return exit::environment(&format!("--filter {filter} finds nothing in the name of any test"));
    }
    ran.print(args.format, begun.elapsed());
    if !ran.wrong.is_empty() || ran.tested.iter().any(Tested::is_bad) {
        return exit::findings();
    }
    let least = ran.reports.iter().map(|(_, report)| report.nodes_percent().min(report.ways_percent())).min();
    match (args.min, least) {
        (Some(min), Some(least)) if least < min => {
            eprintln!("convene: coverage is {least} %, less than {min} %");
            exit::coverage()
        }
        _ => exit::success(),
    }
}

impl<'t> Ran<'t> {
    /// Runs the tests of a target and, with a recorder, its scenarios.
    fn run(
        &mut self,
        target: &'t Target,
        recorder: Option<Arc<Recorder>>,
        args: &TestArgs,
        wanted: Wanted<'_>,
    ) {
        let deployment = match target.deployment(recorder.as_ref()) {
            Ok(deployment) => deployment,
            Err(findings) => {
                eprint!("{}", target.not_valid(&findings));
                return self.wrong.extend(Wrong::all(&findings, &target.files));
            }
        };
        let (tested, findings) = target.run(&deployment, wanted);
        eprint!("{}", findings.render(&target.tests));
        self.tested.extend(tested);
        self.wrong.extend(Wrong::all(&findings, &target.tests));
        let Some(recorder) = recorder else { return };
        if let Err(problem) = scenarios::count(target, args.scenarios.as_deref(), &recorder) {
            eprintln!("{problem}");
            self.wrong.push(Wrong::told(problem));
        }
        self.reports.push((target, recorder.report(&deployment)));
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
    fn deployment(&self, recorder: Option<&Arc<Recorder>>) -> Result<Deployment, Findings> {
        let host = recorder.map_or_else(Host::new, |recorder| Host::recording(recorder.clone()));
        let loaded = Deployment::load_with(self.files.clone(), Arc::new(host));
        let Some(mut deployment) = loaded.deployment else {
            return Err(loaded.findings);
        };
        deployment.recorder = recorder.cloned();
        Ok(deployment)
    }

    /// Why nothing is run, for people.
    fn not_valid(&self, findings: &Findings) -> String {
        findings.render(&self.files) + "the deployment is not valid; nothing was run\n"
    }

    /// Runs the tests, the files side by side. Gives what cannot be read too.
    fn run(&self, deployment: &Deployment, wanted: Wanted<'_>) -> (Vec<Tested>, Findings) {
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
        (tested, findings)
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
