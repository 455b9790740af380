//! Agents among themselves (`domain.md` section 4.10): transfer, consult, conference, and supervisors who listen, whisper
//! and step in.

use serde_json::json;

use super::commands::{field, named_session, optional, refusal};
use super::seats;
use super::state::{Seat, SeatKind, Session};
use super::work::Work;
use crate::centre;
use crate::effect::{Publication, Reply, Wire};
use crate::model::{ConversationState, EventName, Json, ParticipantRole, emitter};
use crate::routing;

/// Most people in a conference or a barge-in, the customer included (8.4).
const PEOPLE_MAX: usize = 4;
/// Longest note of an agent who asks another one, in characters.
const NOTE_MAX: usize = 350;

/// TRANSFER `{agentId, queue | toAgent, note?, channelSessionId?}`: the agent leaves at once, another one takes over.
pub(super) fn transfer(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    ask(work, data, "DIRECT_TRANSFER")
}

/// CONSULT `{agentId, queue | toAgent, note?, channelSessionId?}`: another agent comes to help the agent, unseen by the customer.
pub(super) fn consult(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    ask(work, data, "CONSULT")
}

/// CONFERENCE `{agentId, queue | toAgent, note?, channelSessionId?}`: another agent comes and talks to the customer too.
pub(super) fn conference(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    if talking(work) + 1 > PEOPLE_MAX {
        return Err(full(work));
    }
    ask(work, data, "DIRECT_CONFERENCE")
}

/// Who talks, or is asked to: the customer, PRIMARY agents, and the one whom a conference looks for.
fn talking(work: &Work<'_>) -> usize {
    let asked = work.c.request.as_ref().is_some_and(|r| r.direction == "DIRECT_CONFERENCE");
    1 + work.c.primaries() + usize::from(asked)
}

fn full(work: &Work<'_>) -> Reply {
    refusal(work, "conference_full", &format!("at most {PEOPLE_MAX} participants talk with each other"))
}

/// The agent who commands, who must talk to the customer.
fn primary(work: &Work<'_>, data: &Json) -> Result<Seat, Reply> {
    let agent = field(work, data, "agentId")?;
    let Some(seat) = work.c.agent(agent) else {
        let detail = format!("agent {agent:?} is not in this conversation");
        return Err(refusal(work, "agent_not_in_conversation", &detail));
    };
    if seat.role != ParticipantRole::Primary {
        let detail = format!("only a PRIMARY agent may do this; {agent} is {}", seat.role.as_str());
        return Err(refusal(work, "role_forbids", &detail));
    }
    Ok(seat.clone())
}

/// Whom a request is for.
enum Target {
    Queue(String),
    Agent(String),
}

/// `queue` or `toAgent`; also as desks say it: `mode`, `queueName`, `requestedAgentId` (9.3).
fn target(work: &Work<'_>, data: &Json, by: &str, session: Option<&Session>) -> Result<Target, Reply> {
    let text = |keys: &[&str]| {
        let found = keys.iter().find_map(|key| data.get(*key).and_then(Json::as_str));
        found.filter(|t| !t.is_empty()).map(str::to_owned)
    };
    match (text(&["queue", "queueName"]), text(&["toAgent", "requestedAgentId"])) {
        (Some(queue), None) => queue_target(work, queue, session),
        (None, Some(agent)) if agent == by => {
            Err(refusal(work, "transfer_to_oneself", "another agent is needed; this is the one who asks"))
        }
        (None, Some(agent)) if !work.d.centre.agents.contains_key(&agent) => {
            Err(refusal(work, "unknown_agent", &work.d.centre.no_agent(&agent)))
        }
        (None, Some(agent)) if work.c.agent(&agent).is_some() => {
            let detail = format!("{agent} is in this conversation already");
            Err(refusal(work, "already_in_conversation", &detail))
        }
        (None, Some(agent)) => Ok(Target::Agent(agent)),
        _ => Err(refusal(work, "missing_field", "say for whom: either `queue` or `toAgent`")),
    }
}

fn queue_target(work: &Work<'_>, queue: String, session: Option<&Session>) -> Result<Target, Reply> {
    let Some(known) = work.d.centre.queues.get(&queue) else {
        return Err(refusal(work, "unknown_queue", &work.d.centre.no_queue(&queue)));
    };
    let medium = session.map(|s| seats::medium_of(work, s)).unwrap_or_default();
    if known.media != medium {
        let detail = format!("queue {queue} is for {}, the customer is on {medium}", known.media);
        return Err(refusal(work, "queue_of_another_medium", &detail));
    }
    Ok(Target::Queue(queue))
}

