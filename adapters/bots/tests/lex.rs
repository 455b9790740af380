//! The Lex client against a small server that checks every signature itself.

mod support;

use std::collections::HashMap;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_lexruntimev2::config::Credentials;
use convene_bots::lex::{Lex, Reached};
use convene_core::centre::{LexBot, Outcome};
use convene_core::model::Body;
use convene_runtime::ports::bots::Failure;
use serde_json::{Value, json};
use support::{Asked, KEY, REGION, Reply, SECRET, Server};

fn lex() -> Lex {
    Lex::with_credentials(Credentials::new(KEY, SECRET, Some("a session token".to_owned()), None, "test"))
}

/// A bot, and the server that plays it.
#[derive(Default)]
struct Settings {
    bot: LexBot,
    endpoint: Option<String>,
}

impl Settings {
    fn reached(&self) -> Reached<'_> {
        Reached { bot: &self.bot, endpoint: self.endpoint.as_deref() }
    }
}

fn settings(server: &Server) -> Settings {
    let bot = LexBot {
        id: "BOT1234567".to_owned(),
        alias: "TSTALIASID".to_owned(),
        locale: "en_US".to_owned(),
        region: Some(REGION.to_owned()),
        outcomes: Vec::new(),
    };
    Settings { bot, endpoint: Some(server.endpoint()) }
}

fn says(text: &str, data: Value) -> Value {
    json!({"conversation": "c:1", "type": "message", "message": text, "entities": null, "metadata": null,
        "role": "PRIMARY", "data": data})
}

fn event(name: &str, data: Value) -> Value {
    json!({"conversation": "c:1", "type": "intent", "message": name, "entities": {"why": "private packet"},
        "metadata": null, "role": "PRIMARY", "data": data})
}

/// What Lex answers: messages, an intent with its state and slots, attributes.
fn answer(messages: Value, intent: Value, attributes: Value) -> Value {
    json!({"sessionId": "c:1", "messages": messages,
        "interpretations": [
            {"intent": {"name": "FallbackIntent"}},
            {"intent": {"name": intent["name"]}, "nluConfidence": {"score": 0.87}},
        ],
        "sessionState": {"intent": intent, "sessionAttributes": attributes, "dialogAction": {"type": "Close"}}})
}

fn text(content: &str) -> Value {
    json!({"contentType": "PlainText", "content": content})
}

/// Asks once, against a server that always answers the same.
async fn once(reply: impl Fn() -> Reply + Send + Sync + 'static) -> (Result<Vec<Value>, Failure>, Server) {
    let server = Server::start(move |_| reply()).await;
    let told = lex().ask(settings(&server).reached(), &says("Hello", json!({"tier": "very golden"}))).await;
    (told, server)
}

/// All bodies are read by the controller without a finding and written back unchanged.
fn assert_strict(responses: &[Value]) {
    for body in responses.iter().filter_map(|response| response.get("body")) {
        let read: Body = serde_json::from_value(body.clone()).expect("a body");
        assert_eq!(read.check(), Vec::<String>::new());
        assert!(!matches!(read, Body::Other { .. }), "unknown type in {body}");
        assert_eq!(&serde_json::to_value(&read).expect("JSON"), body);
    }
}

#[tokio::test]
async fn a_greeting_comes_back_with_intent_and_confidence() {
    let messages = json!([text("Hi."), {"contentType": "SSML", "content": "<speak>A &amp; B</speak>"},
        {"contentType": "CustomPayload", "content": "{\"type\":\"PLAIN\",\"markdownText\":\"own\"}"},
        {"contentType": "CustomPayload", "content": "raw"}, text("")]);
    let reply = answer(messages, json!({"name": "Greet", "state": "Fulfilled"}), json!({}));
    let (told, server) = once(move || Reply::ok(&reply)).await;
    let plain = |text: &str| json!({"type": "PLAIN", "markdownText": text});
    let told = told.expect("an answer");
    assert_eq!(
        told,
        [
            json!({"intent": {"name": "Greet", "confidence": 0.87}, "mode": null, "body": plain("Hi.")}),
            json!({"mode": null, "body": plain("A & B")}),
            json!({"mode": null, "body": plain("own")}),
            json!({"mode": null, "body": plain("raw")}),
        ]
    );
    assert_strict(&told);
    let seen = server.seen();
    assert_eq!(seen[0].method, "POST");
    assert_eq!(seen[0].path, "/bots/BOT1234567/botAliases/TSTALIASID/botLocales/en_US/sessions/c%3A1/text");
    let sent = seen[0].json();
    assert_eq!(sent["text"], "Hello");
    assert_eq!(sent["sessionState"], json!({"sessionAttributes": {"tier": "very golden"}}));
    assert_eq!(
        sent["requestAttributes"],
        json!({"x-convene-role": "PRIMARY", "x-convene-conversation": "c:1"})
    );
}

