//! What the calls answer, as the document tells it. `tests/wire/answers.rs` holds the answers of a real engine against it.

use crate::route::{Field, may, need};

/// An object that is answered, under the name it has in the document.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Those that are needed are always there.
    pub(crate) fields: &'static [Field],
}

/// What a call answers when it succeeds.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Nothing that can be described as JSON: a stream, a text.
    Other,
    /// What a command tells about what it did, or `{}`.
    Told,
    One(&'static Shape),
    Many(&'static Shape),
}

const fn shape(name: &'static str, about: &'static str, fields: &'static [Field]) -> Shape {
    Shape { name, about, fields }
}

/// Every shape there is. A field whose kind is the name of one refers to it.
pub(crate) static SHAPES: &[&Shape] = &[
    &ACCEPTED,
    &ALIVE,
    &CHANNEL,
    &SUMMARY,
    &CONVERSATION,
    &SESSION,
    &PARTICIPANT,
    &HISTORY,
    &DECISION,
    &CUSTOMER,
    &ROOM,
    &PRESENCE,
    &TASK,
    &QUEUE,
    &WAITER,
    &LEVEL,
    &LIST,
    &REQUEST,
    &WHY,
    &CHOICE,
    &STANDING,
    &VERDICT,
];

pub(crate) static ACCEPTED: Shape = shape(
    "Accepted",
    "A message that was durably accepted.",
    &[need("id", "string", "Its id; the engine gave one when it had none.")],
);

pub(crate) static ALIVE: Shape =
    shape("Alive", "How the process is.", &[need("status", "string", "In a word.")]);

pub(crate) static CHANNEL: Shape = shape(
    "DeployedChannel",
    "A channel of the deployment.",
    &[
        need("name", "string", "Name in flows/centre.yaml."),
        need("channelType", "string", "Type, such as WEB."),
        need("serviceIdentifier", "string", "What connectors name it by."),
        need("media", "string|null", "The medium its conversations are routed as."),
        need("bot", "string|null", "The bot that greets."),
        need("routingMode", "string", "PUSH, PULL or EXTERNAL."),
        need("queue", "string|null", "The queue of a PUSH channel."),
        need("list", "string|null", "The list of a PULL channel."),
    ],
);

pub(crate) static SUMMARY: Shape = shape(
    "ConversationSummary",
    "What is needed to pick a conversation.",
    &[
        need("id", "string", "Its id."),
        need("state", "string", "Name of its state."),
        need("isActive", "boolean", "Not closed yet."),
        need("version", "integer", "Number of its last step."),
        need("customer", "object", "Id, first name, and whether it is a stranger."),
        need("roomInfo", "object", "The room it is in: id and mode."),
        need("channels", "array", "Names of the channels of its sessions."),
        need("agents", "array", "Ids of the agents in it."),
        need("creationTime", "integer|null", "Epoch ms."),
        need("endTime", "integer|null", "Epoch ms."),
    ],
);

pub(crate) static CONVERSATION: Shape = shape(
    "Conversation",
    "A conversation as it is now.",
    &[
        need("id", "string", "Its id."),
        need("state", "string", "Name of its state."),
        need("isActive", "boolean", "Not closed yet."),
        need("version", "integer", "Number of its last step."),
        need("deployment", "string", "Version of the files it is decided by."),
        need("customer", "object", "The customer's profile."),
        need("customerSuggestions", "array", "Profiles it could be instead."),
        need("roomInfo", "object", "The room it is in: id and mode."),
        need("conversationDirection", "string", "INBOUND or OUTBOUND."),
        need("channelSessions", "ChannelSessionView[]", "The customer's sessions, ended ones too."),
        need(
            "participants",
            "ConversationMember[]",
            "The customer, once for each open session; bots, agents, apps and the monitor in it.",
        ),
        need("conversationData", "object", "Pairs that flows, apps and bots keep."),
        need("handoff", "object", "What an agent is told who takes it."),
        need("slots", "object", "What the flows keep."),
        need("metadata", "object", "The bot, and the session used last."),
        need("agentRequest", "object|null", "The request for an agent that is open."),
        need("agentSla", "object|null", "The agent's timer: seconds, and since when."),
        need("holdTimerDetails", "object|null", "The hold: seconds, since when, by whom."),
        need("waitingAt", "array", "Nodes at which its flows wait."),
        need("timers", "object", "When each timer is due, epoch ms."),
        need("creationTime", "integer", "Epoch ms."),
        need("endTime", "integer|null", "Epoch ms."),
        need("durationInSeconds", "integer|null", "When it has ended."),
    ],
);

pub(crate) static SESSION: Shape = shape(
    "ChannelSessionView",
    "A customer's session on a channel.",
    &[
        need("id", "string", "Its id."),
        need("participantType", "string", "ChannelSession."),
        need("channel", "string", "Name of the channel."),
        need("channelData", "object", "What the connector said of the customer."),
        need("channelSessionDirection", "string", "INBOUND or OUTBOUND."),
        need("isActive", "boolean", "Not ended yet."),
        need("active", "boolean", "The same, in the older spelling."),
        need("state", "object", "Name and reasonCode."),
        need("latestIntent", "string|null", "The intent of the last message that had one."),
        need("startTime", "integer", "Epoch ms."),
        need("endTime", "integer|null", "Epoch ms."),
    ],
);

pub(crate) static PARTICIPANT: Shape = shape(
    "ConversationMember",
    "Somebody in a conversation.",
    &[
        need("id", "string", "Of this stay."),
        need("type", "string", "CUSTOMER, BOT, AGENT, APP or MONITOR."),
        need("role", "string", "CUSTOMER, PRIMARY, ASSISTANT, SILENT_MONITOR …"),
        need(
            "participant",
            "object",
            "participantType, id and name; of a customer the session and its channel.",
        ),
        need("joiningTime", "integer", "Epoch ms."),
        need("taskId", "string|null", "The task that brought an agent."),
    ],
);

pub(crate) static HISTORY: Shape = shape(
    "HistoryEntry",
    "A step: what came, what was decided, what followed.",
    &[
        need("version", "integer", "Number of the step, from 1."),
        need("at", "integer", "Epoch ms."),
        need("input", "string", "Kind of what came."),
        need("inputId", "string", "Id of what came."),
        need("deployment", "string", "Version of the files it was decided by."),
        need("decisions", "Decision[]", "In the order they were taken."),
        need("events", "CimEvent[]", "The events that followed."),
    ],
);

pub(crate) static DECISION: Shape = shape(
    "Decision",
    "What happened or was decided, and why.",
    &[
        need("at", "string", "Where: a node of a flow, or a part of the engine."),
        need("what", "string", "What."),
        may("why", "string", "Why; absent when the line explains itself."),
        may("candidates", "Verdict[]", "Those among whom it was decided."),
        may("task", "string", "The task it is about."),
    ],
);

pub(crate) static VERDICT: Shape = shape(
    "Verdict",
    "An agent who was looked at.",
    &[
        need("agent", "string", "Id; `…` stands for those not listed one by one."),
        need("why", "string", "Why, or why not."),
        may("failed", "string", "The condition that did not hold."),
        may("actual", "string", "What was found instead."),
    ],
);

pub(crate) static CUSTOMER: Shape = shape(
    "CustomerProfile",
    "A profile; attributes of the deployment stand beside these.",
    &[
        need("_id", "string", "Its id."),
        need("firstName", "string", "Name."),
        need("isAnonymous", "boolean", "A stranger."),
        may("roomInfo", "object", "The customer's room: id and mode."),
    ],
);

pub(crate) static ROOM: Shape = shape(
    "Room",
    "A customer's room.",
    &[
        need("id", "string", "Its id."),
        need("mode", "string", "CONTACT_CENTER."),
        need("customerId", "string|null", "Whose it is."),
        need("conversationCount", "integer", "All there were in it."),
        need("conversations", "ConversationSummary[]", "Newest first, at most 500."),
    ],
);

pub(crate) static PRESENCE: Shape = shape(
    "AgentPresence",
    "An agent's state, and that of each medium.",
    &[
        need("agent", "object", "Id and name."),
        need("state", "object", "name: READY, NOT_READY or LOGOUT; reasonCode."),
        need("stateChangeTime", "integer|null", "Epoch ms."),
        need(
            "agentMrdStates",
            "array",
            "For each medium: mrd, state, previousState, times, maxAgentTasks, tasks.",
        ),
        need("agentLoginTime", "integer|null", "Epoch ms."),
    ],
);

pub(crate) static TASK: Shape = shape(
    "AgentTask",
    "A task of an agent.",
    &[
        need("taskId", "string", "Its id."),
        need("mediaId", "string", "Which of its media."),
        need("conversationId", "string", "The conversation."),
        need("channelSessionId", "string", "The customer's session."),
        need("mrd", "string", "The medium."),
        need("queue", "string|null", "The queue it came from."),
        need("direction", "string", "INBOUND, DIRECT_TRANSFER …"),
        need("mode", "string", "QUEUE or AGENT."),
        need("priority", "integer", "1 to 10."),
        need("state", "string", "RESERVED, ACTIVE or WRAP_UP."),
        may("ringRemainingMs", "integer", "How long the offer rings on."),
        may("offer", "object", "What the desk was shown with the offer."),
        may("wrapUpRemainingMs", "integer", "Time left to sum up."),
        need("createdAt", "integer", "Epoch ms."),
        need("enqueuedAt", "integer", "Epoch ms."),
        need("reservedAt", "integer|null", "Epoch ms."),
        need("answeredAt", "integer|null", "Epoch ms."),
    ],
);

pub(crate) static QUEUE: Shape = shape(
    "Queue",
    "How a queue stands.",
    &[
        need("name", "string", "Name in flows/centre.yaml."),
        need("media", "string", "The medium."),
        need("priority", "integer", "Among queues that share agents."),
        need("waiting", "integer", "Tasks that wait."),
        need("offered", "integer", "Tasks that ring."),
        need("longestWaitSeconds", "integer", "Of the one that waits longest."),
        need("estimatedWaitSeconds", "integer", "Of one that would come now."),
        need("agentsLoggedIn", "integer", "Agents who serve it and are there."),
        need("agentsReady", "integer", "Those who could take one more."),
        need("serviceLevelSeconds", "integer", "Within which a task should be answered."),
        need("serviceLevel", "ServiceLevel", "Of the tasks that ended in the last 24 h."),
        may("tasks", "QueueWaiter[]", "Those that wait, in order; when this one queue is asked for."),
    ],
);

pub(crate) static WAITER: Shape = shape(
    "QueueWaiter",
    "A task that waits in a queue.",
    &[
        need("position", "integer", "From 1."),
        need("estimatedWaitSeconds", "integer", "How long it will probably wait on."),
        need("stepsOpen", "integer", "Steps of the queue that are open to it."),
        need("taskId", "string", "Its id."),
        need("conversationId", "string", "The conversation."),
        need("priority", "integer", "1 to 10."),
        need("direction", "string", "INBOUND, DIRECT_TRANSFER …"),
        need("enqueuedAt", "integer", "Epoch ms."),
        need("waitedSeconds", "integer", "How long it has waited."),
    ],
);

pub(crate) static LEVEL: Shape = shape(
    "ServiceLevel",
    "How many were answered in time.",
    &[
        need("offered", "integer", "All."),
        need("answered", "integer", "By an agent."),
        need("abandoned", "integer", "The customer went."),
        need("rona", "integer", "It rang out."),
        need("noAgent", "integer", "Nobody was found in time."),
        need("within", "object", "offered, answered, abandoned and rona within the level."),
        need("type", "integer", "How it is reckoned, 1 to 3."),
        need("percent", "number|null", "The level; null when nothing was offered."),
    ],
);

pub(crate) static LIST: Shape = shape(
    "PullList",
    "A list from which agents pick.",
    &[
        need("name", "string", "Name in flows/centre.yaml."),
        need("description", "string|null", "What it is for."),
        need("unread", "integer", "Requests nobody has picked."),
        need("active", "integer", "Requests somebody is at."),
        need("inactive", "integer", "Requests whose agent has left."),
        need("subscribers", "array", "Ids of the agents whose desks show it."),
        may("requests", "ListRequest[]", "Oldest first; when this one list is asked for."),
    ],
);

pub(crate) static REQUEST: Shape = shape(
    "ListRequest",
    "A request on a list.",
    &[
        need("id", "string", "The conversation's id."),
        need("conversationId", "string", "The conversation."),
        need("channelSession", "object", "Its id."),
        need("status", "string", "UNREAD, ACTIVE or INACTIVE."),
        need("listId", "string", "The list."),
        need("time", "integer", "Epoch ms."),
    ],
);

pub(crate) static WHY: Shape = shape(
    "Why",
    "Why routing did what it did.",
    &[
        need("conversationId", "string", "The conversation."),
        need("decisions", "Choice[]", "In the order they were taken."),
        need("now", "Standing[]", "How the open tasks stand at this moment."),
    ],
);

pub(crate) static CHOICE: Shape = shape(
    "Choice",
    "A decision of routing.",
    &[
        need("at", "integer", "Epoch ms."),
        need("taskId", "string|null", "The task."),
        need("what", "string", "What."),
        need("why", "string", "Why; empty when `what` says it."),
        need("candidates", "Verdict[]", "Those among whom it was decided."),
        need("text", "string", "All of it in one sentence."),
    ],
);

pub(crate) static STANDING: Shape = shape(
    "Standing",
    "How an open task stands.",
    &[
        need("taskId", "string", "The task."),
        need("why", "string", "Why it is where it is."),
        need("candidates", "Verdict[]", "The agents who were looked at."),
        need("text", "string", "All of it in one sentence."),
    ],
);
