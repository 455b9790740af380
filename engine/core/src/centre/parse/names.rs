//! Names that look alike: `general` and `generaI`. Who reads the one will write the other.

use std::collections::BTreeMap;

use unicode_security::skeleton;

use crate::diagnostic::{Finding, Findings, codes};
use crate::yaml::{Key, Node};

/// Sections whose keys are names that other places repeat.
const NAMED: &[&str] =
    &["media", "attributes", "channel_types", "queues", "lists", "channels", "bots", "agents", "teams"];

/// Finds names of one section that differ only by characters nobody can tell apart (Unicode TS 39).
pub(super) fn look_alikes(tree: &Node, findings: &mut Findings) {
    for section in NAMED {
        let mut seen: BTreeMap<String, &Key> = BTreeMap::new();
        let entries = tree.entry(section).map_or(&[][..], |entry| entry.value.entries());
        for entry in entries {
            let looks: String = skeleton(&entry.key.text).collect();
            let first = *seen.entry(looks).or_insert(&entry.key);
            if first.text == entry.key.text {
                continue;
            }
            let message = format!("`{}` looks like `{}`", entry.key.text, first.text);
            let finding = Finding::warning(codes::LOOK_ALIKE, &entry.key.place, message)
                .because(format!(
                    "some characters differ, but nobody sees it: {}",
                    differing(&entry.key.text, &first.text)
                ))
                .also(&first.place, "the other one");
            findings.push(finding.cure("rename one of them"));
        }
    }
}

/// The first characters that differ, by their numbers.
fn differing(a: &str, b: &str) -> String {
    let mut pairs = a.chars().zip(b.chars()).filter(|(a, b)| a != b);
    pairs.next().map_or_else(
        || "their lengths".to_owned(),
        |(a, b)| format!("{a} (U+{:04X}) and {b} (U+{:04X})", u32::from(a), u32::from(b)),
    )
}
