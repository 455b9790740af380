//! A conversation on hold: PAUSE and RESUME (`domain.md` section 1.8), and the end of the hold by itself.

use serde_json::json;

use super::commands::{present, refusal};
use super::state::Hold;
use super::timers;
use super::work::Work;
use crate::effect::Reply;
use crate::model::{ConversationState, EventName, Json, ParticipantRole, emitter};
use crate::report::{HoldRow, ReportRow};

/// How long a hold lasts when nobody says.
pub(super) const HOLD_DEFAULT_MS: i64 = 300_000;
/// Longest hold.
pub(super) const HOLD_MS_MAX: i64 = 24 * 3_600_000;

/// PAUSE `{agentId, duration}` (seconds, number or text).
pub(super) fn pause(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let (agent, role) = present(work, data)?;
    if role != ParticipantRole::Primary {
        return Err(refusal(work, "role_forbids", "only a PRIMARY agent pauses a conversation"));
    }
    if super::sla::voice_open(work) {
        return Err(refusal(work, "voice_open", "a call is held by the telephone, not by a pause"));
    }
    let Some(duration) = duration_ms(&data["duration"]) else {
        return Err(refusal(work, "wrong_field", "`duration` is a number of seconds between 1 and 86400"));
    };
    hold(work, &agent, duration)?;
    Ok(Json::Null)
}

/// A duration in seconds, number or text, as milliseconds; the usual one for none. `None`: it is no duration of a hold.
pub(super) fn duration_ms(seconds: &Json) -> Option<i64> {
    let seconds = match seconds {
        Json::Null => HOLD_DEFAULT_MS / 1000,
        Json::String(text) => text.parse().ok()?,
        other => other.as_i64()?,
    };
    (1..=HOLD_MS_MAX / 1000).contains(&seconds).then_some(seconds * 1000)
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

pub(super) fn resume_command(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
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

/// A hold ends because nobody is left whom it concerns. Not on hold: nothing happens.
pub(super) fn over(work: &mut Work<'_>, why: &str) {
    if work.c.hold.take().is_none() {
        return;
    }
    work.clear_timer(timers::HOLD);
    work.note("state", "the hold ends", why);
    hold_row(work, "RESUMED", None);
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
    // One after the other in the reports, also within one millisecond: neither may take the place of the other.
    let when = work.at.max(work.c.hold_told + 1);
    work.c.hold_told = when;
    let row = HoldRow {
        conversation_id: work.c.id.clone(),
        conversation_state: state.to_owned(),
        agent_id: agent.filter(|a| !a.is_empty()).map(str::to_owned),
        event_timestamp: when,
        channel_session_id: work.c.current_session().map(|s| s.id.clone()).unwrap_or_default(),
        record_creation_time: work.at,
    };
    work.out.reports.push(ReportRow::ConversationHoldResume(row));
}
