//! The ways out of a node, those that end the run included.

use petgraph::graph::NodeIndex;

use super::{Arm, Edge, Node, Verb};

impl Node {
    /// Whether a run can end here without waiting first.
    pub(crate) fn can_end(&self) -> bool {
        match &self.verb {
            Verb::End => true,
            Verb::Choose(arms) => {
                arms.iter().any(|arm| arm.go.is_none()) || arms.iter().all(|arm| arm.when.is_some())
            }
            _ => self.then.is_none(),
        }
    }

    /// Every way out of this node and where it leads; `None` ends the run.
    pub fn ways(&self) -> Vec<(Edge, Option<NodeIndex>)> {
        let mut ways = match &self.verb {
            Verb::Choose(arms) => {
                let way = |(at, arm): (usize, &Arm)| match arm.when {
                    Some(_) => (Edge::When(at), arm.go),
                    None => (Edge::Otherwise, arm.go),
                };
                arms.iter().enumerate().map(way).collect()
            }
            Verb::Ask(ask) => {
                let answers =
                    ask.answers.iter().map(|(answer, to)| (Edge::Answer(answer.clone()), Some(*to)));
                let otherwise = ask.otherwise.map(|to| (Edge::Otherwise, Some(to)));
                let until = ask.until.iter().map(|(event, to)| (Edge::Until(event.clone()), *to));
                answers.chain(otherwise).chain([(Edge::Timeout, ask.on_timeout)]).chain(until).collect()
            }
            Verb::Wait(wait) => {
                let event = !wait.events.is_empty();
                let then = (event || wait.on_timeout.is_none()).then_some((Edge::Then, self.then));
                let timeout =
                    (event || wait.on_timeout.is_some()).then_some((Edge::Timeout, wait.on_timeout));
                let until = wait.until.iter().map(|(event, to)| (Edge::Until(event.clone()), *to));
                then.into_iter().chain(timeout).chain(until).collect()
            }
            Verb::Act { goto: Some(to), .. } => vec![(Edge::Then, self.then), (Edge::Reminder, Some(*to))],
            Verb::End => Vec::new(),
            _ => vec![(Edge::Then, self.then)],
        };
        ways.extend(self.on_error.map(|to| (Edge::Error, Some(to))));
        ways
    }
}
