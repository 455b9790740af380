//! A step in progress: the state being changed, the events still to be handled, and what the step will ask for.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::state::{Conversation, Session};
use super::table::{Presence, reason_of, state_of};
use super::{EVENTS_MAX, Input, STEP_BUDGET, Stamped, events, wire};
use crate::deployment::Deployment;
use crate::directory::DirectoryWrite;
use crate::effect::{BotCall, Publication, Reply, TimerSet, TraceLine};
use crate::ids::Ids;
use crate::model::{CimMessage, ConversationState, EventName, Json, Sender, emitter};
use crate::report::ReportRow;
use crate::routing;

/// What a step did and asks for.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// The state after it; `None` when there is none (a refused first input).
    pub state: Option<Conversation>,
    /// To publish, in order.
    pub publications: Vec<Publication>,
    /// Timers to set or replace.
    pub timers_set: Vec<TimerSet>,
    /// Names of timers to clear.
    pub timers_cleared: Vec<String>,
    /// For the routing machine, in order.
    pub routing: Vec<routing::Input>,
    /// For this machine again, or for whoever takes messages.
    pub again: Vec<Again>,
    /// Bots to ask.
    pub bot_calls: Vec<BotCall>,
    /// Bot calls that are over.
    pub bot_calls_done: Vec<String>,
    /// Directory changes.
    pub directory: Vec<DirectoryWrite>,
    /// Reporting rows.
    pub reports: Vec<ReportRow>,
    /// How many nodes took their error path.
    pub errors: u32,
    /// The decision log.
    pub trace: Vec<TraceLine>,
    /// Answer to the sender.
    pub reply: Option<Reply>,
}

impl Step {
    /// A step that changed nothing.
    #[must_use]
    pub fn refused(state: Option<Conversation>, reply: Reply) -> Self {
        Self { state, reply: Some(reply), ..Self::default() }
    }
}

/// An input that a step makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "again", rename_all = "snake_case")]
pub enum Again {
    /// [`Input::Archived`] for this conversation.
    Archived,
    /// For another conversation.
    Conversation {
        /// Conversation id.
        conversation: String,
        /// Its home partition.
        home: u32,
        /// The input.
        input: Box<Input>,
    },
    /// A message that waited while the conversation closed (U07): it is looked up and stepped as if it came now.
    Message {
        /// The message.
        message: Box<CimMessage>,
    },
}

/// Something that happened, not yet handled.
#[derive(Debug, Clone)]
pub(super) struct Happening {
    pub name: EventName,
    pub emitter: Sender,
    pub session: Option<String>,
    pub data: Json,
    /// Id of the event; fresh when empty.
    pub id: String,
    /// Its data is a message to the customer of its session, to be delivered when the event is published: what the
    /// customer reads has the order of the events.
    pub delivers: bool,
}

/// A step in progress.
#[derive(Debug)]
pub struct Work<'a> {
    pub(super) d: &'a Deployment,
    pub(super) at: i64,
    pub(super) ids: Ids,
    pub(super) c: Conversation,
    pub(super) out: Step,
    pub(super) reply: Reply,
    pub(super) budget: u32,
    /// The budget was spent once; what is left is for the error path.
    pub(super) over_budget: bool,
    pub(super) archived: bool,
    /// Sessions that ended in this step, of which bots have not heard yet.
    pub(super) ended: Vec<String>,
    pending: VecDeque<Happening>,
    raised: Vec<Happening>,
    handled: usize,
}

impl<'a> Work<'a> {
    /// A step on an existing conversation.
    pub(super) fn on(d: &'a Deployment, c: Conversation, input: &Stamped<Input>) -> Self {
        let ids = Ids::of(&c.id, &input.id);
        Self {
            d,
            at: input.at,
            ids,
            c,
            out: Step::default(),
            reply: Reply::done(),
            budget: STEP_BUDGET,
            over_budget: false,
            archived: false,
            ended: Vec::new(),
            pending: VecDeque::new(),
            raised: Vec::new(),
            handled: 0,
        }
    }

    /// Writes a line into the decision log.
    pub(super) fn note(&mut self, at: impl Into<String>, what: impl Into<String>, why: impl Into<String>) {
        self.out.trace.push(TraceLine::new(at, what, why));
    }

