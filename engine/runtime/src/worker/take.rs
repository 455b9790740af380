//! Finds out where inputs belong: their conversation, its state, what the directory knows of the sender.

use std::collections::VecDeque;

use convene_core::conversation::{self, Conversation};
use convene_core::directory::{Arrival, Live};
use convene_core::effect::Reply;
use convene_core::model::ConversationState;
use serde_json::json;

use super::Worker;
use super::pass::store_hop;
use crate::draft::Draft;
use crate::intake;
use crate::item::{Item, What};
use crate::outcome::{Outcome, REUSED};
use crate::ports::bus::ReplyTo;
use crate::ports::store::{Found, Sender, StoreError, Wanted};
use crate::publisher::Letter;

/// How an input went.
pub(super) enum Taken {
    /// It is in the draft, or done with.
    Done,
    /// It needs what the batches under way have not committed yet.
    Later(Box<Item>),
}

/// Why a draft cannot go on.
#[derive(Debug)]
pub(super) enum Halt {
    /// The store cannot be read.
    Store(StoreError),
    /// The routing machine panicked on this input.
    Poison(String),
    /// The engine stops, and what must be on the bus first is not.
    Stopping,
}

impl From<StoreError> for Halt {
    fn from(e: StoreError) -> Self {
        Self::Store(e)
    }
}

impl Worker {
    /// Steps inputs in order, with what they make of each other. Inputs that have to wait are put aside.
    ///
    /// # Errors
    /// Why it cannot go on, what was drafted so far, and the inputs behind it. The input at which it stopped is the last
    /// of the draft.
    pub(super) async fn draft(&mut self, items: Vec<Item>) -> Result<Draft, (Halt, Box<Draft>, Vec<Item>)> {
        let mut draft = Draft::default();
        let mut queue: VecDeque<Item> = items.into();
        let found = match self.look_up(&queue).await {
            Ok(found) => found,
            Err(halt) => return Err((halt, Box::new(draft), queue.into())),
        };
        self.probe.pass("before-step");
        while let Some(item) = queue.pop_front() {
            let mut local = VecDeque::from([item]);
            while let Some(item) = local.pop_front() {
                match self.take(&mut draft, item, &found, &mut local).await {
                    Ok(Taken::Done) => {}
                    Ok(Taken::Later(item)) => {
                        let hops = std::iter::once(*item).chain(local.drain(..));
                        let mut later: VecDeque<Item> = hops.map(|i| store_hop(&mut draft, i)).collect();
                        later.append(&mut queue);
                        later.append(&mut self.carry);
                        self.carry = later;
                        self.flush = true;
                    }
                    Err(halt) => return Err((halt, Box::new(draft), queue.into())),
                }
            }
        }
        self.probe.pass("after-step");
        self.arrivals.clear();
        Ok(draft)
    }

    /// Everything the inputs need to read, in one round trip.
    async fn look_up(&mut self, items: &VecDeque<Item>) -> Result<Found, Halt> {
        let mut wanted = Wanted::default();
        let mut senders: Vec<Sender> = Vec::new();
        for item in items {
            wanted.inputs.push(item.id.clone());
            match &item.what {
                What::Message { sender, .. } => match self.remembered(sender) {
                    Some(live) if !self.cache.contains(&live.conversation) => {
                        wanted.states.push(live.conversation.clone());
                    }
                    Some(_) => {}
                    None => {
                        senders.push(sender.clone());
                        wanted.states.push(conversation::new_id(&item.id));
                    }
                },
                What::Conversation { id, .. } if !self.cache.contains(id) => wanted.states.push(id.clone()),
                _ => {}
            }
        }
        senders.sort();
        senders.dedup();
        wanted.states.sort();
        wanted.states.dedup();
        wanted.arrivals.clone_from(&senders);
        if wanted.inputs.is_empty() {
            return Ok(Found::default());
        }
        let found = self.store.find(&wanted).await?;
        for (sender, arrival) in senders.into_iter().zip(&found.arrivals) {
            self.arrivals.insert(sender, arrival.clone());
        }
        for row in found.states.values() {
            if !self.cache.contains(&row.key) {
                self.cache.put(&row.key, row.version, row.body.as_str().into());
            }
        }
        Ok(found)
    }

    async fn take(
        &mut self,
        draft: &mut Draft,
        item: Item,
        found: &Found,
        local: &mut VecDeque<Item>,
    ) -> Result<Taken, Halt> {
        if (item.token.is_some() || item.hop.is_some()) && !self.owns(item.partition) {
            // Its partition was given away meanwhile; the new owner gets it too.
            return Ok(Taken::Done);
        }
        if draft.seen.contains(&item.id)
            || self.in_flight_seen.contains(&item.id)
            || found.seen.contains(&item.id)
        {
            return self.take_repeat(draft, item, found).await;
        }
        if self.poisoned.remove(&item.id) {
            let detail = "the engine could not process this input; please report it";
            return self.bury(draft, item, "engine_fault", detail).await;
        }
        match &item.what {
            What::Message { .. } => self.take_message(draft, item, local).await,
            What::Conversation { id, .. } => {
                let id = id.clone();
                self.take_conversation(draft, item, &id, local).await
            }
            What::Routing { .. } => self.take_routing(draft, item, local),
        }
    }

