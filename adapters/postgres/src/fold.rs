//! A batch with every row named once.
//!
//! The parts of `commit.sql` cannot see one another's changes, so what happens to one row inside a batch is folded to
//! what remains of it. Everything is sorted by key: engines that meet in a row lock rows in the same order.

use std::collections::{BTreeMap, BTreeSet};

use convene_core::effect::{BotCall, TimerSet};
use convene_runtime::ports::store::{
    Batch, Hop, RecordWrite, StateRow, StateWrite, StoreError, StoreResult, TimerWrite,
};

/// What remains of a timer: set, or gone, one setting of it or any.
type Change<'a> = Result<(u32, &'a TimerSet), Option<&'a str>>;

/// What remains of a batch. Its lists have no key twice, and no key in two of them.
#[derive(Default)]
pub(crate) struct Net<'a> {
    /// When each was taken, and how it went.
    pub(crate) seen: BTreeMap<&'a str, (i64, Option<&'a str>)>,
    pub(crate) states_new: Vec<&'a StateRow>,
    pub(crate) states_next: Vec<(&'a StateRow, i64)>,
    pub(crate) records_set: Vec<(&'a str, &'a str)>,
    pub(crate) records_gone: Vec<&'a str>,
    pub(crate) timers_set: Vec<(&'a str, u32, &'a TimerSet)>,
    /// Owner, name, and the setting when no other may go.
    pub(crate) timers_gone: Vec<(&'a str, &'a str, Option<&'a str>)>,
    pub(crate) hops_new: Vec<&'a Hop>,
    pub(crate) hops_gone: Vec<&'a str>,
    pub(crate) calls_new: Vec<(u32, &'a BotCall)>,
    pub(crate) calls_gone: Vec<&'a str>,
}

impl<'a> Net<'a> {
    /// Folds a batch.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the batch contradicts itself: an input taken twice, or a state based on a version
    /// other than the one the batch itself wrote before.
    pub(crate) fn of(batch: &'a Batch) -> StoreResult<Self> {
        let mut net = Self::default();
        for (id, at) in &batch.seen {
            let outcome = batch.outcomes.get(id).map(String::as_str);
            if net.seen.insert(id, (*at, outcome)).is_some() {
                return Err(StoreError::Conflict { keys: vec![format!("seen:{id}")] });
            }
        }
        net.fold_states(&batch.states)?;
        net.fold_records(&batch.records);
        net.fold_timers(&batch.timers);
        let done: BTreeSet<&str> = batch.hops_done.iter().map(String::as_str).collect();
        // In the order they were asked for: the database numbers them as they come.
        net.hops_new = batch.hops.iter().filter(|hop| !done.contains(hop.id.as_str())).collect();
        net.hops_gone = done.into_iter().collect();
        let over: BTreeSet<&str> = batch.bot_calls_done.iter().map(String::as_str).collect();
        let calls = batch.bot_calls.iter().filter(|(_, call)| !over.contains(call.id.as_str()));
        net.calls_new = calls.map(|(partition, call)| (*partition, call)).collect();
        net.calls_gone = over.into_iter().collect();
        Ok(net)
    }

    fn fold_states(&mut self, writes: &'a [StateWrite]) -> StoreResult<()> {
        let mut last: BTreeMap<&str, (&StateRow, i64)> = BTreeMap::new();
        for write in writes {
            let key = write.row.key.as_str();
            let based_on = match last.get(key) {
                None => write.based_on,
                Some((before, based_on)) if before.version == write.based_on => *based_on,
                Some(_) => return Err(StoreError::Conflict { keys: vec![key.to_owned()] }),
            };
            last.insert(key, (&write.row, based_on));
        }
        for (row, based_on) in last.into_values() {
            match based_on {
                0 => self.states_new.push(row),
                _ => self.states_next.push((row, based_on)),
            }
        }
        Ok(())
    }

    fn fold_records(&mut self, writes: &'a [RecordWrite]) {
        let last: BTreeMap<&str, Option<&str>> =
            writes.iter().map(|write| (write.key.as_str(), write.body.as_deref())).collect();
        for (key, body) in last {
            match body {
                Some(body) => self.records_set.push((key, body)),
                None => self.records_gone.push(key),
            }
        }
    }

    fn fold_timers(&mut self, writes: &'a [TimerWrite]) {
        let mut last: BTreeMap<(&str, &str), Change<'_>> = BTreeMap::new();
        for write in writes {
            match write {
                TimerWrite::Set { owner, partition, timer } => {
                    last.insert((owner, &timer.name), Ok((*partition, timer)));
                }
                TimerWrite::Clear { owner, name } => {
                    last.insert((owner, name), Err(None));
                }
                TimerWrite::Drop { owner, timer } => {
                    last.entry((owner, &timer.name)).or_insert(Err(Some(&timer.id)));
                }
            }
        }
        for ((owner, name), timer) in last {
            match timer {
                Ok((partition, timer)) => self.timers_set.push((owner, partition, timer)),
                Err(only) => self.timers_gone.push((owner, name, only)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn timer(name: &str, id: &str) -> TimerSet {
        TimerSet { name: name.into(), id: id.into(), due: 1 }
    }

    fn set(owner: &str, timer: TimerSet) -> TimerWrite {
        TimerWrite::Set { owner: owner.into(), partition: 0, timer }
    }

    #[test]
    fn the_last_change_of_a_timer_remains() {
        let batch = Batch {
            timers: vec![
                set("c", timer("a", "1")),
                set("c", timer("a", "2")),
                set("c", timer("b", "3")),
                TimerWrite::Clear { owner: "c".into(), name: "b".into() },
            ],
            ..Batch::default()
        };
        let net = Net::of(&batch).unwrap();
        assert_eq!(net.timers_set, [("c", 0, &timer("a", "2"))]);
        assert_eq!(net.timers_gone, [("c", "b", None)]);
    }

    #[test]
    fn a_hop_taken_in_its_own_batch_is_never_written() {
        let hop = Hop { id: "h".into(), partition: 0, source: 0, at: 0, ordinal: 0, body: "{}".into() };
        let batch = Batch { hops: vec![hop], hops_done: vec!["h".into()], ..Batch::default() };
        assert!(Net::of(&batch).unwrap().hops_new.is_empty());
    }
}
