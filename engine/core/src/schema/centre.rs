//! `centre`: the contact centre, `flows/centre.yaml`. Every key with what it is, its unit and its default.

use serde_json::json;

use super::parts::{
    Key, boolean, described, duration, integer, list, map, may, must, name, name_definitions, named, object,
    one_of, or, such_as, text, with, word, words,
};
use crate::model::Json;

/// Most tasks one agent may have on one medium.
const TASKS_MAX: i64 = 1000;
/// Most steps of a queue (`domain.md` section 8.4).
const STEPS_MAX: usize = 10;

/// The schema of `flows/centre.yaml`.
pub(super) fn schema() -> Json {
    let doc = "A contact centre. Names refer to names in this file and to flows beside it.";
    let keys = times().into_iter().chain(routing()).chain(channels()).chain(people()).chain(service());
    let name = may("centre", "Name of the centre, shown to people.", such_as(text(), "Harbour Bank"));
    let schema = object(doc, std::iter::once(name).chain(keys));
    let names = ["media", "attribute", "channel_type", "queue", "list", "bot", "agent", "calendar", "flow"];
    let schema = with(schema, "$defs", Json::Object(name_definitions(&names, &text())));
    with(with(schema, "title", json!("Convene contact centre")), "examples", json!([example()]))
}

fn example() -> Json {
    json!({
        "centre": "Harbour Bank",
        "media": { "CHAT": { "max_tasks": 5 } },
        "customers": { "attributes": { "web": { "kind": "String" } } },
        "channel_types": { "WEB": { "media": "CHAT", "identifier": "web" } },
        "queues": { "general": { "media": "CHAT" } },
        "bots": { "concierge": { "kind": "SCRIPT", "flow": "concierge" } },
        "channels": {
            "web": { "type": "WEB", "service_identifier": "1218", "bot": "concierge", "queue": "general" },
        },
    })
}

/// Named things.
fn names(doc: &str, values: &Json) -> Json {
    described(map(&name(1, 110), values), doc)
}

fn times() -> [Key; 6] {
    [
        may("ring_time", "How long an offer rings on an agent's desk; at most a day.", or(duration(), "30s")),
        may(
            "rona_not_ready",
            "Whether an agent who lets an offer ring out goes to NOT_READY on that medium.",
            or(boolean(), false),
        ),
        may(
            "network_grace",
            "How long a customer whose connection broke may stay away; at most a day.",
            or(duration(), "60s"),
        ),
        may(
            "agent_disconnect",
            "How long an agent whose desk vanished may stay away; at most a day.",
            or(duration(), "60s"),
        ),
        may(
            "queue_priority",
            "Whether queues come before each other by their priority.",
            or(boolean(), false),
        ),
        may("auto_sync", "Whether an agent who goes READY is READY on every medium.", or(boolean(), false)),
    ]
}

/// Media, attributes, queues and lists.
fn routing() -> [Key; 4] {
    [
        may(
            "media",
            "What an agent can do at the same time, by name.",
            names("Media routing domains.", &medium()),
        ),
        may(
            "attributes",
            "What agents know, by name.",
            map(&with(word(), "minLength", json!(3)), &attribute()),
        ),
        may("queues", "Queues from which agents are offered work, by name.", map(&name(3, 50), &queue())),
        may("lists", "Lists from which agents pick, by name.", names("Lists.", &pull_list())),
    ]
}

fn medium() -> Json {
    let interruptible = "Whether work on another medium may interrupt it.";
    let auto_join = "Whether an agent in the conversation takes further sessions without an offer.";
    object(
        "A media routing domain.",
        [
            may("max_tasks", "Most tasks one agent may have on it.", or(integer(0, TASKS_MAX), 1)),
            may("interruptible", interruptible, or(boolean(), false)),
            may(
                "interrupts",
                "Whether an offer on it interrupts those that are interruptible.",
                or(boolean(), true),
            ),
            may("auto_join", auto_join, or(boolean(), false)),
        ],
    )
}

fn attribute() -> Json {
    let kinds = words([
        ("PROFICIENCY_LEVEL", "A level from 1 to 10."),
        ("BOOLEAN", "Yes or no; steps compare it with 1 and 0."),
    ]);
    let mut schema = object(
        "A routing attribute.",
        [
            may("kind", "What its values are.", or(kinds, "PROFICIENCY_LEVEL")),
            may("default", "Value of an agent who has it without a value.", or(integer(0, 10), 1)),
        ],
    );
    let boolean = json!({ "properties": { "kind": { "const": "BOOLEAN" } }, "required": ["kind"] });
    schema["if"] = boolean;
    schema["then"] = json!({ "properties": { "default": { "maximum": 1 } } });
    schema["else"] = json!({ "properties": { "default": { "minimum": 1 } } });
    schema
}

