//! The end: END_CONVERSATION, CLOSING, CLOSED (`domain.md` sections 1.8, 4.12).

use super::bots;
use super::seats;
use super::sessions;
use super::work::{Again, Work};
use crate::directory::{DirectoryWrite, Previous};
use crate::model::{CimMessage, EventName, Json, emitter};
use crate::report::{ConversationRow, DataRow, ReportRow};
use crate::routing;

/// END_CONVERSATION: all sessions and agents are removed, all tasks closed, nothing waits any more. Ordered twice:
/// nothing happens.
pub(super) fn order(work: &mut Work<'_>, reason: &str) {
    if work.c.ending {
        work.note("state", "END_CONVERSATION again", "the conversation is ending already");
        return;
    }
    work.c.ending = true;
    work.c.runs.clear();
    super::hold::over(work, "the conversation ends");
    let open: Vec<String> = work.c.sessions.iter().filter(|s| s.open()).map(|s| s.id.clone()).collect();
    for session in open {
        let who = emitter::conversation_manager();
        sessions::end(work, &session, reason, who, &EventName::ChannelSessionEnded);
    }
    if work.c.agents().next().is_some() {
        seats::remove_all_agents(work, "CONVERSATION_ENDED");
    }
    if work.c.bot_seat().is_some() {
        bots::conversation_ends(work);
        seats::revoke_bot(work, None);
    }
    work.c.seats.clear();
    let calls = work.c.bots.values().filter_map(|line| line.call.as_ref()).map(|call| call.id.clone());
    work.out.bot_calls_done.extend(calls);
    work.c.bots.clear();
    work.c.timers.clear();
    work.c.agent_sla = None;
    work.c.request = None;
    if work.c.routed {
        work.out.routing.push(routing::Input::CloseAll {
            conversation: work.c.id.clone(),
            home: work.c.home,
            reason: "CANCELLED".into(),
        });
    } else {
        work.out.again.push(Again::Archived);
    }
}

/// Everything closing waited for is done: the record is complete, the room is free, and what waited goes on.
pub(super) fn archived(work: &mut Work<'_>) {
    if !work.c.ending {
        work.note("state", "archived before the end was ordered", "ignored");
        return;
    }
    work.archived = true;
    work.c.runs.clear();
    work.c.timers.clear();
    work.c.ended_at = Some(work.at);
    let customer = work.c.customer.clone();
    let (disposition, why) = disposition(work);
    let row = ConversationRow {
        conversation_id: work.c.id.clone(),
        room_id: Some(work.c.room.clone()),
        customer_id: customer.id.clone().unwrap_or_default(),
        customer_name: customer.first_name.clone().unwrap_or_default(),
        start_time: work.c.created_at,
        end_time: work.at,
        conversation_duration: (work.at - work.c.created_at) / 1000,
        bot_id: work.c.bot.clone(),
        task_state: work.c.last_task.as_ref().map(|t| t.state.clone()),
        reason_code: work.c.last_task.as_ref().and_then(|t| t.reason.clone()),
        disposition: disposition.to_owned(),
        direction: if work.c.outbound { "OUTBOUND" } else { "INBOUND" }.to_owned(),
    };
    work.note("report", format!("disposition {disposition}"), why);
    work.out.reports.push(ReportRow::Conversation(row));
    for (key, value) in work.c.data.clone() {
        let conversation_id = work.c.id.clone();
        work.out.reports.push(ReportRow::ConversationData(DataRow { conversation_id, key, value }));
    }
    work.out.directory.push(DirectoryWrite::Close {
        room: work.c.room.clone(),
        conversation: work.c.id.clone(),
        previous: Previous {
            conversation: work.c.id.clone(),
            ended_at: work.at,
            queue: work.c.last_task.as_ref().and_then(|t| t.queue.clone()),
            agent: work.c.last_agent.clone(),
        },
    });
    let mut waiting = std::mem::take(&mut work.c.waiting);
    for mut link in std::mem::take(&mut work.c.gives_way_to) {
        // What waits belongs to whoever has the customer then.
        link.waiting = std::mem::take(&mut waiting);
        super::link::go_on(work, &link);
    }
    release(work, &waiting);
}

/// Messages that waited are looked up and stepped as if they came now (U07).
pub(super) fn release(work: &mut Work<'_>, waiting: &[Json]) {
    for message in waiting {
        match serde_json::from_value::<CimMessage>(message.clone()) {
            Ok(message) => work.out.again.push(Again::Message { message: Box::new(message) }),
            Err(problem) => work.note("state", "a waiting message cannot be read", problem.to_string()),
        }
    }
}

/// How the conversation ended (4.12): one that an agent began by how its last session ended, others by their last task.
fn disposition(work: &Work<'_>) -> (&'static str, &'static str) {
    if work.c.outbound {
        return (of_outbound(work), "an agent began it: by its last session (4.12)");
    }
    (of_last_task(work), "by the last task (4.12)")
}

/// The outbound dispositions of 4.12, as far as a session can tell them.
fn of_outbound(work: &Work<'_>) -> &'static str {
    let last = work.c.sessions.iter().max_by_key(|s| s.ended_at);
    match last.map_or("", |s| s.reason.as_str()) {
        "CUSTOMER" => "Customer",
        "INACTIVITY" => "Inactivity",
        "AGENT" => "Agent",
        "NETWORK" => "Network",
        "FORCE_CLOSED" => "Forced Closed",
        _ => "Unknown",
    }
}

/// Disposition by the chronologically last task (the table of 4.12).
#[rustfmt::skip]
fn of_last_task(work: &Work<'_>) -> &'static str {
    let Some(task) = &work.c.last_task else { return "BOT-HANDLED" };
    match task.left.as_deref() {
        Some("AGENT_SLA_EXPIRED") => return "AGENT-SLA_EXPIRED",
        Some("DISCONNECT") => return "ABANDONED",
        _ => {}
    }
    match (task.state.as_str(), task.reason.as_deref(), task.answered) {
        ("CLOSED", Some("DONE"), _)                                      => "AGENT-HANDLED",
        ("CLOSED", Some("RESPONSE_TIMEOUT"), _)                          => "AGENT-SLA_EXPIRED",
        ("CLOSED", Some("AGENT_LOGOUT"), true)                           => "AGENT-HANDLED",
        ("CLOSED", Some("AGENT_LOGOUT"), false)                          => "ABANDONED",
        ("CLOSED", Some("CANCELLED" | "NO_AGENT_AVAILABLE" | "FORCE_CLOSED"), _) => "ABANDONED",
        ("CLOSED", Some("RONA"), _)                                      => "RONA",
        ("CLOSED", Some("TRANSFERRED" | "REROUTE"), true)                => "AGENT-HANDLED",
        ("ACTIVE" | "WRAP_UP", _, true)                                  => "AGENT-HANDLED",
        _                                                                => "UNKNOWN",
    }
}

/// Routing's word that every task of a closing conversation is closed.
pub(super) fn tasks_closed(work: &mut Work<'_>) {
    work.note("state", "all tasks are closed", "");
    archived(work);
}
