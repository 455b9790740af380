//! One conversation with every kind of bot: whoever comes next gets the same packet but for the bot's name.

use std::time::Duration;

use convene_core::conversation;
use convene_tests::engine::root;
use convene_tests::eventually;
use convene_tests::faulty;
use convene_tests::site::Site;
use convene_tests::stage::Stage;
use convene_tests::words::message;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

const PATIENCE: Duration = Duration::from_secs(30);
const REASON: &str = "asked for a person";
const SUMMARY: &str = "A lost debit card";

/// What each kind answers to the three messages of the customer, in its own words.
fn answers(kind: &str) -> [Value; 3] {
    let (hello, sorry) = ("How can I help?", "That is bad.");
    let intent = json!({ "name": "lost_card", "confidence": 0.9 });
    let slots = json!({ "card": "debit" });
    let plain = |text: &str| json!({ "type": "PLAIN", "markdownText": text });
    let order =
        json!({ "type": "ACTION", "name": "FIND_AGENT", "data": { "reason": REASON, "summary": SUMMARY } });
    match kind {
        "WEBHOOK" => [
            json!({ "body": plain(hello) }),
            json!([{ "intent": intent, "slots": slots, "body": plain(sorry) }]),
            json!([{ "body": order }]),
        ],
        "RASA" => [
            json!([{ "recipient_id": "c", "text": hello }]),
            json!([{ "recipient_id": "c", "custom": { "intent": intent, "slots": slots, "body": plain(sorry) } }]),
            json!([{ "recipient_id": "c", "custom": order }]),
        ],
        "LLM" => {
            let arguments = json!({ "reason": REASON, "summary": SUMMARY, "intent": intent, "slots": slots });
            let call = json!({ "id": "1", "type": "function",
                "function": { "name": "find_person", "arguments": arguments.to_string() } });
            [
                json!({ "choices": [{ "message": { "role": "assistant", "content": hello } }] }),
                json!({ "choices": [{ "message": { "role": "assistant", "content": sorry } }] }),
                json!({ "choices": [{ "message": { "role": "assistant", "content": null, "tool_calls": [call] } }] }),
            ]
        }
        _ => {
            let said = |text: &str| json!([{ "contentType": "PlainText", "content": text }]);
            let card = json!({ "card": { "shape": "Scalar",
                "value": { "originalValue": "debit", "interpretedValue": "debit", "resolvedValues": [] } } });
            let heard = json!([{ "intent": { "name": "lost_card" }, "nluConfidence": { "score": 0.9 } }]);
            let state = |s: &str| json!({ "intent": { "name": "lost_card", "state": s, "slots": card } });
            [
                json!({ "sessionId": "c", "messages": said(hello),
                    "sessionState": { "dialogAction": { "type": "ElicitIntent" } } }),
                json!({ "sessionId": "c", "messages": said(sorry), "interpretations": heard,
                    "sessionState": state("InProgress") }),
                json!({ "sessionId": "c", "interpretations": heard, "sessionState": state("Failed") }),
            ]
        }
    }
}

