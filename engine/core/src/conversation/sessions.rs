//! Channel sessions: begin, end, and what their connectors are told (`domain.md` sections 1.7, 9.1).

use serde_json::json;

use super::state::{Session, SessionState};
use super::work::{Happening, Work};
use super::{CONVERSATION_DATA_MAX, timers, wire};
use crate::centre::{ChannelEntry, ChannelKind};
use crate::deployment::Deployment;
use crate::directory::{DirectoryWrite, Live};
use crate::effect::{Publication, Wire};
use crate::flow::verbs::SESSION_REASONS;
use crate::model::{CimMessage, EventName, Json, JsonMap, NotificationType, Sender, emitter};
use crate::report::{ChannelSessionRow, ParticipantRow, ReportRow};

/// A customer's address: the channel and the identifier on it.
#[derive(Debug)]
pub(super) struct Address<'a> {
    pub channel: &'a ChannelEntry,
    pub kind: &'a ChannelKind,
    pub identifier: String,
}

impl<'a> Address<'a> {
    /// The address a message came from; `None` when the deployment does not know its service identifier, or the
    /// message names no customer.
    pub(super) fn of(d: &'a Deployment, message: &CimMessage) -> Option<Self> {
        let data = message.header.channel_data.as_ref()?;
        let channel = d.channel_by_service_identifier(data.service_identifier.as_deref()?)?;
        let kind = d.centre.channel_types.get(&channel.kind)?;
        let identifier = data.channel_customer_identifier.clone().filter(|i| !i.is_empty())?;
        Some(Self { channel, kind, identifier })
    }
}

/// How a session begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
    /// The customer came.
    Inbound,
    /// The customer came by START_CONVERSATION: no welcome.
    Quiet,
    /// An agent began it (2.2).
    Outbound,
}

/// The customer as a participant of one session (section 6); written again, it names the customer of now.
pub(super) fn customer_row(work: &mut Work<'_>, session: &str, began: i64) {
    work.out.reports.push(ReportRow::ConversationParticipant(ParticipantRow {
        id: session.to_owned(),
        participant_id: work.c.customer.id.clone().unwrap_or_default(),
        conversation_id: work.c.id.clone(),
        participant_role: "CUSTOMER".into(),
        record_creation_time: began,
    }));
}

/// Begins a session. Returns its id.
pub(super) fn start(
    work: &mut Work<'_>,
    address: &Address<'_>,
    message: &CimMessage,
    how: Beginning,
) -> String {
    let id = work.ids.fresh();
    let first = work.c.sessions.is_empty();
    let channel_data = kept_channel_data(message);
    let form = form_fields(&channel_data);
    work.c.sessions.push(Session {
        id: id.clone(),
        channel: address.channel.name.clone(),
        identifier: address.identifier.clone(),
        channel_data,
        state: SessionState::Started,
        reason: "CUSTOMER".into(),
        outbound: how == Beginning::Outbound,
        quiet: how != Beginning::Inbound,
        started_at: work.at,
        ended_at: None,
        latest_intent: None,
        counts: [0; 3],
        legs: Vec::new(),
        sla: None,
    });
    work.c.last_session = Some(id.clone());
    let live = Live { conversation: work.c.id.clone(), home: work.c.home };
    work.out.directory.push(DirectoryWrite::SessionOpen {
        channel: address.channel.name.clone(),
        identifier: address.identifier.clone(),
        live,
    });
    customer_row(work, &id, work.at);
    work.note(
        "session",
        format!("session on {} STARTED", address.channel.name),
        "the customer's first sign on this channel",
    );
    let who = wire::customer(&work.c);
    if first {
        let data = json!({ "channelSession": wire::session_by_id(work, &id, true) });
        work.raise(EventName::ConversationStarted, emitter::conversation_manager(), Some(&id), data);
    }
    let data = wire::session_by_id(work, &id, true);
    work.raise(EventName::ChannelSessionStarted, who, Some(&id), data);
    if !form.is_empty() {
        merge_data(work, form);
    }
    id
}

