//! `convene why`: why routing did what it did.

use std::fmt::Write;
use std::process::ExitCode;

use convene_core::model::Json;

use crate::args::WhyArgs;
use crate::client::{CallError, Engine};
use crate::exit;

/// Asks a running engine about a conversation, or about a task.
pub(crate) async fn why(args: WhyArgs) -> ExitCode {
    let engine = match Engine::at(&args.url) {
        Ok(engine) => engine,
        Err(problem) => return exit::environment(&problem),
    };
    let mut answer = engine.get(&["conversations", &args.id, "why"]).await;
    if matches!(&answer, Err(CallError::Refused(problem)) if problem.contains("unknown_conversation")) {
        answer = engine.get(&["tasks", &args.id, "why"]).await;
    }
    match answer {
        Ok(answer) => {
            print!("{}", text(&answer));
            exit::success()
        }
        Err(CallError::Refused(problem)) if problem.contains("unknown_task") => {
            exit::environment(&format!("neither a conversation nor a task has the id {:?}", args.id))
        }
        Err(problem) => exit::environment(&problem.to_string()),
    }
}

/// The decisions in the order of time, and how things stand.
pub(crate) fn text(answer: &Json) -> String {
    let mut out = String::new();
    let all = |key: &str| answer[key].as_array().cloned().unwrap_or_default();
    let decisions = all("decisions");
    let first = decisions.first().and_then(|d| d["at"].as_i64()).unwrap_or(0);
    for decision in &decisions {
        let at = decision["at"].as_i64().unwrap_or(first) - first;
        let _ = writeln!(out, "{:>8.1}s  {}", seconds(at), said(decision));
    }
    if decisions.is_empty() {
        let _ = writeln!(out, "routing was not asked");
    }
    for standing in all("now") {
        let _ = writeln!(out, "     now  {}", said(&standing));
    }
    out
}

/// Milliseconds of a conversation are far below what a float holds exactly.
#[allow(clippy::cast_precision_loss)]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

fn said(decision: &Json) -> String {
    let what = decision["what"].as_str().unwrap_or_default();
    let why = decision["why"].as_str().unwrap_or_default();
    let mut text = match (what.is_empty(), why.is_empty()) {
        (true, _) => why.to_owned(),
        (_, true) => what.to_owned(),
        _ => format!("{what}: {why}"),
    };
    for candidate in decision["candidates"].as_array().into_iter().flatten() {
        let agent = candidate["agent"].as_str().unwrap_or_default();
        let _ = write!(text, "\n             {agent} {}", candidate["why"].as_str().unwrap_or_default());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn decisions_are_told_in_order_with_who_was_looked_at() {
        let answer = json!({
            "decisions": [
                { "at": 1_000, "what": "waits in general", "why": "nobody can take it now",
                  "candidates": [{ "agent": "amal", "why": "is NOT_READY" }] },
                { "at": 4_500, "what": "offered to amal", "why": "fewest tasks (0)", "candidates": [] },
            ],
            "now": [{ "why": "amal is at it", "candidates": [] }],
        });
        let expected = "     0.0s  waits in general: nobody can take it now\n             amal is NOT_READY\n     3.5s  \
                        offered to amal: fewest tasks (0)\n     now  amal is at it\n";
        assert_eq!(text(&answer), expected);
    }
}
