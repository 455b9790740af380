//! Hostile bytes: a clear answer with its place, never a panic.

use super::super::*;

/// The refusal of some bytes as a message.
fn refusal(bytes: &[u8]) -> ReadError {
    match read_message(bytes) {
        Ok(message) => panic!("read as {message:?}"),
        Err(error) => error,
    }
}

fn nested(depth: usize) -> String {
    format!("{{\"data\":{}1{}}}", "{\"a\":".repeat(depth), "}".repeat(depth))
}

#[test]
fn too_many_bytes_are_not_even_looked_at() {
    for bytes in [MESSAGE_BYTES_MAX + 1, 16 * 1024 * 1024] {
        let error = refusal(&vec![b'{'; bytes]);
        assert_eq!((error.code, error.path.as_str()), ("too_large", ""));
        assert_eq!(error.to_string(), format!("too_large: {bytes} bytes; at most 1048576 are read"));
    }
    let longest = format!("{{\"id\":\"{}\"}}", "x".repeat(MESSAGE_BYTES_MAX - 9));
    assert_eq!(longest.len(), MESSAGE_BYTES_MAX);
    assert!(read_message(longest.as_bytes()).is_ok());
}

#[test]
fn nesting_has_an_end() {
    assert!(read_message(nested(NESTING_MAX - 1).as_bytes()).is_ok());
    for depth in [NESTING_MAX, NESTING_MAX + 1, 10_000, 100_000] {
        let error = refusal(nested(depth).as_bytes());
        assert_eq!((error.code, error.line), ("too_deep", 1));
        assert!(error.path.starts_with("data.a.a.a"), "{error}");
    }
    assert_eq!(refusal("[".repeat(10_000).as_bytes()).code, "too_deep");
}

#[test]
fn a_key_may_appear_once() {
    let error = refusal(b"{\n \"header\": {\"sender\": [{}, {\"id\": \"a\", \"x\": 1, \"id\": \"b\"}]}}");
    assert_eq!((error.code, error.path.as_str(), error.line), ("duplicate_key", "header.sender[1].id", 2));
    assert!(error.column > 0);
    assert_eq!(refusal(br#"{"id":"a","\u0069d":"b"}"#).code, "duplicate_key");
    let long = "k".repeat(100_000);
    assert!(refusal(format!("{{\"{long}\":1,\"{long}\":2}}").as_bytes()).path.len() <= 200);
}

#[test]
fn broken_text_is_refused_with_its_place() {
    for (bytes, line, column) in [
        (&b""[..], 1, 0),
        (b"   ", 1, 3),
        (b"{\"id\": \"a\"", 1, 10),
        (b"{\"id\": \"a\"} x", 1, 13),
        (b"{\"id\": \"a\"}{}", 1, 12),
        (b"{\n\"id\": a}", 2, 7),
        (b"{\n \"id\": \"\xff\"}", 2, 9),
        (b"{\"id\": \"\\ud800\"}", 1, 15),
        (b"{\"id\": 1e999}", 1, 12),
        (b"{\"id\": NaN}", 1, 8),
        (b"{'id': 1}", 1, 2),
        (b"{\"id\": \"a\",}", 1, 12),
        (b"\xef\xbb\xbf{}", 1, 1),
        (b"{\"id\": \"\x00\"}", 1, 9),
    ] {
        let error = refusal(bytes);
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!((error.code, error.line, error.column), ("malformed", line, column), "{shown}: {error}");
        assert!(!error.detail.is_empty() && !error.detail.contains(" at line "));
    }
}

#[test]
fn only_objects_are_messages() {
    for bytes in ["null", "true", "5", "\"text\"", "[]", "[{}]"] {
        assert_eq!(refusal(bytes.as_bytes()).code, "not_an_object");
    }
    assert!(read_json(b" [1, -2, 3.5, null, \"x\"] ").is_ok());
}

#[test]
fn a_wrong_field_is_named() {
    let error = refusal(br#"{"header":{"sender":{"type":5}}}"#);
    assert_eq!((error.code, error.path.as_str()), ("wrong_field", "header.sender.type"));
    assert_eq!(error.to_string(), "wrong_field: header.sender.type: expected a string, found 5");
    let error = read_event(br#"{"type":"MESSAGE"}"#).unwrap_err();
    assert_eq!(error.to_string(), "wrong_field: name: is required");
    assert!(read_event(br#"{"name":"FIND_AGENT"}"#).is_ok());
}

#[test]
fn every_cut_and_every_flipped_byte_gets_an_answer() {
    let whole = br#"{"id":"m",
        "header":{"timestamp":"2024-01-18T13:11:31.882+00:00","stamps":[],"sender":{"type":"BOT"}},
        "body":{"type":"BUTTON","markdownText":"\u00e9","buttons":[{"title":"a","payload":"b"}]}}"#;
    assert!(read_message(whole).is_ok());
    for end in 0..whole.len() {
        assert_eq!(refusal(&whole[..end]).code, "malformed");
    }
    for place in 0..whole.len() {
        for flip in [0x01, 0x20, 0x80, 0xff] {
            let mut bytes = whole.to_vec();
            bytes[place] ^= flip;
            if let Ok(message) = read_message(&bytes) {
                let written = serde_json::to_vec(&message).unwrap();
                assert_eq!(read_json(&written).unwrap(), read_json(&bytes).unwrap());
            }
        }
    }
}

#[test]
fn captured_numbers_come_back_digit_by_digit() {
    for number in [
        "0.14053985180188766",
        "0.5814729317850813",
        "31.51335334777832",
        "9007199254740993",
        "1e+300",
        "-0.0",
    ] {
        assert_eq!(read_json(number.as_bytes()).unwrap().to_string(), number);
    }
}
