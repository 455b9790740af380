//! Bots in `flows/centre.yaml`: what each kind needs (`domain.md` section 7).

use serde_json::json;

use super::parts::{
    Key, boolean, duration, integer, list, map, may, must, named, object, one_of, or, such_as, text,
};
use crate::conversation::KNOWN_ACTIONS;
use crate::model::Json;

pub(super) fn bot() -> Json {
    json!({ "oneOf": [script(), webhook(), rasa(), lex(), llm()] })
}

fn bot_kind(kind: &str) -> Key {
    must("kind", "What plays the bot.", json!({ "const": kind }))
}

/// Keys of every bot.
fn every_bot() -> [Key; 3] {
    let suggestions = "Most suggestions that one answer gives to agents, the surest first.";
    [
        may("timeout", "How long it may take to answer.", or(duration(), "10s")),
        may("events", "Whether it is told of events such as AGENT_SUBSCRIBED too.", or(boolean(), false)),
        may("suggestions", suggestions, or(integer(1, 20), 3)),
    ]
}

/// Keys of every bot that is called.
fn called() -> [Key; 3] {
    let again = "How often a call is repeated that the bot certainly did not take: nobody was there, HTTP 429 or 503.";
    let breaker = object(
        "When a bot that fails is left alone.",
        [
            may("failures", "Failures in a row; 0 for never.", or(integer(0, 1_000), 5)),
            may(
                "pause",
                "For how long; after that one call tries whether it is back.",
                or(duration(), "10s"),
            ),
        ],
    );
    [
        may("at_once", "Calls that may be out at the same time.", or(integer(1, 10_000), 100)),
        may("retries", again, or(integer(0, 5), 2)),
        may("breaker", "When it is left alone: its customers need not wait for another time-out.", breaker),
    ]
}

fn bot_address(key: &'static str, doc: &'static str, example: &str) -> (&'static str, &'static str, Json) {
    let url = "^https?://[^\\s/?#@:][^\\s/?#@]*([/?][^\\s#]*)?$";
    (key, doc, such_as(json!({ "type": "string", "pattern": url }), example))
}

fn bot_url(example: &str) -> Key {
    let (key, doc, schema) =
        bot_address("url", "Where it is called, without user name and password.", example);
    must(key, doc, schema)
}

fn variable(example: &str) -> Json {
    such_as(json!({ "type": "string", "pattern": "^[A-Z_][A-Z0-9_]*$" }), example)
}

/// Where a bot's token is.
fn token() -> [Key; 3] {
    let named = "Environment variable that holds its bearer token; the token itself never stands in a file.";
    let header = json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" });
    [
        may("token_env", named, variable("ADVISER_TOKEN")),
        may("token_file", "File that holds its token, instead.", such_as(text(), "/run/secrets/adviser")),
        may(
            "token_header",
            "Header that carries the token as it is; without one it is a bearer token.",
            header,
        ),
    ]
}

fn script() -> Json {
    let flow = must("flow", "The flow, of `kind: bot`.", named("flow"));
    object(
        "A bot that a flow of this deployment plays.",
        [bot_kind("SCRIPT"), flow].into_iter().chain(every_bot()),
    )
}

fn webhook() -> Json {
    let signing = "Environment variable that holds the key which signs calls, and answers that come later, after Standard Webhooks.";
    let answers =
        "Whether the answer is the body that comes back, or comes later by `POST /bots/NAME/messages`.";
    let own = [
        bot_kind("WEBHOOK"),
        bot_url("https://bots.example.org/adviser"),
        may("signing_env", signing, variable("ADVISER_KEY")),
        may("signing_file", "File that holds the key, instead.", such_as(text(), "/run/secrets/adviser-key")),
        may("answers", answers, or(one_of(&["AT_ONCE", "LATER"]), "AT_ONCE")),
    ];
    let keys = own.into_iter().chain(token()).chain(called()).chain(every_bot());
    object("A bot elsewhere, called over HTTP.", keys)
}

fn rasa() -> Json {
    let own = [bot_kind("RASA"), bot_url("https://rasa.example.org/webhooks/rest/webhook")];
    let keys = own.into_iter().chain(token()).chain(called()).chain(every_bot());
    object("A Rasa bot, by its REST channel.", keys)
}

/// What becomes of an outcome or a tool.
fn bot_action() -> [Key; 2] {
    let mut names: Vec<&str> = KNOWN_ACTIONS.to_vec();
    names.push("end_chat");
    [must("action", "The action.", one_of(&names)), may("data", "Its data.", json!({ "type": "object" }))]
}

fn lex() -> Json {
    let conditions = [
        may("intent", "Name of the intent.", text()),
        may("state", "State of the intent, such as Fulfilled or Failed.", text()),
        may(
            "attribute",
            "A session attribute and its value.",
            json!({ "type": "object", "maxProperties": 1 }),
        ),
    ];
    let doc = "What the bot ends with becomes an action; all conditions must hold.";
    let outcome = object(doc, conditions.into_iter().chain(bot_action()));
    let (key, doc, schema) =
        bot_address("endpoint", "Another address than Amazon's own.", "https://lex.example.org");
    let own = [
        bot_kind("LEX"),
        must("bot", "Id of the bot.", such_as(text(), "ABCDEFGHIJ")),
        must("alias", "Id of the alias.", such_as(text(), "TSTALIASID")),
        must("locale", "Locale.", such_as(text(), "en_US")),
        may("region", "Region; as the environment says when left out.", such_as(text(), "eu-central-1")),
        may(key, doc, schema),
        may("outcomes", "Rules; the first one that fits counts.", list(&outcome)),
    ];
    object("An Amazon Lex V2 bot.", own.into_iter().chain(called()).chain(every_bot()))
}

fn llm() -> Json {
    let arguments = "Arguments the model fills, each with a description.";
    let texts = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let own = [
        must("description", "What it is for, in words for the model.", text()),
        may("arguments", arguments, texts),
    ];
    let tool = object("An action that the model may call.", own.into_iter().chain(bot_action()));
    let own = [
        bot_kind("LLM"),
        bot_url("https://models.example.org/v1/chat/completions"),
        must("model", "The model.", text()),
        must("prompt", "File in `flows/` with what it is told first.", such_as(text(), "adviser.prompt.md")),
        may("history", "Lines of the conversation that it is shown.", or(integer(1, 20), 20)),
        may("turns", "Answers it gives in one conversation.", or(integer(1, 1_000), 20)),
        may("tokens", "Tokens of one answer.", or(integer(1, 100_000), 500)),
        may("tools", "What it may call, by name.", map(&text(), &tool)),
    ];
    let keys = own.into_iter().chain(token()).chain(called()).chain(every_bot());
    object("A language model behind an address that speaks the chat-completions format.", keys)
}
