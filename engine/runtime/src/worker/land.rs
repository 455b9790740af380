//! The commit of a batch, and what follows it: answers, acknowledgements, publications, bots.

use std::sync::atomic::Ordering;
use std::time::Duration;

use convene_core::conversation;
use convene_core::effect::{BotCall, Reply};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::{PAUSE_MAX, Worker};
use crate::draft::Draft;
use crate::item::{Item, What};
use crate::ports::bus::{Destination, Outgoing, ReplyTo};
use crate::ports::store::{StoreError, StoreResult};
use crate::publisher;

/// Most senders remembered; beyond it the memory is cleared and filled again from the store.
const SESSIONS_MAX: usize = 200_000;
/// Confirmed publications are marked at the latest after this.
pub(super) const MARK_AFTER: Duration = Duration::from_millis(200);
/// A batch whose commit is under way.
pub(super) struct Flight {
    keys: Vec<String>,
    pub(super) handle: JoinHandle<Committed>,
    /// How it ended, once it was seen to end.
    pub(super) landed: Option<Result<Committed, tokio::task::JoinError>>,
}

/// A draft and the store's word on it.
type Committed = (Draft, StoreResult<()>);

/// A commit that does not stand.
pub(super) enum Failure {
    /// The store's word on it.
    Refused(Box<Draft>, StoreError),
    /// The task that committed it is gone, and the draft with it.
    Lost,
}

impl Worker {
    /// Starts the commit of a draft.
    pub(super) fn launch(&mut self, mut draft: Draft) -> Option<Flight> {
        self.write_records(&mut draft);
        // An acknowledgement covers everything before it: not while something before it still waits.
        if !self.carry.iter().any(|i| i.token.is_some()) {
            draft.tokens.append(&mut self.refused_tokens);
        }
        // Nothing behind them may be stepped before them.
        self.flush |= !draft.later.is_empty();
        draft.close();
        if draft.is_empty() && Instant::now() < self.next_mark {
            return None;
        }
        self.next_mark = Instant::now() + MARK_AFTER;
        draft.batch.published = self.publisher.confirmed();
        if draft.is_empty() {
            return None;
        }
        draft.batch.fence = self.leases.iter().map(|l| (l.partition, l.epoch)).collect();
        self.in_flight_seen.clone_from(&draft.seen);
        self.in_flight_outcomes.clone_from(&draft.outcomes);
        self.in_flight_touched.clone_from(&draft.touched);
        let keys = draft.batch.states.iter().map(|s| s.row.key.clone()).collect();
        let (store, metrics, probe) = (self.store.clone(), self.metrics.clone(), self.probe.clone());
        let handle = tokio::spawn(async move {
            if draft.batch.is_empty() {
                return (draft, Ok(()));
            }
            probe.pass("before-commit");
            let timer = metrics.commit_seconds.start_timer();
            let result = store.commit(&draft.batch).await;
            match &result {
                Ok(()) => {
                    timer.observe_duration();
                    probe.pass("after-commit");
                }
                Err(_) => {
                    timer.stop_and_discard();
                }
            }
            (draft, result)
        });
        Some(Flight { keys, handle, landed: None })
    }

    /// Waits for a commit, and takes back what does not stand.
    pub(super) async fn land(&mut self, flight: Flight) {
        if let Some(failure) = self.landed(flight).await {
            self.failed(failure).await;
        }
    }

    /// Waits for a commit and follows it up. What was drafted on top of one that does not stand has to be taken back.
    pub(super) async fn landed(&mut self, flight: Flight) -> Option<Failure> {
        let landed = match flight.landed {
            Some(landed) => landed,
            None => flight.handle.await,
        };
        self.in_flight_seen.clear();
        self.in_flight_outcomes.clear();
        self.in_flight_touched.clear();
        match landed {
            Ok((draft, Ok(()))) => {
                for key in &flight.keys {
                    self.cache.unpin(key);
                }
                self.shared.ready.store(true, Ordering::Relaxed);
                self.pause = Duration::from_millis(50);
                self.conflicts = 0;
                self.follow_up(draft).await;
                None
            }
            Ok((draft, Err(problem))) => Some(Failure::Refused(Box::new(draft), problem)),
            Err(problem) => {
                tracing::error!(%problem, "the commit task died");
                Some(Failure::Lost)
            }
        }
    }

