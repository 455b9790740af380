//! `convene simulate`: scenarios in virtual time, each compared with the transcript kept beside it.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use convene_core::deployment::Deployment;
use convene_core::diagnostic::{Findings, Severity};
use convene_core::rules::Host;
use convene_core::simulate::{Scenario, play};
use convene_runtime::deployments;
use serde_json::json;
use similar::TextDiff;

use crate::args::{ResultFormat, SimulateArgs};
use crate::findings::Wrong;
use crate::junit::{self, TestResult, Verdict};
use crate::paint::Paint;
use crate::{exit, parallel};

/// Lines around a change that show where it is.
const CONTEXT: usize = 3;

/// How a scenario went.
enum Outcome {
    /// As its transcript says.
    AsBefore,
    /// Otherwise: the difference.
    Changed(String),
    /// It has no transcript: this would be one.
    New(String),
    /// Its transcript was written.
    Kept,
    /// It does not meet what it expects: where, and what is.
    Unmet(String),
    /// It cannot be played: why.
    Broken(String),
}

/// A played scenario.
struct Played {
    path: PathBuf,
    outcome: Outcome,
    took: Duration,
}

/// Plays everything that is named.
pub(crate) fn simulate(args: &SimulateArgs) -> ExitCode {
    let begun = Instant::now();
    let paths = match found(&args.scenarios) {
        Ok(paths) => paths,
        Err(problem) => return exit::environment(&problem),
    };
    let files = match deployments::read_folder(&args.dir) {
        Ok(files) => files,
        Err(problem) => return exit::environment(&problem.to_string()),
    };
    let loaded = Deployment::load(files.clone());
    if loaded.deployment.is_none() {
        eprintln!("{}", loaded.findings.render(&files));
        eprintln!("convene: the deployment in {} is not valid; nothing was played", args.dir.display());
        let wrong = Wrong::all(&loaded.findings, &files);
        if args.format != ResultFormat::Text {
            print(&[], &wrong, args.format, begun);
        }
        return exit::findings();
    }
    let played = play_all(&paths, &Stage { files, update: args.update, loaded: Mutex::default() });
    print(&played, &[], args.format, begun);
    // One without a transcript checks nothing: a transcript that was lost must not pass.
    let bad = |p: &Played| !matches!(p.outcome, Outcome::AsBefore | Outcome::Kept);
    if played.iter().any(bad) { exit::findings() } else { exit::success() }
}

fn print(played: &[Played], wrong: &[Wrong], format: ResultFormat, begun: Instant) {
    match format {
        ResultFormat::Text => text(played, begun.elapsed()),
        ResultFormat::Json => println!("{}", document(played, wrong)),
        ResultFormat::Junit => print!("{}", junit(played, wrong)),
    }
}

/// The scenario files, those of a folder by name.
pub(crate) fn found(named: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut paths = Vec::new();
    for path in named {
        if path.is_dir() {
            let mut inside = Vec::new();
            below(path, &mut inside)?;
            inside.sort();
            if inside.is_empty() {
                return Err(format!("{}: there is no scenario (*.yaml) in this folder", path.display()));
            }
            paths.extend(inside);
        } else if path.is_file() {
            paths.push(path.clone());
        } else {
            return Err(format!("{}: there is no such file or folder", path.display()));
        }
    }
    Ok(paths)
}

/// The scenario files in a folder and in those inside it, but for the parts of a deployment; what is hidden stays so.
fn below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let left_out = name.starts_with('.') || name == "flows" || name == "rules";
        if path.is_dir() && !path.is_symlink() && !left_out {
            below(&path, files)?;
        } else if path.is_file() && path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            files.push(path);
        }
    }
    Ok(())
}

/// What all scenarios share.
struct Stage {
    files: BTreeMap<String, String>,
    update: bool,
    /// Deployments by what the scenarios change in them: most change nothing.
    loaded: Mutex<HashMap<String, Arc<Deployment>>>,
}

fn play_all(paths: &[PathBuf], stage: &Stage) -> Vec<Played> {
    let played = Mutex::new(Vec::new());
    parallel::each(paths, |_, path| {
        let begun = Instant::now();
        let outcome = stage.play(path).unwrap_or_else(Outcome::Broken);
        let one = Played { path: path.clone(), outcome, took: begun.elapsed() };
        played.lock().unwrap_or_else(PoisonError::into_inner).push(one);
        true
    });
    let mut played = played.into_inner().unwrap_or_else(PoisonError::into_inner);
    played.sort_by(|a, b| a.path.cmp(&b.path));
    played
}

impl Stage {
    fn play(&self, path: &Path) -> Result<Outcome, String> {
        let scenario = read(path)?;
        let deployment = self.deployment(&scenario)?;
        checked(path, &scenario, &deployment)?;
        let played = play(&deployment, &scenario);
        let now = played.transcript;
        let kept = path.with_extension("txt");
        let before = match fs::read_to_string(&kept) {
            Ok(before) => Some(before),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => return Err(format!("{}: {e}", kept.display())),
        };
        if !played.unmet.is_empty() {
            let told = played
                .unmet
                .iter()
                .map(|unmet| format!("      {}:{}: {}\n", unmet.file, unmet.line, unmet.why));
            // Why it is not met stands in what happens instead.
            let instead = match before {
                Some(before) => difference(&kept, &before, &now),
                None => now,
            };
            return Ok(Outcome::Unmet(told.chain([instead]).collect()));
        }
        if before.as_ref() == Some(&now) {
            return Ok(Outcome::AsBefore);
        }
        if self.update {
            fs::write(&kept, now).map_err(|e| format!("{}: {e}", kept.display()))?;
            return Ok(Outcome::Kept);
        }
        Ok(match before {
            None if scenario.expects() => Outcome::AsBefore,
            None => Outcome::New(now),
            Some(before) => Outcome::Changed(difference(&kept, &before, &now)),
        })
    }

