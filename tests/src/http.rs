//! A client of the HTTP interface.

use std::time::Duration;

use convene_core::model::Json;
use reqwest::Method;

/// How long an answer may take.
const ANSWER_WAIT: Duration = Duration::from_secs(40);

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// `content-type`.
    pub kind: String,
    /// Body as JSON; null when it is none.
    pub json: Json,
    /// Body as text.
    pub text: String,
}

impl Answer {
    /// Whether it is a success.
    #[must_use]
    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The problem's stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// The body of a success.
    ///
    /// # Panics
    /// It is none.
    #[must_use]
    pub fn good(self) -> Json {
        assert!(self.ok(), "{} {}", self.status, self.text);
        self.json
    }
}

/// A client of one engine.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    url: String,
}

impl Http {
    /// A client of the engine at `url`.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { client: reqwest::Client::new(), url: url.trim_end_matches('/').to_owned() }
    }

    /// Reads.
    ///
    /// # Errors
    /// No answer.
    pub async fn get(&self, path: &str) -> Result<Answer, String> {
        self.send(Method::GET, path, None, Vec::new()).await
    }

    /// Posts JSON, under the id by which repeats are known.
    ///
    /// # Errors
    /// No answer.
    pub async fn post(&self, path: &str, id: Option<&str>, body: &Json) -> Result<Answer, String> {
        self.send(Method::POST, path, id, body.to_string().into_bytes()).await
    }

    /// Opens a stream, which lasts until what is returned is dropped.
    ///
    /// # Panics
    /// No answer.
    pub async fn open(&self, path: &str) -> reqwest::Response {
        let response = self.client.get(format!("{}{path}", self.url)).send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response
    }

    /// Sends anything.
    ///
    /// # Errors
    /// No answer.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        id: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Answer, String> {
        let key: Vec<(&str, &str)> = id.map(|id| ("Idempotency-Key", id)).into_iter().collect();
        self.send_under(method, path, &key, body).await
    }

    /// Posts anything under these headers.
    ///
    /// # Errors
    /// No answer.
    pub async fn send_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, String> {
        self.send_under(Method::POST, path, headers, body).await
    }

    async fn send_under(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, String> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.url))
            .header("content-type", "application/json")
            .timeout(ANSWER_WAIT)
            .body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.map_err(|e| e.to_string())?;
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").and_then(|v| v.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let text = response.text().await.map_err(|e| e.to_string())?;
        let json = serde_json::from_str(&text).unwrap_or_default();
        Ok(Answer { status, kind, json, text })
    }
}
