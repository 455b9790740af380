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
        let Some(bot) = deployment.bot(&call.bot) else {
            let reason = format!("the deployment has no bot {:?} any more", call.bot);
            metrics.bot_calls.with_label_values(&["failed"]).inc();
            return Some((call.bot.clone(), BotResult::Failed { reason }));
        };
        if !bot.elsewhere() {
            return None;
        }
        let bot = bot.clone();
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
        let trial = match gate.enter(bot.breaker) {
            Ok(trial) => trial,
            Err(reason) => return BotOutcome::failed(reason),
        };
        let permit = match timeout_at(deadline, gate.permits.acquire()).await {
            Ok(Ok(permit)) => permit,
            _ => {
                gate.leave_without_a_word(trial);
                return BotOutcome::TimedOut;
            }
        };
        let outcome = self.attempts(bot, private, call, deadline).await;
        drop(permit);
        gate.learn(bot, trial, &outcome);
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
    /// Whether the bot may be called now, and whether this call is the one that tries if it is back.
    fn enter(&self, breaker: Breaker) -> Result<bool, String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(until) = state.left_alone_until else { return Ok(false) };
        if Instant::now() < until || state.trying {
            return Err(format!(
                "it failed {} times in a row and is left alone for a while",
                breaker.failures
            ));
        }
        state.trying = true;
        Ok(true)
    }

    fn leave_without_a_word(&self, trial: bool) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).trying &= !trial;
    }

    /// Counts failures in a row; enough of them, and the bot is left alone.
    fn learn(&self, bot: &BotEntry, trial: bool, outcome: &BotOutcome) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.trying &= !trial;
        if matches!(outcome, BotOutcome::Answered(_) | BotOutcome::Accepted) {
            if state.left_alone_until.is_some() {
                tracing::info!(bot = bot.name, "the bot is back");
            }
            *state = State::default();
            return;
        }
        state.failures = state.failures.saturating_add(1);
        let enough = bot.breaker.failures > 0 && (trial || state.failures >= bot.breaker.failures);
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

/// Shortest token that is looked for in an answer, in bytes: a shorter one may be a word that a bot says.
const SECRET_BYTES_MIN: usize = 8;

/// Whether an answer holds the bot's own token. Answers are journaled and shown, so one that echoes it is not taken.
#[must_use]
pub fn echoes(token: Option<&str>, answer: &[u8]) -> bool {
    let token = token.filter(|token| token.len() >= SECRET_BYTES_MIN).map(str::as_bytes);
    token.is_some_and(|token| answer.windows(token.len()).any(|part| part == token))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use convene_core::centre::BotKind;
    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;
    use serde_json::json;

    use super::*;

    /// A bot that answers or fails, as it is told, and counts how often it is asked.
    #[derive(Default)]
    struct Moody {
        asked: AtomicUsize,
        well: AtomicBool,
        /// Fails in a way that may be repeated.
        again: AtomicBool,
    }

    impl Bots for Arc<Moody> {
        fn call<'a>(&'a self, _: Question<'a>) -> BoxFuture<'a, BotOutcome> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let again = self.again.load(Ordering::SeqCst);
            let failure = Failure { reason: "no".into(), again, after_ms: None };
            let well = self.well.load(Ordering::SeqCst);
            async move { if well { BotOutcome::Answered("[]".into()) } else { BotOutcome::Failed(failure) } }
                .boxed()
        }
    }

    fn bot(failures: u32, retries: u32) -> BotEntry {
        BotEntry {
            name: "moody".into(),
            kind: BotKind::Webhook,
            at_once: 2,
            retries,
            breaker: Breaker { failures, pause_ms: 80 },
            ..BotEntry::default()
        }
    }

    async fn ask(calls: &Calls, bot: &BotEntry, within_ms: u64) -> BotOutcome {
        let call = BotCall {
            id: "c".into(),
            bot: bot.name.clone(),
            conversation: "x".into(),
            request: json!({}),
            deadline: 0,
        };
        calls.through_the_gate(bot, &[], &call, Instant::now() + Duration::from_millis(within_ms)).await
    }

    #[tokio::test]
    async fn a_bot_that_fails_again_and_again_is_left_alone_and_then_tried_once() {
        let moody = Arc::new(Moody::default());
        let (calls, bot) = (Calls::new(Arc::new(moody.clone())), bot(3, 0));
        for _ in 0..3 {
            ask(&calls, &bot, 1_000).await;
        }
        let BotOutcome::Failed(refused) = ask(&calls, &bot, 1_000).await else { panic!("it was asked") };
        assert!(refused.reason.contains("left alone"), "{refused:?}");
        assert_eq!(moody.asked.load(Ordering::SeqCst), 3, "a fourth call went out");
        // One call tries, and fails: it is left alone again, at once.
        sleep(Duration::from_millis(100)).await;
        ask(&calls, &bot, 1_000).await;
        ask(&calls, &bot, 1_000).await;
        assert_eq!(moody.asked.load(Ordering::SeqCst), 4);
        moody.well.store(true, Ordering::SeqCst);
        sleep(Duration::from_millis(100)).await;
        assert_eq!(ask(&calls, &bot, 1_000).await, BotOutcome::Answered("[]".into()));
        assert_eq!(
            ask(&calls, &bot, 1_000).await,
            BotOutcome::Answered("[]".into()),
            "it is back for everybody"
        );
    }

    #[tokio::test]
    async fn what_nobody_took_is_asked_again_and_nothing_else_is() {
        let moody = Arc::new(Moody::default());
        let (calls, bot) = (Calls::new(Arc::new(moody.clone())), bot(0, 2));
        ask(&calls, &bot, 2_000).await;
        assert_eq!(moody.asked.load(Ordering::SeqCst), 1, "it may have been taken");
        moody.again.store(true, Ordering::SeqCst);
        ask(&calls, &bot, 2_000).await;
        assert_eq!(moody.asked.load(Ordering::SeqCst), 1 + 3, "once and two repetitions");
        ask(&calls, &bot, 50).await;
        assert_eq!(moody.asked.load(Ordering::SeqCst), 5, "no time for a repetition");
    }

    #[test]
    fn a_secret_is_read_where_it_is_and_never_told() {
        let file = std::env::temp_dir().join(format!("secret-{}", uuid::Uuid::new_v4()));
        std::fs::write(&file, " s3cret\n").unwrap();
        let place = Secret::File(file.display().to_string());
        assert_eq!(read(Some(&place)), Ok(Some("s3cret".into())));
        std::fs::remove_file(&file).unwrap();
        assert!(read(Some(&place)).unwrap_err().contains("missing or empty"));
        let name = Secret::Environment("CONVENE_NO_SUCH_VARIABLE".into());
        assert!(read(Some(&name)).unwrap_err().contains("CONVENE_NO_SUCH_VARIABLE"));
        assert_eq!(read(None), Ok(None));
    }
}
