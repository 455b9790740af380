//! What is said about an agent's states, and that nothing is said to have changed when nothing did (`domain.md` section 1.15).

use std::sync::Arc;

use convene_core::conversation::Stamped;
use convene_core::deployment::Deployment;
use convene_core::effect::Reply;
use convene_core::routing::{Global, Input, MediaStatus, Routing, Step, step};
use serde_json::{Value, json};

use super::centre::synchronous;

/// The desk of amal, who is ready for everything.
struct Desk {
    deployment: Arc<Deployment>,
    routing: Routing,
    inputs: u64,
}

impl Desk {
    fn ready() -> Self {
        let mut desk = Self { deployment: synchronous(), routing: Routing::default(), inputs: 0 };
        desk.command("AGENT_LOGIN", json!({ "agentId": "amal" }));
        desk.command("AGENT_STATE", json!({ "agentId": "amal", "state": "READY" }));
        assert_eq!(desk.media(), [MediaStatus::Ready, MediaStatus::Ready]);
        desk
    }

    fn command(&mut self, name: &str, data: Value) -> Step {
        self.inputs += 1;
        let input = Input::Command { name: name.into(), data };
        let at = 1_000_000 + i64::try_from(self.inputs).unwrap() * 1_000;
        step(&self.deployment, &mut self.routing, &Stamped { id: format!("i{}", self.inputs), at, input })
    }

    fn state(&mut self, state: &str) -> Step {
        self.command("AGENT_STATE", json!({ "agentId": "amal", "state": state }))
    }

    fn medium(&mut self, mrd: &str, state: &str) -> Step {
        self.command("AGENT_MRD_STATE", json!({ "agentId": "amal", "mrd": mrd, "state": state }))
    }

    /// CHAT and VOICE.
    fn media(&self) -> [MediaStatus; 2] {
        let media = &self.routing.agents["amal"].media;
        [media["CHAT"].state, media["VOICE"].state]
    }

    fn global(&self) -> Global {
        self.routing.agents["amal"].state
    }
}

/// The one thing the desk was told: its action, whether the state changed, and the media that did.
fn told(done: &Step) -> (String, bool, Vec<String>) {
    let bodies: Vec<Value> =
        done.publications.iter().filter(|p| p.kind == "agentPresence").map(|p| p.body.json()).collect();
    let [body] = bodies.as_slice() else { panic!("one word to the desk, not {bodies:#?}") };
    assert_eq!(body["agentPresence"]["agent"]["id"], "amal");
    let mut media: Vec<String> = serde_json::from_value(body["mrdStateChanges"].clone()).unwrap();
    media.sort();
    (body["action"].as_str().unwrap().to_owned(), body["agentStateChanged"].as_bool().unwrap(), media)
}

fn changed(done: &Step, state: bool, media: &[&str]) {
    let (action, own, which) = told(done);
    assert_eq!(action, "AGENT_STATE_CHANGED");
    assert_eq!((own, which), (state, media.iter().map(|m| (*m).to_owned()).collect()));
    assert!(announced(done), "whoever listens is to know");
}

fn unchanged(done: &Step) {
    assert_eq!(told(done), ("AGENT_STATE_UNCHANGED".to_owned(), false, vec![]));
    assert!(!announced(done), "nothing changed, and the event says so");
    assert!(done.reports.is_empty(), "{:?}", done.reports);
}

fn announced(done: &Step) -> bool {
    done.publications.iter().any(|p| p.key == "event.AGENT_STATE_CHANGED")
}

#[test]
fn a_move_names_what_moved_with_it() {
    let mut desk = Desk::ready();
    changed(&desk.medium("VOICE", "NOT_READY"), false, &["VOICE"]);
    changed(&desk.state("NOT_READY"), true, &["CHAT"]);
    changed(&desk.state("READY"), true, &["CHAT", "VOICE"]);
}

#[test]
fn a_state_that_is_asked_for_again_changes_nothing() {
    let mut desk = Desk::ready();
    unchanged(&desk.state("READY"));
    unchanged(&desk.medium("CHAT", "READY"));
    desk.state("NOT_READY");
    unchanged(&desk.state("NOT_READY"));
    unchanged(&desk.medium("CHAT", "NOT_READY"));
}

#[test]
fn ready_said_again_switches_no_medium_on() {
    let mut desk = Desk::ready();
    desk.medium("VOICE", "NOT_READY");
    unchanged(&desk.state("READY"));
    assert_eq!(desk.media(), [MediaStatus::Ready, MediaStatus::NotReady]);
}

#[test]
fn a_reason_makes_another_not_ready_of_it() {
    let mut desk = Desk::ready();
    desk.state("NOT_READY");
    let lunch = json!({ "agentId": "amal", "state": "NOT_READY", "reason": "Lunch" });
    changed(&desk.command("AGENT_STATE", lunch.clone()), true, &[]);
    unchanged(&desk.command("AGENT_STATE", lunch));
    unchanged(&desk.state("NOT_READY"));
    assert_eq!(desk.routing.agents["amal"].reason.as_deref(), Some("Lunch"));
}

#[test]
fn the_last_medium_takes_the_agent_along_once() {
    let mut desk = Desk::ready();
    changed(&desk.medium("CHAT", "NOT_READY"), false, &["CHAT"]);
    changed(&desk.medium("VOICE", "NOT_READY"), true, &["VOICE"]);
    assert_eq!(desk.global(), Global::NotReady);
}

#[test]
fn what_is_refused_leaves_everything_as_it_was() {
    let mut desk = Desk::ready();
    for done in [desk.state("ASLEEP"), desk.medium("CHAT", "ASLEEP"), desk.medium("FAX", "READY")] {
        assert!(matches!(done.reply, Some(Reply::Refused { .. })), "{:?}", done.reply);
        unchanged(&done);
    }
}

#[test]
fn a_lost_desk_that_asks_for_a_state_is_back() {
    for (name, data) in [
        ("AGENT_STATE", json!({ "agentId": "amal", "state": "READY" })),
        ("AGENT_MRD_STATE", json!({ "agentId": "amal", "mrd": "CHAT", "state": "READY" })),
    ] {
        let mut desk = Desk::ready();
        desk.command("AGENT_DISCONNECT", json!({ "agentId": "amal" }));
        assert_eq!(desk.media(), [MediaStatus::Unknown, MediaStatus::Unknown]);
        let done = desk.command(name, data);
        assert!(!done.timers_cleared.is_empty(), "the time to come back goes on");
        assert_eq!(desk.media(), [MediaStatus::Ready, MediaStatus::Ready], "{name}");
    }
}
