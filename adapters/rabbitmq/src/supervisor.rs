//! Keeps a connection: makes one, shows it, waits for its end, makes the next, for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use convene_runtime::ports::bus::BusError;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::address::Address;
use crate::limits::{BACKOFF_FIRST, BACKOFF_MAX, CAREFUL_FOR, PREFETCH, PREFETCH_CAREFUL};
use crate::link::{Link, Loss, Unlinked};
use crate::listen::Hub;
use crate::names::Names;
use crate::replies::Replies;
use crate::topology::Ingress;

/// What outlives a connection.
pub(crate) struct Shared {
    pub(crate) address: Address,
    pub(crate) names: Names,
    pub(crate) partitions: u32,
    pub(crate) replies: Replies,
    pub(crate) hub: Arc<Hub>,
    /// The living connection, if there is one.
    pub(crate) link: watch::Sender<Option<Arc<Link>>>,
    /// Tells the supervisor to say goodbye.
    pub(crate) closing: watch::Sender<bool>,
    /// Nothing new is begun any more.
    pub(crate) closed: AtomicBool,
    /// Whether it was said that inputs cannot be spread.
    warned: AtomicBool,
}

impl Shared {
    pub(crate) fn new(address: Address, prefix: &str, partitions: u32) -> Self {
        Self {
            address,
            names: Names::new(prefix),
            partitions,
            replies: Replies::default(),
            hub: Arc::default(),
            link: watch::Sender::new(None),
            closing: watch::Sender::new(false),
            closed: AtomicBool::new(false),
            warned: AtomicBool::new(false),
        }
    }
}

/// Waits until told to close.
async fn told(closing: &mut watch::Receiver<bool>) {
    // An error means that nobody is left who could tell.
    let _ = closing.wait_for(|closing| *closing).await;
}

/// Runs until told to close.
pub(crate) async fn supervise(shared: Arc<Shared>) {
    let mut closing = shared.closing.subscribe();
    let mut backoff = BACKOFF_FIRST;
    let mut prefetch = PREFETCH;
    loop {
        let opened = tokio::select! {
            () = told(&mut closing) => return,
            opened = open(&shared, prefetch) => opened,
        };
        match opened {
            Ok(link) => {
                let since = Instant::now();
                let Some(loss) = live(&shared, &link).await else { return };
                if loss.unreadable {
                    tracing::error!(
                        "the broker delivered something that is not valid AMQP text; it will be moved to the dead letters"
                    );
                    prefetch = PREFETCH_CAREFUL;
                } else if since.elapsed() > CAREFUL_FOR {
                    prefetch = PREFETCH;
                }
                tracing::warn!(why = loss.why, "the connection to the broker is lost and will be made anew");
                backoff = BACKOFF_FIRST;
            }
            Err(why) => {
                tracing::warn!(why, again_in_ms = backoff.as_millis() as u64, "no connection to the broker");
            }
        }
        tokio::select! {
            () = told(&mut closing) => return,
            () = sleep(backoff) => {}
        }
        backoff = (backoff * 2).min(BACKOFF_MAX);
    }
}

/// Shows a connection until it is lost. `None` when told to close.
async fn live(shared: &Arc<Shared>, link: &Arc<Link>) -> Option<Loss> {
    let mut closing = shared.closing.subscribe();
    let faces = match faces(shared, link).await {
        Ok(faces) => faces,
        Err(error) => return Some(Loss { why: error.0, unreadable: false }),
    };
    tracing::info!(broker = shared.address.shown, "connected to the broker");
    shared.link.send_replace(Some(Arc::clone(link)));
    let loss = tokio::select! {
        () = told(&mut closing) => None,
        loss = link.lost() => Some(loss),
    };
    shared.link.send_replace(None);
    shared.replies.give_up();
    shared.hub.close().await;
    for face in faces {
        face.abort();
    }
    link.close().await;
    loss
}

/// Consumes the reply queue and the queue of the listeners. The end of either is the end of the connection.
async fn faces(shared: &Arc<Shared>, link: &Arc<Link>) -> Result<[tokio::task::JoinHandle<()>; 2], BusError> {
    let replies = Replies::open(link).await?;
    let heard = shared.hub.open(link, &shared.names).await?;
    let (of, by) = (Arc::clone(shared), Arc::clone(link));
    let answers = tokio::spawn(async move {
        of.replies.attend(replies).await;
        by.fail("the reply queue ended");
    });
    let (of, by) = (Arc::clone(shared), Arc::clone(link));
    let listening = tokio::spawn(async move {
        of.hub.attend(heard).await;
        by.fail("the queue of the listeners ended");
    });
    Ok([answers, listening])
}

/// Connects; on a broker without hash exchange, with all inputs going to partition 0.
async fn open(shared: &Shared, prefetch: u16) -> Result<Arc<Link>, String> {
    let Shared { address, names, partitions, .. } = shared;
    let why = match Link::open(address, names, *partitions, Ingress::Hash, prefetch).await {
        Ok(link) => return Ok(link),
        Err(Unlinked::Failed(why)) => return Err(why),
        Err(Unlinked::NoHash(why)) => why,
    };
    let opened = Link::open(address, names, *partitions, Ingress::Single, prefetch).await;
    let link = opened.map_err(|(Unlinked::Failed(why) | Unlinked::NoHash(why))| why)?;
    if !shared.warned.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            why,
            "all inputs go to partition 0, so one engine at a time takes them. To spread them: \
             `rabbitmq-plugins enable rabbitmq_sharding`, delete the exchange {}, restart the engines",
            names.input
        );
    }
    Ok(link)
}
