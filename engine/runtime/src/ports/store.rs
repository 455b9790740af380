//! The store: the only truth. One batch is one transaction.

use std::collections::BTreeMap;

use convene_core::directory::{Arrival, DirectoryWrite};
use convene_core::effect::{BotCall, TimerSet};
use convene_core::report::ReportRow;
use futures_util::future::BoxFuture;

/// The tenant of every row until tenants are told apart; it is part of every key.
pub const TENANT: &str = "default";

/// Why a store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed one of these keys first, or one of these inputs was seen meanwhile. Reload and step again.
    #[error("another writer was faster on {keys:?}")]
    Conflict {
        /// State keys, `room:<id>`, `session:<channel>:<identifier>` or `seen:<input id>`.
        keys: Vec<String>,
    },
    /// This engine no longer owns these partitions.
    #[error("the lease of partition {partitions:?} was taken over")]
    Fenced {
        /// Partition numbers.
        partitions: Vec<u32>,
    },
    /// Nothing is wrong with what was asked: the database cannot be reached, is shutting down, has no room left.
    /// Trying again later is safe.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// What was to be written cannot be: trying again would end the same.
    #[error("the database refused: {0}")]
    Broken(String),
}

/// Result of a port call.
pub type StoreResult<T> = Result<T, StoreError>;

/// What a batch wants to read before it is stepped.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Input ids: which of them were seen before?
    pub inputs: Vec<String>,
    /// Conversation ids whose state is not in the cache.
    pub states: Vec<String>,
    /// Senders to look up.
    pub arrivals: Vec<Sender>,
}

/// A sender as the directory keys it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sender {
    /// Channel name.
    pub channel: String,
    /// Identifier attribute of the channel's type.
    pub attribute: String,
    /// Identifier of the customer on the channel.
    pub identifier: String,
}

/// What the store knew.
#[derive(Debug, Default)]
pub struct Found {
    /// Those of `inputs` that were seen before.
    pub seen: Vec<String>,
    /// What [`Batch::outcomes`] kept of them.
    pub outcomes: BTreeMap<String, String>,
    /// State rows by key; a missing key has no state.
    pub states: BTreeMap<String, StateRow>,
    /// In the order asked.
    pub arrivals: Vec<Arrival>,
}

/// A stored state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateRow {
    /// Conversation id.
    pub key: String,
    /// Version, from 1; each journaled step adds one.
    pub version: i64,
    /// Home partition.
    pub partition: u32,
    /// `false` once the conversation is closed.
    pub open: bool,
    /// State name of `domain.md` 1.8, for queries.
    pub name: String,
    /// Customer id, for queries.
    pub customer: String,
    /// Room id, for queries.
    pub room: String,
    /// The state as JSON text, byte for byte as it was written.
    pub body: String,
}

/// A state to write. `version` is the new one; it must find `version - based_on` steps before it.
#[derive(Debug, Clone)]
pub struct StateWrite {
    /// Row as it shall be.
    pub row: StateRow,
    /// Version in the store this batch is based on; 0 when the row must not exist.
    pub based_on: i64,
}

/// A journaled step. Append-only. The skeleton (all but `input` and `output`) holds no words and no names of people;
/// `input` and `output` are kept in a table of their own so that they can be erased while history stays whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    /// Conversation id, or `routing`.
    pub key: String,
    /// Version after the step.
    pub version: i64,
    /// Format of this record.
    pub format: i32,
    /// When the input was taken, epoch ms.
    pub at: i64,
    /// Input id.
    pub input_id: String,
    /// Kind of the input, such as `message`, `timer`, `command TASK_ACCEPT`.
    pub kind: String,
    /// Deployment that decided.
    pub deployment: String,
    /// JSON list of trace lines.
    pub trace: String,
    /// The stamped input as JSON: what a replay needs.
    pub input: String,
    /// JSON list of publications. `[]` when nothing is to be published.
    pub output: String,
    /// Whether `output` holds something to publish.
    pub publishes: bool,
}

