//! What is asked: from the question of the controller to what Lex is sent.

use std::collections::HashMap;

use aws_sdk_lexruntimev2::types::{DialogAction, DialogActionType, SessionState};
use serde_json::Value;

use crate::pressed;
use convene_runtime::ports::bots::Failure;

/// Longest text Lex reads, in characters.
const TEXT_MAX: usize = 1024;
/// Lengths a session id may have, in characters.
const SESSION_MIN: usize = 2;
const SESSION_MAX: usize = 100;

/// What has to be done.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// Send this text.
    Say(String),
    /// Write this attribute with this value into the session.
    Mark(&'static str, String),
    /// Delete the session.
    Forget,
    /// The bot need not know.
    Nothing,
}

/// A question, read.
#[derive(Debug)]
pub(super) struct Question {
    /// Id of the session at Lex.
    pub(super) session: String,
    /// Id of the conversation as the controller knows it.
    conversation: String,
    /// `PRIMARY` or `ASSISTANT`.
    role: Option<String>,
    /// The conversation data.
    pub(super) data: HashMap<String, String>,
    /// What has to be done.
    pub(super) step: Step,
}

impl Question {
    /// Reads a question. Fails when it names no conversation.
    pub(super) fn read(request: &Value) -> Result<Self, Failure> {
        let Some(conversation) = text_at(request, "/conversation") else {
            return Err(not_asked("the question names no conversation"));
        };
        Ok(Question {
            session: session_id(conversation),
            conversation: conversation.to_owned(),
            role: text_at(request, "/role").map(str::to_owned),
            data: read_data(&request["data"]),
            step: read_step(request),
        })
    }

    /// The session state that goes with a text: the conversation data as session attributes and nothing else.
    ///
    /// Every field of the state is optional (Lex V2 API, `SessionState`). What happens to one that is left out is
    /// not written there, but AWS's own web client (`aws-lex-web-ui`, `postText`) sends only `sessionAttributes`
    /// with every turn and fills slots over many turns. So the dialogue stays.
    ///
    /// The attributes themselves are replaced as a whole (Lex V2 guide, "Setting session attributes"): those not
    /// given are deleted, and an empty map deletes all of them. Therefore all data go along each time, which hold
    /// what the bot set since its changes come back as `data`; and without data no state is sent at all.
    pub(super) fn session_state(&self) -> Option<SessionState> {
        if self.data.is_empty() {
            return None;
        }
        Some(SessionState::builder().set_session_attributes(Some(self.data.clone())).build())
    }

    /// The session state that also sets one attribute and waits for a new request of the customer.
    pub(super) fn marked_state(&self, name: &str, value: &str) -> Result<SessionState, Failure> {
        let action = DialogAction::builder().r#type(DialogActionType::ElicitIntent).build();
        let action = action.map_err(|_| not_asked("the dialog action cannot be built"))?;
        let mut attributes = self.data.clone();
        attributes.insert(name.to_owned(), value.to_owned());
        Ok(SessionState::builder().dialog_action(action).set_session_attributes(Some(attributes)).build())
    }

    /// What holds for this request only. Names beginning with `x-amz-lex:` belong to Lex.
    pub(super) fn request_attributes(&self) -> HashMap<String, String> {
        let mut attributes = HashMap::new();
        attributes.insert("x-convene-conversation".to_owned(), self.conversation.clone());
        if let Some(role) = &self.role {
            attributes.insert("x-convene-role".to_owned(), role.clone());
        }
        attributes
    }

    /// Texts that must not show up in an error.
    pub(super) fn private_texts(&self) -> Vec<&str> {
        let said = match &self.step {
            Step::Say(text) => Some(text.as_str()),
            _ => None,
        };
        self.data.values().map(String::as_str).chain(said).collect()
    }
}

/// The session id of a conversation: Lex allows `[0-9a-zA-Z._:-]{2,100}`.
///
/// Ids of the controller are UUIDs and stay as they are. Two foreign ids that differ only in what Lex does not
/// allow, or after the hundredth character, would share a session.
pub(super) fn session_id(conversation: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
    let mut id: String =
        conversation.chars().take(SESSION_MAX).map(|c| if allowed(c) { c } else { '-' }).collect();
    while id.len() < SESSION_MIN {
        id.push('-');
    }
    id
}

