//! Requests for an agent: asked, cancelled, withdrawn, posted on a list (`domain.md` sections 1.12, 2.3, 4.9).

use serde_json::json;

use super::actions::{Order, required, role, text};
use super::state::{Request, Seat, Session};
use super::work::Work;
use super::{handoff, hold, seats, wire};
use crate::model::{EventName, Json, ParticipantRole, emitter};
use crate::routing::{self, AssignRequest, Moved, PRIORITY_REROUTE};

/// FIND_AGENT of the Controller: builds the AssignResourceRequest (1.12).
pub(super) fn find_agent(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    handoff::learn(work, order.data);
    if let Some(agent) = text(order, "agentId") {
        return request(work, order, None, Some(agent.to_owned()));
    }
    let session = asking(work, order)?;
    let channel =
        work.d.centre.channels.get(&session.channel).ok_or("the channel is not of this deployment")?;
    let wanted = match order.data.get("queue") {
        Some(Json::String(name)) if !name.is_empty() => Some(name.clone()),
        Some(Json::Object(q)) => q.get("value").and_then(Json::as_str).map(str::to_owned),
        _ => channel.queue.clone(),
    };
    let queue = wanted.ok_or_else(|| format!("channel {} has no queue and none is named", channel.name))?;
    let media = work.d.centre.channel_types.get(&channel.kind).map(|k| k.media.clone()).unwrap_or_default();
    let known = work.d.centre.queues.get(&queue).ok_or_else(|| format!("no queue is called {queue:?}"))?;
    if known.media != media {
        return Err(format!("queue {queue} is for {}, the session's medium is {media}", known.media));
    }
    request(work, order, Some(queue), None)
}

pub(super) fn assign_agent(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    let agent = required(order, "agentId")?;
    if !work.d.centre.agents.contains_key(agent) {
        return Err(format!("no agent is called {agent:?}"));
    }
    match role(order, Some(ParticipantRole::Primary))? {
        ParticipantRole::Primary => request(work, order, None, Some(agent.to_owned())),
        // An agent who comes as an assistant is one who is consulted (4.10).
        ParticipantRole::Assistant => {
            let mut data = order.data.clone();
            data["direction"] = json!("CONSULT");
            request(work, &Order { data: &data, event: order.event }, None, Some(agent.to_owned()))
        }
        other => Err(format!("an agent cannot be assigned as {}", other.as_str())),
    }
}

/// The session an agent is wanted for: the one that is named, the one of the event, or the one used last.
fn asking<'w>(work: &'w Work<'_>, order: &Order<'_>) -> Result<&'w Session, String> {
    if let Some(named) = text(order, "channelSessionId") {
        let open = work.c.session(named).filter(|s| s.open());
        return open.ok_or_else(|| format!("no open session has the id {named:?}"));
    }
    work.open_or_current(order.session()).ok_or_else(|| "no session wants an agent".to_owned())
}

fn request(
    work: &mut Work<'_>,
    order: &Order<'_>,
    queue: Option<String>,
    agent: Option<String>,
) -> Result<(), String> {
    if work.c.ending {
        return Err("the conversation is ending".to_owned());
    }
    if let Some(open) = &work.c.request {
        return Err(format!("a request is in process already ({})", open.direction));
    }
    let session = asking(work, order)?.clone();
    let channel =
        work.d.centre.channels.get(&session.channel).ok_or("the channel is not of this deployment")?;
    let media = work.d.centre.channel_types.get(&channel.kind).map(|k| k.media.clone()).unwrap_or_default();
    let direction = text(order, "direction").unwrap_or("INBOUND").to_owned();
    let priority = order.data.get("priority").and_then(Json::as_i64).unwrap_or(1);
    let id = work.ids.fresh();
    let metadata = order.event.data.pointer("/requestType/metadata");
    let note = metadata.and_then(|m| m.get("note")).and_then(Json::as_str);
    let requested_by = text(order, "requestedBy").map(str::to_owned).or_else(|| order.asked_by());
    if let Some(by) = &requested_by {
        handoff::asked_by_agent(work, by, &direction, note);
    }
    let ask = AssignRequest {
        request: id.clone(),
        conversation: work.c.id.clone(),
        home: work.c.home,
        session: session.id.clone(),
        channel: channel.name.clone(),
        customer: work.c.customer.first_name.clone().unwrap_or_default(),
        media,
        queue: queue.clone(),
        agent,
        direction: direction.clone(),
        priority: u8::try_from(priority.clamp(1, 11)).unwrap_or(1),
        offer: order.data.get("offerToAgent").and_then(Json::as_bool).unwrap_or(true),
        last_agent: text(order, "lastAgentId").map(str::to_owned),
        ttl_ms: channel.request_ttl_ms,
        requested_by,
        avoid: work.c.avoid.clone(),
        note: note.map(str::to_owned),
        offer_view: wire::offer(work, &session.id),
    };
    let again = direction == "INBOUND" && ask.priority == PRIORITY_REROUTE;
    if direction == "DIRECT_TRANSFER" {
        hold::resume(work, ask.requested_by.as_deref(), "a transfer is requested");
    }
    let target = queue.clone().unwrap_or_else(|| ask.agent.clone().unwrap_or_default());
    work.note(
        "routing",
        format!("asks for {target}, priority {}", ask.priority),
        format!("direction {direction}"),
    );
    work.c.request = Some(Request {
        id,
        direction,
        session: session.id,
        queue: queue.unwrap_or_default(),
        task: String::new(),
        again,
        rings: String::new(),
    });
    work.c.routed = true;
    let leaves = ask.requested_by.clone().filter(|_| ask.direction == "DIRECT_TRANSFER");
    work.out.routing.push(routing::Input::Assign { request: Box::new(ask) });
    // 4.10: who hands over leaves at once.
    if let Some(agent) =
        leaves.filter(|a| work.c.agent(a).is_some_and(|s| s.role == ParticipantRole::Primary))
    {
        seats::agent_leaves(work, &agent, "DIRECT_TRANSFER");
    }
    Ok(())
}

