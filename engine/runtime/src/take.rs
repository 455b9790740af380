//! Steps inputs into a draft: finds the state, steps it, and notes everything that must be written.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use convene_core::conversation::{self, Conversation, Stamped};
use convene_core::deployment::Deployment;
use convene_core::directory::{Arrival, DirectoryWrite};
use convene_core::effect::{BotCall, Publication, Reply, TraceLine};
use convene_core::hop::{self, Hop};
use convene_core::model::{ConversationState, Json};
use convene_core::routing::{self, OWNER, Routing};
use serde_json::json;

use crate::draft::Draft;
use crate::intake;
use crate::item::{Item, What};
use crate::ports::bus::{Destination, Outgoing, ReplyTo};
use crate::ports::store::{
    Found, Hop as StoredHop, JournalRow, RecordWrite, Sender, StateRow, StateWrite, TimerWrite, Wanted,
};
use crate::publisher::{dead, dead_publication};
use crate::worker::Worker;

/// Format of a journal record.
pub(crate) const JOURNAL_FORMAT: i32 = 1;
/// Steps of one batch after which hops go through the store.
const STEPS_MAX: u64 = 4_000;

/// How an input went.
pub(crate) enum Taken {
    /// It is in the draft, or done with.
    Done,
    /// It needs what the batches under way have not committed yet.
    Later(Box<Item>),
}

/// Why a draft cannot go on.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The store cannot be read.
    Store(crate::ports::store::StoreError),
    /// The routing machine panicked on this input.
    Poison(String),
}

impl From<crate::ports::store::StoreError> for Halt {
    fn from(e: crate::ports::store::StoreError) -> Self {
        Self::Store(e)
    }
}

