//! Messages in files: everything that is wrong with them at once. The engine stops at the first fault of a message; whoever
//! mends a file wants them all.

mod place;

use serde_json::value::RawValue;

use crate::diagnostic::{Finding, Findings, codes};
use crate::model::{Body, CimEvent, CimMessage, Json, ReadError, Wire, WrongField, read_json};
use place::{Source, remove};

/// Most wrong fields that are told of one message.
const WRONG_FIELDS_MAX: usize = 100;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// CimMessages.
    Message,
    /// CimEvents.
    Event,
}

/// Looks at a file with one message or a list of them; gives how many there are. Whether the deployment has the channel that
/// a message names is not asked.
pub fn review(kind: Kind, file: &str, bytes: &[u8], findings: &mut Findings) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let source = Source { file, text: &text };
    let whole = text.trim();
    // Of bytes that are no text the reader says where.
    let list =
        serde_json::from_str::<Vec<&RawValue>>(whole).ok().filter(|_| std::str::from_utf8(bytes).is_ok());
    match list {
        Some(list) if list.is_empty() => {
            let message = "the list holds no message";
            findings.push(Finding::error(codes::NOT_AN_OBJECT, &source.place(whole), message));
            0
        }
        Some(list) => {
            list.iter().for_each(|part| one(kind, &source, part.get(), part.get().as_bytes(), findings));
            list.len()
        }
        None => {
            let part = if std::str::from_utf8(bytes).is_ok() { whole.as_bytes() } else { bytes };
            one(kind, &source, whole, part, findings);
            1
        }
    }
}

/// One message; `part` is where it stands in the text.
fn one(kind: Kind, source: &Source<'_>, part: &str, bytes: &[u8], findings: &mut Findings) {
    let json = match read_json(bytes) {
        Ok(json @ Json::Object(_)) => json,
        Ok(_) => {
            let message = "a message is a JSON object, as `{ … }`";
            return findings.push(Finding::error(codes::NOT_AN_OBJECT, &source.place(part), message));
        }
        Err(e) => return findings.push(unreadable(source, part, e)),
    };
    let mut look = Look { source, part, wrong: Vec::new(), findings };
    match kind {
        Kind::Message => {
            if let Some(message) = look.read::<CimMessage>(json) {
                look.message(&message);
            }
        }
        Kind::Event => {
            if let Some(event) = look.read::<CimEvent>(json)
                && event.name.as_str().is_empty()
            {
                look.missing("name", "it says what happened");
            }
        }
    }
}

/// Text that cannot be read at all.
fn unreadable(source: &Source<'_>, part: &str, e: ReadError) -> Finding {
    let code = match e.code {
        "too_large" => codes::MESSAGE_TOO_LARGE,
        "too_deep" => codes::MESSAGE_TOO_DEEP,
        "duplicate_key" => codes::MESSAGE_DUPLICATE_KEY,
        _ => codes::MESSAGE_MALFORMED,
    };
    let at = if e.path.is_empty() { String::new() } else { format!("`{}`: ", e.path) };
    Finding::error(code, &source.at(part, e.line, e.column), format!("{at}{}", e.detail))
}

/// A look at one message.
struct Look<'l> {
    source: &'l Source<'l>,
    part: &'l str,
    /// Paths of fields that are wrong: nothing is said to be missing there.
    wrong: Vec<String>,
    findings: &'l mut Findings,
}

