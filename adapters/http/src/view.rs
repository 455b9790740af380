//! What callers see of states, agents and tasks: the names of `domain.md` section 1, built from what is stored.

use convene_core::conversation::handoff;
use convene_core::conversation::{Conversation, Seat, SeatKind, Session};
use convene_core::deployment::Deployment;
use convene_core::model::Json;
use convene_core::routing::{Routing, Task, TaskPhase, presence as presence_of};
use convene_runtime::ports::store::StateRow;
use serde_json::json;

use crate::problem::Problem;

/// JSON of the store.
pub(crate) fn stored(text: &str) -> Result<Json, Problem> {
    serde_json::from_str(text).map_err(|problem| {
        tracing::error!(%problem, "a stored record cannot be read");
        Problem::new("internal", "a stored record cannot be read; the log of the engine says why")
    })
}

/// A room where another object names it.
pub(crate) fn room_info(id: &str) -> Json {
    json!({ "id": id, "mode": "CONTACT_CENTER" })
}

/// A conversation in a list: what is needed to pick one.
pub(crate) fn summary(row: &StateRow) -> Json {
    let c: Option<Conversation> = serde_json::from_str(&row.body).ok();
    let c = c.as_ref();
    let agents: Vec<&str> = c.into_iter().flat_map(Conversation::agents).map(|s| s.who.as_str()).collect();
    let mut channels: Vec<&str> =
        c.into_iter().flat_map(|c| &c.sessions).map(|s| s.channel.as_str()).collect();
    channels.sort_unstable();
    channels.dedup();
    json!({
        "id": row.key,
        "state": row.name,
        "isActive": row.open,
        "version": row.version,
        "customer": {
            "_id": row.customer,
            "firstName": c.map(|c| &c.customer.first_name),
            "isAnonymous": c.map(|c| &c.customer.is_anonymous),
        },
        "roomInfo": room_info(&row.room),
        "channels": channels,
        "agents": agents,
        "creationTime": c.map(|c| c.created_at),
        "endTime": c.and_then(|c| c.ended_at),
    })
}

/// A conversation in full (1.8), and where its flows stand.
pub(crate) fn conversation(row: &StateRow) -> Result<Json, Problem> {
    let body = stored(&row.body)?;
    let Ok(c) = serde_json::from_value::<Conversation>(body.clone()) else {
        // Of a newer engine: as it is stored is better than not at all.
        return Ok(body);
    };
    let sessions: Vec<Json> = c.sessions.iter().map(session).collect();
    let customers = c.sessions.iter().filter(|s| s.open()).map(customer);
    let participants: Vec<Json> = customers.chain(c.seats.iter().map(participant)).collect();
    let ended = c.ended_at.map(|end| (end - c.created_at).max(0) / 1000);
    let hold = c
        .hold
        .as_ref()
        .map(|h| json!({ "totalDuration": h.duration_ms / 1000, "startTime": h.since, "agentId": h.by }));
    let sla = c
        .agent_sla
        .as_ref()
        .map(|s| json!({ "totalDuration": s.total_ms / 1000, "startTime": s.started_at }));
    let timers: serde_json::Map<String, Json> =
        c.timers.iter().map(|(name, timer)| (name.clone(), json!(timer.due))).collect();
    Ok(json!({
        "id": c.id,
        "state": c.state.as_str(),
        "isActive": row.open,
        "version": row.version,
        "deployment": c.deployment,
        "customer": c.customer,
        "customerSuggestions": c.suggestions,
        "roomInfo": room_info(&c.room),
        "conversationDirection": direction(c.outbound),
        "channelSessions": sessions,
        "participants": participants,
        "conversationData": c.data,
        "handoff": handoff::packet(&c),
        "slots": c.slots,
        "metadata": { "botId": c.bot, "lastUsedChannelSession": c.last_session },
        "agentRequest": c.request,
        "agentSla": sla,
        "holdTimerDetails": hold,
        "waitingAt": c.runs.iter().map(|run| &run.at).collect::<Vec<_>>(),
        "timers": timers,
        "creationTime": c.created_at,
        "endTime": c.ended_at,
        "durationInSeconds": ended,
    }))
}

