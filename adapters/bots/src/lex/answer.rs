//! What comes back: from an answer of Lex to responses of a bot (`domain.md` section 7).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_lexruntimev2::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextMut,
};
use aws_sdk_lexruntimev2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_lexruntimev2::error::BoxError;
use aws_smithy_types::body::SdkBody;
use convene_core::centre::Outcome;
use http_body_util::Limited;
use serde_json::{Map, Value, json};

use crate::ANSWER_BYTES_MAX;

/// Keeps the answer as Lex sent it.
///
/// Lex sends `null` for every slot that is not filled yet. The SDK (1.103.0) takes that for a broken answer, "dense
/// map cannot contain null values", so with its own reading no slot could ever be asked for. The same gap in
/// another service is aws-sdk-rust issue 1443. The SDK still signs, sends and judges errors; only the reading of a
/// good answer is ours.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Option<Value>>>);

impl fmt::Debug for Heard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The SDK may trace it, and the answer holds session attributes.
        formatter.debug_struct("Heard").finish_non_exhaustive()
    }
}

impl Heard {
    /// The answer, if it was a JSON object.
    pub(super) fn take(&self) -> Option<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Intercept for Heard {
    fn name(&self) -> &'static str {
        "Heard"
    }

    /// Nobody sends more than an answer may be long: what is longer is broken off where it is read.
    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        let body = response.take_body();
        *response.body_mut() = SdkBody::from_body_1_x(Limited::new(body, ANSWER_BYTES_MAX));
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response().body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = answer.filter(Value::is_object);
        Ok(())
    }
}

/// The responses, in order: one per message, the first with what Lex understood, then the action if a rule holds.
/// `sent` are the session attributes of the question.
pub(super) fn responses(answer: &Value, sent: &HashMap<String, String>, outcomes: &[Outcome]) -> Vec<Value> {
    let found = Found::read(answer);
    let mut bodies = answer["messages"].as_array().into_iter().flatten().flat_map(bodies);
    let mut first = found.item(sent);
    let body = bodies.next();
    let mut list = Vec::new();
    if body.is_some() || !first.is_empty() {
        first.insert("mode".to_owned(), Value::Null);
        first.extend(body.map(|body| ("body".to_owned(), body)));
        list.push(Value::Object(first));
    }
    list.extend(bodies.map(|body| json!({"mode": null, "body": body})));
    list.extend(outcomes.iter().find(|outcome| found.meets(outcome)).map(action));
    list
}

/// A response that only changes one entry of the conversation data.
pub(super) fn data_only(name: &str, value: &str) -> Value {
    json!({"mode": null, "data": {name: value}})
}

/// What Lex understood.
struct Found<'a> {
    /// The intent; null when there is none.
    intent: &'a Value,
    /// 0 to 1; null when Lex did not say.
    confidence: &'a Value,
    /// The session attributes after the turn; null when there are none.
    attributes: &'a Value,
}

impl<'a> Found<'a> {
    /// The intent is that of the session; when the session has none, that of the best interpretation.
    fn read(answer: &'a Value) -> Self {
        let state = &answer["sessionState"];
        let guesses = &answer["interpretations"];
        let named = |intent: &Value| filled(&intent["name"]).is_some();
        let intent = if named(&state["intent"]) { &state["intent"] } else { &guesses[0]["intent"] };
        let same = |guess: &&Value| named(intent) && guess["intent"]["name"] == intent["name"];
        let guess = guesses.as_array().into_iter().flatten().find(same).unwrap_or(&Value::Null);
        Found {
            intent,
            confidence: &guess["nluConfidence"]["score"],
            attributes: &state["sessionAttributes"],
        }
    }

