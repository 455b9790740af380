//! What can be said of a source without running it: names that no fact has, comparisons that cannot be meant, conditions
//! that never change.
//!
//! Types are followed as far as the facts and constants tell them. What is unknown is never doubted.

use std::collections::BTreeSet;

use rhai::{ASTNode, Expr, FnCallExpr, Position};

use super::doubt::{Doubt, Doubted, Look, Shape, Type};
use super::error::line_column;
use super::needs::{path_of, strict_occurrence};
use super::source::{Expression, RuleFile};

impl Expression {
    /// What is doubtful in it. A `condition` must be true or false.
    pub fn doubts(&self, shape: &dyn Shape, condition: bool) -> Vec<Doubt> {
        let mut reader = Reader { shape, facts: None, found: Vec::new() };
        for statement in self.ast.statements() {
            statement.walk(&mut Vec::new(), &mut |nodes: &[ASTNode]| {
                reader.node(nodes);
                true
            });
            if condition && let rhai::Stmt::Expr(expr) = statement {
                reader.truth(expr);
            }
        }
        reader.found.into_iter().map(|doubt| doubt.restored(|l, c| self.shifts.column(l, c))).collect()
    }

    /// The type of its value, as far as it can be told.
    pub fn kind(&self, shape: &dyn Shape) -> Option<Type> {
        let reader = Reader { shape, facts: None, found: Vec::new() };
        match self.ast.statements() {
            [rhai::Stmt::Expr(expr)] => reader.type_of(expr),
            _ => None,
        }
    }

    /// Whether computing it cannot fail: it only reads facts that are there, compares them for equality, and joins truths.
    pub fn is_total(&self, shape: &dyn Shape) -> bool {
        let reader = Reader { shape, facts: None, found: Vec::new() };
        let mut total = true;
        for statement in self.ast.statements() {
            statement.walk(&mut Vec::new(), &mut |nodes: &[ASTNode]| {
                total &= match nodes.last() {
                    Some(ASTNode::Expr(expr)) => reader.is_total(nodes, expr),
                    _ => true,
                };
                total
            });
        }
        total
    }

    /// The names it asks for with `?.` or `in`.
    pub fn asks(&self) -> BTreeSet<String> {
        super::maybe::asked(&self.ast)
    }

    /// The fact it is, when it is nothing else: its path, and all the words it can say.
    pub fn words(&self, shape: &dyn Shape) -> Option<(String, Vec<String>)> {
        let reader = Reader { shape, facts: None, found: Vec::new() };
        let [rhai::Stmt::Expr(expr)] = self.ast.statements() else { return None };
        match reader.look(expr)? {
            (path, Look::Known(Type::Text, words)) if !words.is_empty() => Some((path.join("."), words)),
            _ => None,
        }
    }

    /// How it is written, when it is one fact that may be nothing.
    pub fn may_be_nothing(&self, shape: &dyn Shape) -> Option<String> {
        let reader = Reader { shape, facts: None, found: Vec::new() };
        match self.ast.statements() {
            [rhai::Stmt::Expr(expr)] => reader.may_be_nothing(expr),
            _ => None,
        }
    }

    /// Whether it reads no fact, so that it says the same whatever happens.
    pub fn is_constant(&self) -> bool {
        self.needs.named.is_empty() && !self.needs.all
    }
}

impl RuleFile {
    /// What is doubtful in a rule that takes the facts alone, and in the functions it hands the facts on to.
    pub fn doubts(&self, rule: &str, shape: &dyn Shape) -> Vec<Doubt> {
        let mut found = Vec::new();
        for (function, parameter) in super::needs::readers(&self.ast, rule) {
            let Some(entry) =
                self.ast.iter_fn_def().find(|f| f.name == function.0 && f.params.len() == function.1)
            else {
                continue;
            };
            let facts = entry.params[parameter].as_str();
            let mut reader = Reader { shape, facts: Some(facts), found: Vec::new() };
            super::needs::only(&self.ast, &function.0, function.1).walk(&mut |nodes: &[ASTNode]| {
                reader.node(nodes);
                true
            });
            found.extend(reader.found);
        }
        let asked = super::maybe::asked(&self.ast);
        found.retain(|doubt| !doubt.is_answered(&asked));
        found.into_iter().map(|doubt| doubt.restored(|l, c| self.shifts.column(l, c))).collect()
    }
}

