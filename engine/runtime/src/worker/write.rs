//! What a step asks for becomes rows of the batch.

use convene_core::conversation::Conversation;
use convene_core::directory::DirectoryWrite;
use convene_core::effect::{BotCall, Publication, TimerSet, TraceLine};

use super::Worker;
use crate::draft::Draft;
use crate::item::Item;
use crate::ports::store::{JournalRow, RecordWrite, Sender, StateRow, StateWrite, TimerWrite};

/// Format of a journal record.
const JOURNAL_FORMAT: i32 = 1;

impl Worker {
    pub(super) fn write_state(
        &mut self,
        draft: &mut Draft,
        key: &str,
        state: &Conversation,
        version: i64,
        open: bool,
    ) {
        let body = serde_json::to_string(state).unwrap_or_default();
        self.cache.put_pinned(key, version + 1, body.as_str().into());
        let pinned = draft.states.contains_key(key);
        if pinned {
            self.cache.unpin(key);
        }
        let based_on = draft.states.get(key).map_or(version, |s| s.based_on);
        let row = StateRow {
            key: key.to_owned(),
            version: version + 1,
            partition: state.home,
            open,
            name: state.state.as_str().to_owned(),
            customer: state.customer.id.clone().unwrap_or_default(),
            room: state.room.clone(),
            body,
        };
        draft.states.insert(key.to_owned(), StateWrite { row, based_on });
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn write_journal(
        &self,
        draft: &mut Draft,
        item: &Item,
        key: &str,
        version: i64,
        partition: u32,
        kind: String,
        deployment: &str,
        trace: &[TraceLine],
        input: String,
        publications: Vec<Publication>,
    ) {
        let publishes = !publications.is_empty();
        draft.batch.journal.push(JournalRow {
            key: key.to_owned(),
            version,
            format: JOURNAL_FORMAT,
            at: item.at,
            input_id: item.id.clone(),
            kind,
            deployment: deployment.to_owned(),
            trace: serde_json::to_string(trace).unwrap_or_default(),
            input,
            output: serde_json::to_string(&publications).unwrap_or_default(),
            publishes,
        });
        if publishes {
            draft.publish(partition, key, version, publications);
        }
    }

    pub(super) fn write_directory(&mut self, draft: &mut Draft, writes: &[DirectoryWrite]) {
        for write in writes {
            match write {
                DirectoryWrite::SessionOpen { channel, identifier, live } => {
                    draft.touched.insert(format!("s:{channel}:{identifier}"));
                    self.sessions.insert(self.sender(channel, identifier), live.clone());
                }
                DirectoryWrite::SessionClose { channel, identifier, .. } => {
                    draft.touched.insert(format!("s:{channel}:{identifier}"));
                    let sender = self.sender(channel, identifier);
                    self.sessions.remove(&sender);
                }
                DirectoryWrite::Identity { attribute, identifier, .. }
                | DirectoryWrite::Disown { attribute, identifier, .. } => {
                    draft.touched.insert(format!("i:{attribute}:{identifier}"));
                }
                DirectoryWrite::Room { id, .. } => {
                    draft.touched.insert(format!("r:{id}"));
                }
                DirectoryWrite::Open { room, .. } | DirectoryWrite::Close { room, .. } => {
                    draft.touched.insert(format!("r:{room}"));
                }
                DirectoryWrite::Customer { .. } => {}
            }
            draft.batch.directory.push(write.clone());
        }
    }

    fn sender(&self, channel: &str, identifier: &str) -> Sender {
        let current = self.deployments.current();
        let kind =
            current.centre.channels.get(channel).and_then(|c| current.centre.channel_types.get(&c.kind));
        Sender {
            channel: channel.to_owned(),
            attribute: kind.map(|k| k.identifier.clone()).unwrap_or_default(),
            identifier: identifier.to_owned(),
        }
    }

    pub(super) fn write_timers(
        &mut self,
        draft: &mut Draft,
        owner: &str,
        partition: u32,
        set: &[TimerSet],
        cleared: &[String],
    ) {
        for name in cleared {
            draft.batch.timers.push(TimerWrite::Clear { owner: owner.to_owned(), name: name.clone() });
        }
        for timer in set {
            self.next_timer = self.next_timer.min(timer.due);
            draft.batch.timers.push(TimerWrite::Set {
                owner: owner.to_owned(),
                partition,
                timer: timer.clone(),
            });
        }
    }

    pub(super) fn write_bots(&self, draft: &mut Draft, home: u32, calls: &[BotCall], done: &[String]) {
        draft.bot_calls.extend(calls.iter().map(|c| (home, c.clone())));
        draft.batch.bot_calls.extend(calls.iter().map(|c| (home, c.clone())));
        draft.batch.bot_calls_done.extend(done.iter().cloned());
    }

    /// Writes the routing records that changed.
    pub(super) fn write_records(&self, draft: &mut Draft) {
        if let Some((routing, _)) = &self.routing {
            for key in std::mem::take(&mut draft.records) {
                let body = routing.record(&key);
                draft.batch.records.push(RecordWrite { key, body });
            }
        }
    }
}