/// What of the channel data is kept with the session.
fn kept_channel_data(message: &CimMessage) -> JsonMap {
    let Some(Json::Object(mut map)) = message.header.channel_data.as_ref().map(|d| json!(d)) else {
        return JsonMap::new();
    };
    map.remove("channelCustomerIdentifier");
    map.remove("serviceIdentifier");
    map
}

/// Fields of a web pre-chat form: they become conversation data (1.8).
fn form_fields(channel_data: &JsonMap) -> Vec<(String, String)> {
    let attributes = channel_data.get("additionalAttributes").and_then(Json::as_array);
    let web = attributes.into_iter().flatten().find(|a| a["key"] == "WebChannelData");
    let fields = web.and_then(|w| w["value"]["formData"]["attributes"].as_array());
    let text = |v: &Json| match v {
        Json::String(s) => Some(s.clone()),
        Json::Null => None,
        other => Some(other.to_string()),
    };
    fields
        .into_iter()
        .flatten()
        .filter_map(|f| Some((f["key"].as_str()?.to_owned(), text(&f["value"])?)))
        .filter(|(key, value)| !key.is_empty() && !value.is_empty())
        .take(CONVERSATION_DATA_MAX)
        .collect()
}

/// The pairs for which there would be no room.
fn no_room(work: &Work<'_>, pairs: &[(String, String)]) -> Vec<String> {
    let mut fresh: Vec<&str> = Vec::new();
    for (key, _) in pairs.iter().filter(|(key, _)| !work.c.data.contains_key(key)) {
        if !fresh.contains(&key.as_str()) {
            fresh.push(key);
        }
    }
    let room = CONVERSATION_DATA_MAX.saturating_sub(work.c.data.len());
    fresh.into_iter().skip(room).map(str::to_owned).collect()
}

/// As [`merge_data`], but all pairs or none.
pub(super) fn merge_all(work: &mut Work<'_>, pairs: Vec<(String, String)>) -> Vec<String> {
    let refused = no_room(work, &pairs);
    if refused.is_empty() {
        merge_data(work, pairs);
    }
    refused
}

/// Merges pairs into the conversation data and says what changed. Pairs over the limit are refused by name.
pub(super) fn merge_data(work: &mut Work<'_>, pairs: Vec<(String, String)>) -> Vec<String> {
    let (mut changed, mut refused) = (JsonMap::new(), Vec::new());
    for (key, value) in pairs {
        if !work.c.data.contains_key(&key) && work.c.data.len() >= CONVERSATION_DATA_MAX {
            refused.push(key);
            continue;
        }
        if work.c.data.get(&key) != Some(&value) {
            changed.insert(key.clone(), json!(value));
            work.c.data.insert(key, value);
        }
    }
    if !refused.is_empty() {
        work.note(
            "data",
            format!("refused: {}", refused.join(", ")),
            format!("a conversation holds {CONVERSATION_DATA_MAX} pairs"),
        );
    }
    if !changed.is_empty() {
        let session = work.c.current_session().map(|s| s.id.clone());
        let who = emitter::controller();
        work.raise(EventName::ConversationDataChanged, who, session.as_deref(), Json::Object(changed));
    }
    refused
}

/// A reason of 1.7, which is what reports may say (section 6).
///
/// # Errors
/// It is none of them.
pub(super) fn known_reason(reason: &str) -> Result<&str, String> {
    if SESSION_REASONS.contains(&reason) {
        return Ok(reason);
    }
    Err(format!("{reason:?} is no reason to end a session; {} are", SESSION_REASONS.join(", ")))
}

