//! A small HTTP client for the commands that talk to a running engine.

use std::time::Duration;

use convene_core::model::Json;
use reqwest::{Client, RequestBuilder, Response, Url};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long a stream that ended is asked for again, and how often.
const LISTEN_AGAIN_MAX: Duration = Duration::from_secs(20);
const LISTEN_AGAIN_EVERY: Duration = Duration::from_millis(500);

/// Why a call failed.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The engine cannot be reached.
    Unreachable(String),
    /// It cannot serve now.
    Failing(String),
    /// It answered with a problem.
    Refused(String),
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable(text) | Self::Failing(text) | Self::Refused(text) => f.write_str(text),
        }
    }
}

/// A running engine. Names in its paths are those people type: they are encoded here and nowhere else.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    http: Client,
    base: Url,
}

impl Engine {
    /// The engine at the address that `--url` gives.
    pub(crate) fn at(url: &str) -> Result<Self, String> {
        let base = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let wrong = || {
            format!(
                "--url {url:?} is no address of an engine: write it as http://HOST:PORT, such as http://127.0.0.1:8080"
            )
        };
        Ok(Self { http: Client::new(), base: base.ok_or_else(wrong)? })
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// Posts JSON and returns what comes back.
    pub(crate) async fn post(&self, path: &[&str], body: &Json) -> Result<Json, CallError> {
        let url = self.url(path);
        call(sends(self.http.post(url.clone()), body), &url).await
    }

    /// Puts JSON and returns what comes back.
    pub(crate) async fn put(&self, path: &[&str], body: &Json) -> Result<Json, CallError> {
        let url = self.url(path);
        call(sends(self.http.put(url.clone()), body), &url).await
    }

    /// Gets JSON.
    pub(crate) async fn get(&self, path: &[&str]) -> Result<Json, CallError> {
        let url = self.url(path);
        call(self.http.get(url.clone()), &url).await
    }

    /// Listens to server-sent events until the engine or the listener goes. A stream that ends, as one does at a gap, is
    /// asked for again.
    pub(crate) async fn listen(&self, url: Url) -> Result<mpsc::Receiver<Heard>, String> {
        let mut response = self.open(&url).await?;
        let (say, heard) = mpsc::channel(64);
        let engine = self.clone();
        tokio::spawn(async move {
            while read(&mut response, &say).await {
                match engine.open_again(&url, &say).await {
                    Some(again) => response = again,
                    None => return,
                }
            }
        });
        Ok(heard)
    }

    async fn open(&self, url: &Url) -> Result<Response, String> {
        let response = self.http.get(url.clone()).send().await.map_err(|e| e.to_string())?;
        if !response.status().is_success() {
            return Err(format!("the engine lets nobody listen at {url}: {}", response.status()));
        }
        Ok(response)
    }

    /// The same stream again; `None` when it cannot be had, or nobody listens any more.
    async fn open_again(&self, url: &Url, say: &mpsc::Sender<Heard>) -> Option<Response> {
        let end = Instant::now() + LISTEN_AGAIN_MAX;
        while Instant::now() < end && !say.is_closed() {
            tokio::time::sleep(LISTEN_AGAIN_EVERY).await;
            if let Ok(response) = self.open(url).await {
                eprintln!("The stream broke off; what was said meanwhile may be missing here.");
                return Some(response);
            }
        }
        None
    }
}

/// Tells the events of a stream until it ends. Says whether somebody still listens.
async fn read(response: &mut Response, say: &mpsc::Sender<Heard>) -> bool {
    // Bytes until an event is whole: a chunk may end inside a letter.
    let mut buffer: Vec<u8> = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        buffer.extend_from_slice(&chunk);
        while let Some(end) = buffer.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = buffer.drain(..end + 2).collect();
            let Some(event) = parsed(&String::from_utf8_lossy(&event)) else { continue };
            if say.send(event).await.is_err() {
                return false;
            }
        }
    }
    true
}

fn sends(request: RequestBuilder, body: &Json) -> RequestBuilder {
    request.header("content-type", "application/json").body(body.to_string())
}

async fn call(request: RequestBuilder, url: &Url) -> Result<Json, CallError> {
    let unreachable = |e: reqwest::Error| {
        CallError::Unreachable(format!("no engine answers at {url}: {e}; start one with `convene run`"))
    };
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let text = response.text().await.unwrap_or_default();
    let json: Json = serde_json::from_str(&text).unwrap_or_default();
    if status.is_success() {
        return Ok(json);
    }
    let detail = json["detail"].as_str().unwrap_or(&text);
    let code = json["code"].as_str().unwrap_or_default();
    let said = format!("{status} {code}: {detail}");
    Err(if status.is_server_error() { CallError::Failing(said) } else { CallError::Refused(said) })
}

/// A server-sent event.
#[derive(Debug)]
pub(crate) struct Heard {
    /// Its name.
    pub(crate) kind: String,
    /// Its data.
    pub(crate) data: Json,
}

/// An event from its lines; `None` for a comment.
fn parsed(event: &str) -> Option<Heard> {
    let field = |name: &str| -> String {
        event.lines().filter_map(|l| l.strip_prefix(name)).map(str::trim_start).collect()
    };
    let data = serde_json::from_str(&field("data:")).ok()?;
    Some(Heard { kind: field("event:"), data })
}
