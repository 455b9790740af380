//! A journal, stepped again from its stored inputs and states, gives the same states and publications, byte for byte.

use std::collections::BTreeMap;

use convene_core::conversation::{self, Conversation, Stamped};
use convene_core::deployment::Deployment;
use convene_core::routing::{self, OWNER, Routing};
use convene_core::simulate::{JournalEntry, World};

use super::common;

/// Steps a journal again.
///
/// # Panics
/// Where it comes out differently.
pub(super) fn replay(name: &str, world: &World) {
    let mut states: BTreeMap<&str, &str> = BTreeMap::new();
    for (number, entry) in world.journal.iter().enumerate() {
        let before = states.get(entry.key.as_str()).copied().filter(|state| !state.is_empty());
        let (state, publications) = match entry.key.as_str() {
            OWNER => route(&entry.deployment, before, entry),
            _ => converse(&entry.deployment, before, entry),
        };
        let at = format!("{name}, entry {number}: {}", entry.input);
        assert_eq!(state, entry.state, "the state differs: {at}");
        assert_eq!(publications, entry.publications, "the publications differ: {at}");
        states.insert(&entry.key, &entry.state);
    }
}

fn route(d: &Deployment, before: Option<&str>, entry: &JournalEntry) -> (String, String) {
    let input: Stamped<routing::Input> = serde_json::from_value(entry.input.clone()).unwrap();
    let records: BTreeMap<String, String> =
        before.map_or_else(BTreeMap::new, |b| serde_json::from_str(b).unwrap());
    let mut state = Routing::load(&records).unwrap();
    let step = routing::step(d, &mut state, &input);
    (serde_json::to_string(&state.records()).unwrap(), serde_json::to_string(&step.publications).unwrap())
}

fn converse(d: &Deployment, before: Option<&str>, entry: &JournalEntry) -> (String, String) {
    let input: Stamped<conversation::Input> = serde_json::from_value(entry.input.clone()).unwrap();
    let before: Option<Conversation> = before.map(|b| serde_json::from_str(b).unwrap());
    let step = conversation::step(d, before.as_ref(), 0, &input);
    let state = step.state.or(before).map(|s| serde_json::to_string(&s).unwrap());
    (state.unwrap_or_default(), serde_json::to_string(&step.publications).unwrap())
}

#[test]
fn every_journal_replays_to_the_same_bytes() {
    for file in common::scenarios() {
        replay(&file.name, &file.play().world);
    }
}

/// The order of steps alone decides: playing twice gives the same world.
#[test]
fn playing_twice_gives_the_same_journal() {
    for file in common::scenarios().iter().take(10) {
        let (one, two) = (file.play(), file.play());
        let states = |w: &World| w.journal.iter().map(|e| e.state.clone()).collect::<Vec<_>>();
        assert_eq!(states(&one.world), states(&two.world), "{}", file.name);
    }
}
