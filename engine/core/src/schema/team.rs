//! Commands among agents, about lists and queues: the younger half of `command`.

use super::messages::{Command, agent, maybe_text, session};
use super::parts::{Key, may, must};
use crate::model::Json;

/// Commands that routing takes.
pub(super) fn routing() -> Vec<Command> {
    let desk = || may("desk", "Id of the desk; the one that connected last counts.", maybe_text());
    let list = || must("list", "The list.", text());
    let request = || must("requestId", "The request; the id of its conversation.", text());
    vec![
        (
            "AGENT_CONNECT",
            "The agent's desk is there (again); open offers are shown again.",
            vec![agent(), desk()],
        ),
        (
            "AGENT_DISCONNECT",
            "The agent's desk is lost; when it is not back in time, the work goes to others.",
            vec![agent(), desk()],
        ),
        ("LIST_SUBSCRIBE", "An agent's desk shows the requests of a list.", vec![agent(), list()]),
        ("LIST_UNSUBSCRIBE", "It does not any more.", vec![agent(), list()]),
        ("LIST_JOIN", "An agent picks a request.", vec![agent(), request()]),
        ("LIST_END", "An agent ends a request; the customer's session ends.", vec![agent(), request()]),
        (
            "QUEUE_FLUSH",
            "Every task that waits is closed with FORCE_CLOSED.",
            vec![may("queue", "The queue; all of them when left out.", maybe_text())],
        ),
        ("RECONFIGURE", "Queues and agents follow the files an engine has read.", Vec::new()),
    ]
}

/// Commands to a conversation.
pub(super) fn conversation() -> Vec<Command> {
    let consulted = || may("toAgent", "The consulted agent; the only one when left out.", maybe_text());
    vec![
        ("TRANSFER", "A PRIMARY agent hands over, and leaves at once.", whom()),
        ("CONSULT", "A PRIMARY agent asks another one for help, unseen by the customer.", whom()),
        ("CONFERENCE", "A PRIMARY agent brings another one in.", whom()),
        ("CONSULT_TRANSFER", "The consulted agent takes over.", vec![agent(), consulted()]),
        ("CONSULT_CONFERENCE", "The consulted agent talks to the customer too.", vec![agent(), consulted()]),
        ("MONITOR", "A supervisor listens.", vec![agent()]),
        ("BARGE_IN", "The supervisor who listens talks from now on.", vec![agent()]),
        ("HAND_RAISE", "An agent calls the supervisors of the own team.", vec![agent()]),
        ("HAND_DOWN", "An agent needs no supervisor any more.", vec![agent()]),
        ("WHISPER_JOIN", "A supervisor comes to an agent whose hand is raised.", vec![agent()]),
    ]
}

fn whom() -> Vec<Key> {
    vec![
        agent(),
        may("queue", "The queue; or `toAgent`.", maybe_text()),
        may("toAgent", "The agent; or `queue`.", maybe_text()),
        may("note", "Words for the one who is asked, at most 350 characters.", maybe_text()),
        session(),
    ]
}

fn text() -> Json {
    serde_json::json!({ "type": "string", "minLength": 1 })
}
