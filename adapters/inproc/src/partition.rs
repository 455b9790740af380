//! The queue of one partition. An item waits, is delivered, and is kept until it is acknowledged; when its owner goes,
//! it waits again, in its old place.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use convene_core::effect::Reply;
use convene_runtime::ports::bus::{BusError, Delivery, Kind, Labels, ReplyTo, Token};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::{PREFETCH, WAITING_MAX};

/// Where a submitter receives, for every delivery of its input, the place the answer will appear.
pub(crate) type Answers = mpsc::UnboundedReceiver<oneshot::Receiver<Reply>>;

/// An input.
pub(crate) struct Item {
    pub(crate) kind: Result<Kind, String>,
    pub(crate) id: Option<String>,
    pub(crate) key: String,
    pub(crate) body: Arc<[u8]>,
    /// Told when it is acknowledged.
    pub(crate) done: Option<oneshot::Sender<()>>,
    /// Told at every delivery, when an answer is wanted.
    pub(crate) answers: Option<mpsc::UnboundedSender<oneshot::Receiver<Reply>>>,
    /// Whether it was delivered before.
    pub(crate) delivered: bool,
}

/// One partition.
pub(crate) struct Partition {
    number: u32,
    state: Mutex<State>,
    /// Something waits, or there is room to deliver it.
    stir: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Item>,
    /// Delivered and not acknowledged, with their tags, in order.
    delivered: VecDeque<(u64, Item)>,
    owner: Option<Owner>,
    generation: u64,
    tag: u64,
}

struct Owner {
    into: mpsc::Sender<Delivery>,
    pump: JoinHandle<()>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

impl Partition {
    pub(crate) fn new(number: u32) -> Self {
        Self { number, state: Mutex::default(), stir: Notify::new() }
    }

    /// Adds an input from outside.
    ///
    /// # Errors
    /// When too many wait already.
    pub(crate) fn submit(&self, item: Item) -> Result<(), BusError> {
        if self.state().waiting.len() >= WAITING_MAX {
            return Err(BusError(format!("overloaded: {WAITING_MAX} inputs wait already; try again")));
        }
        self.put(item);
        Ok(())
    }

    /// Adds an input of the engine.
    pub(crate) fn put(&self, item: Item) {
        self.state().waiting.push_back(item);
        self.stir.notify_one();
    }

    /// Delivers into `into` from now on. What another owner left unacknowledged is delivered again, first.
    pub(crate) fn own(self: &Arc<Self>, into: &mpsc::Sender<Delivery>) {
        let mut state = self.state();
        if state
            .owner
            .as_ref()
            .is_some_and(|owner| owner.into.same_channel(into) && !owner.pump.is_finished())
        {
            return;
        }
        state.take_back();
        state.generation += 1;
        let pump = tokio::spawn(Arc::clone(self).pump(into.clone(), state.generation));
        state.owner = Some(Owner { into: into.clone(), pump });
    }

    /// Delivers no more.
    pub(crate) fn drop_owner(&self) {
        let mut state = self.state();
        if state.owner.is_some() {
            state.take_back();
        }
    }

    /// Forgets everything delivered up to `tag`; nothing when it was delivered to an earlier owner.
    pub(crate) fn acknowledge(&self, generation: u64, tag: u64) {
        let mut state = self.state();
        if state.generation != generation || state.owner.is_none() {
            return;
        }
        while state.delivered.front().is_some_and(|(delivered, _)| *delivered <= tag) {
            if let Some((_, Item { done: Some(done), .. })) = state.delivered.pop_front() {
                let _ = done.send(());
            }
        }
        drop(state);
        self.stir.notify_one();
    }

    /// Moves what waits to the owner, one at a time, while there is room.
    async fn pump(self: Arc<Self>, into: mpsc::Sender<Delivery>, generation: u64) {
        loop {
            let next = self.state().deliver(self.number, generation);
            match next {
                Next::Deliver(delivery) => {
                    if into.send(*delivery).await.is_err() {
                        return;
                    }
                }
                Next::Rest => self.stir.notified().await,
                Next::Leave => return,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Next {
    Deliver(Box<Delivery>),
    /// Nothing waits, or there is no room.
    Rest,
    /// Another owner came.
    Leave,
}

impl State {
    fn deliver(&mut self, partition: u32, generation: u64) -> Next {
        if generation != self.generation || self.owner.is_none() {
            return Next::Leave;
        }
        if self.delivered.len() >= PREFETCH {
            return Next::Rest;
        }
        let Some(mut item) = self.waiting.pop_front() else { return Next::Rest };
        self.tag += 1;
        let reply = match &item.answers {
            Some(answers) => {
                let (sender, answer) = oneshot::channel();
                // Fails when the asker has left; the input counts all the same.
                let _ = answers.send(answer);
                ReplyTo::Here(sender)
            }
            None => ReplyTo::Nobody,
        };
        let delivery = Delivery {
            partition,
            kind: item.kind.clone(),
            id: item.id.clone(),
            key: item.key.clone(),
            labels: Labels::default(),
            body: item.body.to_vec(),
            token: Token { generation, partition, tag: self.tag },
            reply,
            redelivered: item.delivered,
        };
        item.delivered = true;
        self.delivered.push_back((self.tag, item));
        Next::Deliver(Box::new(delivery))
    }

    fn take_back(&mut self) {
        self.owner = None;
        while let Some((_, item)) = self.delivered.pop_back() {
            self.waiting.push_front(item);
        }
    }
}
