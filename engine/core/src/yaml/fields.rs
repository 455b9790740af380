//! A map with known keys: takes them one by one and finds those nobody asked for.

use std::ops::RangeInclusive;

use super::{Entry, Kind, Node, typed, wrong_type};
use crate::diagnostic::{Finding, Findings, Place, codes, did_you_mean};

/// A map being read. Ask for its keys, then [`Fields::finish`].
pub struct Fields<'a> {
    /// What the map is, for messages: "queue `general`".
    what: String,
    /// Where a missing key is reported: the name of the thing.
    place: Place,
    entries: &'a [Entry],
    asked: Vec<&'static str>,
    /// Keys that people write for another one.
    slips: Vec<(&'static str, &'static str)>,
}

impl<'a> Fields<'a> {
    /// Starts to read a map. `place` is where a missing key is reported; nothing counts as an empty map.
    pub fn of(
        node: &'a Node,
        place: &Place,
        what: impl Into<String>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let what = what.into();
        if !matches!(node.kind, Kind::Map(_)) && !node.is_null() {
            let message = format!("{what} must be a map, found {}", node.described());
            findings.push(Finding::error(codes::WRONG_TYPE, &node.place, message));
            return None;
        }
        Some(Self {
            what,
            place: place.clone(),
            entries: node.entries(),
            asked: Vec::new(),
            slips: Vec::new(),
        })
    }

    /// Notes that a key stands for another one where people come from.
    pub fn slip(&mut self, written: &'static str, meant: &'static str) {
        self.slips.push((written, meant));
    }

    /// Where this map is reported.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// All lines of the map.
    pub fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    /// The line of a key, also when its value is left empty.
    pub fn entry(&mut self, key: &'static str) -> Option<&'a Entry> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.entries.iter().find(|entry| entry.key.text == key)
    }

    /// The value of a key, unless it is left empty.
    pub fn get(&mut self, key: &'static str) -> Option<&'a Node> {
        self.entry(key).map(|entry| &entry.value).filter(|value| !value.is_null())
    }

    /// The value of a key that must be there.
    pub fn required(&mut self, key: &'static str, findings: &mut Findings) -> Option<&'a Node> {
        let found = self.get(key);
        if found.is_none() {
            let message = format!("{} has no `{key}`", self.what);
            let finding = Finding::error(codes::MISSING_KEY, &self.place, message);
            findings.push(finding.cure(format!("add `{key}:` to it")));
        }
        found
    }

    /// A text that may be absent.
    pub fn text(&mut self, key: &'static str, findings: &mut Findings) -> Option<String> {
        self.get(key).and_then(|node| typed::text(node, key, findings))
    }

    /// A whole number, or its default.
    pub fn integer(
        &mut self,
        key: &'static str,
        range: RangeInclusive<i64>,
        findings: &mut Findings,
    ) -> Option<i64> {
        let node = self.get(key)?;
        typed::integer(node, key, range, findings)
    }

    /// A number, with a value when it is absent.
    pub fn integer_or(
        &mut self,
        key: &'static str,
        range: RangeInclusive<i64>,
        default: i64,
        findings: &mut Findings,
    ) -> i64 {
        self.get(key).and_then(|node| typed::integer(node, key, range, findings)).unwrap_or(default)
    }

    /// A truth value, or its default.
    pub fn boolean_or(&mut self, key: &'static str, default: bool, findings: &mut Findings) -> bool {
        self.get(key).and_then(|node| typed::boolean(node, key, findings)).unwrap_or(default)
    }

    /// A duration in milliseconds that may be absent.
    pub fn duration(&mut self, key: &'static str, findings: &mut Findings) -> Option<i64> {
        self.get(key).and_then(|node| typed::duration(node, key, findings))
    }

    /// A time of a second or more, in milliseconds, that may be absent.
    pub fn clock_time(&mut self, key: &'static str, findings: &mut Findings) -> Option<i64> {
        self.get(key).and_then(|node| typed::clock_time(node, key, findings))
    }

    /// The lines of a map of names that may be absent.
    pub fn names(&mut self, key: &'static str, findings: &mut Findings) -> &'a [Entry] {
        self.get(key).map_or(&[], |node| typed::entries(node, key, findings))
    }

    /// A list that may be absent.
    pub fn items(&mut self, key: &'static str, findings: &mut Findings) -> &'a [Node] {
        self.get(key).map_or(&[], |node| typed::items(node, key, findings))
    }

    /// A list of texts that may be absent, each with its place.
    pub fn texts(&mut self, key: &'static str, findings: &mut Findings) -> Vec<(String, Place)> {
        let mut texts = Vec::new();
        for item in self.items(key, findings) {
            match item.text() {
                Some(text) => texts.push((text.to_owned(), item.place.clone())),
                None => findings.push(wrong_type(item, key, "a list of texts")),
            }
        }
        texts
    }

    /// Finds the keys nobody asked for.
    pub fn finish(self, findings: &mut Findings) {
        for Entry { key, .. } in self.entries {
            if self.asked.contains(&key.text.as_str()) || key.text == "<<" || key.text == "?" {
                continue;
            }
            let message = format!("`{}` is not a key of {}", super::shortened(&key.text), self.what);
            let keys = self.asked.iter().map(|asked| format!("`{asked}`")).collect::<Vec<_>>().join(", ");
            let slip = self.slips.iter().find(|(written, _)| *written == key.text);
            let name = slip.map_or(key.text.as_str(), |(_, meant)| meant);
            let cure = did_you_mean(name, self.asked.iter().copied());
            let cure = cure.unwrap_or_else(|| format!("its keys are {keys}"));
            findings.push(Finding::error(codes::UNKNOWN_KEY, &key.place, message).cure(cure));
        }
    }
}