impl Look<'_> {
    /// Reads the message without the fields that are wrong, each of which is told.
    fn read<T: Wire>(&mut self, mut json: Json) -> Option<T> {
        for _ in 0..WRONG_FIELDS_MAX {
            let WrongField { path, detail } = match T::from_json(json.clone()) {
                Ok(read) => return Some(read),
                Err(wrong) => wrong,
            };
            self.push(codes::WRONG_FIELD, &path, format!("`{path}`: {detail}"));
            if !remove(&mut json, &path) {
                return None;
            }
            self.wrong.push(path);
        }
        None
    }

    /// What the engine needs of a connector's message.
    fn message(&mut self, message: &CimMessage) {
        for fault in message.body.as_ref().map(Body::check).unwrap_or_default() {
            let (path, what) = fault.split_once(": ").unwrap_or((&fault, ""));
            if !self.spoiled(path) {
                self.push(codes::INVALID_BODY, path, format!("`{path}` {what}"));
            }
        }
        let data = message.header.channel_data.as_ref();
        let set = |text: Option<&String>| text.is_some_and(|text| !text.is_empty());
        match data {
            None => self.missing("header.channelData", "it names the channel and the customer"),
            Some(data) => {
                if !set(data.service_identifier.as_ref()) {
                    self.missing("header.channelData.serviceIdentifier", "it names the channel");
                }
                if !set(data.channel_customer_identifier.as_ref()) {
                    self.missing("header.channelData.channelCustomerIdentifier", "it names the customer");
                }
            }
        }
        if message.body.is_none() && message.intent().is_none() && !self.spoiled("header.intent") {
            self.missing("body", "a message has a body, or an intent in its header");
        }
    }

    /// Whether a field is wrong, or something around it or in it.
    fn spoiled(&self, path: &str) -> bool {
        let within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.wrong.iter().any(|wrong| within(wrong, path) || within(path, wrong))
    }

    fn missing(&mut self, path: &str, what_for: &str) {
        if !self.spoiled(path) {
            self.push(codes::MISSING_FIELD, path, format!("`{path}` is missing: {what_for}"));
        }
    }

    fn push(&mut self, code: &'static str, path: &str, message: String) {
        let place = self.source.of(self.part, path);
        self.findings.push(Finding::error(code, &place, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: Kind, text: &[u8]) -> Vec<(u32, u32, u32, String)> {
        let mut findings = Findings::new();
        review(kind, "m.json", text, &mut findings);
        findings.iter().map(|f| (f.place.line, f.place.column, f.place.length, f.message.clone())).collect()
    }

    #[test]
    fn every_fault_of_every_message_is_told_with_its_place() {
        let text = br#"[
  {
    "id": 5,
    "header": { "sender": "nina", "channelData": { "channelCustomerIdentifier": "" } },
    "body": { "type": "URL" }
  },
  {},
  [1]
]"#;
        let expected = [
            (3, 11, 1, "`id`: expected a string, found 5"),
            (4, 27, 6, "`header.sender`: expected an object, found a text"),
            (4, 50, 1, "`header.channelData.serviceIdentifier` is missing: it names the channel"),
            (4, 81, 2, "`header.channelData.channelCustomerIdentifier` is missing: it names the customer"),
            (5, 13, 1, "`body.mediaUrl` is required"),
            (7, 3, 2, "`body` is missing: a message has a body, or an intent in its header"),
            (7, 3, 2, "`header.channelData` is missing: it names the channel and the customer"),
            (8, 3, 3, "a message is a JSON object, as `{ … }`"),
        ];
        let expected: Vec<_> =
            expected.iter().map(|(l, c, n, text)| (*l, *c, *n, (*text).to_owned())).collect();
        assert_eq!(found(Kind::Message, text), expected);
    }

    #[test]
    fn what_cannot_be_read_is_told_at_its_place_in_the_file() {
        let malformed = found(Kind::Message, b"[{},\n {\"a\": }]");
        assert_eq!((malformed.len(), malformed[0].0), (1, 2), "{malformed:?}");
        let twice = found(Kind::Event, b"[ {\"name\":\"A\"},\n  {\"id\":\"\xc3\xa4\",\"id\":\"b\"} ]");
        assert_eq!((twice[0].0, twice[0].3.as_str()), (2, "`id`: this key appears twice in its object"));
        let latin = found(Kind::Message, b"{\n\"id\": \"\xe4\"}");
        assert_eq!((latin[0].0, latin[0].1), (2, 8), "{latin:?}");
        assert_eq!(found(Kind::Event, b"{}")[0].3, "`name` is missing: it says what happened");
        assert_eq!(found(Kind::Message, b"[]")[0].3, "the list holds no message");
        assert!(
            !found(Kind::Message, b"").is_empty()
                && !found(Kind::Message, "[".repeat(100_000).as_bytes()).is_empty()
        );
    }
}
