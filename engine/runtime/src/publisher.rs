//! Publishes what was committed, in order, from memory; what was confirmed is marked in a later batch.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use convene_core::effect::{Publication, Wire};
use convene_core::model::iso;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use prometheus::HistogramTimer;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::engine::Stop;
use crate::item::{Item, Origin};
use crate::metrics::Metrics;
use crate::ports::bus::{Bus, BusError, Destination, Outgoing};
use crate::ports::store::{Hop, Parcel};
use crate::probe::Probe;

/// Batches that may wait for the bus; then the engine stops taking.
const WAITING_MAX: usize = 16;
/// Batches sent whose confirms are awaited.
const SENT_MAX: usize = 4;
/// Pause before publishing is tried again: the first, and the longest.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// How long a stopping engine waits for room for a batch.
const STOP_WAIT: Duration = Duration::from_secs(2);

/// Something to publish after a commit.
#[derive(Debug)]
pub(crate) struct Job {
    /// To be marked once all of it is confirmed.
    pub parcels: Vec<Parcel>,
    /// In order, those of one journal row together.
    pub outputs: Vec<Vec<Publication>>,
    pub hops: Vec<Hop>,
}

/// The publisher's two ends.
#[derive(Debug)]
pub(crate) struct Publisher {
    jobs: Option<mpsc::Sender<Job>>,
    line: JoinHandle<()>,
    confirmed: Arc<Mutex<Vec<Parcel>>>,
}

impl Publisher {
    /// Starts the task.
    pub(crate) fn start(bus: Arc<dyn Bus>, metrics: Metrics, probe: Probe) -> Self {
        let (jobs, todo) = mpsc::channel::<Job>(WAITING_MAX);
        let confirmed = Arc::new(Mutex::new(Vec::new()));
        let line = Line { bus, metrics, probe, confirmed: confirmed.clone(), sent: VecDeque::new() };
        let line = tokio::spawn(line.run(todo));
        Self { jobs: Some(jobs), line, confirmed }
    }

    /// Hands over a committed batch's output; waits while too much is waiting already, but not for long when the engine
    /// stops: the outbox has it all, and the next owner publishes it. What comes later must not come before it, so that is
    /// left to the next owner, too.
    pub(crate) async fn hand(&mut self, job: Job, metrics: &Metrics, stop: &Stop) {
        if job.parcels.is_empty() && job.outputs.is_empty() && job.hops.is_empty() {
            return;
        }
        metrics.pending.add(i64::try_from(job.outputs.len()).unwrap_or(0));
        let Some(jobs) = &self.jobs else { return };
        let stopping = async {
            stop.cancelled().await;
            tokio::time::sleep(STOP_WAIT).await;
        };
        tokio::select! {
            biased;
            sent = jobs.send(job) => if sent.is_err() {
                tracing::error!("the publisher is gone");
            },
            () = stopping => {
                tracing::warn!("not everything is published; the next owner does it");
                self.jobs = None;
            }
        }
    }

    /// Waits until the bus has all that was handed over, at most so long. Nothing is taken afterwards.
    pub(crate) async fn finish(&mut self, limit: Duration) {
        self.jobs = None;
        if tokio::time::timeout(limit, &mut self.line).await.is_err() {
            tracing::warn!("the bus does not take everything in time; the next owner publishes it");
            self.line.abort();
        }
    }

