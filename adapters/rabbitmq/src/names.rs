//! Names of exchanges and queues (`contract.md` section 3). All begin with one prefix, `convene` outside of tests.

use uuid::Uuid;

/// The names of one deployment on a broker.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    prefix: String,
    /// Exchange of inputs, routed by hash or to partition 0.
    pub(crate) input: String,
    /// Exchange that addresses partitions by number.
    pub(crate) hop: String,
    /// Exchange of publications.
    pub(crate) out: String,
    /// Exchange of what could not be processed, and the queue that keeps it.
    pub(crate) dead: String,
}

impl Names {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            input: format!("{prefix}.in"),
            hop: format!("{prefix}.hop"),
            out: format!("{prefix}.out"),
            dead: format!("{prefix}.dead"),
        }
    }

    /// Queue of a partition.
    pub(crate) fn partition(&self, partition: u32) -> String {
        format!("{}.p.{partition}", self.prefix)
    }

    /// A fresh name for a queue that lives as long as one connection: `what` is `reply` or `listen`.
    pub(crate) fn temporary(&self, what: &str) -> String {
        format!("{}.{what}.{}", self.prefix, Uuid::new_v4())
    }
}
