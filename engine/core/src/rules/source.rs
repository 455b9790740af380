//! Compiled sources: an expression of a flow, a file of rule functions.

use std::collections::BTreeSet;
use std::sync::Arc;

use rhai::{AST, ASTFlags, ASTNode, Expr};

use super::capture::{CLOSURE_PREFIX, Captured};
use super::needs::Needs;
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
    variables: Vec<String>,
    paths: Vec<String>,
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
        let (variables, paths) = names_read(&ast);
        let needs = Needs::of_expression(&ast);
        Expression { source: source.to_owned(), ast, captured, shifts, needs, variables, paths }
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The facts it names, sorted.
    pub fn variables(&self) -> Vec<String> {
        self.variables.clone()
    }

    /// The dotted paths it reads, sorted, such as `conversation.agents`. Best effort: a path ends at the
    /// first call or index, and inside a closure only the captured name is seen.
    pub fn paths(&self) -> Vec<String> {
        self.paths.clone()
    }
}

impl RuleFile {
    pub(super) fn new(file: &str, source: &str, ast: AST, captured: Captured, shifts: Shifts) -> Self {
        let functions = functions_of(&ast, source);
        RuleFile { file: file.to_owned(), ast, captured, shifts, functions }
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

    pub(super) fn functions_ref(&self) -> &[RuleFunction] {
        &self.functions
    }
}

/// The variables and dotted paths of an expression. Statements of closures are not entered: what they
/// capture stands beside them as an argument, and their parameters are no facts.
fn names_read(ast: &AST) -> (Vec<String>, Vec<String>) {
    let (mut variables, mut paths) = (BTreeSet::new(), BTreeSet::new());
    for statement in ast.statements() {
        statement.walk(&mut Vec::new(), &mut |nodes: &[ASTNode]| {
            let Some(ASTNode::Expr(node)) = nodes.last() else { return true };
            match node {
                Expr::Variable(x, ..) => {
                    variables.insert(x.1.to_string());
                    if !is_head_of_path(nodes, node) {
                        paths.insert(x.1.to_string());
                    }
                }
                Expr::Dot(x, ..) if matches!(x.lhs, Expr::Variable(..)) && !is_after_index(nodes) => {
                    let mut path = Vec::new();
                    extend_path(node, &mut path);
                    paths.insert(path.join("."));
                }
                _ => {}
            }
            true
        });
    }
    (variables.into_iter().collect(), paths.into_iter().collect())
}

/// Whether the last node is the `a` of an `a.b…`, whose whole path is recorded at the dot.
fn is_head_of_path(nodes: &[ASTNode], node: &Expr) -> bool {
    let Some((_, parents)) = nodes.split_last() else { return false };
    matches!(parents.last(), Some(ASTNode::Expr(Expr::Dot(x, ..))) if std::ptr::eq(&x.lhs, node))
        && !is_after_index(parents)
}

/// Whether the last node is the `i].c` of an `a[i].c`. The tree leans to the right: this dot's left side is
/// the index, not something `.c` is a property of.
fn is_after_index(nodes: &[ASTNode]) -> bool {
    let [.., ASTNode::Expr(Expr::Index(x, flags, _)), ASTNode::Expr(node)] = nodes else { return false };
    std::ptr::eq(&x.rhs, *node) && !flags.contains(ASTFlags::BREAK)
}

/// Appends the names of a chain until it leaves plain properties; answers whether it may go on.
fn extend_path(expr: &Expr, path: &mut Vec<String>) -> bool {
    match expr {
        Expr::Variable(x, ..) => path.push(x.1.to_string()),
        Expr::Property(x, _) => path.push(x.2.to_string()),
        // What `?.name` became.
        Expr::MethodCall(call, _) if call.name == "get" => match call.args.first() {
            Some(Expr::StringConstant(name, _)) => path.push(name.to_string()),
            _ => return false,
        },
        Expr::Dot(x, ..) => return extend_path(&x.lhs, path) && extend_path(&x.rhs, path),
        Expr::Index(x, ..) => {
            extend_path(&x.lhs, path);
            return false;
        }
        _ => return false,
    }
    true
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
