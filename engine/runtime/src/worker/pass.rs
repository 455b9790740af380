//! Inputs that go elsewhere: to another step of the same batch, to a partition of another engine, to the dead letters.

use std::collections::VecDeque;

use convene_core::effect::Reply;
use convene_core::hop::Hop;
use convene_core::model::Json;
use serde_json::json;

use super::take::{Halt, Taken};
use super::{ROUTING_HOME, Worker};
use crate::draft::Draft;
use crate::intake;
use crate::item::{Item, What};
use crate::outcome::Outcome;
use crate::ports::bus::ReplyTo;
use crate::ports::store::{DeadLetter, Hop as StoredHop};
use crate::publisher::Letter;

/// Steps of one batch, done and to be done, beyond which hops wait for a later one: it must be committed long before its
/// leases run out.
const STEPS_MAX: usize = 2_000;

impl Worker {
    /// Hops that partition `source` asks for: those for partitions of ours are taken in the same batch while there is room,
    /// and from the store when it is committed; others go through store and bus.
    pub(super) fn write_hops(
        &self,
        draft: &mut Draft,
        item: &Item,
        source: u32,
        hops: Vec<Hop>,
        local: &mut VecDeque<Item>,
    ) {
        for (i, hop) in hops.into_iter().enumerate() {
            let id = intake::hop_id(&item.id, i);
            let partition = match &hop {
                Hop::Routing { .. } => ROUTING_HOME,
                Hop::Conversation { home, .. } => *home,
                Hop::Message { .. } => item.partition,
            };
            let steps = draft.items.len() + local.len();
            if self.owns(partition) && steps < STEPS_MAX {
                let mut next = Item::own(id, partition, item.at, intake::of_hop(hop));
                next.source = "hop".into();
                next.seq = item.seq;
                local.push_back(next);
                continue;
            }
            let hop = StoredHop {
                id,
                partition,
                source,
                at: item.at,
                ordinal: i32::try_from(i).unwrap_or(i32::MAX),
                body: json!(hop).to_string(),
            };
            if self.owns(partition) {
                draft.later.push(hop.clone());
            }
            draft.hops_out.push(hop);
        }
    }

    /// Hands an input to the owner of another partition, by a row like any other hop: whoever gets that partition takes it
    /// before what comes later.
    pub(super) fn forward(&mut self, draft: &mut Draft, mut item: Item, partition: u32) {
        if item.token.is_none() && item.hop.is_none() && item.source != "hop" {
            // The owner finds the timer, and asks the bot itself.
            self.asked.remove(item.id.strip_prefix("b:").unwrap_or_default());
            return;
        }
        self.metrics.forwarded.inc();
        draft.hops_out.push(StoredHop {
            id: intake::bounded(&format!("f{partition}:"), &item.id),
            partition,
            source: item.partition,
            at: item.at,
            ordinal: 0,
            body: handed_on(&item),
        });
        draft.batch.hops_done.extend(item.hop.clone());
        draft.tokens.extend(item.token);
        let to = std::mem::take(&mut item.reply);
        draft.replies.push((item.id.clone(), to, Reply::Done { data: json!({ "accepted": true }) }));
        draft.items.push(item);
    }

    /// Quarantines an input in a transaction of its own.
    pub(super) async fn bury(
        &mut self,
        draft: &mut Draft,
        mut item: Item,
        reason: &str,
        detail: &str,
    ) -> Result<Taken, Halt> {
        self.metrics.dead_lettered.with_label_values(&[reason]).inc();
        let reply = Reply::refused(reason, detail, Json::Null);
        let outcome = Outcome::of(&item, &reply);
        let letter = DeadLetter {
            id: item.id.clone(),
            at: item.at,
            reason: reason.to_owned(),
            detail: detail.to_owned(),
            source: item.source.clone(),
            payload: item.raw.clone(),
            outcome: outcome.as_ref().map(|outcome| json!(outcome).to_string()),
        };
        if !matches!(item.reply, ReplyTo::Here(_)) {
            let letter = Letter::of(&item).dead(reason, detail);
            if !self.publish_now(letter).await {
                return draft.stop(item, Halt::Stopping);
            }
        }
        if let Err(problem) = self.store.bury(&letter).await {
            return draft.stop(item, problem.into());
        }
        draft.seen.insert(item.id.clone());
        draft.batch.timers.extend(item.drops_timer());
        draft.outcomes.extend(outcome.map(|outcome| (item.id.clone(), outcome)));
        draft.batch.hops_done.extend(item.hop.clone());
        draft.tokens.extend(item.token);
        let to = std::mem::take(&mut item.reply);
        draft.replies.push((item.id, to, reply));
        Ok(Taken::Done)
    }
}

/// A hop of ours that has to wait for the next batch is written down first.
pub(super) fn store_hop(draft: &mut Draft, mut item: Item) -> Item {
    if item.follows_in_batch()
        && let Some(hop) = hop_of(&item)
    {
        draft.hops_out.push(StoredHop {
            id: item.id.clone(),
            partition: item.partition,
            source: item.partition,
            at: item.at,
            ordinal: 0,
            body: json!(hop).to_string(),
        });
        item.hop = Some(item.id.clone());
    }
    item
}

/// The hop an input was.
fn hop_of(item: &Item) -> Option<Hop> {
    Some(match &item.what {
        What::Message { message, .. } => Hop::Message { message: message.clone() },
        What::Conversation { id, input } => {
            Hop::Conversation { conversation: id.clone(), home: item.partition, input: input.clone() }
        }
        What::Routing { input } => Hop::Routing { input: input.clone() },
    })
}

/// An input as it is handed to another partition: with its id, so that it stays one input, and with the bytes as they
/// came, which a dead letter would have to show.
fn handed_on(item: &Item) -> String {
    let mut body = json!(hop_of(item));
    body["inputId"] = item.id.as_str().into();
    if !item.raw.is_empty() {
        body["raw"] = String::from_utf8_lossy(&item.raw).into();
        body["source"] = item.source.as_str().into();
        body["origin"] = json!(item.origin);
    }
    body.to_string()
}
