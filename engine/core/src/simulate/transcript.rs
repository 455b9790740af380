//! Turns steps into a transcript a supervisor can read: ids get names, times count from the start, what the customer
//! reads stands out.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::world::{Fired, World};
use crate::conversation::handoff::in_words;
use crate::effect::{Publication, TraceLine, WHY};
use crate::model::Json;
use crate::report::ReportRow;
use crate::routing::OWNER;

/// How often the same decision of one step is written.
const REPEATS_MAX: usize = 3;
/// Longest line of event names.
const WIDTH: usize = 108;

/// Names for ids, in the order they first appear.
#[derive(Debug, Clone, Default)]
pub struct Names {
    known: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, usize>,
}

const ID_LENGTH: usize = 36;

impl Names {
    /// Gives an id a name, unless it has one.
    pub fn give(&mut self, id: &str, name: &str) {
        self.known.entry(id.to_owned()).or_insert_with(|| name.to_owned());
    }

    /// Gives an id the next number of its kind, such as `conversation 2`, unless it has a name.
    fn number(&mut self, id: &str, kind: &'static str) {
        if self.known.contains_key(id) {
            return;
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        self.known.insert(id.to_owned(), format!("{kind} {count}"));
    }

    /// Learns the ids of everything in a world.
    pub fn learn(&mut self, world: &World) {
        let mut conversations: Vec<_> = world.conversations.values().collect();
        conversations.sort_by_key(|c| c.created_at);
        for c in conversations {
            self.number(&c.id, "conversation");
            self.number(&c.room, "room");
            if let Some(id) = c.customer.id.as_deref().filter(|id| is_uuid(id)) {
                self.number(id, "profile");
            }
            for session in &c.sessions {
                self.give(&session.id, &format!("the {} session", session.channel));
            }
        }
        let mut tasks: Vec<_> = world.routing.tasks.values().collect();
        tasks.sort_by_key(|t| t.created_at);
        for task in tasks {
            self.number(&task.id, "task");
        }
    }

    /// Replaces every id in a text by its name; an unknown one becomes `id 1`, `id 2`, …
    #[must_use]
    pub fn tidy(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            match rest.get(..ID_LENGTH).filter(|id| is_uuid(id)) {
                Some(id) => {
                    self.number(id, "id");
                    out.push_str(self.known.get(id).map_or(id, String::as_str));
                    rest = &rest[ID_LENGTH..];
                }
                None => {
                    let step = rest.chars().next().map_or(1, char::len_utf8);
                    out.push_str(&rest[..step]);
                    rest = &rest[step..];
                }
            }
        }
        out
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == ID_LENGTH
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// A time from the start, such as `1m30s`.
pub(super) fn clock(ms: i64) -> String {
    let (minutes, rest) = (ms / 60_000, ms % 60_000);
    let mut seconds = format!("{}", rest / 1000);
    if rest % 1000 != 0 {
        let _ = write!(seconds, ".{:03}", rest % 1000);
    }
    match (minutes, rest) {
        (0, _) => format!("{seconds}s"),
        (60.., 1..) => format!(
            "{}h{}{seconds}s",
            minutes / 60,
            if minutes % 60 == 0 { String::new() } else { format!("{}m", minutes % 60) }
        ),
        (_, 0) if minutes % 60 == 0 => format!("{}h", minutes / 60),
        (_, 0) if minutes > 60 => format!("{}h{}m", minutes / 60, minutes % 60),
        (_, 0) => format!("{minutes}m"),
        _ => format!("{minutes}m{seconds}s"),
    }
}

/// Writes what follows from one thing that happened, in the order in which it was done.
pub(super) fn write(out: &mut String, fired: &[Fired], world: &World, names: &mut Names) {
    names.learn(world);
    let mut events: Vec<&str> = Vec::new();
    let mut told = None;
    for step in fired {
        if world.conversations.len() > 1 && step.key != OWNER && told != Some(&step.key) {
            told = Some(&step.key);
            let _ = writeln!(out, "        in {}", names.tidy(&step.key));
        }
        write_decisions(out, &step.trace, names);
        for publication in &step.publications {
            events.extend(publication.key.strip_prefix("event."));
            if let Some(line) = shown(publication) {
                let _ = writeln!(out, "      {}", names.tidy(&line));
            }
        }
        for call in &step.bot_calls {
            let kind = call.request["type"].as_str().unwrap_or_default();
            let said = call.request["message"].as_str().unwrap_or_default();
            let _ = writeln!(out, "      » bot {} is asked: {kind} {said:?}", call.bot);
        }
    }
    write_events(out, &events);
}

/// The decision log of a step. What a flow in a circle does again and again is written twice and then counted.
fn write_decisions(out: &mut String, trace: &[TraceLine], names: &mut Names) {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut hidden = 0;
    for line in trace.iter().filter(|line| !["event", "command", WHY].contains(&line.at.as_str())) {
        let times = seen.entry((&line.at, &line.what)).or_default();
        *times += 1;
        if *times > REPEATS_MAX {
            hidden += 1;
            continue;
        }
        if let Some(text) = decision(line) {
            let _ = writeln!(out, "        {:<26} {}", names.tidy(&line.at), names.tidy(&text));
        }
        // Who was chosen says why in one line; a wait is only understood with everybody who did not come.
        for verdict in line.candidates.iter().filter(|_| !line.what.starts_with("offered")) {
            let _ = writeln!(out, "        {:<26}   {}: {}", "", verdict.agent, names.tidy(&verdict.why));
        }
    }
    if hidden > 0 {
        let _ = writeln!(out, "        …                          {hidden} more lines of the same");
    }
}

/// A line of the decision log; `None` for one that decides nothing.
fn decision(line: &TraceLine) -> Option<String> {
    match (line.what.is_empty(), line.why.is_empty()) {
        (_, true) if line.what.starts_with("sets ") || line.what == "says something" => None,
        (_, true) => Some(line.what.clone()),
        (true, false) => Some(line.why.clone()),
        (false, false) => Some(format!("{} — {}", line.what, line.why)),
    }
}

fn write_events(out: &mut String, events: &[&str]) {
    let mut line = String::new();
    let mut lead = "        events                     ";
    for event in events.iter().filter(|e| !e.contains('.') && **e != "AGENT_STATE_CHANGED") {
        if lead.len() + line.len() + event.len() > WIDTH {
            let _ = writeln!(out, "{lead}{}", line.trim_end());
            line.clear();
            lead = "                                   ";
        }
        line.push_str(event);
        line.push(' ');
    }
    if !line.is_empty() {
        let _ = writeln!(out, "{lead}{}", line.trim_end());
    }
}

/// What people see of a publication: messages to the customer, and what an agent's desk shows.
fn shown(publication: &Publication) -> Option<String> {
    let body = &publication.body.json();
    if publication.key.starts_with("channel.") {
        if body["body"]["type"] == "NOTIFICATION" {
            return None;
        }
        let data = &body["header"]["channelData"];
        let who = data["channelCustomerIdentifier"].as_str().unwrap_or_default();
        return Some(format!("▶ {who} reads {}", message(body)));
    }
    if let Some(list) = publication.key.strip_prefix("event.LIST_REQUEST.") {
        return Some(format!("» list {list} shows the request"));
    }
    let agent = publication.key.strip_prefix("agent.")?;
    let text = match publication.kind.as_str() {
        "onCimEvent" => event_text(&body["cimEvent"])?,
        "taskRequest" => {
            let from = body["queue"]["name"].as_str().map_or("by name".into(), |q| format!("from queue {q}"));
            let why = in_words(&body["handoff"]).map_or_else(String::new, |words| format!(" — {words}"));
            format!("rings: {} {from}{why}", body["taskDirection"].as_str().unwrap_or_default())
        }
        "revokeTask" => "the offer is withdrawn".into(),
        "onTopicData" => "shows the conversation".into(),
        "wrapupTimerStarted" => "the wrap-up timer runs".into(),
        _ => return None,
    };
    Some(format!("» {agent}'s desk: {text}"))
}

fn event_text(event: &Json) -> Option<String> {
    let data = &event["data"];
    match event["name"].as_str().unwrap_or_default() {
        "CUSTOMER_MESSAGE" | "WHISPER_MESSAGE" | "NOTIFICATION" | "THIRD_PARTY_ACTIVITY" => {
            Some(message(data))
        }
        "BOT_SUGGESTION" => {
            let said = data["suggestions"][0]["messageBody"]["markdownText"].as_str().unwrap_or_default();
            Some(format!("a suggestion of the bot: {said:?}"))
        }
        _ => None,
    }
}

/// Who said what, in one line.
fn message(message: &Json) -> String {
    let body = &message["body"];
    let sender = &message["header"]["sender"];
    let customer = message["header"]["customer"]["firstName"].as_str();
    let who = match sender["senderName"].as_str() {
        Some("CONVERSATION_MONITOR") => "Controller",
        Some(name) => name,
        None => customer.unwrap_or("customer"),
    };
    let edited = if message["header"]["intent"] == "UPDATE" { " (edited)" } else { "" };
    let text = body["markdownText"].as_str().unwrap_or_default();
    match body["type"].as_str().unwrap_or_default() {
        "PLAIN" => format!("{who}{edited}: {text:?}"),
        "NOTIFICATION" => format!("notice: {text:?}"),
        "BUTTON" => {
            let buttons = body["buttons"].as_array();
            let titles: Vec<&str> =
                buttons.into_iter().flatten().filter_map(|b| b["title"].as_str()).collect();
            format!("{who}: {text:?} [{}]", titles.join("] ["))
        }
        other => format!("{who}: {other}"),
    }
}

/// A reporting row, in one line; `None` for one a supervisor does not miss here.
pub(super) fn report(row: &ReportRow) -> Option<String> {
    Some(match row {
        ReportRow::Conversation(r) => {
            format!("conversation  {}, {}", r.disposition, clock(r.conversation_duration * 1000))
        }
        ReportRow::ChannelSession(r) => format!(
            "session       {} on {}, messages: bot {}, agent {}, customer {}",
            r.disposition,
            r.channel_id,
            r.bot_activity_count,
            r.agent_activity_count,
            r.customer_activity_count
        ),
        ReportRow::AgentTask(r) => format!(
            "task          {} {} {}, waited {}, rang {}, wrapped up {}",
            r.task_disposition,
            r.task_direction,
            r.agent_id.as_deref().map_or("nobody".into(), |agent| format!("agent {agent}")),
            clock(r.task_queue_duration * 1000),
            clock(r.task_alert_duration * 1000),
            clock(r.wrapup_duration * 1000)
        ),
        ReportRow::WrapupDetail(r) => format!(
            "wrap-up       {}: {}",
            r.category_name.as_deref().unwrap_or("note"),
            r.wrapup_label.as_deref().or(r.notes.as_deref()).unwrap_or_default()
        ),
        ReportRow::ConversationData(r) => format!("data          {} = {:?}", r.key, r.value),
        ReportRow::ConversationHoldResume(r) => format!("hold          {}", r.conversation_state),
        ReportRow::ConversationParticipant(_)
        | ReportRow::AgentState(_)
        | ReportRow::AgentMrdState(_)
        | ReportRow::Queue(_) => {
            return None;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_like_durations_in_a_file() {
        let cases = [
            (0, "0s"),
            (1500, "1.500s"),
            (60_000, "1m"),
            (90_000, "1m30s"),
            (7_200_000, "2h"),
            (7_260_000, "2h1m"),
            (7_261_000, "2h1m1s"),
            (86_402_000, "24h2s"),
        ];
        for (ms, text) in cases {
            assert_eq!(clock(ms), text);
        }
    }

    #[test]
    fn ids_get_names_and_keep_them() {
        let mut names = Names::default();
        let (a, b) = ("6f1c50a3-77d4-4c1b-9b5e-2a0d93c841e7", "6f1c50a3-77d4-4c1b-9b5e-2a0d93c841e8");
        names.give(b, "task 7");
        assert_eq!(names.tidy(&format!("<{a}> {b} ä{a}")), "<id 1> task 7 äid 1");
    }
}