/// A bot that asks for a city and then for a day. As the real one it keeps the dialogue when the state that comes
/// in has neither intent nor action, and replaces all attributes when attributes come in.
fn booking() -> impl Fn(&Asked) -> Reply + Send + Sync {
    let sessions: Mutex<HashMap<String, (Vec<String>, Value)>> = Mutex::default();
    move |asked| {
        let mut sessions = sessions.lock().expect("no panic");
        let (slots, attributes) = sessions.entry(asked.path.clone()).or_default();
        let sent = asked.json();
        let state = &sent["sessionState"];
        if state.get("intent").is_some() || state.get("dialogAction").is_some() {
            slots.clear();
        }
        if let Some(given) = state.get("sessionAttributes") {
            *attributes = given.clone();
        }
        slots.push(sent["text"].as_str().unwrap_or_default().to_owned());
        attributes["turn"] = slots.len().to_string().into();
        if slots.len() == 1 {
            attributes["found_first"] = "yes".into();
        }
        let value = |n: usize| {
            slots.get(n).map(|text| json!({"value": {"originalValue": text, "interpretedValue": ""}}))
        };
        let next = ["Which city?", "Which day?", "Booked."][slots.len() - 1];
        let state = if slots.len() < 3 { "InProgress" } else { "ReadyForFulfillment" };
        let filled = json!({"City": value(1), "Day": value(2)});
        let intent = json!({"name": "Book", "state": state, "slots": filled});
        Reply::ok(&answer(json!([text(next)]), intent, attributes.clone()))
    }
}

#[tokio::test]
async fn slots_are_filled_over_turns_and_attributes_go_both_ways() {
    let server = Server::start(booking()).await;
    let (lex, settings) = (lex(), settings(&server));
    let mut data = json!({"tier": "very golden"});
    let mut told = Vec::new();
    for said in ["I want a room", "Paris", "Monday"] {
        told = lex.ask(settings.reached(), &says(said, data.clone())).await.expect("an answer");
        assert_strict(&told);
        for (name, value) in told[0]["data"].as_object().expect("data") {
            assert_ne!(name, "tier", "only what differs comes back");
            data[name] = value.clone();
        }
    }
    assert_eq!(told[0]["body"]["markdownText"], "Booked.");
    assert_eq!(told[0]["slots"], json!({"City": "Paris", "Day": "Monday"}));
    assert_eq!(data, json!({"tier": "very golden", "turn": "3", "found_first": "yes"}));
    let last = server.seen()[2].json();
    assert_eq!(
        last["sessionState"]["sessionAttributes"]["found_first"], "yes",
        "the bot's own data are kept"
    );
}

#[tokio::test]
async fn values_of_slots_are_read_in_every_shape() {
    let one = |interpreted: &str| json!({"value": {"originalValue": "raw", "interpretedValue": interpreted}});
    let slots = json!({"Size": one("large"), "Raw": one(""), "None": null,
        "Tops": {"shape": "List", "values": [one("ham"), one("egg")]},
        "Where": {"shape": "Composite", "subSlots": {"City": one("Rome"), "Street": null}}});
    let reply = answer(json!([]), json!({"name": "Order", "state": "InProgress", "slots": slots}), json!({}));
    let (told, _server) = once(move || Reply::ok(&reply)).await;
    let expected = json!({"Size": "large", "Raw": "raw", "Tops": "ham, egg", "Where.City": "Rome"});
    // No message: one item without a body carries what was understood.
    let intent = json!({"name": "Order", "confidence": 0.87});
    assert_eq!(told.expect("an answer"), [json!({"intent": intent, "slots": expected, "mode": null})]);
}

