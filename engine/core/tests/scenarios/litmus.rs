//! The litmus test of `design.md` section 4: without flows the engine keeps records and does nothing.

use convene_core::model::ConversationState;
use convene_core::report::ReportRow;
use convene_core::simulate::{Scenario, play};

use super::common;

const BOT: &str = "    kind: SCRIPT          # a flow of this deployment plays it\n    flow: concierge\n";

const SCENARIO: &str = r#"
scenario: nobody decides anything
given:
  agents: { amal: READY }
when:
  - { at: 0s, customer: guest, does: start_chat }
  - { at: 5s, customer: guest, says: A person please }
  - { at: 6s, event: FIND_AGENT, data: {} }
  - { at: 7s, event: ACTION_MESSAGE, data: { name: END_CONVERSATION, data: {} } }
  - { at: 8s, customer: guest, on: whatsapp, says: Anybody there? }
  - { at: 9s, customer: guest, does: end_chat }
until: 1h
"#;

#[test]
fn without_flows_records_are_kept_and_nothing_is_done() {
    let mut files = common::shipped();
    files.retain(|path, _| path == "flows/centre.yaml");
    let centre = files.get_mut("flows/centre.yaml").unwrap();
    assert!(centre.contains(BOT));
    *centre = centre.replace(BOT, "    kind: WEBHOOK\n    url: https://bot.example/\n");
    let deployment = common::load(files);
    let mut findings = convene_core::diagnostic::Findings::new();
    let scenario = Scenario::read("litmus.yaml", SCENARIO, &mut findings).unwrap();
    let outcome = play(&deployment, &scenario);

    for publication in outcome.fired.iter().flat_map(|f| &f.publications) {
        let told = publication.key.starts_with("channel.")
            && publication.body.json()["body"]["type"] != "NOTIFICATION";
        assert!(!told, "somebody told the customer something: {}", publication.body.text());
        assert!(!publication.key.starts_with("agent.") || publication.kind == "agentPresence");
    }
    assert!(outcome.world.routing.tasks.is_empty());
    assert!(outcome.fired.iter().all(|f| f.bot_calls.is_empty()));

    let web = outcome.world.conversations.values().find(|c| c.sessions[0].channel == "web").unwrap();
    assert_eq!(web.state, ConversationState::Created);
    assert!(web.seats.is_empty() && !web.sessions[0].open() && web.sessions[0].counts == [0, 0, 1]);
    let rows: Vec<_> = outcome.fired.iter().flat_map(|f| &f.reports).collect();
    assert!(
        rows.iter().any(|r| matches!(r, ReportRow::ChannelSession(r) if r.session_id == web.sessions[0].id))
    );
    assert!(
        rows.iter()
            .any(|r| matches!(r, ReportRow::ConversationParticipant(r) if r.participant_role == "CUSTOMER"))
    );
}
