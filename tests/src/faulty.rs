//! A bot elsewhere that misbehaves as it is told: it plays a webhook, Rasa or a language model on a port of its own, keeps
//! every request, and spoils its answers in one way at a time.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use convene_core::model::Json;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Longer than any deadline of a test.
const FOR_EVER: Duration = Duration::from_secs(120);
/// Between two bytes of a bot that drips.
const DRIP: Duration = Duration::from_millis(200);
/// What an endless answer would come to, and its pieces.
const ENDLESS_BYTES: usize = 100 << 20;
const PIECE_BYTES: usize = 1 << 16;
/// Levels of an answer that is nested too deeply.
const DEEP: usize = 10_000;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1_024;

/// Whose language it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Custom connector.
    Webhook,
    /// Rasa's REST channel.
    Rasa,
    /// Chat completions.
    Llm,
    /// Amazon Lex.
    Lex,
}

/// How it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `You said: …`, at once.
    None,
    /// The same, after a while.
    Slow(Duration),
    /// It orders FIND_AGENT, after a while.
    Orders(Duration),
    /// Takes the question and says nothing.
    HungBeforeHead,
    /// Nothing after the head.
    HungAfterHead,
    /// A byte now and then.
    Drips,
    /// This status and headers to the first request of a call, then well.
    Once(&'static str),
    /// This status and headers, always.
    Status(&'static str),
    /// HTML, with status 200.
    Html,
    /// A status and a body in which each `AUTH` is what came as the token.
    Echoes(&'static str, &'static str),
    /// Broken off in the middle of JSON.
    NoJson,
    /// A body of 100 MB, as long as somebody takes it.
    Endless,
    /// Arrays in arrays.
    Deep,
    /// Sends the caller to another address.
    Redirect(String),
    /// The same answer two times on one connection.
    Twice,
    /// Confirms the question; the answer comes another way.
    Confirms,
    /// Resets the connection before it reads.
    ResetUnread,
    /// Resets the connection after it read the question.
    ResetRead,
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its path.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body as it came.
    pub bytes: Vec<u8>,
}

impl Asked {
    /// A header; empty when it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// The call it belongs to.
    #[must_use]
    pub fn key(&self) -> String {
        match self.header("idempotency-key") {
            // The SDK has no such header: in these tests the words tell which question it is.
            "" => self.json()["text"].as_str().unwrap_or_default().to_owned(),
            key => key.to_owned(),
        }
    }

    /// Its body.
    #[must_use]
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }
}

/// The bot.
#[derive(Debug)]
pub struct Faulty {
    /// Where it listens.
    pub address: SocketAddr,
    inner: Arc<Inner>,
    /// Keeps the port while nobody listens there, so that no other test gets it.
    port: Option<TcpSocket>,
    server: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Inner {
    kind: Kind,
    fault: Mutex<Fault>,
    asked: Mutex<Vec<Asked>>,
    connections: AtomicUsize,
    /// Bytes of an endless answer that somebody took.
    taken: AtomicUsize,
}

impl Faulty {
    /// A bot that listens.
    pub fn start(kind: Kind, fault: Fault) -> Self {
        let mut bot = Self::absent(kind);
        bot.fails(fault);
        bot.comes();
        bot
    }

    /// A bot with an address at which nobody listens, until it [comes](Self::comes).
    pub fn absent(kind: Kind) -> Self {
        let port = TcpSocket::new_v4().unwrap();
        port.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = port.local_addr().unwrap();
        let inner = Inner {
            kind,
            fault: Mutex::new(Fault::None),
            asked: Mutex::default(),
            connections: AtomicUsize::default(),
            taken: AtomicUsize::default(),
        };
        Self { address, inner: Arc::new(inner), port: Some(port), server: None }
    }

    /// Listens from now on.
    pub fn comes(&mut self) {
        let Some(port) = self.port.take() else { return };
        let listener = port.listen(BACKLOG).unwrap();
        let inner = self.inner.clone();
        self.server = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                inner.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, inner.clone()));
            }
        }));
    }

    /// Answers in another way from now on.
    pub fn fails(&self, fault: Fault) {
        *self.inner.fault.lock().unwrap() = fault;
    }

    /// Its address for a browser.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/bot", self.address)
    }

    /// Every request so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.inner.asked.lock().unwrap().clone()
    }

    /// How often somebody connected.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.inner.connections.load(Ordering::SeqCst)
    }

    /// How much of endless answers was taken, in bytes.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.inner.taken.load(Ordering::SeqCst)
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

/// What a bot of this kind says.
#[must_use]
pub fn said(kind: Kind, text: &str) -> Json {
    match kind {
        Kind::Webhook => json!([{ "body": { "type": "PLAIN", "markdownText": text } }]),
        Kind::Rasa => json!([{ "recipient_id": "x", "text": text }]),
        Kind::Llm => json!({ "choices": [{ "message": { "role": "assistant", "content": text } }] }),
        Kind::Lex => json!({
            "sessionId": "x",
            "messages": [{ "contentType": "PlainText", "content": text }],
            "sessionState": { "dialogAction": { "type": "ElicitIntent" } },
        }),
    }
}

