//! Taking deliveries of one partition, over as many connections as it takes.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use convene_runtime::ports::bus::{BusError, Delivery};
use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::limits::{
    ACKNOWLEDGE_WAIT, BACKOFF_FIRST, BACKOFF_MAX, CLOSE_WAIT, CONSUME_ATTEMPTS, STALL_AFTER, WATCH_EVERY,
};
use crate::link::{Link, ask};
use crate::message::{delivery, short};

/// The connection of the moment, as its supervisor shows it.
pub(crate) type Links = watch::Receiver<Option<Arc<Link>>>;

/// Numbers channels, so that an acknowledgement meant for an older one is known.
static GENERATIONS: AtomicU64 = AtomicU64::new(1);

/// A partition being consumed.
pub(crate) struct Intake {
    into: mpsc::Sender<Delivery>,
    desk: Arc<Desk>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Intake {
    /// Begins to consume `queue` as soon as there is a connection.
    pub(crate) fn start(partition: u32, queue: String, into: mpsc::Sender<Delivery>, links: Links) -> Self {
        let desk = Arc::new(Desk::default());
        let (stop, stopped) = watch::channel(false);
        let attendant = Attendant { partition, queue, into: into.clone(), desk: Arc::clone(&desk), stopped };
        Self { into, desk, stop, task: tokio::spawn(attendant.run(links)) }
    }

    /// Whether it still takes deliveries, into this very channel.
    pub(crate) fn feeds(&self, into: &mpsc::Sender<Delivery>) -> bool {
        self.into.same_channel(into) && !self.task.is_finished()
    }

    pub(crate) fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk)
    }

    /// Stops, and returns when the broker has its unacknowledged deliveries back, or cannot be asked.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        if timeout(CLOSE_WAIT * 2, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

/// Where deliveries of a partition are acknowledged.
#[derive(Default)]
pub(crate) struct Desk {
    counter: Mutex<Counter>,
}

#[derive(Default)]
struct Counter {
    channel: Option<Channel>,
    generation: u64,
    /// Highest tag handed out on this channel.
    delivered: u64,
    /// Highest tag acknowledged on this channel.
    acknowledged: u64,
}

type Acknowledging = Pin<Box<dyn Future<Output = lapin::Result<()>> + Send>>;

impl Desk {
    /// Acknowledges everything up to `tag`. Nothing happens when the channel is another one by now (the broker
    /// delivers again) or when it was acknowledged before: the broker would close the channel for that.
    pub(crate) async fn acknowledge(&self, generation: u64, tag: u64) -> Result<(), BusError> {
        let Some(leaving) = self.send(generation, tag) else { return Ok(()) };
        match timeout(ACKNOWLEDGE_WAIT, leaving).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::debug!(%error, "an acknowledgement was lost with its channel; the broker delivers again");
                Ok(())
            }
            Err(_) => Err(BusError(format!(
                "an acknowledgement did not leave within {} s",
                ACKNOWLEDGE_WAIT.as_secs()
            ))),
        }
    }

    /// Checks and sends in one act, so that two acknowledgements cannot overtake one another.
    fn send(&self, generation: u64, tag: u64) -> Option<Acknowledging> {
        let mut counter = self.counter();
        if counter.generation != generation || tag <= counter.acknowledged || tag > counter.delivered {
            return None;
        }
        let channel = counter.channel.clone()?;
        counter.acknowledged = tag;
        let mut leaving: Acknowledging =
            Box::pin(async move { channel.basic_ack(tag, BasicAckOptions { multiple: true }).await });
        match leaving.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => Some(Box::pin(std::future::ready(result))),
            Poll::Pending => Some(leaving),
        }
    }

    fn open(&self, channel: Channel) -> u64 {
        let generation = GENERATIONS.fetch_add(1, Ordering::Relaxed);
        *self.counter() = Counter { channel: Some(channel), generation, delivered: 0, acknowledged: 0 };
        generation
    }

    fn delivered(&self, tag: u64) {
        self.counter().delivered = tag;
    }

    fn idle(&self) -> bool {
        let counter = self.counter();
        counter.delivered == counter.acknowledged
    }

    fn close(&self) -> Option<Channel> {
        self.counter().channel.take()
    }

    fn counter(&self) -> MutexGuard<'_, Counter> {
        self.counter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task that consumes a partition.
struct Attendant {
    partition: u32,
    queue: String,
    into: mpsc::Sender<Delivery>,
    desk: Arc<Desk>,
    stopped: watch::Receiver<bool>,
}

/// Why a consumer ended.
enum End {
    /// We no longer want it.
    Stopped,
    /// It was working, and was lost.
    Lost(String),
    /// It never worked.
    Unopened(String),
}

impl Attendant {
    async fn run(self, mut links: Links) {
        let mut failures = 0;
        let mut stopped = self.stopped.clone();
        loop {
            let link = tokio::select! {
                () = told(&mut stopped) => return,
                link = next_link(&mut links) => link,
            };
            let Some(link) = link else { return };
            let why = match self.attend(&link).await {
                End::Stopped => return,
                End::Lost(why) => {
                    failures = 0;
                    why
                }
                End::Unopened(why) => {
                    failures += 1;
                    why
                }
            };
            if link.alive() {
                tracing::warn!(partition = self.partition, why, "a consumer was lost and is made anew");
                if failures >= CONSUME_ATTEMPTS {
                    failures = 0;
                    link.fail(&format!("partition {} cannot be consumed: {why}", self.partition));
                }
            }
            tokio::select! {
                () = told(&mut stopped) => return,
                () = sleep(backoff(failures)) => {}
            }
        }
    }

