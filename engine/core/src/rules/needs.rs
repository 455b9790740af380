//! What of the facts a source reads, found when it is compiled, so that only that is built when it runs.
//!
//! A fact such as `event` has dozens of properties and a condition reads one of them. Building and copying the others
//! was two thirds of what a decision cost.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTFlags, ASTNode, Expr, Position, ScriptFuncDef};

/// What is read, by the name of the fact. Always at least what the source can reach, never less.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Needs {
    /// Facts of which some is read.
    pub named: BTreeMap<String, Reads>,
    /// The facts are used as a whole, so every one is needed.
    pub all: bool,
}

/// Functions by name and number of parameters, each with the parameter that holds the facts.
type Visited = BTreeSet<((String, usize), usize)>;

/// The functions that see the facts when a rule runs: the rule, and those it hands them on to.
pub(super) fn readers(ast: &AST, rule: &str) -> Visited {
    Needs::default().add_entry(ast, rule)
}

/// How much of a fact is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reads {
    /// The value as such.
    Whole,
    /// Only these properties.
    Properties(BTreeSet<String>),
}

impl Needs {
    /// What an expression reads: each variable is a fact. Closures are not entered: what they capture stands beside them
    /// as an argument.
    pub(super) fn of_expression(ast: &AST) -> Self {
        let mut needs = Self::default();
        each_occurrence(ast, &mut |name, path, _| needs.read(name, path.first().copied()));
        needs
    }

    /// What a function reads of its one parameter, whose properties are the facts.
    pub(super) fn of_function(ast: &AST, function: &str) -> Self {
        let mut needs = Self::default();
        needs.add_entry(ast, function);
        needs
    }

    /// Adds what a function reads of its one parameter; answers with the functions it hands the facts on to.
    fn add_entry(&mut self, ast: &AST, function: &str) -> Visited {
        let mut visited = Visited::new();
        if let Some(entry) = ast.iter_fn_def().find(|f| f.name == function && f.params.len() == 1) {
            self.add_function(ast, entry, 0, &mut visited);
        }
        visited
    }

    /// Adds what a function reads of the facts it gets as this parameter, with all it passes them on to.
    fn add_function(&mut self, ast: &AST, of: &ScriptFuncDef, parameter: usize, visited: &mut Visited) {
        let (name, arity) = (of.name.as_str(), of.params.len());
        if !visited.insert(((name.to_owned(), arity), parameter)) {
            return;
        }
        let facts = of.params[parameter].as_str();
        only(ast, name, arity).walk(&mut |nodes: &[ASTNode]| {
            let Some((_, path)) = occurrence(nodes).filter(|(name, _)| *name == facts) else { return true };
            match (path.as_slice(), passed_to(nodes, ast)) {
                ([name, inner @ ..], _) => self.read(name, inner.first().copied()),
                ([], Some((called, position))) => self.add_function(ast, called, position, visited),
                ([], None) => self.all = true,
            }
            true
        });
    }

    fn read(&mut self, name: &str, property: Option<&str>) {
        let Some(property) = property else {
            self.named.insert(name.to_owned(), Reads::Whole);
            return;
        };
        let reads = self.named.entry(name.to_owned()).or_insert_with(|| Reads::Properties(BTreeSet::new()));
        if let Reads::Properties(properties) = reads {
            properties.insert(property.to_owned());
        }
    }
}

/// The tree with one function alone. (`clone_functions_only_filtered` of Rhai 1.27 keeps all of them.)
pub(super) fn only(ast: &AST, function: &str, parameters: usize) -> AST {
    let mut alone = ast.clone();
    alone.clear_statements();
    alone.retain_functions(|_, _, name, arity| name == function && arity == parameters);
    alone
}

