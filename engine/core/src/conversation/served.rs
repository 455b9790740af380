//! Which agent serves the customer where: the media agents have taken (`domain.md` section 1.12), and how each was got.

use serde::{Deserialize, Serialize};

use super::seats::medium_of;
use super::state::{Conversation, Session};
use super::work::Work;
use crate::centre::Routing;
use crate::model::ParticipantRole;
use crate::routing::TaskView;

/// A medium that an agent has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Media id.
    pub media: String,
    /// Agent.
    pub agent: String,
    /// Session it began with.
    pub session: String,
    /// Medium.
    pub mrd: String,
    /// Queue it waited in; `None` for an agent who came by name or picked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// List it was picked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
}

/// Remembers what routing says of a task.
pub(super) fn heard(work: &mut Work<'_>, task: &TaskView) {
    let known = work.c.served.iter().position(|s| s.media == task.media);
    match (task.media_state.as_str(), &task.agent, known) {
        ("ACTIVE", Some(agent), None) => work.c.served.push(Served {
            media: task.media.clone(),
            agent: agent.clone(),
            session: task.session.clone(),
            mrd: task.mrd.clone(),
            queue: task.queue.clone(),
            list: task.list.clone(),
        }),
        ("CLOSED", _, Some(at)) => {
            work.c.served.remove(at);
        }
        _ => {}
    }
}

/// The session on which an agent serves the customer, or the one used last: theirs may be over.
pub(super) fn session_of(c: &Conversation, agent: &str) -> Option<String> {
    let open = |id: &str| c.session(id).filter(|s| s.open());
    let served = c.served.iter().filter(|s| s.agent == agent).find_map(|s| open(&s.session));
    served.or_else(|| c.current_session()).map(|s| s.id.clone())
}

/// How an agent came to the customer: sent from a queue, or by picking from a list. Who came by name is of the channel's
/// routing. `None` for an agent who serves nobody here.
pub(super) fn routing_of(work: &Work<'_>, agent: &str) -> Option<Routing> {
    let served = work.c.served.iter().find(|s| s.agent == agent)?;
    match (&served.list, &served.queue) {
        (Some(_), _) => Some(Routing::Pull),
        (None, Some(_)) => Some(Routing::Push),
        (None, None) => {
            let channel = &work.c.session(&served.session)?.channel;
            work.d.centre.channels.get(channel).map(|c| c.routing)
        }
    }
}

/// What counts for the time in which a customer is answered: the queue or the list of the agent who talks on the medium of
/// the session, the one who came last. `None` when that agent came by name.
pub(super) fn answering<'c>(work: &'c Work<'_>, session: &Session) -> Option<&'c Served> {
    let talks =
        |s: &&Served| work.c.agent(&s.agent).is_some_and(|seat| seat.role == ParticipantRole::Primary);
    let medium = medium_of(work, session);
    let talking: Vec<&Served> = work.c.served.iter().filter(talks).collect();
    let here: Vec<&Served> = talking.iter().copied().filter(|s| s.mrd == medium).collect();
    let known = |s: &&&Served| s.list.is_some() || s.queue.is_some();
    if here.is_empty() { &talking } else { &here }.iter().rev().find(known).copied()
}
