//! A bot reached over HTTP, as small as can be: it answers every question the same way, after a while.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use convene_core::model::Json;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::faulty;

/// A question it was asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// `Idempotency-Key`.
    pub key: String,
    /// The request.
    pub body: Json,
}

/// The bot.
#[derive(Debug)]
pub struct Bot {
    /// Where it is asked.
    pub url: String,
    asked: Arc<Mutex<Vec<Question>>>,
    delay: Arc<Mutex<Duration>>,
    server: JoinHandle<()>,
}

impl Bot {
    /// A bot that answers after `delay`.
    pub async fn start(delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/bot", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Question>>> = Arc::default();
        let delay = Arc::new(Mutex::new(delay));
        let (into, wait) = (asked.clone(), delay.clone());
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, into.clone(), wait.clone()));
            }
        });
        Self { url, asked, delay, server }
    }

    /// Answers after another time from now on.
    pub fn takes(&self, delay: Duration) {
        *self.delay.lock().unwrap() = delay;
    }

    /// Everything it was asked so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut stream: TcpStream, into: Arc<Mutex<Vec<Question>>>, delay: Arc<Mutex<Duration>>) {
    while let Some(asked) = faulty::read(&mut stream).await {
        let question = Question { key: asked.key(), body: asked.json() };
        let said = question.body["message"].as_str().unwrap_or_default().to_owned();
        into.lock().unwrap().push(question);
        let delay = *delay.lock().unwrap();
        sleep(delay).await;
        let body =
            json!([{ "body": { "type": "PLAIN", "markdownText": format!("You said: {said}") } }]).to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
            return;
        }
    }
}
