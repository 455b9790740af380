//! `--mutate`: puts one small fault after the other into the rules and tables, and lists those nobody noticed.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use convene_core::testing::{self, Mutant, Tested};
use serde_json::json;

use super::{Target, scenarios};
use crate::args::{TestArgs, TestFormat};
use crate::exit;
use crate::findings::Wrong;
use crate::paint::Paint;

/// Tries every mutant of every target.
pub(super) fn mutate(targets: &[Target], args: &TestArgs) -> ExitCode {
    let begun = Instant::now();
    let (mut tried, mut left) = (0_usize, Vec::new());
    for target in targets {
        let deployment = match target.deployment(None) {
            Ok(deployment) => deployment,
            Err(findings) => {
                eprint!("{}", target.not_valid(&findings));
                return stopped(&Wrong::all(&findings, &target.files), args.format);
            }
        };
        let (tested, findings) = target.run(&deployment, &|_| true);
        let bad = tested.iter().filter(|t| t.is_bad()).count();
        if bad > 0 || !findings.is_empty() {
            let first = format!("{bad} tests fail without any fault; mend them first");
            eprintln!("{}convene: {first}", findings.render(&target.tests));
            let mut wrong = Wrong::all(&findings, &target.tests);
            wrong.push(Wrong::told(first));
            return stopped(&wrong, args.format);
        }
        let scenarios = match scenarios::of(target, args.scenarios.as_deref()) {
            Ok(scenarios) => scenarios,
            Err(problem) => {
                eprintln!("{problem}");
                return stopped(&[Wrong::told(problem)], args.format);
            }
        };
        let before = scenarios::transcripts(&scenarios, &target.files);
        for mutant in testing::mutants(&deployment) {
            tried += 1;
            if !noticed(target, &mutant, &scenarios, &before) {
                left.push(mutant);
            }
        }
    }
    report(&left, tried, args.format, begun);
    if left.is_empty() { exit::success() } else { exit::findings() }
}

/// Nothing was tried.
fn stopped(wrong: &[Wrong], format: TestFormat) -> ExitCode {
    if format == TestFormat::Json {
        let wrong: Vec<_> = wrong.iter().map(Wrong::json).collect();
        println!("{}", json!({ "mutants": 0, "survivors": [], "findings": wrong }));
    }
    exit::findings()
}

fn noticed(
    target: &Target,
    mutant: &Mutant,
    scenarios: &[convene_core::simulate::Scenario],
    before: &[Option<String>],
) -> bool {
    // What does not load is noticed by everybody.
    let Some(faulty) = mutant.deployment(&target.files) else { return true };
    let near = Target {
        root: target.root.clone(),
        files: BTreeMap::new(),
        tests: target
            .tests
            .iter()
            .filter(|(file, _)| about(file, &mutant.file))
            .map(|(f, t)| (f.clone(), t.clone()))
            .collect(),
    };
    let (tested, findings) = near.run(&faulty, &|_| true);
    let failed = tested.iter().any(Tested::is_bad);
    failed || !findings.is_empty() || scenarios::notice(scenarios, before, &Arc::new(faulty))
}

/// Whether a file of tests has the name of a file of rules.
pub(super) fn about(tests: &str, rules: &str) -> bool {
    let stem = |file: &str, endings: &[&str]| {
        endings.iter().find_map(|ending| file.strip_suffix(ending)).map(str::to_owned)
    };
    let of = stem(rules, &[".table.yaml", ".rhai", ".csv"]);
    of.is_some() && of == stem(tests, &[testing::CASES, testing::TESTS])
}

fn report(left: &[Mutant], tried: usize, format: TestFormat, begun: Instant) {
    if format == TestFormat::Json {
        let left = left.iter().map(|m| json!({ "file": m.file, "line": m.line, "what": m.what }));
        println!("{}", json!({ "mutants": tried, "survivors": left.collect::<Vec<_>>(), "findings": [] }));
        return;
    }
    let paint = Paint::stdout();
    for mutant in left {
        println!("{} {}:{} {}", paint.yellow("SURVIVED"), mutant.file, mutant.line, mutant.what);
    }
    let took = begun.elapsed().as_secs_f64();
    println!("{tried} mutants: {} noticed, {} survived ({took:.1} s)", tried - left.len(), left.len());
    if !left.is_empty() {
        println!("Each is a fault that no test and no scenario would notice. Write the case that would.");
    }
}
