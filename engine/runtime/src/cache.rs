//! The write-through cache of conversation states: the very bytes the store holds, bounded by size.
//!
//! States of a batch that is not committed yet are pinned, since the store does not have them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// A cached state.
#[derive(Debug, Clone)]
pub(crate) struct Cached {
    pub version: i64,
    pub body: Arc<str>,
    /// Number of uncommitted batches that wrote it.
    pub pins: u32,
    used: u64,
}

/// The cache.
#[derive(Debug)]
pub(crate) struct Cache {
    entries: HashMap<String, Cached>,
    order: VecDeque<(String, u64)>,
    bytes: usize,
    bytes_max: usize,
    clock: u64,
}

/// What an entry costs beside its body and key.
const OVERHEAD: usize = 160;

impl Cache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new(), bytes: 0, bytes_max, clock: 0 }
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    pub(crate) fn get(&mut self, key: &str) -> Option<Cached> {
        self.clock += 1;
        let entry = self.entries.get_mut(key)?;
        entry.used = self.clock;
        self.order.push_back((key.to_owned(), self.clock));
        let found = entry.clone();
        self.tidy();
        Some(found)
    }

    /// Puts what the store holds.
    pub(crate) fn put(&mut self, key: &str, version: i64, body: Arc<str>) {
        self.insert(key, version, body, 0);
    }

    /// Puts what a batch is about to write.
    pub(crate) fn put_pinned(&mut self, key: &str, version: i64, body: Arc<str>) {
        self.insert(key, version, body, 1);
    }

    fn insert(&mut self, key: &str, version: i64, body: Arc<str>, pins: u32) {
        self.clock += 1;
        let before = self.entries.get(key).map_or(0, |e| e.pins);
        self.bytes += key.len() + body.len() + OVERHEAD;
        let entry = Cached { version, body, pins: before + pins, used: self.clock };
        if let Some(old) = self.entries.insert(key.to_owned(), entry) {
            self.bytes -= key.len() + old.body.len() + OVERHEAD;
        }
        self.order.push_back((key.to_owned(), self.clock));
        self.tidy();
    }

    /// A batch that wrote this key is committed.
    pub(crate) fn unpin(&mut self, key: &str) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.pins = entry.pins.saturating_sub(1);
        }
    }

    pub(crate) fn remove(&mut self, key: &str) {
        if let Some(old) = self.entries.remove(key) {
            self.bytes -= key.len() + old.body.len() + OVERHEAD;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
        self.bytes = 0;
    }

    /// Drops the least recently used, but nothing pinned; and forgets outdated places in the order.
    fn tidy(&mut self) {
        let mut kept = 0;
        while self.bytes > self.bytes_max || self.order.len() > 2 * self.entries.len() + 64 {
            let Some((key, used)) = self.order.pop_front() else { break };
            let Some(entry) = self.entries.get(&key) else { continue };
            if entry.used != used {
                continue;
            }
            if entry.pins > 0 || self.bytes <= self.bytes_max {
                self.order.push_back((key, used));
                kept += 1;
                if kept > self.entries.len() {
                    break;
                }
                continue;
            }
            self.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(n: usize) -> Arc<str> {
        "x".repeat(n).into()
    }

    #[test]
    fn it_stays_within_its_bytes_and_keeps_what_was_used_last() {
        let mut cache = Cache::new(10 * (1000 + OVERHEAD + 2));
        for i in 0..100 {
            cache.put(&format!("{i:02}"), 1, body(1000));
            let _ = cache.get("01");
        }
        assert!(cache.bytes <= cache.bytes_max, "{} > {}", cache.bytes, cache.bytes_max);
        assert!(cache.contains("99"));
        assert!(cache.contains("01"), "it was used all the time");
        assert!(!cache.contains("50"));
        assert!(cache.order.len() < 1000);
    }

    #[test]
    fn what_is_not_committed_is_never_dropped() {
        let mut cache = Cache::new(1000);
        cache.put_pinned("a", 1, body(600));
        for i in 0..50 {
            cache.put(&format!("n{i}"), 1, body(600));
        }
        assert!(cache.contains("a"));
        cache.unpin("a");
        cache.put("b", 1, body(900));
        cache.put("c", 1, body(900));
        assert!(!cache.contains("a"));
    }
}
