//! Names and places of files.

use std::collections::BTreeSet;

use crate::{files, must, text};

/// What lies at the top of the repository, and nothing else.
pub(crate) const TOP: &[&str] = &[
    ".ci",
    ".deny.toml",
    ".editorconfig",
    ".gitignore",
    ".licenses",
    ".rustfmt.toml",
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "adapters",
    "engine",
    "flows",
    "rules",
    "schemas",
    "tests",
];

/// Files of one store that the other does not need, each with its reason.
const ONE_STORE_ONLY: &[(&str, &str)] = &[
    ("address.rs", "a server has an address, and has to prove that it is the one meant"),
    ("fold.rs", "one statement writes a whole batch, so each row may be named once"),
    ("text.rs", "rows travel as columns of text"),
];

#[test]
fn the_two_stores_have_the_same_files() {
    let all = files();
    let names = |folder: &str| -> BTreeSet<String> {
        let inside = all.iter().filter_map(|file| file.strip_prefix(folder));
        inside.filter(|name| !name.contains('/')).map(str::to_owned).collect()
    };
    for folder in ["src/", "migrations/"] {
        let postgres = names(&format!("adapters/postgres/{folder}"));
        let sqlite = names(&format!("adapters/sqlite/{folder}"));
        let apart: Vec<&str> = postgres.symmetric_difference(&sqlite).map(String::as_str).collect();
        let excused: Vec<&str> = ONE_STORE_ONLY.iter().map(|(name, _)| *name).collect();
        let excused = if folder == "src/" { excused } else { Vec::new() };
        assert!(postgres.len() > 3 && apart == excused, "{folder}: {apart:?} are in one of the stores only");
    }
}

#[test]
fn the_root_holds_what_was_agreed() {
    let top: BTreeSet<String> =
        files().iter().map(|file| file.split('/').next().unwrap().to_owned()).collect();
    let others: Vec<&String> = top.iter().filter(|name| !TOP.contains(&name.as_str())).collect();
    assert!(others.is_empty(), "not agreed at the top of the repository: {others:?}");
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    // Put together here, so that this file may be read like every other.
    let machine = [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"], ["/tmp/", "wt"], ["bash_", "jobs"]]
        .map(|p| p.concat());
    let mut problems = Vec::new();
    for file in files() {
        for (number, line) in text(&file).unwrap_or_default().lines().enumerate() {
            for path in machine.iter().filter(|path| line.contains(path.as_str())) {
                problems.push(format!("{file}:{}: {path} is a place on somebody's machine", number + 1));
            }
        }
    }
    must(&problems);
}
