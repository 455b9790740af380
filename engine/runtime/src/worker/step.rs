//! Steps one input, and notes everything that must be written.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use convene_core::conversation::{self, Conversation, Stamped};
use convene_core::deployment::{self, Deployment};
use convene_core::effect::{Publication, Reply};
use convene_core::hop;
use convene_core::model::ConversationState;
use convene_core::routing::{self, OWNER, Routing};

use super::take::{Halt, Taken};
use super::{ROUTING_HOME, Worker};
use crate::deployments::DeploymentError;
use crate::draft::Draft;
use crate::item::{Item, What};
use crate::ports::bus::ReplyTo;
use crate::ports::store::StoreError;
use crate::publisher::{Letter, dead_publication};

impl Worker {
    pub(super) async fn step_on(
        &mut self,
        draft: &mut Draft,
        item: Item,
        key: &str,
        before: Option<(Conversation, i64)>,
        local: &mut VecDeque<Item>,
    ) -> Result<Taken, Halt> {
        let id = before.as_ref().map(|(c, _)| c.deployment.clone()).unwrap_or_default();
        let deployment = match self.deployment_of(&id, &item).await {
            Ok(deployment) => deployment,
            Err(DeploymentError::Store(e)) => return draft.stop(item, e.into()),
            Err(problem) => {
                tracing::error!(%problem, conversation = key, "using the current deployment instead");
                self.deployments.current()
            }
        };
        self.step_conversation(draft, item, key, before, &deployment, local).await
    }

    /// The deployment a conversation keeps; with the channels of the current one when its customer writes on one of them.
    async fn deployment_of(&self, id: &str, item: &Item) -> Result<Arc<Deployment>, DeploymentError> {
        let own = self.deployments.get(&*self.store, id).await?;
        let What::Message { message, .. } = &item.what else { return Ok(own) };
        let data = message.header.channel_data.as_ref();
        let address = data.and_then(|c| c.service_identifier.as_deref()).unwrap_or_default();
        let current = self.deployments.current();
        let knows = |d: &Deployment| d.channel_by_service_identifier(address).is_some();
        if knows(&own) || !knows(&current) {
            return Ok(own);
        }
        self.deployments.get(&*self.store, &deployment::learned_id(id, &current.id)).await
    }

    pub(super) async fn step_conversation(
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
            return self.refused_unborn(draft, item, &reply).await;
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
        self.write_hops(draft, &item, state.home, hops, local);
        self.done(draft, item, reply);
        Ok(Taken::Done)
    }

    pub(super) fn take_routing(
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
        self.write_hops(draft, &item, ROUTING_HOME, hop::of_routing(&step), local);
        self.done(draft, item, reply);
        Ok(Taken::Done)
    }

    /// The input is in the draft.
    fn done(&self, draft: &mut Draft, mut item: Item, reply: Reply) {
        draft.take(&item, &reply);
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
            publications.push(dead_publication(item, code, detail));
        }
    }

    /// A refused input that begins no conversation: there is no journal to keep it in but the dead letters.
    async fn refused_unborn(
        &mut self,
        draft: &mut Draft,
        mut item: Item,
        reply: &Reply,
    ) -> Result<Taken, Halt> {
        if let Reply::Refused { code, detail, .. } = reply
            && !matches!(item.reply, ReplyTo::Here(_))
        {
            self.metrics.dead_lettered.with_label_values(&[code.as_str()]).inc();
            let letter = Letter::of(&item).dead(code, detail);
            if !self.publish_now(letter).await {
                return draft.stop(item, Halt::Stopping);
            }
        }
        draft.take(&item, reply);
        draft.batch.hops_done.extend(item.hop.clone());
        draft.tokens.extend(item.token);
        draft.replies.push((item.id.clone(), std::mem::take(&mut item.reply), reply.clone()));
        draft.items.push(item);
        Ok(Taken::Done)
    }

    /// Reads the routing machine from the store.
    pub(super) async fn load_routing(&mut self) -> Result<(), Halt> {
        let (version, records) = self.store.routing().await?;
        match Routing::load(&records) {
            Ok(routing) => {
                self.routing = Some((routing, version));
                Ok(())
            }
            Err(problem) => Err(Halt::Store(StoreError::Broken(problem))),
        }
    }
}
