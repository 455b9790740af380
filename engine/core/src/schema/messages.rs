//! The messages of the wire: those of the Rust types, and commands and bots, whose shapes are tables.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, schema_for};
use serde_json::json;

use super::parts::{Key, may, must, open_object, or, such_as, with, words};
use super::team;
use crate::conversation::CONVERSATION_DATA_MAX;
use crate::model::{
    AgentReservedDto, AssignResourceRequest, Body, ChannelSession, CimEvent, CimMessage, Json,
    RevokeResourceDto, Task, TaskEnqueuedDto, TaskStateChangedDto,
};

/// How long a hold lasts when nobody says, in seconds.
const HOLD_DEFAULT_S: i64 = 300;
/// Longest hold, in seconds.
const HOLD_S_MAX: i64 = 86_400;
/// Most codes of one wrap-up (`domain.md` section 8.4).
const WRAP_UPS_MAX: usize = 5;

/// The schemas of messages, by name.
pub(super) fn all() -> Vec<(&'static str, Json)> {
    vec![
        ("cim-message", of::<CimMessage>()),
        ("cim-event", of::<CimEvent>()),
        ("channel-session", of::<ChannelSession>()),
        ("command", command()),
        ("bot-request", bot_request()),
        ("bot-response", bot_response()),
        ("task", of::<Task>()),
        ("task-state-changed", of::<TaskStateChangedDto>()),
        ("task-enqueued", of::<TaskEnqueuedDto>()),
        ("agent-reserved", of::<AgentReservedDto>()),
        ("revoke-resource", of::<RevokeResourceDto>()),
        ("assign-resource-request", of::<AssignResourceRequest>()),
        ("problem", problem()),
    ]
}

fn of<T: JsonSchema>() -> Json {
    let mut schema = schema_for!(T).to_value();
    tidy(&mut schema);
    schema
}