/// A record of the routing machine; `None` deletes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordWrite {
    /// Key, such as `agent:amal` or `task:<id>`.
    pub key: String,
    /// JSON text.
    pub body: Option<String>,
}

/// A change of a timer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimerWrite {
    /// Set or replace.
    Set {
        /// Conversation id, or `routing`.
        owner: String,
        /// Home partition of the owner.
        partition: u32,
        /// The timer.
        timer: TimerSet,
    },
    /// Clear this very setting; one that has replaced it stays.
    Drop {
        /// Conversation id, or `routing`.
        owner: String,
        /// The timer, its time apart.
        timer: TimerSet,
    },
    /// Clear by name.
    Clear {
        /// Conversation id, or `routing`.
        owner: String,
        /// Name.
        name: String,
    },
}

/// A due timer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTimer {
    /// Conversation id, or `routing`.
    pub owner: String,
    /// Home partition of the owner.
    pub partition: u32,
    /// The timer.
    pub timer: TimerSet,
}

/// A durable step between two state machines: written by the step that asks, removed by the step that takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Unique id, derived from the asking input.
    pub id: String,
    /// Partition that shall take it.
    pub partition: u32,
    /// Partition that asked for it.
    pub source: u32,
    /// When it was asked, epoch ms.
    pub at: i64,
    /// Order among the hops of one step.
    pub ordinal: i32,
    /// JSON text.
    pub body: String,
}

/// Timers that are due, earliest first, and when the next one is.
pub type Due = (Vec<DueTimer>, Option<i64>);
/// The routing machine as it is stored: its version, and its records by key.
pub type RoutingRecords = (i64, BTreeMap<String, String>);

/// A customer profile as JSON, and the customer's room.
pub type CustomerRecord = (String, Option<String>);
/// The customer of a room, and its conversations, newest first.
pub type RoomRecord = (String, Vec<String>);

/// What a batch made for one partition to publish: the unit that is written, published and marked. A row for each
/// step would be written, found and removed again with every event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Parcel {
    /// Id of the batch.
    pub batch: String,
    /// Partition whose owner publishes it.
    pub partition: u32,
}

/// Journal rows whose output waits to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpublished {
    /// Which batch, which partition.
    pub parcel: Parcel,
    /// The rows, in order.
    pub rows: Vec<Pointer>,
}

/// Points at a journal row. As JSON: `[place, key, version]`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Pointer(
    /// Place of the row among all that its batch publishes, from 0: partitions were stepped together and are published
    /// in that order.
    pub u32,
    /// Journal key.
    pub String,
    /// Journal version.
    pub i64,
);

/// An input that could not be processed, quarantined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Input id or a fresh one.
    pub id: String,
    /// Epoch ms.
    pub at: i64,
    /// Stable reason code.
    pub reason: String,
    /// What, where, how to mend.
    pub detail: String,
    /// Routing key or path it came by.
    pub source: String,
    /// The payload, unchanged.
    pub payload: Vec<u8>,
    /// As in [`Batch::outcomes`].
    pub outcome: Option<String>,
}

/// One transaction: all of it or nothing.
#[derive(Debug, Default)]
pub struct Batch {
    /// Fence: (partition, epoch) this engine believes to own. Empty with a single-engine store.
    pub fence: Vec<(u32, i64)>,
    /// Input ids now seen, with the time they were taken.
    pub seen: Vec<(String, i64)>,
    /// How those of them went that may be asked for it again, as JSON.
    pub outcomes: BTreeMap<String, String>,
    /// Journal rows in order.
    pub journal: Vec<JournalRow>,
    /// Pointers to those journal rows that publish, one entry for each partition.
    pub unpublished: Vec<Unpublished>,
    /// Parcels of earlier batches whose publication was confirmed.
    pub published: Vec<Parcel>,
    /// States.
    pub states: Vec<StateWrite>,
    /// Routing records, with the version of the routing head before and after; `None` when routing did not step.
    pub records: Vec<RecordWrite>,
    /// Version of the routing machine (based on, new).
    pub routing_version: Option<(i64, i64)>,
    /// Timers, in order.
    pub timers: Vec<TimerWrite>,
    /// Hops asked for.
    pub hops: Vec<Hop>,
    /// Ids of hops taken.
    pub hops_done: Vec<String>,
    /// Bot calls to make, with the home partition of their conversation.
    pub bot_calls: Vec<(u32, BotCall)>,
    /// Ids of bot calls that are over.
    pub bot_calls_done: Vec<String>,
    /// Directory changes in order.
    pub directory: Vec<DirectoryWrite>,
    /// Reporting rows; a later row of the same key replaces an earlier one.
    pub reports: Vec<ReportRow>,
}

