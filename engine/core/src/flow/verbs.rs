//! The verbs of a node. One table for the verbs of the language, one for the actions of `domain.md` section 2.3
//! and our own; the compiler, the schemas and the help text read them.

use Kind::{
    Agent, Any, Boolean, Bot, Duration, List, Node, OneOf, Participant, Priority, Queue, Session, Text,
};

/// Keys every node may have beside its verb.
pub const COMMON_KEYS: &[&str] = &["then", "on_error", "because"];

/// A verb of the language itself.
#[derive(Debug, Clone, Copy)]
pub struct CoreVerb {
    /// The key in the node.
    pub verb: &'static str,
    /// Keys beside it that belong to it.
    pub siblings: &'static [&'static str],
    /// One line for people.
    pub doc: &'static str,
}

/// The verbs of the language, in the order they are taught.
pub const CORE_VERBS: &[CoreVerb] = &[
    core("say", &[], "Sends a message to the customer."),
    core(
        "ask",
        &["answers", "buttons", "otherwise", "into", "timeout", "on_timeout", "until"],
        "Sends a question and waits for the customer's answer.",
    ),
    core("choose", &[], "Takes the first arm whose condition holds."),
    core("decide", &["into"], "Calls a rule with the facts and keeps what it returns."),
    core("wait", &["timeout", "on_timeout", "until"], "Waits for time to pass, or for an event."),
    core("call", &[], "Runs another flow from its start, then goes on."),
    core("set", &[], "Sets slots of the conversation."),
    core("perform", &[], "Issues an action whose name is computed."),
    core("note", &[], "Writes a line into the decision log."),
    core("end", &[], "Ends this run."),
];

/// A verb that issues an action.
#[derive(Debug, Clone, Copy)]
pub struct ActionVerb {
    /// The key in the node.
    pub verb: &'static str,
    /// Name of the action on the wire.
    pub action: &'static str,
    /// Its parameters, in the order they are taught; `None` when any pairs are taken.
    pub parameters: Option<&'static [Parameter]>,
    /// One line for people.
    pub doc: &'static str,
}

/// A parameter of an action.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// The key in the flow file.
    pub name: &'static str,
    /// The key in the action's data.
    pub wire: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it holds.
    pub kind: Kind,
    /// What is taken when it is left out.
    pub default: Option<Default>,
    /// One line for people.
    pub doc: &'static str,
}

/// What a parameter holds. Constants are checked against it; expressions when they are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text, with `{{…}}` where something is filled in.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A duration; milliseconds in the data.
    Duration,
    /// A task priority: 1 to 10, and 11 for what is routed again (`domain.md` section 4.4).
    Priority,
    /// A node of this flow. It is no part of the data.
    Node,
    /// A bot of the centre.
    Bot,
    /// An agent of the centre, or one of the words in the list.
    Agent(&'static [&'static str]),
    /// `bot`, an agent or a bot of the centre.
    Participant,
    /// A queue of the centre.
    Queue,
    /// A list of the centre.
    List,
    /// `event`, `last_used`, `all`, or a channel type.
    Session,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Any value.
    Any,
}

/// What is taken when a parameter is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// A word.
    Word(&'static str),
    /// `true`.
    True,
}

/// Selectors of sessions (`domain.md` section 2.3, REMOVE_CHANNEL_SESSION).
pub const SESSIONS: &[&str] = &["event", "last_used", "all"];
/// Roles a bot can have (`domain.md` section 2.3, ASSIGN_BOT).
pub const BOT_ROLES: &[&str] = &["PRIMARY", "ASSISTANT"];
/// Roles a participant can have (`domain.md` section 1.9).
pub const ROLES: &[&str] = &["CUSTOMER", "PRIMARY", "ASSISTANT", "SILENT_MONITOR", "WHISPER", "WRAP_UP"];
/// Key of a pause in milliseconds; what bots and apps order says `duration`, in seconds (2.3).
pub const PAUSE_MS: &str = "durationMs";
/// Why a session ends (`domain.md` section 1.7).
pub const SESSION_REASONS: &[&str] = &["CUSTOMER", "INACTIVITY", "NETWORK", "AGENT", "FORCE_CLOSED"];
/// Why a task closes (`domain.md` section 1.12; CANCELED is accepted).
pub const TASK_REASONS: &[&str] = &[
    "RONA",
    "DONE",
    "RESPONSE_TIMEOUT",
    "NO_AGENT_AVAILABLE",
    "REROUTE",
    "CANCELLED",
    "CANCELED",
    "AGENT_LOGOUT",
    "TRANSFERRED",
    "FORCE_CLOSED",
    "WRAP_UP_APPLIED",
    "WRAP_UP_NOT_APPLIED",
    "WRAP_UP_EXPIRED",
];
/// Directions of a task (`domain.md` section 1.12).
pub const DIRECTIONS: &[&str] = &[
    "INBOUND",
    "OUTBOUND",
    "CONSULT",
    "CONSULT_TRANSFER",
    "CONSULT_CONFERENCE",
    "DIRECT_TRANSFER",
    "DIRECT_CONFERENCE",
    "SILENT_MONITOR",
    "BARGE_IN",
];

