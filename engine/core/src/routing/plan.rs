//! Who serves which step of which queue: worked out once for a deployment, asked for every decision.

use std::collections::BTreeMap;

use super::expression::Expression;
use crate::centre::Centre;

/// The queues of a deployment with the agents of their steps.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Agents of the deployment, numbered in the order of their names.
    numbers: BTreeMap<String, usize>,
    queues: BTreeMap<String, PlannedQueue>,
}

#[derive(Debug)]
struct PlannedQueue {
    steps: Vec<PlannedStep>,
}

/// A step and its agents, as a list and as bits by number.
#[derive(Debug)]
pub(crate) struct PlannedStep {
    /// Who must be; empty for everybody.
    pub(crate) expression: Expression,
    /// Agents who satisfy it, in the order of their names.
    pub(crate) members: Vec<String>,
    bits: Vec<u64>,
}

impl Plan {
    /// Works it out.
    pub(crate) fn of(centre: &Centre) -> Self {
        let numbers = centre.agents.keys().enumerate().map(|(n, id)| (id.clone(), n)).collect();
        let step = |source: &str| {
            let expression = Expression::compile(source);
            let mut bits = vec![0; centre.agents.len().div_ceil(64)];
            let mut members = Vec::new();
            for (n, (id, agent)) in centre.agents.iter().enumerate() {
                if expression.holds(agent) {
                    bits[n / 64] |= 1 << (n % 64);
                    members.push(id.clone());
                }
            }
            PlannedStep { expression, members, bits }
        };
        // A queue without steps is served by everybody.
        let queues = centre.queues.values().map(|queue| {
            let steps = match queue.steps.as_slice() {
                [] => vec![step("")],
                steps => steps.iter().map(|s| step(&s.agents)).collect(),
            };
            (queue.name.clone(), PlannedQueue { steps })
        });
        Self { numbers, queues: queues.collect() }
    }

    /// The first `open` steps of a queue.
    pub(crate) fn steps(&self, queue: &str, open: usize) -> &[PlannedStep] {
        let steps = self.queues.get(queue).map_or(&[][..], |q| &q.steps);
        &steps[..open.min(steps.len())]
    }

    /// Whether an agent satisfies a step.
    pub(crate) fn serves(&self, step: &PlannedStep, agent: &str) -> bool {
        self.numbers.get(agent).is_some_and(|n| step.bits.get(n / 64).is_some_and(|b| b >> (n % 64) & 1 == 1))
    }

    /// Whether an agent satisfies one of the first `open` steps of a queue.
    pub(crate) fn serves_any(&self, queue: &str, open: usize, agent: &str) -> bool {
        self.steps(queue, open).iter().any(|step| self.serves(step, agent))
    }
}
