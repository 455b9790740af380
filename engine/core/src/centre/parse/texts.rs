//! Texts that are longer than a channel carries.

use crate::centre::Centre;
use crate::diagnostic::{Finding, Findings, Place, codes};

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
