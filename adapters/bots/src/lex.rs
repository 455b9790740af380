//! Bots of Amazon Lex V2, asked through the AWS SDK.
//!
//! The rules of the bot connection are those of `domain.md` section 7: a question about a conversation goes out, a
//! list of responses comes back. Lex has no webhook, so this module translates: a message becomes `RecognizeText`,
//! the start of a session and a hand-back become `PutSession`, the end of the conversation becomes `DeleteSession`.
//!
//! Nothing about a conversation is kept here. Lex keeps the dialogue, the controller keeps the conversation data,
//! so a crash of the controller loses neither.

mod answer;
mod failure;
mod question;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use aws_sdk_lexruntimev2::Client;
use aws_sdk_lexruntimev2::config::retry::RetryConfig;
use aws_sdk_lexruntimev2::config::timeout::TimeoutConfig;
use aws_sdk_lexruntimev2::config::{
    BehaviorVersion, ProvideCredentials, Region, SharedCredentialsProvider, StalledStreamProtectionConfig,
};
use aws_sdk_lexruntimev2::error::SdkError;
use convene_core::centre::LexBot;
use convene_runtime::ports::bots::Failure;
use serde_json::Value;

use answer::Heard;
use question::{Question, Step};

/// A Lex bot, and where it is reached.
#[derive(Debug, Clone, Copy)]
pub struct Reached<'a> {
    /// The bot.
    pub bot: &'a LexBot,
    /// URL to use instead of the public one of the region. Checking it is the caller's task.
    pub endpoint: Option<&'a str>,
}

/// Region and endpoint of a client.
type Address = (Option<String>, Option<String>);

/// Keeps SDK clients, one per (region, endpoint).
///
/// Credentials come from the standard chain of the SDK: environment, profile, web identity, container, machine.
/// They are read on the first question, kept until they expire, and renewed by the SDK.
#[derive(Default)]
pub struct Lex {
    clients: Mutex<HashMap<Address, Client>>,
    credentials: Option<SharedCredentialsProvider>,
}

impl fmt::Debug for Lex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Clients and providers show more than a log should hold.
        formatter.debug_struct("Lex").finish_non_exhaustive()
    }
}

impl Lex {
    /// No client yet; the first question to a region makes it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with credentials of the caller's instead of the standard chain.
    #[must_use]
    pub fn with_credentials(credentials: impl ProvideCredentials + 'static) -> Self {
        Lex { credentials: Some(SharedCredentialsProvider::new(credentials)), ..Self::default() }
    }

    /// Puts one question and returns the bot's responses, in order, in the form of `domain.md` section 7.
    ///
    /// `request` is the question: `conversation`, `type` (`message` or `intent`), `message` (the text, or the name
    /// of the event), `metadata` (the message of the customer), `role`, `data` (conversation data).
    /// There is no time limit: whoever drops the future ends the call. There is no second attempt either.
    ///
    /// A message without text, and any event but the start of a session, a hand-back and the end, is answered with
    /// an empty list without asking Lex.
    ///
    /// # Errors
    ///
    /// Says what went wrong and whether asking again may help.
    pub async fn ask(&self, settings: Reached<'_>, request: &Value) -> Result<Vec<Value>, Failure> {
        let question = Question::read(request)?;
        match &question.step {
            Step::Say(text) => self.say(settings, &question, text).await,
            Step::Mark(name, value) => self.mark(settings, &question, name, value).await,
            Step::Forget => self.delete(settings, &question.session).await.map(|()| Vec::new()),
            Step::Nothing => Ok(Vec::new()),
        }
    }

    async fn say(
        &self,
        settings: Reached<'_>,
        question: &Question,
        text: &str,
    ) -> Result<Vec<Value>, Failure> {
        let heard = Heard::default();
        let call = self.client(settings).await.recognize_text();
        let done = call
            .bot_id(&settings.bot.id)
            .bot_alias_id(&settings.bot.alias)
            .locale_id(&settings.bot.locale)
            .session_id(&question.session)
            .text(text)
            .set_session_state(question.session_state())
            .set_request_attributes(Some(question.request_attributes()))
            .customize()
            .interceptor(heard.clone())
            .send()
            .await;
        match done {
            Ok(_) => {}
            // The SDK could not read a good answer; see `Heard`.
            Err(SdkError::ServiceError(error)) if error.raw().status().is_success() => {}
            Err(error) => return Err(failure::explain(&error, &question.private_texts())),
        }
        let answer = heard.take().ok_or_else(failure::unreadable)?;
        Ok(answer::responses(&answer, &question.data, &settings.bot.outcomes))
    }

    /// Writes one attribute into the session and starts a new dialogue in it.
    ///
    /// Attributes that are given replace all that Lex has (Lex V2 guide, "Setting session attributes"; taken to
    /// hold for `PutSession` too), so the conversation data go along. They are the whole record: what the bot
    /// itself set came back as `data` of an earlier response. Asking Lex for the attributes first would be a
    /// second call that another turn could overtake. For the same reason the attribute is returned as `data`:
    /// the next turn sends the data again, and without the attribute it would vanish.
    ///
    /// `ElicitIntent` makes Lex wait for a new request. A slot that was half asked before a human took over must
    /// not swallow the customer's next sentence.
    async fn mark(
        &self,
        settings: Reached<'_>,
        question: &Question,
        name: &str,
        value: &str,
    ) -> Result<Vec<Value>, Failure> {
        let call = self.client(settings).await.put_session();
        call.bot_id(&settings.bot.id)
            .bot_alias_id(&settings.bot.alias)
            .locale_id(&settings.bot.locale)
            .session_id(&question.session)
            .session_state(question.marked_state(name, value)?)
            .set_request_attributes(Some(question.request_attributes()))
            // Otherwise Lex would speak.
            .response_content_type("text/plain; charset=utf-8")
            .send()
            .await
            .map_err(|error| failure::explain(&error, &question.private_texts()))?;
        Ok(vec![answer::data_only(name, value)])
    }

    async fn delete(&self, settings: Reached<'_>, session: &str) -> Result<(), Failure> {
        let call = self.client(settings).await.delete_session();
        let done = call
            .bot_id(&settings.bot.id)
            .bot_alias_id(&settings.bot.alias)
            .locale_id(&settings.bot.locale)
            .session_id(session)
            .send()
            .await;
        match done {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == 404 => Ok(()),
            Err(error) => Err(failure::explain(&error, &[])),
        }
    }

    /// The client of a region and endpoint, made when it is first wanted.
    async fn client(&self, settings: Reached<'_>) -> Client {
        let address = (settings.bot.region.clone(), settings.endpoint.map(str::to_owned));
        let known = self.clients.lock().unwrap_or_else(PoisonError::into_inner).get(&address).cloned();
        if let Some(client) = known {
            return client;
        }
        // Made without holding the lock: finding the region may ask the machine. Two makers do no harm, one wins.
        let made = self.connect(settings).await;
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(address).or_insert(made).clone()
    }

    async fn connect(&self, settings: Reached<'_>) -> Client {
        // The version is fixed: a newer SDK must not bring back retries or timeouts by new defaults.
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            // The caller tries again within its own deadline, and drops the future when that has passed.
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(region) = &settings.bot.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(endpoint) = settings.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(credentials) = &self.credentials {
            loader = loader.credentials_provider(credentials.clone());
        }
        Client::new(&loader.load().await)
    }
}
