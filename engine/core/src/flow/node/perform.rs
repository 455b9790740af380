//! `perform`: issues an action whose name is computed, such as the one a bot orders.

use crate::flow::compile::Compiler;
use crate::flow::{Arg, Verb};
use crate::model::{Json, JsonMap};
use crate::yaml::{Entry, Fields};

pub(super) fn compile(c: &mut Compiler<'_, '_>, entry: &Entry) -> Option<Verb> {
    let mut fields = Fields::of(&entry.value, &entry.key.place, "`perform`", c.findings)?;
    let action = fields.required("action", c.findings).map(|node| c.arg(node));
    let data = fields.get("data").map_or(Arg::Json(Json::Object(JsonMap::new())), |node| c.arg(node));
    fields.finish(c.findings);
    Some(Verb::Perform { action: action?, data })
}
