//! Turns steps into a transcript a supervisor can read: ids get names, times count from the start.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::world::Fired;
use crate::effect::Publication;
use crate::model::Json;

/// Names for ids, in the order they first appear.
#[derive(Debug, Clone, Default)]
pub struct Names {
    known: BTreeMap<String, String>,
}

const ID_LENGTH: usize = 36;

impl Names {
    /// Gives an id a name.
    pub fn give(&mut self, id: &str, name: &str) {
        self.known.insert(id.to_owned(), name.to_owned());
    }

    /// Replaces every id in a text by its name; an unknown one becomes `#1`, `#2`, …
    #[must_use]
    pub fn tidy(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            match rest.get(..ID_LENGTH).filter(|id| is_uuid(id)) {
                Some(id) => {
                    let next = self.known.len() + 1;
                    let name = self.known.entry(id.to_owned()).or_insert_with(|| format!("#{next}"));
                    out.push_str(name);
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
    text.bytes().enumerate().all(|(i, b)| match i {
        8 | 13 | 18 | 23 => b == b'-',
        _ => b.is_ascii_hexdigit(),
    })
}

/// Writes one step.
pub(super) fn write(out: &mut String, fired: &Fired, names: &mut Names) {
    for line in &fired.trace {
        let text = match (line.what.is_empty(), line.why.is_empty()) {
            (_, true) => line.what.clone(),
            (true, false) => line.why.clone(),
            (false, false) => format!("{} — {}", line.what, line.why),
        };
        let _ = writeln!(out, "       {:<28} {}", names.tidy(&line.at), names.tidy(&text));
    }
    for publication in &fired.publications {
        if let Some(line) = shown(publication) {
            let _ = writeln!(out, "     → {}", names.tidy(&line));
        }
    }
    for call in &fired.bot_calls {
        let what = call.request["message"].as_str().unwrap_or_default();
        let _ = writeln!(
            out,
            "     → bot {}: {} {what:?}",
            call.bot,
            call.request["type"].as_str().unwrap_or_default()
        );
    }
}

/// What people see of a publication: messages to the customer, and what an agent's desk shows.
fn shown(publication: &Publication) -> Option<String> {
    let body = &publication.body;
    if publication.key.starts_with("channel.") {
        let text = message(body);
        return Some(format!("{}: {text}", publication.key));
    }
    let agent = publication.key.strip_prefix("agent.")?;
    match publication.kind.as_str() {
        "onCimEvent" => {
            let event = &body["cimEvent"];
            let name = event["name"].as_str().unwrap_or_default();
            let told =
                ["CUSTOMER_MESSAGE", "BOT_SUGGESTION", "WHISPER_MESSAGE", "NOTIFICATION"].contains(&name);
            told.then(|| format!("agent {agent}: {}", event_text(event)))
        }
        "taskRequest" => {
            Some(format!("agent {agent}: offer {}", body["taskDirection"].as_str().unwrap_or_default()))
        }
        "agentPresence" => None,
        other => Some(format!("agent {agent}: {other}")),
    }
}

fn event_text(event: &Json) -> String {
    let name = event["name"].as_str().unwrap_or_default();
    let data = &event["data"];
    match name {
        "BOT_SUGGESTION" => {
            let said = data["suggestions"][0]["messageBody"]["markdownText"].as_str().unwrap_or_default();
            format!("suggestion {said:?}")
        }
        _ => format!("{name} {}", message(data)),
    }
}

/// Who said what, in one line.
fn message(message: &Json) -> String {
    let body = &message["body"];
    let who = message["header"]["sender"]["senderName"].as_str().unwrap_or("?");
    let text = body["markdownText"].as_str().unwrap_or_default();
    match body["type"].as_str().unwrap_or_default() {
        "PLAIN" => format!("{who} says {text:?}"),
        "NOTIFICATION" if text.is_empty() => {
            format!("notice {}", body["notificationType"].as_str().unwrap_or_default())
        }
        "NOTIFICATION" => format!("notice {text:?}"),
        "BUTTON" => {
            let titles: Vec<&str> = body["buttons"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|b| b["title"].as_str())
                .collect();
            format!("{who} says {text:?} [{}]", titles.join("] ["))
        }
        other => format!("{who} sends {other}"),
    }
}
