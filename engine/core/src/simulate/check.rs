//! What is checked of a scenario against the deployment it plays in, before it plays.

use serde_json::json;

use super::scenario::{Actor, Scenario};
use crate::check;
use crate::deployment::Deployment;
use crate::diagnostic::Findings;
use crate::model::Json;

impl Scenario {
    /// Finds names that the deployment does not have and expectations that can never hold. What becomes known only when
    /// the scenario itself changes the configuration counts as known.
    pub fn check(&self, deployment: &Deployment, findings: &mut Findings) {
        let later = self.later(deployment);
        let all: Vec<&Deployment> = std::iter::once(deployment).chain(&later).collect();
        let centres: Vec<_> = all.iter().map(|deployment| &deployment.centre).collect();
        for mention in &self.mentions {
            mention.look_up(&centres, &self.unknown, findings);
        }
        for step in &self.steps {
            let Actor::Expect(expected) = &step.actor else { continue };
            let found = all.iter().map(|deployment| {
                let mut found = Findings::new();
                check::of_scenario(deployment, &further(), &expected.expr, &mut found);
                found
            });
            // One deployment in which it can hold is enough.
            if let Some(least) = found.min_by_key(Findings::errors) {
                findings.extend(least);
            }
        }
    }

    /// The deployments it changes to, as far as they can be taken.
    fn later(&self, deployment: &Deployment) -> Vec<Deployment> {
        let mut later: Vec<Deployment> = Vec::new();
        for step in &self.steps {
            if let Actor::Change(edits) = &step.actor
                && let Ok(next) = self.changed(later.last().unwrap_or(deployment), edits)
            {
                later.push(next);
            }
        }
        later
    }
}

/// The facts an expectation has beside those of its conversation.
fn further() -> Json {
    json!({ "read": [], "tasks": [], "states": [], "agent_states": [], "queues": [] })
}
