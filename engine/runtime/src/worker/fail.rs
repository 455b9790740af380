//! What happens when a batch cannot be drafted or committed: nothing of it is lost, and it is stepped again.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;

use convene_core::effect::Reply;
use tokio::time::{Instant, sleep};

use super::land::Failure;
use super::take::Halt;
use super::{PAUSE_MAX, Worker};
use crate::draft::Draft;
use crate::item::Item;
use crate::ports::bus::{ReplyTo, Token};
use crate::ports::store::StoreError;

/// Conflicts in a row after which inputs are tried one by one, and after twice as many the culprit is quarantined.
const CONFLICTS_MAX: u32 = 8;

impl Worker {
    /// A draft cannot be made to the end; what it held was put back.
    pub(super) async fn halted(&mut self, halt: Halt) {
        match halt {
            Halt::Store(problem) => self.troubled(&problem).await,
            Halt::Poison(id) => {
                self.poisoned.insert(id);
            }
            Halt::Stopping => {}
        }
        self.forget().await;
    }

    /// A commit failed: what it held is stepped again.
    pub(super) async fn failed(&mut self, failure: Failure) {
        let (draft, problem) = match failure {
            Failure::Refused(draft, problem) => (*draft, problem),
            Failure::Lost => return self.begin_anew().await,
        };
        // What an input asked for in the same batch goes and comes with it.
        let causes: Vec<String> =
            draft.items.iter().filter(|i| !i.follows_in_batch()).map(|i| i.id.clone()).collect();
        self.take_back(draft);
        match &problem {
            StoreError::Conflict { keys } => {
                tracing::info!(?keys, "another engine was faster, stepping again");
                self.metrics.conflicts.inc();
                self.conflicts += 1;
                if self.conflicts > CONFLICTS_MAX && causes.len() > 1 {
                    self.alone.extend(causes);
                } else if self.conflicts > 2 * CONFLICTS_MAX {
                    tracing::error!("an input conflicts again and again; it is quarantined");
                    self.poisoned.extend(causes);
                    self.conflicts = 0;
                }
            }
            StoreError::Fenced { partitions } => {
                tracing::warn!(?partitions, "partitions were taken over by another engine");
                self.leases.retain(|l| !partitions.contains(&l.partition));
                self.next_lease = Instant::now();
                self.own_on_bus().await;
            }
            StoreError::Unavailable(_) => {
                self.unsure = true;
                self.next_lease = Instant::now();
                self.troubled(&problem).await;
            }
            StoreError::Broken(detail) if causes.len() > 1 => {
                tracing::error!(%detail, "the store refused a batch; trying its inputs one by one");
                self.alone.extend(causes);
                self.rest().await;
            }
            StoreError::Broken(detail) => {
                tracing::error!(%detail, quarantined = ?causes, "the store refused an input");
                self.poisoned.extend(causes);
                self.rest().await;
            }
        }
        self.forget().await;
    }

    /// Nobody knows what a batch held: every partition is taken anew, so that the bus delivers again whatever was not
    /// acknowledged.
    async fn begin_anew(&mut self) {
        self.leases.clear();
        self.own_on_bus().await;
        self.next_lease = Instant::now();
        self.forget().await;
    }

    /// Everything a draft held is to be stepped again: its commit failed, or one below it.
    pub(super) fn take_back(&mut self, mut draft: Draft) {
        let mut items = std::mem::take(&mut draft.items);
        // What it wrote down for a later batch is asked for again.
        self.carry.retain(|i| !i.hop.as_ref().is_some_and(|id| draft.hops_out.iter().any(|h| h.id == *id)));
        self.keep_tokens(&draft.tokens, &items);
        reattach(&mut items, draft.replies);
        self.put_back(items);
    }

    /// Deliveries that need no step again (repeats, dead letters) are acknowledged with the next batch that stands.
    fn keep_tokens(&mut self, tokens: &[Token], items: &[Item]) {
        let again: HashSet<Token> = items.iter().filter_map(|i| i.token).collect();
        self.refused_tokens.extend(tokens.iter().filter(|t| !again.contains(t)));
    }

    /// What nobody else would bring again goes back into its place: an acknowledgement covers everything before it, so
    /// nothing may be stepped before what was taken before it. Timers are read again from the store.
    pub(super) fn put_back(&mut self, items: Vec<Item>) {
        for item in items.into_iter().rev() {
            let stored = item.token.is_some() || item.hop.is_some();
            if stored && self.owns(item.partition)
                || !stored && (item.id.starts_with("b:") || matches!(item.reply, ReplyTo::Here(_)))
            {
                self.carry.push_front(item);
            }
        }
        self.carry.make_contiguous().sort_by_key(|item| item.seq);
    }

    /// The store cannot be used: say so, and wait before trying again.
    pub(super) async fn troubled(&mut self, problem: &StoreError) {
        if self.shared.ready.swap(false, Ordering::Relaxed) {
            tracing::error!(%problem, "the store cannot be used; nothing is accepted until it is back");
        }
        self.rest().await;
        self.let_go().await;
    }

    /// Waits a little before something is tried again, longer each time until a commit stands.
    async fn rest(&mut self) {
        tokio::select! {
            () = sleep(self.pause) => {}
            () = self.shared.stop.cancelled() => {}
        }
        self.pause = (self.pause * 2).min(PAUSE_MAX);
    }
}

/// Callers wait on: their input is stepped again and answered then.
fn reattach(items: &mut [Item], replies: Vec<(String, ReplyTo, Reply)>) {
    let mut waiting: HashMap<String, ReplyTo> = replies.into_iter().map(|(id, to, _)| (id, to)).collect();
    for item in items {
        if let Some(to) = waiting.remove(&item.id) {
            item.reply = to;
        }
    }
}
