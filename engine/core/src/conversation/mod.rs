//! The conversation machine: one pure step for everything that can happen to one conversation.
//!
//! Code here owns the mechanics that hold in every contact centre: sessions, identification, the state table,
//! participants, message fan-out, SLA clocks. Every decision is a flow's. Without flows it keeps records and does
//! nothing.

mod actions;
mod app;
mod arrive;
mod bots;
mod close;
mod commands;
mod events;
mod facts;
pub mod handoff;
mod hold;
mod identify;
mod input;
mod interpret;
mod legs;
pub mod lines;
mod link;
mod outside;
mod requests;
mod response;
mod seats;
mod served;
mod sessions;
mod sla;
mod state;
pub mod table;
mod team;
mod tells;
mod timers;
mod who;
pub mod wire;
mod words;
mod work;

pub use actions::{KNOWN_ACTIONS, is_known_action};
pub use arrive::is_command_intent;
pub use commands::COMMANDS;
pub use facts::{blank as blank_facts, facts_at};
pub use input::{BotResult, Input, Link, Stamped};
pub use served::Served;
pub use state::*;
pub use work::{Again, Step, Work};

use crate::deployment::Deployment;
use crate::effect::Reply;
use crate::ids::Ids;
use crate::model::ConversationState;

/// Most pairs of conversation data (`domain.md` section 1.8).
pub const CONVERSATION_DATA_MAX: usize = 10;
/// Most nodes one input may walk before it takes the error path.
pub const STEP_BUDGET: u32 = 500;
/// Nodes the error path may walk once the budget is spent.
pub const ERROR_BUDGET: u32 = 50;
/// Most events one input may raise; a circle of flows that raise each other's events ends here.
pub const EVENTS_MAX: usize = 200;
/// Most journeys that may wait in one conversation.
pub const RUNS_MAX: usize = 32;
/// Deepest `call` of flows.
pub const CALL_DEPTH_MAX: usize = 16;
/// Most inputs that may wait while a conversation is closing.
pub const WAITING_MAX: usize = 1_000;

/// The id a conversation gets that is begun by this input.
#[must_use]
pub fn new_id(input_id: &str) -> String {
    Ids::of("conversation", input_id).fresh()
}

/// The id it gets when another conversation was begun under the same input id, longer ago than ids are remembered.
#[must_use]
pub fn another_id(input_id: &str, at: i64) -> String {
    Ids::of("conversation", &format!("{input_id} {at}")).fresh()
}

/// One step of one conversation. The same arguments give the same step on every machine, today and in a replay.
///
/// `before` is `None` when the input begins a conversation, whose id is then [`new_id`] of the input's id, or [`another_id`]. Errors of
/// flows and rules take the error path inside the step; a step itself cannot fail, it can only refuse ([`Reply`]).
#[must_use]
pub fn step(d: &Deployment, before: Option<&Conversation>, home: u32, input: &Stamped<Input>) -> Step {
    let mut work = match before {
        Some(before) => Work::on(d, before.clone(), input),
        None => match arrive::begin(d, home, input) {
            Ok(work) => work,
            Err(reply) => return Step::refused(None, reply),
        },
    };
    if work.c.state == ConversationState::Closed {
        return late(work, &input.input);
    }
    if d.has_learned(&work.c.deployment) {
        work.note(
            "deployment",
            "takes over new channels",
            "the customer writes on one; flows and rules stay",
        );
        work.c.deployment.clone_from(&d.id);
    }
    match &input.input {
        Input::Message { message, .. } => arrive::message(&mut work, message, input),
        Input::Event { event } => outside::published(&mut work, event),
        Input::Command { name, data } => commands::command(&mut work, name, data),
        Input::Timer { name, timer } => timers::fired(&mut work, name, timer),
        Input::Routing { tell } => tells::told(&mut work, tell),
        Input::Bot { bot, call, outcome } => {
            bots::answered(&mut work, bot, call, outcome);
        }
        Input::Archived => close::archived(&mut work),
        Input::GiveWay { link } => link::give_way(&mut work, link),
    }
    work.settle();
    work.finish(before)
}

/// What comes after the close is recorded and changes nothing.
fn late(mut work: Work<'_>, input: &Input) -> Step {
    work.note(
        "state",
        format!("{} after the close", input.kind()),
        "the conversation is CLOSED; nothing changes",
    );
    let from_inside = matches!(
        input,
        Input::Timer { .. }
            | Input::Archived
            | Input::Bot { .. }
            | Input::Routing { .. }
            | Input::GiveWay { .. }
    );
    if !from_inside {
        work.reply = Reply::refused(
            "conversation_closed",
            "the conversation is closed; a new message of the customer begins another one",
            serde_json::json!({ "state": "CLOSED" }),
        );
    }
    if let Input::Routing { tell } = input {
        tells::told_late(&mut work, tell);
    }
    if let Input::Bot { call, .. } = input {
        work.out.bot_calls_done.push(call.clone());
    }
    match input {
        Input::GiveWay { link } => link::go_on(&mut work, link),
        Input::Command { name, data } => commands::too_late(&mut work, name, data),
        _ => {}
    }
    let before = work.c.clone();
    work.finish(Some(&before))
}