impl Batch {
    /// Whether there is anything to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
            && self.journal.is_empty()
            && self.published.is_empty()
            && self.timers.is_empty()
            && self.hops.is_empty()
            && self.hops_done.is_empty()
    }
}

/// What the new owner of partitions finds undone.
#[derive(Debug, Default)]
pub struct Unfinished {
    /// Hops for these partitions and from them, in the order in which they were written.
    pub hops: Vec<Hop>,
    /// Publications that were committed but perhaps not published, oldest first: the JSON of the output of one journal
    /// row each, and the parcel it belongs to.
    pub publications: Vec<(Parcel, String)>,
    /// Bot calls without a result.
    pub bot_calls: Vec<(u32, BotCall)>,
}

/// A lease on a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Partition number.
    pub partition: u32,
    /// Grows with every change of owner.
    pub epoch: i64,
}

/// What the closed tasks of one queue count for (`domain.md` section 4.13).
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ServiceLevel {
    /// Queue.
    pub queue: String,
    /// All of them.
    pub offered: i64,
    /// An agent accepted.
    pub answered: i64,
    /// The customer left, or the request was withdrawn.
    pub abandoned: i64,
    /// An agent was asked and did not take it.
    pub rona: i64,
    /// Nobody was found in time.
    pub no_agent: i64,
    /// As above, of those given to an agent, or ended without one, within the threshold.
    pub within: [i64; 4],
}

impl ServiceLevel {
    /// From the counts in the order of 4.13: offered, answered, abandoned, rona, no agent; within: offered, answered,
    /// abandoned, rona.
    #[must_use]
    pub fn of(queue: String, counts: [i64; 9]) -> Self {
        let [offered, answered, abandoned, rona, no_agent, within @ ..] = counts;
        Self { queue, offered, answered, abandoned, rona, no_agent, within }
    }

    /// The service level in percent by the queue's formula (1, 2 or 3); `None` when nothing counts.
    #[must_use]
    pub fn percent(&self, formula: u8) -> Option<f64> {
        let [_, answered, abandoned, _] = self.within;
        let (part, whole) = match formula {
            1 => (answered, self.offered - abandoned),
            2 => (answered, self.offered),
            _ => (answered + abandoned, self.offered),
        };
        // Counts of tasks are far below the 53 bits of a float.
        #[allow(clippy::cast_precision_loss)]
        (whole > 0).then(|| part as f64 * 100.0 / whole as f64)
    }
}

/// Filter of `GET /conversations`.
#[derive(Debug, Default, Clone)]
pub struct ConversationFilter {
    /// State names.
    pub states: Vec<String>,
    /// Customer id.
    pub customer: Option<String>,
    /// Identifier of the customer on any channel of the conversation.
    pub identifier: Option<String>,
    /// At most this many, newest first.
    pub limit: i64,
}

