//! Compiled sources: an expression of a flow, a file of rule functions.

use std::sync::Arc;

use rhai::AST;

use super::capture::{CLOSURE_PREFIX, Captured};
use super::error::line_column;
use super::needs::{Needs, each_occurrence};
use super::optional::Shifts;

/// A compiled expression such as `conversation.agents > 0`. Evaluate it with the kind of host that compiled
/// it.
#[derive(Debug, Clone)]
pub struct Expression {
    pub(super) source: String,
    pub(super) ast: AST,
    pub(super) captured: Captured,
    pub(super) shifts: Shifts,
    pub(super) needs: Needs,
}

/// One place of an expression where a fact is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The fact and the properties read from it one after the other: `["conversation", "agents"]`.
    pub path: Vec<String>,
    /// The line of the fact's name in the expression, from 1.
    pub line: u32,
    /// Its column, from 1.
    pub column: u32,
}

/// A compiled `rules/*.rhai` file.
#[derive(Debug, Clone)]
pub struct RuleFile {
    pub(super) file: String,
    pub(super) ast: AST,
    pub(super) captured: Captured,
    pub(super) shifts: Shifts,
    functions: Vec<RuleFunction>,
}

/// One function of a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFunction {
    /// Its name.
    pub name: String,
    /// Its parameters, in order.
    pub params: Vec<String>,
    /// The line of its `fn`, from 1.
    pub line: u32,
    /// The comment lines directly above it, without their slashes, joined by line breaks.
    pub comments: String,
    pub(super) needs: Needs,
}

impl Expression {
    pub(super) fn new(source: &str, ast: AST, captured: Captured, shifts: Shifts) -> Self {
        let needs = Needs::of_expression(&ast);
        Expression { source: source.to_owned(), ast, captured, shifts, needs }
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it reads of the facts, in the order of the text. Best effort: a path ends at the first call or index, and inside
    /// a closure only the captured name is seen.
    pub fn reads(&self) -> Vec<Read> {
        let mut reads = Vec::new();
        each_occurrence(&self.ast, &mut |name, path, place| {
            let path = std::iter::once(name).chain(path.iter().copied()).map(str::to_owned).collect();
            let (line, column) = line_column(place);
            reads.push(Read { path, line, column: self.shifts.column(line, column) });
        });
        reads
    }
}

impl RuleFile {
    pub(super) fn new(file: &str, source: &str, ast: AST, captured: Captured, shifts: Shifts) -> Self {
        let functions = functions_of(&ast, source);
        RuleFile { file: file.to_owned(), ast, captured, shifts, functions }
    }

    /// This file, run as another tree says.
    pub(super) fn run_as(mut self, ast: AST) -> Self {
        self.ast = ast;
        self
    }

    /// This file with the functions of another one behind its own.
    pub(super) fn with(mut self, other: &RuleFile) -> Self {
        self.ast = self.ast.merge(&other.ast);
        self.functions.extend(other.functions.iter().cloned());
        self.captured = match (self.captured, &other.captured) {
            (Some(ours), Some(theirs)) => Some(Arc::new(ours.union(theirs).cloned().collect())),
            (ours, theirs) => ours.or_else(|| theirs.clone()),
        };
        self
    }

    /// The file as it was named when compiled.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Its functions in the order of the file, closures left out.
    pub fn functions(&self) -> Vec<RuleFunction> {
        self.functions.clone()
    }

    /// The facts a rule reads, itself or in the functions it hands them on to; none when it uses them as a whole.
    pub fn reads(&self, rule: &str) -> Vec<String> {
        let rule = self.functions.iter().find(|f| f.name == rule && f.params.len() == 1);
        rule.filter(|rule| !rule.needs.all).map_or_else(Vec::new, |r| r.needs.named.keys().cloned().collect())
    }

    pub(super) fn functions_ref(&self) -> &[RuleFunction] {
        &self.functions
    }
}

fn functions_of(ast: &AST, source: &str) -> Vec<RuleFunction> {
    let lines: Vec<&str> = source.lines().collect();
    let named = ast.iter_fn_def().filter(|f| !f.name.starts_with(CLOSURE_PREFIX));
    let mut functions: Vec<_> = named
        .map(|f| {
            let line = line_of(&lines, &f.name, f.body.start_position().line().unwrap_or(1));
            RuleFunction {
                name: f.name.to_string(),
                params: f.params.iter().map(|p| p.to_string()).collect(),
                line: u32::try_from(line).unwrap_or(u32::MAX),
                comments: comments_above(&lines, line),
                needs: Needs::of_function(ast, &f.name),
            }
        })
        .collect();
    functions.sort_by(|a, b| (a.line, &a.name).cmp(&(b.line, &b.name)));
    functions
}

/// The line of `fn name`. The tree keeps only where the body opens, which may be lines below.
fn line_of(lines: &[&str], name: &str, body: usize) -> usize {
    let declares = |line: &str| {
        line.split("fn ").skip(1).any(|rest| {
            let after = rest.trim_start().strip_prefix(name);
            after.is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    let above = lines.iter().enumerate().take(body).rev();
    above.filter(|(_, line)| declares(line)).map(|(i, _)| i + 1).next().unwrap_or(body)
}

fn comments_above(lines: &[&str], line: usize) -> String {
    let above = lines.iter().take(line.saturating_sub(1)).rev().map(|l| l.trim());
    let mut comments: Vec<_> = above
        .take_while(|l| l.starts_with("//"))
        .map(|l| {
            let text = l.trim_start_matches('/');
            text.strip_prefix(' ').unwrap_or(text)
        })
        .collect();
    comments.reverse();
    comments.join("\n")
}
