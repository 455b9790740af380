//! What the engine counts and times, for `GET /metrics`.

use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

/// All figures of an engine.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    /// Inputs taken from the bus, by kind.
    pub received: IntCounterVec,
    /// Inputs stepped and committed, by state machine.
    pub processed: IntCounterVec,
    /// Inputs seen before.
    pub duplicates: IntCounter,
    /// Inputs that could not be processed, by reason.
    pub dead_lettered: IntCounterVec,
    /// Inputs handed to another partition's owner.
    pub forwarded: IntCounter,
    /// Committed outputs that wait to be published and confirmed.
    pub pending: IntGauge,
    /// Seconds of a commit.
    pub commit_seconds: Histogram,
    /// Inputs of a commit.
    pub commit_inputs: Histogram,
    /// Seconds from publish to confirm of a batch.
    pub publish_seconds: Histogram,
    /// Commits that were taken back because another writer was faster.
    pub conflicts: IntCounter,
    /// Open conversations.
    pub open_conversations: IntGauge,
    /// Bot calls, by outcome.
    pub bot_calls: IntCounterVec,
    /// Nodes of flows that took their error path.
    pub flow_errors: IntCounter,
    /// Partitions owned.
    pub partitions: IntGauge,
}

const SECONDS: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

impl Metrics {
    /// Fresh figures.
    ///
    /// # Errors
    /// A name registered twice, which a test rules out.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| -> Result<IntCounter, prometheus::Error> {
            let c = IntCounter::new(name, help)?;
            registry.register(Box::new(c.clone()))?;
            Ok(c)
        };
        let family = |name: &str, help: &str, label: &str| -> Result<IntCounterVec, prometheus::Error> {
            let c = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(c.clone()))?;
            Ok(c)
        };
        let gauge = |name: &str, help: &str| -> Result<IntGauge, prometheus::Error> {
            let g = IntGauge::new(name, help)?;
            registry.register(Box::new(g.clone()))?;
            Ok(g)
        };
        let histogram = |name: &str, help: &str, buckets: &[f64]| -> Result<Histogram, prometheus::Error> {
            let h = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?;
            registry.register(Box::new(h.clone()))?;
            Ok(h)
        };
        Ok(Self {
            received: family("convene_received_total", "Inputs taken from the bus.", "kind")?,
            processed: family("convene_processed_total", "Inputs stepped and committed.", "machine")?,
            duplicates: counter("convene_duplicates_total", "Inputs seen before.")?,
            dead_lettered: family(
                "convene_dead_lettered_total",
                "Inputs that could not be processed.",
                "reason",
            )?,
            forwarded: counter("convene_forwarded_total", "Inputs handed to another partition's owner.")?,
            pending: gauge("convene_pending_outputs", "Committed outputs not yet confirmed by the bus.")?,
            commit_seconds: histogram("convene_commit_seconds", "Time of a commit.", SECONDS)?,
            commit_inputs: histogram("convene_commit_inputs", "Inputs of a commit.", SIZES)?,
            publish_seconds: histogram("convene_publish_seconds", "Time from publish to confirm.", SECONDS)?,
            conflicts: counter("convene_conflicts_total", "Commits another writer was faster than.")?,
            open_conversations: gauge("convene_open_conversations", "Conversations that are not closed.")?,
            bot_calls: family("convene_bot_calls_total", "Bot calls by outcome.", "outcome")?,
            flow_errors: counter("convene_flow_errors_total", "Nodes of flows that took their error path.")?,
            partitions: gauge("convene_partitions", "Partitions this engine owns.")?,
            registry,
        })
    }

    /// The figures in the Prometheus text format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = Vec::new();
        if let Err(problem) = TextEncoder::new().encode(&self.registry.gather(), &mut out) {
            tracing::warn!(%problem, "metrics cannot be written");
        }
        String::from_utf8(out).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn every_figure_has_a_name_of_its_own() -> Result<(), prometheus::Error> {
        let metrics = Metrics::new()?;
        metrics.duplicates.inc();
        assert!(metrics.text().contains("convene_duplicates_total 1"));
        Ok(())
    }
}
