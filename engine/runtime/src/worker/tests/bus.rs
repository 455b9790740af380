//! The bus and the bots of a rig.

use std::collections::BTreeMap;

use convene_core::effect::Reply;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::mpsc;

use super::world::Rig;
use crate::ports::bots::{BotOutcome, Bots, Question};
use crate::ports::bus::*;

impl Bus for Rig {
    fn own<'a>(
        &'a self,
        partitions: &'a [u32],
        into: mpsc::Sender<Delivery>,
    ) -> BoxFuture<'a, Result<(), BusError>> {
        let mut state = self.state();
        state.owned = partitions.to_vec();
        state.into = Some(into);
        state.book.push(format!("own {partitions:?}"));
        ready(Ok(())).boxed()
    }
    fn acknowledge<'a>(&'a self, tokens: &'a [Token]) -> BoxFuture<'a, Result<(), BusError>> {
        let mut highest = BTreeMap::new();
        for token in tokens {
            let tag = highest.entry(token.partition).or_insert(0);
            *tag = token.tag.max(*tag);
        }
        let lines = highest.iter().map(|(partition, tag)| format!("acknowledge {partition}/{tag}"));
        self.state().book.extend(lines);
        ready(Ok(())).boxed()
    }
    fn hand<'a>(
        &'a self,
        messages: &'a [Outgoing],
        _: Option<u64>,
    ) -> BoxFuture<'a, Result<Handed, BusError>> {
        let mut state = self.state();
        if state.bus_gone {
            return ready(Err(BusError("gone".into()))).boxed();
        }
        state.book.extend(messages.iter().map(|m| match &m.to {
            Destination::Out(key) => format!("publish {key} {}", m.id),
            Destination::Partition(number) => format!("forward {number} {}", m.id),
            other => format!("{other:?} {}", m.id),
        }));
        ready(Ok(Handed { connection: 1, confirms: ready(Ok(())).boxed() })).boxed()
    }
    fn submit<'a>(&'a self, _: Submission) -> BoxFuture<'a, Result<Option<Reply>, BusError>> {
        ready(Err(BusError("nobody submits here".into()))).boxed()
    }
    fn connected(&self) -> bool {
        !self.state().bus_gone
    }
    fn listen(&self, _: Vec<String>) -> BoxFuture<'_, Result<mpsc::Receiver<Outgoing>, BusError>> {
        ready(Err(BusError("nobody listens here".into()))).boxed()
    }
}

impl Bots for Rig {
    fn call<'a>(&'a self, _: Question<'a>) -> BoxFuture<'a, BotOutcome> {
        self.state().asked += 1;
        async {
            self.answer.notified().await;
            BotOutcome::Answered("[]".into())
        }
        .boxed()
    }
}
