//! `convene validate`: all findings of all files at once.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use convene_core::deployment::{CENTRE_FILE, Deployment};
use convene_core::diagnostic::{self, Finding, Findings, Severity, codes};
use convene_core::review::{Kind, review};
use convene_core::rules::Host;
use convene_core::simulate::Scenario;
use convene_core::testing;
use convene_runtime::deployments;
use serde_json::json;

use crate::args::{self, FindingFormat, MessageKind, ValidateArgs};
use crate::{exit, findings, place, sarif, simulate};

/// Where the scenarios of a deployment stand.
const SCENARIOS: &str = "tests/scenarios";
/// Keys at the margin by which a file says what it is; a scenario may lack its first one.
const KINDS: [&str; 5] = ["flow", "centre", "scenario", "given", "when"];
/// How files of rules end.
const RULES: [&str; 4] = [".rhai", ".table.yaml", testing::CASES, ".csv"];

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
    if args.kind.is_some() && args.paths.is_empty() {
        return exit::environment("name the files that hold the messages");
    }
    let paths = args::paths(&args.paths);
    // A path that cannot be read hides nothing that was found in the others.
    let (mut all, mut unreadable) = (Vec::new(), Vec::new());
    for path in &paths {
        match args.kind.map_or_else(|| look(path), |kind| messages(path, kind)) {
            Ok(looked) => all.push(looked),
            Err(problem) => unreadable.push(problem),
        }
    }
    if all.is_empty() && args.format == FindingFormat::Text {
        return exit::environment(&unreadable.join("\nconvene: "));
    }
    let noun = if args.kind.is_some() { "messages" } else { "files" };
    let code = report(&all, args.format, noun);
    if unreadable.is_empty() { code } else { exit::environment(&unreadable.join("\nconvene: ")) }
}

/// The messages of a file.
fn messages(path: &Path, kind: MessageKind) -> Result<Looked, String> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|e| format!("{name}: {e}"))?;
    let kind = match kind {
        MessageKind::CimMessage => Kind::Message,
        MessageKind::CimEvent => Kind::Event,
    };
    let mut looked = Looked::default();
    looked.files = review(kind, &name, &bytes, &mut looked.findings);
    looked.sources.insert(name, String::from_utf8_lossy(&bytes).into_owned());
    Ok(looked)
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
        let part =
            ["flows", "rules"].into_iter().find(|part| path.file_name().is_some_and(|name| name == *part));
        return match part.filter(|_| !path.join("flows").is_dir()) {
            Some(part) => Err(format!(
                "{}: this is the folder `{part}` of a deployment; did you mean the deployment, {}?",
                path.display(),
                path.join("..").display()
            )),
            None if path.join("flows").is_dir() => deployment(path, None),
            None => folder_of_scenarios(path).unwrap_or_else(|| deployment(path, None)),
        };
    }
    match place::within(path) {
        Some(place) => deployment(&place.root, Some(place.path())),
        None => outside(path),
    }
}

/// A file that stands in no deployment: only a scenario says something by itself.
fn outside(path: &Path) -> Result<Looked, String> {
    let name = path.display().to_string();
    let belongs = |what: &str, folder: &str| {
        format!("{name}: this is a {what}; it is checked with its deployment, in a folder `{folder}`")
    };
    if RULES.iter().any(|ending| name.ends_with(ending)) {
        return Err(belongs("file of rules", "rules"));
    }
    let text = fs::read_to_string(path).map_err(|e| format!("{name}: {e}"))?;
    let keys: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once(':')?.0)).collect();
    match keys.iter().find(|key| KINDS.contains(key)) {
        Some(&"flow") => Err(belongs("flow", "flows")),
        Some(&"centre") => Err(belongs("centre", "flows")),
        Some(_) => Ok(scenario(path, name, text)),
        None => Err(format!(
            "{name}: what this is cannot be told: a file that is checked has a line that begins with `flow:`, `centre:` or `scenario:`"
        )),
    }
}

fn deployment(root: &Path, only: Option<String>) -> Result<Looked, String> {
    let mut files = deployments::read_bytes(root).map_err(|e| e.to_string())?;
    let mut sources: BTreeMap<String, String> = files
        .iter()
        .map(|(path, bytes)| (path.clone(), String::from_utf8_lossy(bytes).into_owned()))
        .collect();
    let mut count = files.keys().filter(|file| !file.ends_with(testing::TESTS)).count();
    let unread: Vec<String> =
        unread_inside(root).into_iter().filter(|path| !files.contains_key(path)).collect();
    files.extend(unread.into_iter().map(|path| (path, Vec::new())));
    let loaded = Deployment::load_bytes(files);
    let mut findings = loaded.findings;
    // Tests are read against rules that compile; with broken ones there is enough to mend first.
    if let Some(deployment) = &loaded.deployment {
        let played = only.is_none().then(|| simulate::found(&[scenarios_of(root)]).ok()).flatten();
        let played = played.map(|paths| scenarios(&paths, &sources));
        let tests = deployments::read_tests(root).map_err(|e| e.to_string())?;
        testing::run(deployment, &tests, &|_| false, &mut findings);
        count += tests.len();
        sources.extend(tests);
        if let Some(played) = played {
            findings.extend(played.findings);
            sources.extend(played.sources);
            count += played.files;
        }
    }
    Ok(Looked { findings, sources, only: only.into_iter().collect(), files: count })
}

