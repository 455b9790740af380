//! `convene agent`: be an agent in the terminal.

use std::process::ExitCode;

use convene_core::conversation::handoff::in_words;
use convene_core::model::Json;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::args::AgentArgs;
use crate::client::{CallError, Engine, Heard};
use crate::exit;
use crate::paint::Paint;

/// Lines of what was said before that an offer shows.
const LINES_SHOWN: usize = 4;
const HELP: &str = "\
Write and press Enter: the customer reads it. What begins with / is an order:
  /accept  /reject            take the offer that rings, or not
  /leave   /wrap [NOTE]       leave; sum up
  /pause [SECONDS]  /resume   put the customer on hold
  /transfer TO [NOTE]         hand over; TO is a queue, or @agent
  /consult TO [NOTE]          ask for help      /handover  /bringin   what comes of it
  /conference TO [NOTE]       talk together     /whisper TEXT         to the other agents only
  /hand                       call a supervisor
  /listen ID  /bargein        as a supervisor
  /lists  /watch LIST  /pick  pull lists
  /ready  /notready [REASON]  take work or not
  /tasks  /queues  /why       how things stand, and why
  /go N                       work in another one of your conversations
  /quit                       log out";

/// An agent at a terminal.
struct Desk {
    engine: Engine,
    agent: String,
    paint: Paint,
    /// Conversations on the desk, in the order they came.
    open: Vec<String>,
    /// The one that is written to.
    current: Option<String>,
    /// The offer that rings.
    offer: Option<String>,
    /// The request on a list that came last.
    request: Option<String>,
}

/// Works until the end of input or `/quit`.
pub(crate) async fn agent(args: AgentArgs) -> ExitCode {
    let engine = match Engine::at(&args.url) {
        Ok(engine) => engine,
        Err(problem) => return exit::environment(&problem),
    };
    let paint = Paint::stdout();
    let mut desk =
        Desk { engine, agent: args.name, paint, open: Vec::new(), current: None, offer: None, request: None };
    if let Err(problem) = desk.post(&["agents", &desk.agent, "login"], json!({})).await {
        return exit::environment(&problem.to_string());
    }
    let mut stream = desk.engine.url(&["agents", &desk.agent, "stream"]);
    stream.query_pairs_mut().append_pair("desk", "true");
    let mut heard = match desk.engine.listen(stream).await {
        Ok(heard) => heard,
        Err(problem) => return exit::environment(&problem),
    };
    println!("{}", paint.dim(&format!("You are agent {}. /help lists what you can do.", desk.agent)));
    desk.order("/ready").await;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            event = heard.recv() => match event {
                Some(event) => desk.hear(&event),
                None => return exit::environment("the engine has gone away"),
            },
            line = lines.next_line() => match line {
                Ok(Some(line)) if line.trim() == "/quit" => break,
                Ok(Some(line)) if line.trim().is_empty() => {}
                Ok(Some(line)) => desk.order(line.trim()).await,
                _ => break,
            },
        }
    }
    let pause = std::time::Duration::from_millis(700);
    while let Ok(Some(event)) = tokio::time::timeout(pause, heard.recv()).await {
        desk.hear(&event);
    }
    let _ = desk.post(&["agents", &desk.agent, "logout"], json!({})).await;
    exit::success()
}

impl Desk {
    async fn post(&self, path: &[&str], mut body: Json) -> Result<Json, CallError> {
        if body.get("agentId").is_none() {
            body["agentId"] = json!(self.agent);
        }
        self.engine.post(path, &body).await
    }

    /// Something in the current conversation.
    async fn here(&self, what: &str, body: Json) -> Result<Json, CallError> {
        match &self.current {
            Some(id) => self.post(&["conversations", id, what], body).await,
            None => Err(CallError::Refused("you are in no conversation".into())),
        }
    }

    async fn order(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        let done = match word {
            "/help" => {
                println!("{HELP}");
                Ok(Json::Null)
            }
            "/accept" | "/reject" => self.answer(word.trim_start_matches('/')).await,
            "/leave" => self.here("leave", json!({})).await,
            "/wrap" => self.here("wrap-up", json!({ "note": rest })).await,
            "/pause" => self.here("pause", json!({ "duration": rest.parse::<i64>().unwrap_or(300) })).await,
            "/resume" => self.here("resume", json!({})).await,
            "/transfer" | "/consult" | "/conference" => {
                self.here(word.trim_start_matches('/'), target(rest)).await
            }
            "/handover" => self.here("consult-transfer", json!({})).await,
            "/bringin" => self.here("consult-conference", json!({})).await,
            "/hand" => self.here("raise-hand", json!({})).await,
            "/bargein" => self.here("barge-in", json!({})).await,
            "/listen" => self.post(&["conversations", rest, "monitor"], json!({})).await,
            "/watch" => self.post(&["lists", rest, "subscribe"], json!({})).await,
            "/pick" => self.pick().await,
            "/whisper" => self.write(rest, true).await,
            "/ready" | "/notready" => self.set_state(word == "/ready", rest).await,
            "/tasks" => self.show(&["agents", &self.agent, "tasks"], tasks).await,
            "/queues" => self.show(&["queues"], queues).await,
            "/lists" => self.show(&["lists"], lists).await,
            "/why" => match &self.current {
                Some(id) => self.show(&["conversations", id, "why"], crate::why::text).await,
                None => Err(CallError::Refused("you are in no conversation".into())),
            },
            "/go" => self.go(rest),
            _ if word.starts_with('/') => {
                Err(CallError::Refused(format!("{word} is no order; /help lists them")))
            }
            _ => self.write(line, false).await,
        };
        if let Err(problem) = done {
            println!("{}", self.paint.yellow(&problem.to_string()));
        }
    }

