//! The routing machine: agents and their states, queues, tasks, reservations; one per tenant (`domain.md` sections
//! 1.12–1.16, 4). A pure step like the conversation's; the two meet only through [`Input`]s and [`Tell`]s.

mod agents;
mod assign;
mod choice;
pub mod expression;
mod further;
mod index;
mod input;
mod interrupt;
mod lists;
mod machine;
mod matching;
mod offers;
mod plan;
mod queues;
mod state;
pub mod table;
mod tasks;
mod wait;
mod work;

pub use choice::explain;
pub use further::Moved;
pub use input::{AssignRequest, Choice, Input, TaskView, Tell};
pub use lists::request as list_request;
pub use machine::Routing;
pub use matching::Fault;
pub(crate) use plan::Plan;
pub use state::{Agent, AgentMedia, Global, Handled, MediaStatus, Post, Task, TaskPhase, TimerRef};
pub use wait::{estimate, serves, waiting};
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

type Run = fn(&mut Work<'_>, &Json) -> Result<Json, Reply>;

/// Commands the routing machine takes (`contract.md` section 3).
#[rustfmt::skip]
const RUNS: &[(&str, Run)] = &[
    ("AGENT_LOGIN",      agents::login),
    ("AGENT_LOGOUT",     agents::logout),
    ("AGENT_STATE",      agents::set_state),
    ("AGENT_MRD_STATE",  agents::set_media_state),
    ("AGENT_CONNECT",    agents::connect),
    ("AGENT_DISCONNECT", agents::disconnect),
    ("TASK_ACCEPT",      offers::accept),
    ("TASK_REJECT",      offers::reject),
    ("LIST_SUBSCRIBE",   lists::subscribe),
    ("LIST_UNSUBSCRIBE", lists::unsubscribe),
    ("LIST_JOIN",        lists::join),
    ("LIST_END",         lists::end),
    ("QUEUE_FLUSH",      tasks::flush),
    ("RECONFIGURE",      reconfigure),
];

/// Names of the commands the routing machine takes.
pub const COMMANDS: &[&str] = &{
    let mut names = [""; RUNS.len()];
    let mut i = 0;
    while i < RUNS.len() {
        names[i] = RUNS[i].0;
        i += 1;
    }
    names
};

/// One step of the routing machine, in place. The same state and input give the same step everywhere.
pub fn step(d: &Deployment, state: &mut Routing, input: &Stamped<Input>) -> Step {
    // Requests are told apart by their own ids, too: an input id may come again after a long time.
    let seed = match &input.input {
        Input::Assign { request, .. } => format!("{} {}", input.id, request.request),
        _ => input.id.clone(),
    };
    let mut work = Work::on(d, state, &seed, input.at);
    work.adapt();
    take(&mut work, &input.input);
    matching::run(&mut work);
    work.finish()
}

fn take(work: &mut Work<'_>, input: &Input) {
    match input {
        Input::Assign { request } => assign::assign(work, request),
        Input::Cancel { conversation, reason, .. } => tasks::cancel(work, conversation, reason),
        Input::Left { conversation, agent, reason, wrap_up, task, room, .. } => {
            tasks::left(work, conversation, agent, task.as_deref(), reason, wrap_up.then_some(room));
        }
        Input::SessionOver { conversation, session, mrd, stays, moves, .. } => {
            further::session_over(work, conversation, session, moves.as_deref());
            if !stays {
                further::medium_over(work, conversation, mrd);
            }
        }
        Input::CloseAll { conversation, home, reason } => {
            tasks::close_all(work, conversation, *home, reason);
        }
        Input::Post { conversation, home, list, session, mrd } => {
            let post = Post {
                conversation: conversation.clone(),
                home: *home,
                list: list.clone(),
                session: session.clone(),
                mrd: mrd.clone(),
                status: String::new(),
                time: work.at,
            };
            lists::post(work, post);
        }
        Input::Join { conversation, home, agent, direction, session, mrd } => {
            assign::join(work, assign::Joining { conversation, home: *home, agent, direction, session, mrd });
        }
        Input::Redirect { conversation, agent, direction, .. } => {
            tasks::redirect(work, conversation, agent, direction);
        }
        Input::Timer { name, timer } => tasks::timer(work, name, timer),
        Input::Command { name, data } => command(work, name, data),
    }
}

/// RECONFIGURE: an engine has read other files. Adapting comes before every input; there is nothing else to do.
fn reconfigure(_: &mut Work<'_>, _: &Json) -> Result<Json, Reply> {
    Ok(Json::Null)
}

fn command(work: &mut Work<'_>, name: &str, data: &Json) {
    let result = match RUNS.iter().find(|(known, _)| *known == name) {
        Some((_, run)) => run(work, data),
        None => Err(Reply::refused("unknown_command", format!("no command is called {name:?}"), Json::Null)),
    };
    match result {
        Ok(data) => work.out.reply = Some(Reply::Done { data }),
        Err(reply) => {
            if let Reply::Refused { code, detail, .. } = &reply {
                work.note("command", format!("{name} refused: {code}"), detail.clone());
            }
            if let ("AGENT_STATE" | "AGENT_MRD_STATE", Some(agent)) = (name, data["agentId"].as_str()) {
                work.unchanged(agent);
            }
            work.out.reply = Some(reply);
        }
    }
}
