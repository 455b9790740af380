//! A contact centre with many bots: each has a channel of its own name, and so has each customer.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use convene_core::conversation;
use convene_core::model::Json;
use convene_tests::engine::{Engine, root};
use convene_tests::eventually;
use convene_tests::faulty::{Faulty, Kind};
use convene_tests::http::{Answer, Http};
use convene_tests::site::Site;
use convene_tests::truth::Truth;
use convene_tests::words::connector_message;
use serde_json::json;
use tokio::task::JoinHandle;

/// How long anything may take that is not measured.
pub(super) const PATIENCE: Duration = Duration::from_secs(40);
/// Deadline of the bots of these tests.
pub(super) const DEADLINE: Duration = Duration::from_secs(2);
/// What signs calls to Amazon Lex.
pub(super) const AWS_SECRET: &str = "aws-8KpPlantedSecret3v";
/// Name of the file with what a language model is told first.
const PROMPT: &str = "tested.prompt.md";

/// A bot of the deployment, with a channel of the same name.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) url: String,
    /// Further keys in the words of `flows/centre.yaml`, each with a comma before it.
    pub(super) more: String,
    /// Whether the deployment allows its address, which is a private one.
    pub(super) allowed: bool,
}

impl Part {
    /// The part that a bot plays.
    pub(super) fn of(name: &str, kind: Kind, bot: &Faulty) -> Self {
        Self { name: name.into(), kind, url: bot.url(), more: String::new(), allowed: true }
    }

    /// With further keys.
    pub(super) fn with(mut self, more: &str) -> Self {
        write!(self.more, ", {more}").unwrap();
        self
    }

    fn bot(&self) -> String {
        let kind = match self.kind {
            Kind::Webhook => "WEBHOOK",
            Kind::Rasa => "RASA",
            Kind::Llm => "LLM",
            Kind::Lex => "LEX",
        };
        let address = if self.kind == Kind::Lex { "endpoint" } else { "url" };
        let model = match self.kind {
            Kind::Llm => format!(
                ", model: m1, prompt: {PROMPT}, tools: {{ find_person: {{ description: Brings a person, action: FIND_AGENT }} }}"
            ),
            Kind::Lex => ", bot: ABCDEFGHIJ, alias: TSTALIASID, locale: en_US, region: eu-central-1, outcomes: [{ state: \
                          Failed, action: FIND_AGENT }]"
                .into(),
            Kind::Webhook | Kind::Rasa => String::new(),
        };
        let timeout = if self.more.contains("timeout:") { "" } else { ", timeout: 2s" };
        // A bot that is left alone for a while would hide what a single call does.
        format!(
            "  {}: {{ kind: {kind}, {address}: \"{}\"{timeout}, retries: 2, breaker: {{ failures: 0 }}{model}{} }}\n",
            self.name, self.url, self.more
        )
    }

    fn channel(&self) -> String {
        format!(
            "  {0}: {{ type: WEB, service_identifier: \"{0}\", bot: {0}, queue: general, request_ttl: 2m }}\n",
            self.name
        )
    }
}

/// The example centre with these bots and channels beside its own.
fn centre(parts: &[Part]) -> String {
    let mut text = std::fs::read_to_string(root().join("flows/centre.yaml")).unwrap();
    let allowed: Vec<String> = parts
        .iter()
        .filter(|p| p.allowed)
        .map(|p| format!("\"{}\"", p.url.trim_start_matches("http://").split('/').next().unwrap()))
        .collect();
    let bots: String = parts.iter().map(Part::bot).collect();
    let channels: String = parts.iter().map(Part::channel).collect();
    text = text.replacen("\nchannels:\n", &format!("\nchannels:\n{channels}"), 1);
    text.replacen("\nbots:\n", &format!("\nprivate_bots: [{}]\nbots:\n{bots}", allowed.join(", ")), 1)
}

/// Something a customer read.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) at: Instant,
}

/// What every customer read.
type Heard = Arc<Mutex<HashMap<String, Vec<Line>>>>;

/// An engine with its bots, and customers who read what they are sent.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) site: Site,
    pub(super) http: Http,
    pub(super) truth: Truth,
    engine: Engine,
    heard: Heard,
    listeners: Vec<JoinHandle<()>>,
}

impl Scene {
    /// Starts an engine with these bots.
    pub(super) async fn open(name: &str, parts: &[Part]) -> Self {
        Self::open_with(name, parts, &[]).await
    }

