//! Media, routing attributes and channel types (`domain.md` sections 1.14, 1.13, 1.6).

use super::{open, reference, required_reference};
use crate::centre::{Centre, ChannelKind, Media, RoutingAttribute};
use crate::diagnostic::{Findings, codes};
use crate::yaml::{self, Fields};

/// Channel types that are voice unless said otherwise (U04).
const VOICE_TYPES: [&str; 3] = ["CX_VOICE", "CISCO_CC", "WEB_RTC"];

pub(super) fn media(fields: &mut Fields<'_>, centre: &mut Centre, findings: &mut Findings) {
    for entry in fields.names("media", findings) {
        let mut media = Media { name: entry.key.text.clone(), max_tasks: 1, ..Media::default() };
        if let Some(mut fields) = open(entry, "medium", 1..=110, findings) {
            // A limit that cannot be read limits nothing, so that no agent is found to be above it.
            let left_out = if fields.get("max_tasks").is_some() { 1000 } else { 1 };
            media.max_tasks = count(fields.integer_or("max_tasks", 0..=1000, left_out, findings));
            media.interruptible = fields.boolean_or("interruptible", false, findings);
            media.interrupts = fields.boolean_or("interrupts", true, findings);
            media.auto_join = fields.boolean_or("auto_join", false, findings);
            fields.finish(findings);
        }
        centre.media.insert(media.name.clone(), media);
    }
}

pub(super) fn attributes(fields: &mut Fields<'_>, centre: &mut Centre, findings: &mut Findings) {
    for entry in fields.names("attributes", findings) {
        yaml::name(&entry.key.text, &entry.key.place, "routing attribute", false, findings);
        let mut attribute = RoutingAttribute { name: entry.key.text.clone(), ..RoutingAttribute::default() };
        if let Some(mut fields) = open(entry, "routing attribute", 3..=110, findings) {
            let kind = fields
                .get("kind")
                .and_then(|node| yaml::one_of(node, "kind", &["BOOLEAN", "PROFICIENCY_LEVEL"], findings));
            attribute.boolean = kind == Some("BOOLEAN");
            let (range, default) = if attribute.boolean { (0..=1, 1) } else { (1..=10, 1) };
            attribute.default = fields.integer_or("default", range, default, findings);
            fields.finish(findings);
        }
        centre.attributes.insert(attribute.name.clone(), attribute);
    }
}

pub(super) fn channel_types(fields: &mut Fields<'_>, centre: &mut Centre, findings: &mut Findings) {
    for entry in fields.names("channel_types", findings) {
        let name = entry.key.text.clone();
        let voice = VOICE_TYPES.contains(&name.as_str());
        let mut kind =
            ChannelKind { name: name.clone(), voice, interactive: voice, ..ChannelKind::default() };
        if let Some(mut fields) = open(entry, "channel type", 1..=110, findings) {
            let medium = ("medium", codes::UNKNOWN_MEDIA);
            let media = required_reference(&mut fields, "media", &centre.media, medium, findings);
            kind.media = media.map(|(name, _)| name).unwrap_or_default();
            kind.voice = fields.boolean_or("voice", voice, findings);
            kind.interactive = fields.boolean_or("interactive", kind.voice, findings);
            let attribute = ("customer attribute", codes::UNKNOWN_IDENTIFIER);
            let attributes = &centre.customers.attributes;
            kind.text_max = fields.integer("text_max", 1..=1_000_000, findings).map(count);
            fields.required("identifier", findings);
            let identifier = reference(&mut fields, "identifier", attributes, attribute, findings);
            kind.identifier = identifier.map(|(name, _)| name).unwrap_or_default();
            fields.finish(findings);
        }
        if let Some(attribute) = centre.customers.attributes.get_mut(&kind.identifier) {
            attribute.identifies.push(name.clone());
        }
        centre.channel_types.insert(name, kind);
    }
    for attribute in centre.customers.attributes.values_mut() {
        attribute.identifies.sort();
    }
}

/// Numbers were checked against a range that fits.
pub(super) fn count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
