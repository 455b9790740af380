//! Calls to bots of every kind, over real sockets.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use convene_bots::{ANSWER_BYTES_MAX, Elsewhere};
use convene_core::centre::{BotEntry, BotKind};
use convene_core::effect::BotCall;
use convene_runtime::ports::bots::{BotOutcome, Bots, Question};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::sleep;

/// More than any call here needs when the bot answers at once.
const PLENTY_MS: u64 = 10_000;

fn call() -> BotCall {
    BotCall {
        id: "call-1".into(),
        bot: "adviser".into(),
        conversation: "c1".into(),
        request: json!({ "conversation": "c1", "type": "message", "message": "hello" }),
        deadline: 0,
    }
}

/// Reads one request: head and body. `None` when the caller hangs up instead.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let n = stream.read(&mut piece).await.ok().filter(|n| *n > 0)?;
        text.extend_from_slice(&piece[..n]);
        let seen = String::from_utf8_lossy(&text).into_owned();
        let Some((head, body)) = seen.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        if body.len() >= length.map_or(0, |l| l.parse().unwrap()) {
            return Some(seen);
        }
    }
}

/// A bot that answers every connection as `serve` does. Returns its url.
async fn bot<S, F>(serve: S) -> String
where
    S: Fn(TcpStream) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    url
}

/// A bot that reads the question, says this, and hangs up.
async fn bot_saying(answer: impl Into<Vec<u8>>) -> String {
    let answer = Arc::new(answer.into());
    bot(move |mut stream| {
        let answer = answer.clone();
        async move {
            request(&mut stream).await;
            let _ = stream.write_all(&answer).await;
        }
    })
    .await
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn ask(url: &str, left_ms: u64) -> BotOutcome {
    ask_with(&Elsewhere::new(), url, None, left_ms).await
}

/// Asks a webhook bot; its address is allowed although it is private.
async fn ask_with(bots: &Elsewhere, url: &str, token: Option<&str>, left_ms: u64) -> BotOutcome {
    let bot = BotEntry { kind: BotKind::Webhook, url: Some(url.to_owned()), ..BotEntry::default() };
    let private: Vec<String> = convene_core::centre::address::host_and_port(url)
        .map(|(host, port)| format!("{host}:{port}"))
        .into_iter()
        .collect();
    let call = call();
    let question = Question { bot: &bot, token, signing: None, private: &private, call: &call, left_ms };
    bots.call(question).await
}

/// Asks and expects a failure, with its reason.
async fn failure(url: &str) -> String {
    match ask(url, PLENTY_MS).await {
        BotOutcome::Failed(failure) => failure.reason,
        other => panic!("{other:?}"),
    }
}

/// Asks with little time and expects that it ends in time.
async fn times_out(url: &str) {
    let began = Instant::now();
    assert_eq!(ask(url, 300).await, BotOutcome::TimedOut);
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test]
async fn a_question_is_posted_and_its_answer_comes_back_as_it_was() {
    let (heard, mut requests) = mpsc::channel(1);
    let answer = r#"[ {"mode":"message", "body":{"type":"PLAIN","markdownText":"hi ü"}} ]"#;
    let url = bot(move |mut stream| {
        let heard = heard.clone();
        async move {
            heard.send(request(&mut stream).await.unwrap()).await.unwrap();
            stream.write_all(ok(answer).as_bytes()).await.unwrap();
        }
    })
    .await;
    let outcome = ask_with(&Elsewhere::new(), &url, Some("s3cret"), PLENTY_MS).await;
    let BotOutcome::Answered(came) = outcome else { panic!("{outcome:?}") };
    let read = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(read(&came), read(answer));
    let request = requests.recv().await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("post /hook http/1.1\r\n"), "{head}");
    for line in ["idempotency-key: call-1", "authorization: bearer s3cret", "content-type: application/json"]
    {
        assert!(head.lines().any(|l| l == line), "{line} is missing in\n{head}");
    }
    assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap(), call().request);
}

#[tokio::test]
async fn silence_is_an_answer() {
    for nothing in ["HTTP/1.1 204 No Content\r\n\r\n".to_owned(), ok(""), ok(" \n")] {
        let url = bot_saying(nothing).await;
        assert_eq!(ask(&url, PLENTY_MS).await, BotOutcome::Answered("[]".into()));
    }
}

