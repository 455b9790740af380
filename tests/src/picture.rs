//! What a run came to: every table, and everything published, without the times. Two runs of the same inputs are equal
//! by it however often the engine died in one of them, since ids are derived from inputs.

use std::collections::{BTreeMap, BTreeSet};

use crate::amqp::Mailbox;
use crate::truth::Truth;

/// Tables and the columns that two runs have in common: no times, no durations, no row numbers.
const TABLES: &[(&str, &[&str])] = &[
    (
        "conversation_state",
        &[
            "key",
            "version",
            "partition",
            "case when open then 1 else 0 end",
            "name",
            "customer",
            "room",
            "body",
        ],
    ),
    ("routing_head", &["version"]),
    ("routing_record", &["key", "body"]),
    (
        "journal",
        &[
            "key",
            "version",
            "format",
            "input_id",
            "kind",
            "deployment",
            "trace",
            "case when publishes then 1 else 0 end",
        ],
    ),
    ("journal_content", &["key", "version", "input", "output"]),
    ("seen", &["id"]),
    ("timer", &["owner", "name", "partition", "id"]),
    ("hop", &["id"]),
    ("outbox", &["partition", "pointers"]),
    ("bot_call", &["id"]),
    ("dead_letter", &["id", "reason", "detail", "length(payload)"]),
    ("customer", &["id", "body"]),
    ("identity", &["attribute", "identifier", "customer"]),
    (
        "room",
        &[
            "id",
            "customer",
            "live_conversation",
            "live_home",
            "previous_conversation",
            "previous_queue",
            "previous_agent",
        ],
    ),
    ("live_session", &["channel", "identifier", "conversation", "home"]),
    (
        "conversation",
        &[
            "conversation_id",
            "room_id",
            "customer_id",
            "customer_name",
            "bot_id",
            "task_state",
            "reason_code",
            "disposition",
            "direction",
        ],
    ),
    (
        "channel_session",
        &[
            "session_id",
            "conversation_id",
            "channel_id",
            "disposition",
            "bot_activity_count",
            "agent_activity_count",
            "customer_activity_count",
            "channel_customer_identifier",
        ],
    ),
    ("conversation_participant", &["id", "participant_id", "conversation_id", "participant_role"]),
    ("conversation_data", &["conversation_id", "key", "value"]),
    (
        "agent_task",
        &[
            "agent_task_id",
            "conversation_id",
            "agent_id",
            "queue_id",
            "task_disposition",
            "mrd_id",
            "task_direction",
            "task_mode",
            "routing_mode",
            "channel_session_id",
        ],
    ),
    ("wrapup_detail", &["conversation_id", "ordinal", "wrapup_label", "category_name", "agent_id", "notes"]),
    ("conversation_hold_resume", &["conversation_id", "conversation_state", "agent_id"]),
];

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture(BTreeMap<String, BTreeSet<String>>);

impl Picture {
    /// Takes the picture. The engine should be at rest.
    pub async fn of(truth: &Truth, mailbox: Option<&Mailbox>) -> Self {
        let mut parts = BTreeMap::new();
        for (table, columns) in TABLES {
            // How long work took is no part of the picture: it differs with every run.
            let rest = if *table == "routing_record" { "where key not like 'queue:%'" } else { "" };
            let rows = truth.rows(table, columns, rest).await;
            let lines: BTreeSet<String> =
                rows.iter().map(|row| without_times(&serde_json::to_string(row).unwrap())).collect();
            assert_eq!(lines.len(), rows.len(), "two rows of {table} differ by their times alone");
            parts.insert((*table).to_owned(), lines);
        }
        if let Some(mailbox) = mailbox {
            let heard = mailbox.heard().into_iter().map(|heard| {
                let reason = heard.headers.get("x-reason").cloned().unwrap_or_default();
                let body = String::from_utf8_lossy(&heard.raw).into_owned();
                without_times(&format!("{} {} {} {reason} {body}", heard.id, heard.key, heard.kind))
            });
            parts.insert("published".into(), heard.collect());
        }
        Self(parts)
    }