/// Raises the wish as FIND_AGENT, so that the flow decides about queue and priority.
fn ask(work: &mut Work<'_>, data: &Json, direction: &str) -> Result<Json, Reply> {
    let seat = primary(work, data)?;
    if let Some(open) = &work.c.request {
        let detail = format!("a request is in process already ({})", open.direction);
        return Err(refusal(work, "request_in_process", &detail));
    }
    if work.c.open_sessions() == 0 {
        return Err(refusal(work, "customer_left", "the customer has left; nobody is there to be helped"));
    }
    let note: String = optional(work, data, "note")?.unwrap_or_default().chars().take(NOTE_MAX).collect();
    let mut metadata = json!({ "requestedBy": seat.who, "offerToAgent": true });
    if !note.is_empty() {
        metadata["note"] = json!(note);
    }
    let mut wish = json!({});
    let session = named_session(work, data)?.or_else(|| work.c.current_session().cloned());
    let mode = match target(work, data, &seat.who, session.as_ref())? {
        Target::Queue(queue) => {
            wish["queue"] = json!({ "type": "NAME", "value": queue });
            "QUEUE"
        }
        Target::Agent(agent) => {
            metadata["agentId"] = json!(agent);
            "AGENT"
        }
    };
    wish["requestType"] = json!({ "direction": direction, "mode": mode, "metadata": metadata });
    let who = emitter::agent(&*seat.who, &*seat.name);
    work.raise(EventName::FindAgent, who, session.as_ref().map(|s| s.id.as_str()), wish);
    Ok(json!({ "requested": direction, "mode": mode }))
}

/// CONSULT_TRANSFER `{agentId, toAgent?}`: the consulted agent takes over, the one who asked leaves.
pub(super) fn consult_transfer(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let (seat, assistant) = consulted(work, data)?;
    super::hold::resume(work, Some(&seat.who), "a transfer is requested");
    promote(work, &assistant, "CONSULT_TRANSFER");
    seats::agent_leaves(work, &seat.who, "CONSULT_TRANSFER");
    Ok(json!({ "agentId": assistant.who }))
}

/// CONSULT_CONFERENCE `{agentId, toAgent?}`: the consulted agent talks to the customer too.
pub(super) fn consult_conference(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let (_, assistant) = consulted(work, data)?;
    if talking(work) + 1 > PEOPLE_MAX {
        return Err(full(work));
    }
    promote(work, &assistant, "CONSULT_CONFERENCE");
    Ok(json!({ "agentId": assistant.who }))
}

/// The agent who commands, and the assistant who is meant: the named one, or the only one.
fn consulted(work: &Work<'_>, data: &Json) -> Result<(Seat, Seat), Reply> {
    let seat = primary(work, data)?;
    let wanted = optional(work, data, "toAgent")?;
    let assistants = work.c.agents().filter(|s| s.role == ParticipantRole::Assistant);
    match assistants.into_iter().find(|s| wanted.is_none_or(|w| w == s.who)) {
        Some(assistant) => Ok((seat, assistant.clone())),
        None => Err(refusal(work, "nobody_consulted", "no consulted agent is in this conversation")),
    }
}

/// An agent in the conversation becomes PRIMARY, and their task another one. Nothing is offered a second time.
fn promote(work: &mut Work<'_>, seat: &Seat, direction: &str) {
    work.out.routing.push(routing::Input::Redirect {
        conversation: work.c.id.clone(),
        home: work.c.home,
        agent: seat.who.clone(),
        direction: direction.to_owned(),
    });
    let reason = json!({ "reason": direction });
    if let Err(problem) = seats::change_role(work, &seat.id, ParticipantRole::Primary, reason) {
        work.note("participants", problem, "");
    }
}

/// Asks routing for the seat of a supervisor; it is told when they are in.
fn watch(work: &mut Work<'_>, agent: &str, direction: &str) -> Result<Json, Reply> {
    let Some(session) = work.c.current_session() else {
        return Err(refusal(work, "no_session", "the conversation has no session"));
    };
    let (session, mrd) = (session.id.clone(), seats::medium_of(work, session));
    work.c.routed = true;
    work.out.routing.push(routing::Input::Join {
        conversation: work.c.id.clone(),
        home: work.c.home,
        agent: agent.to_owned(),
        direction: direction.to_owned(),
        session,
        mrd,
    });
    Ok(json!({ "requested": direction }))
}

/// A supervisor who is not in the conversation, and leads one of these agents.
fn supervisor(work: &Work<'_>, data: &Json, of: &[String]) -> Result<String, Reply> {
    let agent = field(work, data, "agentId")?;
    if !work.d.centre.agents.contains_key(agent) {
        return Err(refusal(work, "unknown_agent", &work.d.centre.no_agent(agent)));
    }
    if work.c.seats.iter().any(|s| s.who == agent) {
        return Err(refusal(
            work,
            "already_in_conversation",
            &format!("{agent} is in this conversation already"),
        ));
    }
    if !of.iter().any(|member| work.d.centre.supervises(agent, member)) {
        return Err(refusal(
            work,
            "not_your_team",
            &format!("{agent} supervises no team of an agent who is in this conversation"),
        ));
    }
    Ok(agent.to_owned())
}

