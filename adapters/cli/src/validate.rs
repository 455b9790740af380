//! `convene validate`: all findings of all files at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use convene_core::deployment::{CENTRE_FILE, Deployment};
use convene_core::diagnostic::{self, Finding, Findings, Severity, codes};
use convene_core::rules::Host;
use convene_core::simulate::Scenario;
use convene_core::{model, testing};
use convene_runtime::deployments;
use serde_json::json;

use crate::args::{FindingFormat, MessageKind, ValidateArgs};
use crate::{exit, sarif};

/// What was looked at.
#[derive(Default)]
struct Looked {
    findings: Findings,
    sources: BTreeMap<String, String>,
    /// Only findings of these files are shown; all when empty.
    only: Vec<String>,
    files: usize,
}

/// Checks everything that is named.
pub(crate) fn validate(args: &ValidateArgs) -> ExitCode {
    if let Some(code) = &args.explain {
        return explain(code);
    }
    if let Some(kind) = args.kind {
        return messages(args, kind);
    }
    let here = [PathBuf::from(".")];
    let paths: &[PathBuf] = if args.paths.is_empty() { &here } else { &args.paths };
    match paths.iter().map(|path| look(path)).collect::<Result<Vec<Looked>, String>>() {
        Ok(looked) => report(&looked, args.format),
        Err(problem) => exit::environment(&problem),
    }
}

/// Prints the page of a code.
fn explain(code: &str) -> ExitCode {
    match diagnostic::page(code) {
        Some(page) => {
            println!("{page}");
            exit::success()
        }
        None => {
            let known = codes::ALL.iter().map(|(code, _)| *code);
            let near = diagnostic::did_you_mean(code, known.clone());
            let near =
                near.unwrap_or_else(|| format!("the codes are {}", known.collect::<Vec<_>>().join(", ")));
            exit::environment(&format!("no finding has the code `{code}`; {near}"))
        }
    }
}

fn look(path: &Path) -> Result<Looked, String> {
    if !path.exists() {
        return Err(format!("{}: there is no such file or folder", path.display()));
    }
    if path.is_dir() {
        return deployment(path, None);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let within = folder.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    if matches!(within, "flows" | "rules") {
        let root = folder.parent().unwrap_or(Path::new("."));
        let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
        return deployment(root, Some(format!("{within}/{name}")));
    }
    scenario(path)
}

fn deployment(root: &Path, only: Option<String>) -> Result<Looked, String> {
    let mut files = deployments::read_bytes(root).map_err(|e| e.to_string())?;
    let mut sources: BTreeMap<String, String> = files
        .iter()
        .map(|(path, bytes)| (path.clone(), String::from_utf8_lossy(bytes).into_owned()))
        .collect();
    let mut count = files.keys().filter(|file| !file.ends_with(testing::TESTS)).count();
    files.extend(folders_inside(root).into_iter().map(|folder| (folder, Vec::new())));
    let loaded = Deployment::load_bytes(files);
    let mut findings = loaded.findings;
    // Tests are read against rules that compile; with broken ones there is enough to mend first.
    if let Some(deployment) = &loaded.deployment {
        let tests = deployments::read_tests(root).map_err(|e| e.to_string())?;
        testing::run(deployment, &tests, &|_| false, &mut findings);
        count += tests.len();
        sources.extend(tests);
    }
    Ok(Looked { findings, sources, only: only.into_iter().collect(), files: count })
}

/// Folders inside `flows` and `rules`, whose files nobody reads: `flows/old/`.
fn folders_inside(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["flows", "rules"] {
        let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().filter_map(Result::ok);
        let inside = entries.filter(|entry| entry.path().is_dir());
        found.extend(inside.map(|entry| format!("{folder}/{}/", entry.file_name().to_string_lossy())));
    }
    found
}

fn scenario(path: &Path) -> Result<Looked, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let name = path.display().to_string();
    let mut looked = Looked { files: 1, ..Looked::default() };
    let scenario = Scenario::read(&name, &text, &mut looked.findings);
    if let Some((scenario, files)) = scenario.filter(|_| looked.findings.errors() == 0).zip(around(path)) {
        // What is wrong with the deployment itself is told when that is validated.
        if let Ok(deployment) = scenario.deployment(&files, Arc::new(Host::new())) {
            scenario.check(&deployment, &mut looked.findings);
        }
    }
    looked.sources.insert(name, text);
    Ok(looked)
}