    /// Rows of a table, or `published`.
    ///
    /// # Panics
    /// There is no such part.
    #[must_use]
    pub fn part(&self, name: &str) -> &BTreeSet<String> {
        &self.0[name]
    }

    /// Leaves a part out.
    pub fn forget(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// What only one of two has, a few lines of each part, around the place where they part.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        const SHOWN: usize = 4;
        let mut found = Vec::new();
        for (part, mine) in &self.0 {
            let Some(theirs) = other.0.get(part) else { continue };
            let missing: Vec<&String> = mine.difference(theirs).collect();
            let surplus: Vec<&String> = theirs.difference(mine).collect();
            for (lines, others, sign) in [(&missing, &surplus, '-'), (&surplus, &missing, '+')] {
                let shown = lines.iter().take(SHOWN).map(|line| around_the_difference(line, others));
                found.extend(shown.map(|line| format!("{sign} {part} {line}")));
                if lines.len() > SHOWN {
                    found.push(format!("{sign} {part} and {} more", lines.len() - SHOWN));
                }
            }
        }
        found
    }

    /// # Panics
    /// They are not equal; the differences are shown.
    pub fn must_equal(&self, other: &Self, what: &str) {
        let found = self.differences(other);
        assert!(found.is_empty(), "{what}: not as it should be (- expected, + found)\n{}", found.join("\n"));
    }
}

/// The beginning of a line, and what stands around the place where it parts from the most similar of others.
fn around_the_difference(line: &str, others: &[&String]) -> String {
    const BEGINNING: usize = 100;
    const BEFORE: usize = 80;
    const AFTER: usize = 240;
    let common = |other: &&String| line.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let parts = others.iter().map(common).max().unwrap_or(0);
    let cut = |at: usize| line.floor_char_boundary(at.min(line.len()));
    let (from, to) = (cut(parts.saturating_sub(BEFORE)), cut(parts + AFTER));
    if from <= BEGINNING {
        return line[..to].to_owned();
    }
    format!("{} … {}", &line[..cut(BEGINNING)], &line[from..to])
}

/// A text in which every time is the same: numbers of 13 digits (epoch ms), and ISO times.
#[must_use]
pub fn without_times(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut clean = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 13 {
            clean.push_str("<ms>");
            at += 13;
        } else if digits == 4 && iso_length(&bytes[at..]) > 0 {
            clean.push_str("<iso>");
            at += iso_length(&bytes[at..]);
        } else {
            let end = at + digits.max(1);
            let end = (end..=bytes.len()).find(|e| text.is_char_boundary(*e)).unwrap_or(bytes.len());
            clean.push_str(&text[at..end]);
            at = end;
        }
    }
    clean
}

/// Length of an ISO time such as `2026-01-31T09:00:00.000Z` at the start; 0 when there is none.
fn iso_length(bytes: &[u8]) -> usize {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let fits = bytes.len() >= SHAPE.len()
        && bytes.iter().zip(SHAPE).all(|(b, s)| if *s == b'0' { b.is_ascii_digit() } else { b == s });
    if !fits {
        return 0;
    }
    let rest = bytes[SHAPE.len()..].iter().take_while(|b| b.is_ascii_digit() || b".Z+".contains(b)).count();
    SHAPE.len() + rest
}

#[cfg(test)]
mod tests {
    use super::without_times;

    #[test]
    fn times_are_taken_out_and_everything_else_stays() {
        assert_eq!(without_times(r#"{"due":1767225600123,"n":12}"#), r#"{"due":<ms>,"n":12}"#);
        assert_eq!(without_times("at 2026-01-31T09:00:00.123Z, ä 2026"), "at <iso>, ä 2026");
        assert_eq!(without_times("12345678901234 kept"), "12345678901234 kept");
    }
}
