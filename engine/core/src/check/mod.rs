//! What is checked across the files of a deployment, once each has been read: that what is read can be there, that what
//! happens is answered, that failing leads somewhere.
//!
//! Everything here is said of what an analyst wrote, before anything runs. A check that cannot be sure stays silent.

mod choices;
mod circles;
mod events;
mod facts;
mod failing;
mod given;
mod handoff;
mod parameters;
mod reminders;
mod shape;
mod slots;

pub(crate) use facts::of_scenario;
pub(crate) use given::FactNames;

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use crate::centre::Centre;
use crate::diagnostic::{Findings, Place};
use crate::flow::Flow;
use crate::model::EventName;
use crate::rules::{Host, RuleFile};
use crate::table::Table;

/// The parts of a deployment, compiled as far as they could be.
pub(crate) struct Parts<'a> {
    /// The centre.
    pub centre: &'a Centre,
    /// Whether the centre has no errors. With one, a value may be missing that is written.
    pub sure: bool,
    /// Flows by name.
    pub flows: &'a BTreeMap<String, Flow>,
    /// Flows with errors: what their nodes do is not known.
    pub broken: &'a BTreeSet<String>,
    /// Slots that some flow fills, broken ones included.
    pub filled: &'a BTreeSet<String>,
    /// Whether every flow file could be read at all. Without one, a slot may be filled there.
    pub complete: bool,
    /// Rule files by stem.
    pub rules: &'a BTreeMap<String, Option<RuleFile>>,
    /// Decision tables by name.
    pub tables: &'a BTreeMap<String, Option<Table>>,
    /// Entries of controller flows.
    pub entries: &'a [Entry<'a>],
    /// Evaluates constants.
    pub host: &'a std::sync::Arc<Host>,
}

/// An event and where it enters a controller flow.
pub(crate) struct Entry<'a> {
    /// The event.
    pub event: &'a EventName,
    /// Name of the flow.
    pub flow: &'a str,
    /// The node it enters.
    pub node: NodeIndex,
    /// Where that is written.
    pub place: &'a Place,
}

/// Checks a deployment as a whole.
pub(crate) fn check(parts: &Parts<'_>, findings: &mut Findings) {
    let shape = shape::Shape::of(parts);
    facts::check(parts, &shape, findings);
    parameters::check(parts, &shape, findings);
    choices::check(parts, findings);
    circles::check(parts, findings);
    events::check(parts, findings);
    failing::check(parts, &shape, findings);
    handoff::check(parts, findings);
    reminders::check(parts, findings);
    slots::check(parts, &shape, findings);
}

impl Parts<'_> {
    /// Flows whose nodes are all known.
    fn sound(&self) -> impl Iterator<Item = &Flow> {
        self.flows.values().filter(|flow| !self.broken.contains(&flow.name))
    }
}
