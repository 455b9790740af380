//! `scenario`: conversations in virtual time, `tests/scenarios/*.yaml`.

use serde_json::json;

use super::parts::{
    Key, boolean, duration, list, map, may, must, name_definitions, named, object, or, such_as, text, with,
    words,
};
use crate::model::Json;

/// The schema of `tests/scenarios/*.yaml`.
pub(super) fn schema() -> Json {
    let doc = "A scenario: who is there, and what happens when. It is played in virtual time; the transcript beside \
               it is what is expected.";
    let until = "Until when the clock runs, from the beginning: not less than the last step.";
    let schema = object(
        doc,
        [
            must("scenario", "The promise it keeps, in one line.", text()),
            may("rows", "Rows of the specification it walks.", list(&text())),
            may("given", "What is there before it begins.", given()),
            may("when", "What happens, in the order of time.", list(&step())),
            may("until", until, duration()),
            may("unknown", "Names it uses on purpose although the centre has none of them.", list(&text())),
        ],
    );
    let names = name_definitions(&["agent", "channel", "bot"], &text());
    let schema = with(schema, "$defs", Json::Object(names));
    with(with(schema, "title", json!("Convene scenario")), "examples", json!([example()]))
}

fn example() -> Json {
    json!({
        "scenario": "An agent comes on request",
        "given": { "agents": { "amal": "READY" } },
        "when": [
            { "at": "0s", "customer": "guest", "does": "start_chat" },
            { "at": "10s", "customer": "guest", "says": "I want to talk to a person" },
            { "at": "12s", "agent": "amal", "does": "accept" },
        ],
        "until": "20s",
    })
}

/// Any names.
fn by_name(values: &Json) -> Json {
    map(&json!({}), values)
}

fn given() -> Json {
    let ready = json!({ "oneOf": [
        { "const": "READY", "description": "Takes work." },
        { "const": "NOT_READY", "description": "Takes none." },
        { "type": "null" },
    ] });
    let bots = "What WEBHOOK bots answer, in the order they are asked; a bot the centre does not know is added to it.";
    let files = "Files that replace those of the deployment, or are added to it: path and text.";
    let edits = "Changes of single places in files of the deployment.";
    object(
        "What is there before.",
        [
            may("agents", "Agents who are logged in, and whether they take work.", by_name(&ready)),
            may("customers", "Customer profiles by id.", by_name(&customer())),
            may("bots", bots, by_name(&list(&answer()))),
            may("wrap_up", "Whether agents wrap up; as the centre says when left out.", boolean()),
            may("bot", "Another bot for every channel.", named("bot")),
            may("files", files, by_name(&text())),
            may("edits", edits, by_name(&list(&edit()))),
        ],
    )
}

fn customer() -> Json {
    object(
        "A customer profile.",
        [
            may("name", "First name; the id when left out.", text()),
            may("labels", "Labels.", list(&text())),
            may(
                "known_as",
                "Identifiers by customer attribute.",
                such_as(by_name(&text()), json!({ "phone": "+4917012" })),
            ),
        ],
    )
}

fn answer() -> Json {
    let said = "The answer as the bot sends it: one response or a list.";
    object(
        "What a bot does when it is asked.",
        [
            may("after", "After how long.", or(duration(), "0s")),
            may("says", "A text it answers.", text()),
            may("answer", said, json!({})),
            may("fails", "It fails, for this reason.", text()),
            may("silent", "It does not answer at all.", or(boolean(), false)),
            may("again", "The same answer comes once more, this long after the first.", duration()),
        ],
    )
}

fn edit() -> Json {
    object(
        "A change of one place.",
        [
            must("find", "Text that stands in the file exactly once.", text()),
            may("put", "Text that takes its place; nothing when left out.", text()),
        ],
    )
}

fn step() -> Json {
    json!({ "oneOf": [by_customer(), by_agent(), by_event(), by_command(), by_administrator(), expectation()] })
}

/// What every step has.
fn when_and_where() -> [Key; 3] {
    let at_once = "It happens before anything that follows from the step above: a race.";
    let of = "The customer whose conversation is meant; the youngest conversation when left out.";
    [
        must("at", "When, from the beginning.", duration()),
        may("at_once", at_once, or(boolean(), false)),
        may("of", of, text()),
    ]
}

/// Says that exactly one of these keys has to be there.
fn exactly_one(mut schema: Json, keys: &[&str]) -> Json {
    let one: Vec<Json> = keys.iter().map(|key| json!({ "required": [key] })).collect();
    schema["oneOf"] = json!(one);
    schema
}

fn by_customer() -> Json {
    let does = words([
        ("start_chat", "Opens the chat (START_CHAT)."),
        ("start_conversation", "Opens it without being greeted (START_CONVERSATION)."),
        ("end_chat", "Ends the chat (END_CHAT)."),
        ("lose_link", "Loses the connection (NETWORK_DISCONNECT)."),
        ("call_begins", "A leg of a call begins (CALL_LEG_STARTED)."),
        ("call_ends", "A leg of a call ends (CALL_LEG_ENDED)."),
        ("call_wants_agent", "The call wants an agent (ASSIGN_RESOURCE_REQUESTED)."),
    ]);
    let keys = [
        must("customer", "The customer's identifier on the channel.", text()),
        may("on", "The channel.", or(named("channel"), "web")),
        may("does", "What the customer does.", does),
        may("says", "A text the customer writes.", text()),
        may("presses", "The payload of a button the customer presses.", text()),
        may("sends", "A whole message body.", json!({})),
        may("channel_data", "Channel data that comes with `does`.", json!({})),
    ];
    let step = object("A customer does something.", keys.into_iter().chain(when_and_where()));
    exactly_one(step, &["does", "says", "presses", "sends"])
}