/// The deployment a scenario stands in: the nearest folder above it that has a centre.
fn around(path: &Path) -> Option<BTreeMap<String, String>> {
    let path = path.canonicalize().ok()?;
    let root = path.ancestors().skip(1).find(|folder| folder.join(CENTRE_FILE).is_file())?;
    deployments::read_folder(root).ok()
}

fn shown(looked: &Looked) -> Vec<&Finding> {
    let wanted = |f: &&Finding| looked.only.is_empty() || looked.only.iter().any(|o| **o == *f.place.file);
    looked.findings.by_severity().filter(wanted).collect()
}

/// Writes the findings.
fn report(all: &[Looked], format: FindingFormat) -> ExitCode {
    let findings: Vec<&Finding> = all.iter().flat_map(shown).collect();
    let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
    match format {
        FindingFormat::Text => {
            for looked in all {
                shown(looked).iter().for_each(|finding| eprintln!("{}", finding.render(&looked.sources)));
            }
            if let Some(first) = findings.first() {
                eprintln!("`convene validate --explain {}` says more about a code.", first.code);
            }
            let files: usize =
                all.iter().map(|l| if l.only.is_empty() { l.files } else { l.only.len() }).sum();
            println!("{files} files: {errors} errors, {} warnings", findings.len() - errors);
        }
        FindingFormat::Json => {
            let list: Vec<_> = findings.iter().map(|f| finding_json(f)).collect();
            println!("{}", json!({ "findings": list, "errors": errors }));
        }
        FindingFormat::Sarif => println!("{}", sarif::document(&findings)),
    }
    if errors > 0 { exit::findings() } else { exit::success() }
}

fn finding_json(f: &Finding) -> serde_json::Value {
    json!({
        "code": f.code,
        "severity": if f.severity == Severity::Error { "error" } else { "warning" },
        "file": &*f.place.file,
        "line": f.place.line,
        "column": f.place.column,
        "length": f.place.length,
        "message": f.message,
        "cause": f.cause,
        "cure": f.cure,
        "also": f.also.iter().map(|(place, text)| json!({
            "file": &*place.file, "line": place.line, "column": place.column, "text": text,
        })).collect::<Vec<_>>(),
    })
}

/// Messages are checked like the engine reads them.
fn messages(args: &ValidateArgs, kind: MessageKind) -> ExitCode {
    if args.paths.is_empty() {
        return exit::environment("name the files that hold the messages");
    }
    let mut errors = 0;
    for path in &args.paths {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) => return exit::environment(&format!("{}: {e}", path.display())),
        };
        let faults: Vec<String> = match kind {
            MessageKind::CimMessage => match model::read_message(&bytes) {
                Ok(message) => message.body.map(|b| b.check()).unwrap_or_default(),
                Err(e) => vec![e.to_string()],
            },
            MessageKind::CimEvent => {
                model::read_event(&bytes).err().map(|e| e.to_string()).into_iter().collect()
            }
        };
        errors += faults.len();
        match args.format {
            FindingFormat::Text => faults.iter().for_each(|f| eprintln!("error: {}: {f}", path.display())),
            FindingFormat::Json | FindingFormat::Sarif => {
                println!("{}", json!({ "file": path.display().to_string(), "faults": faults }))
            }
        }
    }
    if args.format == FindingFormat::Text {
        println!("{} messages: {errors} errors", args.paths.len());
    }
    if errors > 0 { exit::findings() } else { exit::success() }
}
