//! Every arrow of the state tables of routing (`domain.md` sections 1.12, 1.15, 1.16) is walked by some scenario, and none
//! is walked that no table has.

use std::collections::{BTreeMap, BTreeSet};

use convene_core::model::Json;
use convene_core::routing::table::{Arrow, GLOBAL, LIST, MEDIA, MEDIUM, TASK};

use super::common;

/// Arrows that no scenario can walk, and why.
const NEVER: &[(&str, &str)] = &[];

/// The states things were seen in, by table and thing, as they were published.
#[derive(Default)]
struct Seen {
    last: BTreeMap<(&'static str, String), String>,
    walked: BTreeSet<(&'static str, String, String)>,
}

impl Seen {
    fn state(&mut self, table: &'static str, thing: &str, start: &str, state: &Json) {
        let Some(state) = state.as_str() else { return };
        let key = (table, thing.to_owned());
        let from = self.last.insert(key, state.to_owned()).unwrap_or_else(|| start.to_owned());
        if from != state {
            self.walked.insert((table, from, state.to_owned()));
        }
    }

    fn publication(&mut self, key: &str, body: &Json) {
        match key {
            "event.AGENT_STATE_CHANGED" => self.presence(&body["data"]["agentPresence"]),
            "event.TASK_STATE_CHANGED" => self.task(&body["data"]["task"]),
            _ if key.starts_with("event.LIST_REQUEST.") => {
                let request: Json = serde_json::from_str(body["pullModeEvent"].as_str().unwrap()).unwrap();
                self.state("list", request["id"].as_str().unwrap(), "", &request["status"]);
            }
            _ => {}
        }
    }

    fn presence(&mut self, presence: &Json) {
        // An event of the kind may come from outside, with less in it.
        let Some(agent) = presence["agent"]["id"].as_str() else { return };
        self.state("global", agent, "LOGOUT", &presence["state"]["name"]);
        for media in presence["agentMrdStates"].as_array().into_iter().flatten() {
            let thing = format!("{agent} {}", media["mrd"]["id"]);
            self.state("medium", &thing, "LOGOUT", &media["state"]);
        }
    }

    fn task(&mut self, task: &Json) {
        for media in task["activeMedia"].as_array().into_iter().flatten() {
            self.state("media", media["id"].as_str().unwrap_or_default(), "STARTED", &media["state"]);
        }
        if let Some(id) = task["id"].as_str() {
            self.state("task", id, "ACTIVE", &task["state"]["name"]);
        }
    }
}

fn walked() -> BTreeSet<(&'static str, String, String)> {
    let mut all = BTreeSet::new();
    for file in common::scenarios() {
        let mut seen = Seen::default();
        for publication in file.play().fired.iter().flat_map(|f| &f.publications) {
            seen.publication(&publication.key, &publication.body.json());
        }
        all.append(&mut seen.walked);
    }
    all
}

#[test]
fn every_arrow_of_routing_is_walked_and_no_other() {
    let tables: [(&str, &[Arrow]); 5] =
        [("global", GLOBAL), ("medium", MEDIUM), ("media", MEDIA), ("task", TASK), ("list", LIST)];
    let known: BTreeSet<(&str, String, String)> = tables
        .iter()
        .flat_map(|(table, arrows)| arrows.iter().map(|(f, t, _)| (*table, (*f).to_owned(), (*t).to_owned())))
        .collect();
    let walked = walked();
    let excused = |(table, from, to): &&(&str, String, String)| {
        NEVER.iter().any(|(never, _)| *never == format!("{table}: {from} → {to}"))
    };
    let missing: Vec<_> = known.difference(&walked).filter(|a| !excused(a)).collect();
    let strange: Vec<_> = walked.difference(&known).collect();
    assert!(missing.is_empty(), "arrows no scenario walks: {missing:#?}");
    assert!(strange.is_empty(), "moves no table has: {strange:#?}");
    println!("{} arrows, all walked", known.len());
}