fn by_agent() -> Json {
    let does = words([
        ("login", "Logs in."),
        ("logout", "Logs out."),
        ("ready", "Takes work from now on."),
        ("not_ready", "Takes no more work."),
        ("accept", "Accepts the offer."),
        ("reject", "Rejects the offer."),
        ("leave", "Leaves the conversation, or begins to wrap up."),
        ("resume", "Ends the pause."),
        ("stay", "Starts the agent timer again."),
        ("desk_lost", "The desk loses its connection (AGENT_DISCONNECT)."),
        ("desk_back", "The desk is connected again (AGENT_CONNECT)."),
        ("hand_over", "Hands over to the consulted agent (CONSULT_TRANSFER)."),
        ("bring_in", "Lets the consulted agent talk to the customer too (CONSULT_CONFERENCE)."),
        ("listen", "A supervisor listens (MONITOR)."),
        ("step_in", "The supervisor who listens talks from now on (BARGE_IN)."),
        ("hand_up", "Raises a hand: a supervisor may help (HAND_RAISE)."),
        ("hand_down", "Lowers the hand (HAND_DOWN)."),
        ("whisper_in", "A supervisor comes to the agent whose hand is raised (WHISPER_JOIN)."),
        ("watch_list", "Watches the requests of a list (LIST_SUBSCRIBE)."),
        ("leave_list", "Watches them no more (LIST_UNSUBSCRIBE)."),
        ("pick", "Picks the customer's request from its list (LIST_JOIN)."),
        ("end_request", "Ends the customer's request on its list (LIST_END)."),
    ]);
    let keys = [
        must("agent", "The agent's id.", named("agent")),
        may("does", "What the agent does.", does),
        may("says", "A text the agent writes to the customer.", text()),
        may("whispers", "A text the agent writes to the other agents.", text()),
        may(
            "wraps_up",
            "The wrap-up, such as `{ wrapups: [{ categoryName: Result, value: Solved }] }`.",
            json!({}),
        ),
        may("pauses", "How long the agent puts the conversation on hold.", duration()),
        may("transfers", "Hands the customer over: to whom.", whom()),
        may("consults", "Asks another agent for help: whom.", whom()),
        may("confers", "Asks another agent to join: whom.", whom()),
        may("calls", "Starts the contact with a customer: the identifier on the channel `on`.", text()),
        may("on", "The channel of `calls`.", or(named("channel"), "web")),
        may("medium", "With `ready` and `not_ready`: on this medium alone.", text()),
        may("list", "With `watch_list` and `leave_list`: which list.", text()),
        may("by", "With `logout`: the supervisor who orders it.", named("agent")),
        may("reason", "Why, where the command takes a reason.", text()),
        may("data", "Further data of the command.", json!({ "type": "object" })),
    ];
    let step = object("An agent does something.", keys.into_iter().chain(when_and_where()));
    let keys =
        ["does", "says", "whispers", "wraps_up", "pauses", "transfers", "consults", "confers", "calls"];
    exactly_one(step, &keys)
}

/// Whom an agent asks for.
fn whom() -> Json {
    object(
        "An agent, or whoever serves a queue.",
        [
            may("queue", "The queue.", text()),
            may("agent", "The agent.", named("agent")),
            may("note", "Words for the one who is asked.", text()),
        ],
    )
}

fn by_administrator() -> Json {
    let changes = "Changes of single places in files of the deployment.";
    let keys = [must("changes", changes, by_name(&list(&edit())))];
    object("The configuration changes while it runs.", keys.into_iter().chain(when_and_where()))
}

fn by_event() -> Json {
    let session = "Whether it is about the customer's current session.";
    let keys = [
        must("event", "Name of the event.", such_as(text(), "FIND_AGENT")),
        may("data", "Its data.", json!({})),
        may("session", session, or(boolean(), true)),
    ];
    object("An event comes from outside.", keys.into_iter().chain(when_and_where()))
}

fn expectation() -> Json {
    let expect = "What must hold: an expression over the facts of the conversation, and over `read` (the texts customers \
                  have read), `tasks` (the rows of agent_task), `agent_states` (those of agent_state), `queues` (those \
                  of queue) and `states` (of all conversations).";
    let keys = [must("expect", expect, such_as(text(), "conversation.agents == 1"))];
    object("Something must hold at this moment.", keys.into_iter().chain(when_and_where()))
}

fn by_command() -> Json {
    let keys = [
        must("command", "Name of the command.", such_as(text(), "LINK_CUSTOMER")),
        may("data", "Its data.", json!({})),
    ];
    object("Any command is given.", keys.into_iter().chain(when_and_where()))
}