    /// What was confirmed since the last call.
    pub(crate) fn confirmed(&self) -> Vec<Parcel> {
        std::mem::take(&mut *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether something was confirmed that is not marked yet.
    pub(crate) fn has_confirmed(&self) -> bool {
        !self.confirmed.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// The messages of a job.
fn messages(outputs: Vec<Vec<Publication>>, hops: Vec<Hop>) -> Vec<Outgoing> {
    let mut messages: Vec<Outgoing> = outputs.into_iter().flatten().map(outgoing).collect();
    messages.extend(hops.into_iter().map(|h| Outgoing {
        to: Destination::Partition(h.partition),
        id: h.id,
        kind: "hop".into(),
        body: h.body.into_bytes().into(),
        headers: Vec::new(),
    }));
    messages
}

/// The jobs on their way to the bus, in order.
///
/// The next job is sent while the confirms of those before it are awaited: with one at a time the engine would stand still
/// for a round trip per batch. The bus takes messages in the order in which they were sent, so whatever arrived of a later
/// job arrived after everything of the earlier ones.
struct Line {
    bus: Arc<dyn Bus>,
    metrics: Metrics,
    probe: Probe,
    confirmed: Arc<Mutex<Vec<Parcel>>>,
    sent: VecDeque<Sent>,
}

/// A job that was sent and is not confirmed.
struct Sent {
    parcels: Vec<Parcel>,
    /// Journal rows whose output it is.
    outputs: usize,
    messages: Vec<Outgoing>,
    /// The connection that has them; `None` when they could not even be handed over.
    connection: Option<u64>,
    confirms: BoxFuture<'static, Result<(), BusError>>,
    timer: HistogramTimer,
}

impl Line {
    /// Until nothing is handed over any more and everything is confirmed.
    async fn run(mut self, mut todo: mpsc::Receiver<Job>) {
        let mut done = false;
        while !done || !self.sent.is_empty() {
            let stuck = self.sent.back().is_some_and(|last| last.connection.is_none());
            let room = self.sent.len() < SENT_MAX && !stuck;
            let confirms = async {
                match self.sent.front_mut() {
                    Some(first) => (&mut first.confirms).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                outcome = confirms => match outcome {
                    Ok(()) => self.first_is_confirmed(),
                    Err(problem) => self.again(problem).await,
                },
                job = todo.recv(), if room && !done => match job {
                    Some(job) => self.send(job).await,
                    None => done = true,
                },
            }
        }
    }

    async fn send(&mut self, job: Job) {
        let (parcels, outputs) = (job.parcels, job.outputs.len());
        let messages = messages(job.outputs, job.hops);
        self.probe.pass("before-publish");
        let timer = self.metrics.publish_seconds.start_timer();
        let on = self.sent.back().and_then(|last| last.connection);
        let (connection, confirms) = match self.bus.hand(&messages, on).await {
            Ok(handed) => (Some(handed.connection), handed.confirms),
            Err(problem) => (None, std::future::ready(Err(problem)).boxed()),
        };
        self.sent.push_back(Sent { parcels, outputs, messages, connection, confirms, timer });
    }

    fn first_is_confirmed(&mut self) {
        let Some(Sent { parcels, outputs, timer, .. }) = self.sent.pop_front() else { return };
        timer.observe_duration();
        self.probe.pass("after-publish");
        self.probe.pass("before-confirm");
        self.probe.pass("after-confirm");
        self.metrics.pending.sub(i64::try_from(outputs).unwrap_or(0));
        self.confirmed.lock().unwrap_or_else(PoisonError::into_inner).extend(parcels);
    }

    /// The first job failed. Those behind it are awaited and then all are sent again one by one in their order, those too
    /// that were confirmed. When a connection broke, that means repeats and nothing else: what arrived of a later job
    /// arrived after everything of the earlier ones. When the broker refused a single message, what follows it may be
    /// there already, and comes again behind it.
    async fn again(&mut self, problem: BusError) {
        let waiting: usize = self.sent.iter().map(|job| job.messages.len()).sum();
        tracing::warn!(%problem, waiting, "publishing failed, trying again");
        for behind in self.sent.iter_mut().skip(1) {
            let _ = (&mut behind.confirms).await;
        }
        let mut pause = PAUSE_MIN;
        while let Some(messages) = self.sent.front_mut().map(|first| std::mem::take(&mut first.messages)) {
            tokio::time::sleep(pause).await;
            self.probe.pass("before-publish");
            let outcome = self.bus.publish(&messages).await;
            if let Some(first) = self.sent.front_mut() {
                first.messages = messages;
            }
            match outcome {
                Ok(()) => {
                    self.first_is_confirmed();
                    pause = Duration::ZERO;
                }
                Err(problem) => {
                    tracing::warn!(%problem, "publishing failed, trying again");
                    pause = (pause * 2).clamp(PAUSE_MIN, PAUSE_MAX);
                }
            }
        }
    }
}

/// The key under which a refused input is kept among publications.
pub(crate) const DEAD: &str = "dead.";

/// A publication as a message of the bus.
fn outgoing(p: Publication) -> Outgoing {
    if let Some(reason) = p.key.strip_prefix(DEAD) {
        let body = p.body.json();
        let letter = Letter {
            id: &p.id,
            origin: &serde_json::from_value(body["origin"].clone()).unwrap_or_default(),
            source: body["source"].as_str().unwrap_or_default(),
            at: body["at"].as_i64().unwrap_or_default(),
            payload: body["payload"].as_str().unwrap_or_default().as_bytes(),
        };
        return letter.dead(reason, body["detail"].as_str().unwrap_or_default());
    }
    let body = p.body.into_bytes().into();
    Outgoing { to: Destination::Out(p.key), id: p.id, kind: p.kind, body, headers: Vec::new() }
}

/// An input that could not be processed.
pub(crate) struct Letter<'a> {
    /// Its id where it was sent without one.
    pub id: &'a str,
    pub origin: &'a Origin,
    /// Routing key by which it came.
    pub source: &'a str,
    pub at: i64,
    pub payload: &'a [u8],
}

impl<'a> Letter<'a> {
    pub(crate) fn of(item: &'a Item) -> Self {
        Self { id: &item.id, origin: &item.origin, source: &item.source, at: item.at, payload: &item.raw }
    }

    /// As a message of the bus: as it was sent, with the reason beside it.
    pub(crate) fn dead(&self, reason: &str, detail: &str) -> Outgoing {
        /// Longest `x-detail`: brokers limit a frame of headers.
        const DETAIL_MAX: usize = 1000;
        let detail: String = detail.chars().take(DETAIL_MAX).collect();
        let ours = [
            ("x-reason", reason.to_owned()),
            ("x-detail", detail),
            ("x-at", iso(self.at)),
            ("x-routing-key", self.source.to_owned()),
        ];
        let labels = &self.origin.labels;
        let theirs = labels.headers.iter().filter(|(name, _)| ours.iter().all(|(taken, _)| name != taken));
        let theirs: Vec<_> = theirs.cloned().collect();
        let ours = ours.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
        Outgoing {
            to: Destination::Dead { reason: reason.to_owned(), correlation: labels.correlation.clone() },
            id: self.origin.id.as_deref().unwrap_or(self.id).to_owned(),
            kind: self.origin.kind.clone().into_owned(),
            body: self.payload.into(),
            headers: ours.chain(theirs).collect(),
        }
    }
}

/// The output of a refused input, as it is journaled.
pub(crate) fn dead_publication(item: &Item, reason: &str, detail: &str) -> Publication {
    let body = json!({
        "detail": detail,
        "at": item.at,
        "payload": String::from_utf8_lossy(&item.raw),
        "source": item.source,
        "origin": item.origin,
    });
    Publication::new(format!("dead:{}", item.id), format!("{DEAD}{reason}"), "dead-letter", Wire::of(&body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::bus::Labels;

    #[test]
    fn a_dead_letter_is_what_was_sent_with_its_reason_beside_it() {
        let theirs = |name: &str, value| (name.to_owned(), value);
        let headers = vec![theirs("tries", json!(3)), theirs("x-reason", json!("theirs"))];
        let labels = Labels { correlation: Some("asked".into()), headers };
        let origin = Origin { kind: "command".into(), id: Some("accept".into()), labels };
        let letter = Letter { id: "c:accept", origin: &origin, source: "routing", at: 0, payload: b"{}" };
        let dead = letter.dead("unknown_task", "no task");
        let to = Destination::Dead { reason: "unknown_task".into(), correlation: Some("asked".into()) };
        assert_eq!((dead.to, dead.id.as_str(), dead.kind.as_str()), (to, "accept", "command"));
        assert_eq!(&*dead.body, b"{}");
        let headers = [
            theirs("x-reason", json!("unknown_task")),
            theirs("x-detail", json!("no task")),
            theirs("x-at", json!(iso(0))),
            theirs("x-routing-key", json!("routing")),
            theirs("tries", json!(3)),
        ];
        assert_eq!(dead.headers, headers);
    }
}