fn queue() -> Json {
    let level = object(
        "What the service level report measures.",
        [
            may("type", "Formula of the report.", or(integer(1, 3), 1)),
            may("within", "How soon a customer is to be served.", or(duration(), "30s")),
        ],
    );
    let estimate = object(
        "The estimated wait.",
        [
            may("min", "The least that is told.", duration()),
            may("max", "The longest that is told.", duration()),
            may("every", "How often those who wait are told, 5s at least; never when left out.", duration()),
        ],
    );
    let steps = "Steps in order; none means every agent of the medium.";
    object(
        "A queue.",
        [
            must("media", "Its medium.", named("media")),
            may("service_level", "What the service level report measures.", level),
            may("ewt", "Bounds of the estimated wait, and how often it is told.", estimate),
            may("agent_sla", "How soon an agent answers; no timer runs when left out.", duration()),
            may(
                "priority",
                "Which queue comes first where `queue_priority` is on, 10 before 1.",
                or(integer(1, 10), 1),
            ),
            may("steps", steps, with(list(&step()), "maxItems", json!(STEPS_MAX))),
        ],
    )
}

fn step() -> Json {
    let agents = "Which agents, by their attributes; everybody when left out. Read from left to right, with one \
                  level of brackets.";
    object(
        "A step: which agents, and how long until the next step opens.",
        [
            may("agents", agents, such_as(text(), "billing >= 5 AND english = 1")),
            may("timeout", "How long until the next step opens.", or(duration(), "0s")),
        ],
    )
}

fn pull_list() -> Json {
    object(
        "A list from which agents pick.",
        [
            may("description", "What it is for.", text()),
            may("agent_sla", "How soon an agent answers; no timer runs when left out.", duration()),
        ],
    )
}

/// Channel types, channels and bots.
fn channels() -> [Key; 4] {
    let private = "Hosts with their ports at which bots may be called although the address is private.";
    let host = such_as(json!({ "type": "string", "pattern": "^[^\\s]+:[0-9]+$" }), "127.0.0.1:5005");
    [
        may(
            "channel_types",
            "The media connectors speak, by name such as WEB or WHATSAPP.",
            names("Channel types.", &channel_type()),
        ),
        may("channels", "The addresses customers reach, by name.", names("Channels.", &channel())),
        may("private_bots", private, list(&host)),
        may("bots", "Bots by name.", names("Bots.", &super::bots::bot())),
    ]
}

fn channel_type() -> Json {
    let voice = "Whether it is speech, which stops the timers of the customer's other sessions; true for CX_VOICE, \
                 CISCO_CC and WEB_RTC when left out.";
    let text_max = "Most characters a message carries. `convene validate` warns of longer texts in settings and flows; \
                    the engine does not cut.";
    let interactive = "Whether a session ends when a party leaves, as a call does; as `voice` when left out.";
    object(
        "A channel type.",
        [
            must("media", "Its medium.", named("media")),
            must("identifier", "The customer attribute that holds its identifiers.", named("attribute")),
            may("voice", voice, boolean()),
            may("interactive", interactive, boolean()),
            may("text_max", text_max, integer(1, 1_000_000)),
        ],
    )
}

fn channel() -> Json {
    let routing = words([
        ("PUSH", "Offered to agents from a queue."),
        ("PULL", "Posted on a list, from which agents pick."),
        ("EXTERNAL", "Another system brings the agents."),
    ]);
    let mut schema = object(
        "A channel: one address customers reach.",
        [
            must("type", "Its channel type.", named("channel_type")),
            must(
                "service_identifier",
                "The address, such as a telephone number; no other channel has it.",
                such_as(text(), "+4930901820"),
            ),
            must("bot", "The bot that joins every conversation.", named("bot")),
            may("routing", "How work reaches an agent.", or(routing, "PUSH")),
            may("queue", "The queue (PUSH), which serves the medium of the channel's type.", named("queue")),
            may("list", "The list (PULL).", named("list")),
            may(
                "request_ttl",
                "How long a request may look for an agent; longer than `ring_time`.",
                or(duration(), "2m"),
            ),
            may("inactivity", "How long a customer may be silent; no timer runs when left out.", duration()),
            may(
                "route_to_last_agent",
                "Whether the agent the customer spoke to last is tried first.",
                or(boolean(), false),
            ),
            may(
                "default_outbound",
                "Whether contacts that agents start go out here; one channel of each type.",
                or(boolean(), false),
            ),
            may("calendar", "Business hours shown to customers.", named("calendar")),
        ],
    );
    schema["allOf"] = json!([
        routed(
            json!({ "const": "PULL" }),
            true,
            json!({ "required": ["list"], "properties": { "queue": false } })
        ),
        routed(
            json!({ "const": "EXTERNAL" }),
            true,
            json!({ "properties": { "queue": false, "list": false } })
        ),
        routed(
            json!({ "const": "PUSH" }),
            false,
            json!({ "required": ["queue"], "properties": { "list": false } })
        ),
    ]);
    schema
}

/// What a channel with this routing needs; `said` tells whether the key has to be there.
fn routed(routing: Json, said: bool, needs: Json) -> Json {
    let mut condition = json!({ "properties": { "routing": routing } });
    if said {
        condition["required"] = json!(["routing"]);
    }
    json!({ "if": condition, "then": needs })
}

