//! Facts that a test gives to a rule: a name that no conversation has would be given in vain, and the test would pass.

use super::facts::{impossible, missing};
use super::shape::Shape;
use crate::deployment::Deployment;
use crate::diagnostic::{Findings, did_you_mean};
use crate::model::{Json, JsonMap};
use crate::rules::{Look, Shape as _, Type};
use crate::yaml::{Kind, Node};

/// The names of the facts of a deployment.
pub(crate) struct FactNames(Shape);

impl FactNames {
    /// Facts, slots that flows fill, and what rules read: a rule that no flow asks yet may be tested before.
    pub(crate) fn of(deployment: &Deployment) -> Self {
        let reads = deployment.rules.values().flat_map(|file| {
            file.functions().into_iter().flat_map(|function| file.reads(&function.name)).collect::<Vec<_>>()
        });
        let reads: JsonMap = reads.map(|name| (name, Json::Null)).collect();
        Self(Shape::of_deployment(deployment, &Json::Object(reads)))
    }

    /// Finds names in facts that are given.
    pub(crate) fn check(&self, given: &Node, findings: &mut Findings) {
        self.within(given, &mut Vec::new(), findings);
    }

    fn within(&self, node: &Node, path: &mut Vec<String>, findings: &mut Findings) {
        self.word(node, path, findings);
        let Kind::Map(entries) = &node.kind else { return };
        for entry in entries {
            path.push(entry.key.text.clone());
            match self.unknown(path) {
                Some(known) => findings.push_some(missing(true, path, &known, &entry.key.place, false)),
                None => self.within(&entry.value, path, findings),
            }
            path.pop();
        }
    }

    /// Finds a word that the fact never says.
    fn word(&self, node: &Node, path: &[String], findings: &mut Findings) {
        let Some(word) = node.text().filter(|word| !word.is_empty()) else { return };
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        // A test may well give a queue or a channel that the centre does not have.
        if self.0.has_fixed_words(&names)
            && let Look::Known(Type::Text, words) = self.0.look(&names)
            && !words.is_empty()
            && !words.iter().any(|known| known == word)
        {
            findings.push_some(impossible(&path.join("."), word, &words, &node.place));
        }
    }

    /// What is there instead of a name that is not.
    fn unknown(&self, path: &[String]) -> Option<Vec<String>> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match self.0.look(&path) {
            Look::Missing(depth, known) if depth + 1 == path.len() => Some(known),
            _ => None,
        }
    }

    /// The first name in facts that are given while a test runs, in words.
    pub(crate) fn first_unknown(&self, given: &Json) -> Option<String> {
        self.first_within(given, &mut Vec::new())
    }

    fn first_within(&self, given: &Json, path: &mut Vec<String>) -> Option<String> {
        for (name, inner) in given.as_object()? {
            path.push(name.clone());
            if let Some(known) = self.unknown(path) {
                let near = did_you_mean(name, known.iter().map(String::as_str));
                let near = near.map(|near| format!("; {near}")).unwrap_or_default();
                return Some(format!("there is no fact `{}`{near}", path.join(".")));
            }
            if let Some(found) = self.first_within(inner, path) {
                return Some(found);
            }
            path.pop();
        }
        None
    }
}
