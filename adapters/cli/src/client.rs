//! A small HTTP client for the commands that talk to a running engine.

use convene_core::model::Json;
use reqwest::{Client, RequestBuilder, Url};
use tokio::sync::mpsc;

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

    /// Listens to server-sent events until the engine or the listener goes.
    pub(crate) async fn listen(&self, url: Url) -> Result<mpsc::Receiver<Heard>, String> {
        let mut response = self.http.get(url.clone()).send().await.map_err(|e| e.to_string())?;
        if !response.status().is_success() {
            return Err(format!("the engine lets nobody listen at {url}: {}", response.status()));
        }
        let (say, heard) = mpsc::channel(64);
        tokio::spawn(async move {
            // Bytes until an event is whole: a chunk may end inside a letter.
            let mut buffer: Vec<u8> = Vec::new();
            while let Ok(Some(chunk)) = response.chunk().await {
                buffer.extend_from_slice(&chunk);
                while let Some(end) = buffer.windows(2).position(|pair| pair == b"\n\n") {
                    let event: Vec<u8> = buffer.drain(..end + 2).collect();
                    let Some(event) = parsed(&String::from_utf8_lossy(&event)) else { continue };
                    if say.send(event).await.is_err() {
                        return;
                    }
                }
            }
        });
        Ok(heard)
    }
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
