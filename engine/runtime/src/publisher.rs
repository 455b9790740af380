//! Publishes what was committed, in order, from memory; what was confirmed is marked in a later batch.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use convene_core::effect::{Publication, Wire};
use convene_core::model::iso;
use serde_json::json;
use tokio::sync::mpsc;

use crate::metrics::Metrics;
use crate::ports::bus::{Bus, Destination, Outgoing};
use crate::ports::store::{Hop, Unpublished};
use crate::probe::Probe;

/// Batches that may wait for the bus; then the engine stops taking.
const WAITING_MAX: usize = 64;
/// Longest pause before publishing is tried again.
const RETRY_MAX: Duration = Duration::from_secs(2);

/// Something to publish after a commit.
#[derive(Debug)]
pub(crate) struct Job {
    pub outputs: Vec<(Unpublished, Vec<Publication>)>,
    pub hops: Vec<Hop>,
}

/// The publisher's two ends.
#[derive(Debug)]
pub(crate) struct Publisher {
    jobs: mpsc::Sender<Job>,
    confirmed: Arc<Mutex<Vec<Unpublished>>>,
}

impl Publisher {
    /// Starts the task.
    pub(crate) fn start(bus: Arc<dyn Bus>, metrics: Metrics, probe: Probe) -> Self {
        let (jobs, mut todo) = mpsc::channel::<Job>(WAITING_MAX);
        let confirmed = Arc::new(Mutex::new(Vec::new()));
        let done = confirmed.clone();
        tokio::spawn(async move {
            while let Some(job) = todo.recv().await {
                let (marks, messages) = messages(job);
                publish(&*bus, &metrics, &probe, &messages).await;
                metrics.pending.sub(i64::try_from(marks.len()).unwrap_or(0));
                done.lock().unwrap_or_else(PoisonError::into_inner).extend(marks);
            }
        });
        Self { jobs, confirmed }
    }

    /// Hands over a committed batch's output; waits while too much is waiting already.
    pub(crate) async fn hand(&self, job: Job, metrics: &Metrics) {
        if job.outputs.is_empty() && job.hops.is_empty() {
            return;
        }
        metrics.pending.add(i64::try_from(job.outputs.len()).unwrap_or(0));
        if self.jobs.send(job).await.is_err() {
            tracing::error!("the publisher is gone");
        }
    }

    /// What was confirmed since the last call.
    pub(crate) fn confirmed(&self) -> Vec<Unpublished> {
        std::mem::take(&mut *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether something was confirmed that is not marked yet.
    pub(crate) fn has_confirmed(&self) -> bool {
        !self.confirmed.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// The messages of a job, and what is to be marked once they are confirmed.
fn messages(job: Job) -> (Vec<Unpublished>, Vec<Outgoing>) {
    let mut marks = Vec::with_capacity(job.outputs.len());
    let mut messages = Vec::new();
    for (at, publications) in job.outputs {
        marks.push(at);
        messages.extend(publications.into_iter().map(outgoing));
    }
    messages.extend(job.hops.into_iter().map(|h| Outgoing {
        to: Destination::Partition(h.partition),
        id: h.id,
        kind: "hop".into(),
        body: h.body.into_bytes().into(),
        headers: Vec::new(),
    }));
    (marks, messages)
}

async fn publish(bus: &dyn Bus, metrics: &Metrics, probe: &Probe, messages: &[Outgoing]) {
    let mut pause = Duration::from_millis(50);
    loop {
        probe.pass("before-publish");
        let timer = metrics.publish_seconds.start_timer();
        let result = bus.publish(messages).await;
        match result {
            Ok(()) => {
                timer.observe_duration();
                probe.pass("after-publish");
                probe.pass("before-confirm");
                probe.pass("after-confirm");
                return;
            }
            Err(problem) => {
                timer.stop_and_discard();
                tracing::warn!(%problem, waiting = messages.len(), "publishing failed, trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(RETRY_MAX);
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
        let detail = body["detail"].as_str().unwrap_or_default();
        let raw = body["payload"].as_str().unwrap_or_default();
        let at = body["at"].as_i64().unwrap_or_default();
        return dead(&p.id, reason, detail, at, raw.as_bytes());
    }
    let body = p.body.into_bytes().into();
    Outgoing { to: Destination::Out(p.key), id: p.id, kind: p.kind, body, headers: Vec::new() }
}

/// A dead letter as a message of the bus.
pub(crate) fn dead(id: &str, reason: &str, detail: &str, at: i64, payload: &[u8]) -> Outgoing {
    /// Longest `x-detail`: brokers limit a frame of headers.
    const DETAIL_MAX: usize = 1000;
    let detail: String = detail.chars().take(DETAIL_MAX).collect();
    Outgoing {
        to: Destination::Dead(reason.to_owned()),
        id: id.to_owned(),
        kind: "dead-letter".into(),
        body: payload.into(),
        headers: vec![
            ("x-reason".into(), reason.to_owned()),
            ("x-detail".into(), detail),
            ("x-at".into(), iso(at)),
        ],
    }
}

/// The output of a refused input, as it is journaled.
pub(crate) fn dead_publication(id: &str, reason: &str, detail: &str, at: i64, raw: &[u8]) -> Publication {
    let body = json!({ "detail": detail, "at": at, "payload": String::from_utf8_lossy(raw) });
    Publication::new(format!("dead:{id}"), format!("{DEAD}{reason}"), "dead-letter", Wire::of(&body))
}
