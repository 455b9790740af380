//! Commands of agents, apps and admins to a conversation (`contract.md` sections 3 and 4).

use serde_json::json;

use super::state::{SeatKind, Session};
use super::work::Work;
use super::{app, bots, close, hold, link, seats, sessions, team, wire, words};
use crate::effect::Reply;
use crate::model::{ConversationState, EventName, Json, ParticipantRole, WrongField, emitter};
use crate::report::{ReportRow, WrapupRow};

/// Most codes of one wrap-up (`domain.md` section 8.4).
const WRAP_UPS_MAX: usize = 5;

type Run = fn(&mut Work<'_>, &Json) -> Result<Json, Reply>;

/// Commands a conversation takes, by name.
#[rustfmt::skip]
pub const COMMANDS: &[(&str, Run)] = &[
    ("AGENT_MESSAGE",     words::agent_message),
    ("AGENT_LEAVE",       agent_leave),
    ("WRAP_UP",           wrap_up),
    ("PAUSE",             hold::pause),
    ("RESUME",            hold::resume_command),
    ("LINK_CUSTOMER",     link::link_customer),
    ("END_CONVERSATION",  end_conversation),
    ("SET_DATA",          app::set_data),
    ("ACTIVITY",          app::activity),
    ("RESET_AGENT_SLA",   reset_agent_sla),
    ("BOT_MESSAGES",      bots::answers_later),
    ("TRANSFER",           team::transfer),
    ("CONSULT",            team::consult),
    ("CONFERENCE",         team::conference),
    ("CONSULT_TRANSFER",   team::consult_transfer),
    ("CONSULT_CONFERENCE", team::consult_conference),
    ("MONITOR",            team::monitor),
    ("BARGE_IN",           team::barge_in),
    ("HAND_RAISE",         team::hand_raise),
    ("HAND_DOWN",          team::hand_down),
    ("WHISPER_JOIN",       team::whisper_join),
];

/// Runs a command; the answer tells what it did or why not.
pub(super) fn command(work: &mut Work<'_>, name: &str, data: &Json) {
    let Some((_, run)) = COMMANDS.iter().find(|(known, _)| *known == name) else {
        work.reply = Reply::refused("unknown_command", format!("no command is called {name:?}"), Json::Null);
        return;
    };
    if work.c.state == ConversationState::Closing {
        work.reply = refusal(
            work,
            "conversation_closing",
            "the conversation is closing; nothing can be done in it any more",
        );
        too_late(work, name, data);
        return;
    }
    answer(work, name, *run, data);
}

/// A command to a conversation that ends or has ended, and is refused already: an activity is kept all the same, and
/// what waits for a link is let go.
pub(super) fn too_late(work: &mut Work<'_>, name: &str, data: &Json) {
    if name == "ACTIVITY" {
        answer(work, name, app::stored, data);
    }
    link::let_go(work, name, data);
}

fn answer(work: &mut Work<'_>, name: &str, run: Run, data: &Json) {
    match run(work, data) {
        Ok(data) => work.reply = Reply::Done { data },
        Err(reply) => {
            if let Reply::Refused { code, detail, .. } = &reply {
                work.note("command", format!("{name} refused: {code}"), detail.clone());
            }
            work.reply = reply;
        }
    }
}

pub(super) fn refusal(work: &Work<'_>, code: &str, detail: &str) -> Reply {
    let agents: Vec<Json> =
        work.c.agents().map(|s| json!({ "agentId": s.who, "role": s.role.as_str() })).collect();
    Reply::refused(code, detail, json!({ "state": work.c.state.as_str(), "agents": agents }))
}

pub(super) fn field<'a>(work: &Work<'_>, data: &'a Json, key: &str) -> Result<&'a str, Reply> {
    match data.get(key) {
        Some(Json::String(text)) if !text.is_empty() => Ok(text),
        None | Some(Json::Null | Json::String(_)) => {
            Err(refusal(work, "missing_field", &format!("`{key}` is missing: a non-empty text is needed")))
        }
        Some(other) => {
            let wrong = WrongField::expected("a text", other).under(key);
            Err(refusal(work, "wrong_field", &wrong.to_string()))
        }
    }
}

/// A text that may be left out; empty counts as left out. Anything else is refused.
pub(super) fn optional<'a>(work: &Work<'_>, data: &'a Json, key: &str) -> Result<Option<&'a str>, Reply> {
    match data.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(other) => {
            let wrong = WrongField::expected("a text", other).under(key);
            Err(refusal(work, "wrong_field", &wrong.to_string()))
        }
    }
}

/// A field that is true or false; `None` when it is left out. Anything else is refused: whoever wrote `"true"` meant
/// something, and a whisper must not reach the customer.
pub(super) fn flag(work: &Work<'_>, data: &Json, key: &str) -> Result<Option<bool>, Reply> {
    match data.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(refusal(work, "wrong_field", &format!("`{key}` is true or false, without quotes"))),
    }
}

/// Longest id of a message that an agent or an app may choose, in bytes.
const ID_MAX: usize = 128;

/// The id a message is to have: the given one, or a fresh one.
pub(super) fn message_id(work: &mut Work<'_>, data: &Json) -> Result<String, Reply> {
    match data.get("id") {
        None | Some(Json::Null) => Ok(work.ids.fresh()),
        Some(Json::String(id)) if id.is_empty() => Ok(work.ids.fresh()),
        Some(Json::String(id)) if id.len() <= ID_MAX && !id.chars().any(char::is_control) => Ok(id.clone()),
        Some(_) => {
            let detail = format!("`id` is a text of at most {ID_MAX} bytes without control characters");
            Err(refusal(work, "wrong_field", &detail))
        }
    }
}