    async fn answer(&mut self, what: &str) -> Result<Json, CallError> {
        match self.offer.take() {
            Some(task) => self.post(&["tasks", &task, what], json!({})).await,
            None => Err(CallError::Refused("nothing rings".into())),
        }
    }

    async fn pick(&mut self) -> Result<Json, CallError> {
        match self.request.take() {
            Some(id) => self.post(&["conversations", &id, "join"], json!({})).await,
            None => Err(CallError::Refused("no request was shown; /watch LIST first".into())),
        }
    }

    async fn write(&self, text: &str, whisper: bool) -> Result<Json, CallError> {
        let mut body = json!({ "body": { "type": "PLAIN", "markdownText": text } });
        if whisper {
            body["whisper"] = json!(true);
        }
        self.here("messages", body).await
    }

    async fn set_state(&self, ready: bool, reason: &str) -> Result<Json, CallError> {
        let mut body = json!({ "state": if ready { "READY" } else { "NOT_READY" } });
        if !reason.is_empty() {
            body["reason"] = json!(reason);
        }
        let presence = self.engine.put(&["agents", &self.agent, "state"], &body).await?;
        let media = presence["agentMrdStates"].as_array().cloned().unwrap_or_default();
        for medium in media.iter().filter(|m| ready && m["maxAgentTasks"] != 0) {
            let name = medium["mrd"]["id"].as_str().unwrap_or_default();
            let on = json!({ "state": "READY" });
            self.engine.put(&["agents", &self.agent, "mrds", name], &on).await?;
        }
        Ok(Json::Null)
    }

    async fn show(&self, path: &[&str], text: fn(&Json) -> String) -> Result<Json, CallError> {
        let shown = self.engine.get(path).await?;
        println!("{}", self.paint.dim(text(&shown).trim_end()));
        Ok(Json::Null)
    }

    fn go(&mut self, number: &str) -> Result<Json, CallError> {
        let n = number.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        match n.and_then(|n| self.open.get(n)) {
            Some(id) => {
                self.current = Some(id.clone());
                println!("{}", self.paint.dim(&format!("now in {id}")));
                Ok(Json::Null)
            }
            None => Err(CallError::Refused(format!("you have {} conversations", self.open.len()))),
        }
    }

    fn hear(&mut self, event: &Heard) {
        let data = &event.data;
        let conversation = data["conversationId"].as_str().unwrap_or_default().to_owned();
        match event.kind.as_str() {
            "taskRequest" => {
                self.offer = data["taskId"].as_str().map(|t| t.split(':').next().unwrap_or(t).to_owned());
                println!("{}", self.paint.bold(&offer(data)));
            }
            "revokeTask" => {
                self.offer = None;
                println!("{}", self.paint.dim("the offer was withdrawn"));
            }
            "onTopicData" => {
                if !self.open.contains(&conversation) {
                    self.open.push(conversation.clone());
                }
                self.current = Some(conversation);
                let who = data["topicData"]["customer"]["firstName"].as_str().unwrap_or("a customer");
                println!("{}", self.paint.bold(&format!("You are with {who} ({}).", self.open.len())));
            }
            "topicUnsubscription" => {
                self.open.retain(|id| *id != conversation);
                self.current = self.open.last().cloned();
                println!("{}", self.paint.dim("the conversation is off your desk"));
            }
            "wrapupTimerStarted" => {
                let ms: u64 = data["duration"].as_str().and_then(|d| d.parse().ok()).unwrap_or(0);
                println!("{}", self.paint.dim(&format!("wrap up: {} s; /wrap NOTE", ms / 1000)));
            }
            "onPullModeSubscribedListRequest" => self.request_shown(data),
            "onCimEvent" => self.event(&data["cimEvent"], &conversation),
            _ => {}
        }
    }

    fn request_shown(&mut self, data: &Json) {
        let request: Json =
            serde_json::from_str(data["pullModeEvent"].as_str().unwrap_or_default()).unwrap_or_default();
        let (list, status) = (&request["listId"], &request["status"]);
        if status == "UNREAD" {
            self.request = request["id"].as_str().map(str::to_owned);
        }
        let said = format!("a request on list {} is {}; /pick takes it", text(list), text(status));
        println!("{}", self.paint.dim(&said));
    }