impl Worker {
    /// Steps inputs in order, with what they make of each other. Inputs that have to wait are put aside.
    pub(crate) async fn draft(&mut self, items: Vec<Item>) -> Result<Draft, (Halt, Vec<Item>)> {
        let mut draft = Draft::default();
        let mut queue: VecDeque<Item> = items.into();
        let found = match self.look_up(&queue).await {
            Ok(found) => found,
            Err(halt) => return Err((halt, queue.into())),
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
                    Err(halt) => {
                        let mut back = std::mem::take(&mut draft.items);
                        back.extend(queue);
                        return Err((halt, back));
                    }
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
                What::Message { sender, .. } => match self.sessions.get(sender) {
                    Some(live) if !self.cache.contains(&live.conversation) => {
                        wanted.states.push(live.conversation.clone());
                    }
                    Some(_) => {}
                    None => senders.push(sender.clone()),
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
        if draft.seen.contains(&item.id)
            || self.in_flight_seen.contains(&item.id)
            || found.seen.contains(&item.id)
        {
            self.metrics.duplicates.inc();
            draft.batch.hops_done.extend(item.hop.clone());
            draft.tokens.extend(item.token);
            draft.replies.push((item.id, item.reply, Reply::Done { data: json!({ "duplicate": true }) }));
            return Ok(Taken::Done);
        }
        if self.poisoned.remove(&item.id) {
            self.bury(
                draft,
                item,
                "engine_fault",
                "the engine could not process this input; please report it",
            )
            .await?;
            return Ok(Taken::Done);
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
                    self.bury(draft, item, &fault.reason, &fault.detail).await?;
                    return Ok(Taken::Done);
                }
            }
        }
        let sender = sender.clone();
        for fresh in [false, true] {
            let Some(arrival) = self.arrival(draft, &sender, fresh).await? else {
                return Ok(Taken::Later(Box::new(item)));
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
            let state = self.state(&live.conversation).await?;
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

    /// What the directory knows of a sender; `None` when uncommitted changes stand in the way.
    async fn arrival(
        &mut self,
        draft: &Draft,
        sender: &Sender,
        fresh: bool,
    ) -> Result<Option<Arrival>, Halt> {
        if !fresh && let Some(live) = self.sessions.get(sender) {
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
        arrival: Arrival,
        local: &mut VecDeque<Item>,
    ) -> Result<Taken, Halt> {
        let key = conversation::new_id(&item.id);
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
        let Some((state, version)) = self.state(id).await? else {
            if item.token.is_none() && item.hop.is_none() {
                return Ok(Taken::Done);
            }
            self.bury(draft, item, "unknown_conversation", &format!("no conversation has the id {id:?}"))
                .await?;
            return Ok(Taken::Done);
        };
        if !self.owns(state.home) {
            self.forward(draft, item, state.home);
            return Ok(Taken::Done);
        }
        self.add_customer(&mut item).await?;
        self.step_on(draft, item, id, Some((state, version)), local).await
    }

    /// LINK_CUSTOMER names a profile; the facts about it ride in with the command.
    async fn add_customer(&self, item: &mut Item) -> Result<(), Halt> {
        let What::Conversation { input, .. } = &mut item.what else { return Ok(()) };
        let conversation::Input::Command { name, data } = &mut **input else { return Ok(()) };
        if name != "LINK_CUSTOMER" {
            return Ok(());
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

    async fn step_on(
        &mut self,
        draft: &mut Draft,
        item: Item,
        key: &str,
        before: Option<(Conversation, i64)>,
        local: &mut VecDeque<Item>,
    ) -> Result<Taken, Halt> {
        let id = before.as_ref().map(|(c, _)| c.deployment.clone()).unwrap_or_default();
        let deployment = match self.deployments.get(&*self.store, &id).await {
            Ok(deployment) => deployment,
            Err(crate::deployments::DeploymentError::Store(e)) => return Err(e.into()),
            Err(problem) => {
                tracing::error!(%problem, conversation = key, "using the current deployment instead");
                self.deployments.current()
            }
        };
        self.step_conversation(draft, item, key, before, &deployment, local).await
    }

    async fn step_conversation(
        &mut self,
        draft: &mut Draft,
        mut item: Item,
        key: &str,
        before: Option<(Conversation, i64)>,
        deployment: &Arc<Deployment>,
        local: &mut VecDeque<Item>,
    ) -> Result<Taken, Halt> {
        let Some(input) = item.what.lend() else { return Ok(Taken::Done) };
        let kind = input.kind();
        let stamped = Stamped { id: item.id.clone(), at: item.at, input };
        let home = before.as_ref().map_or(item.partition, |(c, _)| c.home);
        let version = before.as_ref().map_or(0, |(_, v)| *v);
        let was_open = before.as_ref().is_some_and(|(c, _)| c.state != ConversationState::Closed);
        let before = before.map(|(c, _)| c);
        let stepped = catch_unwind(AssertUnwindSafe(|| {
            conversation::step(deployment, before.as_ref(), home, &stamped)
        }));
        let written = stepped.is_ok().then(|| serde_json::to_string(&stamped).unwrap_or_default());
        item.what.give_back(stamped.input);
        let (Ok(mut step), Some(written)) = (stepped, written) else {
            tracing::error!(conversation = key, input = %item.id, "the conversation machine panicked; the input is quarantined");
            self.poisoned.insert(item.id.clone());
            return Ok(Taken::Later(Box::new(item)));
        };
        let reply = step.reply.clone().unwrap_or_else(Reply::done);
        let Some(state) = step.state.as_ref() else {
            self.refused_unborn(draft, item, &reply).await;
            return Ok(Taken::Done);
        };
        let mut publications = std::mem::take(&mut step.publications);
        self.refused(&item, &reply, &mut publications);
        let open = state.state != ConversationState::Closed;
        draft.opened += i64::from(open) - i64::from(was_open);
        self.metrics.flow_errors.inc_by(u64::from(step.errors));
        self.write_state(draft, key, state, version, open);
        self.write_journal(
            draft,
            &item,
            key,
            version + 1,
            state.home,
            kind,
            &deployment.id,
            &step.trace,
            written,
            publications,
        );
        self.write_directory(draft, &step.directory);
        self.write_timers(draft, key, state.home, &step.timers_set, &step.timers_cleared);
        draft.batch.reports.extend(step.reports.iter().cloned());
        self.write_bots(draft, state.home, &step.bot_calls, &step.bot_calls_done);
        draft.steps[0] += 1;
        let hops = hop::of_conversation(key, state.home, &step);
        self.write_hops(draft, &item, hops, local);
        self.done(draft, item, reply);
        Ok(Taken::Done)
    }

    fn take_routing(
        &mut self,
        draft: &mut Draft,
        item: Item,
        local: &mut VecDeque<Item>,
    ) -> Result<Taken, Halt> {
        if self.routing.is_none() {
            self.forward(draft, item, ROUTING_HOME);
            return Ok(Taken::Done);
        }
        let What::Routing { input } = &item.what else { return Ok(Taken::Done) };
        let kind = input.kind();
        let stamped = Stamped { id: item.id.clone(), at: item.at, input: (**input).clone() };
        let deployment = self.deployments.current();
        let Some((routing, version)) = self.routing.as_mut() else { return Ok(Taken::Done) };
        let stepped = catch_unwind(AssertUnwindSafe(|| routing::step(&deployment, routing, &stamped)));
        let Ok(mut step) = stepped else {
            tracing::error!(input = %item.id, "the routing machine panicked; the input is quarantined");
            let id = item.id.clone();
            draft.items.push(item);
            return Err(Halt::Poison(id));
        };
        let based_on = draft.batch.routing_version.map_or(*version, |(based_on, _)| based_on);
        *version += 1;
        let new = *version;
        draft.batch.routing_version = Some((based_on, new));
        draft.records.extend(step.changed.iter().cloned());
        let reply = step.reply.clone().unwrap_or_else(Reply::done);
        let mut publications = std::mem::take(&mut step.publications);
        self.refused(&item, &reply, &mut publications);
        self.write_journal(
            draft,
            &item,
            OWNER,
            new,
            ROUTING_HOME,
            kind,
            &deployment.id,
            &step.trace,
            serde_json::to_string(&stamped).unwrap_or_default(),
            publications,
        );
        self.write_timers(draft, OWNER, ROUTING_HOME, &step.timers_set, &step.timers_cleared);
        draft.batch.reports.extend(step.reports.iter().cloned());
        draft.steps[1] += 1;
        self.write_hops(draft, &item, hop::of_routing(&step), local);
        self.done(draft, item, reply);
        Ok(Taken::Done)
    }

    /// The input is in the draft.
    fn done(&self, draft: &mut Draft, mut item: Item, reply: Reply) {
        draft.seen.insert(item.id.clone());
        draft.batch.seen.push((item.id.clone(), item.at));
        draft.batch.hops_done.extend(item.hop.clone());
        draft.tokens.extend(item.token);
        let to = std::mem::take(&mut item.reply);
        draft.replies.push((item.id.clone(), to, reply));
        draft.items.push(item);
    }

    /// A refused input from outside goes to `convene.dead` too; the journal has it in any case.
    fn refused(&self, item: &Item, reply: &Reply, publications: &mut Vec<Publication>) {
        if let Reply::Refused { code, detail, .. } = reply
            && item.token.is_some()
            && !matches!(item.reply, ReplyTo::Here(_))
        {
            self.metrics.dead_lettered.with_label_values(&[code.as_str()]).inc();
            publications.push(dead_publication(&item.id, code, detail, item.at, &item.raw));
        }
    }

    /// A refused input that begins no conversation: there is no journal to keep it in but the dead letters.
    async fn refused_unborn(&mut self, draft: &mut Draft, mut item: Item, reply: &Reply) {
        if let Reply::Refused { code, detail, .. } = reply
            && !matches!(item.reply, ReplyTo::Here(_))
        {
            self.metrics.dead_lettered.with_label_values(&[code.as_str()]).inc();
            self.publish_now(dead(&item.id, code, detail, item.at, &item.raw)).await;
        }
        draft.seen.insert(item.id.clone());
        draft.batch.seen.push((item.id.clone(), item.at));
        draft.batch.hops_done.extend(item.hop.clone());
        draft.tokens.extend(item.token);
        draft.replies.push((item.id.clone(), std::mem::take(&mut item.reply), reply.clone()));
        draft.items.push(item);
    }

    fn write_state(&mut self, draft: &mut Draft, key: &str, state: &Conversation, version: i64, open: bool) {
        let body = serde_json::to_string(state).unwrap_or_default();
        self.cache.put_pinned(key, version + 1, body.as_str().into());
        let pinned = draft.states.contains_key(key);
        if pinned {
            self.cache.unpin(key);
        }
        let based_on = draft.states.get(key).map_or(version, |s| s.based_on);
        let row = StateRow {
            key: key.to_owned(),
            version: version + 1,
            partition: state.home,
            open,
            name: state.state.as_str().to_owned(),
            customer: state.customer.id.clone().unwrap_or_default(),
            room: state.room.clone(),
            body,
        };
        draft.states.insert(key.to_owned(), StateWrite { row, based_on });
    }

    #[allow(clippy::too_many_arguments)]
    fn write_journal(
        &self,
        draft: &mut Draft,
        item: &Item,
        key: &str,
        version: i64,
        partition: u32,
        kind: String,
        deployment: &str,
        trace: &[TraceLine],
        input: String,
        publications: Vec<Publication>,
    ) {
        let publishes = !publications.is_empty();
        draft.batch.journal.push(JournalRow {
            key: key.to_owned(),
            version,
            format: JOURNAL_FORMAT,
            at: item.at,
            input_id: item.id.clone(),
            kind,
            deployment: deployment.to_owned(),
            trace: serde_json::to_string(trace).unwrap_or_default(),
            input,
            output: serde_json::to_string(&publications).unwrap_or_default(),
            publishes,
        });
        if publishes {
            draft.publish(partition, key, version, publications);
        }
    }

    fn write_directory(&mut self, draft: &mut Draft, writes: &[DirectoryWrite]) {
        for write in writes {
            match write {
                DirectoryWrite::SessionOpen { channel, identifier, live } => {
                    draft.touched.insert(format!("s:{channel}:{identifier}"));
                    self.sessions.insert(self.sender(channel, identifier), live.clone());
                }
                DirectoryWrite::SessionClose { channel, identifier, .. } => {
                    draft.touched.insert(format!("s:{channel}:{identifier}"));
                    let sender = self.sender(channel, identifier);
                    self.sessions.remove(&sender);
                }
                DirectoryWrite::Identity { attribute, identifier, .. } => {
                    draft.touched.insert(format!("i:{attribute}:{identifier}"));
                }
                DirectoryWrite::Room { id, .. } => {
                    draft.touched.insert(format!("r:{id}"));
                }
                DirectoryWrite::Open { room, .. } | DirectoryWrite::Close { room, .. } => {
                    draft.touched.insert(format!("r:{room}"));
                }
                DirectoryWrite::Customer { .. } => {}
            }
            draft.batch.directory.push(write.clone());
        }
    }

    fn sender(&self, channel: &str, identifier: &str) -> Sender {
        let current = self.deployments.current();
        let kind =
            current.centre.channels.get(channel).and_then(|c| current.centre.channel_types.get(&c.kind));
        Sender {
            channel: channel.to_owned(),
            attribute: kind.map(|k| k.identifier.clone()).unwrap_or_default(),
            identifier: identifier.to_owned(),
        }
    }

    fn write_timers(
        &mut self,
        draft: &mut Draft,
        owner: &str,
        partition: u32,
        set: &[convene_core::effect::TimerSet],
        cleared: &[String],
    ) {
        for name in cleared {
            draft.batch.timers.push(TimerWrite::Clear { owner: owner.to_owned(), name: name.clone() });
        }
        for timer in set {
            self.next_timer = self.next_timer.min(timer.due);
            draft.batch.timers.push(TimerWrite::Set {
                owner: owner.to_owned(),
                partition,
                timer: timer.clone(),
            });
        }
    }

    fn write_bots(&self, draft: &mut Draft, home: u32, calls: &[BotCall], done: &[String]) {
        draft.bot_calls.extend(calls.iter().map(|c| (home, c.clone())));
        draft.batch.bot_calls.extend(calls.iter().map(|c| (home, c.clone())));
        draft.batch.bot_calls_done.extend(done.iter().cloned());
    }

    /// Hops for partitions of ours are taken in the same batch; those of others go through store and bus.
    fn write_hops(&self, draft: &mut Draft, item: &Item, hops: Vec<Hop>, local: &mut VecDeque<Item>) {
        for (i, hop) in hops.into_iter().enumerate() {
            let id = format!("{}/{i}", item.id);
            let partition = match &hop {
                Hop::Routing { .. } => ROUTING_HOME,
                Hop::Conversation { home, .. } => *home,
                Hop::Message { .. } => item.partition,
            };
            let steps = draft.steps[0] + draft.steps[1];
            if self.owns(partition) && steps < STEPS_MAX {
                let mut next = Item::own(id, partition, item.at, intake::of_hop(hop));
                next.source = "hop".into();
                local.push_back(next);
                continue;
            }
            draft.hops_out.push(StoredHop {
                id,
                partition,
                at: item.at,
                ordinal: i32::try_from(i).unwrap_or(i32::MAX),
                body: json!(hop).to_string(),
            });
        }
    }

    /// Hands an input to the owner of another partition.
    fn forward(&self, draft: &mut Draft, mut item: Item, partition: u32) {
        if item.token.is_none() && item.hop.is_none() && item.source != "hop" {
            return;
        }
        self.metrics.forwarded.inc();
        draft.forwards.push(outgoing_of(&item, partition));
        draft.tokens.extend(item.token);
        let to = std::mem::take(&mut item.reply);
        draft.replies.push((item.id.clone(), to, Reply::Done { data: json!({ "accepted": true }) }));
        draft.forwarded.push(item);
    }

    /// Quarantines an input in a transaction of its own.
    async fn bury(
        &mut self,
        draft: &mut Draft,
        mut item: Item,
        reason: &str,
        detail: &str,
    ) -> Result<(), Halt> {
        self.metrics.dead_lettered.with_label_values(&[reason]).inc();
        let letter = crate::ports::store::DeadLetter {
            id: item.id.clone(),
            at: item.at,
            reason: reason.to_owned(),
            detail: detail.to_owned(),
            source: item.source.clone(),
            payload: item.raw.clone(),
        };
        if !matches!(item.reply, ReplyTo::Here(_)) {
            self.publish_now(dead(&item.id, reason, detail, item.at, &item.raw)).await;
        }
        self.store.bury(&letter).await?;
        draft.seen.insert(item.id.clone());
        draft.batch.hops_done.extend(item.hop.clone());
        draft.tokens.extend(item.token);
        let to = std::mem::take(&mut item.reply);
        draft.replies.push((item.id, to, Reply::refused(reason, detail, Json::Null)));
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

    /// Reads the routing machine from the store.
    pub(crate) async fn load_routing(&mut self) -> Result<(), Halt> {
        let (version, records) = self.store.routing().await?;
        match Routing::load(&records) {
            Ok(routing) => {
                self.routing = Some((routing, version));
                Ok(())
            }
            Err(problem) => Err(Halt::Store(crate::ports::store::StoreError::Broken(problem))),
        }
    }

    /// Writes the routing records that changed.
    pub(crate) fn write_records(&self, draft: &mut Draft) {
        if let Some((routing, _)) = &self.routing {
            for key in std::mem::take(&mut draft.records) {
                let body = routing.record(&key);
                draft.batch.records.push(RecordWrite { key, body });
            }
        }
    }
}

/// Partition in which the routing machine is stepped.
pub(crate) const ROUTING_HOME: u32 = 0;

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

/// Whether a key of touched directory entries concerns a sender.
fn touched_by(key: &str, sender: &Sender) -> bool {
    key == format!("s:{}:{}", sender.channel, sender.identifier)
        || key == format!("i:{}:{}", sender.attribute, sender.identifier)
}

impl Draft {
    fn touches(&self, sender: &Sender) -> bool {
        self.touched.contains(&format!("s:{}:{}", sender.channel, sender.identifier))
            || self.touched.contains(&format!("i:{}:{}", sender.attribute, sender.identifier))
    }
}

/// A hop of ours that has to wait for the next batch is written down first.
fn store_hop(draft: &mut Draft, mut item: Item) -> Item {
    if item.source == "hop"
        && item.token.is_none()
        && item.hop.is_none()
        && let Some(hop) = hop_of(&item)
    {
        draft.hops_out.push(StoredHop {
            id: item.id.clone(),
            partition: item.partition,
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

/// An input as it is sent to another partition's queue: with its id, so that it stays one input, and with the bytes as
/// they came, which a dead letter would have to show.
fn outgoing_of(item: &Item, partition: u32) -> Outgoing {
    let mut body = json!(hop_of(item));
    if !item.raw.is_empty() {
        body["raw"] = String::from_utf8_lossy(&item.raw).into();
        body["source"] = item.source.as_str().into();
    }
    let body = body.to_string();
    Outgoing {
        to: Destination::Partition(partition),
        id: item.id.clone(),
        kind: "hop".into(),
        body: body.into_bytes().into(),
        headers: Vec::new(),
    }
}
