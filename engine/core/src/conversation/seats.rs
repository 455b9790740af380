//! Participants other than the customer: bots, agents, apps, monitors (`domain.md` sections 1.9, 4.10, 4.11).

use serde_json::json;

use super::state::{Seat, SeatKind};
use super::work::Work;
use super::{bots, hold, served, wire};
use crate::effect::Reply;
use crate::effect::{Publication, Wire};
use crate::model::{ConversationState, EventName, Json, ParticipantRole, emitter};
use crate::report::{ParticipantRow, ReportRow};
use crate::routing;

/// Reasons why an agent is taken out by others (4.11): they leave nothing to wrap up. Every other reason is the agent's
/// or the customer's own.
#[rustfmt::skip]
const FORCED: &[&str] = &[
    "AGENT_LOGOUT", "AGENT_SLA_EXPIRED", "CALLBACK", "CANCELLED", "CONVERSATION_ENDED", "DISCONNECT", "FORCE_CLOSED",
    "FORCE_LOGOUT", "MRD_INTERRUPTED", "REROUTE", "SESSION_TIMEOUT",
];

/// Seats a bot, or changes the role of the one that is there.
///
/// # Errors
/// The bot is not one of the deployment.
pub(super) fn assign_bot(work: &mut Work<'_>, name: &str, role: ParticipantRole) -> Result<(), String> {
    if !work.d.centre.bots.contains_key(name) {
        return Err(format!("no bot is called {name:?}"));
    }
    if let Some(seat) = work.c.bot_seat() {
        if seat.who == name {
            let id = seat.id.clone();
            return change_role(work, &id, role, Json::Null);
        }
        let other = seat.who.clone();
        revoke_bot(work, Some(&other));
    }
    let seat = Seat {
        id: work.ids.fresh(),
        kind: SeatKind::Bot,
        who: name.to_owned(),
        name: name.to_owned(),
        role,
        joined_at: work.at,
        task: None,
        unseen: false,
        leaving: None,
        said: Vec::new(),
    };
    if work.c.bot.is_empty() {
        name.clone_into(&mut work.c.bot);
    }
    joined(work, &seat, "EXTERNAL");
    let data = wire::participant(&work.c, &seat);
    work.c.seats.push(seat);
    work.note("participants", format!("bot {name} joins as {}", role.as_str()), "");
    let session = work.c.current_session().map(|s| s.id.clone());
    work.raise(EventName::BotSubscribed, emitter::controller(), session.as_deref(), data);
    Ok(())
}

fn joined(work: &mut Work<'_>, seat: &Seat, role: &str) {
    work.out.reports.push(ReportRow::ConversationParticipant(ParticipantRow {
        id: seat.id.clone(),
        participant_id: seat.who.clone(),
        conversation_id: work.c.id.clone(),
        participant_role: role.to_owned(),
        record_creation_time: work.at,
    }));
}

/// Removes a bot, or the conversation's bot when none is named. Not there: nothing happens.
pub(super) fn revoke_bot(work: &mut Work<'_>, name: Option<&str>) {
    let found = work.c.seats.iter().position(|s| s.kind == SeatKind::Bot && name.is_none_or(|n| n == s.who));
    let Some(index) = found else {
        work.note("participants", "no such bot is present", "nothing to revoke");
        return;
    };
    let seat = work.c.seats.remove(index);
    bots::silence(work, &seat.who);
    work.note("participants", format!("bot {} leaves", seat.who), "");
    let data = wire::participant(&work.c, &seat);
    let session = work.c.current_session().map(|s| s.id.clone());
    work.raise(EventName::BotUnsubscribed, emitter::controller(), session.as_deref(), data);
}

