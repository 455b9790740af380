//! What the tests of the shipped deployment share: its files, its scenarios, and a diff.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use convene_core::deployment::Deployment;
use convene_core::diagnostic::Findings;
use convene_core::rules::{Host, OptimizationLevel};
use convene_core::simulate::{Outcome, Scenario, play};

/// Root of the repository, which is the shipped deployment.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files of the shipped deployment.
pub(super) fn shipped() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for folder in ["flows", "rules"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            files.insert(format!("{folder}/{name}"), fs::read_to_string(&path).unwrap());
        }
    }
    files
}

/// A deployment of these files.
pub(super) fn load(files: BTreeMap<String, String>) -> Arc<Deployment> {
    let loaded = Deployment::load(files.clone());
    let findings = loaded.findings.render(&files);
    assert!(loaded.findings.iter().next().is_none(), "{findings}");
    Arc::new(loaded.deployment.unwrap())
}

/// A scenario file.
pub(super) struct File {
    /// Name without its ending.
    pub(super) name: String,
    /// Where its transcript is kept.
    pub(super) transcript: PathBuf,
    /// The scenario.
    pub(super) scenario: Scenario,
}

/// Every scenario, by name.
pub(super) fn scenarios() -> Vec<File> {
    let folder = root().join("tests/scenarios");
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "yaml"));
    paths.sort();
    let mut broken = String::new();
    let mut files = Vec::new();
    for path in paths {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let shown = format!("tests/scenarios/{name}.yaml");
        let mut findings = Findings::new();
        let scenario = Scenario::read(&shown, &text, &mut findings);
        if findings.iter().next().is_some() || scenario.is_none() {
            broken += &findings.render(&BTreeMap::from([(shown, text)]));
            continue;
        }
        files.push(File { name, transcript: path.with_extension("txt"), scenario: scenario.unwrap() });
    }
    assert!(broken.is_empty(), "{broken}");
    files
}

impl File {
    /// Plays it, with the rules at a level of the optimizer.
    pub(super) fn play_at(&self, level: OptimizationLevel) -> Outcome {
        play(&self.deployment(level), &self.scenario)
    }

    /// Plays it.
    pub(super) fn play(&self) -> Outcome {
        self.play_at(OptimizationLevel::None)
    }

    /// Its deployment. Most scenarios share one, which is loaded once.
    fn deployment(&self, level: OptimizationLevel) -> Arc<Deployment> {
        static LOADED: Mutex<BTreeMap<String, Arc<Deployment>>> = Mutex::new(BTreeMap::new());
        let key = format!("{level:?} {}", self.scenario.given.deployment_key());
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        let load = || {
            let host = Arc::new(Host::with_optimization(level));
            let deployment = self.scenario.deployment(&shipped(), host);
            deployment.unwrap_or_else(|problem| panic!("{}: {problem}", self.name))
        };
        loaded.entry(key).or_insert_with(load).clone()
    }
}

/// Lines that differ, with a little around them.
pub(super) fn diff(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let left = old.len().min(new.len()) - same;
    let tail = old.iter().rev().zip(new.iter().rev()).take(left).take_while(|(a, b)| a == b).count();
    let mut out = String::new();
    for line in &old[same.saturating_sub(3)..same] {
        out += &format!("    {line}\n");
    }
    for line in &old[same..old.len() - tail] {
        out += &format!("  - {line}\n");
    }
    for line in &new[same..new.len() - tail] {
        out += &format!("  + {line}\n");
    }
    out
}
