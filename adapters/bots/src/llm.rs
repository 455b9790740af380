//! Language models behind an address that speaks the chat-completions format. The model remembers nothing: it is shown the
//! latest lines with each question. It acts only through tools that the deployment gives it.

use convene_core::centre::{LlmBot, Tool};
use convene_core::model::Json;
use convene_runtime::ports::bots::{Failure, Question};
use reqwest::header::HeaderMap;
use serde_json::{Map, json};

use crate::http::Http;
use crate::{Told, failure, words};

pub(crate) async fn ask(http: &Http, question: Question<'_>) -> Result<Told, Failure> {
    let Some(llm) = &question.bot.llm else {
        return Err(failure("the deployment says nothing of its model"));
    };
    let asked = &question.call.request;
    if asked["type"] != "message" {
        // It is shown what happened with the next question.
        return Ok(Told::Now(Vec::new()));
    }
    if asked["turns"].as_u64().unwrap_or(0) >= u64::from(llm.turns) {
        return Err(failure(format!(
            "it answered {} times in this conversation, which is its limit",
            llm.turns
        )));
    }
    let body = request(llm, asked).to_string().into_bytes();
    let answer = http.post(question, body, HeaderMap::new()).await?.json()?;
    responses(llm, &answer).map(Told::Now)
}

fn request(llm: &LlmBot, asked: &Json) -> Json {
    let mut messages = vec![json!({ "role": "system", "content": llm.prompt })];
    let lines = asked["history"].as_array().map_or(&[][..], Vec::as_slice);
    messages.extend(lines.iter().map(line));
    // The question is the last line, unless others came after it while it waited.
    let said = words(asked);
    let last = lines.last();
    if last.is_none_or(|l| l["f"] != "CUSTOMER" || l["t"] != asked["message"]) || said != asked["message"] {
        messages.push(json!({ "role": "user", "content": said }));
    }
    let mut request = json!({
        "model": llm.model,
        "messages": messages,
        "max_tokens": llm.tokens,
        "stream": false,
    });
    if !llm.tools.is_empty() {
        request["tools"] = llm.tools.iter().map(tool).collect();
    }
    request
}

fn line(line: &Json) -> Json {
    let text = line["t"].as_str().unwrap_or_default();
    match line["f"].as_str() {
        Some("CUSTOMER") => json!({ "role": "user", "content": text }),
        Some("AGENT") => {
            let name = line["n"].as_str().unwrap_or_default();
            json!({ "role": "assistant", "content": format!("[agent {name}] {text}") })
        }
        _ => json!({ "role": "assistant", "content": text }),
    }
}

fn tool(tool: &Tool) -> Json {
    let properties: Map<String, Json> = tool
        .arguments
        .iter()
        .map(|(name, doc)| (name.clone(), json!({ "type": "string", "description": doc })))
        .collect();
    json!({
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": { "type": "object", "properties": properties },
        },
    })
}

/// What the model says, and then what it calls.
fn responses(llm: &LlmBot, answer: &Json) -> Result<Vec<Json>, Failure> {
    let message = &answer["choices"][0]["message"];
    if !message.is_object() {
        return Err(failure("the answer has no choice with a message"));
    }
    let mut said = Vec::new();
    if let Some(text) = message["content"].as_str().map(str::trim).filter(|t| !t.is_empty()) {
        said.push(json!({ "body": { "type": "PLAIN", "markdownText": text } }));
    }
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        let name = call["function"]["name"].as_str().unwrap_or_default();
        let Some(tool) = llm.tools.iter().find(|t| t.name == name) else {
            return Err(failure("it calls a tool that it was not given"));
        };
        said.push(called(tool, &call["function"]["arguments"])?);
    }
    Ok(said)
}

/// An action, with the arguments the deployment asked for and no others.
fn called(tool: &Tool, arguments: &Json) -> Result<Json, Failure> {
    let unreadable = || failure(format!("what it gives tool {} cannot be read", tool.name));
    let arguments: Json = match arguments.as_str().map(str::trim) {
        Some("") => json!({}),
        Some(text) => serde_json::from_str(text).map_err(|_| unreadable())?,
        None => arguments.clone(),
    };
    let given = arguments.as_object().ok_or_else(unreadable)?;
    let mut data = tool.data.as_object().cloned().unwrap_or_default();
    for (name, _) in &tool.arguments {
        if let Some(value) = given.get(name) {
            data.insert(name.clone(), value.clone());
        }
    }
    Ok(json!({ "body": { "type": "ACTION", "name": tool.action, "data": data } }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn bot() -> LlmBot {
        LlmBot {
            model: "small".into(),
            prompt: "You advise.".into(),
            history: 4,
            turns: 2,
            tokens: 50,
            tools: vec![Tool {
                name: "find_person".into(),
                description: "A person is wanted.".into(),
                action: "FIND_AGENT".into(),
                data: json!({ "priority": 3 }),
                arguments: vec![("reason".into(), "why".into())],
            }],
        }
    }

    #[test]
    fn it_is_told_its_prompt_the_latest_lines_and_its_tools() {
        let asked = json!({
            "type": "message", "message": "And now?",
            "history": [
                { "f": "CUSTOMER", "t": "Hello", "a": 1 },
                { "f": "AGENT", "n": "amal", "t": "One moment", "a": 2 },
                { "f": "CUSTOMER", "t": "And now?", "a": 3 },
            ],
        });
        let request = request(&bot(), &asked);
        let roles: Vec<&str> =
            request["messages"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap()).collect();
        assert_eq!(roles, ["system", "user", "assistant", "user"]);
        assert_eq!(request["max_tokens"], 50);
        assert_eq!(request["tools"][0]["function"]["name"], "find_person");
    }

    #[test]
    fn a_tool_call_becomes_an_action_with_the_arguments_that_were_asked_for() {
        let answer = json!({ "choices": [{ "message": { "content": " I look for somebody. ", "tool_calls": [
            { "id": "t1", "type": "function", "function": { "name": "find_person",
              "arguments": "{\"reason\":\"lost card\",\"queue\":\"vip\",\"priority\":10}" } } ] } }] });
        let said = responses(&bot(), &answer).unwrap();
        assert_eq!(said[0]["body"]["markdownText"], "I look for somebody.");
        assert_eq!(
            said[1]["body"],
            json!({ "type": "ACTION", "name": "FIND_AGENT", "data": { "priority": 3, "reason": "lost card" } })
        );
    }

    #[test]
    fn what_is_no_answer_is_a_failure() {
        let call = |name: &str, arguments: Json| {
            let answer = json!({ "choices": [{ "message": { "tool_calls": [
                { "function": { "name": name, "arguments": arguments } } ] } }] });
            responses(&bot(), &answer)
        };
        assert!(responses(&bot(), &json!({ "error": "overloaded" })).is_err());
        assert!(call("drop_tables", json!("{}")).is_err());
        assert!(call("find_person", json!("{")).is_err());
        assert!(call("find_person", json!("")).is_ok());
    }
}
