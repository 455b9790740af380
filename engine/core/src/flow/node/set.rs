//! `set`: sets slots of the conversation. All values are computed from the facts before; the order has no meaning.

use crate::flow::Verb;
use crate::flow::compile::Compiler;
use crate::yaml::{Entry, Kind, wrong_type};

pub(super) fn compile(c: &mut Compiler<'_, '_>, entry: &Entry) -> Option<Verb> {
    if !matches!(entry.value.kind, Kind::Map(_)) {
        c.findings.push(wrong_type(&entry.value, "set", "a map").cure("write `set: { slot: value }`"));
        return None;
    }
    for slot in entry.value.entries() {
        c.slot(&slot.key.text, &slot.key.place);
    }
    Some(Verb::Set(c.pairs(&entry.value)))
}
