//! `decide`: asks a rule or a table and keeps what it says.

use super::slot;
use crate::diagnostic::{Finding, codes, did_you_mean};
use crate::flow::compile::Compiler;
use crate::flow::{By, Verb};
use crate::rules::RuleFile;
use crate::yaml::{Entry, Fields, Node, text};

pub(super) fn compile(c: &mut Compiler<'_, '_>, entry: &Entry, fields: &mut Fields<'_>) -> Option<Verb> {
    let into = slot(c, fields);
    let written = text(&entry.value, "decide", c.findings)?;
    let Some((module, function)) = written.split_once('.') else {
        return table(c, &entry.value, &written).map(|by| Verb::Decide { by, into });
    };
    if module.is_empty() || function.is_empty() {
        let message = format!("`{}` does not name a rule", crate::yaml::shortened(&written));
        let finding = Finding::error(codes::UNKNOWN_RULE, &entry.value.place, message);
        c.findings.push(finding.cure("write `file.function` for `fn function(facts)` in `rules/file.rhai`"));
        return None;
    }
    resolve(c, &entry.value, module, function)?;
    let by = By::Rule { module: module.to_owned(), function: function.to_owned() };
    Some(Verb::Decide { by, into })
}

/// A word without a dot is a table.
fn table(c: &mut Compiler<'_, '_>, node: &Node, name: &str) -> Option<By> {
    match c.scope.tables.get(name) {
        Some(Some(_)) => Some(By::Table(name.to_owned())),
        // It has findings of its own.
        Some(None) => None,
        None => {
            let message = format!("there is no table `rules/{}.table.yaml`", crate::yaml::shortened(name));
            let near = did_you_mean(name, c.scope.tables.keys().map(String::as_str));
            let cure = near.unwrap_or_else(|| "a rule in a file is written `file.function`".to_owned());
            c.findings.push(Finding::error(codes::UNKNOWN_TABLE, &node.place, message).cure(cure));
            None
        }
    }
}

fn resolve(c: &mut Compiler<'_, '_>, node: &Node, module: &str, function: &str) -> Option<()> {
    match c.scope.rules.get(module) {
        Some(Some(file)) => resolve_function(c, node, file, function),
        // The file has findings of its own.
        Some(None) => None,
        None => {
            let message = format!("there is no rule file `rules/{}.rhai`", crate::yaml::shortened(module));
            let cure = did_you_mean(module, c.scope.rules.keys().map(String::as_str));
            c.findings.push(Finding::error(codes::UNKNOWN_RULE_FILE, &node.place, message).cure_if(cure));
            None
        }
    }
}

fn resolve_function(c: &mut Compiler<'_, '_>, node: &Node, file: &RuleFile, function: &str) -> Option<()> {
    let functions = file.functions();
    let mut named = functions.iter().filter(|candidate| candidate.name == function).peekable();
    if named.peek().is_none() {
        let message = format!("`{}` has no function `{}`", file.file(), crate::yaml::shortened(function));
        let cure = did_you_mean(function, functions.iter().map(|candidate| candidate.name.as_str()));
        let cure = cure.unwrap_or_else(|| format!("add `fn {function}(facts) {{ … }}` to it"));
        c.findings.push(Finding::error(codes::UNKNOWN_RULE, &node.place, message).cure(cure));
        return None;
    }
    if named.any(|candidate| candidate.params.len() == 1) {
        return Some(());
    }
    let message = format!("`{function}` in `{}` does not take the facts alone", file.file());
    let finding = Finding::error(codes::RULE_PARAMETERS, &node.place, message);
    c.findings.push(finding.cure(format!("declare it as `fn {function}(facts)`")));
    None
}
