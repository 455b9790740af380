//! Channels that came after a conversation began. It keeps its flows and rules; where customers may write to it is a fact of
//! the world outside, and a word that comes by a new channel belongs to it like any other.

use std::collections::BTreeMap;

use super::Deployment;
use crate::centre::{BotKind, Centre};

/// Stands between the ids of deployments; no id holds it.
const AND: char = '+';

/// The id of a deployment that has learned the channels of another one.
#[must_use]
pub fn learned_id(own: &str, newer: &str) -> String {
    format!("{own}{AND}{newer}")
}

/// The ids a deployment's id is made of: its own, and those whose channels it learned, oldest first.
pub fn parts(id: &str) -> impl Iterator<Item = &str> {
    id.split(AND)
}

impl Deployment {
    /// Takes over the channels of a newer deployment that are not here, and the names they speak of; an address that moved
    /// is followed. Flows, rules and everything that is here already stay as they are.
    pub fn learn(&mut self, newer: &Self) {
        self.id = learned_id(&self.id, &newer.id);
        // Those that moved come first: another channel may have their old address.
        let (moved, added): (Vec<_>, Vec<_>) =
            newer.centre.channels.iter().partition(|(name, _)| self.centre.channels.contains_key(*name));
        for (name, channel) in moved.into_iter().chain(added) {
            if self.channel_by_service_identifier(&channel.service_identifier).is_none() {
                let known = self.centre.channels.entry(name.clone()).or_insert_with(|| channel.clone());
                known.service_identifier.clone_from(&channel.service_identifier);
            }
        }
        // A bot that is a flow would need that flow, and its rules: without them it is as good as gone.
        let playable = |flow: &Option<String>| flow.as_ref().is_some_and(|f| self.flows.contains_key(f));
        let bots = newer.centre.bots.iter().filter(|(_, b)| b.kind != BotKind::Script || playable(&b.flow));
        let Centre { media, channel_types, queues, lists, bots: known_bots, customers, .. } =
            &mut self.centre;
        add(known_bots, bots);
        add(media, &newer.centre.media);
        add(channel_types, &newer.centre.channel_types);
        add(queues, &newer.centre.queues);
        add(lists, &newer.centre.lists);
        add(&mut customers.attributes, &newer.centre.customers.attributes);
        self.plan.take();
    }

    /// Whether this is the deployment of that id with more channels.
    #[must_use]
    pub fn has_learned(&self, own: &str) -> bool {
        self.id.strip_prefix(own).is_some_and(|rest| rest.starts_with(AND))
    }
}

fn add<'n, T: Clone + 'n>(
    known: &mut BTreeMap<String, T>,
    newer: impl IntoIterator<Item = (&'n String, &'n T)>,
) {
    for (name, entry) in newer {
        known.entry(name.clone()).or_insert_with(|| entry.clone());
    }
}
