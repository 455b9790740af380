//! JUnit XML, which every build server reads.

use std::fmt::Write;
use std::time::Duration;

/// How a test went.
pub(crate) enum Verdict<'t> {
    Passed,
    Failure(&'t str),
    Error(&'t str),
    Skipped,
}

/// A test that was run.
pub(crate) struct TestResult<'t> {
    pub(crate) name: String,
    /// File or folder it belongs to.
    pub(crate) within: String,
    pub(crate) took: Duration,
    pub(crate) verdict: Verdict<'t>,
}

/// The document of one suite.
pub(crate) fn document(suite: &str, results: &[TestResult<'_>]) -> String {
    let count = |wanted: fn(&Verdict<'_>) -> bool| results.iter().filter(|r| wanted(&r.verdict)).count();
    let took: Duration = results.iter().map(|r| r.took).sum();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    let _ = writeln!(
        out,
        "<testsuite name=\"{suite}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3}\">",
        results.len(),
        count(|v| matches!(v, Verdict::Failure(_))),
        count(|v| matches!(v, Verdict::Error(_))),
        count(|v| matches!(v, Verdict::Skipped)),
        took.as_secs_f64()
    );
    for result in results {
        let (name, within) = (escaped(&result.name), escaped(&result.within));
        let seconds = result.took.as_secs_f64();
        let _ = write!(out, "<testcase name=\"{name}\" classname=\"{within}\" time=\"{seconds:.3}\">");
        match result.verdict {
            Verdict::Passed => {}
            Verdict::Failure(why) => drop(write!(out, "<failure>{}</failure>", escaped(why))),
            Verdict::Error(why) => drop(write!(out, "<error>{}</error>", escaped(why))),
            Verdict::Skipped => out.push_str("<skipped/>"),
        }
        out.push_str("</testcase>\n");
    }
    out.push_str("</testsuite>\n</testsuites>\n");
    out
}

/// Text inside XML. Control characters cannot stand in it at all.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