/// MONITOR `{agentId}`: a supervisor listens. Own team, pushed and active conversations, one at a time.
pub(super) fn monitor(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let talking = work.c.agents().filter(|s| s.role == ParticipantRole::Primary);
    let talking: Vec<String> = talking.map(|s| s.who.clone()).collect();
    if work.c.state != ConversationState::Active || talking.is_empty() {
        return Err(refusal(work, "not_active", "only an ACTIVE conversation can be monitored"));
    }
    let channel = work.c.current_session().and_then(|s| work.d.centre.channels.get(&s.channel));
    if channel.is_none_or(|c| c.routing != centre::Routing::Push) {
        return Err(refusal(
            work,
            "not_pushed",
            "only conversations that are routed by queues can be monitored",
        ));
    }
    if let Some(other) = work.c.seats.iter().find(|s| s.role == ParticipantRole::SilentMonitor) {
        let detail = format!("{} listens already; one supervisor at a time", other.who);
        return Err(refusal(work, "monitored_already", &detail));
    }
    let agent = supervisor(work, data, &talking)?;
    watch(work, &agent, "SILENT_MONITOR")
}

/// BARGE_IN `{agentId}`: the supervisor who listens talks from now on.
pub(super) fn barge_in(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let agent = field(work, data, "agentId")?.to_owned();
    let listens = |s: &&Seat| s.who == agent && s.role == ParticipantRole::SilentMonitor;
    let Some(seat) = work.c.seats.iter().find(listens).cloned() else {
        return Err(refusal(
            work,
            "not_monitoring",
            "only a supervisor who listens can step in; send MONITOR first",
        ));
    };
    if talking(work) + 1 > PEOPLE_MAX {
        return Err(full(work));
    }
    if let Some(s) = work.c.seats.iter_mut().find(|s| s.id == seat.id) {
        s.kind = SeatKind::Agent;
    }
    promote(work, &seat, "BARGE_IN");
    Ok(json!({ "agentId": agent }))
}

/// HAND_RAISE `{agentId}`: the supervisors of the agent are called. Not while a voice session is open.
pub(super) fn hand_raise(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let agent = field(work, data, "agentId")?;
    let Some(seat) = work.c.agent(agent).cloned() else {
        let detail = format!("agent {agent:?} is not in this conversation");
        return Err(refusal(work, "agent_not_in_conversation", &detail));
    };
    if seat.role == ParticipantRole::WrapUp {
        return Err(refusal(work, "role_forbids", "an agent who wraps up needs no supervisor"));
    }
    if super::sla::voice_open(work) {
        return Err(refusal(work, "voice_open", "a hand cannot be raised while a call is open"));
    }
    work.c.hands.insert(seat.who.clone());
    hand_event(work, EventName::HandRaised, &seat);
    Ok(json!({ "handRaised": true }))
}

/// HAND_DOWN `{agentId}`.
pub(super) fn hand_down(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let agent = field(work, data, "agentId")?.to_owned();
    match work.c.agent(&agent).cloned().filter(|_| work.c.hands.remove(&agent)) {
        Some(seat) => hand_event(work, EventName::HandDown, &seat),
        None => work.note("participants", format!("{agent} has not raised a hand"), "nothing to lower"),
    }
    Ok(json!({ "handRaised": false }))
}

/// Raises the event, and shows it on the desks of the agent's supervisors, who are not in the conversation.
fn hand_event(work: &mut Work<'_>, name: EventName, seat: &Seat) {
    let data = json!({ "agentId": seat.who, "userName": seat.name });
    let leads = |t: &&centre::Team| t.agents.contains(&seat.who);
    let teams = work.d.centre.teams.values().filter(leads);
    let leaders = teams.flat_map(|t| t.supervisor.iter().chain(&t.secondary)).cloned();
    let mut leaders: Vec<String> = leaders.collect();
    leaders.sort();
    leaders.dedup();
    for leader in leaders.into_iter().filter(|l| work.c.agent(l).is_none()) {
        let id = work.ids.fresh();
        let shown = json!({ "cimEvent": { "id": id, "name": name.as_str(), "type": "NOTIFICATION",
                            "timestamp": work.at, "data": data }, "conversationId": work.c.id });
        let publication = Publication::new(id, format!("agent.{leader}"), "onCimEvent", Wire::of(&shown));
        work.out.publications.push(publication);
    }
    let session = work.c.current_session().map(|s| s.id.clone());
    work.raise(name, emitter::agent(&*seat.who, &*seat.name), session.as_deref(), data);
}

/// WHISPER_JOIN `{agentId}`: a supervisor comes to an agent whose hand is raised, and lowers it.
pub(super) fn whisper_join(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let raised: Vec<String> = work.c.hands.iter().cloned().collect();
    if raised.is_empty() {
        return Err(refusal(work, "no_hand_raised", "nobody in this conversation has raised a hand"));
    }
    let agent = supervisor(work, data, &raised)?;
    watch(work, &agent, "WHISPER")
}

/// A supervisor has come to the agents who raised a hand: their hands go down.
pub(super) fn hands_down(work: &mut Work<'_>, supervisor: &str) {
    let raised: Vec<String> = work.c.hands.iter().cloned().collect();
    for who in raised.into_iter().filter(|member| work.d.centre.supervises(supervisor, member)) {
        work.c.hands.remove(&who);
        if let Some(seat) = work.c.agent(&who).cloned() {
            hand_event(work, EventName::HandDown, &seat);
        }
    }
}
