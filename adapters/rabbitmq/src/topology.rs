//! Exchanges and queues, declared on every connection; declaring what is there already changes nothing.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ErrorKind, ExchangeKind};

use crate::limits::DELIVERIES_MAX;
use crate::message::short;
use crate::names::Names;

/// How inputs find their partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ingress {
    /// By hash of the routing key, over all partitions; needs the plugin `rabbitmq_sharding`.
    Hash,
    /// All to partition 0; works on every broker.
    Single,
}

/// The exchange type of the sharding plugin. It hashes the routing keys of a message (the key, and `CC` headers when
/// there are any) over the bound queues sorted by name, so a key keeps its queue over a restart of the broker.
const HASH: &str = "x-modulus-hash";

/// Routing key with which the broker itself gives a message up.
const DELIVERY_LIMIT: &str = "delivery-limit";

/// Why the topology could not be declared.
pub(crate) struct Undeclared {
    pub(crate) error: lapin::Error,
    what: String,
    /// The broker does not know the hash exchange, or has another exchange of this name.
    pub(crate) no_hash: bool,
}

impl std::fmt::Display for Undeclared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "declaring {}: {}", self.what, self.error)?;
        if self.no_hash {
            write!(f, "; when nothing needs it any more, delete it and it will be made as wanted")?;
        }
        Ok(())
    }
}

/// Declares everything. An error may have cost the channel, or the connection.
pub(crate) async fn declare(
    connection: &Connection,
    names: &Names,
    partitions: u32,
    ingress: Ingress,
) -> Result<(), Undeclared> {
    let channel = connection.create_channel().await.map_err(|error| undeclared("a channel", error))?;
    input(&channel, names, ingress).await?;
    exchange(&channel, &names.hop, ExchangeKind::Direct).await?;
    exchange(&channel, &names.out, ExchangeKind::Topic).await?;
    exchange(&channel, &names.dead, ExchangeKind::Topic).await?;
    let kept = table([("x-queue-type", AMQPValue::LongString("quorum".into()))]);
    queue(&channel, &names.dead, kept).await?;
    bind(&channel, &names.dead, &names.dead, "#").await?;
    for partition in 0..partitions {
        let name = names.partition(partition);
        queue(&channel, &name, partition_arguments(names)).await?;
        bind(&channel, &name, &names.hop, &partition.to_string()).await?;
        match ingress {
            Ingress::Hash => bind(&channel, &name, &names.input, "").await?,
            Ingress::Single if partition == 0 => bind(&channel, &name, &names.input, "#").await?,
            Ingress::Single => {}
        }
    }
    let _ = channel.close(200, short("declared")).await;
    if ingress == Ingress::Hash {
        leave_out_surplus(connection, names, partitions).await;
    }
    Ok(())
}

async fn input(channel: &Channel, names: &Names, ingress: Ingress) -> Result<(), Undeclared> {
    let kind = match ingress {
        Ingress::Hash => ExchangeKind::Custom(HASH.into()),
        Ingress::Single => ExchangeKind::Topic,
    };
    exchange(channel, &names.input, kind).await.map_err(|mut cause| {
        cause.no_hash = is_unknown_or_other_type(&cause.error);
        cause
    })
}

fn is_unknown_or_other_type(error: &lapin::Error) -> bool {
    let ErrorKind::ProtocolError(error) = error.kind() else { return false };
    matches!(
        error.kind(),
        AMQPErrorKind::Hard(AMQPHardError::COMMANDINVALID)
            | AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED | AMQPSoftError::NOTFOUND)
    )
}

/// A single active consumer is a back-stop: the lease in the database decides who consumes. Dead-lettering likewise:
/// the engine quarantines what it can read, the broker only what never arrives.
fn partition_arguments(names: &Names) -> FieldTable {
    table([
        ("x-queue-type", AMQPValue::LongString("quorum".into())),
        ("x-single-active-consumer", AMQPValue::Boolean(true)),
        ("x-delivery-limit", AMQPValue::LongLongInt(DELIVERIES_MAX)),
        ("x-dead-letter-exchange", AMQPValue::LongString(names.dead.as_str().into())),
        ("x-dead-letter-routing-key", AMQPValue::LongString(DELIVERY_LIMIT.into())),
    ])
}

/// After a run with more partitions, the hash would still choose queues that nobody consumes any more.
async fn leave_out_surplus(connection: &Connection, names: &Names, partitions: u32) {
    for partition in partitions.. {
        let Ok(channel) = connection.create_channel().await else { return };
        let name = names.partition(partition);
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let Ok(queue) = channel.queue_declare(short(&name), passive, FieldTable::default()).await else {
            return;
        };
        let unbound =
            channel.queue_unbind(short(&name), short(&names.input), short(""), FieldTable::default()).await;
        tracing::warn!(
            queue = name,
            messages = queue.message_count(),
            unbound = unbound.is_ok(),
            "this queue is of a run with more partitions: what lies in it waits until the engine runs with so many again"
        );
        let _ = channel.close(200, short("done")).await;
    }
}

async fn exchange(channel: &Channel, name: &str, kind: ExchangeKind) -> Result<(), Undeclared> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel
        .exchange_declare(short(name), kind, options, FieldTable::default())
        .await
        .map_err(|error| undeclared(&format!("the exchange {name}"), error))
}

async fn queue(channel: &Channel, name: &str, arguments: FieldTable) -> Result<(), Undeclared> {
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let declared = channel.queue_declare(short(name), options, arguments).await;
    declared.map(drop).map_err(|error| undeclared(&format!("the queue {name}"), error))
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str) -> Result<(), Undeclared> {
    channel
        .queue_bind(
            short(queue),
            short(exchange),
            short(key),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await
        .map_err(|error| undeclared(&format!("the binding of {queue} to {exchange}"), error))
}

fn undeclared(what: &str, error: lapin::Error) -> Undeclared {
    Undeclared { error, what: what.to_owned(), no_hash: false }
}

/// A table of arguments.
pub(crate) fn table<const N: usize>(entries: [(&str, AMQPValue); N]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in entries {
        table.insert(ShortString::from(name), value);
    }
    table
}
