//! One finding, and the collector that sorts them.

use std::collections::BTreeSet;

use super::Place;

/// Most findings that are kept. A hostile file could have millions; nobody mends more than this in one go.
pub const FINDINGS_MAX: usize = 500;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The deployment cannot be used.
    Error,
    /// It can be used, but probably does not do what was meant.
    Warning,
}

/// What is wrong, where, why, and how to mend it. Sorted by place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// How bad.
    pub severity: Severity,
    /// One of [`super::codes::ALL`].
    pub code: &'static str,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Why it is wrong, when the message does not say it already.
    pub cause: Option<String>,
    /// How to mend it.
    pub cure: Option<String>,
    /// Other places that belong to it, each with what is there.
    pub also: Vec<(Place, String)>,
}

impl Finding {
    /// A finding that makes the deployment unusable.
    pub fn error(code: &'static str, place: &Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, place, message.into())
    }

    /// A finding that is worth a look.
    pub fn warning(code: &'static str, place: &Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, place, message.into())
    }

    fn new(severity: Severity, code: &'static str, place: &Place, message: String) -> Self {
        Self { place: place.clone(), severity, code, message, cause: None, cure: None, also: Vec::new() }
    }

    /// Adds why it is wrong.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds how to mend it.
    #[must_use]
    pub fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    /// Adds how to mend it, when there is something to say.
    #[must_use]
    pub fn cure_if(mut self, cure: Option<String>) -> Self {
        self.cure = cure.or(self.cure);
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn also(mut self, place: &Place, text: impl Into<String>) -> Self {
        self.also.push((place.clone(), text.into()));
        self
    }
}

/// Findings sorted by place, each once.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    all: BTreeSet<Finding>,
    errors: usize,
    dropped: usize,
}

impl Findings {
    /// No findings yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a finding. One that is already there is dropped; so is a warning or error beyond [`FINDINGS_MAX`],
    /// which is counted.
    pub fn push(&mut self, finding: Finding) {
        let error = finding.severity == Severity::Error;
        if self.all.len() < FINDINGS_MAX {
            let fresh = self.all.insert(finding);
            self.errors += usize::from(fresh && error);
        } else if !self.all.contains(&finding) {
            self.dropped += 1;
            self.errors += usize::from(error);
        }
    }

    /// Keeps a finding, when there is one.
    pub fn push_some(&mut self, finding: Option<Finding>) {
        finding.into_iter().for_each(|finding| self.push(finding));
    }

    /// The findings in order of file, line and column.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.all.iter()
    }

    /// The errors in order of file, line and column, then the warnings: a warning may follow from an error.
    pub fn by_severity(&self) -> impl Iterator<Item = &Finding> {
        let of = |severity| self.all.iter().filter(move |finding| finding.severity == severity);
        of(Severity::Error).chain(of(Severity::Warning))
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many errors were found, those beyond the limit included.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// How many findings were not kept because there were too many.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Takes over the findings of another part.
    pub fn extend(&mut self, other: Findings) {
        self.dropped += other.dropped;
        for finding in other.all {
            self.push(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::codes;

    fn at(line: u32) -> Place {
        Place { line, ..Place::start_of("flows/a.yaml") }
    }

    #[test]
    fn findings_are_sorted_and_each_is_kept_once() {
        let mut findings = Findings::new();
        findings.push(Finding::error(codes::TAB, &at(9), "late"));
        findings.push(Finding::warning(codes::TAB, &at(2), "early"));
        findings.push(Finding::error(codes::TAB, &at(9), "late"));
        let seen: Vec<_> = findings.iter().map(|f| f.message.as_str()).collect();
        assert_eq!(seen, ["early", "late"]);
        assert_eq!(findings.errors(), 1);
    }

    #[test]
    fn errors_are_told_before_warnings() {
        let mut findings = Findings::new();
        findings.push(Finding::warning(codes::TAB, &at(2), "warning"));
        findings.push(Finding::error(codes::TAB, &at(9), "late"));
        findings.push(Finding::error(codes::TAB, &at(3), "early"));
        let told: Vec<_> = findings.by_severity().map(|f| f.message.as_str()).collect();
        assert_eq!(told, ["early", "late", "warning"]);
    }

    #[test]
    fn a_flood_is_counted_but_not_kept() {
        let mut findings = Findings::new();
        for line in 1..=600 {
            findings.push(Finding::error(codes::TAB, &at(line), "tab"));
        }
        assert_eq!((findings.len(), findings.dropped(), findings.errors()), (FINDINGS_MAX, 100, 600));
    }
}