/// Descriptions come from doc comments; what only readers of the source can follow is taken out.
fn tidy(schema: &mut Json) {
    match schema {
        Json::Object(map) => {
            for (key, value) in map {
                match value {
                    Json::String(text) if key == "description" => *text = for_readers(text),
                    other => tidy(other),
                }
            }
        }
        Json::Array(list) => list.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// A doc comment without references to sections of the specification, and without links.
fn for_readers(text: &str) -> String {
    let mut text = text.replace("[`", "`").replace("`]", "`");
    while let Some(start) = text.find(" (`domain.md` section").or_else(|| text.find(" (section ")) {
        let Some(length) = text[start..].find(')') else { break };
        text.replace_range(start..=start + length, "");
    }
    for last_words in ["; see `", "; section "] {
        if let Some(start) = text.find(last_words) {
            text.replace_range(start.., ".");
        }
    }
    text
}

/// A schema that names definitions of Rust types.
fn built(title: &str, build: impl FnOnce(&mut SchemaGenerator) -> Json) -> Json {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = with(build(&mut generator), "title", json!(title));
    let definitions = generator.take_definitions(true);
    if !definitions.is_empty() {
        schema["$defs"] = Json::Object(definitions);
    }
    tidy(&mut schema);
    schema
}

fn texts() -> Json {
    json!({ "type": "string", "minLength": 1 })
}

fn flag() -> Json {
    json!({ "type": ["boolean", "null"] })
}

fn anything() -> Json {
    json!({ "type": ["object", "null"] })
}

pub(super) fn maybe_text() -> Json {
    json!({ "type": ["string", "null"] })
}

/// A command: its name, what it does, and its data.
pub(super) type Command = (&'static str, &'static str, Vec<Key>);

/// A command and its data, by name.
fn command() -> Json {
    let doc =
        "An order of an agent, an app or an admin. Published to `convene.in` with the AMQP type `command`.";
    built("Command", |generator| {
        let commands: Vec<Command> = agents().into_iter().chain(conversations(generator)).collect();
        let names = words(commands.iter().map(|(name, doc, _)| (*name, *doc)));
        let id = "Id of the command, unless the AMQP message_id says it; one with an id seen before changes nothing.";
        let keys = [
            may("id", id, maybe_text()),
            must("name", "What is ordered.", names),
            may("data", "Its data.", anything()),
        ];
        let data: Vec<Json> =
            commands.into_iter().map(|(name, doc, keys)| on_name(name, doc, keys)).collect();
        let example =
            json!({ "id": "c-1", "name": "TASK_ACCEPT", "data": { "taskId": "t-1", "agentId": "amal" } });
        let schema = with(open_object(doc, keys), "allOf", json!(data));
        with(schema, "examples", json!([example]))
    })
}

/// A command of this name has this data.
fn on_name(name: &str, doc: &str, keys: Vec<Key>) -> Json {
    let data = open_object(doc, keys);
    let mut then = json!({ "properties": { "data": data } });
    if data_is_needed(&then) {
        then["required"] = json!(["data"]);
    } else {
        then["properties"]["data"]["type"] = json!(["object", "null"]);
    }
    json!({ "if": { "properties": { "name": { "const": name } }, "required": ["name"] }, "then": then })
}

fn data_is_needed(then: &Json) -> bool {
    then["properties"]["data"].get("required").is_some()
}

pub(super) fn agent() -> Key {
    must("agentId", "The agent.", texts())
}

/// Commands about an agent, whichever the conversation.
fn agents() -> Vec<Command> {
    let states = words([("READY", "Takes work."), ("NOT_READY", "Takes no work."), ("LOGOUT", "Is gone.")]);
    let object = json!({ "type": "object", "properties": { "name": states }, "required": ["name"] });
    let state = || json!({ "anyOf": [states, object] });
    let reason = || may("reason", "Reason code, by name.", json!({ "type": ["string", "object", "null"] }));
    let media = words([("READY", "Takes work on it."), ("NOT_READY", "Takes no work on it.")]);
    let medium = json!({ "anyOf": [
        media,
        { "type": "object", "properties": { "name": media }, "required": ["name"] },
    ] });
    let by = || may("by", "The supervisor who orders it; their work goes to others at once.", maybe_text());
    let task = || must("taskId", "The task that is offered.", texts());
    let asked = || may("agentId", "The agent who answers; refused when it is another's task.", maybe_text());
    let mut commands = vec![
        ("AGENT_LOGIN", "An agent logs in, and is NOT_READY until they say otherwise.", vec![agent()]),
        (
            "AGENT_LOGOUT",
            "An agent logs out; with `by`, a supervisor orders it.",
            vec![agent(), reason(), by()],
        ),
        (
            "AGENT_STATE",
            "An agent takes work or does not.",
            vec![
                agent(),
                must("state", "The new state, by name or as an object with its name.", state()),
                reason(),
            ],
        ),
        (
            "AGENT_MRD_STATE",
            "An agent takes work on one medium or does not.",
            vec![
                agent(),
                may("mrd", "The medium; `mrdId` says the same.", maybe_text()),
                may("mrdId", "The medium, under its older name.", maybe_text()),
                must("state", "The new state, by name or as an object with its name.", medium),
            ],
        ),
        ("TASK_ACCEPT", "An agent accepts an offer.", vec![task(), asked()]),
        ("TASK_REJECT", "An agent rejects an offer, which passes on at once.", vec![task(), asked()]),
    ];
    commands.extend(team::routing());
    commands
}

/// Commands to a conversation.
fn conversations(generator: &mut SchemaGenerator) -> Vec<Command> {
    let body = generator.subschema_for::<Body>().to_value();
    let conversation = "The conversation; the routing key when left out.";
    let here = move || may("conversationId", conversation, maybe_text());
    let mut commands = vec![
        (
            "AGENT_MESSAGE",
            "An agent writes: to the customer when PRIMARY, otherwise to the other agents.",
            said_by_agent(body.clone()),
        ),
        (
            "AGENT_LEAVE",
            "An agent leaves, or begins to wrap up.",
            vec![agent(), may("reason", "Why.", or(maybe_text(), "AGENT_LEFT"))],
        ),
        ("WRAP_UP", "An agent sums up; one who left is done with it.", wrap_up()),
        ("PAUSE", "A PRIMARY agent puts the conversation on hold.", vec![agent(), hold()]),
        ("RESUME", "An agent ends the hold.", vec![agent()]),
        (
            "LINK_CUSTOMER",
            "The conversation belongs to another customer profile from now on.",
            vec![
                must("customerId", "Id of the profile.", texts()),
                may("addIdentifier", "Whether the profile keeps the addresses of this conversation.", flag()),
                may("force", "Whether another live conversation of that customer is closed first.", flag()),
            ],
        ),
        (
            "END_CONVERSATION",
            "Ends the conversation.",
            vec![may("reasonCode", "Why its sessions end.", such_as(maybe_text(), "FORCE_CLOSED"))],
        ),
        (
            "SET_DATA",
            "Sets conversation data.",
            vec![may("data", "The pairs; the data itself when left out.", pairs())],
        ),
        ("ACTIVITY", "An app takes part with an activity of its own.", activity(body)),
        ("RESET_AGENT_SLA", "The agent timer starts again.", vec![agent()]),
        ("BOT_MESSAGES", "A bot that took a question answers it now.", bot_messages()),
    ];
    commands.extend(team::conversation());
    for (.., keys) in &mut commands {
        keys.push(here());
    }
    commands
}

fn bot_messages() -> Vec<Key> {
    let responses = json!({ "type": ["array", "object"] });
    vec![
        must("botId", "Name of the bot.", texts()),
        may("callId", "The question it answers; the one that is open when left out.", maybe_text()),
        must("BotMessage", "One response or a list of them, as in `bot-response`.", responses),
    ]
}

fn said_by_agent(body: Json) -> Vec<Key> {
    vec![
        agent(),
        must("body", "What is said.", body),
        may(
            "id",
            "Id of the message; one is made when left out. A second one of the agent is the first again.",
            maybe_text(),
        ),
        may("intent", "UPDATE replaces the agent's own text that `originalMessageId` names.", maybe_text()),
        may("originalMessageId", "The message this one answers or replaces.", maybe_text()),
        session(),
        may("whisper", "To the other agents only.", flag()),
    ]
}

/// On which of the customer's sessions.
pub(super) fn session() -> Key {
    may("channelSessionId", "The session it is about; the one used last when left out.", maybe_text())
}

fn wrap_up() -> Vec<Key> {
    let code = open_object(
        "A code.",
        [
            must("categoryName", "Its category.", json!({ "type": "string" })),
            must("value", "Its value.", json!({ "type": "string" })),
        ],
    );
    let codes = json!({ "type": ["array", "null"], "items": code, "maxItems": WRAP_UPS_MAX });
    vec![agent(), may("wrapups", "The codes.", codes), may("note", "A note.", maybe_text())]
}

fn hold() -> Key {
    let seconds = json!({ "anyOf": [
        { "type": ["integer", "null"], "minimum": 1, "maximum": HOLD_S_MAX },
        { "type": "string", "pattern": "^[0-9]+$" },
    ] });
    may("duration", "How long, in seconds.", or(seconds, HOLD_DEFAULT_S))
}

fn pairs() -> Json {
    let attribute = json!({
        "type": "object",
        "properties": { "key": { "type": "string" }, "value": {} },
        "required": ["key"],
    });
    json!({ "anyOf": [
        { "type": "object", "maxProperties": CONVERSATION_DATA_MAX },
        { "type": "array", "items": attribute },
    ] })
}

fn activity(body: Json) -> Vec<Key> {
    let intent = "Becomes the name of the event when it is none of ours.";
    let header = open_object(
        "Who takes part.",
        [may("sender", "The app.", anything()), may("intent", intent, maybe_text())],
    );
    vec![
        must("body", "The activity.", body),
        may("header", "Who takes part, and with what.", with(header, "type", json!(["object", "null"]))),
        may("sender", "The app, when the header names none.", anything()),
        session(),
        may("id", "Id of the message; one is made when left out.", maybe_text()),
    ]
}

/// What a WEBHOOK bot is asked (`domain.md` section 7).
fn bot_request() -> Json {
    let doc = "What a WEBHOOK bot is asked: a customer's message, or an event it is told of.";
    let kinds = words([
        ("message", "The customer spoke; an answer is expected."),
        ("intent", "Something happened; sent to bots with `events: true`."),
    ]);
    built("BotRequest", |generator| {
        let message = generator.subschema_for::<CimMessage>().to_value();
        let metadata = json!({ "anyOf": [message, { "type": "null" }] });
        let keys = [
            must("conversation", "Id of the conversation.", texts()),
            must("type", "What is told.", kinds),
            must("message", "The customer's text, or the name of the event.", json!({ "type": "string" })),
            must("entities", "Data of the event, such as the session or the agent.", anything()),
            must("metadata", "The customer's whole message; `null` for events.", metadata),
            may(
                "role",
                "PRIMARY: what it says reaches the customer; ASSISTANT: the agents, as suggestions.",
                maybe_text(),
            ),
            may("data", "Conversation data.", json!({ "type": "object" })),
        ];
        let example = json!({
            "conversation": "b2c8a6f0",
            "type": "intent",
            "message": "AGENT_SUBSCRIBED",
            "entities": { "participantType": "CCUser", "id": "amal" },
            "metadata": null,
        });
        with(open_object(doc, keys), "examples", json!([example]))
    })
}

fn open_map() -> Json {
    json!({ "type": ["object", "null"] })
}

/// What a WEBHOOK bot answers (`domain.md` section 7).
fn bot_response() -> Json {
    let doc = "What a WEBHOOK bot answers: one response or a list of them; `[]` is silence.";
    built("BotResponse", |generator| {
        let body = generator.subschema_for::<Body>().to_value();
        let confidence = json!({ "type": ["number", "null"], "minimum": 0, "maximum": 1 });
        let intent = open_object(
            "What the bot understood.",
            [
                may("name", "The intent.", maybe_text()),
                may("confidence", "How sure the bot is, from 0 to 1.", confidence),
            ],
        );
        let mode =
            "What the bot takes itself for, `message` or `suggestion`; its role in the conversation decides.";
        let keys = [
            may("intent", "What the bot understood.", with(intent, "type", json!(["object", "null"]))),
            may("mode", mode, maybe_text()),
            may(
                "body",
                "What is said; or an ACTION with `name` and `data`, which the controller's flow decides \
                about. Left out by a response that only tells what was understood.",
                body,
            ),
            may("slots", "What the bot learned, name by name; whoever comes next sees it.", open_map()),
            may("data", "Conversation data to set.", open_map()),
        ];
        let says = ["body", "intent", "slots", "data"].map(|key| json!({ "required": [key] }));
        let response = with(open_object("One response.", keys), "anyOf", json!(says));
        let plain = json!({ "body": { "type": "PLAIN", "markdownText": "We are open until six." } });
        let action = json!({ "body": { "type": "ACTION", "name": "FIND_AGENT", "data": { "priority": 5 } } });
        let list = json!({ "type": "array", "items": response });
        json!({ "description": doc, "anyOf": [response, list], "examples": [plain, [plain, action]] })
    })
}

/// What HTTP answers when a call cannot be done.
fn problem() -> Json {
    let doc = "What HTTP answers when a call cannot be done (RFC 9457).";
    let number = || json!({ "type": "integer", "minimum": 1 });
    let keys = [
        must("type", "Names the kind of problem.", json!({ "type": "string", "format": "uri-reference" })),
        must("title", "The kind of problem in words.", json!({ "type": "string" })),
        must("status", "The HTTP status.", json!({ "type": "integer", "minimum": 400, "maximum": 599 })),
        must("detail", "What, where, and how to mend it.", json!({ "type": "string" })),
        must("code", "Stable, for programs.", such_as(json!({ "type": "string" }), "task_not_reserved")),
        may("current", "The state that made it impossible.", json!({})),
        may("path", "Where in the body.", json!({ "type": "string" })),
        may("line", "Line of the body, from 1.", number()),
        may("column", "Column of the body in bytes, from 1.", number()),
    ];
    with(open_object(doc, keys), "title", json!("Problem"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{conversation, routing};

    #[test]
    fn descriptions_are_for_readers_of_the_schema() {
        for (doc, expected) in [
            ("Who speaks (`domain.md` section 1.10). Old form.", "Who speaks. Old form."),
            ("The command (section 2.2), or a button.", "The command, or a button."),
            ("Its id; see [`Session::id`].", "Its id."),
            ("The data; section 2.1 tells for each name.", "The data."),
            ("`null` means none.", "`null` means none."),
        ] {
            assert_eq!(for_readers(doc), expected);
        }
    }

    #[test]
    fn every_command_is_described() {
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        let described: BTreeSet<&str> =
            agents().iter().map(|c| c.0).chain(conversations(&mut generator).iter().map(|c| c.0)).collect();
        let known = conversation::COMMANDS.iter().map(|c| c.0).chain(routing::COMMANDS.iter().copied());
        assert_eq!(described, known.collect());
    }
}