    /// An input whose id was seen before changes nothing, and is answered as the first one was.
    async fn take_repeat(&mut self, draft: &mut Draft, item: Item, found: &Found) -> Result<Taken, Halt> {
        self.metrics.duplicates.inc();
        let kept = || serde_json::from_str(found.outcomes.get(&item.id)?).ok();
        let known = draft.outcomes.get(&item.id).or_else(|| self.in_flight_outcomes.get(&item.id));
        let reply = Outcome::again(known.cloned().or_else(kept), &item.what);
        if let Reply::Refused { code, detail, .. } = &reply
            && code == REUSED
            && !matches!(item.reply, ReplyTo::Here(_))
        {
            self.metrics.dead_lettered.with_label_values(&[REUSED]).inc();
            let letter = Letter::of(&item).dead(REUSED, detail);
            if !self.publish_now(letter).await {
                return draft.stop(item, Halt::Stopping);
            }
        }
        draft.batch.timers.extend(item.drops_timer());
        draft.batch.hops_done.extend(item.hop.clone());
        draft.tokens.extend(item.token);
        draft.replies.push((item.id, item.reply, reply));
        Ok(Taken::Done)
    }

    async fn take_message(
        &mut self,
        draft: &mut Draft,
        mut item: Item,
        local: &mut VecDeque<Item>,
    ) -> Result<Taken, Halt> {
        let current = self.deployments.current();
        let What::Message { message, sender, .. } = &mut item.what else { return Ok(Taken::Done) };
        if sender.channel.is_empty() {
            match intake::check_message(&current, message) {
                Ok(known) => *sender = known,
                Err(fault) => {
                    return self.bury(draft, item, &fault.reason, &fault.detail).await;
                }
            }
        }
        let sender = sender.clone();
        for fresh in [false, true] {
            let arrival = match self.arrival(draft, &sender, fresh).await {
                Ok(Some(arrival)) => arrival,
                Ok(None) => return Ok(Taken::Later(Box::new(item))),
                Err(halt) => return draft.stop(item, halt),
            };
            let live =
                arrival.live_session.clone().or_else(|| arrival.room.as_ref().and_then(|r| r.live.clone()));
            let Some(live) = live else {
                return self.begin(draft, item, arrival, local).await;
            };
            if !self.owns(live.home) {
                self.forward(draft, item, live.home);
                return Ok(Taken::Done);
            }
            let state = match self.state(&live.conversation).await {
                Ok(state) => state,
                Err(halt) => return draft.stop(item, halt),
            };
            let open = state.as_ref().is_some_and(|(c, _)| c.state != ConversationState::Closed);
            if open || fresh {
                if let Some((state, version)) = state.filter(|_| open) {
                    // Only a conversation that begins needs to know more. What is journaled must not depend on what
                    // happens to be remembered.
                    set_arrival(
                        &mut item,
                        Arrival { live_session: Some(live.clone()), ..Arrival::default() },
                    );
                    return self
                        .step_on(draft, item, &live.conversation, Some((state, version)), local)
                        .await;
                }
                return self.begin(draft, item, Arrival { live_session: None, ..arrival }, local).await;
            }
            self.sessions.remove(&sender);
            self.arrivals.remove(&sender);
        }
        Ok(Taken::Done)
    }

    /// Where a sender's conversation lives, from memory. Of partitions of others nothing is believed: what is remembered of
    /// them may be long over, and two engines would pass a message to and fro.
    fn remembered(&self, sender: &Sender) -> Option<&Live> {
        self.sessions.get(sender).filter(|live| self.owns(live.home))
    }

    /// What the directory knows of a sender; `None` when uncommitted changes stand in the way.
    async fn arrival(
        &mut self,
        draft: &Draft,
        sender: &Sender,
        fresh: bool,
    ) -> Result<Option<Arrival>, Halt> {
        if !fresh && let Some(live) = self.remembered(sender) {
            return Ok(Some(Arrival { live_session: Some(live.clone()), ..Arrival::default() }));
        }
        if draft.touches(sender) || self.in_flight_touched.iter().any(|k| touched_by(k, sender)) {
            return Ok(None);
        }
        let arrival = match self.arrivals.remove(sender).filter(|_| !fresh) {
            Some(arrival) => arrival,
            None => {
                let wanted = Wanted { arrivals: vec![sender.clone()], ..Wanted::default() };
                self.store.find(&wanted).await?.arrivals.into_iter().next().unwrap_or_default()
            }
        };
        let room = arrival.room.as_ref().map(|r| format!("r:{}", r.id));
        if room.is_some_and(|r| draft.touched.contains(&r) || self.in_flight_touched.contains(&r)) {
            return Ok(None);
        }
        Ok(Some(arrival))
    }

