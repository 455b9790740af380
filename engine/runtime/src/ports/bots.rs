//! Bots outside this process.

use convene_core::effect::BotCall;
use futures_util::future::BoxFuture;

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub enum BotOutcome {
    /// The bot answered; the JSON text as it came (one response or a list, `domain.md` section 7).
    Answered(String),
    /// Not in time.
    TimedOut,
    /// Unreachable, refused, or an answer that is none; with the reason, free of secrets.
    Failed(String),
}

/// Calls bots.
pub trait Bots: Send + Sync + 'static {
    /// Makes one call; must return by the deadline in `call`, given the time left in milliseconds.
    fn call<'a>(
        &'a self,
        url: &'a str,
        token: Option<&'a str>,
        call: &'a BotCall,
        left_ms: u64,
    ) -> BoxFuture<'a, BotOutcome>;
}
