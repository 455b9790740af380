//! What happens with every event: it is published, the SLA clocks look at it, journeys that wait for it wake, the
//! Controller's flow reacts, and bots hear it. In this order.

use super::state::{Conversation, SeatKind};
use super::work::{Happening, Work};
use super::{bots, handoff, interpret, legs, sessions, sla, wire};
use crate::effect::{Publication, Wire};
use crate::model::{EventName, Json, ParticipantRole};

/// Handles one event.
pub(super) fn handle(work: &mut Work<'_>, event: &Happening) {
    publish(work, event);
    legs::heard(work, event);
    sla::heard(work, event);
    handoff::heard(work, event);
    let consumed = interpret::wake(work, event);
    interpret::react(work, event);
    bots::hear(work, event, consumed);
}

/// Publishes an event: to everybody who analyses, to the desks of the agents present, and as a notice to the
/// connectors of the customer where 9.1 says so.
fn publish(work: &mut Work<'_>, event: &Happening) {
    if event.name == EventName::AgentStateChanged {
        // No event of a conversation (2.1): routing has published it once for everybody.
        work.note("event", event.name.as_str(), "");
        return;
    }
    let id = if event.id.is_empty() { work.ids.fresh() } else { event.id.clone() };
    if let Some(session) = event.session.as_deref().filter(|_| event.delivers) {
        sessions::deliver(work, session, &event.data);
    }
    let body = wire::event(work, event, &id);
    work.note("event", event.name.as_str(), "");
    for agent in desks(work) {
        let copy = work.ids.fresh();
        let shown = Wire::of(&wire::Shown { cim_event: &body, conversation_id: &work.c.id });
        work.out.publications.push(Publication::new(copy, format!("agent.{agent}"), "onCimEvent", shown));
    }
    let key = format!("event.{}", event.name.as_str());
    work.out.publications.push(Publication::new(id, key, "cim-event", body));
    let notice = wire::notice_for(&event.name).filter(|_| !among_agents(event));
    if let Some(notice) = notice.or_else(|| wire::typing(event).filter(|_| talks(&work.c, event))) {
        sessions::notify_connectors(work, event, notice);
    }
}

/// Whether the customer hears nothing of an event: agents ask each other for advice (4.10, consult).
fn among_agents(event: &Happening) -> bool {
    let data = &event.data;
    let direction = data
        .pointer("/requestType/direction")
        .or_else(|| data.pointer("/task/activeMedia/0/type/direction"))
        .and_then(Json::as_str);
    let role = ["/agentParticipant/role", "/conversationParticipant/role"];
    let role = role.iter().find_map(|path| data.pointer(path)).and_then(Json::as_str);
    let agent = data.pointer("/agentParticipant").is_some();
    let unseen = data.pointer("/metadata/unseen").is_some();
    let for_company = event.name == EventName::NoAgentAvailable && direction == Some("DIRECT_CONFERENCE");
    unseen || for_company || direction == Some("CONSULT") || (agent && role == Some("ASSISTANT"))
}

/// Whether an agent talks to the customer: who only helps, or listens, types for colleagues (4.10).
fn talks(c: &Conversation, event: &Happening) -> bool {
    let seat = event.emitter.id.as_deref().and_then(|id| c.agent(id));
    seat.is_some_and(|s| s.role == ParticipantRole::Primary)
}

/// Agents whose desk shows this conversation: all present, with what the customer's side of the conversation is.
fn desks(work: &Work<'_>) -> Vec<String> {
    let shown = work.c.seats.iter().filter(|s| matches!(s.kind, SeatKind::Agent | SeatKind::Monitor));
    shown.map(|s| s.who.clone()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Sender, emitter};

    #[test]
    fn only_who_talks_to_the_customer_is_seen_typing() {
        let seat = |kind: &str, who: &str, role: &str| json!({ "id": who, "kind": kind, "who": who, "name": who, "role": role, "joinedAt": 0 });
        let c: Conversation = serde_json::from_value(json!({
            "format": 1, "id": "1", "home": 0, "deployment": "", "state": "ACTIVE", "room": "", "customer": {},
            "sessions": [], "createdAt": 0,
            "seats": [seat("AGENT", "amal", "PRIMARY"), seat("AGENT", "bruno", "ASSISTANT"),
                      seat("MONITOR", "chen", "SILENT_MONITOR")],
        }))
        .expect("a conversation");
        let typed_by = |who: Sender| Happening {
            name: EventName::TypingIndicator,
            emitter: who,
            session: None,
            data: json!({ "notificationType": "TYPING_STARTED" }),
            id: String::new(),
            delivers: false,
        };
        let seen = ["amal", "bruno", "chen", "dora"].map(|a| talks(&c, &typed_by(emitter::agent(a, a))));
        assert_eq!(seen, [true, false, false, false]);
    }
}
