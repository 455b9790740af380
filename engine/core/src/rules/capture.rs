//! Closures take copies of what they capture.
//!
//! Rhai itself turns a captured variable into a *shared* one. On threads that is a lock, and the plain
//! `facts.queues.filter(|q| q.priority > facts.priority)` holds it while the closure asks for it again:
//! Rhai sleeps for 50 ms and then panics. So the names a source captures are found when it is compiled, and
//! while it runs the engine's variable hook hands out copies under those names; Rhai skips sharing a
//! variable the hook has answered for.
//!
//! A copy must not be changed unnoticed, so a source that both captures a name and changes it is refused.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use rhai::{AST, ASTNode, Engine, Expr, Position, Stmt};

use super::error::{RuleError, RuleErrorKind};
use super::weight;

/// What Rhai's names of closures begin with.
pub(super) const CLOSURE_PREFIX: &str = "anon$";

/// Methods that change the value they are called on.
const CHANGING_METHODS: &[&str] = &[
    "append",
    "chop",
    "clear",
    "crop",
    "dedup",
    "drain",
    "fill_with",
    "insert",
    "make_lower",
    "make_upper",
    "mixin",
    "pad",
    "pop",
    "push",
    "remove",
    "replace",
    "retain",
    "reverse",
    "set",
    "shift",
    "sort",
    "sort_by",
    "sort_desc",
    "splice",
    "trim",
    "truncate",
];

/// The names captured anywhere in one source; `None` when there are none, as in most.
pub(super) type Captured = Option<Arc<BTreeSet<String>>>;

thread_local! {
    /// What the source now running on this thread captures. Rhai's hook is told nothing but a name and a
    /// scope.
    static RUNNING: RefCell<Captured> = const { RefCell::new(None) };
}

/// Puts the names back that were in force before, also when the run ends in a panic.
struct Restore(Captured);

impl Drop for Restore {
    fn drop(&mut self) {
        RUNNING.set(self.0.take());
    }
}

/// Runs something with these names captured by copy.
pub(super) fn with<T>(captured: &Captured, run: impl FnOnce() -> T) -> T {
    let _restore = Restore(RUNNING.replace(captured.clone()));
    run()
}

/// Installs the variable hook, which also charges for large values.
#[expect(
    deprecated,
    reason = "Rhai marks the hook as volatile this way; the tests of captures guard its behaviour"
)]
pub(super) fn install(engine: &mut Engine) {
    engine.on_var(|name, _, context| {
        let Some(value) = context.scope().get(name) else { return Ok(None) };
        weight::charge(value)?;
        let copied =
            RUNNING.with_borrow(|running| running.as_ref().is_some_and(|names| names.contains(name)));
        Ok(copied.then(|| value.flatten_clone()))
    });
}

/// Finds what a source captures.
///
/// # Errors
/// `Parse` when it also changes a variable of that name.
pub(super) fn captured(ast: &AST) -> Result<Captured, RuleError> {
    let mut names = BTreeSet::new();
    ast.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Stmt(Stmt::Share(variables))) = path.last() {
            names.extend(variables.iter().map(|(variable, _)| variable.name.to_string()));
        }
        true
    });
    if names.is_empty() {
        return Ok(None);
    }
    let mut change: Option<(String, Position)> = None;
    ast.walk(&mut |path: &[ASTNode]| {
        change = path.last().and_then(changed).filter(|(name, _)| names.contains(name));
        change.is_none()
    });
    match change {
        None => Ok(Some(Arc::new(names))),
        Some((name, position)) => {
            let message = format!(
                "`{name}` is used inside a closure, which sees a copy, and so cannot be changed; \
                 use `reduce` or a `for` loop, or another name"
            );
            Err(RuleError::new(RuleErrorKind::Parse, message).at(position))
        }
    }
}

/// The variable a node changes: by assignment or by a changing method.
fn changed(node: &ASTNode) -> Option<(String, Position)> {
    match node {
        ASTNode::Stmt(Stmt::Assignment(x)) => root(&x.1.lhs),
        ASTNode::Expr(Expr::Dot(x, ..)) if changes_by_method(&x.rhs) => root(&x.lhs),
        _ => None,
    }
}

/// Whether a chain such as `.a.b.push(1)` reaches a changing method by properties and indexes alone. Behind
/// any other call it works on a value of its own.
fn changes_by_method(expr: &Expr) -> bool {
    match expr {
        Expr::MethodCall(call, _) => CHANGING_METHODS.contains(&call.name.as_str()),
        Expr::Dot(x, ..) | Expr::Index(x, ..) => match &x.lhs {
            Expr::MethodCall(..) => changes_by_method(&x.lhs),
            _ => changes_by_method(&x.rhs),
        },
        _ => false,
    }
}

/// The variable a chain such as `a.b[1].c` begins with.
fn root(expr: &Expr) -> Option<(String, Position)> {
    match expr {
        Expr::Variable(x, _, position) => Some((x.1.to_string(), *position)),
        Expr::Dot(x, ..) | Expr::Index(x, ..) => root(&x.lhs),
        _ => None,
    }
}
