//! Publishing with confirms: send all, then await all.

use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use convene_runtime::ports::bus::BusError;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation, Connection, PublisherConfirm};
use tokio::time::timeout;

use crate::limits::{CONFIRM_WAIT, LANES, PUBLISH_IN_FLIGHT_MAX, SEND_WAIT};
use crate::message::Envelope;

/// Why a publication failed.
#[derive(Debug)]
pub(crate) enum Undelivered {
    /// The broker does not want it; the connection is as good as before.
    Refused(String),
    /// The connection cannot be trusted any more.
    Broken(String),
}

impl From<Undelivered> for BusError {
    fn from(cause: Undelivered) -> Self {
        match cause {
            Undelivered::Refused(why) | Undelivered::Broken(why) => Self(why),
        }
    }
}

/// The channels of one connection for publishing.
pub(crate) struct Publisher {
    /// For messages nobody has to take. Shared: many calls are in flight on it at once.
    open: Channel,
    /// Confirms are counted in the order of sending, so numbering and sending must be one act.
    sending: std::sync::Mutex<()>,
    /// For messages that must reach a queue. A returned message is named by no number, so one call at a time.
    lanes: Vec<tokio::sync::Mutex<Channel>>,
}

impl Publisher {
    pub(crate) async fn new(connection: &Connection) -> lapin::Result<Self> {
        let mut lanes = Vec::with_capacity(LANES);
        for _ in 0..LANES {
            lanes.push(tokio::sync::Mutex::new(confirming(connection).await?));
        }
        Ok(Self { open: confirming(connection).await?, sending: std::sync::Mutex::default(), lanes })
    }

    /// Sends all and returns what tells whether they are confirmed. Messages of one kind (those that must reach a queue,
    /// those that need not) arrive in the order given, and before those sent later.
    pub(crate) async fn hand(
        &self,
        envelopes: &[Envelope<'_>],
    ) -> Result<Vec<PublisherConfirm>, Undelivered> {
        let (strict, free): (Vec<_>, Vec<_>) = envelopes.iter().partition(|envelope| envelope.mandatory);
        for chunk in strict.chunks(PUBLISH_IN_FLIGHT_MAX) {
            let lane = self.lanes[0].lock().await;
            settle(send(&lane, chunk)).await?;
        }
        let mut confirms = Vec::new();
        for chunk in free.chunks(PUBLISH_IN_FLIGHT_MAX) {
            confirmed(std::mem::take(&mut confirms)).await?;
            let sent = {
                let _one_act = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
                send(&self.open, chunk)
            };
            confirms = left(sent).await?;
        }
        Ok(confirms)
    }

    /// Sends one input. Inputs of one key keep their order; those of other keys hardly wait for one another.
    pub(crate) async fn submit(&self, envelope: Envelope<'_>) -> Result<(), Undelivered> {
        let mut hasher = DefaultHasher::new();
        envelope.key.hash(&mut hasher);
        // Lane 0 is left to `publish`.
        let lane = 1 + (hasher.finish() % (LANES as u64 - 1)) as usize;
        let lane = self.lanes[lane].lock().await;
        settle(send(&lane, &[&envelope])).await
    }
}

async fn confirming(connection: &Connection) -> lapin::Result<Channel> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

type Sending<'a> = Pin<Box<dyn Future<Output = lapin::Result<PublisherConfirm>> + Send + 'a>>;

/// A message handed to the client.
enum Sent<'a> {
    Leaving(Sending<'a>),
    Left(lapin::Result<PublisherConfirm>),
}

/// Hands all to the client, in order. Its futures number and queue a message when first polled, so one poll is all
/// that order needs; the waker is replaced when the rest is awaited.
fn send<'a>(channel: &'a Channel, envelopes: &[&'a Envelope<'a>]) -> Vec<Sent<'a>> {
    let mut context = Context::from_waker(Waker::noop());
    let mut all = Vec::with_capacity(envelopes.len());
    for envelope in envelopes {
        let options = BasicPublishOptions { mandatory: envelope.mandatory, immediate: false };
        let (exchange, key) = (envelope.exchange.clone(), envelope.key.clone());
        let mut sending: Sending<'a> = Box::pin(channel.basic_publish(
            exchange,
            key,
            options,
            envelope.body,
            envelope.properties.clone(),
        ));
        all.push(match sending.as_mut().poll(&mut context) {
            Poll::Ready(sent) => Sent::Left(sent),
            Poll::Pending => Sent::Leaving(sending),
        });
    }
    all
}

/// Waits until everything has left, then until everything is confirmed.
async fn settle(sent: Vec<Sent<'_>>) -> Result<(), Undelivered> {
    confirmed(left(sent).await?).await
}

/// Waits until everything has left.
async fn left(sent: Vec<Sent<'_>>) -> Result<Vec<PublisherConfirm>, Undelivered> {
    let confirms = timeout(SEND_WAIT, leave(sent)).await.map_err(|_| late("send to", SEND_WAIT))?;
    confirms.map_err(|error| Undelivered::Broken(format!("publishing failed: {error}")))
}

/// Waits until everything is confirmed. All confirms are awaited even after a bad one: a forgotten confirm would stay in
/// the memory of the client.
pub(crate) async fn confirmed(confirms: Vec<PublisherConfirm>) -> Result<(), Undelivered> {
    timeout(CONFIRM_WAIT, every(confirms)).await.map_err(|_| late("be confirmed by", CONFIRM_WAIT))?
}

async fn leave(sent: Vec<Sent<'_>>) -> lapin::Result<Vec<PublisherConfirm>> {
    let mut confirms = Vec::with_capacity(sent.len());
    for one in sent {
        confirms.push(match one {
            Sent::Left(result) => result?,
            Sent::Leaving(sending) => sending.await?,
        });
    }
    Ok(confirms)
}

async fn every(confirms: Vec<PublisherConfirm>) -> Result<(), Undelivered> {
    let mut outcome = Ok(());
    for confirm in confirms {
        let one = match confirm.await {
            Ok(Confirmation::Ack(None)) => Ok(()),
            Ok(Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned))) => {
                Err(Undelivered::Refused(format!(
                    "no queue takes what is published to {} ({}): is the engine's topology in place, and the partition one of it?",
                    returned.exchange, returned.reply_text
                )))
            }
            Ok(Confirmation::Nack(None)) => {
                Err(Undelivered::Refused("the broker could not store a message".into()))
            }
            Ok(Confirmation::NotRequested) => {
                Err(Undelivered::Broken("the channel gives no confirms".into()))
            }
            Err(error) => Err(Undelivered::Broken(format!("a message was not confirmed: {error}"))),
        };
        // A broken connection matters more than a refusal.
        if one.is_err() && !matches!(outcome, Err(Undelivered::Broken(_))) {
            outcome = one;
        }
    }
    outcome
}

fn late(what: &str, limit: std::time::Duration) -> Undelivered {
    Undelivered::Broken(format!("messages took more than {} s to {what} the broker", limit.as_secs()))
}