/// Walks over the places of an expression where a variable is read: its name, the properties read from it, where it stands.
pub(super) fn each_occurrence(ast: &AST, on: &mut dyn FnMut(&str, &[&str], Position)) {
    for statement in ast.statements() {
        statement.walk(&mut Vec::new(), &mut |nodes: &[ASTNode]| {
            if let Some((name, path)) = occurrence(nodes)
                && let Some(node) = nodes.last()
            {
                on(name, &path, node.position());
            }
            true
        });
    }
}

/// The variable the last node is, and the properties read from it one after the other.
fn occurrence<'n>(nodes: &[ASTNode<'n>]) -> Option<(&'n str, Vec<&'n str>)> {
    occurrence_with(nodes, true)
}

/// Like [`occurrence`], only as far as the properties must be there: not beyond a `?.`.
pub(super) fn strict_occurrence<'n>(nodes: &[ASTNode<'n>]) -> Option<(&'n str, Vec<&'n str>)> {
    occurrence_with(nodes, false)
}

/// The variable and all properties of an expression that is nothing else: `a.b.c`.
pub(super) fn path_of(expr: &Expr) -> Option<(&str, Vec<&str>)> {
    let mut path = Vec::new();
    match expr {
        Expr::Variable(variable, ..) => Some((variable.1.as_str(), path)),
        Expr::Dot(chain, ..) => {
            let Expr::Variable(variable, ..) = &chain.lhs else { return None };
            extend(&chain.rhs, &mut path, true).then(|| (variable.1.as_str(), path))
        }
        _ => None,
    }
}

fn occurrence_with<'n>(nodes: &[ASTNode<'n>], optional: bool) -> Option<(&'n str, Vec<&'n str>)> {
    let [parents @ .., ASTNode::Expr(node)] = nodes else { return None };
    let Expr::Variable(variable, ..) = node else { return None };
    let mut path = Vec::new();
    if let Some(ASTNode::Expr(Expr::Dot(chain, ..))) = parents.last()
        && std::ptr::eq(&chain.lhs, *node)
        && !is_after_index(parents)
    {
        extend(&chain.rhs, &mut path, optional);
    }
    Some((variable.1.as_str(), path))
}

/// Whether the last node is the `i].c` of an `a[i].c`. The tree leans to the right: this dot's left side is the index, not
/// something `.c` is a property of.
pub(super) fn is_after_index(nodes: &[ASTNode]) -> bool {
    let [.., ASTNode::Expr(Expr::Index(x, flags, _)), ASTNode::Expr(node)] = nodes else { return false };
    std::ptr::eq(&x.rhs, *node) && !flags.contains(ASTFlags::BREAK)
}

/// Appends the properties of a chain until it leaves them; answers whether it may go on. `optional` ones count too.
fn extend<'n>(expr: &'n Expr, path: &mut Vec<&'n str>, optional: bool) -> bool {
    match expr {
        Expr::Property(x, _) => path.push(x.2.as_str()),
        // What `?.name` became.
        Expr::MethodCall(call, _) if optional && call.name == "get" && call.args.len() == 1 => {
            match &call.args[0] {
                Expr::StringConstant(name, _) => path.push(name.as_str()),
                _ => return false,
            }
        }
        Expr::Dot(x, ..) => return extend(&x.lhs, path, optional) && extend(&x.rhs, path, optional),
        Expr::Index(x, ..) => {
            extend(&x.lhs, path, optional);
            return false;
        }
        _ => return false,
    }
    true
}

/// The function of this file, and its parameter, that the last node is the bare argument of.
fn passed_to<'f>(nodes: &[ASTNode], ast: &'f AST) -> Option<(&'f ScriptFuncDef, usize)> {
    let [.., ASTNode::Expr(Expr::FnCall(call, _)), ASTNode::Expr(node)] = nodes else { return None };
    let position = call.args.iter().position(|argument| std::ptr::eq(argument, *node))?;
    let called = ast.iter_fn_def().find(|f| f.name == call.name && f.params.len() == call.args.len())?;
    Some((called, position))
}
