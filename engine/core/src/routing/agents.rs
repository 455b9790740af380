//! Agents: login, states, logout (`domain.md` sections 1.15, 4.10).

use std::collections::BTreeMap;

use serde_json::json;

use super::state::{Agent, AgentMedia, Global, MediaStatus, TaskPhase};
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

fn logged_in(work: &Work<'_>, data: &Json) -> Result<Agent, Reply> {
    let id = field(data, "agentId")?;
    match work.r.agents.get(id) {
        Some(agent) if agent.state != Global::Logout => Ok(agent.clone()),
        _ if work.d.centre.agents.contains_key(id) => Err(Reply::refused(
            "agent_not_logged_in",
            format!("agent {id:?} is not logged in"),
            json!({ "state": "LOGOUT" }),
        )),
        _ => Err(unknown(id)),
    }
}

fn unknown(id: &str) -> Reply {
    Reply::refused(
        "unknown_agent",
        format!("no agent is called {id:?}; agents stand under `agents` in flows/centre.yaml"),
        Json::Null,
    )
}

/// AGENT_LOGIN `{agentId}`. Logging in twice changes nothing; within the grace after a logout it restores everything.
pub(super) fn login(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let id = field(data, "agentId")?.to_owned();
    let entry = work.d.centre.agents.get(&id).ok_or_else(|| unknown(&id))?;
    if let Some(agent) = work.r.agents.get(&id).filter(|a| a.state != Global::Logout) {
        return Ok(presence(work.d, agent));
    }
    let media: BTreeMap<String, AgentMedia> = work
        .d
        .centre
        .media
        .values()
        .map(|m| {
            let max_tasks = entry.media.get(&m.name).copied().unwrap_or(m.max_tasks);
            let state = MediaStatus::NotReady;
            (m.name.clone(), AgentMedia { state, on: false, since: work.at, ready_since: work.at, max_tasks })
        })
        .collect();
    let agent = Agent {
        id: id.clone(),
        state: Global::NotReady,
        reason: None,
        since: work.at,
        login_at: work.at,
        media,
        grace: None,
    };
    work.clear_timer(format!("grace:{id}"));
    work.note("agent", format!("{id} logs in"), "NOT_READY until they say otherwise");
    let changed: Vec<String> = agent.media.keys().cloned().collect();
    work.store(agent, &changed, true);
    work.refresh(&id);
    Ok(work.r.agents.get(&id).map(|a| presence(work.d, a)).unwrap_or_default())
}

/// AGENT_STATE `{agentId, state, reason?}`.
pub(super) fn set_state(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let wanted = state_name(data)?;
    if wanted == "LOGOUT" {
        return logout(work, data);
    }
    let mut agent = logged_in(work, data)?;
    let id = agent.id.clone();
    let to = match wanted.as_str() {
        "READY" => Global::Ready,
        "NOT_READY" => Global::NotReady,
        other => {
            return Err(Reply::refused(
                "unknown_state",
                format!("{other:?} is no state; use READY, NOT_READY or LOGOUT"),
                json!({ "state": agent.state.as_str() }),
            ));
        }
    };
    agent.reason = data["reason"].as_str().or_else(|| data["reason"]["name"].as_str()).map(str::to_owned);
    if agent.state != to {
        agent.since = work.at;
    }
    agent.state = to;
    let on = to == Global::Ready;
    if !on || work.d.centre.auto_sync {
        for media in agent.media.values_mut() {
            media.on = on && media.max_tasks > 0;
        }
    }
    work.note("agent", format!("{id} is {}", to.as_str()), agent.reason.clone().unwrap_or_default());
    work.store(agent, &[], true);
    work.refresh(&id);
    Ok(work.r.agents.get(&id).map(|a| presence(work.d, a)).unwrap_or_default())
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
    let agent = logged_in(work, data)?;
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
    Ok(work.r.agents.get(&id).map(|a| presence(work.d, a)).unwrap_or_default())
}

/// Turns the switch of a medium. Reverse sync (1.15): when the last one goes off, so does the agent.
pub(super) fn switch_media(work: &mut Work<'_>, id: &str, mrd: &str, on: bool) {
    let Some(mut agent) = work.r.agents.get(id).cloned() else { return };
    if let Some(media) = agent.media.get_mut(mrd) {
        media.on = on;
    }
    let mut changed = false;
    if !on && agent.state == Global::Ready && agent.media.values().all(|m| !m.on) {
        agent.state = Global::NotReady;
        agent.since = work.at;
        changed = true;
        work.note("agent", format!("{id} is NOT_READY"), "the last medium was switched off");
    }
    work.store(agent, &[mrd.to_owned()], changed);
    work.refresh(id);
}

/// AGENT_LOGOUT `{agentId, reason?}`: offers go back at once, tasks after the agent-disconnect time (4.10, U30).
pub(super) fn logout(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let mut agent = logged_in(work, data)?;
    let id = agent.id.clone();
    agent.reason = data["reason"].as_str().or_else(|| data["reason"]["name"].as_str()).map(str::to_owned);
    agent.state = Global::Logout;
    agent.since = work.at;
    let busy = work.r.tasks.values().any(|t| t.agent() == Some(&id) && !t.in_process());
    if busy {
        let grace = work.d.centre.agent_disconnect_ms;
        agent.grace = Some(work.set_timer(format!("grace:{id}"), grace));
    }
    work.note("agent", format!("{id} logs out"), agent.reason.clone().unwrap_or_default());
    let media: Vec<String> = agent.media.keys().cloned().collect();
    work.store(agent, &media, true);
    work.refresh(&id);
    let ringing: Vec<_> = work
        .r
        .tasks
        .values()
        .filter(|t| matches!(&t.phase, TaskPhase::Reserved { agent, .. } if *agent == id))
        .cloned()
        .collect();
    for task in ringing {
        offers::unanswered(work, task, &id);
    }
    Ok(work.r.agents.get(&id).map(|a| presence(work.d, a)).unwrap_or_default())
}

/// The agent did not come back: their conversations are told, and their flow decides.
pub(super) fn grace_over(work: &mut Work<'_>, id: &str, timer: &str) {
    let Some(mut agent) = work.r.agents.get(id).cloned() else { return };
    if agent.grace.as_ref().is_none_or(|g| g.id != timer) {
        work.note("timer", "grace is stale", "the agent came back");
        return;
    }
    agent.grace = None;
    work.out.changed.insert(format!("agent:{id}"));
    work.r.agents.insert(id.to_owned(), agent);
    let tasks: Vec<_> = work.r.tasks.values().filter(|t| t.agent() == Some(id)).cloned().collect();
    for task in tasks {
        let gone = Tell::Gone { agent: id.to_owned(), reason: "AGENT_LOGOUT".into() };
        work.tell(&task, gone);
        if matches!(task.phase, TaskPhase::WrapUp { .. }) {
            let over = Tell::WrapUpOver { agent: id.to_owned(), how: "the agent logged out".into() };
            work.tell(&task, over);
        }
    }
    work.note("agent", format!("{id} did not come back"), "their work goes to others");
}
