//! A batch being drafted: what its steps did, and what is to be done once it is committed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use convene_core::effect::{BotCall, Publication, Reply};

use crate::item::Item;
use crate::outcome::Outcome;
use crate::ports::bus::{ReplyTo, Token};
use crate::ports::store::{Batch, Parcel, Pointer, StateWrite, Unpublished};

/// A batch and what follows its commit.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// What is written.
    pub batch: Batch,
    /// States by key, the last version of each.
    pub states: BTreeMap<String, StateWrite>,
    /// Keys of routing records that changed.
    pub records: BTreeSet<String>,
    /// What was stepped, with what followed from it in this batch: stepped again when the commit fails.
    pub items: Vec<Item>,
    /// Deliveries to acknowledge, also those of duplicates and forwarded inputs.
    pub tokens: Vec<Token>,
    /// Answers to give, by input id.
    pub replies: Vec<(String, ReplyTo, Reply)>,
    /// Publications in order, those of one journal row together.
    pub publications: Vec<Vec<Publication>>,
    /// The rows they stand in, by the partition that publishes them.
    pub pointers: BTreeMap<u32, Vec<Pointer>>,
    /// Bots to ask.
    pub bot_calls: Vec<(u32, BotCall)>,
    /// Ids of the inputs in it.
    pub seen: HashSet<String>,
    /// How the commands among them went.
    pub outcomes: HashMap<String, Outcome>,
    /// Conversations that began (+1) or closed (−1).
    pub opened: i64,
    /// Steps by machine: conversation, routing.
    pub steps: [u64; 2],
    /// Hops that go through the store: for partitions of others, or for a later batch.
    pub hops_out: Vec<crate::ports::store::Hop>,
    /// Those of them that are for partitions of ours, and for which there was no room in this batch.
    pub later: Vec<crate::ports::store::Hop>,
    /// Directory entries it changes: `s:<channel>:<identifier>`, `i:<attribute>:<identifier>`, `r:<room>`.
    pub touched: HashSet<String>,
}

impl Draft {
    /// Moves what was collected by key into the batch.
    pub(crate) fn close(&mut self) {
        let text = |outcome| serde_json::to_string(outcome).unwrap_or_default();
        self.batch.outcomes = self.outcomes.iter().map(|(id, outcome)| (id.clone(), text(outcome))).collect();
        self.batch.states = std::mem::take(&mut self.states).into_values().collect();
        self.batch.hops.clone_from(&self.hops_out);
        let batch = uuid::Uuid::new_v4().to_string();
        let of = |(partition, rows)| Unpublished { parcel: Parcel { batch: batch.clone(), partition }, rows };
        self.batch.unpublished = std::mem::take(&mut self.pointers).into_iter().map(of).collect();
    }

    /// The input was taken, and went so.
    pub(crate) fn take(&mut self, item: &Item, reply: &Reply) {
        self.seen.insert(item.id.clone());
        self.batch.seen.push((item.id.clone(), item.at));
        if let Some(outcome) = Outcome::of(item, reply) {
            self.outcomes.insert(item.id.clone(), outcome);
        }
    }

    /// Keeps what a journal row publishes.
    pub(crate) fn publish(
        &mut self,
        partition: u32,
        key: &str,
        version: i64,
        publications: Vec<Publication>,
    ) {
        let place = u32::try_from(self.publications.len()).unwrap_or(u32::MAX);
        self.pointers.entry(partition).or_default().push(Pointer(place, key.to_owned(), version));
        self.publications.push(publications);
    }

    /// Whether a commit is needed.
    pub(crate) fn is_empty(&self) -> bool {
        self.batch.is_empty() && self.items.is_empty() && self.tokens.is_empty() && self.replies.is_empty()
    }
}
