//! Tests of the rule host.
#![allow(clippy::unwrap_used, clippy::panic)]

mod captures;
mod cost;
mod hostile;
mod meaning;
mod needs;
mod places;

use super::{Facts, Host, Json, RuleError, Verdict};

/// Compiles `fn rule(facts)` from a file and calls it.
fn call(host: &Host, source: &str, facts: &Json) -> Result<Verdict, RuleError> {
    host.call(&host.rules("rules/test.rhai", source)?, "rule", &Facts::from_json(facts))
}

/// Compiles an expression and evaluates it.
fn eval(host: &Host, source: &str, facts: &Json) -> Result<Json, RuleError> {
    host.eval(&host.expression(source)?, &Facts::from_json(facts))
}

/// Compiles an expression and asks whether it holds.
fn truth(host: &Host, source: &str, facts: &Json) -> Result<bool, RuleError> {
    host.truth(&host.expression(source)?, &Facts::from_json(facts))
}
