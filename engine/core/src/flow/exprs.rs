//! The expressions of a node, wherever they stand in it.

use std::sync::Arc;

use super::{Arg, Body, Expr, Node, Part, Template, Verb};
use crate::diagnostic::{Finding, Findings, Place, codes};
use crate::rules::{Host, cure_of_slip};
use crate::yaml::{Scalar, shortened};

impl Node {
    /// Visits every expression. The second argument tells whether it is a condition, which must be true or false.
    pub(crate) fn each_expr<'n>(&'n self, on: &mut dyn FnMut(&'n Expr, bool)) {
        if let Some(because) = &self.because {
            in_text(because, on);
        }
        match &self.verb {
            Verb::Say { body, .. } => in_body(body, on),
            Verb::Ask(ask) => in_body(&ask.body, on),
            Verb::Choose(arms) => {
                for arm in arms {
                    arm.when.iter().for_each(|when| on(when, true));
                    arm.because.iter().for_each(|because| in_text(because, on));
                }
            }
            Verb::Wait(wait) => wait.when.iter().for_each(|when| on(when, true)),
            Verb::Set(pairs) => pairs.iter().for_each(|(_, arg)| in_arg(arg, on)),
            Verb::Act { data, .. } => data.iter().for_each(|(_, arg)| in_arg(arg, on)),
            Verb::Perform { action, data } => {
                in_arg(action, on);
                in_arg(data, on);
            }
            Verb::Note(text) => in_text(text, on),
            Verb::Decide { .. } | Verb::Call { .. } | Verb::End => {}
        }
    }
}

impl Expr {
    /// Compiles the expression that begins at character `from` of a scalar; the finding of an error is brought home to its
    /// line and column in the file. `place` is that of the whole expression.
    pub(crate) fn compile(
        host: &Host,
        scalar: &Scalar,
        from: usize,
        source: &str,
        place: Place,
        findings: &mut Findings,
    ) -> Option<Self> {
        match host.expression(source) {
            Ok(code) => Some(Self { place, code, scalar: Arc::new(scalar.clone()), from }),
            Err(error) => {
                let place = match (error.line, error.column) {
                    (Some(line), Some(column)) => {
                        let last = source.chars().count().saturating_sub(1);
                        scalar.place_of(&place.file, from + index_of(source, line, column).min(last), 1)
                    }
                    _ => place,
                };
                let message = format!("`{}` cannot be computed", shortened(source));
                let finding = Finding::error(codes::BAD_EXPRESSION, &place, message).because(error.message);
                findings.push(finding.cure_if(cure_of_slip(source).map(str::to_owned)));
                None
            }
        }
    }

    /// The place of something inside the expression, by its line and column there.
    pub(crate) fn place_at(&self, line: u32, column: u32, length: usize) -> Place {
        let index = index_of(self.code.source(), line, column);
        self.scalar.place_of(&self.place.file, self.from + index, length)
    }
}

/// The character of a source that stands at a line and column, both from 1.
fn index_of(source: &str, line: u32, column: u32) -> usize {
    let before = source.split_inclusive('\n').take(line.saturating_sub(1) as usize);
    before.map(|line| line.chars().count()).sum::<usize>() + column.saturating_sub(1) as usize
}

fn in_body<'n>(body: &'n Body, on: &mut dyn FnMut(&'n Expr, bool)) {
    match body {
        Body::Text(text) => in_text(text, on),
        Body::Cim(arg) => in_arg(arg, on),
    }
}

fn in_text<'n>(text: &'n Template, on: &mut dyn FnMut(&'n Expr, bool)) {
    for part in &text.parts {
        if let Part::Expr(expr) = part {
            on(expr, false);
        }
    }
}

fn in_arg<'n>(arg: &'n Arg, on: &mut dyn FnMut(&'n Expr, bool)) {
    match arg {
        Arg::Json(_) => {}
        Arg::Expr(expr) => on(expr, false),
        Arg::Text(text) => in_text(text, on),
        Arg::List(items) => items.iter().for_each(|item| in_arg(item, on)),
        Arg::Map(pairs) => pairs.iter().for_each(|(_, value)| in_arg(value, on)),
    }
}
