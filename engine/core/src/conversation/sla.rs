//! SLA clocks (`domain.md` section 5): one row of the table per event, one column per clock.

use serde_json::json;

use super::seats::medium_of;
use super::served::{Served, answering};
use super::state::{Session, Sla};
use super::timers::{AGENT_SLA, CUSTOMER_SLA};
use super::work::{Happening, Work};
use crate::centre::Threshold;
use crate::model::{EventName, Json, ParticipantRole, emitter};

/// Looks at an event and moves the clocks. `cur` is the session of the event, `v` a voice session, `nv` another one.
#[rustfmt::skip]
pub(super) fn heard(w: &mut Work<'_>, event: &Happening) {
    let cur = event.session.as_deref().unwrap_or_default().to_owned();
    let cur = cur.as_str();
    let voice_open = voice_open(w);
    let cur_voice = w.c.session(cur).is_some_and(|s| is_voice(w, &s.channel));
    let held = w.c.hold.is_some();
    match &event.name {
        EventName::ChannelSessionStarted if cur_voice => { stop_agent(w); stop_non_voice(w); if !held { start(w, cur); } }
        EventName::ChannelSessionStarted if !held => start(w, cur),
        EventName::CustomerMessage => {
            if w.c.agents_present() > 0 && !held { start_agent(w); }
            stop(w, cur);
            if !held { start_others(w, cur); }
        }
        EventName::BotMessage if !held => start(w, cur),
        // Who is told how long to wait is waiting, not silent: what the notice started is stopped by the next one.
        EventName::TaskEnqueued | EventName::EwtMessage => if let Some(session) = w.c.request.as_ref().map(|r| r.session.clone()) { stop(w, &session); },
        EventName::AgentSubscribed => {
            let joined = usize::from(event.data["agentParticipant"]["role"] == "PRIMARY");
            if w.c.primaries() > joined { stop_agent(w); }
            if !held { start_agent(w); }
            if !cur_voice { stop(w, cur); }
        }
        EventName::AgentMessage if !is_wrap_up(&event.data) => { stop_agent(w); if !voice_open { start_all(w); } }
        EventName::AgentUnsubscribed if w.c.agents_present() == 0 => {
            stop_agent(w);
            let transfer = event.data["reason"] == "DIRECT_TRANSFER";
            if !transfer && w.c.open_sessions() > 0 { start_all(w); }
        }
        EventName::ChannelSessionEnded | EventName::ChannelSessionExpired => {
            if w.c.open_sessions() == 0 { stop_agent(w); }
            stop(w, cur);
            if cur_voice && !voice_open { start_all(w); }
        }
        EventName::ConversationPaused => { stop_agent(w); stop_all(w); }
        EventName::ConversationResumed => { start_agent(w); start_all(w); }
        // Nobody is there, and nobody comes: a transfer had started no clock.
        EventName::NoAgentAvailable if w.c.agents_present() == 0 => start_all(w),
        EventName::NoAgentAvailable if !held => { let latest = w.c.current_session().map(|s| s.id.clone()); start(w, latest.as_deref().unwrap_or(cur)); }
        EventName::ParticipantRoleChanged if w.c.agents_wrapping_up() > 0 && w.c.agents_present() == 0 => stop_agent(w),
        EventName::ResetAgentSla => { stop_agent(w); if !held { start_agent(w); } }
        _ => {}
    }
}

fn is_wrap_up(message: &Json) -> bool {
    message["body"]["type"] == "WRAPUP"
}

pub(super) fn is_voice(w: &Work<'_>, channel: &str) -> bool {
    let kind = w.d.centre.channels.get(channel).and_then(|c| w.d.centre.channel_types.get(&c.kind));
    kind.is_some_and(|k| k.voice)
}

pub(super) fn voice_open(w: &Work<'_>) -> bool {
    w.c.sessions.iter().any(|s| s.open() && is_voice(w, &s.channel))
}

