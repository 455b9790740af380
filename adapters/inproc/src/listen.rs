//! Listeners: what is published, for the faces of this process.

use std::sync::{Mutex, PoisonError};

use convene_runtime::ports::bus::Outgoing;
use tokio::sync::{broadcast, mpsc};

/// Publications kept for a slow listener before its stream ends.
const BACKLOG: usize = 1024;
/// Publications waiting in the channel to a reader; the rest of its backlog is in `BACKLOG`.
const AT_HAND: usize = 16;

/// All listeners.
#[derive(Default)]
pub(crate) struct Listeners {
    all: Mutex<Vec<Listener>>,
}

struct Listener {
    prefixes: Vec<String>,
    backlog: broadcast::Sender<Outgoing>,
}

impl Listeners {
    /// A reader of everything published from now on that one of these prefixes covers.
    pub(crate) fn add(&self, prefixes: Vec<String>) -> mpsc::Receiver<Outgoing> {
        let (backlog, heard) = broadcast::channel(BACKLOG);
        let (reader, receiver) = mpsc::channel(AT_HAND);
        tokio::spawn(forward(heard, reader));
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|listener| listener.backlog.receiver_count() > 0);
        all.push(Listener { prefixes, backlog });
        receiver
    }

    pub(crate) fn tell(&self, key: &str, message: &Outgoing) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|listener| {
            let wanted = listener.prefixes.iter().any(|prefix| covers(prefix, key));
            // Sending fails when the reader has left.
            !wanted || listener.backlog.send(message.clone()).is_ok()
        });
    }
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

/// Whether a key begins with a prefix, by whole words: `agent.amal` covers `agent.amal` and `agent.amal.offer`, not
/// `agent.amalia`.
fn covers(prefix: &str, key: &str) -> bool {
    let Some(rest) = key.strip_prefix(prefix) else { return false };
    prefix.is_empty() || prefix.ends_with('.') || rest.is_empty() || rest.starts_with('.')
}
