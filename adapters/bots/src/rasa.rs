//! Rasa by its REST channel (`domain.md` section 7, U40): `{sender, message, metadata}` out, a list of messages back.

use convene_core::model::Json;
use convene_runtime::ports::bots::{Failure, Question};
use reqwest::header::HeaderMap;
use serde_json::json;

use crate::http::{Answer, Http};
use crate::{Told, failure, pressed};

/// What begins an intent instead of words.
const INTENT: char = '/';
/// A space without width: what follows is no intent.
const WORDS: char = '\u{200b}';

pub(crate) async fn ask(http: &Http, question: Question<'_>) -> Result<Told, Failure> {
    let body = request(&question.call.request).to_string().into_bytes();
    let answer = http.post(question, body, HeaderMap::new()).await?;
    Ok(Told::Now(messages(&answer)?.iter().flat_map(responses).collect()))
}

/// The question as Rasa wants it: words, the payload of a pressed button, or a system intent as `/NAME{json}`.
fn request(request: &Json) -> Json {
    let said = request["message"].as_str().unwrap_or_default();
    let message = if request["type"] == "intent" {
        let entities = Some(&request["entities"]).filter(|e| e.is_object());
        format!("{INTENT}{said}{}", entities.map_or_else(String::new, Json::to_string))
    } else if let Some(payload) = pressed(request) {
        payload.to_owned()
    } else if said.trim_start().starts_with(INTENT) {
        // Words of a customer are words: nobody types himself into an intent. Rasa strips blanks, not this.
        format!("{WORDS}{said}")
    } else {
        said.to_owned()
    };
    json!({
        "sender": request["conversation"],
        "message": message,
        "metadata": {
            "cimMessage": request["metadata"],
            "role": request["role"],
            "conversationData": request["data"],
            "entities": request["entities"],
        },
    })
}

/// The messages of an answer: a list, or one message a line when the channel streams.
fn messages(answer: &Answer) -> Result<Vec<Json>, Failure> {
    let whole = answer.json();
    match whole {
        Ok(Json::Null) => Ok(Vec::new()),
        Ok(Json::Array(messages)) => Ok(messages),
        Ok(one @ Json::Object(_)) => Ok(vec![one]),
        Ok(_) => Err(failure("the answer is not a list of messages")),
        Err(problem) => {
            let lines = answer.text.lines().map(str::trim).filter(|line| !line.is_empty());
            let lines: Option<Vec<Json>> =
                lines.map(|line| serde_json::from_str(line).ok().filter(Json::is_object)).collect();
            lines.filter(|lines| lines.len() > 1).ok_or(problem)
        }
    }
}

/// What one message of Rasa says, in the order of its parts.
fn responses(message: &Json) -> Vec<Json> {
    let text = message["text"].as_str().filter(|t| !t.is_empty());
    let buttons = message["buttons"].as_array().filter(|b| !b.is_empty());
    let mut said = Vec::new();
    match (text, buttons) {
        (_, Some(buttons)) => said.push(json!({ "body": button_body(text.unwrap_or_default(), buttons) })),
        (Some(text), None) => said.push(json!({ "body": { "type": "PLAIN", "markdownText": text } })),
        (None, None) => {}
    }
    if let Some(url) = address(&message["image"]) {
        said.push(json!({ "body": attachment("IMAGE", &url, "image/*") }));
    }
    if let Some(url) = address(&message["attachment"]) {
        said.push(json!({ "body": attachment("FILE", &url, "application/octet-stream") }));
    }
    said.extend(custom(&message["custom"]));
    said
}

/// An address, or the one inside `{type, payload: {src}}` as Rasa's attachments have it.
fn address(part: &Json) -> Option<String> {
    let text = part.as_str().or_else(|| part["payload"]["src"].as_str()).or_else(|| part["url"].as_str());
    text.filter(|url| !url.is_empty()).map(str::to_owned)
}