/// Starts the customer SLA of an open session from full; a running one is left alone, and beside an open call only
/// the call's own clock runs.
fn start(w: &mut Work<'_>, session: &str) {
    let Some(s) = w.c.session(session).filter(|s| s.open() && s.sla.is_none()) else { return };
    if voice_open(w) && !is_voice(w, &s.channel) {
        return;
    }
    let channel = w.d.centre.channels.get(&s.channel);
    let Some(total_ms) = channel.and_then(|c| c.inactivity_ms).filter(|ms| *ms > 0) else { return };
    let at = w.at;
    let next = first(&w.d.centre.customer_sla);
    if let Some(s) = w.c.session_mut(session) {
        s.sla = Some(Sla { total_ms, started_at: at, next });
    }
    arm_customer(w, session);
    let data = timer_data(total_ms, "START_TIMER", at);
    w.raise(EventName::CustomerSlaStarted, emitter::controller(), Some(session), data);
}

fn stop(w: &mut Work<'_>, session: &str) {
    let Some(s) = w.c.session_mut(session) else { return };
    let Some(sla) = s.sla.take() else { return };
    w.clear_timer(&format!("{CUSTOMER_SLA}{session}"));
    let data = timer_data(sla.total_ms, "STOP_TIMER", sla.started_at);
    w.raise(EventName::CustomerSlaStopped, emitter::controller(), Some(session), data);
}

fn timer_data(total_ms: i64, action: &str, start: i64) -> Json {
    json!({ "totalDuration": total_ms / 1000, "action": action, "startTime": start })
}

fn open_sessions(w: &Work<'_>) -> Vec<(String, bool)> {
    let open = w.c.sessions.iter().filter(|s| s.open());
    open.map(|s| (s.id.clone(), is_voice(w, &s.channel))).collect()
}

fn start_all(w: &mut Work<'_>) {
    if w.c.hold.is_some() {
        return;
    }
    for (session, _) in open_sessions(w) {
        start(w, &session);
    }
}

fn start_others(w: &mut Work<'_>, cur: &str) {
    for (session, _) in open_sessions(w) {
        if session != cur {
            start(w, &session);
        }
    }
}

fn stop_all(w: &mut Work<'_>) {
    for (session, _) in open_sessions(w) {
        stop(w, &session);
    }
}

fn stop_non_voice(w: &mut Work<'_>) {
    for (session, voice) in open_sessions(w) {
        if !voice {
            stop(w, &session);
        }
    }
}

/// The first threshold that is still to come when a clock starts: 0 % is the start itself.
fn first(thresholds: &[Threshold]) -> usize {
    thresholds.iter().take_while(|t| t.percent == 0).count()
}

/// Due time of the next threshold after now, or of the end.
fn delay(sla: &Sla, thresholds: &[Threshold], at: i64) -> i64 {
    let percent = thresholds.get(sla.next).map_or(100, |t| i64::from(t.percent.min(100)));
    sla.started_at + sla.total_ms * percent / 100 - at
}

fn arm_customer(w: &mut Work<'_>, session: &str) {
    let Some(sla) = w.c.session(session).and_then(|s| s.sla.clone()) else { return };
    let delay = delay(&sla, &w.d.centre.customer_sla, w.at);
    w.set_timer(format!("{CUSTOMER_SLA}{session}"), delay, None);
}

/// A threshold or the end of a customer SLA.
pub(super) fn customer_due(w: &mut Work<'_>, session: &str) {
    let Some(sla) = w.c.session(session).and_then(|s| s.sla.clone()) else { return };
    let threshold = w.d.centre.customer_sla.get(sla.next).filter(|t| t.percent < 100).cloned();
    let seconds = sla.total_ms / 1000;
    match threshold {
        Some(t) => {
            if let Some(s) = w.c.session_mut(session) {
                s.sla = Some(Sla { next: sla.next + 1, ..sla.clone() });
            }
            arm_customer(w, session);
            let data = json!({ "totalDuration": seconds, "action": t.action, "startTime": sla.started_at,
                               "threshold": t.percent, "message": t.message });
            w.note("sla", format!("customer silent for {} % of {seconds} s", t.percent), "");
            w.raise(EventName::CustomerSla, emitter::controller(), Some(session), data);
        }
        None => {
            if let Some(s) = w.c.session_mut(session) {
                s.sla = None;
            }
            w.note("sla", format!("customer silent for {seconds} s"), "the customer SLA is over");
            let data = timer_data(sla.total_ms, "END_CHANNEL_SESSION", sla.started_at);
            w.raise(EventName::CustomerSlaExpired, emitter::controller(), Some(session), data);
        }
    }
}