    /// Intent, slots and changed attributes, each only when there is something to say.
    fn item(&self, sent: &HashMap<String, String>) -> Map<String, Value> {
        let mut item = Map::new();
        if let Some(name) = filled(&self.intent["name"]) {
            let mut intent = json!({"name": name});
            if self.confidence.is_number() {
                intent["confidence"] = self.confidence.clone();
            }
            item.insert("intent".to_owned(), intent);
        }
        let mut slots = Map::new();
        for (name, slot) in entries(&self.intent["slots"]) {
            fill(name, slot, &mut slots);
        }
        if !slots.is_empty() {
            item.insert("slots".to_owned(), Value::Object(slots));
        }
        let changed = |name: &String, value: &Value| {
            value.as_str().is_some_and(|value| sent.get(name).map(String::as_str) != Some(value))
        };
        let data: Map<String, Value> = entries(self.attributes)
            .filter(|(name, value)| changed(name, value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if !data.is_empty() {
            item.insert("data".to_owned(), Value::Object(data));
        }
        item
    }

    fn meets(&self, rule: &Outcome) -> bool {
        let holds = |value: &Value, wanted: &Option<String>| {
            wanted.as_deref().is_none_or(|wanted| value.as_str() == Some(wanted))
        };
        holds(&self.intent["name"], &rule.intent)
            && holds(&self.intent["state"], &rule.state)
            && rule.attribute.as_ref().is_none_or(|(name, wanted)| self.attributes[name] == wanted.as_str())
    }
}

/// The entries of an object; none of anything else.
fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// A text that is there and not empty.
fn filled(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// Adds a slot that is filled. The parts of a composite slot become `slot.part`.
fn fill(name: &str, slot: &Value, slots: &mut Map<String, Value>) {
    let listed: Vec<&str> = slot["values"].as_array().into_iter().flatten().filter_map(single).collect();
    let value = if listed.is_empty() { single(slot).map(str::to_owned) } else { Some(listed.join(", ")) };
    slots.extend(value.map(|value| (name.to_owned(), Value::String(value))));
    for (part, slot) in entries(&slot["subSlots"]) {
        fill(&format!("{name}.{part}"), slot, slots);
    }
}

/// The value of a slot as Lex reads it, else as the customer wrote it.
fn single(slot: &Value) -> Option<&str> {
    let value = &slot["value"];
    filled(&value["interpretedValue"]).or_else(|| filled(&value["originalValue"]))
}

/// The bodies of a message: none when it is empty, two when a card has a picture.
fn bodies(message: &Value) -> Vec<Value> {
    let kind = message["contentType"].as_str().unwrap_or_default();
    if kind == "ImageResponseCard" && message["imageResponseCard"].is_object() {
        return card_bodies(&message["imageResponseCard"]);
    }
    let Some(text) = message["content"].as_str().filter(|text| !text.trim().is_empty()) else {
        return Vec::new();
    };
    vec![match kind {
        "CustomPayload" => custom(text),
        "SSML" => plain(&spoken(text)),
        _ => plain(text),
    }]
}

fn plain(text: &str) -> Value {
    json!({"type": "PLAIN", "markdownText": text})
}

/// A payload that is a body is one; any other is shown as it is.
fn custom(text: &str) -> Value {
    let body = serde_json::from_str(text).ok();
    body.filter(|body: &Value| body["type"].is_string()).unwrap_or_else(|| plain(text))
}

/// A card: its picture, then its text with the buttons. Without buttons there is nothing to choose, only text.
fn card_bodies(card: &Value) -> Vec<Value> {
    let title = card["title"].as_str().unwrap_or_default();
    let picture = filled(&card["imageUrl"]).map(|url| {
        // Lex tells neither the type nor the size of the picture.
        let file = json!({"mediaUrl": url, "mimeType": "image/*", "size": 0});
        json!({"type": "IMAGE", "caption": title, "attachment": file})
    });
    let subtitle = filled(&card["subtitle"]);
    let text = subtitle.map_or_else(|| title.to_owned(), |subtitle| format!("{title}\n{subtitle}"));
    let buttons: Vec<Value> = card["buttons"].as_array().into_iter().flatten().filter_map(button).collect();
    let said = if buttons.is_empty() { plain(&text) } else { choice(title, &text, buttons) };
    picture.into_iter().chain([said]).collect()
}

fn button(button: &Value) -> Option<Value> {
    let (title, payload) = (button["text"].as_str()?, button["value"].as_str()?);
    Some(json!({"title": title, "payload": payload, "type": "String"}))
}

fn choice(title: &str, text: &str, buttons: Vec<Value>) -> Value {
    json!({
        "type": "BUTTON",
        "markdownText": text,
        "buttonMessageType": "QUICK_REPLIES",
        "buttons": buttons,
        "additionalDetails": {
            "interactive": {"type": "button", "button": "", "header": "", "body": title, "footer": ""},
        },
    })
}

/// The words of speech markup, without its tags.
fn spoken(markup: &str) -> String {
    let mut text = String::new();
    let mut rest = markup;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    // The ampersand last: `&amp;lt;` means `&lt;`.
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    let text = plain.iter().fold(text, |text, (coded, meant)| text.replace(coded, meant));
    text.trim().to_owned()
}

fn action(rule: &Outcome) -> Value {
    let mut body = json!({"type": "ACTION", "name": rule.action});
    if rule.data.is_object() {
        body["data"] = rule.data.clone();
    }
    json!({"mode": null, "body": body})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_markup_becomes_text() {
        assert_eq!(spoken("<speak>Salt &amp;lt; <break time=\"1s\"/>pepper</speak>"), "Salt &lt; pepper");
        assert_eq!(spoken("<speak>cut <brea"), "cut");
    }

    #[test]
    fn only_objects_with_a_type_are_bodies() {
        assert_eq!(custom(r#"{"type":"URL","mediaUrl":"u"}"#), json!({"type": "URL", "mediaUrl": "u"}));
        for text in [r#"{"kind":"URL"}"#, r#"["type"]"#, "type", r#"{"type":7}"#] {
            assert_eq!(custom(text), plain(text));
        }
    }
}