/// The store.
pub trait Store: Send + Sync + 'static {
    /// Brings the schema up to date; safe to call from several engines at once. Returns the names of the steps taken.
    fn migrate(&self) -> BoxFuture<'_, StoreResult<Vec<String>>>;
    /// Cheap round trip that proves that commits can succeed (writes included: not a read-only replica).
    fn ready(&self) -> BoxFuture<'_, StoreResult<()>>;

    /// Everything a batch needs to read, in as few round trips as possible.
    fn find<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, StoreResult<Found>>;
    /// Commits a batch. On any error nothing is written.
    fn commit<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, StoreResult<()>>;
    /// Quarantines an input in a transaction of its own and marks it seen.
    fn bury<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, StoreResult<()>>;

    /// The routing machine: version and all records.
    fn routing(&self) -> BoxFuture<'_, StoreResult<RoutingRecords>>;
    /// Timers of these partitions due at `now` (at most `limit`, earliest first), and when the next one is due.
    fn due<'a>(&'a self, partitions: &'a [u32], now: i64, limit: i64) -> BoxFuture<'a, StoreResult<Due>>;
    /// Hops for these partitions that nobody has taken yet, in the order in which they were written.
    fn hops<'a>(&'a self, partitions: &'a [u32]) -> BoxFuture<'a, StoreResult<Vec<Hop>>>;
    /// What the owner before left undone.
    fn unfinished<'a>(&'a self, partitions: &'a [u32]) -> BoxFuture<'a, StoreResult<Unfinished>>;

    /// Renews this engine's leases, claims free ones up to its fair share of `partitions`, and returns what it holds
    /// now. `lease_ms` is how long a lease lasts by the clock of the store.
    fn lease<'a>(
        &'a self,
        engine: &'a str,
        partitions: u32,
        lease_ms: i64,
    ) -> BoxFuture<'a, StoreResult<Vec<Lease>>>;
    /// How many partitions this engine should hold at most for a fair share, given the engines alive.
    fn fair_share<'a>(&'a self, partitions: u32) -> BoxFuture<'a, StoreResult<u32>>;
    /// Gives leases back.
    fn release<'a>(&'a self, engine: &'a str, partitions: &'a [u32]) -> BoxFuture<'a, StoreResult<()>>;

    /// Keeps the files of a deployment (JSON object: path to text). Already there: nothing happens.
    fn keep_deployment<'a>(&'a self, id: &'a str, files: &'a str, at: i64) -> BoxFuture<'a, StoreResult<()>>;
    /// The files of a deployment.
    fn deployment<'a>(&'a self, id: &'a str) -> BoxFuture<'a, StoreResult<Option<String>>>;

    /// Live and closed conversations.
    fn conversations<'a>(
        &'a self,
        filter: &'a ConversationFilter,
    ) -> BoxFuture<'a, StoreResult<Vec<StateRow>>>;
    /// The journal of one key, oldest first, from `after_version` (exclusive), at most `limit` rows.
    fn journal<'a>(
        &'a self,
        key: &'a str,
        after_version: i64,
        limit: i64,
    ) -> BoxFuture<'a, StoreResult<Vec<JournalRow>>>;
    /// A customer profile as JSON, and their room id.
    fn customer<'a>(&'a self, id: &'a str) -> BoxFuture<'a, StoreResult<Option<CustomerRecord>>>;
    /// Customer id of a room and its conversations' ids, newest first.
    fn room<'a>(&'a self, id: &'a str) -> BoxFuture<'a, StoreResult<Option<RoomRecord>>>;
    /// The conversation of a closed task, as the reports have it.
    fn conversation_of_task<'a>(&'a self, task: &'a str) -> BoxFuture<'a, StoreResult<Option<String>>>;
    /// What the tasks of each queue that ended since then (epoch ms) count for (`domain.md` section 4.13).
    fn service_level(&self, since: i64) -> BoxFuture<'_, StoreResult<Vec<ServiceLevel>>>;
    /// Number of open conversations.
    fn open_conversations(&self) -> BoxFuture<'_, StoreResult<i64>>;
    /// Forgets `seen` ids older than `before` (epoch ms); returns how many.
    fn forget_seen(&self, before: i64) -> BoxFuture<'_, StoreResult<u64>>;
}
