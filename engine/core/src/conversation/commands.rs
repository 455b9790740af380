//! Commands of agents, apps and admins to a conversation (`contract.md` sections 3 and 4).

use serde_json::json;

use super::state::{Hold, SeatKind};
use super::work::Work;
use super::{bots, close, seats, sessions, team, timers, wire};
use crate::directory::{DirectoryWrite, Previous};
use crate::effect::Reply;
use crate::model::{
    Body, CimMessage, ConversationState, Customer, EventName, Header, Json, ParticipantRole, emitter,
};
use crate::report::{HoldRow, ReportRow, WrapupRow};

/// How long a hold lasts when nobody says.
pub(super) const HOLD_DEFAULT_MS: i64 = 300_000;
/// Longest hold.
pub(super) const HOLD_MS_MAX: i64 = 24 * 3_600_000;
/// Most codes of one wrap-up (`domain.md` section 8.4).
const WRAP_UPS_MAX: usize = 5;

type Run = fn(&mut Work<'_>, &Json) -> Result<Json, Reply>;

/// Commands a conversation takes, by name.
#[rustfmt::skip]
pub const COMMANDS: &[(&str, Run)] = &[
    ("AGENT_MESSAGE",     agent_message),
    ("AGENT_LEAVE",       agent_leave),
    ("WRAP_UP",           wrap_up),
    ("PAUSE",             pause),
    ("RESUME",            resume_command),
    ("LINK_CUSTOMER",     link_customer),
    ("END_CONVERSATION",  end_conversation),
    ("SET_DATA",          set_data),
    ("ACTIVITY",          activity),
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
        return;
    }
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
    data.get(key).and_then(Json::as_str).filter(|t| !t.is_empty()).ok_or_else(|| {
        refusal(work, "missing_field", &format!("`{key}` is missing: a non-empty text is needed"))
    })
}