    /// Raises an event of the conversation itself. It is handled after what raised it is done, before everything
    /// that was waiting already, so that causes and consequences stay together.
    pub(super) fn raise(&mut self, name: EventName, emitter: Sender, session: Option<&str>, data: Json) {
        self.raise_as(String::new(), name, emitter, session, data);
    }

    /// Like [`Self::raise`] with a given event id.
    pub(super) fn raise_as(
        &mut self,
        id: String,
        name: EventName,
        emitter: Sender,
        session: Option<&str>,
        data: Json,
    ) {
        let session = session.map(str::to_owned);
        self.raised.push(Happening { name, emitter, session, data, id, delivers: false });
    }

    /// Raises an event whose data is a message that goes to the customer of a session.
    pub(super) fn raise_delivered(&mut self, name: EventName, emitter: Sender, session: &str, data: Json) {
        let session = Some(session.to_owned());
        self.raised.push(Happening { name, emitter, session, data, id: String::new(), delivers: true });
    }

    /// Handles everything that was raised, until nothing is left.
    pub(super) fn settle(&mut self) {
        self.collect();
        while let Some(happening) = self.pending.pop_front() {
            self.handled += 1;
            if self.handled > EVENTS_MAX {
                let lost = self.pending.len() + 1;
                self.pending.clear();
                self.note(
                    "budget",
                    format!("{lost} events dropped"),
                    format!(
                        "more than {EVENTS_MAX} events from one input; do flows raise each other's events?"
                    ),
                );
                break;
            }
            events::handle(self, &happening);
            self.collect();
        }
        self.c.state = self.next_state();
    }

    /// Moves what was raised in front of what waits, and follows the state table.
    fn collect(&mut self) {
        let to = self.next_state();
        if to != self.c.state {
            self.change_state(to);
        }
        for happening in self.raised.drain(..).rev() {
            self.pending.push_front(happening);
        }
    }

    fn next_state(&self) -> ConversationState {
        state_of(self.c.state, &self.presence())
    }

    /// What the state table looks at.
    pub(super) fn presence(&self) -> Presence {
        Presence {
            sessions: self.c.open_sessions(),
            agents: self.c.agents_present(),
            wrapping_up: self.c.agents_wrapping_up(),
            wrap_up_on: self.d.centre.wrap_up.enabled,
            held: self.c.hold.is_some(),
            agent_ever: self.c.agent_ever,
            ending: self.c.ending,
            archived: self.archived,
        }
    }

    fn change_state(&mut self, to: ConversationState) {
        let from = self.c.state;
        let why = reason_of(from, to).unwrap_or("no arrow of the table; the facts say so");
        self.note("state", format!("{} → {}", from.as_str(), to.as_str()), why);
        self.c.state = to;
        let data = wire::conversation_summary(self);
        let session = self.c.current_session().map(|s| s.id.clone());
        self.raise(
            EventName::TopicStateChangeEvent,
            emitter::conversation_manager(),
            session.as_deref(),
            json!(data),
        );
    }

    /// The session of an event, or the current one.
    pub(super) fn session_or_current(&self, session: Option<&str>) -> Option<&Session> {
        session.and_then(|id| self.c.session(id)).or_else(|| self.c.current_session())
    }

    /// The session of an event while it is open, or the current one: where the customer still is.
    pub(super) fn open_or_current(&self, session: Option<&str>) -> Option<&Session> {
        let of_event = session.and_then(|id| self.c.session(id)).filter(|s| s.open());
        of_event.or_else(|| self.c.current_session())
    }

    /// Closes the step: timers by difference, the answer, the state.
    pub(super) fn finish(mut self, before: Option<&Conversation>) -> Step {
        let none = std::collections::BTreeMap::new();
        let old = before.map_or(&none, |b| &b.timers);
        for (name, timer) in &self.c.timers {
            if old.get(name).is_none_or(|t| t.id != timer.id) {
                let set = TimerSet { name: name.clone(), id: timer.id.clone(), due: timer.due };
                self.out.timers_set.push(set);
            }
        }
        self.out.timers_cleared = old.keys().filter(|n| !self.c.timers.contains_key(*n)).cloned().collect();
        self.out.reply = Some(self.reply);
        self.out.state = Some(self.c);
        self.out
    }
}
