//! Bots outside this process.

use convene_core::centre::BotEntry;
use convene_core::effect::BotCall;
use futures_util::future::BoxFuture;

/// A question to a bot, with everything that is needed to ask it.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The bot.
    pub bot: &'a BotEntry,
    /// Its token.
    pub token: Option<&'a str>,
    /// The key that signs.
    pub signing: Option<&'a str>,
    /// Hosts with ports that may be called although they are private.
    pub private: &'a [String],
    /// What is asked.
    pub call: &'a BotCall,
    /// Time left, ms.
    pub left_ms: u64,
}

impl std::fmt::Debug for Question<'_> {
    /// Without the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question")
            .field("bot", &self.bot.name)
            .field("call", &self.call.id)
            .finish_non_exhaustive()
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BotOutcome {
    /// The bot answered: JSON text in the form of `domain.md` section 7, one response or a list.
    Answered(String),
    /// It took the question and answers later.
    Accepted,
    /// Not in time.
    TimedOut,
    /// Unreachable, refused, or an answer that is none.
    Failed(Failure),
}

impl BotOutcome {
    /// A failure that repeating would not mend, or that may have been a success on the other side.
    #[must_use]
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::Failed(Failure { reason: reason.into(), again: false, after_ms: None })
    }
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// In words, free of secrets.
    pub reason: String,
    /// The bot certainly did not take the question, and may take it soon: nobody was there, or it said so (429, 503).
    pub again: bool,
    /// How long it asked to be left alone, ms.
    pub after_ms: Option<u64>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

/// Calls bots.
pub trait Bots: Send + Sync + 'static {
    /// Makes one call; must return by the time that is left.
    fn call<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, BotOutcome>;
}