    fn event(&self, event: &Json, conversation: &str) {
        let body = &event["data"]["body"];
        let said = body["markdownText"].as_str().unwrap_or_default();
        let sender = event["data"]["header"]["sender"]["senderName"].as_str();
        let elsewhere = match self.open.iter().position(|id| id == conversation) {
            Some(n) if self.current.as_deref() != Some(conversation) => format!("[{}] ", n + 1),
            _ => String::new(),
        };
        let line = match event["name"].as_str().unwrap_or_default() {
            "CUSTOMER_MESSAGE" => format!("{} {said}", self.paint.bold("Customer:")),
            "BOT_MESSAGE" => self.paint.dim(&format!("{}: {said}", sender.unwrap_or("Bot"))),
            "AGENT_MESSAGE" if sender != Some(&self.agent) && !said.is_empty() => {
                format!("{} {said}", self.paint.bold(&format!("{}:", sender.unwrap_or("Agent"))))
            }
            "WHISPER_MESSAGE" => self.paint.cyan(&format!("{} whispers: {said}", sender.unwrap_or("Agent"))),
            "BOT_SUGGESTION" => {
                let text = &event["data"]["suggestions"][0]["messageBody"]["markdownText"];
                self.paint.dim(&format!("the bot suggests: {}", text.as_str().unwrap_or_default()))
            }
            "NOTIFICATION" => self.paint.yellow(event["data"]["body"]["markdownText"].as_str().unwrap_or("")),
            "CHANNEL_SESSION_ENDED" | "CHANNEL_SESSION_EXPIRED" => self.paint.dim("the customer has left"),
            "AGENT_SUBSCRIBED" | "AGENT_UNSUBSCRIBED" => {
                let who = &event["data"]["agentParticipant"]["participant"]["keycloakUser"]["firstName"];
                let what = if event["name"] == "AGENT_SUBSCRIBED" { "joined" } else { "left" };
                self.paint.dim(&format!("{} has {what}", text(who)))
            }
            "HAND_RAISED" => {
                self.paint.yellow(&format!("{} raises a hand", text(&event["data"]["userName"])))
            }
            "AGENT_SLA" => self.paint.yellow("the customer waits for your answer"),
            _ => return,
        };
        println!("{elsewhere}{line}");
    }
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or("?")
}

/// `general some words` or `@bruno some words`.
fn target(rest: &str) -> Json {
    let (to, note) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut body = match to.strip_prefix('@') {
        Some(agent) => json!({ "toAgent": agent }),
        None => json!({ "queue": to }),
    };
    if !note.is_empty() {
        body["note"] = json!(note);
    }
    body
}

fn offer(data: &Json) -> String {
    let from = match data["queue"]["name"].as_str() {
        Some(queue) => format!("from queue {queue}"),
        None => "for you".into(),
    };
    let by = data["requestedBy"].as_str().map(|by| format!(", {by} asks")).unwrap_or_default();
    let note = data["note"].as_str().map(|note| format!(": {note:?}")).unwrap_or_default();
    let rings = format!("It rings: {} {from}{by}{note}. /accept or /reject", text(&data["taskDirection"]));
    let known = in_words(&data["handoff"]).map_or_else(String::new, |words| format!("\n  {words}"));
    format!("{rings}{known}{}", latest(&data["handoff"]))
}

/// The last lines of what was said before.
fn latest(packet: &Json) -> String {
    let lines = packet["transcript"].as_array().map_or(&[][..], Vec::as_slice);
    let from = lines.len().saturating_sub(LINES_SHOWN);
    let who = |line: &Json| match text(&line["name"]) {
        "" => text(&line["from"]).to_lowercase(),
        name => name.to_owned(),
    };
    lines[from..].iter().map(|line| format!("\n  {}: {}", who(line), text(&line["text"]))).collect()
}

fn tasks(json: &Json) -> String {
    let line = |t: &Json| {
        let (state, direction) = (text(&t["state"]), text(&t["direction"]));
        format!("{state} {direction}, conversation {}\n", text(&t["conversationId"]))
    };
    let lines: String = json.as_array().into_iter().flatten().map(line).collect();
    if lines.is_empty() { "no tasks".into() } else { lines }
}

fn queues(json: &Json) -> String {
    let line = |q: &Json| {
        format!(
            "{}: {} wait, {} ring, {} agents could take one, about {} s\n",
            text(&q["name"]),
            q["waiting"],
            q["offered"],
            q["agentsReady"],
            q["estimatedWaitSeconds"]
        )
    };
    json.as_array().into_iter().flatten().map(line).collect()
}

fn lists(json: &Json) -> String {
    let line = |l: &Json| format!("{}: {} unread, {} active\n", text(&l["name"]), l["unread"], l["active"]);
    json.as_array().into_iter().flatten().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_queue_or_an_agent() {
        assert_eq!(target("general"), json!({ "queue": "general" }));
        assert_eq!(target("@bruno please help"), json!({ "toAgent": "bruno", "note": "please help" }));
    }
}
