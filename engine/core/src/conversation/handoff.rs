//! What the next participant needs to know: the packet a bot hands to an agent, an agent to the next one, and an agent back
//! to the bot. It has one shape whoever had the conversation before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::lines::{Line, Lines, cut};
use super::state::Conversation;
use super::work::{Happening, Work};
use crate::model::{EventName, Json, SenderType, emitter};

/// Most characters that are kept of a reason or a summary.
const WORDS_CHARS_MAX: usize = 300;
/// Most intents that are kept, the latest.
const INTENTS_MAX: usize = 10;
/// Most slots that are kept, and most characters of a value.
const SLOTS_MAX: usize = 30;
const VALUE_CHARS_MAX: usize = 300;

/// What was said and understood so far.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Story {
    /// The latest lines.
    #[serde(default, skip_serializing_if = "Lines::is_empty")]
    pub lines: Lines,
    /// What bots understood, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intents: Vec<Understood>,
    /// What bots asked for and learned.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub slots: BTreeMap<String, String>,
    /// How often a bot did not answer or was not there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed: u32,
    /// Why it is handed over.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// In the words of the flow or the bot.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// How often each bot answered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub turns: BTreeMap<String, u32>,
}

// `serde` hands over a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Story {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a bot understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Understood {
    /// The intent.
    pub name: String,
    /// 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
}

/// Keeps what an event says of the story.
pub(super) fn heard(work: &mut Work<'_>, event: &Happening) {
    let failure = match event.name {
        EventName::BotTimeout => "did not answer in time",
        EventName::BotNotAvailable => "is not available",
        EventName::CustomerMessage | EventName::BotMessage | EventName::AgentMessage => {
            return said(work, event);
        }
        _ => return,
    };
    let bot = event.emitter.sender_name.clone().unwrap_or_default();
    work.c.story.failed += 1;
    work.c.story.reason = format!("bot {bot} {failure}");
}

fn said(work: &mut Work<'_>, event: &Happening) {
    let body = &event.data["body"];
    let text = match body["markdownText"].as_str().filter(|t| !t.is_empty()) {
        Some(text) => text.to_owned(),
        None => format!("[{}]", body["type"].as_str().unwrap_or("PLAIN")),
    };
    let from = match (&event.name, &event.emitter.kind) {
        (EventName::CustomerMessage, _) => "CUSTOMER",
        (EventName::AgentMessage, _) | (_, Some(SenderType::Agent)) => "AGENT",
        _ if event.emitter.id.as_deref() == Some(emitter::CONTROLLER_ID) => "CONTROLLER",
        _ => "BOT",
    };
    let name = match from {
        "CUSTOMER" | "CONTROLLER" => String::new(),
        _ => event.emitter.sender_name.clone().unwrap_or_default(),
    };
    work.c.story.lines.push(&Line { from: from.to_owned(), name, text, at: work.at });
}

/// What a response or an order of a bot says it understood: `intent`, `slots`, and for an order `reason` and `summary`.
pub(super) fn learn(work: &mut Work<'_>, told: &Json) {
    let story = &mut work.c.story;
    let intent = &told["intent"];
    if let Some(name) = intent.as_str().or_else(|| intent["name"].as_str()).filter(|n| !n.is_empty()) {
        let confidence = intent["confidence"].as_f64().filter(|c| (0.0..=1.0).contains(c));
        let name = cut(name, VALUE_CHARS_MAX);
        // Said again, it is the same intent: some bots repeat it with every answer.
        if story.intents.last().is_some_and(|last| last.name == name) {
            story.intents.pop();
        }
        story.intents.push(Understood { name, confidence });
        if story.intents.len() > INTENTS_MAX {
            story.intents.remove(0);
        }
    }
    for (name, value) in told["slots"].as_object().into_iter().flatten() {
        let value = match value {
            Json::Null => {
                story.slots.remove(name);
                continue;
            }
            Json::String(text) => cut(text, VALUE_CHARS_MAX),
            other => cut(&other.to_string(), VALUE_CHARS_MAX),
        };
        if story.slots.len() < SLOTS_MAX || story.slots.contains_key(name) {
            story.slots.insert(cut(name, VALUE_CHARS_MAX), value);
        }
    }
    for (key, place) in [("reason", &mut story.reason), ("summary", &mut story.summary)] {
        if let Some(text) = told[key].as_str().filter(|t| !t.is_empty()) {
            *place = cut(text, WORDS_CHARS_MAX);
        }
    }
}

/// An agent asks for another one: that is the reason now, and what they wrote is the summary.
pub(super) fn asked_by_agent(work: &mut Work<'_>, by: &str, direction: &str, note: Option<&str>) {
    let wish = match direction {
        "DIRECT_TRANSFER" => "hands over",
        "CONSULT" => "asks for advice",
        _ => "asks for company",
    };
    let story = &mut work.c.story;
    story.reason = format!("{by} {wish}");
    story.summary = cut(note.unwrap_or_default(), WORDS_CHARS_MAX);
}

/// The packet, for whoever comes next. `from` is who has the conversation now.
#[must_use]
pub fn packet(c: &Conversation) -> Json {
    let story = &c.story;
    let agent = c.agents().next();
    let seat = agent.or_else(|| c.bot_seat());
    let kind = if agent.is_some() { "AGENT" } else { "BOT" };
    let lines: Vec<Json> = story
        .lines
        .all()
        .into_iter()
        .map(|l| json!({ "from": l.from, "name": l.name, "text": l.text, "at": l.at }))
        .collect();
    json!({
        "from": seat.map(|s| json!({ "type": kind, "name": s.who })),
        "reason": story.reason,
        "summary": story.summary,
        "intents": story.intents,
        "slots": story.slots,
        "failedAttempts": story.failed,
        "data": c.data,
        "transcript": lines,
    })
}

/// A packet in one line of words; `None` when it tells nothing but what was said.
#[must_use]
pub fn in_words(packet: &Json) -> Option<String> {
    let text = |key: &str| packet[key].as_str().filter(|t| !t.is_empty()).map(str::to_owned);
    let mut parts: Vec<String> = ["reason", "summary"].iter().filter_map(|key| text(key)).collect();
    if let Some(intent) = packet["intents"].as_array().and_then(|i| i.last()) {
        let sure =
            intent["confidence"].as_f64().map_or_else(String::new, |c| format!(" ({:.0} %)", c * 100.0));
        parts.push(format!("wants {}{sure}", intent["name"].as_str().unwrap_or_default()));
    }
    let slots = packet["slots"].as_object().into_iter().flatten();
    parts.extend(slots.map(|(name, value)| format!("{name} = {}", value.as_str().unwrap_or_default())));
    (!parts.is_empty()).then(|| parts.join(" · "))
}
