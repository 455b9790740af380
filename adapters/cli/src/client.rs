//! A small HTTP client for `chat` and `send`.

use convene_core::model::Json;

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
    let request = client.post(url).header("content-type", "application/json").body(body);
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
