//! What the documents name is there.

use crate::tree::TOP;
use crate::{files, must, text, words};

/// Documents whose paths are checked.
const DOCUMENTS: &[&str] = &["README.md", "engine/ARCHITECTURE.md"];

/// Names in the documents that are no files of ours.
const NO_FILES: &[&str] = &["domain.md"];

#[test]
fn paths_and_guards_in_the_documents_exist() {
    let all = files();
    let mut problems = Vec::new();
    for document in DOCUMENTS {
        let mut fenced = false;
        for (number, line) in text(document).unwrap().lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
                continue;
            }
            let named = if fenced { in_a_block(line) } else { in_a_line(line) };
            for name in named {
                if let Err(problem) = exists(&all, name) {
                    problems.push(format!("{document}:{}: {problem}", number + 1));
                }
            }
        }
    }
    must(&problems);
}

/// What a line of prose marks as code, and where its links lead.
fn in_a_line(line: &str) -> Vec<&str> {
    let marked = line.split('`').skip(1).step_by(2);
    let links = line.split("](").skip(1).filter_map(|link| link.split(')').next());
    marked
        .chain(links.filter(|link| !link.contains(':') && !link.starts_with('#')))
        .filter(|n| path_like(n))
        .collect()
}

/// Words of a block of commands or files that begin like a path of ours.
fn in_a_block(line: &str) -> Vec<&str> {
    let words = line.split_whitespace().map(|word| word.trim_matches(|c| ":,;()\"'".contains(c)));
    words
        .filter(|word| word.split_once('/').is_some_and(|(top, _)| TOP.contains(&top)) && path_like(word))
        .collect()
}

fn path_like(name: &str) -> bool {
    let plain = name.chars().all(|c| c.is_alphanumeric() || "._-/*:".contains(c));
    let path = name.split("::").next().unwrap();
    let file = [".rs", ".yaml", ".rhai", ".sql", ".toml", ".md", ".py"].iter().any(|end| path.ends_with(end));
    let top = path.split('/').next().unwrap();
    let elsewhere = path.starts_with(['/', '.', '*']) && !TOP.contains(&top) || top == "target";
    plain && (file || path.contains('/')) && !path.contains(':') && !elsewhere && !NO_FILES.contains(&path)
}

/// `folder/file`, `folder/*.end`, a bare file name, or `file::test` with the name of a test in it.
fn exists(all: &[String], name: &str) -> Result<(), String> {
    let (path, test) = name.split_once("::").map_or((name, None), |(path, test)| (path, Some(test)));
    let is = |file: &&String| match path.split_once('*') {
        Some((begin, end)) => file.strip_prefix(begin).is_some_and(|rest| rest.ends_with(end)),
        None if path.contains('/') => {
            **file == path || file.starts_with(&format!("{}/", path.trim_end_matches('/')))
        }
        None => file.rsplit('/').next() == Some(path),
    };
    let Some(file) = all.iter().find(is) else { return Err(format!("there is no {path}")) };
    let Some(test) = test else { return Ok(()) };
    let holds = words(&text(file).unwrap()).any(|word| word == test);
    if holds { Ok(()) } else { Err(format!("{file} has no test {test}")) }
}

#[test]
fn every_invariant_names_its_guard() {
    let text = text("engine/ARCHITECTURE.md").unwrap();
    let invariants: Vec<&str> =
        text.split("\n- **").skip(1).filter(|part| part.starts_with("Invariant")).collect();
    assert!(invariants.len() > 10, "only {} invariants", invariants.len());
    for invariant in invariants {
        let invariant = invariant.split("\n\n").next().unwrap();
        let guard = invariant.split("*Guard:*").nth(1).unwrap_or_default();
        assert!(guard.contains(".rs`") || guard.contains("::"), "without a guard: **{invariant}");
    }
}