pub(super) struct Reader<'s> {
    pub(super) shape: &'s dyn Shape,
    /// The parameter that holds the facts; without one each variable is a fact.
    facts: Option<&'s str>,
    found: Vec<Doubt>,
}

impl Reader<'_> {
    fn node(&mut self, nodes: &[ASTNode]) {
        self.missing(nodes);
        self.maybe_missing(nodes);
        match nodes.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, position))) => self.call(call, *position),
            Some(ASTNode::Expr(Expr::And(all, _) | Expr::Or(all, _))) => {
                all.iter().for_each(|expr| self.truth(expr));
            }
            Some(ASTNode::Expr(Expr::ThisPtr(position))) => self.doubt(*position, 4, Doubted::This),
            Some(ASTNode::Stmt(rhai::Stmt::If(flow, _))) => self.truth(&flow.expr),
            _ => {}
        }
    }

    /// Whether this part of an expression cannot fail, given that its own parts cannot.
    fn is_total(&self, nodes: &[ASTNode], expr: &Expr) -> bool {
        let truths = |all: &[Expr]| all.iter().all(|expr| self.type_of(expr) == Some(Type::Truth));
        match expr {
            Expr::BoolConstant(..) | Expr::IntegerConstant(..) | Expr::FloatConstant(..) => true,
            Expr::StringConstant(..) | Expr::InterpolatedString(..) | Expr::Stmt(_) => true,
            // Looked at as a whole, at the dot or at the bare name.
            Expr::Property(..) => true,
            Expr::Variable(..) => match strict_occurrence(nodes) {
                Some((_, path)) if !path.is_empty() => true,
                _ => matches!(self.look(expr), Some((_, Look::Known(..)))),
            },
            Expr::Dot(..) => {
                let inner = matches!(nodes, [.., ASTNode::Expr(Expr::Dot(above, ..)), _] if std::ptr::eq(&above.rhs, expr));
                inner || matches!(self.look(expr), Some((_, Look::Known(..))))
            }
            Expr::And(all, _) | Expr::Or(all, _) => truths(all),
            Expr::FnCall(call, _) => match (call.name.as_str(), call.args.as_slice()) {
                ("==" | "!=", [_, _]) => true,
                ("!", [one]) => truths(std::slice::from_ref(one)),
                _ => false,
            },
            _ => false,
        }
    }

    fn missing(&mut self, nodes: &[ASTNode]) {
        // A chain whose end is optional is only read up to there.
        let Some((name, path)) = strict_occurrence(nodes) else { return };
        let Some(path) = self.fact(name, &path) else { return };
        let Look::Missing(depth, known) = self.shape.look(&path) else { return };
        let inside = nodes.last().map(ASTNode::position).unwrap_or(Position::NONE);
        let path: Vec<String> = path.iter().take(depth + 1).map(|name| (*name).to_owned()).collect();
        let head = if self.facts.is_some() { name.chars().count() + 1 } else { 0 };
        let length = head + path.join(".").chars().count();
        self.doubt(inside, length, Doubted::Missing { path, known, text: self.beside_a_text(nodes) });
    }

    /// Whether the last node is compared with a text.
    fn beside_a_text(&self, nodes: &[ASTNode]) -> bool {
        let [.., ASTNode::Expr(Expr::FnCall(call, _)), ASTNode::Expr(node)] = nodes else { return false };
        matches!(call.name.as_str(), "==" | "!=")
            && call.args.iter().any(|arg| !std::ptr::eq(arg, *node) && self.type_of(arg) == Some(Type::Text))
    }

    /// The path of a fact, when a variable with these properties is one.
    pub(super) fn fact<'p>(&self, name: &'p str, path: &[&'p str]) -> Option<Vec<&'p str>> {
        match self.facts {
            None => Some(std::iter::once(name).chain(path.iter().copied()).collect()),
            Some(facts) if facts == name && !path.is_empty() => Some(path.to_vec()),
            Some(_) => None,
        }
    }

    fn look(&self, expr: &Expr) -> Option<(Vec<String>, Look)> {
        let (name, path) = path_of(expr)?;
        let path = self.fact(name, &path)?;
        let look = self.shape.look(&path);
        Some((path.into_iter().map(str::to_owned).collect(), look))
    }

    /// The type of an expression, as far as it can be told.
    fn type_of(&self, expr: &Expr) -> Option<Type> {
        match expr {
            Expr::BoolConstant(..) | Expr::And(..) | Expr::Or(..) => Some(Type::Truth),
            Expr::IntegerConstant(..) | Expr::FloatConstant(..) => Some(Type::Number),
            Expr::StringConstant(..) | Expr::InterpolatedString(..) => Some(Type::Text),
            Expr::Array(..) => Some(Type::List),
            Expr::Map(..) => Some(Type::Map),
            Expr::Variable(..) | Expr::Dot(..) => match self.look(expr)?.1 {
                Look::Known(kind, _) => Some(kind),
                Look::Open | Look::Missing(..) => None,
            },
            Expr::FnCall(call, _) => match (call.name.as_str(), call.args.len()) {
                ("==" | "!=" | "<" | "<=" | ">" | ">=" | "contains", 2) | ("!", 1) => Some(Type::Truth),
                ("-" | "*" | "/" | "%", 2) | ("-", 1) => Some(Type::Number),
                ("+", 2) => {
                    let (left, right) = (self.type_of(&call.args[0])?, self.type_of(&call.args[1])?);
                    (left == right).then_some(left)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn call(&mut self, call: &FnCallExpr, position: Position) {
        let operator = call.name.as_str();
        match call.args.as_slice() {
            [one] if operator == "!" => {
                self.nothing(one);
                if let Some(kind) = self.type_of(one).filter(|kind| *kind != Type::Truth) {
                    self.mismatch(one.position(), operator, kind, None);
                }
            }
            [list, item] if operator == "contains" => self.membership(list, item),
            [left, right] => {
                let (Some(l), Some(r)) = (self.type_of(left), self.type_of(right)) else {
                    self.equals(operator, left, right);
                    return;
                };
                let wrong = match operator {
                    "<" | "<=" | ">" | ">=" => l != r || !matches!(l, Type::Number | Type::Text),
                    "==" | "!=" => l != r,
                    "-" | "*" | "/" | "%" => l != Type::Number || r != Type::Number,
                    _ => false,
                };
                if wrong {
                    self.mismatch(position, operator, l, Some(r));
                } else {
                    self.equals(operator, left, right);
                }
            }
            _ => {}
        }
    }

    fn equals(&mut self, operator: &str, left: &Expr, right: &Expr) {
        if !matches!(operator, "==" | "!=") {
            return;
        }
        for (path, word) in [(left, right), (right, left)] {
            self.says(path, word);
        }
    }

    fn membership(&mut self, list: &Expr, item: &Expr) {
        if let Some(kind) = self.type_of(list).filter(|kind| matches!(kind, Type::Truth | Type::Number)) {
            self.mismatch(list.position(), "in", kind, None);
        }
        if let Expr::Array(words, _) = list {
            words.iter().for_each(|word| self.says(item, word));
        }
    }

    /// Doubts that a text ever says a word.
    fn says(&mut self, text: &Expr, word: &Expr) {
        let Expr::StringConstant(said, position) = word else { return };
        let Some((path, Look::Known(Type::Text, words))) = self.look(text) else { return };
        if !said.is_empty() && !words.is_empty() && !words.iter().any(|known| known == said.as_str()) {
            let (path, word) = (path.join("."), said.to_string());
            let length = word.chars().count() + 2;
            self.doubt(*position, length, Doubted::Impossible { path, word, words });
        }
    }

    fn nothing(&mut self, expr: &Expr) {
        if let Some(written) = self.may_be_nothing(expr) {
            let length = written.chars().count();
            self.doubt(expr.start_position(), length, Doubted::MaybeNothing(written));
        }
    }

    fn truth(&mut self, expr: &Expr) {
        self.nothing(expr);
        if let Some(kind) = self.type_of(expr).filter(|kind| *kind != Type::Truth) {
            self.doubt(expr.start_position(), 1, Doubted::NotTruth(kind));
        }
    }

    fn mismatch(&mut self, position: Position, operator: &str, left: Type, right: Option<Type>) {
        let what = Doubted::Mismatch { operator: operator.to_owned(), left, right };
        self.doubt(position, operator.len(), what);
    }

    pub(super) fn doubt(&mut self, position: Position, length: usize, what: Doubted) {
        let (line, column) = line_column(position);
        let doubt = Doubt { line, column, length, what };
        if !self.found.contains(&doubt) {
            self.found.push(doubt);
        }
    }
}
