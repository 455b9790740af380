//! Values of a node: constants, `"=expression"`, texts with `{{expression}}`, and lists and maps of these.

use super::compile::{Compiler, EXPRESSIONS_MAX};
use super::{Arg, Expr, Part, Template};
use crate::diagnostic::{Finding, codes};
use crate::model::{Json, JsonMap};
use crate::yaml::{Kind, Node, Scalar, Typed, wrong_type};

impl Compiler<'_, '_> {
    /// Compiles any value. A mistake is found and gives `null`, so that the rest is still read.
    pub(super) fn arg(&mut self, node: &Node) -> Arg {
        match &node.kind {
            Kind::Scalar(scalar) => self.scalar(node, scalar),
            Kind::List(items) => {
                let items: Vec<Arg> = items.iter().map(|item| self.arg(item)).collect();
                match constants(&items) {
                    Some(values) => Arg::Json(Json::Array(values)),
                    None => Arg::List(items),
                }
            }
            Kind::Map(_) => {
                let pairs = self.pairs(node);
                match pairs
                    .iter()
                    .map(|(key, arg)| Some((key.clone(), constant(arg)?)))
                    .collect::<Option<JsonMap>>()
                {
                    Some(map) => Arg::Json(Json::Object(map)),
                    None => Arg::Map(pairs),
                }
            }
        }
    }

    /// Compiles the lines of a map, in order of their keys: the order in the file has no meaning.
    pub(super) fn pairs(&mut self, node: &Node) -> Vec<(String, Arg)> {
        let mut pairs: Vec<(String, Arg)> = Vec::new();
        for entry in node.entries() {
            pairs.push((entry.key.text.clone(), self.arg(&entry.value)));
        }
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs
    }

    fn scalar(&mut self, node: &Node, scalar: &Scalar) -> Arg {
        let Typed::Text(text) = scalar.typed() else { return Arg::Json(scalar.to_json()) };
        if expression_of(text).is_some() {
            return self.computed(node, scalar).map_or(Arg::Json(Json::Null), Arg::Expr);
        }
        let template = self.parts(node, scalar);
        match template.parts.as_slice() {
            [] => Arg::Json(Json::from("")),
            [Part::Text(text)] => Arg::Json(Json::from(text.as_str())),
            _ => Arg::Text(template),
        }
    }

    /// Compiles a text that may have places to fill; `"=expression"` is one place to fill.
    pub(super) fn template(&mut self, node: &Node, what: &str) -> Option<Template> {
        let Some((scalar, text)) = node.scalar().zip(node.text()) else {
            self.findings.push(wrong_type(node, what, "a text"));
            return None;
        };
        if expression_of(text).is_some() {
            let expr = self.computed(node, scalar)?;
            return Some(Template { source: text.to_owned(), parts: vec![Part::Expr(expr)] });
        }
        Some(self.parts(node, scalar))
    }

    /// Compiles a condition: an expression without the leading `=`, which is forgiven.
    pub(super) fn condition(&mut self, node: &Node, what: &str) -> Option<Expr> {
        let Some((scalar, text)) = node.scalar().zip(node.text()) else {
            let wanted = "an expression, such as `conversation.agents > 0`";
            self.findings.push(wrong_type(node, what, wanted));
            return None;
        };
        let skipped = usize::from(expression_of(text).is_some());
        self.expression(node, scalar, skipped, text.get(skipped..).unwrap_or_default())
    }

    fn computed(&mut self, node: &Node, scalar: &Scalar) -> Option<Expr> {
        self.expression(node, scalar, 1, scalar.text.get(1..).unwrap_or_default())
    }

    /// Compiles an expression that starts at character `from` of a scalar.
    fn expression(&mut self, node: &Node, scalar: &Scalar, from: usize, source: &str) -> Option<Expr> {
        let blanks = source.chars().take_while(|c| c.is_whitespace()).count();
        let from = from + blanks;
        let source = source.trim();
        let length = source.lines().next().map_or(1, |line| line.chars().count());
        let place = scalar.place_of(&node.place.file, from, length);
        if source.is_empty() {
            let finding = Finding::error(codes::BAD_EXPRESSION, &place, "the expression is empty");
            self.findings.push(finding.cure("write what is to be computed"));
            return None;
        }
        self.expressions += 1;
        if self.expressions > EXPRESSIONS_MAX {
            let message = format!("this flow has more than {EXPRESSIONS_MAX} expressions");
            let finding = Finding::error(codes::TOO_MANY_EXPRESSIONS, &self.header.place, message);
            self.findings.push(finding.cure("split the flow, and `call` its parts"));
            return None;
        }
        Expr::compile(self.scope.host, scalar, from, source, place, self.findings)
    }

    /// Splits a text into what is said as it is and what is filled in. A leading `==` stands for `=`.
    fn parts(&mut self, node: &Node, scalar: &Scalar) -> Template {
        let source = &scalar.text;
        let mut parts = Vec::new();
        let skipped = usize::from(source.starts_with("=="));
        // Characters before `rest`: places count characters, slices bytes.
        let (mut rest, mut at) = (&source[skipped..], skipped);
        while let Some(open) = rest.find("{{") {
            let inside = &rest[open + 2..];
            at += rest[..open].chars().count() + 2;
            let Some(close) = closing(inside) else {
                let place = scalar.place_of(&node.place.file, at - 2, 2);
                let finding = Finding::error(codes::OPEN_TEMPLATE, &place, "`{{` has no `}}`");
                let cure = "close it with `}}`; a `{{` to be said is written `{{\"{{\"}}`";
                self.findings.push(finding.cure(cure));
                break;
            };
            if open > 0 {
                self.unmarked(node, scalar, at - 2 - rest[..open].chars().count(), &rest[..open]);
                parts.push(Part::Text(rest[..open].to_owned()));
            }
            let expression = &inside[..close];
            parts.extend(self.expression(node, scalar, at, expression).map(Part::Expr));
            at += expression.chars().count() + 2;
            rest = &inside[close + 2..];
        }
        if !rest.is_empty() {
            self.unmarked(node, scalar, at, rest);
            parts.push(Part::Text(rest.to_owned()));
        }
        Template { source: source.clone(), parts }
    }
}

/// The expression of a text that starts with one `=`.
fn expression_of(text: &str) -> Option<&str> {
    text.strip_prefix('=').filter(|rest| !rest.starts_with('='))
}

/// Where the `}}` stands that closes a template, quotes inside the expression respected.
fn closing(inside: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (index, c) in inside.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None if inside[index..].starts_with("}}") => return Some(index),
            None => {}
        }
    }
    None
}

fn constant(arg: &Arg) -> Option<Json> {
    match arg {
        Arg::Json(value) => Some(value.clone()),
        _ => None,
    }
}

fn constants(args: &[Arg]) -> Option<Vec<Json>> {
    args.iter().map(constant).collect()
}
