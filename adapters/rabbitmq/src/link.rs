//! One connection to the broker, complete with topology, publishing channels and reply queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use convene_runtime::ports::bus::BusError;
use futures_util::StreamExt;
use lapin::{Channel, Connection, ConnectionProperties, ErrorKind, Event};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::address::Address;
use crate::limits::{ASK_WAIT, CLOSE_WAIT, CONNECT_WAIT, LOOK_EVERY, TOPOLOGY_WAIT};
use crate::message::short;
use crate::names::Names;
use crate::publish::Publisher;
use crate::topology::{self, Ingress};

static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// A living connection. When it is lost it is not mended but replaced.
pub(crate) struct Link {
    /// Unlike that of every other connection of this process.
    pub(crate) number: u64,
    connection: Connection,
    pub(crate) publisher: Publisher,
    /// Deliveries a partition may have unacknowledged.
    pub(crate) prefetch: u16,
    /// Queue in which answers to submissions of this process arrive.
    pub(crate) reply_queue: String,
    broken: watch::Sender<Option<String>>,
}

/// Why a connection could not be made.
pub(crate) enum Unlinked {
    /// The hash exchange cannot be had on this broker; without it a connection can be made.
    NoHash(String),
    /// Anything else; try again later.
    Failed(String),
}

/// How a connection ended.
pub(crate) struct Loss {
    pub(crate) why: String,
    /// The broker sent something the client cannot read. It will send it again.
    pub(crate) unreadable: bool,
}

impl Link {
    /// Connects and declares the topology.
    pub(crate) async fn open(
        address: &Address,
        names: &Names,
        partitions: u32,
        ingress: Ingress,
        prefetch: u16,
    ) -> Result<Arc<Self>, Unlinked> {
        let connection = connect(address).await.map_err(Unlinked::Failed)?;
        match timeout(TOPOLOGY_WAIT, topology::declare(&connection, names, partitions, ingress)).await {
            Ok(Ok(())) => {}
            Ok(Err(cause)) if cause.no_hash && ingress == Ingress::Hash => {
                return Err(Unlinked::NoHash(cause.to_string()));
            }
            Ok(Err(cause)) => return Err(Unlinked::Failed(cause.to_string())),
            Err(_) => {
                return Err(Unlinked::Failed(format!("no topology after {} s", TOPOLOGY_WAIT.as_secs())));
            }
        }
        let publisher = timeout(CONNECT_WAIT, Publisher::new(&connection))
            .await
            .map_err(|_| Unlinked::Failed("the broker opens no channels".into()))?
            .map_err(|error| Unlinked::Failed(format!("opening channels: {error}")))?;
        let link = Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            connection,
            publisher,
            prefetch,
            reply_queue: names.temporary("reply"),
            broken: watch::Sender::new(None),
        };
        Ok(Arc::new(link))
    }

    /// Says that the connection cannot be trusted; the supervisor replaces it.
    pub(crate) fn fail(&self, why: &str) {
        self.broken.send_if_modified(|broken| {
            let first = broken.is_none();
            if first {
                *broken = Some(why.to_owned());
            }
            first
        });
    }

    pub(crate) fn alive(&self) -> bool {
        self.connection.status().connected() && self.broken.borrow().is_none()
    }

    /// Whether the broker has stopped publishers because its memory or disk runs out.
    pub(crate) fn blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// A new channel.
    pub(crate) async fn channel(&self) -> Result<Channel, BusError> {
        ask("open a channel", self.connection.create_channel()).await
    }

    /// Waits for the end of the connection.
    pub(crate) async fn lost(&self) -> Loss {
        let mut events = Box::pin(self.connection.events_listener());
        let mut broken = self.broken.subscribe();
        let mut look = tokio::time::interval(LOOK_EVERY);
        let mut why = None;
        let mut unreadable = false;
        let mut told = true;
        loop {
            if !self.connection.status().connected() {
                let why = why.unwrap_or_else(|| "the connection was closed".into());
                return Loss { why, unreadable };
            }
            if let Some(why) = broken.borrow_and_update().clone() {
                return Loss { why, unreadable };
            }
            tokio::select! {
                event = events.next(), if told => match event {
                    Some(Event::Error(error)) => {
                        unreadable |= matches!(error.kind(), ErrorKind::ParsingError(_));
                        why.get_or_insert(error.to_string());
                    }
                    Some(Event::ConnectionBlocked(_)) => {
                        tracing::warn!("the broker has blocked publishers: its memory or disk runs out");
                    }
                    Some(Event::ConnectionUnblocked) => tracing::info!("the broker takes publications again"),
                    Some(_) => {}
                    None => told = false,
                },
                _ = broken.changed() => {}
                _ = look.tick() => {}
            }
        }
    }

    pub(crate) async fn close(&self) {
        let _ = timeout(CLOSE_WAIT, self.connection.close(200, short("goodbye"))).await;
    }
}

/// Connects, within the limit. Errors never hold the URL.
pub(crate) async fn connect(address: &Address) -> Result<Connection, String> {
    // Recovery stays off: the supervisor replaces a lost connection, so there is one idea of what is alive.
    let properties = ConnectionProperties::default().with_connection_name("convene".into());
    let uri = address.uri.clone();
    let connecting = async {
        match &address.tls {
            None => Connection::connect_uri(uri, properties).await,
            Some(tls) => tls.connect(uri, properties).await,
        }
    };
    match timeout(CONNECT_WAIT, connecting).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => {
            let hint = match &address.tls {
                Some(tls) if error.to_string().contains("certificate") => tls.hint(),
                _ => "",
            };
            Err(format!("cannot connect to {}: {error}{hint}", address.shown))
        }
        Err(_) => Err(format!("{} gives no answer within {} s", address.shown, CONNECT_WAIT.as_secs())),
    }
}

/// Asks the broker something small, within a limit.
pub(crate) async fn ask<T>(
    what: &str,
    question: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BusError> {
    match timeout(ASK_WAIT, question).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(BusError(format!("could not {what}: {error}"))),
        Err(_) => Err(BusError(format!("could not {what} within {} s", ASK_WAIT.as_secs()))),
    }
}
