//! Agents: login, states, logout (`domain.md` sections 1.15, 4.10).

use std::collections::BTreeMap;

use serde_json::json;

use super::state::{Agent, AgentMedia, Global, Task, TaskPhase};
use super::work::{Work, presence};
use super::{Tell, offers};
use crate::effect::Reply;
use crate::model::Json;

/// A text field of a command.
pub(super) fn field<'a>(data: &'a Json, key: &str) -> Result<&'a str, Reply> {
    data.get(key).and_then(Json::as_str).filter(|t| !t.is_empty()).ok_or_else(|| {
        Reply::refused("missing_field", format!("`{key}` is missing: a non-empty text is needed"), Json::Null)
    })
}

/// A text field that may be left out. Anything but a text is refused: a slip must not mean something larger.
pub(super) fn optional<'a>(data: &'a Json, key: &str) -> Result<Option<&'a str>, Reply> {
    match data.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => {
            let detail = format!("`{key}` must be a non-empty text, or left out");
            Err(Reply::refused("wrong_field", detail, Json::Null))
        }
    }
}

pub(super) fn logged_in(work: &Work<'_>, data: &Json) -> Result<Agent, Reply> {
    let id = field(data, "agentId")?;
    match work.r.agents.get(id) {
        Some(agent) if agent.state != Global::Logout => Ok(agent.clone()),
        _ if work.d.centre.agents.contains_key(id) => Err(Reply::refused(
            "agent_not_logged_in",
            format!("agent {id:?} is not logged in"),
            json!({ "state": "LOGOUT" }),
        )),
        _ => Err(unknown(work, id)),
    }
}

/// How an agent stands after a command.
fn now(work: &Work<'_>, id: &str) -> Json {
    work.r.agents.get(id).map(|a| presence(work.d, a)).unwrap_or_default()
}

/// What rings on an agent's desk.
fn ringing(work: &Work<'_>, id: &str) -> Vec<Task> {
    let rings = |t: &&Task| matches!(t.phase, TaskPhase::Reserved { .. });
    work.r.tasks_of_agent(id).filter(rings).cloned().collect()
}

fn unknown(work: &Work<'_>, id: &str) -> Reply {
    Reply::refused("unknown_agent", work.d.centre.no_agent(id), Json::Null)
}

/// AGENT_LOGIN `{agentId}`. Logging in twice changes nothing; within the grace after a logout the tasks are still there.
pub(super) fn login(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let id = field(data, "agentId")?.to_owned();
    let entry = work.d.centre.agents.get(&id).ok_or_else(|| unknown(work, &id))?;
    let before = work.r.agents.get(&id).cloned();
    if let Some(agent) = before.as_ref().filter(|a| a.state != Global::Logout) {
        if agent.lost {
            return connect(work, data);
        }
        return Ok(presence(work.d, agent));
    }
    let mut media: BTreeMap<String, AgentMedia> = BTreeMap::new();
    for medium in work.d.centre.media.values() {
        let max_tasks = entry.media.get(&medium.name).copied().unwrap_or(medium.max_tasks);
        let mut fresh = AgentMedia::fresh(Global::NotReady, max_tasks, work.at);
        // A call that goes on goes on interrupting.
        let kept = before.as_ref().and_then(|a| a.media.get(&medium.name));
        fresh.interrupted_by = kept.map(|m| m.interrupted_by.clone()).unwrap_or_default();
        media.insert(medium.name.clone(), fresh);
    }
    let mut agent = Agent {
        id: id.clone(),
        state: Global::NotReady,
        reason: None,
        since: work.at,
        login_at: work.at,
        media,
        grace: None,
        lost: false,
        desk: None,
        lists: before.map(|a| a.lists).unwrap_or_default(),
    };
    let states: Vec<_> = agent.media.iter().map(|(mrd, m)| work.state_of(&agent, mrd, m)).collect();
    for (media, state) in agent.media.values_mut().zip(states) {
        media.state = state;
    }
    work.clear_timer(format!("grace:{id}"));
    work.note("agent", format!("{id} logs in"), "NOT_READY until they say otherwise");
    work.change(agent);
    Ok(now(work, &id))
}

/// AGENT_CONNECT `{agentId, desk?}`: a desk is there, again or for the first time; the last one to connect is the desk. It
/// gets what rings.
pub(super) fn connect(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let mut agent = logged_in(work, data)?;
    let id = agent.id.clone();
    let desk = optional(data, "desk")?.map(str::to_owned);
    if agent.lost {
        agent.lost = false;
        agent.grace = None;
        work.clear_timer(format!("grace:{id}"));
        work.note("agent", format!("the desk of {id} is back"), "in time: everything is as it was (U30)");
    }
    agent.desk = desk;
    if work.r.agents.get(&id) != Some(&agent) {
        work.keep(agent);
        work.refresh(&id);
    }
    for task in ringing(work, &id) {
        offers::show(work, &task, &id);
    }
    Ok(now(work, &id))
}

