//! `convene run --demo`: a complete conversation, each decision with its reason.
//!
//! The demo plays the outside world alone (a customer at a web widget, an agent at a desk) through the same doors as
//! everybody; what is decided comes from the flows of the deployment, and what is shown comes from the journal.

use std::collections::BTreeMap;
use std::time::Duration;

use convene_core::effect::{Publication, Reply, TraceLine, WHY};
use convene_core::model::Json;
use convene_core::routing::{OWNER, TaskPhase};
use convene_runtime::Handle;
use convene_runtime::ports::store::JournalRow;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::paint::Paint;

/// How long the demo waits for a thing to happen.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time for people to read between two acts.
const READING: Duration = Duration::from_millis(350);

struct Demo<'a> {
    handle: &'a Handle,
    paint: Paint,
    service: String,
    customer: String,
    agent: String,
    conversation: String,
    seen: BTreeMap<String, i64>,
    sent: u32,
    run: String,
}

/// Plays the demo and tells what to do next.
pub(crate) async fn play(handle: &Handle, address: &str, once: bool) -> Result<(), String> {
    let deployment = handle.deployment();
    let channel = deployment
        .centre
        .channels
        .values()
        .find(|c| c.kind == "WEB" && c.queue.is_some())
        .or_else(|| deployment.centre.channels.values().find(|c| c.queue.is_some()))
        .ok_or("the demo needs a channel with a queue in flows/centre.yaml")?;
    let agent =
        deployment.centre.agents.keys().next().ok_or("the demo needs an agent in flows/centre.yaml")?;
    let run = uuid::Uuid::new_v4().to_string();
    let mut demo = Demo {
        handle,
        paint: Paint::stdout(),
        service: channel.service_identifier.clone(),
        customer: format!("demo-{}", &run[..8]),
        agent: agent.clone(),
        conversation: String::new(),
        seen: BTreeMap::new(),
        sent: 0,
        run,
    };
    wait_until_ready(handle).await?;
    demo.seen.insert(OWNER.into(), demo.last_version(OWNER).await?);
    demo.title(&deployment.centre.name, &channel.name);
    demo.acts().await?;
    demo.epilogue(address, once);
    Ok(())
}