/// Ends a session for a reason of 1.7. Ended already: nothing happens. `event` is CHANNEL_SESSION_ENDED or _EXPIRED.
pub(super) fn end(work: &mut Work<'_>, id: &str, reason: &str, who: Sender, event: &EventName) {
    let at = work.at;
    let Some(session) = work.c.session_mut(id).filter(|s| s.open()) else {
        work.note("session", "the session had ended before", "nothing to end");
        return;
    };
    session.state = SessionState::Ended;
    session.reason = reason.to_owned();
    session.ended_at = Some(at);
    session.sla = None;
    session.legs.clear();
    let session = session.clone();
    work.clear_timer(&format!("{}{id}", timers::GRACE));
    work.clear_timer(&format!("{}{id}", timers::CUSTOMER_SLA));
    work.out.directory.push(DirectoryWrite::SessionClose {
        channel: session.channel.clone(),
        identifier: session.identifier.clone(),
        conversation: work.c.id.clone(),
    });
    let row = report(&work.c.id, &session, at);
    work.out.reports.push(ReportRow::ChannelSession(row));
    work.note("session", format!("session on {} ENDED", session.channel), format!("reason {reason}"));
    let data = wire::session_by_id(work, id, true);
    if *event == EventName::ChannelSessionEnded {
        work.ended.push(id.to_owned());
    }
    work.raise(event.clone(), who, Some(id), data);
    if work.c.open_sessions() == 0 {
        super::seats::customer_left(work, id);
    } else if work.c.routed {
        super::requests::session_over(work, &session);
    }
}

fn report(conversation: &str, s: &Session, at: i64) -> ChannelSessionRow {
    let attributes = s.channel_data.get("additionalAttributes").and_then(Json::as_array);
    let web = attributes.into_iter().flatten().find(|a| a["key"] == "WebChannelData").map(|w| &w["value"]);
    let web_text = |path: &str| {
        let value = web.and_then(|w| w.pointer(path)).and_then(Json::as_str)?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    ChannelSessionRow {
        session_id: s.id.clone(),
        conversation_id: conversation.to_owned(),
        channel_id: s.channel.clone(),
        start_time: s.started_at,
        end_time: at,
        total_session_duration: (at - s.started_at) / 1000,
        disposition: s.reason.clone(),
        bot_activity_count: i64::from(s.counts[0]),
        agent_activity_count: i64::from(s.counts[1]),
        customer_activity_count: i64::from(s.counts[2]),
        device: web_text("/browserDeviceInfo/deviceType"),
        browser_type: web_text("/browserDeviceInfo/browserName"),
        country: web_text("/locale/country"),
        language: web_text("/locale/language"),
        channel_customer_identifier: Some(s.identifier.clone()),
        record_creation_time: at,
    }
}

/// Sends a message body to the customer on a session. Returns the message's id, or `None` when the session is over.
pub(super) fn deliver(work: &mut Work<'_>, session: &str, message: &Json) {
    let Some(key) = channel_key(work, session) else { return };
    let id = message["id"].as_str().unwrap_or_default().to_owned();
    work.out.publications.push(Publication::new(id, key, "cim-message", Wire::of(message)));
}

/// Routing key of a session's connector.
fn channel_key(work: &Work<'_>, session: &str) -> Option<String> {
    let channel = work.d.centre.channels.get(&work.c.session(session)?.channel)?;
    Some(format!("channel.{}.{}", channel.kind, channel.service_identifier))
}

/// Tells the connectors what 9.1 says they are told: the session's own connector for events of a session, all open
/// sessions otherwise.
pub(super) fn notify_connectors(work: &mut Work<'_>, event: &Happening, notice: NotificationType) {
    let of_session = event.name.as_str().starts_with("CHANNEL_SESSION");
    let sessions: Vec<String> = match &event.session {
        Some(session) if of_session => vec![session.clone()],
        _ => work.c.sessions.iter().filter(|s| s.open()).map(|s| s.id.clone()).collect(),
    };
    for session in sessions {
        let id = work.ids.fresh();
        let message = wire::notice(work, &id, &session, &notice, &event.data);
        deliver(work, &session, &message);
    }
}