fn read_step(request: &Value) -> Step {
    match text_at(request, "/type") {
        Some("message") => said(request).map_or(Step::Nothing, Step::Say),
        Some("intent") => match text_at(request, "/message") {
            Some(event @ "CHANNEL_SESSION_STARTED") => Step::Mark("convene_event", event.to_owned()),
            Some("HANDED_BACK") => Step::Mark("handed_back", "true".to_owned()),
            Some("END_CONVERSATION") => Step::Forget,
            _ => Step::Nothing,
        },
        _ => Step::Nothing,
    }
}

/// The text for Lex: the payload of a pressed button, else what the customer wrote. Lex takes no empty text.
fn said(request: &Value) -> Option<String> {
    let text = pressed(request).or_else(|| text_at(request, "/message"))?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.chars().take(TEXT_MAX).collect())
}

/// Conversation data as text. What is not a text is sent as JSON; nothing at all and nameless data are left out.
fn read_data(data: &Value) -> HashMap<String, String> {
    let Some(data) = data.as_object() else { return HashMap::new() };
    let entries = data.iter().filter(|(name, value)| !name.is_empty() && !value.is_null());
    entries
        .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect()
}

/// A text that is there and not empty.
fn text_at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

fn not_asked(reason: &str) -> Failure {
    Failure { reason: reason.to_owned(), again: false, after_ms: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn step(request: &Value) -> Step {
        Question::read(request).expect("a question").step
    }

    #[test]
    fn session_ids_are_those_lex_allows() {
        let uuid = "0b5e7c9e-6f0a-4a55-9a2e-3f6b7c8d9e0f";
        assert_eq!(session_id(uuid), uuid);
        assert_eq!(session_id("a/b c:ü._"), "a-b-c:-._");
        assert_eq!(session_id("x"), "x-");
        assert_eq!(session_id(&"é".repeat(300)), "-".repeat(100));
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        let request = json!({"conversation": "c1", "type": "message", "message": "ä€😀".repeat(500)});
        let Step::Say(text) = step(&request) else { unreachable!("a text") };
        assert_eq!(text.chars().count(), 1024);
        assert!("ä€😀".repeat(500).starts_with(&text));
    }

    #[test]
    fn a_pressed_button_sends_its_payload() {
        let press = |intent: &str, of: Value| {
            step(&json!({"conversation": "c1", "type": "message", "message": "Sales",
                "metadata": {"header": {"intent": intent, "originalMessageId": of}}}))
        };
        assert_eq!(press("to_sales", json!("m1")), Step::Say("to_sales".to_owned()));
        assert_eq!(press("to_sales", Value::Null), Step::Say("Sales".to_owned()));
        assert_eq!(press("REPLY_TO", json!("m1")), Step::Say("Sales".to_owned()));
        assert_eq!(press("", json!("m1")), Step::Say("Sales".to_owned()));
    }

    #[test]
    fn only_three_events_reach_lex() {
        let event = |name: &str| step(&json!({"conversation": "c1", "type": "intent", "message": name}));
        assert_eq!(
            event("CHANNEL_SESSION_STARTED"),
            Step::Mark("convene_event", "CHANNEL_SESSION_STARTED".into())
        );
        assert_eq!(event("HANDED_BACK"), Step::Mark("handed_back", "true".into()));
        assert_eq!(event("END_CONVERSATION"), Step::Forget);
        assert_eq!(event("AGENT_SUBSCRIBED"), Step::Nothing);
        assert_eq!(step(&json!({"conversation": "c1", "type": "message", "message": "  "})), Step::Nothing);
        assert!(Question::read(&json!({"type": "message", "message": "Hi"})).is_err());
    }

    #[test]
    fn data_are_texts_and_empty_data_send_no_state() {
        let read = |data: Value| {
            Question::read(&json!({"conversation": "c1", "type": "message", "message": "Hi", "data": data}))
                .expect("a question")
        };
        let question = read(json!({"a": "1", "n": 2, "none": null, "": "x"}));
        let expected = [("a", "1"), ("n", "2")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(question.data, HashMap::from(expected));
        assert!(question.session_state().is_some_and(|state| state.dialog_action().is_none()));
        assert!(read(json!({})).session_state().is_none());
    }
}
