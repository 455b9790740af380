//! Who may depend on whom, and on what.

use std::collections::{BTreeMap, BTreeSet};

use crate::{files, must, text};

/// Each outside thing has its home: a crate of ours, or two, may use it, and nobody else.
const HOMES: &[(&str, &[&str])] = &[
    ("sqlx", &["adapters/postgres", "adapters/sqlite"]),
    ("lapin", &["adapters/rabbitmq"]),
    ("axum", &["adapters/http"]),
    ("reqwest", &["adapters/bots", "adapters/cli"]),
    ("clap", &["adapters/cli"]),
    ("tracing-subscriber", &["adapters/cli"]),
    ("prometheus", &["engine/runtime"]),
    ("rhai", &["engine/core"]),
    ("petgraph", &["engine/core"]),
];

/// What the core may be built on: nothing that waits or touches anything.
const CORE_DEPENDENCIES: &[&str] = &[
    "serde",
    "serde_json",
    "schemars",
    "rhai",
    "petgraph",
    "saphyr-parser",
    "uuid",
    "sha2",
    "thiserror",
    "csv",
    "unicode-security",
];

/// A crate of the workspace.
struct Member {
    folder: String,
    name: String,
    /// What it depends on.
    needs: BTreeSet<String>,
    /// Lines of its dependencies that are no `workspace = true`; those for tests included.
    own_versions: Vec<String>,
}

fn members() -> Vec<Member> {
    let manifests = files().into_iter().filter(|file| file.ends_with("/Cargo.toml"));
    let members: Vec<Member> = manifests.map(|file| member(&file)).collect();
    assert!(members.iter().any(|m| m.folder == "engine/core") && members.len() > 8);
    members
}

/// Reads a manifest. What only tests need counts for versions, but not for layers: a face may be tested on the embedded
/// store.
fn member(file: &str) -> Member {
    let folder = file.trim_end_matches("/Cargo.toml").to_owned();
    let mut member = Member { folder, name: String::new(), needs: BTreeSet::new(), own_versions: Vec::new() };
    let mut section = String::new();
    for line in text(file).unwrap().lines() {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']').to_owned();
            assert!(!section.contains("dependencies."), "{file}: write [{section}] as a line");
        } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            let key = key.trim().trim_end_matches(".workspace");
            if section == "package" && key == "name" {
                member.name = value.trim().trim_matches('"').to_owned();
            } else if section.ends_with("dependencies") {
                if !line.contains("workspace = true") {
                    member.own_versions.push(line.to_owned());
                }
                if !section.ends_with("dev-dependencies") {
                    member.needs.insert(key.to_owned());
                }
            }
        }
    }
    member
}

#[test]
fn layers_know_only_what_is_below_them() {
    let members = members();
    let ours: BTreeMap<&str, &str> = members.iter().map(|m| (m.name.as_str(), m.folder.as_str())).collect();
    let mut problems = Vec::new();
    for member in &members {
        let may = |other: &str| match member.folder.as_str() {
            "engine/core" => false,
            "engine/runtime" => other == "engine/core",
            "adapters/cli" | "tests" => other != "tests",
            _ => other.starts_with("engine/"),
        };
        for other in member.needs.iter().filter_map(|name| ours.get(name.as_str())) {
            if !may(other) {
                problems.push(format!("{} depends on {other}, which is not below it", member.folder));
            }
        }
    }
    must(&problems);
}

#[test]
fn only_the_command_knows_every_adapter() {
    let members = members();
    let command = members.iter().find(|m| m.folder == "adapters/cli").unwrap();
    for adapter in members.iter().filter(|m| m.folder.starts_with("adapters/") && m.folder != command.folder)
    {
        assert!(command.needs.contains(&adapter.name), "the command cannot use {}", adapter.folder);
    }
}

#[test]
fn each_outside_thing_has_one_home() {
    let mut problems = Vec::new();
    for member in members().iter().filter(|m| m.folder != "tests") {
        for (thing, homes) in HOMES.iter().filter(|(thing, _)| member.needs.contains(*thing)) {
            if !homes.contains(&member.folder.as_str()) {
                problems.push(format!("{} uses {thing}, whose home is {}", member.folder, homes.join(", ")));
            }
        }
        for need in member.needs.iter().filter(|_| member.folder == "engine/core") {
            if !CORE_DEPENDENCIES.contains(&need.as_str()) {
                problems.push(format!("the core depends on {need}, which is not agreed"));
            }
        }
    }
    must(&problems);
}

#[test]
fn every_dependency_is_listed_once_and_has_its_reason() {
    let mut problems = Vec::new();
    for member in members() {
        for line in &member.own_versions {
            problems.push(format!("{}: the version belongs to the root: `{line}`", member.folder));
        }
    }
    let manifest = text("Cargo.toml").unwrap();
    let list = manifest.split("[workspace.dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    // Lines since the last comment: one reason may serve two that belong together.
    let mut since = usize::MAX;
    for line in list.lines().filter(|line| !line.contains("path = ")) {
        since = match line {
            _ if line.starts_with('#') => 0,
            _ if line.is_empty() => usize::MAX,
            _ => since.saturating_add(1),
        };
        if line.contains('=') && !line.starts_with('#') && since > 2 {
            problems.push(format!("Cargo.toml: a comment with its reason is missing above `{line}`"));
        }
    }
    must(&problems);
}