/// AGENT_DISCONNECT `{agentId, desk?}`: the desk is lost. Nothing is offered until it is back; when it is not back in time, the
/// work goes to others (4.10, U30).
pub(super) fn disconnect(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let mut agent = logged_in(work, data)?;
    let id = agent.id.clone();
    let gone = optional(data, "desk")?;
    let another = gone.is_some() && agent.desk.as_deref() != gone;
    if agent.lost || another {
        // The desk moved on before this one was missed.
        return Ok(presence(work.d, &agent));
    }
    agent.lost = true;
    let grace = work.d.centre.agent_disconnect_ms;
    agent.grace = Some(work.set_timer(format!("grace:{id}"), grace));
    work.note("agent", format!("the desk of {id} is lost"), format!("{} s to come back", grace / 1000));
    work.keep(agent);
    work.refresh(&id);
    Ok(now(work, &id))
}

/// The agent who asks for a state. A lost desk that asks for one is back (1.15 UNKNOWN).
fn asks(work: &mut Work<'_>, data: &Json) -> Result<Agent, Reply> {
    let agent = logged_in(work, data)?;
    if !agent.lost {
        return Ok(agent);
    }
    connect(work, &json!({ "agentId": agent.id, "desk": agent.desk }))?;
    logged_in(work, data)
}

/// AGENT_STATE `{agentId, state, reason?}`.
pub(super) fn set_state(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let wanted = state_name(data)?;
    let to = match wanted.as_str() {
        "LOGOUT" => return logout(work, data),
        "READY" => Global::Ready,
        "NOT_READY" => Global::NotReady,
        other => {
            let state = logged_in(work, data)?.state.as_str();
            return Err(Reply::refused(
                "unknown_state",
                format!("{other:?} is no state; use READY, NOT_READY or LOGOUT"),
                json!({ "state": state }),
            ));
        }
    };
    let mut agent = asks(work, data)?;
    let id = agent.id.clone();
    let reason = reason(data);
    let moves = agent.state != to;
    // 6: another reason begins another row; a repeat without one says nothing new.
    let new = moves || (reason.is_some() && reason != agent.reason);
    if new {
        agent.since = work.at;
        agent.reason = reason;
    }
    agent.state = to;
    let on = to == Global::Ready;
    // 1.15: the arrow to READY switches media on, not the state: what was switched off by hand stays so.
    if moves && (!on || work.d.centre.auto_sync) {
        for media in agent.media.values_mut() {
            media.on = on && media.max_tasks > 0;
        }
    }
    let what = format!("{id} is {}{}", to.as_str(), if new { "" } else { " already" });
    work.note("agent", what, agent.reason.clone().unwrap_or_default());
    if !work.change(agent) {
        work.unchanged(&id);
    }
    Ok(now(work, &id))
}

/// The reason of a command: a name, or an object with one.
fn reason(data: &Json) -> Option<String> {
    data["reason"].as_str().or_else(|| data["reason"]["name"].as_str()).map(str::to_owned)
}

/// The state a command wants: a name, or `{name, reasonCode}` as desks send it.
fn state_name(data: &Json) -> Result<String, Reply> {
    match &data["state"] {
        Json::Object(state) => Ok(state.get("name").and_then(Json::as_str).unwrap_or_default().to_owned()),
        _ => field(data, "state").map(str::to_owned),
    }
}

/// AGENT_MRD_STATE `{agentId, mrd, state}`.
pub(super) fn set_media_state(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let agent = asks(work, data)?;
    let mrd = field(data, "mrd").or_else(|_| field(data, "mrdId"))?.to_owned();
    let current = json!({ "state": agent.state.as_str() });
    let Some(media) = agent.media.get(&mrd) else {
        let known: Vec<&str> = agent.media.keys().map(String::as_str).collect();
        return Err(Reply::refused(
            "unknown_mrd",
            format!("no medium is called {mrd:?}; there are {}", known.join(", ")),
            current,
        ));
    };
    let on = match state_name(data)?.as_str() {
        "READY" => true,
        "NOT_READY" => false,
        other => {
            return Err(Reply::refused(
                "unknown_state",
                format!("{other:?} is no state of a medium an agent can set; use READY or NOT_READY"),
                current,
            ));
        }
    };
    if on && agent.state != Global::Ready {
        return Err(Reply::refused(
            "agent_not_ready",
            "a medium becomes READY only while the agent is READY",
            current,
        ));
    }
    if on && media.max_tasks == 0 {
        return Err(Reply::refused("no_capacity", format!("the agent's limit on {mrd} is 0"), current));
    }
    let id = agent.id.clone();
    switch_media(work, &id, &mrd, on);
    Ok(now(work, &id))
}