/// Where the scenarios of a deployment stand, as short as people write it.
fn scenarios_of(root: &Path) -> PathBuf {
    if root == Path::new(".") { PathBuf::from(SCENARIOS) } else { root.join(SCENARIOS) }
}

/// Everything that stands in `flows` and `rules`; a folder inside, whose files nobody reads, as `flows/old/`.
fn unread_inside(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["flows", "rules"] {
        let entries = fs::read_dir(root.join(folder)).into_iter().flatten().filter_map(Result::ok);
        found.extend(entries.map(|entry| {
            let end = if entry.path().is_dir() { "/" } else { "" };
            format!("{folder}/{}{end}", entry.file_name().to_string_lossy())
        }));
    }
    found
}

/// The scenarios of a folder that is no deployment itself and stands in one.
fn folder_of_scenarios(path: &Path) -> Option<Result<Looked, String>> {
    let paths = simulate::found(&[path.to_owned()]).ok()?;
    Some(Ok(scenarios(&paths, &around(path)?)))
}

fn scenario(path: &Path, name: String, text: String) -> Looked {
    let mut looked = Looked { files: 1, ..Looked::default() };
    let scenario = Scenario::read(&name, &text, &mut looked.findings);
    if let Some((scenario, files)) = scenario.filter(|_| looked.findings.errors() == 0).zip(around(path)) {
        against(&scenario, &files, &mut HashMap::new(), &mut looked.findings);
    }
    looked.sources.insert(name, text);
    looked
}

/// Scenarios of one deployment.
fn scenarios(paths: &[PathBuf], files: &BTreeMap<String, String>) -> Looked {
    let mut looked = Looked { files: paths.len(), ..Looked::default() };
    let mut loaded = HashMap::new();
    for path in paths {
        let name = path.display().to_string();
        let Ok(text) = fs::read_to_string(path) else { continue };
        let mut own = Findings::new();
        let scenario = Scenario::read(&name, &text, &mut own);
        if let Some(scenario) = scenario.filter(|_| own.errors() == 0) {
            against(&scenario, files, &mut loaded, &mut own);
        }
        looked.findings.extend(own);
        looked.sources.insert(name, text);
    }
    looked
}

/// Deployments by what the scenarios change in them; none for one that is not valid, which is told when that is validated.
type Loaded = HashMap<String, Option<Arc<Deployment>>>;

/// Checks a scenario against the deployment it plays in.
fn against(
    scenario: &Scenario,
    files: &BTreeMap<String, String>,
    loaded: &mut Loaded,
    findings: &mut Findings,
) {
    let load = || scenario.deployment(files, Arc::new(Host::new())).ok();
    if let Some(deployment) = loaded.entry(scenario.given.deployment_key()).or_insert_with(load) {
        scenario.check(deployment, findings);
    }
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
fn report(all: &[Looked], format: FindingFormat, noun: &str) -> ExitCode {
    let found: Vec<&Finding> = all.iter().flat_map(shown).collect();
    let errors = found.iter().filter(|f| f.severity == Severity::Error).count();
    match format {
        FindingFormat::Text => {
            for looked in all {
                shown(looked).iter().for_each(|finding| eprintln!("{}", finding.render(&looked.sources)));
            }
            // A warning is explained when there is nothing worse.
            let worst = found.iter().find(|f| f.severity == Severity::Error).or(found.first());
            if let Some(first) = worst {
                eprintln!("`convene validate --explain {}` says more about a code.", first.code);
            }
            let files: usize =
                all.iter().map(|l| if l.only.is_empty() { l.files } else { l.only.len() }).sum();
            println!("{files} {noun}: {errors} errors, {} warnings", found.len() - errors);
        }
        FindingFormat::Json => {
            let list: Vec<_> = found.iter().map(|f| findings::document(f)).collect();
            println!("{}", json!({ "findings": list, "errors": errors }));
        }
        FindingFormat::Sarif => println!("{}", sarif::document(&found)),
    }
    if errors > 0 { exit::findings() } else { exit::success() }
}