    /// As [`Self::open`], with environment variables.
    pub(super) async fn open_with(name: &str, parts: &[Part], env: &[(&str, &str)]) -> Self {
        let mut site = Site::embedded(name);
        let prompt = "You answer customers of a bank.".to_owned();
        site.deployment(&[("flows/centre.yaml", centre(parts)), (&format!("flows/{PROMPT}"), prompt)]);
        let keys = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", AWS_SECRET)];
        site.options.env = keys.iter().chain(env).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let engine = site.engine().await;
        let http = Http::new(&engine.url);
        let truth = site.truth().await;
        let heard: Heard = Arc::default();
        let mut listeners = Vec::new();
        for part in parts {
            let stream = http.open(&format!("/channels/{}/stream", part.name)).await;
            listeners.push(tokio::spawn(listen(stream, heard.clone())));
        }
        Self { site, http, truth, engine, heard, listeners }
    }

    /// A customer writes on a channel, after opening a chat in which only the bot talks. Returns when it was taken.
    pub(super) async fn writes(&self, channel: &str, customer: &str, n: usize, text: &str) -> Instant {
        if n == 1 {
            self.message(channel, customer, &first_id(customer), Some("START_CHAT"), None).await;
        }
        self.message(channel, customer, &format!("{customer}-{n}"), None, Some(text)).await;
        Instant::now()
    }

    async fn message(
        &self,
        channel: &str,
        customer: &str,
        id: &str,
        intent: Option<&str>,
        text: Option<&str>,
    ) {
        let mut message = connector_message(id, customer, intent, text);
        message["header"]["channelData"]["serviceIdentifier"] = json!(channel);
        let _ = self.http.post("/cim-messages", None, &message).await.unwrap().good();
    }

    /// Posts a command that must succeed.
    pub(super) async fn gives(&self, path: &str, body: Json) -> Json {
        self.http.post(path, None, &body).await.unwrap().good()
    }

    /// Puts what must be accepted.
    pub(super) async fn puts(&self, path: &str, body: Json) -> Json {
        let bytes = body.to_string().into_bytes();
        self.http.send(reqwest::Method::PUT, path, None, bytes).await.unwrap().good()
    }

    /// Posts JSON, with headers beside.
    pub(super) async fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.http.send_with(path, headers, body.to_vec()).await.unwrap()
    }

    /// What a customer has read so far.
    pub(super) fn read(&self, customer: &str) -> Vec<Line> {
        self.heard.lock().unwrap().get(customer).cloned().unwrap_or_default()
    }

    /// The same, words only.
    pub(super) fn words(&self, customer: &str) -> Vec<String> {
        self.read(customer).into_iter().map(|l| l.text).collect()
    }

    /// Everything all customers have read.
    pub(super) fn everything(&self) -> String {
        format!("{:?}", self.heard.lock().unwrap())
    }

    /// Waits until a customer has read so many lines.
    pub(super) async fn reads(&self, customer: &str, lines: usize) {
        let what = format!("{customer} reads {lines} lines");
        eventually(&what, PATIENCE, async || (self.words(customer).len() >= lines).then_some(())).await;
    }

    /// Conversations with the number of their tasks: how often an agent is or was looked for.
    pub(super) async fn tasks(&self) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        for body in self.truth.texts("routing_record", "body", "where key like 'task:%'").await {
            let task: Json = serde_json::from_str(&body).unwrap();
            *found.entry(task["conversation"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        found
    }

    /// The history of a conversation.
    pub(super) async fn history(&self, conversation: &str) -> Vec<Json> {
        let rows = self.http.get(&format!("/conversations/{conversation}/events")).await.unwrap().good();
        rows.as_array().unwrap().clone()
    }

    /// How often each event happened in a conversation.
    pub(super) async fn events(&self, conversation: &str) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        for row in self.history(conversation).await {
            for event in row["events"].as_array().into_iter().flatten() {
                *found.entry(event["name"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        found
    }

    /// Ends it all.
    pub(super) async fn close(self) {
        for listener in &self.listeners {
            listener.abort();
        }
        self.engine.stop().await;
        assert!(!self.site.log().contains("panicked"), "{}", self.site.log());
    }
}

/// The conversation of a customer.
pub(super) fn conversation_of(customer: &str) -> String {
    conversation::new_id(&format!("m:{}", first_id(customer)))
}

fn first_id(customer: &str) -> String {
    format!("{customer}-start")
}

/// Keeps what a channel is sent, until the engine stops. Notifications are not words.
async fn listen(mut stream: reqwest::Response, heard: Heard) {
    let mut text = Vec::new();
    while let Ok(Some(piece)) = stream.chunk().await {
        text.extend_from_slice(&piece);
        while let Some(end) = text.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).into_owned();
            let Some(data) = line.strip_prefix("data:") else { continue };
            let message: Json = serde_json::from_str(data.trim()).unwrap();
            let words = message["body"]["markdownText"].as_str().unwrap_or_default();
            if words.is_empty() || message["body"]["type"] == "NOTIFICATION" {
                continue;
            }
            let customer = message["header"]["channelData"]["channelCustomerIdentifier"].as_str().unwrap();
            let line = Line { text: words.into(), at: Instant::now() };
            heard.lock().unwrap().entry(customer.to_owned()).or_default().push(line);
        }
    }
}
