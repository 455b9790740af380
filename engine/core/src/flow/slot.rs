//! Names of slots: what expressions can read them by.

use super::compile::Compiler;
use crate::diagnostic::{Finding, Place, codes};
use crate::yaml;

/// The facts every expression sees. A slot of such a name could not be read: the fact comes first.
pub(super) const FACTS: &[&str] =
    &["centre", "channel", "conversation", "customer", "event", "now", "session", "slots"];

impl Compiler<'_, '_> {
    /// Takes the name of a slot that is filled; `false` when it cannot be one.
    pub(super) fn slot(&mut self, name: &str, place: &Place) -> bool {
        if !yaml::name(name, place, "slot", false, self.findings) {
            self.slots.insert(name.to_owned());
            return false;
        }
        if FACTS.contains(&name) {
            self.reserved(name, place, "it is a fact, which would be read instead");
            return false;
        }
        self.slots.insert(name.to_owned());
        let read = self.scope.host.expression(name);
        if read.is_ok_and(|read| read.reads().iter().any(|read| read.path == [name])) {
            return true;
        }
        self.reserved(
            name,
            place,
            "the word means something else in expressions, so that nothing could read it",
        );
        false
    }

    fn reserved(&mut self, name: &str, place: &Place, why: &str) {
        let finding =
            Finding::error(codes::RESERVED_NAME, place, format!("a slot cannot be called `{name}`"));
        self.findings.push(finding.because(why).cure("give it another name"));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::conversation::blank_facts;
    use crate::deployment::Deployment;

    #[test]
    fn every_fact_is_reserved() {
        let files = [("flows/centre.yaml".to_owned(), "centre: Test\n".to_owned())];
        let deployment = Deployment::load(files.into()).deployment.unwrap();
        let facts = blank_facts(&deployment);
        let names: Vec<&str> = facts.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, FACTS);
    }
}