    async fn begin(
        &mut self,
        draft: &mut Draft,
        mut item: Item,
        mut arrival: Arrival,
        local: &mut VecDeque<Item>,
    ) -> Result<Taken, Halt> {
        let mut key = conversation::new_id(&item.id);
        if self.cache.contains(&key) {
            // Its id is not among those that were seen lately: whoever numbers messages began anew.
            arrival.reused = true;
            key = conversation::another_id(&item.id, item.at);
        }
        set_arrival(&mut item, arrival);
        let deployment = self.deployments.current();
        self.step_conversation(draft, item, &key, None, &deployment, local).await
    }

    async fn take_conversation(
        &mut self,
        draft: &mut Draft,
        mut item: Item,
        id: &str,
        local: &mut VecDeque<Item>,
    ) -> Result<Taken, Halt> {
        let (state, version) = match self.state(id).await {
            Ok(Some(state)) => state,
            Ok(None) if item.token.is_none() && item.hop.is_none() => return Ok(Taken::Done),
            Ok(None) => {
                let detail = format!("no conversation has the id {id:?}");
                return self.bury(draft, item, "unknown_conversation", &detail).await;
            }
            Err(halt) => return draft.stop(item, halt),
        };
        if !self.owns(state.home) {
            self.forward(draft, item, state.home);
            return Ok(Taken::Done);
        }
        if let Err(halt) = self.add_customer(&mut item).await {
            return draft.stop(item, halt);
        }
        let room = room_of(&item);
        if room.is_some_and(|r| draft.touched.contains(&r) || self.in_flight_touched.contains(&r)) {
            return Ok(Taken::Later(Box::new(item)));
        }
        self.step_on(draft, item, id, Some((state, version)), local).await
    }

    /// LINK_CUSTOMER names a profile; the facts about it ride in with the command.
    async fn add_customer(&self, item: &mut Item) -> Result<(), Halt> {
        let What::Conversation { input, .. } = &mut item.what else { return Ok(()) };
        let conversation::Input::Command { name, data } = &mut **input else { return Ok(()) };
        if name != "LINK_CUSTOMER" {
            return Ok(());
        }
        // What the store knows, and not what somebody sent along.
        if let Some(data) = data.as_object_mut() {
            data.remove("customer");
            data.remove("room");
        }
        let Some(id) = data["customerId"].as_str().map(str::to_owned) else { return Ok(()) };
        let Some((profile, room)) = self.store.customer(&id).await? else { return Ok(()) };
        data["customer"] = serde_json::from_str(&profile).unwrap_or_default();
        let filter =
            crate::ports::store::ConversationFilter { customer: Some(id), limit: 50, ..Default::default() };
        let live = self.store.conversations(&filter).await?.into_iter().find(|c| c.open);
        if let Some(room) = room {
            data["room"] = json!({ "id": room });
            if let Some(live) = live {
                data["room"]["live"] = json!({ "conversation": live.key, "home": live.partition });
            }
        }
        Ok(())
    }

    /// The state of a conversation and its version.
    async fn state(&mut self, key: &str) -> Result<Option<(Conversation, i64)>, Halt> {
        if let Some(cached) = self.cache.get(key) {
            return Ok(parsed(key, &cached.body).map(|c| (c, cached.version)));
        }
        let wanted = Wanted { states: vec![key.to_owned()], ..Wanted::default() };
        let found = self.store.find(&wanted).await?;
        let Some(row) = found.states.into_values().next() else { return Ok(None) };
        self.cache.put(key, row.version, row.body.as_str().into());
        Ok(parsed(key, &row.body).map(|c| (c, row.version)))
    }
}

fn parsed(key: &str, body: &str) -> Option<Conversation> {
    serde_json::from_str(body)
        .inspect_err(|e| tracing::error!(conversation = key, "state cannot be read: {e}"))
        .ok()
}

fn set_arrival(item: &mut Item, known: Arrival) {
    if let What::Message { arrival, .. } = &mut item.what {
        *arrival = Some(Box::new(known));
    }
}

/// The room of the customer that a LINK_CUSTOMER names, as [`Draft::touched`] has it: what the store says of it may be
/// about to change.
fn room_of(item: &Item) -> Option<String> {
    match &item.what {
        What::Conversation { input, .. } => match &**input {
            conversation::Input::Command { name, data } if name == "LINK_CUSTOMER" => {
                data["room"]["id"].as_str().map(|room| format!("r:{room}"))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether a key of touched directory entries concerns a sender.
fn touched_by(key: &str, sender: &Sender) -> bool {
    key == format!("s:{}:{}", sender.channel, sender.identifier)
        || key == format!("i:{}:{}", sender.attribute, sender.identifier)
}

impl Draft {
    /// The draft ends at this input, which is kept to be stepped again.
    pub(super) fn stop(&mut self, item: Item, halt: Halt) -> Result<Taken, Halt> {
        self.items.push(item);
        Err(halt)
    }

    fn touches(&self, sender: &Sender) -> bool {
        self.touched.contains(&format!("s:{}:{}", sender.channel, sender.identifier))
            || self.touched.contains(&format!("i:{}:{}", sender.attribute, sender.identifier))
    }
}
