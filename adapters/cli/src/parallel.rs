//! The same work for many things, several at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Does something with every item, on as many threads as there are cores, until one says `false`. Items are begun in their
/// order.
pub(crate) fn each<T: Sync>(items: &[T], work: impl Fn(usize, &T) -> bool + Sync) {
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { return };
                    if !work(at, item) {
                        next.store(items.len(), Ordering::Relaxed);
                        return;
                    }
                }
            });
        }
    });
}