/// The verbs that issue actions. `must` marks a parameter that has to be there, `may` one that can be left out.
pub const ACTION_VERBS: &[ActionVerb] = &[
    act(
        "assign_bot",
        "ASSIGN_BOT",
        &[
            must("bot", "botId", Bot, "the bot that joins"),
            may("role", "role", OneOf(BOT_ROLES), "the role it has").or("PRIMARY"),
        ],
        "Adds a bot to the conversation.",
    ),
    act(
        "revoke_bot",
        "REVOKE_BOT",
        &[may("bot", "botId", Bot, "the bot that leaves; the conversation's own when left out")],
        "Removes a bot from the conversation.",
    ),
    act(
        "change_role",
        "CHANGE_PARTICIPANT_ROLE",
        &[
            must("participant", "participant", Participant, "`bot`, or the id of a participant"),
            must("role", "role", OneOf(ROLES), "the role it gets"),
        ],
        "Changes the role of a participant.",
    ),
    act(
        "find_agent",
        "FIND_AGENT",
        &[
            may("queue", "queue", Queue, "the queue that is searched; the channel's own when left out"),
            may(
                "priority",
                "priority",
                Priority,
                "1 to 10, the highest first; 11 is for what is routed again",
            ),
            may("last_agent", "lastAgentId", Agent(&[]), "the agent who is tried first"),
            may("offer", "offerToAgent", Boolean, "whether the agent is asked").or_true(),
            may("direction", "direction", OneOf(DIRECTIONS), "the direction of the task"),
            may("mode", "mode", OneOf(&["AGENT", "QUEUE"]), "a named agent, or anyone of a queue"),
            may("agent", "agentId", Agent(&[]), "the named agent"),
            may("type", "type", OneOf(&["ID", "NAME"]), "how the queue is named"),
            may("reason", "reason", Text, "why, for whoever comes"),
            may("summary", "summary", Text, "what it is about, for whoever comes"),
            may("intent", "intent", Any, "what the customer wants, as a bot names it"),
            may("slots", "slots", Any, "what the bot learned, name by name"),
        ],
        "Asks the routing engine for an agent.",
    ),
    act(
        "assign_agent",
        "ASSIGN_AGENT",
        &[
            must("agent", "agentId", Agent(&[]), "the agent"),
            may("session", "channelSessionId", Any, "the session the agent is wanted for"),
            may("role", "role", OneOf(ROLES), "the role the agent gets").or("PRIMARY"),
            may("offer", "offerToAgent", Boolean, "whether the agent is asked").or_true(),
        ],
        "Brings a named agent.",
    ),
    ActionVerb {
        verb: "update_data",
        action: "UPDATE_CONVERSATION_DATA",
        parameters: None,
        doc: "Sets conversation data, at most ten pairs in all.",
    },
    act(
        "end_conversation",
        "END_CONVERSATION",
        &[may("reason", "reasonCode", OneOf(SESSION_REASONS), "why its sessions end")],
        "Ends the conversation.",
    ),
    act(
        "remove_all_agents",
        "REMOVE_ALL_AGENTS",
        &[must("reason", "reasonCode", Text, "why they leave")],
        "Removes every agent from the conversation.",
    ),
    act(
        "remove_session",
        "REMOVE_CHANNEL_SESSION",
        &[
            may("session", "session", Session, "which sessions").or("event"),
            must("reason", "reasonCode", OneOf(SESSION_REASONS), "why they end"),
        ],
        "Ends sessions of the customer.",
    ),
    act(
        "cancel_request",
        "CANCEL_RESOURCE",
        &[may("reason", "reasonCode", OneOf(TASK_REASONS), "why").or("CANCELLED")],
        "Cancels the request for an agent that is in process.",
    ),
    act(
        "revoke_request",
        "REVOKE_REQUEST",
        &[
            may("agent", "agentId", Agent(&[]), "the agent whose offer or task is withdrawn"),
            may("reason", "reasonCode", OneOf(TASK_REASONS), "why").or("CANCELLED"),
        ],
        "Withdraws an offer, or the task of an agent.",
    ),
    act(
        "expire_session",
        "CHANNEL_SESSION_EXPIRED",
        &[
            may("session", "session", Session, "which sessions").or("event"),
            may("reason", "reasonCode", OneOf(SESSION_REASONS), "why").or("INACTIVITY"),
        ],
        "Lets sessions of the customer expire.",
    ),
    act(
        "pause",
        "PAUSE_CONVERSATION",
        &[may("for", PAUSE_MS, Duration, "how long; until somebody resumes when left out")],
        "Puts the conversation on hold.",
    ),
    act(
        "open_gadget",
        "OPEN_EXTERNAL_GADGET",
        &[
            must("gadget", "gadgetId", Text, "the gadget"),
            may("agent", "agentId", Agent(&[]), "on whose desk; everybody's when left out"),
            may("title", "title", Text, "its title"),
            may("value", "value", Any, "what it is given"),
        ],
        "Opens a page on the agent's desk.",
    ),
    act(
        "remind",
        "SCHEDULE_REMINDER",
        &[
            must("name", "name", Text, "the reminder; an older one of the same name is replaced"),
            must("after", "after", Duration, "how long from now"),
            may("go", "go", Node, "where the flow is entered; the REMINDER event is handled when left out"),
        ],
        "Sets a reminder.",
    ),
    act(
        "forget",
        "UNSCHEDULE_REMINDER",
        &[must("name", "name", Text, "the reminder")],
        "Removes a reminder.",
    ),
    act(
        "notify_agent",
        "NOTIFY_AGENT",
        &[
            must("agent", "agent", Agent(&["requester", "all"]), "who reads it"),
            must("text", "text", Text, "the text"),
        ],
        "Shows a text to agents; the customer does not see it.",
    ),
    act(
        "post_request",
        "POST_LIST_REQUEST",
        &[may("list", "list", List, "the list; the channel's own when left out")],
        "Posts a request on a list.",
    ),
];

