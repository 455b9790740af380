//! The guides `flows/README.md` and `rules/README.md`: every example is run, every verb, fact and assertion is explained, and
//! the pictures are those of the shipped flows. `UPDATE_EXPECT=1` draws them again.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use convene_core::conversation::blank_facts;
use convene_core::deployment::Deployment;
use convene_core::diagnostic::{Findings, codes};
use convene_core::flow::verbs::{ACTION_VERBS, CORE_VERBS};
use convene_core::graph::{self, Picture};
use convene_core::rules::Host;
use convene_core::simulate::{Scenario, play};
use convene_core::testing::{self, Outcome};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn guide(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

fn shipped() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for folder in ["flows", "rules"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            files.insert(format!("{folder}/{name}"), fs::read_to_string(&path).unwrap());
        }
    }
    files.retain(|path, _| !path.ends_with(".md"));
    files
}

/// The examples of a guide as files: a block names its file, or holds nodes, which become a flow.
fn examples(text: &str, name: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for (number, block) in text.split("\n```").skip(1).step_by(2).enumerate() {
        let (head, body) = block.split_once('\n').unwrap();
        match head.split_once(' ') {
            Some((_, "nodes")) => {
                let first = body.split(':').next().unwrap();
                let mut flow = format!("flow: {name}{number}\nstart: {first}\non_error: trouble\nnodes:\n");
                for line in body.lines() {
                    writeln!(flow, "  {line}").unwrap();
                }
                flow += "  trouble: { note: \"{{error.message}}\" }\n";
                files.insert(format!("flows/{name}{number}.yaml"), flow);
            }
            Some((_, file)) => drop(files.insert(file.to_owned(), format!("{body}\n"))),
            None => {}
        }
    }
    files
}

#[test]
fn every_example_is_sound_and_every_test_in_it_passes() {
    let mut files = shipped();
    for (file, name) in [("flows/README.md", "flows"), ("rules/README.md", "rules")] {
        let examples = examples(&guide(file), name);
        assert!(examples.len() > 5, "{file} has {} examples", examples.len());
        files.extend(examples);
    }
    let loaded = Deployment::load(files.clone());
    // A flow that nobody calls is entered nowhere; here that is meant.
    let unsound: Vec<_> = loaded.findings.iter().filter(|f| f.code != codes::NEVER_ENTERED).collect();
    assert!(unsound.is_empty(), "{}", loaded.findings.render(&files));
    let deployment = loaded.deployment.unwrap();
    let scenarios: Vec<_> = files.iter().filter(|(file, _)| file.starts_with("tests/scenarios/")).collect();
    assert_eq!(scenarios.len(), 1, "the scenario of the guide");
    let mut findings = Findings::new();
    for (file, text) in scenarios {
        let scenario = Scenario::read(file, text, &mut findings).unwrap_or_else(|| panic!("{file}"));
        let played = play(&scenario.deployment(&shipped(), Arc::new(Host::new())).unwrap(), &scenario);
        assert_eq!(played.unmet, [], "{}", played.transcript);
    }
    let tested = testing::run(&deployment, &files, &|_| true, &mut findings);
    assert!(findings.is_empty(), "{}", findings.render(&files));
    let bad: Vec<_> =
        tested.iter().filter(|t| matches!(t.outcome, Outcome::Fail(_) | Outcome::Error(_))).collect();
    assert!(bad.is_empty(), "{bad:?}");
    let skipped = tested.iter().filter(|t| t.outcome == Outcome::Skipped).count();
    assert_eq!(skipped, 1, "the todo of the guide");
}

/// The first cells of the tables of a guide that are code.
fn explained(text: &str) -> BTreeSet<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next()).map(str::to_owned).collect()
}

#[test]
fn every_verb_is_explained_and_shown() {
    let text = guide("flows/README.md");
    let explained = explained(&text);
    let verbs = CORE_VERBS.iter().map(|v| v.verb).chain(ACTION_VERBS.iter().map(|v| v.verb));
    for verb in verbs {
        assert!(explained.contains(verb), "`{verb}` is not explained in flows/README.md");
        assert!(text.contains(&format!("  {verb}:")), "`{verb}` is not shown in flows/README.md");
    }
    for parameter in ACTION_VERBS.iter().flat_map(|v| v.parameters.unwrap_or_default()) {
        assert!(text.contains(&format!("`{}`", parameter.name)), "parameter {} is not named", parameter.name);
    }
}

#[test]
fn every_fact_is_explained_and_no_other() {
    let deployment =
        Deployment::load(BTreeMap::from([("flows/centre.yaml".to_owned(), "centre: T\n".to_owned())]));
    let mut known = BTreeSet::new();
    for (name, fact) in blank_facts(&deployment.deployment.unwrap()).as_object().unwrap() {
        names(fact, name, &mut known);
    }
    let facts = guide("flows/README.md");
    let facts = facts.split("## Facts").nth(1).unwrap().split("## ").next().unwrap();
    assert_eq!(explained(facts), known);
}

/// The paths of a fact down to single values and to maps whose keys nobody knows.
fn names(fact: &Value, path: &str, known: &mut BTreeSet<String>) {
    match fact.as_object().filter(|map| !map.is_empty()) {
        Some(map) => map.iter().for_each(|(key, inner)| names(inner, &format!("{path}.{key}"), known)),
        None => drop(known.insert(path.to_owned())),
    }
}

#[test]
fn the_pictures_are_those_of_the_shipped_flows() {
    const BEGIN: &str = "<!-- pictures -->\n";
    const END: &str = "<!-- end of pictures -->";
    let deployment = Deployment::load(shipped()).deployment.unwrap();
    let mut pictures = String::new();
    for flow in deployment.flows.values() {
        let drawn = graph::mermaid(&Picture::of(flow, None));
        write!(pictures, "### {}: {}\n\n```mermaid\n{drawn}```\n\n", flow.name, flow.title).unwrap();
    }
    let text = guide("flows/README.md");
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let fresh = format!("{before}{BEGIN}\n{pictures}{END}{after}");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(root().join("flows/README.md"), &fresh).unwrap();
    } else {
        assert!(fresh == text, "the pictures in flows/README.md are old: UPDATE_EXPECT=1 draws them again");
    }
}
