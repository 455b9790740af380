//! What `engine/ARCHITECTURE.md` promises about the shape of the sources, read from the sources themselves.
#![allow(clippy::unwrap_used, clippy::panic)]

mod documents;
mod layers;
mod purity;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the repository begins.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Every file that belongs to the repository, relative to its root: what git has or would take, and what is found on
/// the disk where there is no git.
pub(crate) fn files() -> Vec<String> {
    let listed = Command::new("git")
        .current_dir(root())
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output();
    let mut files: Vec<String> = match listed {
        Ok(out) if out.status.success() => {
            String::from_utf8(out.stdout).unwrap().split('\0').map(str::to_owned).collect()
        }
        _ => found(&root(), ""),
    };
    files.retain(|file| root().join(file).is_file());
    assert!(files.len() > 100, "only {} files: these guards would guard nothing", files.len());
    files
}

fn found(folder: &Path, name: &str) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let file = entry.file_name().into_string().unwrap();
        if [".git", "target", ".convene"].contains(&file.as_str()) {
            continue;
        }
        let path = if name.is_empty() { file } else { format!("{name}/{file}") };
        match entry.file_type().unwrap().is_dir() {
            true => files.extend(found(&entry.path(), &path)),
            false => files.push(path),
        }
    }
    files
}

/// The text of a file; `None` when it is none.
pub(crate) fn text(file: &str) -> Option<String> {
    String::from_utf8(fs::read(root().join(file)).unwrap()).ok()
}

/// Fails with every problem, one a line.
pub(crate) fn must(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// The words of a line.
pub(crate) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}
