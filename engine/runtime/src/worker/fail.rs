//! What happens when a batch cannot be drafted or committed: nothing of it is lost, and it is stepped again.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;

use convene_core::effect::Reply;
use tokio::time::{Instant, sleep};

use super::take::Halt;
use super::{PAUSE_MAX, Worker};
use crate::draft::Draft;
use crate::item::Item;
use crate::ports::bus::{ReplyTo, Token};
use crate::ports::store::StoreError;

/// Conflicts in a row after which inputs are tried one by one, and after twice as many the culprit is quarantined.
const CONFLICTS_MAX: u32 = 8;

impl Worker {
    /// A draft cannot be made to the end: what it holds and what is behind it is stepped again.
    pub(super) async fn halted(&mut self, halt: Halt, draft: Draft, behind: Vec<Item>) {
        match halt {
            Halt::Store(problem) => self.troubled(&problem).await,
            Halt::Poison(id) => {
                self.poisoned.insert(id);
            }
        }
        self.put_back(behind);
        self.take_back(draft);
        self.forget().await;
    }

    /// A commit failed: what it held is stepped again.
    pub(super) async fn failed(&mut self, mut draft: Draft, problem: StoreError) {
        let mut items = std::mem::take(&mut draft.items);
        items.append(&mut draft.forwarded);
        self.keep_tokens(&draft.tokens, &items);
        // What an input asked for in the same batch goes and comes with it.
        let causes: Vec<String> =
            items.iter().filter(|i| !i.follows_in_batch()).map(|i| i.id.clone()).collect();
        match &problem {
            StoreError::Conflict { keys } => {
                tracing::info!(?keys, "another engine was faster, stepping again");
                self.metrics.conflicts.inc();
                self.conflicts += 1;
                if self.conflicts > CONFLICTS_MAX && causes.len() > 1 {
                    self.alone = causes.len();
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
            StoreError::Unavailable(_) => self.troubled(&problem).await,
            StoreError::Broken(detail) if causes.len() > 1 => {
                tracing::error!(%detail, "the store refused a batch; trying its inputs one by one");
                self.alone = causes.len();
            }
            StoreError::Broken(detail) => {
                tracing::error!(%detail, "the store refused an input; it is quarantined");
                self.poisoned.extend(causes);
            }
        }
        reattach(&mut items, draft.replies);
        self.put_back(items);
        self.forget().await;
    }

    /// A draft that was made on top of a commit that failed.
    pub(super) fn take_back(&mut self, mut draft: Draft) {
        let mut items = std::mem::take(&mut draft.items);
        items.append(&mut draft.forwarded);
        self.keep_tokens(&draft.tokens, &items);
        reattach(&mut items, draft.replies);
        self.put_back(items);
    }

    /// Deliveries that need no step again (repeats, dead letters) are acknowledged with the next batch that stands.
    fn keep_tokens(&mut self, tokens: &[Token], items: &[Item]) {
        let again: HashSet<Token> = items.iter().filter_map(|i| i.token).collect();
        self.refused_tokens.extend(tokens.iter().filter(|t| !again.contains(t)));
    }

    /// Inputs of the bus and answers of bots go back to the front, in order; the rest is read again from the store.
    fn put_back(&mut self, items: Vec<Item>) {
        for item in items.into_iter().rev() {
            let again =
                item.token.is_some() || item.id.starts_with("b:") || matches!(item.reply, ReplyTo::Here(_));
            if again && (self.owns(item.partition) || item.token.is_none()) {
                self.carry.push_front(item);
            }
        }
    }

    /// The store cannot be used: say so, and wait before trying again.
    pub(super) async fn troubled(&mut self, problem: &StoreError) {
        if self.shared.ready.swap(false, Ordering::Relaxed) {
            tracing::error!(%problem, "the store cannot be used; nothing is accepted until it is back");
        }
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
