//! A small client for programs that only put inputs on the bus, such as `convene send`.

use convene_runtime::ports::bus::{BusError, Destination, Kind, Outgoing};
use lapin::Connection;
use lapin::options::ExchangeDeclareOptions;
use lapin::types::FieldTable;
use tokio::time::timeout;

use crate::PREFIX;
use crate::address::Address;
use crate::limits::CLOSE_WAIT;
use crate::link::{ask, connect};
use crate::message::{Envelope, short, type_of};
use crate::names::Names;
use crate::publish::{Publisher, confirmed};

/// Publishes inputs. Declares nothing: the engine's topology must be in place. Does not reconnect.
pub struct RabbitClient {
    connection: Connection,
    publisher: Publisher,
    names: Names,
}

impl RabbitClient {
    /// Connects at once.
    ///
    /// # Errors
    /// When the URL cannot be read, the broker cannot be reached, or no engine ever made `convene.in`. No error holds
    /// the URL.
    pub async fn connect(url: &str) -> Result<Self, BusError> {
        Self::connect_with(url, PREFIX).await
    }

    /// As [`Self::connect`], for a deployment whose names begin with `prefix`.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_with(url: &str, prefix: &str) -> Result<Self, BusError> {
        let names = Names::new(prefix);
        let connection = connect(&Address::parse(url)?).await.map_err(BusError)?;
        let channel = ask("open a channel", connection.create_channel()).await?;
        let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
        let kind = lapin::ExchangeKind::Topic;
        ask("find it", channel.exchange_declare(short(&names.input), kind, passive, FieldTable::default()))
            .await
            .map_err(|error| {
                BusError(format!(
                    "the broker has no exchange {}: run the engine against it once ({})",
                    names.input, error.0
                ))
            })?;
        let publisher = ask("open channels", Publisher::new(&connection)).await?;
        Ok(Self { connection, publisher, names })
    }

    /// Publishes one input to `convene.in` and returns when the broker has stored it.
    ///
    /// # Errors
    /// When it could not be stored, or no queue takes it. Publishing again is safe.
    pub async fn publish_in(&self, kind: Kind, id: &str, key: &str, body: &[u8]) -> Result<(), BusError> {
        self.publish(&[Outgoing {
            to: Destination::In(key.to_owned()),
            id: id.to_owned(),
            kind: type_of(kind).to_owned(),
            body: body.into(),
            headers: Vec::new(),
        }])
        .await
    }

    /// Publishes all, in order and many at a time, and returns when the broker has stored every one.
    ///
    /// # Errors
    /// When any could not be stored. Publishing all again is safe.
    pub async fn publish(&self, messages: &[Outgoing]) -> Result<(), BusError> {
        let envelopes: Vec<_> = messages.iter().map(|message| Envelope::of(message, &self.names)).collect();
        Ok(confirmed(self.publisher.hand(&envelopes).await?).await?)
    }

    /// Says goodbye to the broker.
    pub async fn close(self) {
        let _ = timeout(CLOSE_WAIT, self.connection.close(200, short("goodbye"))).await;
    }
}
