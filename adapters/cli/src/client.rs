//! A small HTTP client for the commands that talk to a running engine.

use convene_core::model::Json;
use tokio::sync::mpsc;

/// Why a call failed.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The engine cannot be reached.
    Unreachable(String),
    /// It answered with a problem.
    Refused(String),
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable(text) | Self::Refused(text) => f.write_str(text),
        }
    }
}

/// Posts JSON and returns what comes back.
pub(crate) async fn post(client: &reqwest::Client, url: &str, body: Vec<u8>) -> Result<Json, CallError> {
    call(client.post(url).header("content-type", "application/json").body(body), url).await
}

/// Puts JSON and returns what comes back.
pub(crate) async fn put(client: &reqwest::Client, url: &str, body: &Json) -> Result<Json, CallError> {
    call(client.put(url).header("content-type", "application/json").body(body.to_string()), url).await
}

/// Gets JSON.
pub(crate) async fn get(client: &reqwest::Client, url: &str) -> Result<Json, CallError> {
    call(client.get(url), url).await
}

async fn call(request: reqwest::RequestBuilder, url: &str) -> Result<Json, CallError> {
    let unreachable = |e: reqwest::Error| {
        CallError::Unreachable(format!("no engine answers at {url}: {e}; start one with `convene run`"))
    };
    let response = request.send().await.map_err(unreachable)?;
    let ok = response.status().is_success();
    let status = response.status();
    let text = response.text().await.unwrap_or_default();
    let json: Json = serde_json::from_str(&text).unwrap_or_default();
    if ok {
        return Ok(json);
    }
    let detail = json["detail"].as_str().unwrap_or(&text).to_owned();
    let code = json["code"].as_str().unwrap_or_default().to_owned();
    Err(CallError::Refused(format!("{status} {code}: {detail}")))
}

/// A server-sent event.
#[derive(Debug)]
pub(crate) struct Heard {
    /// Its name.
    pub(crate) kind: String,
    /// Its data.
    pub(crate) data: Json,
}

/// Listens to server-sent events until the engine or the listener goes.
pub(crate) async fn listen(http: reqwest::Client, url: String) -> Result<mpsc::Receiver<Heard>, String> {
    let mut response = http.get(&url).send().await.map_err(|e| e.to_string())?;
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

/// An event from its lines; `None` for a comment.
fn parsed(event: &str) -> Option<Heard> {
    let field = |name: &str| -> String {
        event.lines().filter_map(|l| l.strip_prefix(name)).map(str::trim_start).collect()
    };
    let data = serde_json::from_str(&field("data:")).ok()?;
    Some(Heard { kind: field("event:"), data })
}