fn direction(outbound: bool) -> &'static str {
    if outbound { "OUTBOUND" } else { "INBOUND" }
}

fn session(s: &Session) -> Json {
    let mut data = s.channel_data.clone();
    data.insert("channelCustomerIdentifier".into(), json!(s.identifier));
    json!({
        "id": s.id,
        "participantType": "ChannelSession",
        "channel": s.channel,
        "channelData": data,
        "channelSessionDirection": direction(s.outbound),
        "isActive": s.open(),
        "active": s.open(),
        "state": { "name": s.state, "reasonCode": s.reason },
        "latestIntent": s.latest_intent,
        "startTime": s.started_at,
        "endTime": s.ended_at,
    })
}

/// The customer, once for each open session (1.2).
fn customer(s: &Session) -> Json {
    json!({
        "id": s.id,
        "type": "CUSTOMER",
        "role": "CUSTOMER",
        "participant": { "participantType": "ChannelSession", "id": s.id, "name": s.channel },
        "joiningTime": s.started_at,
        "taskId": null,
    })
}

fn participant(seat: &Seat) -> Json {
    let (kind, who) = match seat.kind {
        SeatKind::Bot => ("BOT", "Bot"),
        SeatKind::Agent => ("AGENT", "CCUser"),
        SeatKind::App => ("APP", "App"),
        SeatKind::Monitor => ("MONITOR", "ConversationMonitor"),
    };
    json!({
        "id": seat.id,
        "type": kind,
        "role": seat.role.as_str(),
        "participant": { "participantType": who, "id": seat.who, "name": seat.name },
        "joiningTime": seat.joined_at,
        "taskId": seat.task,
    })
}

/// An agent's presence (1.15); LOGOUT for one who never logged in.
pub(crate) fn presence(d: &Deployment, routing: &Routing, id: &str) -> Json {
    let Some(agent) = routing.agents.get(id) else {
        let name = d.centre.agents.get(id).map_or(id, |entry| entry.display_name.as_str());
        return json!({
            "agent": { "id": id, "name": name },
            "state": { "name": "LOGOUT", "reasonCode": null },
            "stateChangeTime": null,
            "agentMrdStates": [],
            "agentLoginTime": null,
        });
    };
    let mut view = presence_of(d, agent);
    for media in view["agentMrdStates"].as_array_mut().into_iter().flatten() {
        media["tasks"] = routing.load_of(id, media["mrd"]["id"].as_str().unwrap_or_default()).into();
    }
    view
}

/// A task of an agent: an offer shows what the desk showed, and how long it rings on.
pub(crate) fn task(task: &Task, now: i64) -> Json {
    let mut view = json!({
        "taskId": task.wire_id(),
        "mediaId": task.media,
        "conversationId": task.conversation,
        "channelSessionId": task.session,
        "mrd": task.mrd,
        "queue": task.queue,
        "direction": task.direction,
        "mode": task.mode,
        "priority": task.priority,
        "createdAt": task.created_at,
        "enqueuedAt": task.enqueued_at,
        "reservedAt": task.reserved_at,
        "answeredAt": task.answered_at,
    });
    let left = |due: i64| due.saturating_sub(now).max(0);
    match &task.phase {
        TaskPhase::Queued => view["state"] = "QUEUED".into(),
        TaskPhase::Reserved { ring, .. } => {
            view["state"] = "RESERVED".into();
            view["ringRemainingMs"] = left(ring.due).into();
            view["offer"] = offer(task);
        }
        TaskPhase::Active { .. } => view["state"] = "ACTIVE".into(),
        TaskPhase::WrapUp { until, .. } => {
            view["state"] = "WRAP_UP".into();
            view["wrapUpRemainingMs"] = left(until.due).into();
        }
    }
    view
}

