//! Bots reached over HTTP.
use convene_core::effect::BotCall;
use convene_runtime::ports::bots::*;
/// stand-in
#[derive(Default)]
pub struct WebhookBots;
impl WebhookBots {
    /// new
    pub fn new() -> Self {
        Self
    }
}
impl Bots for WebhookBots {
    fn call<'a>(
        &'a self,
        _u: &'a str,
        _t: Option<&'a str>,
        _c: &'a BotCall,
        _l: u64,
    ) -> futures_util::future::BoxFuture<'a, BotOutcome> {
        Box::pin(async { BotOutcome::TimedOut })
    }
}
