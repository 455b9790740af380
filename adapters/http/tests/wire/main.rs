//! The interface as it is called over the wire, by those who mean well and others.
#![allow(clippy::unwrap_used, clippy::panic)]

mod answers;
mod bodies;
mod bots;
mod callers;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use convene_core::deployment::Deployment;
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
        "centre: Test\nmedia: {{ CHAT: {{ max_tasks: 1 }} }}\nagents: {{ amal: {{}} }}\ncustomers: {{ attributes: {{ web: {{}} }} }}\n\
         channel_types: {{ WEB: {{ media: CHAT, identifier: web }} }}\nqueues: {{ general: {{ media: CHAT }} }}\n\
         channels: {{ web: {{ type: WEB, service_identifier: '1218', queue: general, bot: later }} }}\nbots:\n  later: {{ kind: WEBHOOK, \
         url: 'https://bots.example/later', token_file: '{secret}' }}\n"
    );
    let flow = "flow: f\ntitle: F\non: { CONVERSATION_STARTED: a }\nnodes: { a: { note: nothing } }\n";
    let files = [("flows/centre.yaml".into(), centre), ("flows/f.yaml".into(), flow.into())].into();
    let (deployment, _) = deployments::compile(files).unwrap();
    serve_in(&folder, deployment).await
}

/// An engine of this deployment, and the address where it serves.
async fn serve_deployment(name: &str, deployment: Deployment) -> (Engine, String) {
    serve_in(&fresh_folder(name), deployment).await
}

async fn serve_in(folder: &Path, deployment: Deployment) -> (Engine, String) {
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

/// Calls with these lines of a header; gives the status and the body.
async fn call(address: &str, first: &str, headers: &[&str], body: &str) -> (u16, Value) {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let call = format!(
        "{first} HTTP/1.1\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(call.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
}

/// Calls as anybody on this machine does.
async fn local(address: &str, first: &str, body: &str) -> (u16, Value) {
    call(address, first, &["host: localhost", "content-type: application/json"], body).await
}