/// Changes the role of a participant: `bot`, a participant id, or an agent id. The same role: nothing happens.
///
/// # Errors
/// Nobody like that is present.
pub(super) fn change_role(
    work: &mut Work<'_>,
    who: &str,
    role: ParticipantRole,
    metadata: Json,
) -> Result<(), String> {
    let named = |s: &&mut Seat| s.id == who || s.who == who || (who == "bot" && s.kind == SeatKind::Bot);
    let Some(seat) = work.c.seats.iter_mut().find(named) else {
        if who == "bot" {
            work.note("participants", "no bot is present", "no role to change");
            return Ok(());
        }
        return Err(format!("no participant {who:?} is present"));
    };
    if seat.role == role {
        let name = seat.who.clone();
        work.note("participants", format!("{name} is {} already", role.as_str()), "nothing to change");
        return Ok(());
    }
    let from = seat.role;
    seat.role = role;
    seat.unseen &= role != ParticipantRole::Primary;
    let seat = seat.clone();
    work.note(
        "participants",
        format!("{} {}: {} → {}", kind_name(seat.kind), seat.who, from.as_str(), role.as_str()),
        "",
    );
    if seat.kind == SeatKind::Bot && role == ParticipantRole::Assistant {
        bots::silence(work, &seat.who);
    }
    if seat.kind == SeatKind::Bot && role == ParticipantRole::Primary {
        bots::handed_back(work, &seat.who);
    }
    role_changed(work, &seat, metadata);
    Ok(())
}

fn kind_name(kind: SeatKind) -> &'static str {
    match kind {
        SeatKind::Bot => "bot",
        SeatKind::Agent => "agent",
        SeatKind::App => "app",
        SeatKind::Monitor => "monitor",
    }
}

fn role_changed(work: &mut Work<'_>, seat: &Seat, metadata: Json) {
    let mut metadata = if metadata.is_null() { json!({}) } else { metadata };
    if seat.unseen {
        metadata["unseen"] = json!(true);
    }
    let data = json!({ "conversationParticipant": wire::participant(&work.c, seat), "metadata": metadata });
    let session = work.c.current_session().map(|s| s.id.clone());
    let who = emitter::conversation_manager();
    work.raise(EventName::ParticipantRoleChanged, who, session.as_deref(), data);
}

/// An agent joined: their task became active. Joining twice changes nothing.
pub(super) fn agent_joins(work: &mut Work<'_>, agent: &str, task: &str, role: ParticipantRole) {
    if work.c.state == ConversationState::Closing || work.c.ending {
        work.note("participants", format!("agent {agent} comes too late"), "the conversation is CLOSING");
        work.out.routing.push(left(work, agent, "CANCELLED", false, None));
        return;
    }
    if let Some(seat) = work.c.seats.iter_mut().find(|s| s.kind == SeatKind::Agent && s.who == agent) {
        seat.task = Some(task.to_owned());
        seat.leaving = None;
        let id = seat.id.clone();
        if let Err(problem) = change_role(work, &id, role, Json::Null) {
            work.note("participants", problem, "");
        }
        return;
    }
    let seat = seat_of(work, SeatKind::Agent, agent, task, role);
    joined(work, &seat, "AGENT");
    work.c.avoid.clear();
    work.c.agent_ever = true;
    work.c.last_agent = Some(agent.to_owned());
    work.note("participants", format!("agent {agent} joins as {}", role.as_str()), "");
    let data = json!({ "agentParticipant": wire::participant(&work.c, &seat), "reason": "" });
    work.c.seats.push(seat);
    let session = served::session_of(&work.c, agent);
    show_conversation(work, agent);
    work.raise(EventName::AgentSubscribed, emitter::agent_manager(), session.as_deref(), data);
}

/// The seat of somebody who comes by a task.
fn seat_of(work: &mut Work<'_>, kind: SeatKind, agent: &str, task: &str, role: ParticipantRole) -> Seat {
    let name = work.d.centre.agents.get(agent).map_or(agent, |a| a.display_name.as_str()).to_owned();
    Seat {
        id: work.ids.fresh(),
        kind,
        who: agent.to_owned(),
        name,
        role,
        joined_at: work.at,
        task: Some(task.to_owned()),
        unseen: role == ParticipantRole::Assistant,
        leaving: None,
        said: Vec::new(),
    }
}

/// The desk of an agent who joined gets the conversation as it stands (9.3 `onTopicData`).
fn show_conversation(work: &mut Work<'_>, agent: &str) {
    let id = work.ids.fresh();
    let body = Wire::of(&wire::topic_data(work, agent));
    work.out.publications.push(Publication::new(id, format!("agent.{agent}"), "onTopicData", body));
}

/// What routing is told: an agent is out, with the task they came by where that is known; or their work is wrap-up.
fn left(work: &Work<'_>, agent: &str, reason: &str, wrap_up: bool, task: Option<String>) -> routing::Input {
    routing::Input::Left {
        conversation: work.c.id.clone(),
        home: work.c.home,
        agent: agent.to_owned(),
        reason: reason.to_owned(),
        wrap_up,
        task,
        room: work.c.room.clone(),
    }
}

