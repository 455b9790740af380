//! Findings: what is wrong in a file, where, why, and how to mend it.
//!
//! Reading never stops at the first mistake. Every reader pushes what it finds and goes on, so that one run
//! shows all there is to mend.

pub mod codes;
mod finding;
mod nearest;
mod pages;
mod render;

use std::sync::Arc;

pub use finding::{FINDINGS_MAX, Finding, Findings, Severity};
pub use nearest::{did_you_mean, nearest};
pub use pages::page;

/// A place in a file of the deployment. Lines and columns count from 1; columns count characters, not bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Path relative to the deployment, such as `flows/inbound.yaml`.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// How many characters the finding covers; at least 1.
    pub length: u32,
}

impl Place {
    /// The first character of a file, for findings about the file as a whole.
    pub fn start_of(file: &str) -> Self {
        Self { file: Arc::from(file), line: 1, column: 1, length: 1 }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
