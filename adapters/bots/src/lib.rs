//! Bots reached over HTTP: a question is posted to the bot's webhook, its answer is the body that comes back
//! (`domain.md` section 7).
//!
//! A bot is somebody else's program. It may be slow, endless, huge, or gone: each call ends by its deadline with a
//! [`BotOutcome`], and what a failure says holds neither the token nor the credentials of the address.

use std::error::Error;
use std::time::Duration;

use convene_core::effect::BotCall;
use convene_core::model::{MESSAGE_BYTES_MAX, read_json};
use convene_runtime::ports::bots::{BotOutcome, Bots};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, ClientBuilder, Response, StatusCode, Url, redirect, retry};

/// Longest answer, in bytes: that of a message, since messages are what it holds.
pub const ANSWER_BYTES_MAX: usize = MESSAGE_BYTES_MAX;
/// Header that names the call. A bot that is asked again after a crash knows by it that it answered before.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// How long an unused connection is kept. Shorter than servers do: a question that crosses with the server's
/// hang-up is lost, and questions are not repeated.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);
/// What an empty answer means: nothing to say, which is a valid answer.
const SILENCE: &str = "[]";

/// Calls bots by their webhooks. One per process: calls share their connections.
#[derive(Debug)]
pub struct WebhookBots {
    /// `Err` holds why no call can be made.
    client: Result<Client, String>,
}

impl WebhookBots {
    /// A caller that trusts the certificate authorities of the operating system. Where there are none (an image without
    /// `ca-certificates`), bots at `http:` are still reached and calls to `https:` fail by name.
    #[must_use]
    pub fn new() -> Self {
        let client = configured().build().or_else(|problem| {
            tracing::warn!(
                problem = told(problem),
                "no certificate authority is trusted: bots at https addresses cannot be called; install ca-certificates"
            );
            configured().tls_certs_only([]).build()
        });
        Self { client: client.map_err(told) }
    }

    /// Asks and reads the answer, however long it takes.
    async fn ask(&self, url: &str, token: Option<&str>, call: &BotCall) -> Result<String, String> {
        let client = self.client.as_ref().map_err(Clone::clone)?;
        let url = Url::parse(url).map_err(|problem| format!("the bot's url is none: {problem}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("the bot's url begins with {}:, not with http: or https:", url.scheme()));
        }
        let mut request = client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .header(IDEMPOTENCY_KEY, &call.id)
            .body(call.request.to_string());
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(told)?;
        let status = response.status();
        if status.is_redirection() {
            return Err(format!(
                "HTTP {}: redirects are not followed; give the final address",
                status.as_u16()
            ));
        }
        if !status.is_success() {
            return Err(format!("HTTP {}", status.as_u16()));
        }
        if status == StatusCode::NO_CONTENT {
            return Ok(SILENCE.into());
        }
        answer(response).await
    }
}

impl Default for WebhookBots {
    fn default() -> Self {
        Self::new()
    }
}

impl Bots for WebhookBots {
    fn call<'a>(
        &'a self,
        url: &'a str,
        token: Option<&'a str>,
        call: &'a BotCall,
        left_ms: u64,
    ) -> BoxFuture<'a, BotOutcome> {
        async move {
            if left_ms == 0 {
                return BotOutcome::TimedOut;
            }
            // Around everything: connecting, waiting, and a body that drips.
            match tokio::time::timeout(Duration::from_millis(left_ms), self.ask(url, token, call)).await {
                Ok(Ok(answer)) => BotOutcome::Answered(answer),
                Ok(Err(reason)) => BotOutcome::Failed(reason),
                Err(_) => BotOutcome::TimedOut,
            }
        }
        .boxed()
    }
}

/// What every client has. No proxy from the environment, no redirects, no repetition: a bot is asked once, at the
/// address in the deployment.
fn configured() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("convene/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .pool_idle_timeout(IDLE_CONNECTION)
}

/// Reads the body: JSON within the limits of a message.
async fn answer(mut response: Response) -> Result<String, String> {
    let too_large = || format!("the answer is longer than {ANSWER_BYTES_MAX} bytes");
    if response.content_length().is_some_and(|length| length > ANSWER_BYTES_MAX as u64) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(told)? {
        if bytes.len() + piece.len() > ANSWER_BYTES_MAX {
            return Err(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    let text = bytes.trim_ascii();
    if text.is_empty() {
        return Ok(SILENCE.into());
    }
    read_json(text).map_err(|problem| format!("the answer is of no use: {problem}"))?;
    String::from_utf8(text.to_vec()).map_err(|_| "the answer is not UTF-8".into())
}

/// An error with its causes, without the address, which may hold credentials.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::configured;

    #[test]
    fn without_certificate_authorities_there_is_still_a_client() {
        configured().tls_certs_only([]).build().unwrap();
    }
}
