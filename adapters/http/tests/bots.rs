//! Answers of bots as they come over the wire: whatever a body holds, the answer is a problem with a code.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use convene_inproc::InprocBus;
use convene_runtime::ports::bots::{BotOutcome, Bots, Question};
use convene_runtime::{Config, Engine, PARTITIONS, SystemClock, World, deployments};
use convene_sqlite::SqliteStore;
use futures_util::future::{BoxFuture, ready};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The secret of the bot.
const TOKEN: &str = "s3cr3t";

/// Bots that never answer by themselves.
struct Silent;

impl Bots for Silent {
    fn call<'a>(&'a self, _: Question<'a>) -> BoxFuture<'a, BotOutcome> {
        Box::pin(ready(BotOutcome::Accepted))
    }
}

fn fresh_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// An engine whose deployment has a bot elsewhere, and the address where it serves.
async fn serve(name: &str) -> (Engine, String) {
    let folder = fresh_folder(name);
    std::fs::write(folder.join("token"), TOKEN).unwrap();
    let secret = folder.join("token").display().to_string();
    let centre = format!(
        "centre: Test\nmedia: {{ CHAT: {{ max_tasks: 1 }} }}\nbots:\n  later: {{ kind: WEBHOOK, \
         url: 'https://bots.example/later', token_file: '{secret}' }}\n"
    );
    let flow = "flow: f\ntitle: F\non: { CONVERSATION_STARTED: a }\nnodes: { a: { note: nothing } }\n";
    let files = [("flows/centre.yaml".into(), centre), ("flows/f.yaml".into(), flow.into())].into();
    let (deployment, _) = deployments::compile(files).unwrap();
    let store = SqliteStore::open(&folder.join("convene.db")).await.unwrap();
    let world = World {
        store: Arc::new(store),
        bus: InprocBus::new(PARTITIONS),
        bots: Arc::new(Silent),
        clock: Arc::new(SystemClock),
    };
    let engine = Engine::start(world, Arc::new(deployment), Config::default()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(convene_http::serve(listener, engine.handle(), std::future::pending::<()>()));
    (engine, address)
}

/// Posts as the bot; gives the status and the body.
async fn post(address: &str, body: &str) -> (u16, Value) {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let call = format!(
        "POST /bots/later/messages HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {TOKEN}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(call.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn what_is_no_answer_is_refused_by_name() {
    let (engine, address) = serve("bots-refused").await;
    let cases = [
        ("[]", 400, "not_an_object"),
        ("5", 400, "not_an_object"),
        ("\"words\"", 400, "not_an_object"),
        ("null", 400, "not_an_object"),
        ("{}", 422, "missing_field"),
        (r#"{"conversationId":""}"#, 422, "missing_field"),
        (r#"{"conversationId":5}"#, 422, "wrong_field"),
        (r#"{"conversationId":"c1","botId":5}"#, 422, "wrong_field"),
        (r#"{"conversationId":"c1","botId":"other"}"#, 400, "wrong_bot"),
        (r#"{"conversationId":"c1","BotMessage":[]}"#, 404, "unknown_conversation"),
    ];
    for (body, status, code) in cases {
        let (answered, problem) = post(&address, body).await;
        assert_eq!((answered, &problem["code"]), (status, &code.into()), "{body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().len() > 10, "{body}: {problem}");
    }
    engine.stop().await;
}
