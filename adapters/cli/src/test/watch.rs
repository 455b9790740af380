//! `--watch`: tests again whenever a file changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use convene_core::testing;

use super::mutate::about;
use super::results::text;
use super::{Target, Wanted};
use crate::paint::Paint;
use crate::place;

/// How often the files are looked at. A change is tested well within 200 ms.
const LOOK_EVERY: Duration = Duration::from_millis(60);

/// Tests now, and again after every change, until it is stopped.
pub(super) fn watch(paths: &[PathBuf], wanted: Wanted<'_>) -> ExitCode {
    let mut before = BTreeMap::new();
    loop {
        let now = snapshot(paths);
        if now != before {
            let first = before.is_empty();
            let changed: Vec<String> = changed(&before, &now);
            for path in paths {
                again(path, &changed, first, wanted);
            }
            before = now;
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// Tests what a change can affect: the tests of a file that was changed, all of them when a flow or the centre was.
fn again(path: &Path, changed: &[String], first: bool, wanted: Wanted<'_>) {
    let begun = Instant::now();
    let mut target = match Target::read(path) {
        Ok(target) => target,
        Err(problem) => {
            eprintln!("convene: {problem}");
            return;
        }
    };
    if !first && changed.iter().all(|file| file.starts_with("rules/")) {
        target.tests.retain(|test, _| changed.iter().any(|file| file == test || about(test, file)));
    }
    if !first {
        println!("{}", Paint::stdout().dim(&format!("{} changed", changed.join(", "))));
    }
    let deployment = match target.deployment(None) {
        Ok(deployment) => deployment,
        Err(findings) => {
            eprint!("{}", target.not_valid(&findings));
            return;
        }
    };
    let (tested, findings) = target.run(&deployment, wanted);
    eprint!("{}", findings.render(&target.tests));
    text(&tested, !findings.is_empty(), begun.elapsed());
}

/// The files and when they were written.
fn snapshot(paths: &[PathBuf]) -> BTreeMap<String, (SystemTime, u64)> {
    let mut files = BTreeMap::new();
    for path in paths {
        let root = place::within(path).map_or_else(|| path.clone(), |place| place.root);
        for folder in ["flows", "rules"] {
            for entry in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let known =
                    [".yaml", ".rhai", ".csv", testing::CASES].iter().any(|ending| name.ends_with(ending));
                if let (true, Ok(data)) = (known, entry.metadata()) {
                    let at = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    files.insert(format!("{folder}/{name}"), (at, data.len()));
                }
            }
        }
    }
    files
}

fn changed<T: PartialEq>(before: &BTreeMap<String, T>, now: &BTreeMap<String, T>) -> Vec<String> {
    let touched = now.iter().filter(|(file, at)| before.get(*file) != Some(at)).map(|(file, _)| file);
    let gone = before.keys().filter(|file| !now.contains_key(*file));
    touched.chain(gone).cloned().collect()
}
