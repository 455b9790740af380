//! Findings in the documents that programs read.

use std::collections::BTreeMap;
use std::time::Duration;

use convene_core::diagnostic::{Finding, Findings, Severity};
use serde_json::{Value, json};

use crate::junit::{TestResult, Verdict};

/// Something that is wrong with what was to be run, ready for every format.
pub(crate) struct Wrong {
    /// In one sentence.
    message: String,
    file: String,
    /// For people: with the lines it is about.
    text: String,
    is_error: bool,
    json: Value,
}

impl Wrong {
    /// Each finding, shown with its place in the sources.
    pub(crate) fn all(findings: &Findings, sources: &BTreeMap<String, String>) -> Vec<Self> {
        let one = |f: &Finding| Self {
            message: f.message.clone(),
            file: f.place.file.to_string(),
            text: f.render(sources),
            is_error: f.severity == Severity::Error,
            json: document(f),
        };
        findings.iter().map(one).collect()
    }

    /// What is known as a text alone.
    pub(crate) fn told(text: String) -> Self {
        let json = json!({ "severity": "error", "message": text });
        let message = text.lines().next().unwrap_or_default().to_owned();
        Self { message, file: String::new(), text, is_error: true, json }
    }

    /// For programs.
    pub(crate) fn json(&self) -> &Value {
        &self.json
    }

    /// As a test that could not be run; a warning stops none.
    pub(crate) fn result(&self) -> Option<TestResult<'_>> {
        self.is_error.then(|| TestResult {
            name: self.message.clone(),
            within: self.file.clone(),
            took: Duration::ZERO,
            verdict: Verdict::Error(&self.text),
        })
    }
}

/// A finding as JSON.
pub(crate) fn document(f: &Finding) -> Value {
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