/// Length of the agent SLA: that of the queue (push) or of the list (pull) by which the agent came who answers.
fn agent_length(w: &Work<'_>) -> Option<i64> {
    let session = w.c.current_session()?;
    let channel = w.d.centre.channels.get(&session.channel)?;
    let of_queue = |queue: &str| w.d.centre.queues.get(queue).and_then(|q| q.agent_sla_ms);
    let of_list = |list: &str| w.d.centre.lists.get(list).and_then(|l| l.agent_sla_ms);
    let length = match answering(w, session) {
        Some(Served { list: Some(list), .. }) => of_list(list),
        Some(Served { queue: Some(queue), .. }) => of_queue(queue),
        // An agent who came by name serves the customer of the queue before.
        _ => match queue_before(w, session).or(channel.queue.as_deref()) {
            Some(queue) => of_queue(queue),
            None => channel.list.as_deref().and_then(of_list),
        },
    };
    length.filter(|ms| *ms > 0)
}

/// The queue that served the customer last, when it is for the medium of the session.
fn queue_before<'w>(w: &'w Work<'_>, session: &Session) -> Option<&'w str> {
    let queue = w.c.last_task.as_ref()?.queue.as_deref()?;
    let medium = medium_of(w, session);
    w.d.centre.queues.get(queue).is_some_and(|q| q.media == medium).then_some(queue)
}

fn start_agent(w: &mut Work<'_>) {
    let present = w.c.agents().any(|s| s.role == ParticipantRole::Primary);
    if w.c.agent_sla.is_some() || !present || w.c.open_sessions() == 0 || voice_open(w) {
        return;
    }
    let Some(total_ms) = agent_length(w) else { return };
    w.c.agent_sla = Some(Sla { total_ms, started_at: w.at, next: first(&w.d.centre.agent_sla) });
    arm_agent(w);
    let session = w.c.current_session().map(|s| s.id.clone());
    let data = timer_data(total_ms, "START_TIMER", w.at);
    w.raise(EventName::AgentSlaStarted, emitter::controller(), session.as_deref(), data);
}

fn stop_agent(w: &mut Work<'_>) {
    let Some(sla) = w.c.agent_sla.take() else { return };
    w.clear_timer(AGENT_SLA);
    let session = w.c.current_session().map(|s| s.id.clone());
    let data = timer_data(sla.total_ms, "STOP_TIMER", sla.started_at);
    w.raise(EventName::AgentSlaStopped, emitter::controller(), session.as_deref(), data);
}

fn arm_agent(w: &mut Work<'_>) {
    let Some(sla) = w.c.agent_sla.clone() else { return };
    let delay = delay(&sla, &w.d.centre.agent_sla, w.at);
    w.set_timer(AGENT_SLA.into(), delay, None);
}

/// A threshold or the end of the agent SLA.
pub(super) fn agent_due(w: &mut Work<'_>) {
    let Some(sla) = w.c.agent_sla.clone() else { return };
    let threshold = w.d.centre.agent_sla.get(sla.next).filter(|t| t.percent < 100).cloned();
    let session = w.c.current_session().map(|s| s.id.clone());
    let seconds = sla.total_ms / 1000;
    let (name, data) = match threshold {
        Some(t) => {
            w.c.agent_sla = Some(Sla { next: sla.next + 1, ..sla.clone() });
            arm_agent(w);
            w.note("sla", format!("agent silent for {} % of {seconds} s", t.percent), "");
            (EventName::AgentSla, timer_data(sla.total_ms, &t.action, sla.started_at))
        }
        None => {
            w.c.agent_sla = None;
            w.note("sla", format!("agent silent for {seconds} s"), "the agent SLA is over");
            (EventName::AgentSlaExpired, timer_data(sla.total_ms, "REMOVE_ALL_AGENTS", sla.started_at))
        }
    };
    w.raise(name, emitter::controller(), session.as_deref(), data);
}
