//! Files that look like parts of a deployment and are not read: their names are slips.

use std::collections::BTreeMap;

use super::load::{is_file_name, is_part};
use crate::diagnostic::{Finding, Findings, Place, codes};
use crate::testing::{CASES, TESTS};

/// Warns of files that look like parts of a deployment and are not read. A folder inside `flows` or `rules` is warned of
/// once; one without files in it may be given as a path that ends with `/`.
pub(super) fn warn_of_ignored(files: &BTreeMap<String, String>, findings: &mut Findings) {
    for path in files.keys() {
        if let Some(folder) = sub_folder(path) {
            let place = Place::start_of(&folder);
            let finding =
                Finding::warning(codes::IGNORED_FILE, &place, "the files in this folder are not read");
            findings.push(finding.cure("move flows into `flows` itself, and rules into `rules`"));
            continue;
        }
        let Some(cure) = path.split_once('/').and_then(|(folder, name)| meant(folder, name)) else {
            continue;
        };
        if is_part(path) || path.ends_with(CASES) || path.ends_with(TESTS) {
            continue;
        }
        let finding = Finding::warning(codes::IGNORED_FILE, &Place::start_of(path), "this file is not read");
        findings.push(finding.cure(cure));
    }
}

/// How a file must be named that looks as if it were meant to be read.
fn meant(folder: &str, name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let name = name.strip_suffix(".txt").unwrap_or(&name);
    let (stem, ending) = name.rsplit_once('.').filter(|(stem, _)| is_file_name(stem))?;
    Some(match (folder, ending) {
        ("flows", "prompt") => "let its name end in `.prompt.md`",
        ("flows", _) if stem.ends_with(".prompt") => "let its name end in `.prompt.md`",
        ("flows", "yaml" | "yml") => "let its name end in `.yaml`",
        ("rules", "rhai" | "rhi" | "rh") => "let its name end in `.rhai`",
        ("rules", "csv") => "let its name end in `.csv`",
        ("rules", "yaml" | "yml") if stem.contains(".case") => "let its name end in `.cases.yaml`",
        ("rules", "yaml" | "yml") if stem.contains(".table") => "let its name end in `.table.yaml`",
        ("rules", "yaml" | "yml") => {
            "let its name end in `.table.yaml` for a table, in `.cases.yaml` for cases"
        }
        _ => return None,
    })
}

/// `flows/old` for `flows/old/a.yaml`; none for hidden folders.
fn sub_folder(path: &str) -> Option<String> {
    let (folder, rest) = path.split_once('/').filter(|(folder, _)| matches!(*folder, "flows" | "rules"))?;
    let (inner, _) = rest.split_once('/').filter(|(inner, _)| !inner.starts_with('.'))?;
    Some(format!("{folder}/{inner}"))
}