/// An agent leaves. With wrap-up on, and by choice, they stay as WRAP_UP until that is over (4.11).
///
/// Returns `false` when no such agent is present.
pub(super) fn agent_leaves(work: &mut Work<'_>, agent: &str, reason: &str) -> bool {
    let Some(mut seat) = work.c.agent(agent).cloned() else { return false };
    let own_choice = !FORCED.contains(&reason);
    if work.d.centre.wrap_up.enabled && seat.role != ParticipantRole::WrapUp && own_choice {
        if let Some(s) = work.c.seats.iter_mut().find(|s| s.id == seat.id) {
            s.leaving = Some(reason.to_owned());
        }
        work.out.routing.push(left(work, agent, reason, true, None));
        if let Err(problem) =
            change_role(work, &seat.id, ParticipantRole::WrapUp, json!({ "reason": reason }))
        {
            work.note("participants", problem, "");
        }
        nobody_there(work);
        return true;
    }
    if own_choice {
        seat.leaving.get_or_insert_with(|| reason.to_owned());
    }
    remove_agent(work, &seat, reason);
    true
}

/// Takes an agent's seat away and says so.
pub(super) fn remove_agent(work: &mut Work<'_>, seat: &Seat, reason: &str) {
    let said = seat.leaving.clone().unwrap_or_else(|| reason.to_owned());
    work.c.seats.retain(|s| s.id != seat.id);
    if seat.leaving.is_none() {
        work.c.avoid.insert(seat.who.clone());
    }
    nobody_there(work);
    if let Some(task) = work.c.last_task.as_mut().filter(|t| seat.task.as_ref() == Some(&t.id)) {
        task.left = Some(said.clone());
    }
    work.c.hands.remove(&seat.who);
    let gone = left(work, &seat.who, &said, false, seat.task.clone());
    work.out.routing.push(gone);
    work.note("participants", format!("agent {} leaves", seat.who), format!("reason {said}"));
    closed_on_desk(work, &seat.who, &said);
    let mut data = json!({ "agentParticipant": wire::participant(&work.c, seat), "reason": said });
    if seat.unseen {
        data["metadata"] = json!({ "unseen": true });
    }
    let session = served::session_of(&work.c, &seat.who);
    work.raise(EventName::AgentUnsubscribed, emitter::agent_manager(), session.as_deref(), data);
}

/// What ends when no agent is present any more: monitors leave (U08), and so does a hold.
fn nobody_there(work: &mut Work<'_>) {
    unsupervised(work);
    if work.c.agents_present() > 0 {
        return;
    }
    hold::over(work, "no agent is left who holds it");
    monitors_leave(work, None, "no agent is left (U08)");
    work.c.hands.clear();
}

/// A supervisor who listens leaves with the last PRIMARY agent of the own team (4.10).
fn unsupervised(work: &mut Work<'_>) {
    let talks = |s: &&Seat| s.role == ParticipantRole::Primary;
    let talking: Vec<&str> = work.c.agents().filter(talks).map(|s| s.who.as_str()).collect();
    let leads = |s: &&Seat| talking.iter().any(|agent| work.d.centre.supervises(&s.who, agent));
    let listeners = work.c.seats.iter().filter(|s| s.role == ParticipantRole::SilentMonitor);
    let gone: Vec<String> = listeners.filter(|s| !leads(s)).map(|s| s.who.clone()).collect();
    for who in gone {
        monitors_leave(work, Some(&who), "no agent of the own team talks any more");
    }
}

/// A supervisor who listens or whispers leaves, or all of them do. The customer hears nothing of it.
pub(super) fn monitors_leave(work: &mut Work<'_>, who: Option<&str>, why: &str) {
    let goes = |s: &Seat| s.kind == SeatKind::Monitor && who.is_none_or(|w| w == s.who);
    let gone: Vec<Seat> = work.c.seats.iter().filter(|s| goes(s)).cloned().collect();
    for seat in gone {
        work.c.seats.retain(|s| s.id != seat.id);
        work.note("participants", format!("supervisor {} leaves", seat.who), why);
        work.out.routing.push(left(work, &seat.who, "AGENT_LEFT", false, None));
        closed_on_desk(work, &seat.who, why);
    }
}

