//! Expressions that somebody meant and did not mark: without its sign an expression is a text, and the customer reads it.

use super::compile::Compiler;
use super::slot::FACTS;
use crate::diagnostic::{Finding, codes};
use crate::yaml::{Node, Scalar, shortened};

impl Compiler<'_, '_> {
    /// Looks at a text that is said as it stands; it begins at character `from` of the scalar.
    pub(super) fn unmarked(&mut self, node: &Node, scalar: &Scalar, from: usize, text: &str) {
        // Most texts name no fact, and need not be compiled.
        if !FACTS.iter().any(|fact| text.contains(fact)) {
            return;
        }
        let mut rest = text;
        let mut at = from;
        while let Some(open) = rest.find('{') {
            let inside = &rest[open + 1..];
            let Some(close) = inside.find('}') else { break };
            at += rest[..open].chars().count();
            if self.reads_a_fact(&inside[..close]) {
                let written = format!("{{{}}}", &inside[..close]);
                let place = scalar.place_of(&node.place.file, at, written.chars().count());
                let message = format!("`{}` is said as it stands", shortened(&written));
                let finding = Finding::warning(codes::UNMARKED_EXPRESSION, &place, message);
                self.findings.push(finding.cure(format!("write `{{{written}}}`, with two braces")));
            }
            at += inside[..close].chars().count() + 2;
            rest = &inside[close + 1..];
        }
        if from == 0 && text == scalar.text && self.reads_a_fact(text) {
            let message = format!("`{}` is a text and is not computed", shortened(text));
            let finding = Finding::warning(codes::UNMARKED_EXPRESSION, &node.place, message);
            self.findings.push(finding.cure("write `=` in front of an expression, and quotes around both"));
        }
    }

    /// Whether a text is an expression that reads something inside a fact: `customer.name`.
    fn reads_a_fact(&self, text: &str) -> bool {
        let read = self.scope.host.expression(text);
        read.is_ok_and(|read| {
            read.reads().iter().any(|read| read.path.len() > 1 && FACTS.contains(&read.path[0].as_str()))
        })
    }
}
