//! What a call brings: path, query, body, and the id of its command.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use convene_core::model::{Json, JsonMap, MESSAGE_BYTES_MAX, read_json};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use crate::fields;
use crate::problem::Problem;
use crate::route::Payload;

/// How long a body may take to arrive.
const BODY_WAIT: Duration = Duration::from_secs(30);
/// How much of a body that is too large is read and thrown away before the answer, in bytes. Answering while the caller
/// still sends makes the connection break off, and they read a broken pipe where the reason should stand.
const DISCARDED_BYTES_MAX: usize = 64 << 20;
/// Longest name or id in a path, in bytes. Nothing that exists has a longer one.
const ID_BYTES_MAX: usize = 1024;
/// Longest idempotency key, in bytes: what an AMQP message id holds.
const KEY_BYTES_MAX: usize = 255;
/// Header by which a caller names a command, so that repeating it is safe.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The name or id in a path.
#[derive(Debug)]
pub(crate) struct Id(pub(crate) String);

/// The two names of a path.
#[derive(Debug)]
pub(crate) struct Ids(pub(crate) String, pub(crate) String);

/// The query.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

/// The body, as it came.
#[derive(Debug)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

/// The body, any JSON; none is an empty object.
#[derive(Debug)]
pub(crate) struct AnyJson(pub(crate) Json);

/// The body, a JSON object with the fields of its route; none is an empty one.
#[derive(Debug)]
pub(crate) struct Object(pub(crate) JsonMap);

/// The id of the message or command: the caller's own, by which repeats are known. `None` when they gave none.
#[derive(Debug)]
pub(crate) struct Key(Option<String>);

impl Key {
    /// The id; a fresh one when the caller gave none.
    pub(crate) fn or_fresh(self) -> String {
        self.0.unwrap_or_else(|| uuid::Uuid::new_v4().to_string())
    }
}

/// An id that can exist. Control characters cannot be stored, and looking for them would fail instead of finding
/// nothing.
fn plausible(id: String) -> Result<String, Problem> {
    if id.len() > ID_BYTES_MAX {
        return Err(Problem::new(
            "wrong_path",
            format!("a name in the path is longer than {ID_BYTES_MAX} bytes"),
        ));
    }
    if id.chars().any(char::is_control) {
        return Err(Problem::new("wrong_path", "a name in the path holds a control character"));
    }
    Ok(id)
}

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(id) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|e| Problem::new("wrong_path", e.body_text()))?;
        plausible(id).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Ids {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((first, second)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|e| Problem::new("wrong_path", e.body_text()))?;
        Ok(Self(plausible(first)?, plausible(second)?))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(asked) = Query::<T>::from_request_parts(parts, state)
            .await
            .map_err(|e| Problem::new("wrong_query", e.body_text()))?;
        Ok(Self(asked))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        key(&parts.headers).map(Self)
    }
}

/// The idempotency key. The quotes of a structured header field are no part of it.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let text = value.to_str().map_err(|_| {
        Problem::new("wrong_header", "Idempotency-Key holds more than visible ASCII characters")
    })?;
    let bare = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text).trim();
    if bare.len() > KEY_BYTES_MAX {
        let detail = format!("Idempotency-Key is longer than {KEY_BYTES_MAX} characters");
        return Err(Problem::new("wrong_header", detail));
    }
    Ok(Some(bare).filter(|key| !key.is_empty()).map(str::to_owned))
}

impl<S: Send + Sync> FromRequest<S> for Bytes {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if announced_too_large(request.headers()) {
            return Err(too_large());
        }
        match tokio::time::timeout(BODY_WAIT, collect(request.into_body())).await {
            Ok(bytes) => bytes.map(Self),
            Err(_) => {
                let detail = format!("the body was not complete within {} s", BODY_WAIT.as_secs());
                Err(Problem::new("too_slow", detail))
            }
        }
    }
}

/// Whether the body can be refused before it is read: it announces more than we would throw away, or the caller waits
/// for our word before they send it.
fn announced_too_large(headers: &HeaderMap) -> bool {
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let most = if headers.contains_key(header::EXPECT) { MESSAGE_BYTES_MAX } else { DISCARDED_BYTES_MAX };
    length.is_some_and(|length| length > most as u64)
}

fn too_large() -> Problem {
    Problem::new(
        "too_large",
        format!("the body is longer than {MESSAGE_BYTES_MAX} bytes; files travel as links"),
    )
}

async fn collect(body: Body) -> Result<Vec<u8>, Problem> {
    let mut pieces = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|e| Problem::new("malformed", format!("the body broke off: {e}")))?;
        length += piece.len();
        if length <= MESSAGE_BYTES_MAX {
            bytes.extend_from_slice(&piece);
            continue;
        }
        bytes = Vec::new();
        if length > DISCARDED_BYTES_MAX {
            break;
        }
    }
    if length > MESSAGE_BYTES_MAX { Err(too_large()) } else { Ok(bytes) }
}

