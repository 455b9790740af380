//! Answers to submissions: who waits, and the queue they arrive in.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use convene_core::effect::Reply;
use convene_runtime::ports::bus::BusError;
use futures_util::StreamExt;
use lapin::Consumer;
use lapin::options::{BasicConsumeOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use tokio::sync::oneshot;

use crate::link::{Link, ask};
use crate::message::short;

/// Those who wait for an answer, by correlation id.
#[derive(Default)]
pub(crate) struct Replies {
    waiting: Mutex<HashMap<String, oneshot::Sender<Result<Reply, BusError>>>>,
}

/// A place in the waiting room, given back when dropped.
pub(crate) struct Waiting<'a> {
    replies: &'a Replies,
    correlation: String,
    pub(crate) answer: oneshot::Receiver<Result<Reply, BusError>>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.replies.lock().remove(&self.correlation);
    }
}

impl Replies {
    /// Registers somebody who waits. Before publishing: the answer may be quick.
    pub(crate) fn wait(&self, correlation: String) -> Waiting<'_> {
        let (sender, answer) = oneshot::channel();
        self.lock().insert(correlation.clone(), sender);
        Waiting { replies: self, correlation, answer }
    }

    /// Tells all that their answers are lost with the connection.
    pub(crate) fn give_up(&self) {
        for (_, waiting) in self.lock().drain() {
            let lost = "the connection was lost before the answer came; the command may still take effect";
            let _ = waiting.send(Err(BusError(lost.into())));
        }
    }

    fn resolve(&self, correlation: &str, body: &[u8]) {
        let Some(waiting) = self.lock().remove(correlation) else {
            tracing::debug!("an answer came after its asker had left");
            return;
        };
        let answer = serde_json::from_slice(body)
            .map_err(|error| BusError(format!("the engine's answer cannot be read: {error}")));
        let _ = waiting.send(answer);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Result<Reply, BusError>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Declares the reply queue of a connection and begins to consume it.
    pub(crate) async fn open(link: &Link) -> Result<Consumer, BusError> {
        let channel = link.channel().await?;
        let queue = short(&link.reply_queue);
        let options =
            QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
        ask("declare the reply queue", channel.queue_declare(queue.clone(), options, FieldTable::default()))
            .await?;
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let consuming = channel.basic_consume(queue, short(""), options, FieldTable::default());
        ask("consume the reply queue", consuming).await
    }

    /// Hands out answers until the consumer ends.
    pub(crate) async fn attend(&self, mut consumer: Consumer) {
        while let Some(Ok(delivery)) = consumer.next().await {
            match delivery.properties.correlation_id() {
                Some(correlation) => self.resolve(correlation.as_str(), &delivery.data),
                None => tracing::debug!("an answer without correlation id was dropped"),
            }
        }
    }
}
