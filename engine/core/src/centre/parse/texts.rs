//! Texts that are longer than a channel carries, or that somebody meant to be filled in.

use crate::centre::Centre;
use crate::diagnostic::{Finding, Findings, Place, codes};
use crate::yaml::{Kind, Node, shortened};

impl Centre {
    /// Finds a text that the channel type with the shortest messages does not carry.
    pub(crate) fn fits(&self, text: &str, place: &Place, findings: &mut Findings) {
        let length = text.chars().count();
        let shortest =
            self.channel_types.values().filter_map(|kind| Some((kind.text_max?, &kind.name))).min();
        let Some((most, kind)) = shortest.filter(|(most, _)| length > *most as usize) else { return };
        let message = format!("this text has {length} characters, {kind} carries {most}");
        let finding = Finding::warning(codes::LONG_TEXT, place, message)
            .because(format!("`text_max` of channel type {kind} says so"));
        findings.push(finding.cure("say it in fewer words, or in two messages"));
    }
}

/// Finds `{{…}}` in a text of the centre, or in the texts of a list or map: only flows fill such places in.
pub(super) fn said_as_it_stands(node: &Node, findings: &mut Findings) {
    match &node.kind {
        Kind::List(items) => items.iter().for_each(|item| said_as_it_stands(item, findings)),
        Kind::Map(entries) => entries.iter().for_each(|entry| said_as_it_stands(&entry.value, findings)),
        Kind::Scalar(scalar) => {
            let Some((before, inside)) = scalar.text.split_once("{{") else { return };
            let Some((inside, _)) = inside.split_once("}}") else { return };
            let written = format!("{{{{{inside}}}}}");
            let (from, length) = (before.chars().count(), written.chars().count());
            let place = scalar.place_of(&node.place.file, from, length);
            let message = format!("`{}` is said as it stands", shortened(&written));
            let finding = Finding::warning(codes::UNMARKED_EXPRESSION, &place, message)
                .because("texts of the centre are not filled in, those of flows are");
            findings.push(finding.cure("write the text in the flow that says it"));
        }
    }
}