impl<S: Send + Sync> FromRequest<S> for AnyJson {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Bytes(bytes) = Bytes::from_request(request, state).await?;
        if bytes.trim_ascii().is_empty() {
            return Ok(Self(Json::Object(JsonMap::new())));
        }
        Ok(Self(read_json(&bytes)?))
    }
}

impl<S: Send + Sync> FromRequest<S> for Object {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let payload = request.extensions().get::<&'static Payload>().copied();
        let AnyJson(body) = AnyJson::from_request(request, state).await?;
        let body = object(body)?;
        if let Some(Payload::Fields(fields)) = payload {
            fields::check(fields, &body)?;
        }
        Ok(Self(body))
    }
}

/// The body as an object.
pub(crate) fn object(body: Json) -> Result<JsonMap, Problem> {
    match body {
        Json::Object(object) => Ok(object),
        _ => Err(Problem::new("not_an_object", "the body is JSON, but no object, as `{ … }`")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use axum::http::HeaderValue;
    use serde_json::json;

    use super::*;

    fn request(body: impl Into<Body>) -> Request {
        Request::builder().body(body.into()).unwrap()
    }

    fn code(problem: &Problem) -> String {
        problem.body()["code"].as_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_call_without_a_body_brings_an_empty_object() {
        for nothing in ["", " \n"] {
            assert!(Object::from_request(request(nothing), &()).await.unwrap().0.is_empty());
        }
        let object = Object::from_request(request(r#"{"a":1}"#), &()).await.unwrap();
        assert_eq!(Json::Object(object.0), json!({ "a": 1 }));
        let list = Object::from_request(request("[1]"), &()).await.unwrap_err();
        assert_eq!(code(&list), "not_an_object");
    }

    #[tokio::test]
    async fn hostile_bodies_are_refused_by_name() {
        let deep = "[".repeat(100_000);
        let cases = [("{", "malformed"), (r#"{"a":1,"a":2}"#, "duplicate_key"), (&deep, "too_deep")];
        for (body, expected) in cases {
            let problem = AnyJson::from_request(request(body.to_owned()), &()).await.unwrap_err();
            assert_eq!(code(&problem), expected);
        }
    }

    #[tokio::test]
    async fn a_body_is_limited_whether_its_length_is_announced_or_not() {
        let largest = vec![b' '; MESSAGE_BYTES_MAX];
        assert_eq!(Bytes::from_request(request(largest), &()).await.unwrap().0.len(), MESSAGE_BYTES_MAX);
        let too_long = vec![b' '; MESSAGE_BYTES_MAX + 1];
        let problem = Bytes::from_request(request(too_long), &()).await.unwrap_err();
        assert_eq!((code(&problem).as_str(), problem.status()), ("too_large", 413));
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_is_read_before_the_answer_unless_that_is_too_much_or_not_sent_yet() {
        let refused_unread = async |length: usize, expect: Option<&'static str>| {
            let read = Arc::new(AtomicUsize::new(0));
            let counter = read.clone();
            let pieces = futures_util::stream::repeat_with(move || {
                counter.fetch_add(1 << 20, Relaxed);
                Ok::<_, std::io::Error>(vec![b' '; 1 << 20])
            });
            let mut request = request(Body::from_stream(pieces.take(length >> 20)));
            request.headers_mut().insert(header::CONTENT_LENGTH, length.into());
            if let Some(expect) = expect {
                request.headers_mut().insert(header::EXPECT, HeaderValue::from_static(expect));
            }
            assert_eq!(code(&Bytes::from_request(request, &()).await.unwrap_err()), "too_large");
            length - read.load(Relaxed)
        };
        assert_eq!(refused_unread(16 << 20, None).await, 0);
        assert_eq!(refused_unread(16 << 20, Some("100-continue")).await, 16 << 20);
        assert_eq!(refused_unread(1 << 30, None).await, 1 << 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_not_waited_for() {
        let drips = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, std::io::Error>(vec![b' ']), ()))
        });
        let problem = Bytes::from_request(request(Body::from_stream(drips)), &()).await.unwrap_err();
        assert_eq!((code(&problem).as_str(), problem.status()), ("too_slow", 408));
    }

    #[test]
    fn a_key_is_what_stands_between_the_quotes() {
        let of = |value: &'static [u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_bytes(value).unwrap());
            key(&headers)
        };
        assert_eq!(of(b"\"k1\"").unwrap().as_deref(), Some("k1"));
        assert_eq!(of(b"k1").unwrap().as_deref(), Some("k1"));
        assert_eq!(of(b"\"\"").unwrap(), None);
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
        assert_eq!(code(&of(&[b'k'; 256]).unwrap_err()), "wrong_header");
        assert_eq!(code(&of(b"\xc3\xa9").unwrap_err()), "wrong_header");
    }

    #[test]
    fn an_id_that_cannot_exist_is_no_reason_to_ask_the_store() {
        assert_eq!(plausible("amal".into()).unwrap(), "amal");
        for id in ["a\0b".to_owned(), "x".repeat(ID_BYTES_MAX + 1)] {
            assert_eq!(code(&plausible(id).unwrap_err()), "wrong_path");
        }
    }
}