#[tokio::test]
async fn a_card_becomes_a_picture_and_quick_replies() {
    let card = json!({"contentType": "ImageResponseCard", "imageResponseCard": {
        "title": "Choose", "subtitle": "please", "imageUrl": "https://example.org/a.png",
        "buttons": [{"text": "Sales", "value": "to_sales"}, {"text": "Help", "value": "to_help"}]}});
    let bare = json!({"contentType": "ImageResponseCard", "imageResponseCard": {"title": "Bare"}});
    let reply = answer(json!([card, bare]), json!({"name": "Menu", "state": "InProgress"}), json!({}));
    let (told, _server) = once(move || Reply::ok(&reply)).await;
    let told = told.expect("an answer");
    assert_eq!(told.len(), 3);
    assert_eq!(told[0]["intent"]["name"], "Menu");
    assert_eq!(
        told[0]["body"],
        json!({"type": "IMAGE", "caption": "Choose",
            "attachment": {"mediaUrl": "https://example.org/a.png", "mimeType": "image/*", "size": 0}})
    );
    assert_eq!(
        told[1]["body"],
        json!({"type": "BUTTON", "markdownText": "Choose\nplease", "buttonMessageType": "QUICK_REPLIES",
            "buttons": [{"title": "Sales", "payload": "to_sales", "type": "String"},
                {"title": "Help", "payload": "to_help", "type": "String"}],
            "additionalDetails": {"interactive":
                {"type": "button", "button": "", "header": "", "body": "Choose", "footer": ""}}})
    );
    assert_eq!(told[2]["body"], json!({"type": "PLAIN", "markdownText": "Bare"}));
    assert_strict(&told);
}

#[tokio::test]
async fn the_first_outcome_that_holds_becomes_an_action() {
    let rule =
        |intent: Option<&str>, state: Option<&str>, attribute: Option<(&str, &str)>, action: &str| Outcome {
            intent: intent.map(str::to_owned),
            state: state.map(str::to_owned),
            attribute: attribute.map(|(name, value)| (name.to_owned(), value.to_owned())),
            action: action.to_owned(),
            data: json!({"queue": action}),
        };
    let server = Server::start(|_| {
        let intent = json!({"name": "Human", "state": "Fulfilled"});
        Reply::ok(&answer(json!([text("One moment.")]), intent, json!({"vip": "yes"})))
    })
    .await;
    let mut settings = settings(&server);
    settings.bot.outcomes = vec![
        rule(Some("Other"), Some("Fulfilled"), None, "A"),
        rule(Some("Human"), Some("Failed"), None, "B"),
        rule(Some("Human"), Some("Fulfilled"), Some(("vip", "no")), "C"),
        rule(Some("Human"), Some("Fulfilled"), Some(("vip", "yes")), "FIND_AGENT"),
        rule(None, None, None, "E"),
    ];
    let lex = lex();
    let told = lex.ask(settings.reached(), &says("A human", json!({}))).await.expect("an answer");
    assert_eq!(told.len(), 2);
    let action = json!({"type": "ACTION", "name": "FIND_AGENT", "data": {"queue": "FIND_AGENT"}});
    assert_eq!(told[1], json!({"mode": null, "body": action}));
    assert_strict(&told);
    settings.bot.outcomes.truncate(3);
    assert_eq!(lex.ask(settings.reached(), &says("A human", json!({}))).await.expect("an answer").len(), 1);
    assert!(server.seen()[0].json().get("sessionState").is_none(), "no data, no state");
}

#[tokio::test]
async fn a_throttled_question_may_be_asked_again_later() {
    let slow = || Reply::error(429, "ThrottlingException", "Rate exceeded").with("retry-after", "7");
    let (told, server) = once(slow).await;
    let error = told.expect_err("refused");
    assert_eq!(error.reason, "ThrottlingException (HTTP 429): Rate exceeded");
    assert_eq!((error.again, error.after_ms), (true, Some(7000)));
    assert_eq!(server.seen().len(), 1, "the SDK must not try again");
}

#[tokio::test]
async fn errors_say_what_may_be_repeated() {
    let broken = || Reply::Send { status: 500, headers: Vec::new(), body: "<html>".to_owned() };
    let (told, server) = once(broken).await;
    let error = told.expect_err("broken");
    assert_eq!((error.reason.as_str(), error.again, error.after_ms), ("HTTP 500", true, None));
    assert_eq!(server.seen().len(), 1, "the SDK must not try again");

    let (told, _server) =
        once(|| Reply::Send { status: 200, headers: Vec::new(), body: "{\"mess".to_owned() }).await;
    let error = told.expect_err("not JSON");
    assert_eq!((error.reason.as_str(), error.again), ("the answer cannot be read (HTTP 200)", false));

    let (told, server) = once(|| {
        Reply::Send { status: 307, headers: Vec::new(), body: String::new() }.with("location", "/elsewhere")
    })
    .await;
    let error = told.expect_err("moved");
    assert_eq!((error.reason.as_str(), error.again), ("HTTP 307", false));
    assert_eq!(server.seen().len(), 1, "redirects are not followed");

    let (told, _server) = once(|| Reply::error(424, "DependencyFailedException", "Lambda failed")).await;
    let error = told.expect_err("failed");
    assert_eq!(
        (error.reason.as_str(), error.again),
        ("DependencyFailedException (HTTP 424): Lambda failed", false)
    );
}