/// The role of the agent a command names.
fn present(work: &Work<'_>, data: &Json) -> Result<(String, ParticipantRole), Reply> {
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

/// AGENT_MESSAGE `{agentId, body, id?, intent?, originalMessageId?, whisper?}`: to the customer when PRIMARY,
/// otherwise among agents (WHISPER_MESSAGE).
fn agent_message(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let (agent, role) = present(work, data)?;
    let body = data.get("body").cloned().unwrap_or_default();
    let body: Body = serde_json::from_value(body)
        .map_err(|e| refusal(work, "invalid_body", &format!("`body` is not a message body: {e}")))?;
    let faults = body.check();
    if !faults.is_empty() {
        return Err(refusal(work, "invalid_body", &faults.join("; ")));
    }
    let id = data["id"].as_str().map_or_else(|| work.ids.fresh(), str::to_owned);
    let whisper = data["whisper"].as_bool().unwrap_or(role != ParticipantRole::Primary);
    if role == ParticipantRole::WrapUp {
        return Err(refusal(
            work,
            "role_forbids",
            "an agent who wraps up cannot write to the customer; apply the wrap-up",
        ));
    }
    if !whisper && role != ParticipantRole::Primary {
        return Err(refusal(work, "role_forbids", "only a PRIMARY agent writes to the customer"));
    }
    let Some(session) = work.c.current_session().cloned() else {
        return Err(refusal(work, "no_session", "the conversation has no session"));
    };
    let name = work.c.seats.iter().find(|s| s.who == agent).map_or_else(|| agent.clone(), |s| s.name.clone());
    let who = emitter::agent(&*agent, name);
    let mut message = wire::outgoing(work, &id, &session.id, who.clone(), &body);
    message.header.intent = data["intent"].as_str().map(str::to_owned);
    message.header.original_message_id = data["originalMessageId"].as_str().map(str::to_owned);
    edit_allowed(work, &session.channel, &message)?;
    let message = json!(message);
    if whisper {
        work.raise(EventName::WhisperMessage, who, Some(&session.id), message);
        return Ok(json!({ "id": id, "delivered": "agents" }));
    }
    if !session.open() {
        return Err(refusal(work, "customer_left", "the customer has left; there is nobody to write to"));
    }
    if work.c.hold.is_some() {
        resume(work, Some(&agent), "the agent wrote to the customer");
    }
    if let Some(s) = work.c.session_mut(&session.id) {
        s.counts[1] += 1;
    }
    work.raise_delivered(EventName::AgentMessage, who, &session.id, message);
    Ok(json!({ "id": id, "delivered": "customer" }))
}

/// Channel types on which a message can be replaced (1.10).
const EDITABLE: &[&str] = &["WEB", "FACEBOOK"];

/// The edit rule of 1.10: intent UPDATE replaces a text, names it, and only where the medium can show it.
fn edit_allowed(work: &Work<'_>, channel: &str, message: &CimMessage) -> Result<(), Reply> {
    if message.intent() != Some("UPDATE") {
        return Ok(());
    }
    let kind = work.d.centre.channels.get(channel).map_or("", |c| c.kind.as_str());
    if !EDITABLE.contains(&kind) {
        let detail = format!("a message on {kind} cannot be edited; only on {}", EDITABLE.join(" and "));
        return Err(refusal(work, "edit_not_supported", &detail));
    }
    if message.header.original_message_id.is_none() || !matches!(message.body, Some(Body::Plain(_))) {
        let detail = "an edit replaces a text: `originalMessageId` and a PLAIN body are needed";
        return Err(refusal(work, "wrong_field", detail));
    }
    Ok(())
}

/// AGENT_LEAVE `{agentId, reason?}`.
fn agent_leave(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let (agent, role) = present(work, data)?;
    if matches!(role, ParticipantRole::SilentMonitor | ParticipantRole::Whisper) {
        seats::monitors_leave(work, Some(&agent), "of their own accord");
        return Ok(json!({ "wrapUp": false }));
    }
    let reason = data["reason"].as_str().filter(|r| !r.is_empty()).unwrap_or("AGENT_LEFT");
    seats::agent_leaves(work, &agent, reason);
    Ok(json!({ "wrapUp": work.c.agent(&agent).is_some() }))
}

/// WRAP_UP `{agentId, wrapups: [{categoryName, value}], note?}`: in the middle it changes no state; from an agent who
/// wraps up it ends that (4.11).
fn wrap_up(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let (agent, role) = present(work, data)?;
    if matches!(role, ParticipantRole::SilentMonitor | ParticipantRole::Whisper) {
        return Err(refusal(work, "role_forbids", "a supervisor who listens has nothing to wrap up"));
    }
    let codes = data.get("wrapups").and_then(Json::as_array).cloned().unwrap_or_default();
    if codes.len() > WRAP_UPS_MAX {
        return Err(refusal(
            work,
            "too_many_wrapups",
            &format!("at most {WRAP_UPS_MAX} codes in one wrap-up"),
        ));
    }
    let note = data["note"].as_str().filter(|n| !n.trim().is_empty());
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
    let row = |ordinal: usize, code: Option<&Json>| {
        ReportRow::WrapupDetail(WrapupRow {
            wrapup_time: work.at,
            conversation_id: work.c.id.clone(),
            ordinal: i64::try_from(ordinal).unwrap_or(i64::MAX),
            wrapup_label: code.and_then(|c| c["value"].as_str()).map(str::to_owned),
            category_name: code.and_then(|c| c["categoryName"].as_str()).map(str::to_owned),
            agent_id: agent.to_owned(),
            notes: note.map(str::to_owned),
            record_creation_time: work.at,
        })
    };
    let mut rows: Vec<ReportRow> = codes.iter().enumerate().map(|(i, c)| row(i, Some(c))).collect();
    if rows.is_empty() && note.is_some() {
        rows.push(row(0, None));
    }
    work.out.reports.extend(rows);
}

/// PAUSE `{agentId, duration}` (seconds, number or text).
fn pause(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let (agent, role) = present(work, data)?;
    if role != ParticipantRole::Primary {
        return Err(refusal(work, "role_forbids", "only a PRIMARY agent pauses a conversation"));
    }
    if super::sla::voice_open(work) {
        return Err(refusal(work, "voice_open", "a call is held by the telephone, not by a pause"));
    }
    let seconds = match &data["duration"] {
        Json::Null => HOLD_DEFAULT_MS / 1000,
        Json::String(text) => text.parse().unwrap_or(-1),
        other => other.as_i64().unwrap_or(-1),
    };
    if seconds <= 0 || seconds.saturating_mul(1000) > HOLD_MS_MAX {
        return Err(refusal(work, "wrong_field", "`duration` is a number of seconds between 1 and 86400"));
    }
    hold(work, &agent, seconds * 1000)?;
    Ok(Json::Null)
}

/// Puts the conversation on hold.
///
/// # Errors
/// It is not ACTIVE.
pub(super) fn hold(work: &mut Work<'_>, agent: &str, duration_ms: i64) -> Result<(), Reply> {
    if work.c.state != ConversationState::Active || work.c.hold.is_some() {
        return Err(refusal(work, "not_active", "only an ACTIVE conversation can be paused, once"));
    }
    work.c.hold = Some(Hold { by: agent.to_owned(), since: work.at, duration_ms });
    work.set_timer(timers::HOLD.into(), duration_ms, None);
    hold_row(work, "HOLD", Some(agent));
    hold_event(work, EventName::ConversationPaused, duration_ms);
    Ok(())
}

fn resume_command(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let (agent, role) = present(work, data)?;
    if role != ParticipantRole::Primary {
        return Err(refusal(work, "role_forbids", "only a PRIMARY agent ends a pause"));
    }
    if work.c.hold.is_none() {
        return Err(refusal(work, "not_on_hold", "the conversation is not on hold"));
    }
    resume(work, Some(&agent), "the agent resumed it");
    Ok(Json::Null)
}

/// Ends a hold. Not on hold: nothing happens.
pub(super) fn resume(work: &mut Work<'_>, agent: Option<&str>, why: &str) {
    let Some(hold) = work.c.hold.take() else { return };
    work.clear_timer(timers::HOLD);
    work.note("state", "the hold ends", why);
    hold_row(work, "RESUMED", agent);
    hold_event(work, EventName::ConversationResumed, hold.duration_ms);
}

fn hold_event(work: &mut Work<'_>, name: EventName, duration_ms: i64) {
    let session = work.c.current_session().map(|s| s.id.clone());
    let data = json!({ "totalDuration": duration_ms / 1000, "startTime": work.at });
    work.raise(name, emitter::conversation_manager(), session.as_deref(), data);
}

pub(super) fn hold_row(work: &mut Work<'_>, state: &str, agent: Option<&str>) {
    let row = HoldRow {
        conversation_id: work.c.id.clone(),
        conversation_state: state.to_owned(),
        agent_id: agent.filter(|a| !a.is_empty()).map(str::to_owned),
        event_timestamp: work.at,
        channel_session_id: work.c.current_session().map(|s| s.id.clone()).unwrap_or_default(),
        record_creation_time: work.at,
    };
    work.out.reports.push(ReportRow::ConversationHoldResume(row));
}

/// LINK_CUSTOMER `{customer: {_id, …}, room: {id, live?}, addIdentifier?, force?}`: the runtime adds the profile and
/// its room from the directory to what the caller sent (`customerId`). U02: a customer with another live
/// conversation is refused.
fn link_customer(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let customer: Customer = serde_json::from_value(data["customer"].clone())
        .ok()
        .filter(|c: &Customer| c.id.as_deref().is_some_and(|id| !id.is_empty()))
        .ok_or_else(|| refusal(work, "unknown_customer", "no customer has this id"))?;
    let id = customer.id.clone().unwrap_or_default();
    let before = work.c.customer.id.clone().unwrap_or_default();
    if id == before {
        return Ok(json!({ "customerId": id }));
    }
    if let Some(other) = data["room"]["live"]["conversation"].as_str().filter(|o| *o != work.c.id) {
        return Err(refusal(
            work,
            "customer_has_live_conversation",
            &format!("customer {id} is in the live conversation {other}; close that one first"),
        ));
    }
    move_room(work, data, &id);
    work.c.previous = serde_json::from_value(data["room"]["previous"].clone()).ok();
    let mut customer = customer;
    if data["addIdentifier"].as_bool().unwrap_or(false) {
        add_identifier(work, &mut customer);
    }
    work.c.customer = customer;
    work.c.suggestions.clear();
    work.note("customer", format!("linked to {id}"), format!("was {before}"));
    let session = work.c.current_session().map(|s| s.id.clone());
    let changed = json!({ "customer": work.c.customer, "previousCustomerId": before });
    let who = emitter::conversation_manager();
    work.raise(EventName::AssociatedCustomerChanged, who, session.as_deref(), changed);
    Ok(json!({ "customerId": id }))
}

/// The conversation leaves the room of the old customer and lives in the new one's.
fn move_room(work: &mut Work<'_>, data: &Json, customer: &str) {
    let old = work.c.room.clone();
    let room = data["room"]["id"].as_str().map_or_else(|| work.ids.fresh(), str::to_owned);
    let previous = work
        .c
        .previous
        .clone()
        .unwrap_or_else(|| Previous { ended_at: work.c.created_at, ..Previous::default() });
    let conversation = work.c.id.clone();
    work.out.directory.push(DirectoryWrite::Close {
        room: old,
        conversation: conversation.clone(),
        previous,
    });
    work.out.directory.push(DirectoryWrite::Room { id: room.clone(), customer: customer.to_owned() });
    let live = crate::directory::Live { conversation, home: work.c.home };
    work.out.directory.push(DirectoryWrite::Open { room: room.clone(), live });
    work.c.room = room;
}

fn add_identifier(work: &mut Work<'_>, customer: &mut Customer) {
    let addresses: Vec<(String, String)> = work
        .c
        .sessions
        .iter()
        .filter_map(|s| {
            let kind = &work.d.centre.channels.get(&s.channel)?.kind;
            Some((work.d.centre.channel_types.get(kind)?.identifier.clone(), s.identifier.clone()))
        })
        .collect();
    let id = customer.id.clone().unwrap_or_default();
    for (attribute, identifier) in addresses {
        customer.add_identifier(&attribute, &identifier);
        work.out.directory.push(DirectoryWrite::Identity { attribute, identifier, customer: id.clone() });
    }
    work.out.directory.push(DirectoryWrite::Customer { customer: Box::new(customer.clone()) });
}

fn end_conversation(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    close::order(work, data["reasonCode"].as_str().unwrap_or_default());
    Ok(Json::Null)
}

/// A value of conversation data as the text it is kept as.
pub(super) fn plain_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// SET_DATA: a map, or a list of attributes `[{key, value}]` (9.1).
fn set_data(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let data = data.get("data").unwrap_or(data);
    let pairs: Vec<(String, String)> = match data {
        Json::Object(map) => map.iter().map(|(k, v)| (k.clone(), plain_text(v))).collect(),
        Json::Array(list) => list
            .iter()
            .filter_map(|a| Some((a["key"].as_str()?.to_owned(), plain_text(&a["value"]))))
            .collect(),
        _ => {
            return Err(refusal(work, "wrong_field", "a map of pairs, or a list of {key, value}, is needed"));
        }
    };
    let refused = sessions::merge_data(work, pairs);
    if refused.is_empty() {
        return Ok(json!(work.c.data));
    }
    let detail = format!(
        "a conversation holds {} pairs; no room for {}",
        super::CONVERSATION_DATA_MAX,
        refused.join(", ")
    );
    Err(refusal(work, "too_much_data", &detail))
}

/// ACTIVITY: a third-party activity of an app (9.1). Its intent becomes the event's name when it has one.
fn activity(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let body = data.get("body").cloned().unwrap_or_default();
    if !body.get("type").is_some_and(Json::is_string) {
        return Err(refusal(work, "invalid_body", "`body` with a `type` is needed"));
    }
    let sender = data["header"]["sender"].as_object().or_else(|| data["sender"].as_object());
    let name = sender.and_then(|s| s.get("senderName")).and_then(Json::as_str).unwrap_or("APP").to_owned();
    let who_id = sender.and_then(|s| s.get("id")).and_then(Json::as_str).unwrap_or(&name).to_owned();
    seat_app(work, &who_id, &name);
    let who = emitter::app(who_id, name);
    let Some(session) = work.c.current_session().map(|s| s.id.clone()) else {
        return Err(refusal(work, "no_session", "the conversation has no session"));
    };
    let id = data["id"].as_str().map_or_else(|| work.ids.fresh(), str::to_owned);
    let mut message = CimMessage { id: Some(id.clone()), header: Header::default(), ..CimMessage::default() };
    message.body = serde_json::from_value(body).ok();
    wire::address_header(work, &mut message.header, &session);
    message.header.sender = Some(who.clone());
    let intent = data["header"]["intent"].as_str().unwrap_or_default();
    let event = match EventName::parse(intent) {
        EventName::Other(name) if !name.is_empty() => EventName::Other(name),
        EventName::IvrAggregatedActivity => EventName::IvrAggregatedActivity,
        _ => EventName::ThirdPartyActivity,
    };
    work.raise(event, who, Some(&session), json!(message));
    Ok(json!({ "id": id }))
}

/// An app that takes part is a participant (1.9).
fn seat_app(work: &mut Work<'_>, id: &str, name: &str) {
    if work.c.seats.iter().any(|s| s.kind == SeatKind::App && s.who == id) {
        return;
    }
    let seat = super::state::Seat {
        id: work.ids.fresh(),
        kind: SeatKind::App,
        who: id.to_owned(),
        name: name.to_owned(),
        role: ParticipantRole::Assistant,
        joined_at: work.at,
        task: None,
        unseen: false,
        leaving: None,
    };
    work.out.reports.push(ReportRow::ConversationParticipant(crate::report::ParticipantRow {
        id: seat.id.clone(),
        participant_id: id.to_owned(),
        conversation_id: work.c.id.clone(),
        participant_role: "EXTERNAL".into(),
        record_creation_time: work.at,
    }));
    work.note("participants", format!("app {name} takes part"), "it published an activity (9.1)");
    work.c.seats.push(seat);
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
