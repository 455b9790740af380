//! Exit codes (`contract.md` section 2), by name.

use std::process::ExitCode;

/// Success.
pub(crate) fn success() -> ExitCode {
    ExitCode::SUCCESS
}

/// Findings: invalid files, failed tests, changed transcripts.
pub(crate) fn findings() -> ExitCode {
    ExitCode::from(1)
}

/// Coverage below `--min`.
pub(crate) fn coverage() -> ExitCode {
    ExitCode::from(3)
}

/// Usage or environment: says what, and ends with 2.
pub(crate) fn environment(problem: &str) -> ExitCode {
    eprintln!("convene: {problem}");
    ExitCode::from(2)
}
