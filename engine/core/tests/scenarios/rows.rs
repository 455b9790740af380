//! Every row of the default controller's table (`domain.md` section 3) has a scenario.

use std::collections::BTreeSet;

use super::{common, rows_routing};

/// The rows, as scenarios name them in `rows:`.
const ROWS: &[&str] = &[
    "CONVERSATION_STARTED",
    "CHANNEL_SESSION_STARTED / START_CONVERSATION",
    "CHANNEL_SESSION_STARTED / first session without intent",
    "CHANNEL_SESSION_STARTED / otherwise",
    "CUSTOMER_MESSAGE / bot PRIMARY",
    "CUSTOMER_MESSAGE / bot ASSISTANT",
    "CUSTOMER_MESSAGE / S>0, Ag=0, PULL",
    "ACTION_MESSAGE / known action",
    "ACTION_MESSAGE / unknown name",
    "FIND_AGENT / requested already",
    "FIND_AGENT / PUSH",
    "FIND_AGENT / PULL",
    "FIND_AGENT / EXTERNAL",
    "TASK_STATE_CHANGED / no conversation",
    "TASK_STATE_CHANGED / FORCE_CLOSED",
    "TASK_STATE_CHANGED / RONA of a named agent",
    "TASK_STATE_CHANGED / other CLOSED",
    "NO_AGENT_AVAILABLE / INBOUND",
    "NO_AGENT_AVAILABLE / DIRECT_TRANSFER, Ag=0",
    "NO_AGENT_AVAILABLE / CONSULT, CONFERENCE",
    "AGENT_RESERVED",
    "AGENT_SUBSCRIBED / S=0",
    "AGENT_SUBSCRIBED / bot PRIMARY",
    "AGENT_SUBSCRIBED / otherwise",
    "AGENT_UNSUBSCRIBED / Ag>0 with a PRIMARY",
    "AGENT_UNSUBSCRIBED / Ag>0, no PRIMARY left",
    "AGENT_UNSUBSCRIBED / Ag=0, requested DIRECT_CONFERENCE",
    "AGENT_UNSUBSCRIBED / Ag=0, S=0",
    "AGENT_UNSUBSCRIBED / Ag=0, S>0, requested DIRECT_TRANSFER",
    "AGENT_UNSUBSCRIBED / Ag=0, S>0, PUSH, lost agent",
    "AGENT_UNSUBSCRIBED / Ag=0, S>0, by choice",
    "CHANNEL_SESSION_ENDED / S>0",
    "CHANNEL_SESSION_ENDED / S=0, requested",
    "CHANNEL_SESSION_ENDED / S=0, Ag=0",
    "CHANNEL_SESSION_ENDED / S=0, Ag>0",
    "CALL_LEG_ENDED / last leg",
    "CUSTOMER_SLA / reminder",
    "CUSTOMER_SLA_EXPIRED",
    "AGENT_SLA_EXPIRED",
    "AGENT_MRD_INTERRUPTED / by voice",
    "AGENT_MRD_INTERRUPTED / else",
    "AGENT_STATE_CHANGED / Callback",
    "CONVERSATION_PAUSED, CONVERSATION_RESUMED",
    "PARTICIPANT_ROLE_CHANGED / all agents in WRAP_UP, S>0",
    "BOT_TIMEOUT",
    "BOT_NOT_AVAILABLE",
    "end_chat / session known",
    "end_chat / no session",
    "any other",
];

#[test]
fn every_row_has_a_scenario_and_every_scenario_names_rows_that_exist() {
    let files = common::scenarios();
    let walked: BTreeSet<&str> = files.iter().flat_map(|f| &f.scenario.rows).map(String::as_str).collect();
    let rows: BTreeSet<&str> = ROWS.iter().chain(rows_routing::ROWS).copied().collect();
    let missing: Vec<_> = rows.difference(&walked).collect();
    let unknown: Vec<_> = walked.difference(&rows).collect();
    assert!(missing.is_empty(), "rows without a scenario: {missing:#?}");
    assert!(unknown.is_empty(), "rows that no table has: {unknown:#?}");
}

/// The event of a row happens in the scenario that says so.
#[test]
fn a_scenario_walks_the_event_of_its_rows() {
    let mut strangers = Vec::new();
    for file in common::scenarios() {
        let fired = file.play().fired;
        let raised: BTreeSet<&str> =
            fired.iter().flat_map(|f| &f.publications).filter_map(|p| p.key.strip_prefix("event.")).collect();
        for row in &file.scenario.rows {
            let event = row.split(" / ").next().unwrap();
            let spoken = event.chars().all(|c| c.is_uppercase() || "_, ".contains(c));
            let refused = row == "TASK_STATE_CHANGED / no conversation";
            let seen = event.split(", ").all(|e| raised.contains(e));
            let expired = event == "CHANNEL_SESSION_ENDED" && raised.contains("CHANNEL_SESSION_EXPIRED");
            if spoken && !seen && !expired && !refused {
                strangers.push(format!("{}: {row}", file.name));
            }
        }
    }
    assert!(strangers.is_empty(), "{strangers:#?}");
}
