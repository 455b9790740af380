//! What may be missing: a name inside a map whose names nobody knows beforehand, such as conversation data.

use std::collections::BTreeSet;

use rhai::{AST, ASTNode, Expr};

use super::doubt::Doubted;
use super::doubts::Reader;

/// One name of a chain such as `conversation.data?.topic`.
struct Link<'e> {
    name: &'e str,
    /// Whether it is read with `?.`. A call, which is read with neither, has no name.
    optional: bool,
}

impl Reader<'_> {
    /// Doubts what is read from something that may be missing, at the variable a chain begins with.
    pub(super) fn maybe_missing(&mut self, nodes: &[ASTNode]) {
        let [.., ASTNode::Expr(Expr::Dot(chain, ..)), ASTNode::Expr(node)] = nodes else { return };
        let Expr::Variable(variable, _, position) = node else { return };
        if !std::ptr::eq(&chain.lhs, *node) || super::needs::is_after_index(&nodes[..nodes.len() - 1]) {
            return;
        }
        let mut links = Vec::new();
        collect(&chain.rhs, &mut links);
        let Some((first, at)) = self.may_lack(variable.1.as_str(), &links) else { return };
        let strict = !links[at].optional;
        let behind = links.get(at + 1);
        // A slot that is surely set may be read either way; whether it is, is asked elsewhere.
        if strict && first == "slots" || !strict && behind.is_none_or(|link| link.optional) {
            return;
        }
        let doubt = Doubted::MaybeMissing {
            path: written(&variable.1, &links[..=at], usize::MAX),
            instead: written(&variable.1, &links, at),
            key: strict.then(|| links[at].name.to_owned()),
        };
        let length = written(&variable.1, &links, usize::MAX).chars().count();
        self.doubt(*position, length, doubt);
    }

    /// How an expression is written, when it is one that may give nothing.
    pub(super) fn may_be_nothing(&self, expr: &Expr) -> Option<String> {
        let Expr::Dot(chain, ..) = expr else { return None };
        let Expr::Variable(variable, ..) = &chain.lhs else { return None };
        let mut links = Vec::new();
        collect(&chain.rhs, &mut links);
        let (_, at) = self.may_lack(variable.1.as_str(), &links)?;
        let plain = links.iter().all(|link| !link.name.is_empty());
        (plain && links[at..].iter().all(|link| link.optional))
            .then(|| written(&variable.1, &links, usize::MAX))
    }

    /// The fact a chain reads, and which of its links may be missing.
    fn may_lack<'e>(&self, variable: &'e str, links: &[Link<'e>]) -> Option<(&'e str, usize)> {
        let names: Vec<&str> = links.iter().map(|l| l.name).take_while(|name| !name.is_empty()).collect();
        let path = self.fact(variable, &names)?;
        let above = path.len() - names.len();
        let at = self.shape.may_lack(&path)?.checked_sub(above)?;
        (at < names.len()).then(|| (path[0], at))
    }
}

/// The names that a source asks for before it reads them: with `?.`, or with `in`.
pub(super) fn asked(ast: &AST) -> BTreeSet<String> {
    let mut asked = BTreeSet::new();
    ast.walk(&mut |nodes: &[ASTNode]| {
        let call = match nodes.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, _))) if call.name == "contains" => call.args.get(1),
            Some(ASTNode::Expr(Expr::MethodCall(call, _)))
                if call.name == "get" || call.name == "contains" =>
            {
                call.args.first()
            }
            _ => None,
        };
        if let Some(Expr::StringConstant(name, _)) = call {
            asked.insert(name.to_string());
        }
        true
    });
    asked
}

/// The links of a chain, up to the first that is no property.
fn collect<'e>(expr: &'e Expr, links: &mut Vec<Link<'e>>) -> bool {
    match expr {
        Expr::Property(x, _) => links.push(Link { name: x.2.as_str(), optional: false }),
        Expr::MethodCall(call, _) => match call.args.as_slice() {
            // What `?.name` became.
            [Expr::StringConstant(name, _)] if call.name == "get" => {
                links.push(Link { name: name.as_str(), optional: true });
            }
            _ => {
                links.push(Link { name: "", optional: false });
                return false;
            }
        },
        Expr::Dot(x, ..) => return collect(&x.lhs, links) && collect(&x.rhs, links),
        Expr::Index(x, ..) => {
            collect(&x.lhs, links);
            return false;
        }
        _ => return false,
    }
    true
}

/// A chain as it is written; from the link `optional` on everything is asked for with `?.`.
fn written(variable: &str, links: &[Link<'_>], optional: usize) -> String {
    let names = links.iter().enumerate().filter(|(_, link)| !link.name.is_empty());
    let links = names.map(|(at, link)| {
        let dot = if link.optional || at >= optional { "?." } else { "." };
        format!("{dot}{}", link.name)
    });
    format!("{variable}{}", links.collect::<String>())
}
