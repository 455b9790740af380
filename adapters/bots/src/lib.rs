//! Bots elsewhere: custom webhooks, Rasa, Amazon Lex and language models (`contract.md` section 5, `domain.md` section 7).
//!
//! Each kind is a translation: the question of the controller into what the bot understands, and its answer into the one
//! form the controller understands. A bot is somebody else's program. It may be slow, endless, huge, or gone: each call
//! ends by its deadline with a [`BotOutcome`], and what a failure says holds neither token nor address.

mod http;
pub mod lex;
mod llm;
mod rasa;
mod webhook;

use std::time::Duration;

use convene_core::centre::BotKind;
use convene_core::conversation::is_command_intent;
use convene_core::model::Json;
use convene_runtime::ports::bots::{BotOutcome, Bots, Failure, Question};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

pub use http::ANSWER_BYTES_MAX;
use http::Http;
use lex::{Lex, Reached};

/// Header that names the call. A bot that is asked again after a crash knows by it that it answered before.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Calls bots of every kind. One per process: calls share their connections.
#[derive(Debug)]
pub struct Elsewhere {
    http: Http,
    lex: Lex,
}

impl Elsewhere {
    /// A caller that trusts the certificate authorities of the operating system. Where there are none (an image without
    /// `ca-certificates`), bots at `http:` are still reached and calls to `https:` fail by name.
    #[must_use]
    pub fn new() -> Self {
        Self { http: Http::new(), lex: Lex::new() }
    }

    /// Asks Amazon Lex, or what stands in its place.
    async fn lex(&self, question: Question<'_>) -> Result<Told, Failure> {
        let Some(lex) = &question.bot.lex else {
            return Err(failure("the deployment says nothing of its Lex bot"));
        };
        if let Some(endpoint) = &question.bot.url {
            http::check(endpoint, question.private).await?;
        }
        let reached = Reached { bot: lex, endpoint: question.bot.url.as_deref() };
        self.lex.ask(reached, &question.call.request).await.map(Told::Now)
    }

    /// Asks and reads the answer, however long it takes.
    async fn ask(&self, question: Question<'_>) -> Result<Told, Failure> {
        match question.bot.kind {
            BotKind::Webhook => webhook::ask(&self.http, question).await,
            BotKind::Rasa => rasa::ask(&self.http, question).await,
            BotKind::Llm => llm::ask(&self.http, question).await,
            BotKind::Lex => self.lex(question).await,
            BotKind::Script => Err(failure("a flow of the deployment plays this bot; it is not called")),
        }
    }
}

impl Default for Elsewhere {
    fn default() -> Self {
        Self::new()
    }
}

/// What a bot tells.
#[derive(Debug, PartialEq)]
enum Told {
    /// Responses in the form of section 7.
    Now(Vec<Json>),
    /// It answers later.
    Later,
}

impl Bots for Elsewhere {
    fn call<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, BotOutcome> {
        async move {
            if question.left_ms == 0 {
                return BotOutcome::TimedOut;
            }
            // Around everything: connecting, waiting, and a body that drips.
            match tokio::time::timeout(Duration::from_millis(question.left_ms), self.ask(question)).await {
                Ok(Ok(Told::Now(responses))) => BotOutcome::Answered(Json::Array(responses).to_string()),
                Ok(Ok(Told::Later)) => BotOutcome::Accepted,
                Ok(Err(failure)) => BotOutcome::Failed(failure),
                Err(_) => BotOutcome::TimedOut,
            }
        }
        .boxed()
    }
}

/// A failure that repeating would not mend.
fn failure(reason: impl Into<String>) -> Failure {
    Failure { reason: reason.into(), again: false, after_ms: None }
}

/// The words of a question: what the customer pressed, or else said.
fn words(request: &Json) -> &str {
    pressed(request).unwrap_or_else(|| request["message"].as_str().unwrap_or_default())
}

/// The payload of the button that the customer pressed: a message whose intent it is, and which names the message with the
/// button (section 7).
fn pressed(request: &Json) -> Option<&str> {
    let header = &request["metadata"]["header"];
    let answers = header["originalMessageId"].as_str().is_some_and(|id| !id.is_empty());
    let none = |intent: &str| intent.is_empty() || intent == "NONE" || is_command_intent(intent);
    let payload = |intent: &&str| answers && !none(intent);
    header["intent"].as_str().filter(payload)
}