/// The action verb of this name.
pub fn action_verb(verb: &str) -> Option<&'static ActionVerb> {
    ACTION_VERBS.iter().find(|candidate| candidate.verb == verb)
}

/// The names of all verbs, those of the language first.
pub fn verb_names() -> impl Iterator<Item = &'static str> {
    CORE_VERBS.iter().map(|core| core.verb).chain(ACTION_VERBS.iter().map(|action| action.verb))
}

const fn core(verb: &'static str, siblings: &'static [&'static str], doc: &'static str) -> CoreVerb {
    CoreVerb { verb, siblings, doc }
}

const fn act(
    verb: &'static str,
    action: &'static str,
    parameters: &'static [Parameter],
    doc: &'static str,
) -> ActionVerb {
    ActionVerb { verb, action, parameters: Some(parameters), doc }
}

const fn must(name: &'static str, wire: &'static str, kind: Kind, doc: &'static str) -> Parameter {
    Parameter { name, wire, required: true, kind, default: None, doc }
}

const fn may(name: &'static str, wire: &'static str, kind: Kind, doc: &'static str) -> Parameter {
    Parameter { name, wire, required: false, kind, default: None, doc }
}

impl Parameter {
    const fn or(mut self, word: &'static str) -> Self {
        self.default = Some(Default::Word(word));
        self
    }

    const fn or_true(mut self) -> Self {
        self.default = Some(Default::True);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_verb_has_one_name_and_a_line_for_people() {
        let names: Vec<_> = verb_names().collect();
        let once: BTreeSet<_> = names.iter().collect();
        assert_eq!(once.len(), names.len());
        assert!(names.iter().all(|name| !COMMON_KEYS.contains(name)));
        assert!(ACTION_VERBS.iter().all(|verb| verb.doc.ends_with('.')));
        assert!(CORE_VERBS.iter().all(|verb| verb.doc.ends_with('.')));
    }
}
