//! Everything that is published can be read again, under the names of `domain.md` section 2.1 and no other spelling.

use std::collections::BTreeSet;

use convene_core::model::{self, EVENTS, Json, Wire};

use super::common;

/// Where two values differ first.
fn difference(at: &str, ours: &Json, read: &Json) -> Option<String> {
    match (ours, read) {
        (Json::Object(a), Json::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            keys.into_iter().find_map(|k| {
                let (x, y) = (a.get(k).unwrap_or(&Json::Null), b.get(k).unwrap_or(&Json::Null));
                difference(&format!("{at}.{k}"), x, y)
            })
        }
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(i, (x, y))| difference(&format!("{at}[{i}]"), x, y))
        }
        _ => (ours != read).then(|| format!("{at}: {ours} is read as {read}")),
    }
}

#[test]
fn what_is_published_is_read_again() {
    let names: BTreeSet<&str> = EVENTS.iter().map(|row| row.text).collect();
    let mut problems = BTreeSet::new();
    for file in common::scenarios() {
        for publication in file.play().fired.iter().flat_map(|f| &f.publications) {
            let (bytes, sent) = (publication.body.text().as_bytes(), publication.body.json());
            let again = match publication.kind.as_str() {
                "cim-event" => {
                    // As it is written: a reader takes other spellings for the same event.
                    let name = sent["name"].as_str().unwrap_or_default();
                    if !names.contains(name) {
                        problems.insert(format!("{name} is no name of the table"));
                    }
                    model::read_event(bytes).map(|event| event.to_json())
                }
                "cim-message" => model::read_message(bytes).map(|message| {
                    let faults = message.body.as_ref().map_or(vec!["no body".into()], |b| b.check());
                    problems.extend(faults.iter().map(|f| format!("{}: {f}", publication.key)));
                    message.to_json()
                }),
                _ => continue,
            };
            match again {
                Ok(again) => problems.extend(difference(&publication.key, &sent, &again)),
                Err(problem) => {
                    problems.insert(format!("{}: {problem}", publication.key));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

/// What a desk gets about a conversation names its room, too (`domain.md` section 9.3).
#[test]
fn a_desk_learns_the_room() {
    let with_room = ["taskRequest", "onTopicData", "topicUnsubscription", "wrapupTimerStarted"];
    let (mut seen, mut problems) = (BTreeSet::new(), BTreeSet::new());
    for file in common::scenarios() {
        for publication in file.play().fired.iter().flat_map(|f| &f.publications) {
            let Some(kind) = with_room.iter().find(|kind| publication.kind == **kind) else { continue };
            seen.insert(*kind);
            let room = publication.body.json()["roomInfo"]["id"].clone();
            if room.as_str().is_none_or(str::is_empty) {
                problems.insert(format!("{kind} without a room in {}", file.name));
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    assert_eq!(seen.len(), with_room.len(), "a kind of message that no scenario brings");
}
