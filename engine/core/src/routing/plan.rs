//! Who serves which step of which queue: worked out once for a deployment, asked for every decision.

use std::collections::BTreeMap;

use super::expression::Expression;
use crate::centre::Centre;

/// The queues of a deployment with the agents of their steps.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Agents of the deployment, numbered in the order of their names.
    numbers: BTreeMap<String, Number>,
    /// The names again, by number.
    names: Vec<String>,
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

/// An agent of a plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number(usize);

impl Number {
    /// Puts the agent into a set of bits, or takes them out.
    pub(crate) fn mark(self, bits: &mut Vec<u64>, there: bool) {
        let Self(n) = self;
        if bits.len() <= n / 64 {
            bits.resize(n / 64 + 1, 0);
        }
        match there {
            true => bits[n / 64] |= 1 << (n % 64),
            false => bits[n / 64] &= !(1 << (n % 64)),
        }
    }
}

impl PlannedStep {
    /// How many of a set of bits satisfy the step.
    pub(crate) fn count_in(&self, bits: &[u64]) -> usize {
        self.bits.iter().zip(bits).map(|(a, b)| (a & b).count_ones() as usize).sum()
    }

    /// Whether an agent satisfies the step.
    pub(crate) fn wants(&self, Number(n): Number) -> bool {
        self.bits.get(n / 64).is_some_and(|bits| bits >> (n % 64) & 1 == 1)
    }
}

impl Plan {
    /// Works it out.
    pub(crate) fn of(centre: &Centre) -> Self {
        let numbers = centre.agents.keys().enumerate().map(|(n, id)| (id.clone(), Number(n))).collect();
        let step = |source: &str| {
            let expression = Expression::compile(source);
            let mut bits = Vec::new();
            let mut members = Vec::new();
            for (n, (id, agent)) in centre.agents.iter().enumerate() {
                if expression.holds(agent) {
                    Number(n).mark(&mut bits, true);
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
        let names = centre.agents.keys().cloned().collect();
        Self { numbers, names, queues: queues.collect() }
    }

    /// The first `open` steps of a queue.
    pub(crate) fn steps(&self, queue: &str, open: usize) -> &[PlannedStep] {
        let steps = self.queues.get(queue).map_or(&[][..], |q| &q.steps);
        &steps[..open.min(steps.len())]
    }

    /// Number of an agent, to ask many steps about; `None` for one the deployment does not have.
    pub(crate) fn number(&self, agent: &str) -> Option<Number> {
        self.numbers.get(agent).copied()
    }

    /// Numbers of all agents.
    pub(crate) fn numbers(&self) -> &BTreeMap<String, Number> {
        &self.numbers
    }

    /// Agents a step wants among those of a set of bits, in the order of their names.
    pub(crate) fn both<'p>(
        &'p self,
        step: &'p PlannedStep,
        bits: &'p [u64],
    ) -> impl Iterator<Item = &'p str> {
        let words = step.bits.iter().zip(bits).map(|(a, b)| a & b).enumerate();
        let ones = |(at, word): (usize, u64)| {
            let drop_lowest = |w: &u64| Some(w & (w - 1)).filter(|w| *w != 0);
            let rest = std::iter::successors(Some(word).filter(|w| *w != 0), drop_lowest);
            rest.map(move |w| at * 64 + w.trailing_zeros() as usize)
        };
        words.flat_map(ones).filter_map(|n| self.names.get(n)).map(String::as_str)
    }

    /// Whether an agent satisfies one of the first `open` steps of a queue.
    pub(crate) fn serves_any(&self, queue: &str, open: usize, agent: Number) -> bool {
        self.steps(queue, open).iter().any(|step| step.wants(agent))
    }
}