#[tokio::test]
async fn an_error_keeps_quiet_about_what_was_sent() {
    let (told, _server) =
        once(|| Reply::error(400, "ValidationException", "Value 'very golden' is too long")).await;
    let error = told.expect_err("refused");
    assert_eq!(error.reason, "ValidationException (HTTP 400)");
    assert!(!format!("{error:?} {error}").contains("golden"));
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    let server = Server::start(|_| Reply::ok(&answer(json!([]), Value::Null, json!({})))).await;
    let wrong = Lex::with_credentials(Credentials::new(KEY, "not the secret", None, None, "test"));
    let error = wrong.ask(settings(&server).reached(), &says("Hello", json!({}))).await.expect_err("refused");
    assert_eq!(error.reason, "InvalidSignatureException (HTTP 403): the signature differs");
    assert!(!error.again);
    let mut elsewhere = settings(&server);
    elsewhere.bot.region = Some("us-east-1".to_owned());
    let error = lex().ask(elsewhere.reached(), &says("Hello", json!({}))).await.expect_err("refused");
    assert_eq!(error.reason, "InvalidSignatureException (HTTP 403): another scope");
}

#[tokio::test]
async fn the_end_deletes_the_session() {
    let deleted = json!({"botId": "BOT1234567", "sessionId": "c:1"});
    let server = Server::start(move |_| Reply::ok(&deleted)).await;
    lex().ask(settings(&server).reached(), &event("END_CONVERSATION", json!({}))).await.expect("deleted");
    assert_eq!(
        lex()
            .ask(settings(&server).reached(), &event("END_CONVERSATION", json!({})))
            .await
            .expect("deleted")
            .len(),
        0
    );
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    for asked in seen {
        assert_eq!(asked.method, "DELETE");
        assert_eq!(asked.path, "/bots/BOT1234567/botAliases/TSTALIASID/botLocales/en_US/sessions/c%3A1");
    }

    let missing = Server::start(|_| Reply::error(404, "ResourceNotFoundException", "No session")).await;
    lex()
        .ask(settings(&missing).reached(), &event("END_CONVERSATION", json!({})))
        .await
        .expect("a missing session is fine");
    let closed = Server::start(|_| Reply::error(403, "AccessDeniedException", "No")).await;
    let error = lex()
        .ask(settings(&closed).reached(), &event("END_CONVERSATION", json!({})))
        .await
        .expect_err("refused");
    assert_eq!(error.reason, "AccessDeniedException (HTTP 403): No");
}

#[tokio::test]
async fn events_write_an_attribute_and_keep_the_others() {
    let server =
        Server::start(|_| Reply::Send { status: 200, headers: Vec::new(), body: String::new() }).await;
    let (lex, settings) = (lex(), settings(&server));
    let data = json!({"tier": "very golden"});
    let told =
        lex.ask(settings.reached(), &event("CHANNEL_SESSION_STARTED", data.clone())).await.expect("told");
    assert_eq!(told, [json!({"mode": null, "data": {"convene_event": "CHANNEL_SESSION_STARTED"}})]);
    let told = lex.ask(settings.reached(), &event("HANDED_BACK", data.clone())).await.expect("told");
    assert_eq!(told, [json!({"mode": null, "data": {"handed_back": "true"}})]);
    for other in ["AGENT_SUBSCRIBED", "AGENT_UNSUBSCRIBED", "CHANNEL_SESSION_ENDED", "AGENT_RESERVED"] {
        assert_eq!(
            lex.ask(settings.reached(), &event(other, data.clone())).await.expect("nothing"),
            Vec::<Value>::new()
        );
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 2, "other events make no call");
    let [started, handed_back] = [seen[0].json(), seen[1].json()];
    assert!(seen[0].path.ends_with("/sessions/c%3A1"));
    assert_eq!(seen[0].headers["responsecontenttype"], "text/plain; charset=utf-8");
    assert_eq!(started["sessionState"]["dialogAction"], json!({"type": "ElicitIntent"}));
    assert_eq!(
        started["sessionState"]["sessionAttributes"],
        json!({"tier": "very golden", "convene_event": "CHANNEL_SESSION_STARTED"})
    );
    assert_eq!(
        handed_back["sessionState"]["sessionAttributes"],
        json!({"tier": "very golden", "handed_back": "true"})
    );
    assert!(!handed_back.to_string().contains("private packet"));
}

