//! Named points of the commit path, so that a test can pull the plug at each of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Every point, in the order an input passes them.
pub const POINTS: &[&str] = &[
    "before-receive",
    "after-receive",
    "before-step",
    "after-step",
    "before-commit",
    "after-commit",
    "before-acknowledge",
    "after-acknowledge",
    "before-publish",
    "after-publish",
    "before-confirm",
    "after-confirm",
];

/// What happens at a point: nothing, unless a test says otherwise.
#[derive(Clone, Default)]
pub struct Probe(Option<Arc<dyn Fn(&'static str) + Send + Sync>>);

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Probe").field(&self.0.is_some()).finish()
    }
}

impl Probe {
    /// Calls `act` at every point.
    pub fn new(act: impl Fn(&'static str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(act)))
    }

    /// Reads `point` or `point:n`: the process aborts when it passes the point for the n-th time (the first when no
    /// number is given). `None` when the text names no point.
    #[must_use]
    pub fn abort_at(text: &str) -> Option<Self> {
        let (name, nth) = text.split_once(':').unwrap_or((text, "1"));
        let point = POINTS.iter().find(|p| **p == name)?;
        let nth: u64 = nth.parse().ok().filter(|n| *n > 0)?;
        let passed = AtomicU64::new(0);
        Some(Self::new(move |here| {
            if here == *point && passed.fetch_add(1, Ordering::SeqCst) + 1 == nth {
                std::process::abort();
            }
        }))
    }

    /// Passes a point.
    pub(crate) fn pass(&self, point: &'static str) {
        if let Some(act) = &self.0 {
            act(point);
        }
    }
}