/// How a bot of this kind orders an agent; a language model has a tool `find_person` for it.
#[must_use]
pub fn orders_an_agent(kind: Kind) -> Json {
    let action = json!({ "type": "ACTION", "name": "FIND_AGENT", "data": {} });
    match kind {
        Kind::Webhook => json!([{ "body": action }]),
        Kind::Rasa => json!([{ "recipient_id": "x", "custom": action }]),
        Kind::Llm => {
            let call =
                json!({ "type": "function", "function": { "name": "find_person", "arguments": "{}" } });
            json!({ "choices": [{ "message": { "role": "assistant", "tool_calls": [call] } }] })
        }
        Kind::Lex => json!({
            "sessionId": "x",
            "interpretations": [{ "intent": { "name": "Person" } }],
            "sessionState": { "intent": { "name": "Person", "state": "Failed", "slots": {} } },
        }),
    }
}

/// What the customer said, in a question to a bot of this kind.
fn question(kind: Kind, body: &Json) -> String {
    let text = match kind {
        Kind::Webhook | Kind::Rasa => &body["message"],
        Kind::Lex => &body["text"],
        Kind::Llm => {
            body["messages"].as_array().and_then(|m| m.last()).map_or(&Json::Null, |m| &m["content"])
        }
    };
    text.as_str().unwrap_or_default().to_owned()
}

async fn serve(mut stream: TcpStream, bot: Arc<Inner>) {
    if *bot.fault.lock().unwrap() == Fault::ResetUnread {
        let _ = stream.set_zero_linger();
        return;
    }
    while let Some(asked) = read(&mut stream).await {
        let fault = bot.fault.lock().unwrap().clone();
        let before = {
            let mut all = bot.asked.lock().unwrap();
            let before = all.iter().filter(|a| a.key() == asked.key()).count();
            all.push(asked.clone());
            before
        };
        if answer(&mut stream, &bot, fault, &asked, before).await.is_none() {
            return;
        }
    }
}

/// Answers one request; `None` when the connection is of no use any more. `before` is how often this call came already.
async fn answer(
    stream: &mut TcpStream,
    bot: &Inner,
    fault: Fault,
    asked: &Asked,
    before: usize,
) -> Option<()> {
    let echo = format!("You said: {}", question(bot.kind, &asked.json()));
    let well = well_formed("200 OK", "application/json", &said(bot.kind, &echo).to_string());
    match fault {
        Fault::None => write(stream, &well).await,
        Fault::Slow(delay) => {
            sleep(delay).await;
            write(stream, &well).await
        }
        Fault::Orders(delay) => {
            sleep(delay).await;
            let body = orders_an_agent(bot.kind).to_string();
            write(stream, &well_formed("200 OK", "application/json", &body)).await
        }
        Fault::Once(_) if before > 0 => write(stream, &well).await,
        Fault::Once(status) | Fault::Status(status) => {
            write(stream, &well_formed(status, "text/plain", "")).await
        }
        Fault::Html => {
            let page = "<html><body><h1>It works!</h1></body></html>";
            write(stream, &well_formed("200 OK", "text/html", page)).await
        }
        Fault::Echoes(status, body) => {
            let page = body.replace("AUTH", asked.header("authorization"));
            let page = page.replace("TOKEN", asked.header("authorization").trim_start_matches("Bearer "));
            write(stream, &well_formed(status, "text/html", &page)).await
        }
        Fault::NoJson => write(stream, &well_formed("200 OK", "application/json", "[{\"body\": ")).await,
        Fault::Deep => {
            let body = format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP));
            write(stream, &well_formed("200 OK", "application/json", &body)).await
        }
        Fault::Redirect(to) => {
            let status = format!("307 Temporary Redirect\r\nlocation: {to}");
            write(stream, &well_formed(&status, "text/plain", "")).await
        }
        Fault::Twice => write(stream, &format!("{well}{well}")).await,
        Fault::Confirms => write(stream, &well_formed("202 Accepted", "application/json", "")).await,
        Fault::HungBeforeHead => hang().await,
        Fault::HungAfterHead | Fault::Drips | Fault::Endless => spoil(stream, bot, &fault).await,
        Fault::ResetUnread | Fault::ResetRead => {
            let _ = stream.set_zero_linger();
            None
        }
    }
}

async fn hang() -> Option<()> {
    sleep(FOR_EVER).await;
    None
}

/// Answers that begin and never end well.
async fn spoil(stream: &mut TcpStream, bot: &Inner, fault: &Fault) -> Option<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    if *fault == Fault::Endless {
        write(stream, &format!("{head}transfer-encoding: chunked\r\n\r\n")).await?;
        let piece = format!("{PIECE_BYTES:x}\r\n{}\r\n", " ".repeat(PIECE_BYTES));
        for _ in 0..ENDLESS_BYTES / PIECE_BYTES {
            write(stream, &piece).await?;
            bot.taken.fetch_add(PIECE_BYTES, Ordering::SeqCst);
        }
        return write(stream, "0\r\n\r\n").await;
    }
    write(stream, &format!("{head}content-length: 1000\r\n\r\n[")).await?;
    if *fault == Fault::HungAfterHead {
        return hang().await;
    }
    loop {
        sleep(DRIP).await;
        write(stream, " ").await?;
    }
}

fn well_formed(status: &str, kind: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

async fn write(stream: &mut TcpStream, text: &str) -> Option<()> {
    stream.write_all(text.as_bytes()).await.ok()
}

/// Reads one request; `None` when the caller hangs up instead.
pub async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut asked = Asked { path, headers, bytes: Vec::new() };
    let end = head + asked.header("content-length").parse().unwrap_or(0);
    while bytes.len() < end {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    asked.bytes = bytes[head..end].to_vec();
    Some(asked)
}
