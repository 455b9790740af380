//! `convene chat`: be a customer in the terminal.

use std::process::ExitCode;

use convene_core::model::Json;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::args::ChatArgs;
use crate::client::{CallError, Engine};
use crate::exit;
use crate::paint::Paint;

/// A customer at a terminal.
struct Customer {
    engine: Engine,
    service: String,
    identifier: String,
    name: Option<String>,
    buttons: Vec<(String, String)>,
    asked: Option<String>,
}

/// Chats until the end of input or `/quit`.
pub(crate) async fn chat(args: ChatArgs) -> ExitCode {
    let engine = match Engine::at(&args.url) {
        Ok(engine) => engine,
        Err(problem) => return exit::environment(&problem),
    };
    let service = match channel(&engine, &args.channel).await {
        Ok(service) => service,
        Err(problem) => return exit::environment(&problem),
    };
    let identifier =
        args.customer.unwrap_or_else(|| format!("terminal-{}", &uuid::Uuid::new_v4().to_string()[..8]));
    let mut stream = engine.url(&["channels", &args.channel, "stream"]);
    stream.query_pairs_mut().append_pair("customer", &identifier);
    let mut heard = match engine.listen(stream).await {
        Ok(heard) => heard,
        Err(problem) => return exit::environment(&problem),
    };
    let mut customer =
        Customer { engine, service, identifier, name: args.name, buttons: Vec::new(), asked: None };
    let paint = Paint::stdout();
    println!(
        "{}",
        paint.dim("You are a customer. Write and press Enter; a number presses a button; /quit leaves.")
    );
    if let Err(problem) = customer.send(Some("START_CHAT"), None).await {
        return exit::environment(&problem.to_string());
    }
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            message = heard.recv() => match message {
                Some(message) => customer.hear(&message.data, paint),
                None => return exit::environment("the engine has gone away"),
            },
            line = lines.next_line() => match line {
                Ok(Some(line)) if line.trim() == "/quit" => break,
                Ok(Some(line)) if line.trim().is_empty() => {}
                Ok(Some(line)) if line.trim().starts_with('/') => {
                    let said = format!("there is no command `{}`; `/quit` ends the chat", line.trim());
                    println!("{}", paint.yellow(&said));
                }
                Ok(Some(line)) => match customer.say(line.trim()).await {
                    Ok(()) => {}
                    Err(CallError::Unreachable(problem)) => return exit::environment(&problem),
                    Err(problem) => println!("{}", paint.yellow(&problem.to_string())),
                },
                _ => break,
            },
        }
    }
    while let Ok(Some(message)) =
        tokio::time::timeout(std::time::Duration::from_millis(700), heard.recv()).await
    {
        customer.hear(&message.data, paint);
    }
    let _ = customer.send(Some("END_CHAT"), None).await;
    exit::success()
}

/// Service identifier of a channel.
async fn channel(engine: &Engine, name: &str) -> Result<String, String> {
    let channel = engine.get(&["channels", name]).await.map_err(|problem| problem.to_string())?;
    let service = channel["serviceIdentifier"].as_str().map(str::to_owned);
    service.ok_or_else(|| format!("what answers at {} is no engine: it knows no channels", engine.url(&[])))
}

impl Customer {
    async fn send(&mut self, intent: Option<&str>, text: Option<&str>) -> Result<(), CallError> {
        let (first, last) = match self.name.as_deref().map(|n| n.split_once(' ').unwrap_or((n, ""))) {
            Some((first, last)) => (Some(first), Some(last)),
            None => (None, None),
        };
        let body = text.map(|t| json!({ "type": "PLAIN", "markdownText": t }));
        let message = json!({
            "id": uuid::Uuid::new_v4().to_string(),
            "header": {
                "sender": { "id": "terminal", "type": "CONNECTOR", "senderName": "TERMINAL" },
                "channelData": {
                    "channelCustomerIdentifier": self.identifier,
                    "serviceIdentifier": self.service,
                    "requestPriority": 0,
                    "customerFirstName": first,
                    "customerLastName": last,
                    "additionalAttributes": [],
                },
                "intent": intent,
                "originalMessageId": intent.and(self.asked.clone()),
            },
            "body": body,
        });
        self.engine.post(&["cim-messages"], &message).await.map(|_| ())
    }

    /// A number presses a button, anything else is said.
    async fn say(&mut self, line: &str) -> Result<(), CallError> {
        let button = line
            .parse::<usize>()
            .ok()
            .and_then(|n| n.checked_sub(1))
            .and_then(|n| self.buttons.get(n))
            .cloned();
        match button {
            Some((title, payload)) => self.send(Some(&payload), Some(&title)).await,
            None => self.send(None, Some(line)).await,
        }
    }

    fn hear(&mut self, message: &Json, paint: Paint) {
        let body = &message["body"];
        let who = message["header"]["sender"]["senderName"].as_str().unwrap_or("?");
        let who = if who == "CONVERSATION_MONITOR" { "Convene" } else { who };
        let text = body["markdownText"].as_str().unwrap_or_default();
        match body["type"].as_str().unwrap_or_default() {
            // Who talks and who assists is no news for a customer.
            "NOTIFICATION" if body["notificationType"] == "PARTICIPANT_ROLE_CHANGED" => {}
            "NOTIFICATION" => println!("{}", paint.dim(&notice(body))),
            "BUTTON" => {
                println!("{} {text}", paint.bold(&format!("{who}:")));
                self.buttons = body["buttons"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|b| {
                        Some((b["title"].as_str()?.to_owned(), b["payload"].as_str()?.to_owned()))
                    })
                    .collect();
                self.asked = message["id"].as_str().map(str::to_owned);
                for (i, (title, _)) in self.buttons.iter().enumerate() {
                    println!("  {} {title}", paint.cyan(&format!("[{}]", i + 1)));
                }
            }
            "PLAIN" => println!("{} {text}", paint.bold(&format!("{who}:"))),
            other => println!("{} ({other})", paint.bold(&format!("{who}:"))),
        }
    }
}

fn notice(body: &Json) -> String {
    let data = &body["notificationData"];
    match body["notificationType"].as_str().unwrap_or_default() {
        "CHANNEL_SESSION_STARTED" => "the chat is open".into(),
        "CHANNEL_SESSION_ENDED" | "CHANNEL_SESSION_EXPIRED" => "the chat has ended".into(),
        "AGENT_SUBSCRIBED" => format!("{} has joined", data["agent"].as_str().unwrap_or("an agent")),
        "AGENT_UNSUBSCRIBED" => format!("{} has left", data["agent"].as_str().unwrap_or("the agent")),
        "TASK_ENQUEUED" => "looking for an agent".into(),
        "AGENT_RESERVED" => "an agent is being asked".into(),
        "NO_AGENT_AVAILABLE" => "no agent is available".into(),
        other => other.to_lowercase().replace('_', " "),
    }
}
