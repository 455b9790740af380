//! The routing machine: agents and their states, queues, tasks, reservations; one per tenant (`domain.md` sections
//! 1.12–1.16, 4). A pure step like the conversation's; the two meet only through [`Input`]s and [`Tell`]s.

mod agents;
mod assign;
pub mod expression;
mod input;
mod matching;
mod offers;
mod state;
pub mod table;
mod tasks;
mod work;

pub use input::{AssignRequest, Input, TaskView, Tell};
pub use state::{Agent, AgentMedia, Global, MediaStatus, Post, Routing, Task, TaskPhase, TimerRef};
pub use work::{Step, Work, presence};

use crate::conversation::Stamped;
use crate::deployment::Deployment;
use crate::effect::Reply;
use crate::model::Json;

/// Key of the routing machine in journal, timers and seeds of ids.
pub const OWNER: &str = "routing";
/// Format of a stored record. Raised when the shape changes; older ones are read.
pub const ROUTING_FORMAT: u16 = 1;
/// Priority of reroutes (4.4): above everything settable.
pub const PRIORITY_REROUTE: u8 = 11;

/// Commands the routing machine takes (`contract.md` section 3).
pub const COMMANDS: &[&str] =
    &["AGENT_LOGIN", "AGENT_LOGOUT", "AGENT_STATE", "AGENT_MRD_STATE", "TASK_ACCEPT", "TASK_REJECT"];

/// One step of the routing machine, in place. The same state and input give the same step everywhere.
pub fn step(d: &Deployment, state: &mut Routing, input: &Stamped<Input>) -> Step {
    let mut work = Work::on(d, state, input);
    match &input.input {
        Input::Assign { request } => assign::assign(&mut work, request),
        Input::Cancel { conversation, reason, .. } => tasks::cancel(&mut work, conversation, reason),
        Input::Left { conversation, agent, reason, wrap_up, .. } => {
            tasks::left(&mut work, conversation, agent, reason, *wrap_up);
        }
        Input::CloseAll { conversation, home, reason } => {
            tasks::close_all(&mut work, conversation, *home, reason);
        }
        Input::Post { conversation, list, session, active, .. } => {
            tasks::post(&mut work, conversation, list, session, *active);
        }
        Input::Timer { name, timer } => tasks::timer(&mut work, name, timer),
        Input::Command { name, data } => command(&mut work, name, data),
    }
    matching::run(&mut work);
    work.finish()
}

fn command(work: &mut Work<'_>, name: &str, data: &Json) {
    let result = match name {
        "AGENT_LOGIN" => agents::login(work, data),
        "AGENT_LOGOUT" => agents::logout(work, data),
        "AGENT_STATE" => agents::set_state(work, data),
        "AGENT_MRD_STATE" => agents::set_media_state(work, data),
        "TASK_ACCEPT" => offers::accept(work, data),
        "TASK_REJECT" => offers::reject(work, data),
        other => {
            Err(Reply::refused("unknown_command", format!("no command is called {other:?}"), Json::Null))
        }
    };
    match result {
        Ok(data) => work.out.reply = Some(Reply::Done { data }),
        Err(reply) => {
            if let Reply::Refused { code, detail, .. } = &reply {
                work.note("command", format!("{name} refused: {code}"), detail.clone());
            }
            work.out.reply = Some(reply);
        }
    }
}
