//! Calls to bots: so many at once, repeated only where that is safe, and none to a bot that fails again and again. One bot
//! that hangs costs its own customers their deadline, and nobody else anything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use convene_core::centre::{BotEntry, Breaker, Secret};
use convene_core::conversation::BotResult;
use convene_core::effect::BotCall;
use convene_core::model::Json;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};

use crate::clock::Clock;
use crate::deployments::Deployments;
use crate::metrics::Metrics;
use crate::ports::bots::{BotOutcome, Bots, Failure, Question};

/// First pause before a call is repeated; the next is twice as long.
const BACKOFF: Duration = Duration::from_millis(100);

/// What stands between the engine and its bots.
pub(crate) struct Calls {
    bots: Arc<dyn Bots>,
    gates: Mutex<HashMap<String, Arc<Gate>>>,
}

/// What is kept of a bot.
struct Gate {
    at_once: u32,
    permits: Semaphore,
    state: Mutex<State>,
}

/// How a bot has done lately.
#[derive(Default)]
struct State {
    failures: u32,
    left_alone_until: Option<Instant>,
    /// One call finds out whether it is back.
    trying: bool,
}

impl Calls {
    pub(crate) fn new(bots: Arc<dyn Bots>) -> Self {
        Self { bots, gates: Mutex::default() }
    }

    /// Asks a bot and waits for the end of the call. `None` when there is nothing to tell: the bot is not one that is
    /// called, or it answers later.
    pub(crate) async fn ask(
        &self,
        deployments: &Deployments,
        clock: &dyn Clock,
        metrics: &Metrics,
        call: &BotCall,
    ) -> Option<(String, BotResult)> {
        let deployment = deployments.current();
        let bot = deployment.bot(&call.bot).filter(|b| b.flow.is_none())?.clone();
        let left = Duration::from_millis(u64::try_from(call.deadline - clock.now()).unwrap_or(0));
        let deadline = Instant::now() + left;
        let outcome = match left.is_zero() {
            true => BotOutcome::TimedOut,
            false => self.through_the_gate(&bot, &deployment.centre.private_bots, call, deadline).await,
        };
        let (name, result) = match outcome {
            BotOutcome::Answered(text) => match serde_json::from_str::<Json>(&text) {
                Ok(answer) => ("answered", Some(BotResult::Answered { answer })),
                Err(e) => {
                    ("failed", Some(BotResult::Failed { reason: format!("the answer is not JSON: {e}") }))
                }
            },
            BotOutcome::Accepted => ("accepted", None),
            BotOutcome::TimedOut => ("timed_out", Some(BotResult::TimedOut)),
            BotOutcome::Failed(failure) => ("failed", Some(BotResult::Failed { reason: failure.reason })),
        };
        metrics.bot_calls.with_label_values(&[name]).inc();
        Some((call.bot.clone(), result?))
    }

    async fn through_the_gate(
        &self,
        bot: &BotEntry,
        private: &[String],
        call: &BotCall,
        deadline: Instant,
    ) -> BotOutcome {
        let gate = self.gate(bot);
        if let Err(reason) = gate.enter(bot.breaker) {
            return BotOutcome::failed(reason);
        }
        let permit = match timeout_at(deadline, gate.permits.acquire()).await {
            Ok(Ok(permit)) => permit,
            _ => {
                gate.leave_without_a_word();
                return BotOutcome::TimedOut;
            }
        };
        let outcome = self.attempts(bot, private, call, deadline).await;
        drop(permit);
        gate.learn(bot, &outcome);
        outcome
    }

    fn gate(&self, bot: &BotEntry) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(&bot.name).filter(|g| g.at_once == bot.at_once) {
            return gate.clone();
        }
        let permits = Semaphore::new(bot.at_once.max(1) as usize);
        let gate = Arc::new(Gate { at_once: bot.at_once, permits, state: Mutex::default() });
        gates.insert(bot.name.clone(), gate.clone());
        gate
    }

    /// The call, and its repetitions while the bot certainly did not take it.
    async fn attempts(
        &self,
        bot: &BotEntry,
        private: &[String],
        call: &BotCall,
        deadline: Instant,
    ) -> BotOutcome {
        let (token, signing) = match (read(bot.token.as_ref()), read(bot.signing.as_ref())) {
            (Ok(token), Ok(signing)) => (token, signing),
            (Err(reason), _) | (_, Err(reason)) => return BotOutcome::failed(reason),
        };
        let mut pause = BACKOFF;
        let mut repeated = 0;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let left_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
            let (token, signing) = (token.as_deref(), signing.as_deref());
            let question = Question { bot, token, signing, private, call, left_ms };
            let outcome = self.bots.call(question).await;
            let BotOutcome::Failed(Failure { again: true, after_ms, .. }) = &outcome else { return outcome };
            let wait = after_ms.map_or(pause, Duration::from_millis);
            if repeated >= bot.retries || Instant::now() + wait >= deadline {
                return outcome;
            }
            tracing::debug!(bot = bot.name, call = call.id, "asked again: the bot did not take the question");
            sleep(wait).await;
            pause *= 2;
            repeated += 1;
        }
    }
}

impl Gate {
    /// Whether the bot may be called now.
    fn enter(&self, breaker: Breaker) -> Result<(), String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(until) = state.left_alone_until else { return Ok(()) };
        if Instant::now() < until || state.trying {
            return Err(format!(
                "it failed {} times in a row and is left alone for a while",
                breaker.failures
            ));
        }
        state.trying = true;
        Ok(())
    }

    fn leave_without_a_word(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).trying = false;
    }

    /// Counts failures in a row; enough of them, and the bot is left alone.
    fn learn(&self, bot: &BotEntry, outcome: &BotOutcome) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let was_trying = std::mem::take(&mut state.trying);
        if matches!(outcome, BotOutcome::Answered(_) | BotOutcome::Accepted) {
            if state.left_alone_until.is_some() {
                tracing::info!(bot = bot.name, "the bot is back");
            }
            *state = State::default();
            return;
        }
        state.failures = state.failures.saturating_add(1);
        let enough = bot.breaker.failures > 0 && (was_trying || state.failures >= bot.breaker.failures);
        if enough {
            if state.left_alone_until.is_none() {
                tracing::warn!(
                    bot = bot.name,
                    failures = state.failures,
                    "the bot is left alone for a while"
                );
            }
            let pause = u64::try_from(bot.breaker.pause_ms).unwrap_or(0);
            state.left_alone_until = Some(Instant::now() + Duration::from_millis(pause));
        }
    }
}

/// Reads a secret where it is. `None` when the deployment names none.
///
/// # Errors
/// It is named and not there; the sentence names the place, never the secret.
pub fn read(secret: Option<&Secret>) -> Result<Option<String>, String> {
    let (found, place) = match secret {
        None => return Ok(None),
        Some(Secret::Environment(name)) => (std::env::var(name).ok(), format!("environment variable {name}")),
        Some(Secret::File(path)) => {
            (std::fs::read_to_string(path).ok().map(|t| t.trim().to_owned()), format!("file {path}"))
        }
    };
    match found.filter(|text| !text.is_empty()) {
        Some(text) => Ok(Some(text)),
        None => Err(format!("its secret is not there: {place} is missing or empty")),
    }
}
