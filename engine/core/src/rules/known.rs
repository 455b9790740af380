//! Which functions there are: those of the language that the host registers, and those of the file. A call of another one
//! would be found only when it runs.

use std::collections::BTreeSet;

use rhai::{AST, ASTNode, Expr};

use super::capture::CLOSURE_PREFIX;
use super::error::line_column;
use super::probes::PROBE;
use super::source::{Expression, RuleFile};

/// Every function and method of the language that a rule can call, by name.
const KNOWN: &[&str] = &[
    "Fn",
    "abs",
    "all",
    "append",
    "bits",
    "bytes",
    "call",
    "ceiling",
    "chars",
    "chop",
    "clear",
    "concat",
    "contains",
    "crop",
    "dedup",
    "drain",
    "end",
    "ends_with",
    "extract",
    "fill_with",
    "filter",
    "find",
    "find_map",
    "floor",
    "for_each",
    "get",
    "get_bits",
    "get_chars",
    "index_of",
    "insert",
    "is_def_fn",
    "is_def_var",
    "is_empty",
    "is_even",
    "is_exclusive",
    "is_inclusive",
    "is_nan",
    "is_odd",
    "is_shared",
    "is_zero",
    "keys",
    "len",
    "make_lower",
    "make_upper",
    "map",
    "max",
    "min",
    "mixin",
    "order",
    "order_by",
    "order_desc",
    "pad",
    "parse_float",
    "parse_int",
    "pop",
    "push",
    "range",
    "reduce",
    "reduce_rev",
    "remove",
    "replace",
    "retain",
    "reverse",
    "round",
    "rsplit",
    "rsplitn",
    "set",
    "shift",
    "sign",
    "some",
    "sort",
    "sort_by",
    "sort_desc",
    "splice",
    "split",
    "split_at",
    "split_rev",
    "split_whitespace",
    "splitn",
    "start",
    "starts_with",
    "sub_string",
    "throw",
    "to_binary",
    "to_chars",
    "to_debug",
    "to_float",
    "to_hex",
    "to_int",
    "to_json",
    "to_lower",
    "to_octal",
    "to_string",
    "to_upper",
    "trim",
    "truncate",
    "type_of",
    "values",
    "zip",
];

/// What a closure that reads a variable around it becomes; as a word it is refused.
const CAPTURE: &str = "curry";

/// Whether the language has a function of this name.
pub fn is_function(name: &str) -> bool {
    KNOWN.contains(&name)
}

/// A call that nothing answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCall {
    /// Line in the source, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// The name that is called.
    pub name: String,
    /// How many arguments its functions of this file take; empty when there is none of this name.
    pub takes: Vec<usize>,
    /// How many it is given.
    pub given: usize,
    /// Names that exist.
    pub known: Vec<String>,
}

impl Expression {
    /// Calls of functions that do not exist.
    pub fn unknown_calls(&self) -> Vec<UnknownCall> {
        unknown(&self.ast, |line, column| self.shifts.column(line, column))
    }
}

impl RuleFile {
    /// Calls of functions that do not exist, or not with so many arguments.
    pub fn unknown_calls(&self) -> Vec<UnknownCall> {
        unknown(&self.ast, |line, column| self.shifts.column(line, column))
    }
}

fn unknown(ast: &AST, restored: impl Fn(u32, u32) -> u32) -> Vec<UnknownCall> {
    let own: BTreeSet<(&str, usize)> = ast.iter_fn_def().map(|f| (f.name.as_str(), f.params.len())).collect();
    let mut found = Vec::new();
    let mut look = |nodes: &[ASTNode]| {
        let (call, position, method) = match nodes.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, position))) => (call, position, false),
            Some(ASTNode::Expr(Expr::MethodCall(call, position))) => (call, position, true),
            Some(ASTNode::Stmt(rhai::Stmt::FnCall(call, position))) => (call, position, false),
            _ => return,
        };
        let (name, given) = (call.name.as_str(), call.args.len());
        let word = name.starts_with(|c: char| c.is_alphabetic()) && !name.starts_with(CLOSURE_PREFIX);
        if !word || name == PROBE || name == CAPTURE || KNOWN.contains(&name) {
            return;
        }
        let takes: Vec<usize> = own.iter().filter(|(n, _)| *n == name).map(|(_, arity)| *arity).collect();
        if takes.contains(&given) || (method && !takes.is_empty()) {
            return;
        }
        let names = own.iter().map(|(name, _)| *name).filter(|name| !name.starts_with(CLOSURE_PREFIX));
        let known = names.chain(KNOWN.iter().copied()).map(str::to_owned).collect();
        let (line, column) = line_column(*position);
        found.push(UnknownCall {
            line,
            column: restored(line, column),
            name: name.to_owned(),
            takes,
            given,
            known,
        });
    };
    ast.walk(&mut |nodes: &[ASTNode]| {
        look(nodes);
        true
    });
    found.dedup();
    found
}