fn attachment(kind: &str, url: &str, mime: &str) -> Json {
    json!({
        "type": kind,
        "caption": "",
        "markdownText": "",
        "attachment": { "mediaUrl": url, "mimeType": mime, "size": 0 },
    })
}

fn button_body(text: &str, buttons: &[Json]) -> Json {
    let buttons: Vec<Json> = buttons
        .iter()
        .map(|b| json!({ "title": b["title"], "payload": b["payload"], "type": "String" }))
        .collect();
    json!({
        "type": "BUTTON",
        "markdownText": text,
        "buttonMessageType": "QUICK_REPLIES",
        "buttons": buttons,
    })
}

/// `custom`: a response of section 7 as it is, a body alone (such as an ACTION), or several of either.
fn custom(custom: &Json) -> Vec<Json> {
    match custom {
        Json::Array(several) => several.iter().flat_map(self::custom).collect(),
        Json::Object(one) if one.contains_key("type") && !one.contains_key("body") => {
            vec![json!({ "body": custom })]
        }
        Json::Object(_) => vec![custom.clone()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use convene_core::model::Body;
    use reqwest::StatusCode;

    use super::*;

    fn read(text: &str) -> Vec<Json> {
        let answer = Answer { status: StatusCode::OK, text: text.to_owned() };
        messages(&answer).unwrap().iter().flat_map(responses).collect()
    }

    #[test]
    fn every_form_of_answer_becomes_bodies_that_are_messages() {
        let said = read(
            r#"[
              {"recipient_id":"c1","text":"Hello."},
              {"recipient_id":"c1","text":"Which card?","buttons":[{"title":"Debit","payload":"/card{\"kind\":\"debit\"}"}]},
              {"recipient_id":"c1","image":"https://pictures.example/card.png"},
              {"recipient_id":"c1","attachment":{"type":"template","payload":{"src":"https://files.example/terms.pdf"}}},
              {"recipient_id":"c1","custom":{"mode":"message","intent":{"name":"lost_card","confidence":0.9},"body":{"type":"PLAIN","markdownText":"Blocked."}}},
              {"recipient_id":"c1","custom":{"type":"ACTION","name":"FIND_AGENT","data":{"reason":"asked for"}}}
            ]"#,
        );
        let kinds: Vec<&str> = said.iter().map(|r| r["body"]["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["PLAIN", "BUTTON", "IMAGE", "FILE", "PLAIN", "ACTION"]);
        for response in &said[..5] {
            let body: Body = serde_json::from_value(response["body"].clone()).unwrap();
            assert_eq!(body.check(), Vec::<String>::new(), "{response}");
        }
        assert_eq!(said[4]["intent"]["name"], "lost_card");
        assert_eq!(said[5]["body"]["data"]["reason"], "asked for");
    }

    #[test]
    fn one_message_a_line_is_read_too() {
        let said =
            read("{\"recipient_id\":\"c\",\"text\":\"One.\"}\n{\"recipient_id\":\"c\",\"text\":\"Two.\"}\n");
        assert_eq!(said.len(), 2);
        assert!(read("[]").is_empty() && read("").is_empty());
    }

    #[test]
    fn words_buttons_and_intents_are_told_apart() {
        let asked = |question: Json| request(&question)["message"].as_str().unwrap().to_owned();
        let press = json!({ "header": { "intent": "/card{\"kind\":\"debit\"}", "originalMessageId": "m1" } });
        assert_eq!(asked(json!({ "type": "message", "message": "hello" })), "hello");
        assert_eq!(asked(json!({ "type": "message", "message": "/restart" })), "\u{200b}/restart");
        assert_eq!(
            asked(json!({ "type": "message", "message": "Debit", "metadata": press })),
            "/card{\"kind\":\"debit\"}"
        );
        let intent = json!({ "type": "intent", "message": "AGENT_SUBSCRIBED", "entities": { "id": "amal" } });
        assert_eq!(asked(intent), "/AGENT_SUBSCRIBED{\"id\":\"amal\"}");
    }
}