/// The role of the agent a command names.
pub(super) fn present(work: &Work<'_>, data: &Json) -> Result<(String, ParticipantRole), Reply> {
    let agent = field(work, data, "agentId")?;
    let here =
        |s: &&super::state::Seat| s.who == agent && matches!(s.kind, SeatKind::Agent | SeatKind::Monitor);
    match work.c.seats.iter().find(here) {
        Some(seat) => Ok((agent.to_owned(), seat.role)),
        None => Err(refusal(
            work,
            "agent_not_in_conversation",
            &format!("agent {agent:?} is not in this conversation"),
        )),
    }
}

/// The open session that an agent names: `channelSessionId`, or `channelSession` as desks have it (9.3).
pub(super) fn named_session(work: &Work<'_>, data: &Json) -> Result<Option<Session>, Reply> {
    let named = match optional(work, data, "channelSessionId")? {
        Some(id) => Some(id),
        None => data["channelSession"]["id"].as_str().filter(|id| !id.is_empty()),
    };
    let Some(id) = named else { return Ok(None) };
    match work.c.session(id) {
        Some(session) if session.open() => Ok(Some(session.clone())),
        Some(_) => Err(refusal(work, "customer_left", "the customer has left this session")),
        None => {
            let detail = format!("the conversation has no session {id:?}");
            Err(refusal(work, "unknown_session", &detail))
        }
    }
}

/// AGENT_LEAVE `{agentId, reason?}`.
fn agent_leave(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let (agent, role) = present(work, data)?;
    if matches!(role, ParticipantRole::SilentMonitor | ParticipantRole::Whisper) {
        seats::monitors_leave(work, Some(&agent), "of their own accord");
        return Ok(json!({ "wrapUp": false }));
    }
    let reason = optional(work, data, "reason")?.unwrap_or("AGENT_LEFT");
    seats::agent_leaves(work, &agent, reason);
    Ok(json!({ "wrapUp": work.c.agent(&agent).is_some() }))
}

/// WRAP_UP `{agentId, wrapups: [{categoryName, value}], note?}`: in the middle it changes no state; from an agent who
/// wraps up it ends that (4.11).
pub(super) fn wrap_up(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let (agent, role) = present(work, data)?;
    if matches!(role, ParticipantRole::SilentMonitor | ParticipantRole::Whisper) {
        return Err(refusal(work, "role_forbids", "a supervisor who listens has nothing to wrap up"));
    }
    let codes = match data.get("wrapups") {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(codes)) => codes.clone(),
        Some(other) => {
            let wrong = WrongField::expected("a list of {categoryName, value}", other).under("wrapups");
            return Err(refusal(work, "wrong_field", &wrong.to_string()));
        }
    };
    if codes.len() > WRAP_UPS_MAX {
        return Err(refusal(
            work,
            "too_many_wrapups",
            &format!("at most {WRAP_UPS_MAX} codes in one wrap-up"),
        ));
    }
    let note = optional(work, data, "note")?.filter(|n| !n.trim().is_empty());
    for code in &codes {
        if code["categoryName"].as_str().is_none() || code["value"].as_str().is_none() {
            return Err(refusal(work, "missing_field", "each wrap-up needs `categoryName` and `value`"));
        }
    }
    write_wrap_up(work, &agent, &codes, note);
    let body = json!({ "type": "WRAPUP", "markdownText": "", "wrapups": codes, "note": note });
    if let (Ok(body), Some(session)) = (serde_json::from_value(body), work.c.current_session().cloned()) {
        let id = work.ids.fresh();
        let who = emitter::agent(&*agent, &*agent);
        let message = json!(wire::outgoing(work, &id, &session.id, who.clone(), &body));
        work.raise(EventName::AgentMessage, who, Some(&session.id), message);
    }
    if let Some(seat) = work.c.agent(&agent).filter(|_| role == ParticipantRole::WrapUp).cloned() {
        seats::remove_agent(work, &seat, "AGENT_LEFT");
    }
    Ok(json!({ "codes": codes.len() }))
}

fn write_wrap_up(work: &mut Work<'_>, agent: &str, codes: &[Json], note: Option<&str>) {
    // Several may be applied in one millisecond, and none may take the place of another.
    let first = work.c.wrap_ups;
    let row = |place: i64, code: Option<&Json>| {
        ReportRow::WrapupDetail(WrapupRow {
            wrapup_time: work.at,
            conversation_id: work.c.id.clone(),
            ordinal: first + place,
            wrapup_label: code.and_then(|c| c["value"].as_str()).map(str::to_owned),
            category_name: code.and_then(|c| c["categoryName"].as_str()).map(str::to_owned),
            agent_id: agent.to_owned(),
            notes: note.map(str::to_owned),
            record_creation_time: work.at,
        })
    };
    let mut rows: Vec<ReportRow> = (0..).zip(codes).map(|(i, c)| row(i, Some(c))).collect();
    if rows.is_empty() && note.is_some() {
        rows.push(row(0, None));
    }
    work.c.wrap_ups += i64::try_from(rows.len()).unwrap_or(0);
    work.out.reports.extend(rows);
}

fn end_conversation(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let reason = optional(work, data, "reasonCode")?.unwrap_or("FORCE_CLOSED");
    match sessions::known_reason(reason) {
        Ok(reason) => close::order(work, reason),
        Err(why) => return Err(refusal(work, "wrong_field", &why)),
    }
    Ok(Json::Null)
}

fn reset_agent_sla(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let (_, role) = present(work, data)?;
    if role != ParticipantRole::Primary {
        return Err(refusal(work, "role_forbids", "only a PRIMARY agent gets more time"));
    }
    let session = work.c.current_session().map(|s| s.id.clone());
    work.raise(EventName::ResetAgentSla, emitter::controller(), session.as_deref(), Json::Null);
    Ok(Json::Null)
}