/// A bot that gives its three answers in order, each to a question of the customer.
async fn bot(kind: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut turns = answers(kind).into_iter();
        while let Ok((mut stream, _)) = listener.accept().await {
            // One connection after the other is enough: one question is out at a time.
            while let Some(asked) = faulty::read(&mut stream).await {
                // Only what the customer says is a turn, not events and not the end of a session.
                let said = !asked.bytes.is_empty() && asked.json()["type"] != "intent";
                let answer = said.then(|| turns.next()).flatten().unwrap_or(json!([]));
                let body = answer.to_string();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    address
}

/// How the centre describes the bot.
fn entry(kind: &str, address: &str) -> String {
    let action = format!("action: FIND_AGENT, data: {{ reason: {REASON}, summary: {SUMMARY} }}");
    match kind {
        "SCRIPT" => "kind: SCRIPT, flow: concierge".into(),
        "WEBHOOK" => format!("kind: WEBHOOK, url: \"http://{address}/hook\""),
        "RASA" => format!("kind: RASA, url: \"http://{address}/webhooks/rest/webhook\""),
        "LLM" => format!(
            "kind: LLM, url: \"http://{address}/v1/chat/completions\", model: small, prompt: adviser.prompt.md, tools: \
             {{ find_person: {{ description: A person is wanted, action: FIND_AGENT, arguments: {{ reason: why, summary: \
             what, intent: wish, slots: facts }} }} }}"
        ),
        _ => format!(
            "kind: LEX, bot: ABCDEFGHIJ, alias: TSTALIASID, locale: en_US, region: eu-central-1, endpoint: \
             \"http://{address}\", outcomes: [{{ state: Failed, {action} }}]"
        ),
    }
}

/// The flow that plays the SCRIPT bot.
fn script() -> String {
    format!(
        "flow: concierge\nkind: bot\ntitle: Says the same as the others\non: {{ CUSTOMER_MESSAGE: listen }}\nnodes:\n  \
         listen:\n    choose:\n      - {{ when: 'event.text == \"A person please\"', go: person }}\n      - {{ when: \
         'event.text == \"I lost my debit card\"', go: sorry }}\n      - {{ otherwise: true, go: hello }}\n  hello:\n    \
         say: How can I help?\n  sorry:\n    say: That is bad.\n  person:\n    find_agent: {{ reason: {REASON}, summary: \
         {SUMMARY}, intent: {{ name: lost_card, confidence: 0.9 }}, slots: {{ card: debit }} }}\n"
    )
}

/// The packet that the agent sees with the offer, without the names of bots and without times.
async fn packet(kind: &'static str) -> Value {
    let address = if kind == "SCRIPT" { "127.0.0.1:1".into() } else { bot(kind).await };
    let mut site = Site::embedded("handoff");
    let centre = std::fs::read_to_string(root().join("flows/centre.yaml")).unwrap();
    let begin = centre.find("bots:\n").unwrap();
    let end = begin + centre[begin..].find("\nagents:").unwrap();
    let bots =
        format!("private_bots: [\"{address}\"]\nbots:\n  concierge: {{ {} }}\n", entry(kind, &address));
    let centre = format!("{}{bots}{}", &centre[..begin], &centre[end..]);
    site.deployment(&[
        ("flows/centre.yaml", centre),
        ("flows/concierge.yaml", script()),
        ("flows/adviser.prompt.md", "You advise.".into()),
    ]);
    for (name, value) in [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "made-up")] {
        site.options.env.push((name.into(), value.into()));
    }
    let mut stage = Stage::open(&site).await;
    stage.agent_comes("amal", "amal").await;
    stage.play(&[message("n0", "nina", Some("START_CHAT"), None)]).await;
    let http = stage.http();
    let id = conversation::new_id("m:n0");
    for (n, text) in ["Hello", "I lost my debit card", "A person please"].into_iter().enumerate() {
        stage.play(&[message(&format!("n{}", n + 1), "nina", None, Some(text))]).await;
        // The customer reads the answer before they go on; the last one is the offer.
        let said = async || {
            let view = http.get(&format!("/conversations/{id}")).await.unwrap().good();
            let lines = view["handoff"]["transcript"].as_array().unwrap().len();
            (n == 2 || lines >= 3 + 2 * n).then_some(())
        };
        eventually("the bot answers", PATIENCE, said).await;
    }
    let offered = async || {
        let tasks = http.get("/agents/amal/tasks").await.unwrap().good();
        Some(tasks[0]["offer"]["handoff"].clone()).filter(|p| !p.is_null())
    };
    let mut packet = eventually("the agent is offered the customer", PATIENCE, offered).await;
    stage.stop().await;
    assert_eq!(packet["from"]["type"], "BOT", "{kind}: {packet}");
    for line in packet["transcript"].as_array_mut().unwrap() {
        line["at"] = Value::Null;
    }
    packet
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_bot_hands_over_the_same_packet() {
    let expected = packet("SCRIPT").await;
    assert_eq!(expected["reason"], REASON);
    assert_eq!(expected["summary"], SUMMARY);
    assert_eq!(expected["intents"], json!([{ "name": "lost_card", "confidence": 0.9 }]));
    assert_eq!(expected["slots"], json!({ "card": "debit" }));
    let texts: Vec<&str> =
        expected["transcript"].as_array().unwrap().iter().map(|l| l["text"].as_str().unwrap()).collect();
    assert_eq!(
        texts[1..],
        ["Hello", "How can I help?", "I lost my debit card", "That is bad.", "A person please"]
    );
    for kind in ["WEBHOOK", "RASA", "LEX", "LLM"] {
        assert_eq!(packet(kind).await, expected, "{kind}");
    }
}
