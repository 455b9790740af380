//! Timings of the tools an analyst waits for: `validate`, `simulate`, `test`, and `test --watch` after a change. Run by
//! `tests/timings`; prints figures and judges nothing.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Flows and rule files of the large deployment.
const FLOWS: usize = 200;
const RULES: usize = 100;
/// Scenarios of the long run.
const SCENARIOS: usize = 1_000;
/// Runs of one scenario that must give the same bytes.
const REPEATS: usize = 100;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let convene = root.join("target/release/convene");
    let work = std::env::temp_dir().join(format!("convene-timings-{}", std::process::id()));
    fs::create_dir_all(&work).unwrap();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{cores} cores; each line: what, best of three, goal");
    large(&root, &work.join("large"));
    let validate = best(|| run(&convene, &work.join("large"), &["validate"]));
    told(&format!("validate {FLOWS} flows and {RULES} rule files"), validate, "1 s");
    let scenarios = many(&root, &work.join("many"));
    let simulate = best(|| run(&convene, &root, &["simulate", scenarios.to_str().unwrap()]));
    told(&format!("simulate {SCENARIOS} scenarios"), simulate, "10 s");
    told("test the shipped rules", best(|| run(&convene, &root, &["test"])), "");
    told(
        "test with coverage, scenarios included",
        best(|| run(&convene, &root, &["test", "--coverage"])),
        "",
    );
    told("test with mutants", best(|| run(&convene, &root, &["test", "--mutate"])), "");
    told(
        "from saving a file to the result of --watch",
        watched(&root, &convene, &work.join("watch")),
        "200 ms",
    );
    let distinct = repeated(&convene, &work.join("many"));
    println!("{REPEATS} runs of one scenario: {distinct} different transcript(s)");
    let _ = fs::remove_dir_all(&work);
}

fn told(what: &str, took: Duration, goal: &str) {
    let goal = if goal.is_empty() { String::new() } else { format!("   goal {goal}") };
    println!("{what:48} {:8.0} ms{goal}", took.as_secs_f64() * 1000.0);
}

fn best(work: impl Fn() -> Duration) -> Duration {
    (0..3).map(|_| work()).min().unwrap_or_default()
}

fn run(convene: &Path, dir: &Path, arguments: &[&str]) -> Duration {
    let begun = Instant::now();
    let output = Command::new(convene).args(arguments).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    begun.elapsed()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// The shipped deployment, with copies of a flow and a rule file under other names.
fn large(root: &Path, to: &Path) {
    for folder in ["flows", "rules"] {
        copy(&root.join(folder), &to.join(folder));
    }
    let flow = fs::read_to_string(root.join("flows/routing.yaml")).unwrap();
    let (head, rest) = flow.split_once("on:\n  CUSTOMER_MESSAGE: keep_the_list_fresh\n").unwrap();
    let (nodes, rest) = rest.split_once("  # A customer who waits on a list writes again").unwrap();
    let sorry = rest.split_once("  # Looking for an agent failed").unwrap().1.split_once('\n').unwrap().1;
    for number in 0..FLOWS - 7 {
        let head = head.replace("flow: routing", &format!("flow: routing{number}"));
        fs::write(to.join(format!("flows/routing{number}.yaml")), format!("{head}{nodes}{sorry}")).unwrap();
    }
    let rules = fs::read_to_string(root.join("rules/queues.rhai")).unwrap();
    for number in 0..RULES - 2 {
        fs::write(to.join(format!("rules/more{number}.rhai")), &rules).unwrap();
    }
}

/// The shipped scenarios, again and again.
fn many(root: &Path, to: &Path) -> PathBuf {
    fs::create_dir_all(to).unwrap();
    let from = root.join("tests/scenarios");
    let mut names: Vec<PathBuf> = fs::read_dir(from).unwrap().map(|e| e.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|e| e == "yaml"));
    names.sort();
    for (number, path) in names.iter().cycle().take(SCENARIOS).enumerate() {
        for ending in ["yaml", "txt"] {
            fs::copy(path.with_extension(ending), to.join(format!("{number:04}.{ending}"))).unwrap();
        }
    }
    to.to_owned()
}

/// From saving a file of cases to the line that tells the result.
fn watched(root: &Path, convene: &Path, dir: &Path) -> Duration {
    for folder in ["flows", "rules"] {
        copy(&root.join(folder), &dir.join(folder));
    }
    let mut child = Command::new(convene)
        .args(["test", "--watch"])
        .current_dir(dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let cases = dir.join("rules/leaving.cases.yaml");
    let mut result = || lines.find(|line| line.contains(" tests: ")).unwrap();
    result();
    let mut took = Vec::new();
    for number in 0..5 {
        let text = fs::read_to_string(&cases).unwrap();
        let begun = Instant::now();
        fs::write(&cases, format!("{text}# {number}\n")).unwrap();
        result();
        took.push(begun.elapsed());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    took.into_iter().max().unwrap()
}

/// How many different transcripts a scenario gives.
fn repeated(convene: &Path, many: &Path) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (scenario, transcript) = (many.join("0000.yaml"), many.join("0000.txt"));
    let all: BTreeSet<Vec<u8>> = (0..REPEATS)
        .map(|_| {
            let _ = fs::remove_file(&transcript);
            run(convene, &root, &["simulate", "--update", scenario.to_str().unwrap()]);
            fs::read(&transcript).unwrap()
        })
        .collect();
    all.len()
}