/// An agent let an offer ring out: the medium is switched off. Only a switch by hand switches the agent off too (1.15).
pub(super) fn rang_out(work: &mut Work<'_>, id: &str, mrd: &str) {
    let Some(mut agent) = work.r.agents.get(id).cloned() else { return };
    if let Some(media) = agent.media.get_mut(mrd) {
        media.on = false;
    }
    work.note("agent", format!("{id} is switched off on {mrd}"), "the offer rang out");
    work.keep(agent);
    work.refresh(id);
}

/// Turns the switch of a medium. Reverse sync (1.15): when the last one goes off, so does the agent.
fn switch_media(work: &mut Work<'_>, id: &str, mrd: &str, on: bool) {
    let Some(mut agent) = work.r.agents.get(id).cloned() else { return };
    let Some(media) = agent.media.get_mut(mrd) else { return };
    let turned = media.on != on;
    media.on = on;
    if turned && agent.state == Global::Ready && agent.media.values().all(|m| !m.on) {
        agent.state = Global::NotReady;
        agent.since = work.at;
        work.note("agent", format!("{id} is NOT_READY"), "the last medium was switched off");
    }
    if !work.change(agent) {
        work.unchanged(id);
    }
}

/// AGENT_LOGOUT `{agentId, reason?, by?}`: offers go back at once, tasks after the agent-disconnect time (4.10, U30). With
/// `by`, a supervisor logs an agent of the own team out, and nothing waits.
pub(super) fn logout(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let agent = logged_in(work, data)?;
    let id = agent.id.clone();
    let by = optional(data, "by")?.filter(|by| *by != id);
    if let Some(by) = by {
        supervises(work, by, &id)?;
        work.note("agent", format!("{by} logs {id} out"), FORCED);
        leave(work, agent, Some(FORCED.into()), false);
        take_away(work, &id, "FORCE_LOGOUT");
        return Ok(now(work, &id));
    }
    let reason = reason(data);
    let busy = work.r.tasks_of_agent(&id).any(|t| !t.in_process());
    work.note("agent", format!("{id} logs out"), reason.clone().unwrap_or_default());
    leave(work, agent, reason, busy);
    Ok(now(work, &id))
}

/// Reason of a forced logout (1.15).
const FORCED: &str = "FORCED_LOGOUT_BY_SUPERVISOR";

/// Whether somebody is a supervisor of an agent's team (1.16).
fn supervises(work: &Work<'_>, by: &str, agent: &str) -> Result<(), Reply> {
    if work.d.centre.supervises(by, agent) {
        return Ok(());
    }
    let detail =
        format!("{by} supervises no team of {agent}; teams stand under `teams` in flows/centre.yaml");
    Err(Reply::refused("not_your_team", detail, Json::Null))
}

/// The agent is logged out; what rang is offered to others.
fn leave(work: &mut Work<'_>, mut agent: Agent, reason: Option<String>, busy: bool) {
    let id = agent.id.clone();
    agent.reason = reason;
    agent.state = Global::Logout;
    agent.since = work.at;
    agent.lost = false;
    work.clear_timer(format!("grace:{id}"));
    agent.grace = None;
    if busy {
        let grace = work.d.centre.agent_disconnect_ms;
        agent.grace = Some(work.set_timer(format!("grace:{id}"), grace));
    }
    for media in agent.media.values_mut() {
        media.on = false;
    }
    work.change(agent);
    for task in ringing(work, &id) {
        offers::unanswered(work, task, &id, "AGENT_LOGOUT");
    }
}

/// The agent did not come back: their conversations are told, and their flow decides.
pub(super) fn grace_over(work: &mut Work<'_>, id: &str, timer: &str) {
    let Some(mut agent) = work.r.agents.get(id).cloned() else { return };
    if agent.grace.as_ref().is_none_or(|g| g.id != timer) {
        work.note("timer", "grace is stale", "the agent came back");
        return;
    }
    let lost = agent.lost;
    agent.grace = None;
    work.clear_timer(format!("grace:{id}"));
    work.keep(agent.clone());
    work.note("agent", format!("{id} did not come back"), "their work goes to others");
    if lost {
        leave(work, agent, Some("SESSION_TIMEOUT_INACTIVITY".into()), false);
    }
    take_away(work, id, if lost { "DISCONNECT" } else { "AGENT_LOGOUT" });
}

/// The conversations of an agent are told that they are gone; wrap-ups are over.
fn take_away(work: &mut Work<'_>, id: &str, reason: &str) {
    let tasks: Vec<_> = work.r.tasks_of_agent(id).filter(|t| t.added_to.is_none()).cloned().collect();
    for task in tasks {
        let gone = Tell::Gone { agent: id.to_owned(), reason: reason.to_owned() };
        work.tell(&task, gone);
        if matches!(task.phase, TaskPhase::WrapUp { .. }) {
            let over = Tell::WrapUpOver { agent: id.to_owned(), how: "the agent logged out".into() };
            work.tell(&task, over);
        }
    }
}