/// What the desk showed of an offer, with the words of the agent who asked.
fn offer(task: &Task) -> Json {
    let mut offer = task.offer_view.clone();
    if let Json::Object(offer) = &mut offer {
        for (key, said) in [("requestedBy", &task.requested_by), ("note", &task.note)] {
            if let Some(said) = said {
                offer.insert(key.to_owned(), said.as_str().into());
            }
        }
    }
    offer
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn row(body: &Json) -> StateRow {
        StateRow {
            key: "c1".into(),
            version: 7,
            partition: 0,
            open: true,
            name: "ACTIVE".into(),
            customer: "p1".into(),
            room: "r1".into(),
            body: body.to_string(),
        }
    }

    fn active() -> Json {
        json!({
            "format": 1, "id": "c1", "home": 0, "deployment": "d1", "state": "ACTIVE", "room": "r1",
            "customer": { "_id": "p1", "firstName": "Ada", "isAnonymous": true },
            "sessions": [{
                "id": "s1", "channel": "web", "identifier": "ada", "channelData": { "requestPriority": 3 },
                "state": "STARTED", "reason": "CUSTOMER", "startedAt": 10, "counts": [0, 0, 1],
            }],
            "seats": [{
                "id": "x", "kind": "AGENT", "who": "amal", "name": "Amal", "role": "PRIMARY", "joinedAt": 20,
                "task": "t1",
            }],
            "createdAt": 10,
        })
    }

    #[test]
    fn a_conversation_shows_who_is_in_it() {
        let view = conversation(&row(&active())).unwrap();
        assert_eq!(
            (&view["id"], &view["state"], &view["version"]),
            (&json!("c1"), &json!("ACTIVE"), &json!(7))
        );
        assert_eq!(view["participants"][0]["participant"]["id"], "s1");
        assert_eq!(view["participants"][1]["participant"]["id"], "amal");
        let session = &view["channelSessions"][0];
        let data = json!({ "requestPriority": 3, "channelCustomerIdentifier": "ada" });
        assert_eq!((&session["active"], &session["channelData"]), (&json!(true), &data));
        let summary = summary(&row(&active()));
        assert_eq!((&summary["agents"], &summary["channels"]), (&json!(["amal"]), &json!(["web"])));
        assert_eq!(summary["customer"]["firstName"], "Ada");
    }

    #[test]
    fn a_state_of_another_format_is_shown_as_it_is() {
        let strange = json!({ "format": 99, "id": "c1", "who knows": true });
        assert_eq!(conversation(&row(&strange)).unwrap(), strange);
        assert_eq!(summary(&row(&strange))["state"], "ACTIVE");
    }

    #[test]
    fn an_offer_tells_how_long_it_rings_and_who_asks() {
        let offered: Task = serde_json::from_value(json!({
            "id": "t1", "media": "m1", "conversation": "c1", "home": 0, "session": "s1", "mrd": "CHAT",
            "phase": { "phase": "RESERVED", "agent": "amal", "ring": { "id": "r", "due": 5_000 } },
            "queue": "general", "direction": "INBOUND", "mode": "QUEUE", "priority": 5, "offer": true,
            "createdAt": 1, "enqueuedAt": 1, "stepsOpen": 1, "offerView": { "shown": true },
            "requestedBy": "bruno", "note": "asks for a loan",
        }))
        .unwrap();
        let view = task(&offered, 2_000);
        assert_eq!((&view["state"], &view["ringRemainingMs"]), (&json!("RESERVED"), &json!(3_000)));
        let shown = json!({ "shown": true, "requestedBy": "bruno", "note": "asks for a loan" });
        assert_eq!(view["offer"], shown);
        assert_eq!(task(&offered, 9_000)["ringRemainingMs"], 0);
    }
}
