//! `convene send`: what cannot be sent is said, and how.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

use super::{convene, fresh};

/// A message any engine with the shipped deployment takes.
const HELLO: &str = r#"{"id":"m1","header":{"channelData":{"channelCustomerIdentifier":"nina","serviceIdentifier":"1218"}},
    "body":{"type":"PLAIN","markdownText":"Hello"}}"#;

/// A server that answers every call with this status.
fn answers(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let _ = connection.read(&mut [0; 64 << 10]);
            let body = r#"{"code":"some_code","detail":"in words"}"#;
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            let _ = connection.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn send_says_which_json_is_no_message() {
    let dir = fresh("send-no-message");
    for (number, json, said) in [
        (1, "[1]", "message 1 of the list is a number"),
        (2, "\"x\"", "the message is a text"),
        (3, "[{}, [1]]", "message 2 of the list is a list"),
        (4, "null", "the message is null"),
        (5, "[]", "the list is empty: there is nothing to send"),
    ] {
        let file = format!("{number}.json");
        fs::write(dir.join(&file), json).unwrap();
        let (code, out, err) = convene(&dir, &["send", &file, "--url", "http://127.0.0.1:1"]);
        assert_eq!((code, out.as_str()), (1, ""), "{json}: {err}");
        assert!(err.starts_with(&format!("convene: {file}: {said}")) && !err.contains("panicked"), "{err}");
    }
}

#[test]
fn send_tells_a_message_that_is_refused_from_an_engine_that_cannot_take_any() {
    let dir = fresh("send-refused");
    fs::write(dir.join("m.json"), HELLO).unwrap();
    for (status, expected) in
        [("422 Unprocessable Content", 1), ("503 Service Unavailable", 2), ("500 Internal Server Error", 2)]
    {
        let (code, _, err) = convene(&dir, &["send", "m.json", "--url", &answers(status)]);
        assert_eq!((code, err.contains("in words")), (expected, true), "{status}: {err}");
    }
}

#[test]
fn a_message_that_is_refused_does_not_stop_the_others() {
    let dir = fresh("send-list");
    fs::write(dir.join("list.json"), format!("[{HELLO},{HELLO},{HELLO}]")).unwrap();
    let (code, _, err) =
        convene(&dir, &["send", "list.json", "--url", &answers("422 Unprocessable Content")]);
    assert_eq!((code, err.matches("in words").count()), (1, 3), "{err}");
    assert!(err.ends_with("convene: all 3 messages are refused\n"), "{err}");
    let (code, _, err) = convene(&dir, &["send", "list.json", "--url", &answers("503 Service Unavailable")]);
    assert!(code == 2 && err.contains("3 of 3 messages are not sent"), "{code} {err}");
}
