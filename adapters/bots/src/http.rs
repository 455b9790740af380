//! One way out for all bots: no proxy, no redirect, no private address that is not allowed, no endless answer.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use convene_core::centre::address;
use convene_core::model::{Json, MESSAGE_BYTES_MAX, read_json};
use convene_runtime::calls;
use convene_runtime::ports::bots::{Failure, Question};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Response, StatusCode, Url, redirect, retry};

use crate::{IDEMPOTENCY_KEY, failure};

/// Longest answer, in bytes: that of a message, since messages are what it holds.
pub const ANSWER_BYTES_MAX: usize = MESSAGE_BYTES_MAX;
/// How long an unused connection is kept. Shorter than servers do: a question that crosses with the server's
/// hang-up is lost, and questions are not repeated.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);

/// The clients: one for addresses the deployment allows by name, one that refuses private ones.
#[derive(Debug)]
pub(crate) struct Http {
    /// `Err` holds why no call can be made.
    public: Result<Client, String>,
    anywhere: Result<Client, String>,
}

impl Http {
    pub(crate) fn new() -> Self {
        let public = || configured().dns_resolver(Arc::new(PublicOnly));
        Self { public: client(public), anywhere: client(configured) }
    }

    /// The client for an address, once it is one that may be called.
    fn client_for(&self, url: &Url, private: &[String]) -> Result<&Client, Failure> {
        let (host, port) = address::host_and_port(url.as_str()).ok_or_else(|| {
            failure(format!("the bot's url begins with {}:, not with http: or https:", url.scheme()))
        })?;
        let client = if address::allowed(private, &host, port) {
            &self.anywhere
        } else if host.parse::<IpAddr>().is_ok_and(address::is_private) {
            return Err(failure(PrivateAddress.to_string()));
        } else {
            &self.public
        };
        client.as_ref().map_err(|problem| failure(problem.clone()))
    }

    /// Posts JSON and reads what comes back, whatever its status is.
    pub(crate) async fn post(
        &self,
        question: Question<'_>,
        body: Vec<u8>,
        headers: HeaderMap,
    ) -> Result<Answer, Failure> {
        let url = question.bot.url.as_deref().unwrap_or_default();
        let url = Url::parse(url).map_err(|problem| failure(format!("the bot's url is none: {problem}")))?;
        let client = self.client_for(&url, question.private)?;
        let key = header(&question.call.id)?;
        let mut request = client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .header(IDEMPOTENCY_KEY, key)
            .headers(headers)
            .body(body);
        if let Some(token) = question.token {
            let (name, value) = match &question.bot.token_header {
                Some(name) => (
                    HeaderName::from_str(name).map_err(|_| failure("`token_header` is no header"))?,
                    token.to_owned(),
                ),
                None => (AUTHORIZATION, format!("Bearer {token}")),
            };
            let mut value = header(&value)?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        let response = request.send().await.map_err(|error| told(error, true))?;
        let answer = Answer::read(response).await?;
        match calls::echoes(question.token, answer.text.as_bytes()) {
            true => Err(failure("the answer holds the bot's own token; it is not looked at")),
            false => Ok(answer),
        }
    }
}

fn header(value: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::from_str(value)
        .map_err(|_| failure("a header cannot hold the token; is there a line break in it?"))
}

/// An answer with a good status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl Answer {
    async fn read(mut response: Response) -> Result<Self, Failure> {
        let status = response.status();
        if status.is_redirection() {
            return Err(failure(format!(
                "HTTP {}: redirects are not followed; give the final address",
                status.as_u16()
            )));
        }
        if !status.is_success() {
            let again = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
            let after_ms = response.headers().get(RETRY_AFTER).and_then(seconds);
            return Err(Failure { reason: format!("HTTP {}", status.as_u16()), again, after_ms });
        }
        let too_large = || failure(format!("the answer is longer than {ANSWER_BYTES_MAX} bytes"));
        if response.content_length().is_some_and(|length| length > ANSWER_BYTES_MAX as u64) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| told(error, false))? {
            if bytes.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(too_large());
            }
            bytes.extend_from_slice(&piece);
        }
        let text = bytes.trim_ascii().to_vec();
        let text = String::from_utf8(text).map_err(|_| failure("the answer is not UTF-8"))?;
        Ok(Self { status, text })
    }

    /// The body as JSON within the limits of a message; `null` when it is empty.
    pub(crate) fn json(&self) -> Result<Json, Failure> {
        if self.text.is_empty() {
            return Ok(Json::Null);
        }
        read_json(self.text.as_bytes()).map_err(|mut problem| {
            // The path is made of the bot's own keys: a bot that echoes what it was sent could put its token there.
            problem.path.clear();
            failure(format!("the answer is of no use: {problem}"))
        })
    }
}

/// Looks at an address that somebody else will call: refused when it is, or leads to, a private one that is not allowed.
pub(crate) async fn check(url: &str, private: &[String]) -> Result<(), Failure> {
    let (host, port) =
        address::host_and_port(url).ok_or_else(|| failure("the bot's endpoint is no http address"))?;
    if address::allowed(private, &host, port) {
        return Ok(());
    }
    let found = tokio::net::lookup_host((host.as_str(), port)).await;
    let mut found = found.map_err(|_| failure("the host of the bot's endpoint is not found"))?;
    match found.any(|a| address::is_private(a.ip())) {
        true => Err(failure(PrivateAddress.to_string())),
        false => Ok(()),
    }
}

/// `Retry-After` in seconds, as ms. A date is not read: a bot's clock may be anything.
fn seconds(value: &HeaderValue) -> Option<u64> {
    value.to_str().ok()?.trim().parse::<u64>().ok()?.checked_mul(1000)
}

fn client(configured: impl Fn() -> ClientBuilder) -> Result<Client, String> {
    let client = configured().build().or_else(|problem| {
        tracing::warn!(
            problem = sentence(problem),
            "no certificate authority is trusted: bots at https addresses cannot be called; install ca-certificates"
        );
        configured().tls_certs_only([]).build()
    });
    client.map_err(sentence)
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

/// Finds the addresses of a name and refuses private ones, at the moment they are used: a name that was public when it was
/// looked at may point elsewhere now.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.iter().any(|a| address::is_private(a.ip())) {
                return Err(Box::new(PrivateAddress) as Box<dyn Error + Send + Sync>);
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// The address is private, and the deployment does not allow it.
#[derive(Debug)]
struct PrivateAddress;

impl fmt::Display for PrivateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("its address is private; name host and port under `private_bots` in flows/centre.yaml if it is meant")
    }
}

impl Error for PrivateAddress {}

/// What went wrong. Before the question left, nobody has taken it: asking again is safe.
fn told(error: reqwest::Error, sending: bool) -> Failure {
    let mut cause = error.source();
    let mut private = false;
    while let Some(inner) = cause {
        private |= inner.is::<PrivateAddress>();
        cause = inner.source();
    }
    if private {
        return failure(PrivateAddress.to_string());
    }
    let again = sending && error.is_connect();
    Failure { reason: sentence(error), again, after_ms: None }
}

/// An error with its causes, without the address, which may hold credentials.
fn sentence(error: reqwest::Error) -> String {
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
