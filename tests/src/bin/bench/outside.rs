//! The outside: publishes as a connector does, and hears what goes out to customers. A client of its own, so that what is
//! measured waits for nothing but the servers and what stands between them.

use std::time::Instant;

use convene_tests::amqp::{self, Input};
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use lapin::options::{BasicConsumeOptions, ConfirmSelectOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, PublisherConfirm};
use serde_json::Value as Json;
use tokio::sync::mpsc;

use crate::Failure;

/// Messages sent before their confirms are awaited.
const IN_FLIGHT_MAX: usize = 500;

/// A text that went out to a customer.
pub(crate) struct Reply {
    pub(crate) customer: String,
    pub(crate) at: Instant,
}

/// A connector's two connections: one to publish, one to hear.
pub(crate) struct Outside {
    connections: [Connection; 2],
    channel: Channel,
    exchange: String,
    /// Texts to customers, in the order they came.
    pub(crate) heard: mpsc::UnboundedReceiver<Reply>,
}

impl Outside {
    /// Connects. The exchanges are there already; what is published from now on is heard.
    pub(crate) async fn open(url: &str, prefix: &str) -> Result<Self, Failure> {
        let (publishing, channel) = amqp::connect(url).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let (hearing, ear) = amqp::connect(url).await?;
        let heard = hear(&ear, &format!("{prefix}.out")).await?;
        Ok(Self { connections: [publishing, hearing], channel, exchange: format!("{prefix}.in"), heard })
    }

    /// Sends one message. The result tells whether the broker has it.
    pub(crate) async fn send(&self, message: &Input) -> Result<PublisherConfirm, Failure> {
        Ok(amqp::send(&self.channel, &self.exchange, message).await?)
    }

    /// Publishes all, in order, and returns when everything is confirmed.
    pub(crate) async fn publish(&self, messages: &[Input]) -> Result<(), Failure> {
        for chunk in messages.chunks(IN_FLIGHT_MAX) {
            let mut confirms = Vec::with_capacity(chunk.len());
            for message in chunk {
                confirms.push(amqp::confirmed(self.send(message).await?));
            }
            try_join_all(confirms).await?;
        }
        Ok(())
    }

    pub(crate) async fn close(self) {
        for connection in self.connections {
            let _ = connection.close(200, "done".into()).await;
        }
    }
}

async fn hear(channel: &Channel, exchange: &str) -> Result<mpsc::UnboundedReceiver<Reply>, Failure> {
    let options =
        QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
    let nothing = FieldTable::default;
    let queue = channel.queue_declare("".into(), options, nothing()).await?.name().clone();
    let bind = QueueBindOptions::default();
    channel.queue_bind(queue.clone(), exchange.into(), "channel.#".into(), bind, nothing()).await?;
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let mut consumer = channel.basic_consume(queue, "".into(), options, nothing()).await?;
    let (into, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(delivery)) = consumer.next().await {
            let at = Instant::now();
            let told = customer(&delivery.data).map_or(Ok(()), |customer| into.send(Reply { customer, at }));
            if told.is_err() {
                return;
            }
        }
    });
    Ok(heard)
}

/// Customer of a message that is no notice.
fn customer(body: &[u8]) -> Option<String> {
    let json: Json = serde_json::from_slice(body).ok()?;
    if json["body"]["type"] != "PLAIN" {
        return None;
    }
    Some(json["header"]["channelData"]["channelCustomerIdentifier"].as_str()?.to_owned())
}
