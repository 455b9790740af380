//! `convene send`: publishes CIM messages.

use std::io::Read;
use std::process::ExitCode;

use convene_core::model::{self, Json};
use convene_rabbitmq::RabbitClient;
use convene_runtime::ports::bus::Kind;

use crate::args::SendArgs;
use crate::client::{self, CallError};
use crate::exit;

/// Sends every message of every file; stops at the first that is refused.
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
    let json: Json = serde_json::from_slice(&bytes)
        .map_err(|e| Problem::Invalid(format!("{file}:{}:{}: not JSON: {e}", e.line(), e.column())))?;
    let list = match json {
        Json::Array(list) => list,
        one => vec![one],
    };
    list.into_iter()
        .enumerate()
        .map(|(i, mut message)| {
            if message["id"].as_str().is_none_or(str::is_empty) {
                message["id"] = uuid::Uuid::new_v4().to_string().into();
            }
            model::read_message(message.to_string().as_bytes())
                .map_err(|e| Problem::Invalid(format!("{file}: message {}: {e}", i + 1)))?;
            Ok((message["id"].as_str().unwrap_or_default().to_owned(), message))
        })
        .collect()
}

async fn by_http(url: &str, messages: Vec<(String, Json)>) -> ExitCode {
    let http = reqwest::Client::new();
    let url = format!("{}/cim-messages", url.trim_end_matches('/'));
    for (id, message) in messages {
        match client::post(&http, &url, message.to_string().into_bytes()).await {
            Ok(_) => println!("accepted {id}"),
            Err(CallError::Refused(problem)) => {
                eprintln!("convene: {id}: {problem}");
                return exit::findings();
            }
            Err(problem) => return exit::environment(&problem.to_string()),
        }
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
