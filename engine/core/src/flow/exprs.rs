//! The expressions of a node, wherever they stand in it.

use super::{Arg, Body, Expr, Node, Part, Template, Verb};
use crate::diagnostic::Place;

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
    /// The place of something inside the expression, by its line and column there.
    pub(crate) fn place_at(&self, line: u32, column: u32, length: usize) -> Place {
        let before = self.code.source().split_inclusive('\n').take(line.saturating_sub(1) as usize);
        let index: usize = before.map(|line| line.chars().count()).sum();
        let index = index + column.saturating_sub(1) as usize;
        self.scalar.place_of(&self.place.file, self.from + index, length)
    }
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