async fn wait_until_ready(handle: &Handle) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        match handle.ready().await {
            Ok(()) => return Ok(()),
            Err(problem) if begun.elapsed() > PATIENCE => return Err(problem),
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

impl Demo<'_> {
    fn title(&self, centre: &str, channel: &str) {
        println!("{}", self.paint.bold(&format!("A conversation at {centre}, on channel {channel}")));
        println!("{}", self.paint.dim("   ▶ what people do   ● what is decided, and why   → who sees what"));
    }

    async fn acts(&mut self) -> Result<(), String> {
        let agent = self.agent.clone();
        self.act(&format!("agent {agent} logs in and is ready")).await;
        self.command("AGENT_LOGIN", json!({})).await?;
        self.command("AGENT_STATE", json!({ "state": "READY" })).await?;
        let media: Vec<String> = self.handle.deployment().centre.media.keys().cloned().collect();
        for mrd in media {
            // Not every agent serves every medium; a refusal here is fine.
            let _ = self.command("AGENT_MRD_STATE", json!({ "mrd": mrd, "state": "READY" })).await;
        }
        self.show().await?;
        self.act("customer Nina opens the chat").await;
        self.message(Some("START_CHAT"), None).await?;
        self.find_conversation().await?;
        self.show().await?;
        self.say("Hello, I have a question").await?;
        self.say("Talk to a person").await?;
        let task = self.offer().await?;
        self.show().await?;
        self.act(&format!("agent {agent} accepts")).await;
        self.command("TASK_ACCEPT", json!({ "taskId": task })).await?;
        self.settled().await?;
        self.agent_says("Good day Nina, this is a person. How can I help?").await?;
        self.say("My card was declined this morning.").await?;
        self.agent_says("I have unlocked it for you. It works again now.").await?;
        self.say("Wonderful, thank you!").await?;
        self.act("customer Nina closes the chat").await;
        self.message(Some("END_CHAT"), None).await?;
        self.settled().await?;
        self.act(&format!("agent {agent} wraps up: Result = Solved")).await;
        let codes = json!([{ "categoryName": "Result", "value": "Solved" }]);
        self.command("WRAP_UP", json!({ "wrapups": codes, "note": "card unlocked" })).await?;
        self.settled().await?;
        Ok(())
    }

    async fn act(&self, what: &str) {
        sleep(READING).await;
        println!("\n{}", self.paint.bold(&format!("▶ {what}")));
    }

    async fn say(&mut self, text: &str) -> Result<(), String> {
        self.act(&format!("customer Nina writes: “{text}”")).await;
        self.message(None, Some(text)).await?;
        self.settled().await
    }

    async fn agent_says(&mut self, text: &str) -> Result<(), String> {
        let agent = self.agent.clone();
        self.act(&format!("agent {agent} writes: “{text}”")).await;
        self.command("AGENT_MESSAGE", json!({ "body": { "type": "PLAIN", "markdownText": text } })).await?;
        self.settled().await
    }

    async fn message(&mut self, intent: Option<&str>, text: Option<&str>) -> Result<(), String> {
        self.sent += 1;
        let id = format!("{}-{}", self.run, self.sent);
        let body = text.map(|t| json!({ "type": "PLAIN", "markdownText": t }));
        let message = json!({
            "id": id,
            "header": {
                "sender": { "id": "demo", "type": "CONNECTOR", "senderName": "WEB_CONNECTOR" },
                "channelData": {
                    "channelCustomerIdentifier": self.customer,
                    "serviceIdentifier": self.service,
                    "customerFirstName": "Nina",
                    "customerLastName": "Weber",
                },
                "intent": intent,
            },
            "body": body,
        });
        let key = self.customer.clone();
        let bytes = message.to_string().into_bytes();
        match self.handle.message(&id, &key, bytes).await.map_err(|e| e.to_string())? {
            Some(Reply::Refused { detail, .. }) => Err(detail),
            _ => Ok(()),
        }
    }

    async fn command(&mut self, name: &str, mut data: Json) -> Result<Json, String> {
        self.sent += 1;
        let id = format!("{}-{}", self.run, self.sent);
        data["agentId"] = json!(self.agent);
        data["conversationId"] = json!(self.conversation);
        match self.handle.command(&id, name, data).await.map_err(|e| e.to_string())? {
            Reply::Done { data } => Ok(data),
            Reply::Refused { detail, code, .. } => Err(format!("{name} was refused ({code}): {detail}")),
        }
    }

    async fn find_conversation(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        let filter = convene_runtime::ports::store::ConversationFilter {
            identifier: Some(self.customer.clone()),
            limit: 1,
            ..Default::default()
        };
        while begun.elapsed() < PATIENCE {
            let found = self.handle.store().conversations(&filter).await.map_err(|e| e.to_string())?;
            if let Some(row) = found.into_iter().next() {
                self.conversation = row.key;
                return Ok(());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Err("the conversation did not begin".into())
    }

    async fn offer(&mut self) -> Result<String, String> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let routing = self.handle.routing().await.map_err(|e| e.to_string())?;
            let offered = routing.tasks.values().find(|t| {
                t.conversation == self.conversation && matches!(t.phase, TaskPhase::Reserved { .. })
            });
            if let Some(task) = offered {
                if task.agent() != Some(&self.agent) {
                    self.agent = task.agent().unwrap_or_default().to_owned();
                }
                return Ok(task.id.clone());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Err("no agent was offered the conversation; does the bot's flow still ask for one when a customer writes “Talk to a person”?".into())
    }

    /// Waits until nothing more follows, and shows what did.
    async fn settled(&mut self) -> Result<(), String> {
        sleep(Duration::from_millis(60)).await;
        self.show().await
    }

    async fn last_version(&self, key: &str) -> Result<i64, String> {
        let mut last = 0;
        loop {
            let rows = self.handle.store().journal(key, last, 500).await.map_err(|e| e.to_string())?;
            match rows.last() {
                Some(row) => last = row.version,
                None => return Ok(last),
            }
        }
    }

    /// Shows the journal since the last look, in the order it was decided.
    async fn show(&mut self) -> Result<(), String> {
        let mut rows: Vec<JournalRow> = Vec::new();
        for key in [self.conversation.clone(), OWNER.to_owned()] {
            if key.is_empty() {
                continue;
            }
            let after = self.seen.get(&key).copied().unwrap_or(0);
            let new = self.handle.store().journal(&key, after, 500).await.map_err(|e| e.to_string())?;
            if let Some(last) = new.last() {
                self.seen.insert(key, last.version);
            }
            rows.extend(new);
        }
        rows.sort_by(|a, b| {
            let depth = |r: &JournalRow| r.input_id.matches('/').count();
            a.at.cmp(&b.at).then_with(|| depth(a).cmp(&depth(b))).then_with(|| a.input_id.cmp(&b.input_id))
        });
        for row in rows {
            self.row(&row);
        }
        Ok(())
    }

    fn row(&self, row: &JournalRow) {
        let trace: Vec<TraceLine> = serde_json::from_str(&row.trace).unwrap_or_default();
        // Why routing chose was told where it chose.
        for line in trace.into_iter().filter(|line| line.at != WHY) {
            let event = line.at == "event";
            let what = self.tidy(&line.what);
            if event {
                println!("   {}", self.paint.dim(&format!("  {what}")));
                continue;
            }
            let why =
                if line.why.is_empty() { String::new() } else { format!("  — {}", self.tidy(&line.why)) };
            println!("   ● {} {what}{}", self.paint.cyan(&format!("{:<26}", line.at)), self.paint.dim(&why));
        }
        let output: Vec<Publication> = serde_json::from_str(&row.output).unwrap_or_default();
        for publication in output {
            self.publication(&publication);
        }
    }

    fn publication(&self, p: &Publication) {
        let wire = p.body.json();
        let body = &wire["body"];
        if p.key.starts_with("channel.") && body["type"] != "NOTIFICATION" {
            let who = wire["header"]["sender"]["senderName"].as_str().unwrap_or("?");
            let who = if who == "CONVERSATION_MONITOR" { "Convene" } else { who };
            let text = body["markdownText"].as_str().unwrap_or_default();
            let buttons: Vec<&str> = body["buttons"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|b| b["title"].as_str())
                .collect();
            let buttons =
                if buttons.is_empty() { String::new() } else { format!("  [{}]", buttons.join("] [")) };
            println!("   → {}", self.paint.green(&format!("customer sees  {who}: “{text}”{buttons}")));
        }
        if let Some(agent) = p.key.strip_prefix("agent.") {
            let shown = match p.kind.as_str() {
                "taskRequest" => "an offer: a customer waits".to_owned(),
                "onTopicData" => "the conversation so far".to_owned(),
                "wrapupTimerStarted" => "the wrap-up form, and its timer".to_owned(),
                "onCimEvent" if wire["cimEvent"]["name"] == "CUSTOMER_MESSAGE" => {
                    let text = wire["cimEvent"]["data"]["body"]["markdownText"].as_str().unwrap_or_default();
                    format!("customer: “{text}”")
                }
                "onCimEvent" if wire["cimEvent"]["name"] == "BOT_SUGGESTION" => {
                    let text = &wire["cimEvent"]["data"]["suggestions"][0]["messageBody"]["markdownText"];
                    format!("the bot suggests: “{}”", text.as_str().unwrap_or_default())
                }
                _ => return,
            };
            println!("   → {}", self.paint.yellow(&format!("{agent} sees  {shown}")));
        }
    }

    /// Ids are for machines.
    fn tidy(&self, text: &str) -> String {
        if self.conversation.is_empty() {
            return text.to_owned();
        }
        text.replace(&self.conversation, "this conversation")
    }

    fn epilogue(&self, address: &str, once: bool) {
        if once {
            println!("\n{}", self.paint.bold("That was one conversation."));
            return;
        }
        println!("\n{}", self.paint.bold("That was one conversation. The engine keeps serving:"));
        println!("   its history     http://{address}/conversations/{}/events", self.conversation);
        println!("   be a customer   cargo run --release -- chat --url http://{address}");
        println!("   be an agent     cargo run --release -- agent --url http://{address}");
        println!(
            "   ask why         cargo run --release -- why {} --url http://{address}",
            self.conversation
        );
        println!("   everything      http://{address}/openapi.json");
        println!("   change it       edit flows/inbound.yaml: new conversations follow it at once");
        println!("   stop            Ctrl-C");
    }
}