#[tokio::test]
async fn one_connection_serves_many_calls() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let url = bot(move |mut stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            while request(&mut stream).await.is_some() {
                stream.write_all(ok("[]").as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let bots = Elsewhere::new();
    for _ in 0..5 {
        assert_eq!(ask_with(&bots, &url, None, PLENTY_MS).await, BotOutcome::Answered("[]".into()));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_bot_that_says_nothing_is_not_waited_for() {
    let url = bot(|mut stream| async move {
        request(&mut stream).await;
        sleep(Duration::from_secs(60)).await;
    })
    .await;
    times_out(&url).await;
}

#[tokio::test]
async fn a_bot_that_stops_after_the_head_is_not_waited_for() {
    let url = bot(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[").await.unwrap();
        sleep(Duration::from_secs(60)).await;
    })
    .await;
    times_out(&url).await;
}

#[tokio::test]
async fn a_bot_that_drips_is_not_waited_for() {
    let url = bot(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await.unwrap();
        while stream.write_all(b" ").await.is_ok() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    times_out(&url).await;
}

#[tokio::test]
async fn no_time_left_is_too_late_without_asking() {
    let url = bot(|_| async { panic!("it was asked") }).await;
    assert_eq!(ask(&url, 0).await, BotOutcome::TimedOut);
}

#[tokio::test]
async fn an_error_of_the_bot_is_told_by_its_status() {
    let text = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 6\r\n\r\nsecret";
    assert_eq!(failure(&bot_saying(text).await).await, "HTTP 503");
    assert_eq!(failure(&bot_saying("HTTP/1.1 404 Not Found\r\n\r\n").await).await, "HTTP 404");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = bot(|_| async { panic!("the redirect was followed") }).await;
    for status in ["301 Moved Permanently", "307 Temporary Redirect"] {
        let text = format!("HTTP/1.1 {status}\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\n\r\n");
        let reason = failure(&bot_saying(text).await).await;
        assert!(reason.starts_with(&format!("HTTP {}", &status[..3])), "{reason}");
    }
}

#[tokio::test]
async fn an_answer_is_limited_whether_its_length_is_announced_or_not() {
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n[", ANSWER_BYTES_MAX + 1);
    assert!(failure(&bot_saying(announced).await).await.contains("longer than"));
    let url = bot(|mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        while stream.write_all(chunk.as_bytes()).await.is_ok() {}
    })
    .await;
    assert!(failure(&url).await.contains("longer than"));
    let largest = format!("[\"{}\"]", "x".repeat(ANSWER_BYTES_MAX - 4));
    assert_eq!(ask(&bot_saying(ok(&largest)).await, PLENTY_MS).await, BotOutcome::Answered(largest));
}

#[tokio::test]
async fn an_answer_of_no_use_says_where_and_quotes_nothing() {
    let reason = failure(&bot_saying(ok("{\"text\": my secret}")).await).await;
    assert!(reason.contains("line 1") && !reason.contains("secret"), "{reason}");
    let reason = failure(&bot_saying(ok(r#"{"a secret": {"k": 1, "k": 2}}"#)).await).await;
    assert!(reason.contains("duplicate_key") && !reason.contains("secret"), "{reason}");
    let deep = "[".repeat(5_000);
    assert!(failure(&bot_saying(ok(&deep)).await).await.contains("too_deep"));
    let mut latin = ok("??").into_bytes();
    latin.truncate(latin.len() - 2);
    latin.extend_from_slice(&[0xe9, 0xe8]);
    assert!(failure(&bot_saying(latin).await).await.contains("UTF-8"));
}

#[tokio::test]
async fn a_bot_that_hangs_up_has_failed() {
    let at_once = bot(|stream| async move {
        stream.set_zero_linger().unwrap();
        drop(stream);
    })
    .await;
    assert!(!failure(&at_once).await.is_empty());
    let half_way = bot_saying("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[1,").await;
    assert!(!failure(&half_way).await.is_empty());
}

#[tokio::test]
async fn a_failure_tells_neither_the_token_nor_the_credentials() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    for url in [
        format!("http://user:pa55@{nobody}/hook?key=pa55"),
        format!("https://user:pa55@{nobody}/hook"),
        "ftp://user:pa55@example.org/".to_owned(),
        "http://user:pa55@".to_owned(),
    ] {
        for token in ["t0ken", "t0ken\nbroken"] {
            match ask_with(&Elsewhere::new(), &url, Some(token), PLENTY_MS).await {
                BotOutcome::Failed(failure) => {
                    let reason = failure.reason;
                    assert!(!reason.contains("pa55") && !reason.contains("t0ken"), "{reason}");
                    assert!(reason.len() > 10, "{reason}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_bot_at_https_must_speak_tls() {
    let url = bot(|mut stream| async move {
        let _ = stream.write_all(ok("[]").as_bytes()).await;
    })
    .await;
    assert!(!failure(&url.replace("http:", "https:")).await.is_empty());
}