/// Customers, agents and teams.
fn people() -> [Key; 3] {
    [
        may("customers", "What is known of customers.", customers()),
        may("agents", "Agents by id, which is their user name too.", names("Agents.", &agent())),
        may("teams", "Teams by name.", names("Teams.", &team())),
    ]
}

fn customers() -> Json {
    let kinds = one_of(&[
        "Alphanumeric",
        "Boolean",
        "Email",
        "Ip",
        "Name",
        "Number",
        "Phonenumber",
        "Password",
        "String",
        "Url",
    ]);
    let personal = "Whether it is masked where personal data must not show.";
    let attribute = object(
        "An attribute of customers.",
        [
            may("kind", "What its values are.", or(kinds, "String")),
            may("personal", personal, or(boolean(), false)),
        ],
    );
    let labels = "Labels, each with the priority at which a labelled customer waits, 10 first.";
    object(
        "What is known of customers.",
        [
            may("default_name", "Name of a customer nobody knows yet.", or(text(), "Guest")),
            may("attributes", "What is known of a customer, by name.", names("Attributes.", &attribute)),
            may("labels", labels, map(&json!({}), &integer(1, 10))),
        ],
    )
}

fn agent() -> Json {
    let media = "Most tasks by medium; what a medium allows when left out, and 0 for none of it.";
    let attributes = "Routing attributes with their values; the attribute's default when left empty.";
    let value = json!({ "anyOf": [integer(0, 10), { "type": ["boolean", "null"] }] });
    object(
        "An agent.",
        [
            may("display_name", "Name shown to customers and colleagues; the id when left out.", text()),
            may("media", media, map(&json!({}), &integer(0, TASKS_MAX))),
            may("attributes", attributes, map(&json!({}), &value)),
            may("extension", "Telephone extension.", such_as(text(), "1001")),
        ],
    )
}

fn team() -> Json {
    let members = || list(&named("agent"));
    object(
        "A team.",
        [
            may("supervisor", "The agent who supervises it.", named("agent")),
            may("secondary", "Further supervisors.", members()),
            may("agents", "Its members.", members()),
        ],
    )
}

/// Wrap-up, timers, reasons, calendars and settings.
fn service() -> [Key; 6] {
    let customer =
        words([("REMIND", "Says `message` to the customer."), ("END_CHANNEL_SESSION", "Ends the session.")]);
    let agent = words([
        ("START_TIMER", "Shows the timer on the agent's desk."),
        ("CHANGE_COLOR", "Changes the colour of the conversation on the desk."),
        ("CHANGE_COLOR_TO_RED", "Turns the conversation red on the desk."),
        ("SHOW_POPUP", "Shows a reminder on the desk."),
        ("REMOVE_ALL_AGENTS", "Removes the agent; another one is looked for."),
    ]);
    let agent_default =
        json!([{ "at": "0%", "action": "START_TIMER" }, { "at": "100%", "action": "REMOVE_ALL_AGENTS" }]);
    [
        may("wrap_up", "How agents sum up; they do not when left out.", wrap_up()),
        may(
            "customer_sla",
            "What happens while a customer is silent, in parts of the channel's `inactivity`; rising.",
            thresholds(customer),
        ),
        may(
            "agent_sla",
            "What happens while an agent does not answer, in parts of the queue's `agent_sla`; rising.",
            or(thresholds(agent), agent_default),
        ),
        may(
            "reason_codes",
            "Why agents are not ready or log out, by name.",
            names("Reason codes.", &reason_code()),
        ),
        may(
            "calendars",
            "Business calendars by name, kept as they are written.",
            map(&json!({}), &json!({})),
        ),
        may(
            "settings",
            "Texts and switches that flows read as `centre.settings.…`.",
            map(&word(), &json!({})),
        ),
    ]
}

fn wrap_up() -> Json {
    object(
        "How agents sum up.",
        [
            may("enabled", "Whether agents wrap up.", or(boolean(), true)),
            may("time", "How long they have.", or(duration(), "60s")),
            may("categories", "Categories, each with its values.", map(&json!({}), &list(&text()))),
        ],
    )
}

fn thresholds(actions: Json) -> Json {
    let percent = json!({ "anyOf": [
        integer(0, 100),
        { "type": "string", "pattern": "^0*(100|[0-9]{1,2}) *%*$" },
    ] });
    list(&object(
        "A part of the timer, and what happens then.",
        [
            must("at", "Percent of the timer.", such_as(percent, "50%")),
            must("action", "What happens.", actions),
            may("message", "What is said, for REMIND.", text()),
        ],
    ))
}

fn reason_code() -> Json {
    let kinds = words([("NOT_READY", "For agents who take no work."), ("LOGOUT", "For agents who go.")]);
    object(
        "A reason code.",
        [must("kind", "Where it can be given.", kinds), may("description", "For people.", text())],
    )
}