    fn deployment(&self, scenario: &Scenario) -> Result<Arc<Deployment>, String> {
        let key = scenario.given.deployment_key();
        let known = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let deployment = scenario.deployment(&self.files, Arc::new(Host::new()))?;
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(key, deployment.clone());
        Ok(deployment)
    }
}

fn difference(kept: &Path, before: &str, now: &str) -> String {
    let diff = TextDiff::from_lines(before, now);
    diff.unified_diff().context_radius(CONTEXT).header(&kept.display().to_string(), "now").to_string()
}

/// Reads a scenario; the error shows what is wrong with it.
pub(crate) fn read(path: &Path) -> Result<Scenario, String> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|e| format!("{name}: {e}"))?;
    let mut findings = Findings::new();
    let scenario = Scenario::read(&name, &text, &mut findings);
    let broken = findings.iter().any(|f| f.severity == Severity::Error);
    match scenario.filter(|_| !broken) {
        Some(scenario) => Ok(scenario),
        None => Err(findings.render(&BTreeMap::from([(name, text)]))),
    }
}

/// Checks a scenario against the deployment it plays in: the error shows what is wrong, a doubt is told at once.
fn checked(path: &Path, scenario: &Scenario, deployment: &Deployment) -> Result<(), String> {
    let mut findings = Findings::new();
    scenario.check(deployment, &mut findings);
    if findings.is_empty() {
        return Ok(());
    }
    let text = fs::read_to_string(path).unwrap_or_default();
    let told = findings.render(&BTreeMap::from([(path.display().to_string(), text)]));
    if findings.errors() > 0 {
        return Err(told);
    }
    eprint!("{told}");
    Ok(())
}

fn text(played: &[Played], took: Duration) {
    let paint = Paint::stdout();
    let mut counts = [0_usize; 6];
    for one in played {
        let path = one.path.display();
        let at = match &one.outcome {
            Outcome::AsBefore => 0,
            Outcome::Changed(diff) => {
                println!("CHANGED {path}\n{}", painted(diff, paint));
                1
            }
            Outcome::New(transcript) => {
                println!(
                    "NEW     {path}: no transcript is kept beside it; this is what happens\n\n{transcript}"
                );
                2
            }
            Outcome::Kept => {
                println!("KEPT    {}", one.path.with_extension("txt").display());
                3
            }
            Outcome::Unmet(why) => {
                println!("UNMET   {path}\n{}", painted(why, paint));
                4
            }
            Outcome::Broken(why) => {
                println!("BROKEN  {path}\n{why}");
                5
            }
        };
        counts[at] += 1;
    }
    let [same, changed, new, kept, unmet, broken] = counts;
    let mut line = format!("{} scenarios: {same} as they should", played.len());
    for (count, what) in [
        (changed, "changed"),
        (new, "without a transcript"),
        (kept, "kept"),
        (unmet, "with expectations that are not met"),
        (broken, "broken"),
    ] {
        if count > 0 {
            let _ = write!(line, ", {count} {what}");
        }
    }
    println!("{line} ({:.1} s)", took.as_secs_f64());
    if changed > 0 || new > 0 {
        println!("Is this what you want? `--update` keeps it.");
    }
}

fn painted(diff: &str, paint: Paint) -> String {
    let mut out = String::new();
    for line in diff.lines() {
        let line = match line.as_bytes().first() {
            Some(b'-') => paint.yellow(line),
            Some(b'+') => paint.green(line),
            Some(b'@') => paint.cyan(line),
            _ => line.to_owned(),
        };
        let _ = writeln!(out, "{line}");
    }
    out
}

impl Outcome {
    /// A word for it, and what there is to say.
    fn told(&self) -> (&'static str, &str) {
        match self {
            Self::AsBefore => ("as_before", ""),
            Self::Changed(diff) => ("changed", diff),
            Self::New(transcript) => ("new", transcript),
            Self::Kept => ("kept", ""),
            Self::Unmet(why) => ("unmet", why),
            Self::Broken(why) => ("broken", why),
        }
    }
}

fn document(played: &[Played], wrong: &[Wrong]) -> serde_json::Value {
    let all = played.iter().map(|one| {
        let (outcome, detail) = one.outcome.told();
        let ms = u64::try_from(one.took.as_millis()).unwrap_or(u64::MAX);
        json!({ "scenario": one.path.display().to_string(), "outcome": outcome, "detail": detail, "ms": ms })
    });
    let wrong: Vec<_> = wrong.iter().map(Wrong::json).collect();
    json!({ "scenarios": all.collect::<Vec<_>>(), "findings": wrong })
}

fn junit(played: &[Played], wrong: &[Wrong]) -> String {
    let results = played.iter().map(|one| {
        let (outcome, detail) = one.outcome.told();
        TestResult {
            name: one.path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            within: one.path.parent().unwrap_or(Path::new("")).to_string_lossy().into_owned(),
            took: one.took,
            verdict: match outcome {
                "changed" | "unmet" | "new" => Verdict::Failure(detail),
                "broken" => Verdict::Error(detail),
                _ => Verdict::Passed,
            },
        }
    });
    let wrong = wrong.iter().filter_map(Wrong::result);
    junit::document("scenarios", &results.chain(wrong).collect::<Vec<_>>())
}
