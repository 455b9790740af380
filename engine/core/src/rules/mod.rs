//! Rules: what the analyst decides with, run so that no script can hurt its host.
//!
//! [`Host`] compiles expressions (`conversation.agents > 0`, in flows) and rule files (`rules/*.rhai`) and
//! runs them over [`Facts`]. A rule is pure: it has no clock, no randomness, no files, no output, and it
//! sees copies. It runs under counted bounds ([`limits`]), so it stops at the same operation on every
//! machine. Whatever goes wrong is a [`RuleError`] with a place and a call stack; nothing that goes wrong
//! is ever `false` (`design.md` section 6).
//!
//! Where plain Rhai would be surprising: a missing property is an error unless asked for with `?.`
//! (which then gives `()`); ordering values of
//! different types is an error; closures capture copies; a comparer that fails makes its sort fail.

mod capture;
pub mod convert;
mod doubt;
mod doubts;
mod error;
mod facts;
mod functions;
mod host;
mod known;
pub mod limits;
mod maybe;
mod needs;
mod optional;
mod probes;
mod slips;
mod source;
mod suite;
#[cfg(test)]
mod tests;
mod weight;

pub use doubt::{Doubt, Doubted, Look, Shape, Type};
pub use error::{RuleError, RuleErrorKind};
pub use facts::{FactSource, FactValue, Facts};
pub use host::{Host, Verdict};
pub use known::{UnknownCall, is_function};
pub use probes::{Branch, Passed, Probes};
pub use rhai::{Dynamic, OptimizationLevel};
pub use slips::cure_of_slip;
pub use source::{Expression, Read, RuleFile, RuleFunction};
pub use suite::{FAILED, UnknownFact, overlaid};

/// Values as they cross the fence: facts in, verdicts out.
pub type Json = serde_json::Value;
