//! `convene send`: publishes CIM messages.

use std::io::Read;
use std::process::ExitCode;

use convene_core::model::{self, Json};
use convene_rabbitmq::RabbitClient;
use convene_runtime::ports::bus::Kind;

use crate::args::SendArgs;
use crate::client::{CallError, Engine};
use crate::exit;

/// Sends every message of every file. Those that are refused are named, and the others sent.
pub(crate) async fn send(args: SendArgs) -> ExitCode {
    let mut messages = Vec::new();
    for file in &args.files {
        match read(file) {
            Ok(found) => messages.extend(found),
            Err(Problem::Unreadable(problem)) => return exit::environment(&problem),
            Err(Problem::Invalid(problem)) => {
                eprintln!("convene: {problem}");
                return exit::findings();
            }
        }
    }
    match (&args.url, &args.amqp_url) {
        (Some(url), _) => by_http(url, messages).await,
        (None, Some(amqp)) => by_amqp(amqp, messages).await,
        (None, None) => {
            exit::environment("nothing to send to: give --url http://… of a running engine, or set AMQP_URL")
        }
    }
}

enum Problem {
    Unreadable(String),
    Invalid(String),
}

/// Messages of a file: one, or a list.
fn read(file: &str) -> Result<Vec<(String, Json)>, Problem> {
    let unreadable = |e: std::io::Error| Problem::Unreadable(format!("{file}: {e}"));
    let bytes = if file == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map_err(unreadable)?;
        bytes
    } else {
        std::fs::read(file).map_err(unreadable)?
    };
    let json: Json = serde_json::from_slice(&bytes).map_err(|e| {
        let (line, column) = place_of(&e, &bytes);
        let what = e.to_string();
        let what = what.rsplit_once(" at line ").map_or(what.as_str(), |(what, _)| what);
        Problem::Invalid(format!("{file}:{line}:{column}: not JSON: {what}"))
    })?;
    let list: Vec<(String, Json)> = match json {
        Json::Array(list) if list.is_empty() => {
            return Err(Problem::Invalid(format!("{file}: the list is empty: there is nothing to send")));
        }
        Json::Array(list) => {
            list.into_iter().zip(1..).map(|(m, n)| (format!("message {n} of the list"), m)).collect()
        }
        one => vec![("the message".to_owned(), one)],
    };
    let one = |(which, message): (String, Json)| {
        whole(message, &which).map_err(|e| Problem::Invalid(format!("{file}: {e}")))
    };
    list.into_iter().map(one).collect()
}

/// Line and column of a fault. One behind the last line break is told at the end of the line before, which is there.
fn place_of(error: &serde_json::Error, bytes: &[u8]) -> (usize, usize) {
    if error.column() > 0 || error.line() < 2 {
        return (error.line(), error.column().max(1));
    }
    let line = error.line() - 1;
    let text = bytes.split(|byte| *byte == b'\n').nth(line - 1).unwrap_or_default();
    (line, text.len().max(1))
}

/// A message with its id, one of ours when it brings none.
fn whole(mut message: Json, which: &str) -> Result<(String, Json), String> {
    let kind = match &message {
        Json::Object(_) => None,
        Json::Array(_) => Some("a list"),
        Json::String(_) => Some("a text"),
        Json::Number(_) => Some("a number"),
        Json::Bool(_) => Some("true or false"),
        Json::Null => Some("null"),
    };
    if let Some(kind) = kind {
        return Err(format!("{which} is {kind}; a CimMessage is an object, as `{{ … }}`"));
    }
    if message["id"].is_null() || message["id"] == "" {
        message["id"] = uuid::Uuid::new_v4().to_string().into();
    }
    model::read_message(message.to_string().as_bytes()).map_err(|e| format!("{which}: {e}"))?;
    Ok((message["id"].as_str().unwrap_or_default().to_owned(), message))
}

async fn by_http(url: &str, messages: Vec<(String, Json)>) -> ExitCode {
    let engine = match Engine::at(url) {
        Ok(engine) => engine,
        Err(problem) => return exit::environment(&problem),
    };
    let (all, mut refused) = (messages.len(), 0);
    for (number, (id, message)) in messages.into_iter().enumerate() {
        match engine.post(&["cim-messages"], &message).await {
            Ok(_) => println!("accepted {id}"),
            Err(CallError::Refused(problem)) => {
                eprintln!("convene: {id}: {problem}");
                refused += 1;
            }
            Err(problem) => {
                let left = all - number;
                return exit::environment(&format!("{id}: {problem}; {left} of {all} messages are not sent"));
            }
        }
    }
    if refused > 0 {
        match (refused, all) {
            (1, 1) => {}
            _ if refused == all => eprintln!("convene: all {all} messages are refused"),
            _ => eprintln!("convene: {refused} of {all} messages are refused, the others are sent"),
        }
        return exit::findings();
    }
    exit::success()
}

async fn by_amqp(url: &str, messages: Vec<(String, Json)>) -> ExitCode {
    let rabbit = match RabbitClient::connect(url).await {
        Ok(rabbit) => rabbit,
        Err(problem) => return exit::environment(&problem.to_string()),
    };
    for (id, message) in messages {
        let key =
            message["header"]["channelData"]["channelCustomerIdentifier"].as_str().unwrap_or(&id).to_owned();
        if let Err(problem) =
            rabbit.publish_in(Kind::Message, &id, &key, message.to_string().as_bytes()).await
        {
            return exit::environment(&problem.to_string());
        }
        println!("published {id}");
    }
    rabbit.close().await;
    exit::success()
}