/// A session ended, others go on: routing closes what belonged to it (1.12). The request for another agent in the place of
/// one who was lost goes on where the customer still is on the same medium.
pub(super) fn session_over(work: &mut Work<'_>, over: &Session) {
    let mrd = seats::medium_of(work, over);
    let there = |s: &&Session| s.open() && seats::medium_of(work, s) == mrd;
    let next = work.c.current_session().filter(there).or_else(|| work.c.sessions.iter().rev().find(there));
    let next = next.map(|s| s.id.clone());
    let stays = next.is_some();
    let moving = work.c.request.as_ref().is_some_and(|r| r.again && r.session == over.id);
    let moves = next.filter(|_| moving).map(|session| {
        let offer_view = wire::offer(work, &session);
        Box::new(Moved { session, offer_view })
    });
    if let (Some(request), Some(moved)) = (work.c.request.as_mut(), &moves) {
        request.session.clone_from(&moved.session);
    }
    let (conversation, home, session) = (work.c.id.clone(), work.c.home, over.id.clone());
    work.out.routing.push(routing::Input::SessionOver { conversation, home, session, mrd, stays, moves });
}

pub(super) fn cancel_resource(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    let reason = text(order, "reasonCode").unwrap_or("CANCELLED").to_owned();
    if work.c.request.take().is_none() {
        work.note("routing", "no request is in process", "nothing to cancel");
        return Ok(());
    }
    work.note("routing", "the request is cancelled", format!("reason {reason}"));
    let (conversation, home) = (work.c.id.clone(), work.c.home);
    work.out.routing.push(routing::Input::Cancel { conversation, home, reason });
    Ok(())
}

/// REVOKE_RESOURCE `{reasonCode, agent_id?}` (2.3): the agent who is named is taken out, or what rings there is withdrawn
/// when they are not present. With nobody named: what rings is withdrawn; otherwise every agent is taken out.
pub(super) fn revoke_request(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    let reason = text(order, "reasonCode").unwrap_or("CANCELLED").to_owned();
    let agent = text(order, "agentId").or_else(|| text(order, "agent_id")).map(str::to_owned);
    let rings = work.c.request.as_ref().is_some_and(|r| agent.as_ref().is_none_or(|a| *a == r.rings));
    let named = |s: &&Seat| agent.as_ref().is_none_or(|a| *a == s.who);
    let seats: Vec<Seat> = work.c.agents().filter(named).cloned().collect();
    if !rings && seats.is_empty() {
        let who = agent.unwrap_or_else(|| "an agent".to_owned());
        work.note("participants", format!("{who} is not present, nor asked"), "nothing to revoke");
        return Ok(());
    }
    revoked(work, order, &reason, agent.as_deref());
    // What rings at an agent who is present is part of their work, and goes where that goes (4.2).
    if rings && (agent.is_none() || seats.is_empty()) {
        return cancel_resource(work, order);
    }
    for seat in &seats {
        seats::remove_agent(work, seat, &reason);
    }
    Ok(())
}

/// Says that an offer or an assignment is withdrawn (2.1).
fn revoked(work: &mut Work<'_>, order: &Order<'_>, reason: &str, agent: Option<&str>) {
    let mut data = json!({ "reasonCode": reason, "conversationId": work.c.id });
    if let Some(agent) = agent {
        data["agentId"] = json!(agent);
    }
    work.raise(EventName::RevokeResource, emitter::controller(), order.session(), data);
}

/// Posts or refreshes a request on the channel's pull list (4.9).
pub(super) fn post_request(work: &mut Work<'_>, order: &Order<'_>) -> Result<(), String> {
    if work.c.ending {
        return Err("the conversation is ending".to_owned());
    }
    let session = work.session_or_current(order.session()).ok_or("no session wants an agent")?.clone();
    let of_channel = work.d.centre.channels.get(&session.channel).and_then(|c| c.list.clone());
    let list = text(order, "list")
        .map(str::to_owned)
        .or(of_channel)
        .ok_or("the channel has no list and none is named")?;
    if !work.d.centre.lists.contains_key(&list) {
        return Err(format!("no list is called {list:?}"));
    }
    let mrd = seats::medium_of(work, &session);
    work.c.routed = true;
    work.note("routing", format!("posted on list {list}"), "");
    work.out.routing.push(routing::Input::Post {
        conversation: work.c.id.clone(),
        home: work.c.home,
        list,
        session: session.id.clone(),
        mrd,
    });
    Ok(())
}