#[tokio::test]
async fn whoever_does_not_wait_leaves_nothing_behind() {
    let server = Server::start(|asked| {
        if asked.json()["text"] == "hang" {
            return Reply::Hang;
        }
        Reply::ok(&answer(json!([text("Here.")]), json!({"name": "Greet", "state": "Fulfilled"}), json!({})))
    })
    .await;
    let (lex, settings) = (lex(), settings(&server));
    let question = says("hang", json!({}));
    let waited =
        tokio::time::timeout(Duration::from_millis(300), lex.ask(settings.reached(), &question)).await;
    assert!(waited.is_err(), "no time limit of its own");
    assert!(server.wait_hung_up(1).await, "the connection is closed");
    let told = lex.ask(settings.reached(), &says("again", json!({}))).await.expect("the client still works");
    assert_eq!(told[0]["body"]["markdownText"], "Here.");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_closed_port_may_be_asked_again() {
    let server = Server::start(|_| Reply::Hang).await;
    let mut settings = settings(&server);
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    settings.endpoint = Some(format!("http://{}", free.local_addr().expect("an address")));
    drop(free);
    let error = lex().ask(settings.reached(), &says("Hello", json!({}))).await.expect_err("closed");
    assert_eq!((error.reason.as_str(), error.again), ("no connection: connection refused", true));
    settings.bot.id.clear();
    let error = lex().ask(settings.reached(), &says("Hello", json!({}))).await.expect_err("no bot");
    assert!(error.reason.contains("bot_id") && !error.again, "{error}");
}

/// Runs one ignored test of this file in a process of its own, with this environment and no other AWS settings.
async fn run_alone(test: &str, environment: &[(&str, &str)]) {
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    child.args(["--exact", test, "--ignored", "--nocapture"]);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        child.env_remove(name);
    }
    child.envs([("AWS_EC2_METADATA_DISABLED", "true"), ("HOME", "/nonexistent")]);
    child.envs(environment.iter().copied());
    let done = tokio::task::spawn_blocking(move || child.output()).await.expect("joined").expect("started");
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success() && told.contains("1 passed"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_come_from_the_environment() {
    let server = Server::start(|_| {
        Reply::ok(&answer(json!([text("Hi.")]), json!({"name": "Greet", "state": "Fulfilled"}), json!({})))
    })
    .await;
    let endpoint = server.endpoint();
    let keys = [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET), ("AWS_REGION", REGION)];
    let at = [("LEX_TEST_ENDPOINT", endpoint.as_str())];
    run_alone("alone_with_credentials", &[&keys[..], &at[..]].concat()).await;
    assert_eq!(server.seen().len(), 1);
    run_alone("alone_without_credentials", &[&keys[2..], &at[..]].concat()).await;
    run_alone("alone_without_region", &[&keys[..2], &at[..]].concat()).await;
    assert_eq!(server.seen().len(), 1, "nothing goes out unsigned");
}

async fn alone() -> Result<Vec<Value>, Failure> {
    let endpoint = Some(std::env::var("LEX_TEST_ENDPOINT").expect("run by another test"));
    let ids = || "BOT1234567".to_owned();
    let bot = LexBot { id: ids(), alias: ids(), locale: "en_US".into(), ..LexBot::default() };
    let settings = Settings { bot, endpoint };
    Lex::new().ask(settings.reached(), &says("Hello", json!({}))).await
}

#[tokio::test]
#[ignore = "runs in a process of its own"]
async fn alone_with_credentials() {
    assert_eq!(alone().await.expect("an answer")[0]["body"]["markdownText"], "Hi.");
}

#[tokio::test]
#[ignore = "runs in a process of its own"]
async fn alone_without_credentials() {
    let error = alone().await.expect_err("no credentials");
    assert_eq!((error.reason.as_str(), error.again), ("no usable AWS credentials were found", false));
}

#[tokio::test]
#[ignore = "runs in a process of its own"]
async fn alone_without_region() {
    let error = alone().await.expect_err("no region");
    assert_eq!((error.reason.as_str(), error.again), ("no AWS region is set", false));
}
