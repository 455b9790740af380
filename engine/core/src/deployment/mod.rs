//! A deployment: the centre, the flows and the rules of one directory, compiled and checked against each other.

mod ignored;
mod learn;
mod load;

use std::collections::BTreeMap;
use std::sync::Arc;

use petgraph::graph::NodeIndex;

use crate::centre::{BotEntry, Centre, ChannelEntry, List, Queue};
use crate::coverage::Recorder;
use crate::diagnostic::Findings;
use crate::flow::{Flow, Node};
use crate::model::EventName;
use crate::routing::Plan;
use crate::rules::{Host, RuleFile};
use crate::table::Table;

pub use learn::{learned_id, parts};
pub use load::FILES_MAX;

/// Path of the centre inside a deployment.
pub const CENTRE_FILE: &str = "flows/centre.yaml";

/// Everything an analyst wrote, ready to run. Never changes once loaded; conversations share it.
pub struct Deployment {
    /// Content address of its meaning: layout, comments and the order of keys do not change it. With the ids behind it of
    /// those whose channels it learned.
    pub id: String,
    /// The files it was made of, by path relative to the deployment.
    pub files: BTreeMap<String, String>,
    /// The contact centre.
    pub centre: Centre,
    /// Flows by name.
    pub flows: BTreeMap<String, Flow>,
    /// Rule files by stem: `queues` is `rules/queues.rhai`.
    pub rules: BTreeMap<String, RuleFile>,
    /// Decision tables by name: `leaving` is `rules/leaving.table.yaml`.
    pub tables: BTreeMap<String, Table>,
    /// Where each event enters a controller flow: the flow's name and its node. Each event has one handler at most.
    pub handlers: BTreeMap<EventName, (String, NodeIndex)>,
    /// Evaluates expressions and rules; the one that compiled them.
    pub host: Arc<Host>,
    /// Counts what is walked; only tools have one.
    pub recorder: Option<Arc<Recorder>>,
    /// Who serves which queue; worked out when it is asked first.
    pub(crate) plan: std::sync::OnceLock<Plan>,
}

/// What loading gives: a deployment when there is no error, and all findings in any case.
pub struct Loaded {
    /// The deployment; `None` when there are errors.
    pub deployment: Option<Deployment>,
    /// What was found, warnings included.
    pub findings: Findings,
}

/// The position of a token by names. It outlives the process and its indices.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Position {
    /// Name of the flow.
    pub flow: String,
    /// Name of the node in it.
    pub node: String,
}

impl Deployment {
    /// Who serves which queue.
    pub(crate) fn plan(&self) -> &Plan {
        self.plan.get_or_init(|| Plan::of(&self.centre))
    }

    /// The flow of this name.
    pub fn flow(&self, name: &str) -> Option<&Flow> {
        self.flows.get(name)
    }

    /// The controller flow that handles an event, and the node where it is entered.
    pub fn handler(&self, event: &EventName) -> Option<(&Flow, NodeIndex)> {
        let (flow, node) = self.handlers.get(event)?;
        Some((self.flows.get(flow)?, *node))
    }

    /// The channel customers reach at this address.
    pub fn channel_by_service_identifier(&self, address: &str) -> Option<&ChannelEntry> {
        self.centre.channels.values().find(|channel| channel.service_identifier == address)
    }

    /// The bot of this name.
    pub fn bot(&self, name: &str) -> Option<&BotEntry> {
        self.centre.bots.get(name)
    }

    /// The queue of this name.
    pub fn queue(&self, name: &str) -> Option<&Queue> {
        self.centre.queues.get(name)
    }

    /// The list of this name.
    pub fn list(&self, name: &str) -> Option<&List> {
        self.centre.lists.get(name)
    }

    /// The node at a position, as far as this deployment still has it.
    pub fn at(&self, position: &Position) -> Option<(&Flow, NodeIndex, &Node)> {
        let flow = self.flows.get(&position.flow)?;
        let index = *flow.nodes.get(&position.node)?;
        Some((flow, index, flow.graph.node_weight(index)?))
    }

    /// The position of a node, to be stored.
    pub fn position(flow: &Flow, node: NodeIndex) -> Option<Position> {
        let node = flow.graph.node_weight(node)?;
        Some(Position { flow: flow.name.clone(), node: node.name.clone() })
    }
}

impl std::fmt::Debug for Deployment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let flows: Vec<&String> = self.flows.keys().collect();
        f.debug_struct("Deployment").field("id", &self.id).field("flows", &flows).finish_non_exhaustive()
    }
}

/// Partitions share a deployment between threads.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Deployment>();
};

#[cfg(test)]
mod tests;
