//! Listeners: what is published on `convene.out`, for the faces of this process.
//!
//! All listeners share one temporary queue, so that a thousand agent desks cost one channel; each binds what it wants
//! to hear, and gets what matches.

use std::collections::BTreeMap;
use std::sync::Arc;

use convene_runtime::ports::bus::{BusError, Destination, Outgoing};
use futures_util::StreamExt;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Consumer};
use tokio::sync::{Mutex, broadcast, mpsc};

use crate::limits::{LISTEN_BACKLOG, LISTEN_QUEUE_LENGTH, SHORT_BYTES_MAX};
use crate::link::{Link, ask};
use crate::message::{publication, short};
use crate::names::Names;
use crate::topology::table;

/// Publications waiting in the channel to a reader; the rest of its backlog is in `LISTEN_BACKLOG`.
const AT_HAND: usize = 16;

/// All listeners of this process.
#[derive(Default)]
pub(crate) struct Hub {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Channel and queue of the current connection.
    ear: Option<(Channel, String)>,
    /// How many listeners want each pattern.
    patterns: BTreeMap<String, usize>,
    listeners: BTreeMap<u64, Listener>,
    next: u64,
}

struct Listener {
    prefixes: Vec<String>,
    backlog: broadcast::Sender<Outgoing>,
}

impl Hub {
    /// Adds a listener. When connected, its bindings are in force on return.
    pub(crate) async fn listen(
        self: Arc<Self>,
        prefixes: Vec<String>,
        names: &Names,
    ) -> Result<mpsc::Receiver<Outgoing>, BusError> {
        if let Some(long) = prefixes.iter().find(|prefix| prefix.len() + 2 > SHORT_BYTES_MAX) {
            return Err(BusError(format!("a prefix of {} bytes is too long to listen to", long.len())));
        }
        let (backlog, heard) = broadcast::channel(LISTEN_BACKLOG);
        let (reader, receiver) = mpsc::channel(AT_HAND);
        let mut inner = self.inner.lock().await;
        let id = inner.next;
        inner.next += 1;
        for pattern in prefixes.iter().flat_map(|prefix| patterns(prefix)) {
            let wanted = inner.patterns.entry(pattern.clone()).or_insert(0);
            *wanted += 1;
            if *wanted == 1
                && let Some((channel, queue)) = &inner.ear
            {
                // A failure is not the listener's: the ear is grown again, with all patterns.
                let _ = bind(channel, queue, &names.out, &pattern).await;
            }
        }
        inner.listeners.insert(id, Listener { prefixes, backlog });
        drop(inner);
        let (hub, out) = (self, names.out.clone());
        tokio::spawn(async move {
            forward(heard, reader).await;
            hub.forget(id, &out).await;
        });
        Ok(receiver)
    }

    async fn forget(&self, id: u64, out: &str) {
        let mut inner = self.inner.lock().await;
        let Some(listener) = inner.listeners.remove(&id) else { return };
        for pattern in listener.prefixes.iter().flat_map(|prefix| patterns(prefix)) {
            let Some(wanted) = inner.patterns.get_mut(&pattern) else { continue };
            *wanted -= 1;
            if *wanted > 0 {
                continue;
            }
            inner.patterns.remove(&pattern);
            if let Some((channel, queue)) = &inner.ear {
                let unbinding =
                    channel.queue_unbind(short(queue), short(out), short(&pattern), FieldTable::default());
                let _ = ask("stop listening", unbinding).await;
            }
        }
    }

    /// Begins to hear through a new connection.
    pub(crate) async fn open(&self, link: &Link, names: &Names) -> Result<Consumer, BusError> {
        let mut inner = self.inner.lock().await;
        inner.ear = None;
        let channel = link.channel().await?;
        let queue = names.temporary("listen");
        let options =
            QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
        let limit = table([("x-max-length", AMQPValue::LongLongInt(LISTEN_QUEUE_LENGTH))]);
        ask("declare a queue to listen", channel.queue_declare(short(&queue), options, limit)).await?;
        for pattern in inner.patterns.keys() {
            bind(&channel, &queue, &names.out, pattern).await?;
        }
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let consuming = channel.basic_consume(short(&queue), short(""), options, FieldTable::default());
        let consumer = ask("listen", consuming).await?;
        inner.ear = Some((channel, queue));
        Ok(consumer)
    }

    /// Hands out what is heard until the consumer ends.
    pub(crate) async fn attend(&self, mut consumer: Consumer) {
        while let Some(Ok(delivery)) = consumer.next().await {
            let message = publication(delivery);
            let Destination::Out(key) = &message.to else { continue };
            for listener in self.inner.lock().await.listeners.values() {
                if listener.prefixes.iter().any(|prefix| covers(prefix, key)) {
                    // Fails when the reader has just left.
                    let _ = listener.backlog.send(message.clone());
                }
            }
        }
    }

    /// Drops the channel of a lost connection, and ends every stream: nobody knows what was published until there is
    /// another one, and whoever misses something must know.
    pub(crate) async fn close(&self) {
        let mut inner = self.inner.lock().await;
        inner.ear = None;
        inner.patterns.clear();
        inner.listeners.clear();
    }
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, pattern: &str) -> Result<(), BusError> {
    let options = QueueBindOptions::default();
    let binding =
        channel.queue_bind(short(queue), short(exchange), short(pattern), options, FieldTable::default());
    ask("listen", binding).await
}

/// Moves what was heard to its reader until the reader leaves, or is so slow that something was lost.
async fn forward(mut heard: broadcast::Receiver<Outgoing>, reader: mpsc::Sender<Outgoing>) {
    loop {
        let message = tokio::select! {
            () = reader.closed() => return,
            message = heard.recv() => message,
        };
        match message {
            Ok(message) => {
                if reader.send(message).await.is_err() {
                    return;
                }
            }
            Err(broadcast::error::RecvError::Lagged(lost)) => {
                // Whoever misses something must know: the stream ends at the gap, and the reader connects again.
                tracing::warn!(lost, "a listener is too slow; its stream ends");
                return;
            }
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// Binding patterns that bring at least what a prefix covers.
fn patterns(prefix: &str) -> Vec<String> {
    if prefix.is_empty() || prefix.ends_with('.') {
        vec![format!("{prefix}#")]
    } else {
        vec![prefix.to_owned(), format!("{prefix}.#")]
    }
}

/// Whether a key begins with a prefix, by whole words: `agent.amal` covers `agent.amal` and `agent.amal.offer`, not
/// `agent.amalia`. Also what keeps an agent named `#` from hearing everybody: patterns are matched here literally.
fn covers(prefix: &str, key: &str) -> bool {
    let Some(rest) = key.strip_prefix(prefix) else { return false };
    prefix.is_empty() || prefix.ends_with('.') || rest.is_empty() || rest.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_covers_whole_words() {
        for (prefix, key, covered) in [
            ("agent.amal", "agent.amal", true),
            ("agent.amal", "agent.amal.offer", true),
            ("agent.amal", "agent.amalia", false),
            ("event.", "event.TASK_STATE_CHANGED", true),
            ("event.", "event", false),
            ("agent.#", "agent.amal", false),
            ("", "anything", true),
        ] {
            assert_eq!(covers(prefix, key), covered, "{prefix} {key}");
        }
    }

    #[test]
    fn a_prefix_binds_the_word_and_what_follows() {
        assert_eq!(patterns("agent.amal"), ["agent.amal", "agent.amal.#"]);
        assert_eq!(patterns("event."), ["event.#"]);
        assert_eq!(patterns(""), ["#"]);
    }
}