/// The desk of somebody who is out puts the conversation away (9.3 `topicUnsubscription`).
fn closed_on_desk(work: &mut Work<'_>, agent: &str, why: &str) {
    let id = work.ids.fresh();
    let body = json!({ "task": "topicUnsubscription", "conversationId": work.c.id, "statusCode": 200,
                       "roomInfo": wire::room_info(&work.c), "reason": why });
    let publication = Publication::new(id, format!("agent.{agent}"), "topicUnsubscription", Wire::of(&body));
    work.out.publications.push(publication);
}

/// A supervisor is in: they see everything, and nobody sees them.
pub(super) fn supervisor_joins(work: &mut Work<'_>, agent: &str, task: &str, role: ParticipantRole) {
    if work.c.agents_present() == 0 || work.c.ending {
        work.note("participants", format!("supervisor {agent} comes too late"), "no agent is left (U08)");
        work.out.routing.push(left(work, agent, "CANCELLED", false, None));
        return;
    }
    let listens = |s: &Seat| s.role == ParticipantRole::SilentMonitor;
    if role == ParticipantRole::SilentMonitor && work.c.seats.iter().any(listens) {
        work.note(
            "participants",
            format!("supervisor {agent} comes too late"),
            "another one listens already",
        );
        work.out.routing.push(left(work, agent, "CANCELLED", false, None));
        return;
    }
    if role == ParticipantRole::Whisper {
        super::team::hands_down(work, agent);
    }
    let seat = seat_of(work, SeatKind::Monitor, agent, task, role);
    joined(work, &seat, "AGENT");
    work.note("participants", format!("supervisor {agent} joins as {}", role.as_str()), "");
    work.c.seats.push(seat);
    show_conversation(work, agent);
}

/// The medium of a session.
pub(super) fn medium_of(work: &Work<'_>, session: &super::Session) -> String {
    let kind =
        work.d.centre.channels.get(&session.channel).and_then(|c| work.d.centre.channel_types.get(&c.kind));
    kind.map(|k| k.media.clone()).unwrap_or_default()
}

/// REMOVE_ALL_AGENTS: every agent is unsubscribed with that reason, also those who wrap up when it is the end.
pub(super) fn remove_all_agents(work: &mut Work<'_>, reason: &str) {
    let seats: Vec<Seat> =
        work.c.agents().filter(|s| s.role != ParticipantRole::WrapUp || work.c.ending).cloned().collect();
    if seats.is_empty() {
        work.note("participants", "no agent is present", "nobody to remove");
    }
    for seat in seats {
        remove_agent(work, &seat, reason);
    }
}

/// The last session ended. With wrap-up on, the agents' work becomes wrap-up (4.11).
pub(super) fn customer_left(work: &mut Work<'_>, session: &str) {
    work.raise(EventName::CustomerLeft, emitter::conversation_manager(), Some(session), Json::Null);
    hold::over(work, "the customer has left");
    if !work.d.centre.wrap_up.enabled || work.c.ending {
        return;
    }
    let there = work.c.agents().filter(|s| s.role != ParticipantRole::WrapUp);
    let agents: Vec<String> = there.map(|s| s.who.clone()).collect();
    for agent in agents {
        agent_leaves(work, &agent, "CUSTOMER_LEFT");
    }
}

/// AGENT_SUBSCRIBED and AGENT_UNSUBSCRIBED published by a desk of another make.
pub(super) fn from_outside(work: &mut Work<'_>, name: &EventName, data: &Json) {
    let participant = &data["agentParticipant"];
    let agent =
        participant["participant"]["id"].as_str().or_else(|| participant["id"].as_str()).unwrap_or("");
    if *name == EventName::AgentUnsubscribed && !agent.is_empty() {
        let reason = data["reason"].as_str().filter(|r| !r.is_empty()).unwrap_or("AGENT_LEFT");
        if agent_leaves(work, agent, reason) {
            return;
        }
    }
    work.reply = Reply::refused(
        "event_not_accepted",
        "agents join by TASK_ACCEPT and leave by AGENT_LEAVE; this agent is not in the conversation",
        json!({ "state": work.c.state.as_str() }),
    );
}