    /// After the commit: answers, acknowledgements, publications, bots.
    async fn follow_up(&mut self, draft: Draft) {
        for (_, to, reply) in draft.replies {
            self.answer(to, reply).await;
        }
        if self.sessions.len() > SESSIONS_MAX {
            self.sessions.clear();
        }
        if !draft.tokens.is_empty() && !self.unsettled {
            self.probe.pass("before-acknowledge");
            if let Err(problem) = self.shared.bus.acknowledge(&draft.tokens).await {
                tracing::warn!(%problem, "acknowledging failed; the broker delivers again and the repeats are dropped");
            }
            self.probe.pass("after-acknowledge");
        }
        let steps = draft.steps[0] + draft.steps[1];
        if steps > 0 {
            self.metrics.processed.with_label_values(&["conversation"]).inc_by(draft.steps[0]);
            self.metrics.processed.with_label_values(&["routing"]).inc_by(draft.steps[1]);
            #[allow(clippy::cast_precision_loss)]
            self.metrics.commit_inputs.observe(steps as f64);
            self.metrics.open_conversations.add(draft.opened);
        }
        self.take_hops(draft.later);
        let hops = draft.hops_out.into_iter().filter(|h| !self.owns(h.partition)).collect();
        let parcels = draft.batch.unpublished.into_iter().map(|u| u.parcel).collect();
        let job = publisher::Job { parcels, outputs: draft.publications, hops };
        self.publisher.hand(job, &self.metrics, &self.shared.stop).await;
        for (home, call) in draft.bot_calls {
            self.ask(home, call);
        }
        for id in &draft.batch.bot_calls_done {
            self.asked.remove(id);
        }
    }

    /// Publishes one message before anything else goes on; tries until it succeeds or the engine stops. Says whether it
    /// did.
    pub(super) async fn publish_now(&self, message: Outgoing) -> bool {
        let message = [message];
        let mut pause = Duration::from_millis(50);
        while let Err(problem) = self.shared.bus.publish(&message).await {
            tracing::warn!(%problem, "publishing failed, trying again");
            if self.shared.stop.is_cancelled() {
                return false;
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
        true
    }

    pub(super) async fn answer(&self, to: ReplyTo, reply: Reply) {
        match to {
            ReplyTo::Nobody => {}
            ReplyTo::Here(sender) => {
                let _ = sender.send(reply);
            }
            ReplyTo::Queue { queue, correlation } => {
                let body = serde_json::to_vec(&reply).unwrap_or_default();
                let message = Outgoing {
                    to: Destination::Reply { queue, correlation },
                    id: uuid::Uuid::new_v4().to_string(),
                    kind: "reply".into(),
                    body: body.into(),
                    headers: Vec::new(),
                };
                let bus = self.shared.bus.clone();
                tokio::spawn(async move {
                    if let Err(problem) = bus.publish(&[message]).await {
                        tracing::debug!(%problem, "an answer could not be delivered");
                    }
                });
            }
        }
    }

    /// Calls a bot in a task of its own; its answer comes back as an input.
    pub(super) fn ask(&mut self, home: u32, call: BotCall) {
        if self.asked.insert(call.id.clone(), home).is_some() {
            return;
        }
        let shared = self.shared.clone();
        let back = self.own.0.clone();
        tokio::spawn(async move {
            let Some((bot, input)) = shared.call_bot(&call).await else { return };
            let at = shared.clock.now();
            let id = format!("b:{}", call.id);
            let input = Box::new(conversation::Input::Bot { bot, call: call.id, outcome: input });
            let what = What::Conversation { id: call.conversation, input };
            let _ = back.send(Item::own(id, home, at, what)).await;
        });
    }
}