    /// Consumes through one connection until something ends it. The channel is closed on return, so that what was
    /// not acknowledged goes back to the queue, in its order.
    async fn attend(&self, link: &Link) -> End {
        let (channel, consumer) = match self.open(link).await {
            Ok(open) => open,
            Err(error) => return End::Unopened(error.0),
        };
        let generation = self.desk.open(channel.clone());
        let end = self.consume(link, &channel, consumer, generation).await;
        self.desk.close();
        if channel.status().connected() {
            let closing = channel.close(200, short("done"));
            if timeout(CLOSE_WAIT, closing).await.is_err() {
                link.fail("a channel does not close");
            }
        }
        end
    }

    async fn open(&self, link: &Link) -> Result<(Channel, Consumer), BusError> {
        let channel = link.channel().await?;
        ask("set the prefetch", channel.basic_qos(link.prefetch, BasicQosOptions::default())).await?;
        let options = BasicConsumeOptions::default();
        let consuming = channel.basic_consume(short(&self.queue), short(""), options, FieldTable::default());
        let consumer = ask("consume", consuming).await?;
        Ok((channel, consumer))
    }

    async fn consume(&self, link: &Link, channel: &Channel, mut consumer: Consumer, generation: u64) -> End {
        let mut stopped = self.stopped.clone();
        let mut watchdog = Watchdog::new();
        let mut look = tokio::time::interval(WATCH_EVERY);
        loop {
            let step = tokio::select! {
                biased;
                () = told(&mut stopped) => ControlFlow::Break(End::Stopped),
                _ = look.tick() => match watchdog.stalled(link, &self.queue, self.desk.idle()).await {
                    Some(why) => ControlFlow::Break(End::Lost(why)),
                    None => ControlFlow::Continue(()),
                },
                next = consumer.next() => match next {
                    Some(Ok(next)) => {
                        watchdog.heard();
                        self.hand_over(next, channel, generation).await
                    }
                    Some(Err(error)) => ControlFlow::Break(End::Lost(error.to_string())),
                    None => ControlFlow::Break(End::Lost("the broker cancelled the consumer".into())),
                },
            };
            if let ControlFlow::Break(end) = step {
                return end;
            }
        }
    }

    /// Gives a delivery to the engine. Waits while it has no room: the prefetch bounds what piles up behind.
    async fn hand_over(
        &self,
        next: lapin::message::Delivery,
        channel: &Channel,
        generation: u64,
    ) -> ControlFlow<End> {
        if !channel.status().connected() {
            // The broker will deliver it again, in its place.
            return ControlFlow::Break(End::Lost("the channel was closed".into()));
        }
        self.desk.delivered(next.delivery_tag);
        let mut stopped = self.stopped.clone();
        tokio::select! {
            biased;
            () = told(&mut stopped) => ControlFlow::Break(End::Stopped),
            sent = self.into.send(delivery(next, self.partition, generation)) => match sent {
                Ok(()) => ControlFlow::Continue(()),
                // Nobody takes deliveries any more; whoever owns the partition next gets them.
                Err(_) => ControlFlow::Break(End::Stopped),
            },
        }
    }
}

/// Waits until the partition is no longer wanted.
async fn told(stopped: &mut watch::Receiver<bool>) {
    // An error means that nobody is left who could tell.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn next_link(links: &mut Links) -> Option<Arc<Link>> {
    loop {
        let link = links.wait_for(Option::is_some).await.ok()?.clone();
        match link {
            Some(link) if link.alive() => return Some(link),
            // Lost, and not yet taken down by its supervisor.
            _ => sleep(BACKOFF_FIRST).await,
        }
    }
}

fn backoff(failures: u32) -> Duration {
    (BACKOFF_FIRST * 2_u32.saturating_pow(failures.min(16))).min(BACKOFF_MAX)
}

/// Notices a queue that has messages and gives none, as a wedged single active consumer does.
struct Watchdog {
    heard: Instant,
    suspicious: bool,
}

impl Watchdog {
    fn new() -> Self {
        Self { heard: Instant::now(), suspicious: false }
    }

    fn heard(&mut self) {
        self.heard = Instant::now();
        self.suspicious = false;
    }

    /// Says why the consumer should be made anew: messages were ready at two looks, and between them none came
    /// although nothing awaits acknowledgement.
    async fn stalled(&mut self, link: &Link, queue: &str, idle: bool) -> Option<String> {
        if !idle || self.heard.elapsed() < STALL_AFTER {
            self.suspicious = false;
            return None;
        }
        let ready = ready(link, queue).await.unwrap_or(0);
        let before = std::mem::replace(&mut self.suspicious, ready > 0);
        (before && ready > 0).then(|| format!("{ready} messages are ready in {queue} and none is delivered"))
    }
}

/// Messages a queue could deliver now.
async fn ready(link: &Link, queue: &str) -> Result<u32, BusError> {
    let channel = link.channel().await?;
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let queue =
        ask("look at a queue", channel.queue_declare(short(queue), passive, FieldTable::default())).await?;
    let _ = ask("close a channel", channel.close(200, short("looked"))).await;
    Ok(queue.message_count())
}
