//! Takes what is ready: deliveries, timers, answers of bots.

use std::time::Duration;

use convene_core::conversation;
use convene_core::effect::Reply;
use convene_core::routing::{self, OWNER};
use tokio::time::{Instant, sleep_until};

use super::land::{Flight, MARK_AFTER};
use super::{BATCH_MAX, Worker};
use crate::intake;
use crate::item::{Item, Origin, What};
use crate::ports::bus::{Delivery, ReplyTo};
use crate::ports::store::{DeadLetter, StoreError};
use crate::publisher::Letter;

/// Due timers taken at once.
const TIMERS_MAX: i64 = 200;
/// How long a timer may wait to be seen that another engine set.
const TIMER_CHECK: Duration = Duration::from_secs(1);

impl Worker {
    /// What is ready; waits only when nothing is.
    pub(super) async fn collect(&mut self, flight: Option<&mut Flight>) -> Vec<Item> {
        self.timers().await;
        let mut items: Vec<Item> = Vec::new();
        let most = self.waiting(&mut items);
        if items.is_empty() {
            self.wait(flight, &mut items).await;
        }
        while items.len() < most {
            let Ok(item) = self.own.1.try_recv() else { break };
            items.push(self.taken(item));
        }
        let mut taken = Vec::new();
        while items.len() + taken.len() < most {
            let Ok(delivery) = self.deliveries.1.try_recv() else { break };
            taken.push(delivery);
        }
        for delivery in taken {
            items.extend(self.receive(delivery).await);
        }
        items
    }

    /// What waits comes first; an input that is to be committed alone makes a batch of its own. Returns how many inputs
    /// the batch may have.
    fn waiting(&mut self, items: &mut Vec<Item>) -> usize {
        if self.carry.is_empty() {
            self.alone.clear();
        }
        while items.len() < BATCH_MAX {
            let Some(next) = self.carry.front() else { break };
            let alone = self.alone.contains(&next.id);
            if alone && !items.is_empty() {
                return items.len();
            }
            items.extend(self.carry.pop_front());
            if alone {
                return 1;
            }
        }
        BATCH_MAX
    }

    /// Gives an input its place behind all that was taken before.
    pub(super) fn taken(&mut self, mut item: Item) -> Item {
        self.last_seq += 1;
        item.seq = self.last_seq;
        item
    }

    /// Waits for an input, the end of the commit under way, or the next thing to look after.
    async fn wait(&mut self, flight: Option<&mut Flight>, items: &mut Vec<Item>) {
        self.probe.pass("before-receive");
        let marks = if self.publisher.has_confirmed() { MARK_AFTER } else { TIMER_CHECK };
        let until = self.next_lease.min(self.next_timer_check).min(Instant::now() + marks);
        let landed = async {
            match flight {
                Some(flight) if flight.landed.is_none() => flight.landed = Some((&mut flight.handle).await),
                _ => std::future::pending().await,
            }
        };
        let delivery = tokio::select! {
            biased;
            () = self.shared.stop.cancelled() => None,
            item = self.own.1.recv() => { items.extend(item.map(|i| self.taken(i))); None }
            delivery = self.deliveries.1.recv() => delivery,
            () = landed => None,
            () = sleep_until(until) => None,
        };
        if let Some(delivery) = delivery {
            items.extend(self.receive(delivery).await);
        }
    }

    /// A delivery becomes an input, or a dead letter.
    async fn receive(&mut self, delivery: Delivery) -> Option<Item> {
        if !self.owns(delivery.partition) {
            return None;
        }
        let kind = match &delivery.kind {
            Ok(kind) => kind.name(),
            Err(_) => "unknown",
        };
        self.metrics.received.with_label_values(&[kind]).inc();
        let now = self.shared.clock.now();
        let current = self.deployments.current();
        let item = match intake::read(&current, delivery, now) {
            Ok(item) => Some(self.taken(item)),
            Err((fault, delivery)) => {
                self.refuse(fault, *delivery, now).await;
                None
            }
        };
        self.probe.pass("after-receive");
        item
    }

    /// A delivery that is no input: published to `convene.dead`, quarantined, and acknowledged with the batch it came
    /// with: an acknowledgement covers everything before it, and that must be committed first.
    async fn refuse(&mut self, fault: intake::Fault, delivery: Delivery, at: i64) {
        tracing::warn!(reason = %fault.reason, detail = %fault.detail, key = %delivery.key, "dead letter");
        self.metrics.dead_lettered.with_label_values(&[fault.reason.as_str()]).inc();
        let id = match delivery.id.as_deref() {
            Some(id) => intake::bounded("", id),
            None => uuid::Uuid::new_v4().to_string(),
        };
        if !matches!(delivery.reply, ReplyTo::Here(_)) {
            let (kind, labels) = (intake::kind_of(&delivery.kind), delivery.labels.clone());
            let origin = Origin { kind, id: delivery.id.clone(), labels };
            let (source, payload) = (&delivery.key, &delivery.body);
            let letter = Letter { id: &id, origin: &origin, source, at, payload };
            let letter = letter.dead(&fault.reason, &fault.detail);
            if !self.publish_now(letter).await {
                self.unsettled = true;
                return;
            }
        }
        let letter = DeadLetter {
            id: intake::bounded("dead:", &id),
            at,
            reason: fault.reason.clone(),
            detail: fault.detail.clone(),
            source: delivery.key.clone(),
            payload: delivery.body,
            outcome: None,
        };
        while let Err(problem) = self.store.bury(&letter).await {
            if matches!(problem, StoreError::Conflict { .. }) {
                break;
            }
            if self.shared.stop.is_cancelled() {
                self.unsettled = true;
                return;
            }
            self.troubled(&problem).await;
        }
        self.refused_tokens.push(delivery.token);
        let reply = Reply::refused(&fault.reason, fault.detail, serde_json::Value::Null);
        self.answer(delivery.reply, reply).await;
    }

    /// Due timers become inputs.
    async fn timers(&mut self) {
        let now = self.shared.clock.now();
        let looked = Instant::now();
        if (now < self.next_timer && looked < self.next_timer_check) || self.leases.is_empty() {
            return;
        }
        self.next_timer_check = looked + TIMER_CHECK;
        let partitions: Vec<u32> = self.leases.iter().map(|l| l.partition).collect();
        match self.store.due(&partitions, now, TIMERS_MAX).await {
            Ok((due, next)) => {
                let full = i64::try_from(due.len()).unwrap_or(0) >= TIMERS_MAX;
                self.next_timer = if full { now } else { next.unwrap_or(i64::MAX) };
                for timer in due {
                    let id = format!("t:{}", timer.timer.id);
                    if self.in_flight_seen.contains(&id) || self.carry.iter().any(|i| i.id == id) {
                        continue;
                    }
                    let (name, setting) = (timer.timer.name, timer.timer.id);
                    let what = if timer.owner == OWNER {
                        What::Routing { input: Box::new(routing::Input::Timer { name, timer: setting }) }
                    } else {
                        let input = Box::new(conversation::Input::Timer { name, timer: setting });
                        What::Conversation { id: timer.owner, input }
                    };
                    let item = self.taken(Item::own(id, timer.partition, now, what));
                    self.carry.push_back(item);
                }
            }
            Err(problem) => self.troubled(&problem).await,
        }
    }
}
