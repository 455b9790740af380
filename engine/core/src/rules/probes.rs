//! Counts which lines and branches of a rule file are run: a call is written in front of every statement, on its own line,
//! so that lines stay what they are. Only for tools; a running engine has no probes.

use std::collections::BTreeMap;

use rhai::{AST, ASTNode, Expr, Position, Stmt};

use super::error::line_column;

/// Name of the function that counts.
pub(super) const PROBE: &str = "__passed";

/// What can be counted in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Probes {
    /// The line of each probe, by its number.
    pub lines: Vec<u32>,
    /// Places where the way parts.
    pub branches: Vec<Branch>,
}

/// An `if`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its line.
    pub line: u32,
    /// How often it was asked.
    pub asked: Passed,
    /// The probe behind it when it holds.
    pub then: usize,
}

/// How often a place was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// As often as this probe.
    Probe(usize),
    /// As often as this branch, by its number, did not hold.
    Not(usize),
}

/// Where a probe is written, by character of the source.
type Sites = BTreeMap<usize, u32>;

/// The probes of a source, and where each is written.
pub(super) struct Plan {
    pub(super) probes: Probes,
    at: Vec<usize>,
}

/// Plans the probes of a compiled source. `compiles` tells whether a source still compiles: where a probe would break it,
/// there is none.
pub(super) fn plan(text: &str, ast: &AST, compiles: &dyn Fn(&str) -> bool) -> Plan {
    let source = Source::of(text);
    let mut sites = Sites::new();
    ast.walk(&mut |nodes: &[ASTNode]| {
        if let Some(ASTNode::Stmt(statement)) = nodes.last()
            && let Some((at, line)) = source.site(statement)
        {
            sites.insert(at, line);
        }
        true
    });
    if !compiles(&written(text, &sites.keys().copied().collect::<Vec<_>>(), 0)) {
        let mut good = Sites::new();
        for (at, line) in sites {
            good.insert(at, line);
            if !compiles(&written(text, &good.keys().copied().collect::<Vec<_>>(), 0)) {
                good.remove(&at);
            }
        }
        sites = good;
    }
    let branches = branches(ast, &source, &sites);
    let at: Vec<usize> = sites.keys().copied().collect();
    Plan { probes: Probes { lines: sites.into_values().collect(), branches }, at }
}

impl Plan {
    /// The source with its probes, numbered from `first`.
    pub(super) fn written(&self, text: &str, first: usize) -> String {
        written(text, &self.at, first)
    }
}

fn written(text: &str, at: &[usize], first: usize) -> String {
    let mut out = String::with_capacity(text.len() + at.len() * 16);
    let mut sites = at.iter().enumerate().peekable();
    for (index, c) in text.chars().enumerate() {
        if let Some((number, _)) = sites.next_if(|(_, at)| **at == index) {
            out += &format!("{PROBE}({});", first + number);
        }
        out.push(c);
    }
    out
}

fn branches(ast: &AST, source: &Source, sites: &Sites) -> Vec<Branch> {
    let probe = |statement: &Stmt| {
        let (at, _) = source.site(statement)?;
        sites.keys().position(|known| *known == at)
    };
    let mut branches: Vec<Branch> = Vec::new();
    // Each `if` by where its condition begins, which no other has.
    let mut known: BTreeMap<*const Stmt, usize> = BTreeMap::new();
    ast.walk(&mut |nodes: &[ASTNode]| {
        let Some(ASTNode::Stmt(statement @ Stmt::If(flow, position))) = nodes.last() else { return true };
        let Some(then) = flow.body.statements().first().and_then(probe) else { return true };
        // An `else if` is asked as often as the `if` before it did not hold.
        let before = nodes.iter().rev().skip(1).find_map(|node| match node {
            ASTNode::Stmt(before @ Stmt::If(above, _)) => {
                let is_else = matches!(above.branch.statements(), [only] if std::ptr::eq(only, *statement));
                is_else.then(|| known.get(&std::ptr::from_ref(*before)).copied()).flatten()
            }
            _ => None,
        });
        let above =
            || nodes.iter().rev().find_map(|node| if let ASTNode::Stmt(s) = node { probe(s) } else { None });
        let asked = match (probe(statement), before) {
            (Some(probe), _) => Some(Passed::Probe(probe)),
            (None, Some(before)) => Some(Passed::Not(before)),
            (None, None) => above().map(Passed::Probe),
        };
        if let Some(asked) = asked {
            known.insert(std::ptr::from_ref(*statement), branches.len());
            branches.push(Branch { line: line(*position), asked, then });
        }
        true
    });
    branches
}

fn line(position: Position) -> u32 {
    line_column(position).0
}

/// The characters of a source, comments blanked.
struct Source {
    characters: Vec<char>,
    lines: Vec<usize>,
}

impl Source {
    fn of(text: &str) -> Self {
        let mut characters: Vec<char> = text.chars().collect();
        let starts = characters.iter().enumerate().filter(|(_, c)| **c == '\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        blank_comments(&mut characters);
        Self { characters, lines }
    }

    /// Where a probe goes that is passed whenever this statement is run, and the line of the statement. `None` where
    /// nothing can stand in front of it.
    fn site(&self, statement: &Stmt) -> Option<(usize, u32)> {
        let position = match statement {
            Stmt::Noop(_) => return None,
            Stmt::Expr(expr) => leftmost(expr),
            Stmt::Assignment(assignment) => leftmost(&assignment.1.lhs),
            Stmt::FnCall(call, position) => match call.args.first().filter(|_| !named(&call.name)) {
                Some(first) => leftmost(first),
                None => *position,
            },
            other => other.position(),
        };
        let mut at =
            self.lines.get(position.line()?.checked_sub(1)?)? + position.position()?.checked_sub(1)?;
        loop {
            let before = self.characters[..at].iter().rposition(|c| !c.is_whitespace())?;
            match self.characters[before] {
                '(' | '!' | '-' | '+' => at = before,
                '{' | ';' | '}' => return Some((at, line(position))),
                _ => return None,
            }
        }
    }
}

/// Whether a call is written with a name, and not as an operator between its arguments.
fn named(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name != "contains"
}

/// Where an expression begins.
fn leftmost(expr: &Expr) -> Position {
    match expr {
        Expr::FnCall(call, position) => match call.args.first().filter(|_| !named(&call.name)) {
            Some(first) => {
                let first = leftmost(first);
                if first.is_none() || first > *position { *position } else { first }
            }
            None => *position,
        },
        Expr::And(all, _) | Expr::Or(all, _) | Expr::Coalesce(all, _) => {
            all.first().map_or(Position::NONE, leftmost)
        }
        Expr::Dot(chain, ..) | Expr::Index(chain, ..) => leftmost(&chain.lhs),
        other => other.start_position(),
    }
}

fn blank_comments(characters: &mut [char]) {
    let mut quote = None;
    let mut at = 0;
    while at < characters.len() {
        let c = characters[at];
        match quote {
            Some(_) if c == '\\' => at += 1,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '`') => quote = Some(c),
            None if c == '/' && characters.get(at + 1) == Some(&'/') => {
                while at < characters.len() && characters[at] != '\n' {
                    characters[at] = ' ';
                    at += 1;
                }
            }
            None => {}
        }
        at += 1;
    }
}
