//! Problems: what a call answers when it cannot be done (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use convene_core::effect::Reply;
use convene_core::model::{Json, JsonMap, ReadError};
use convene_runtime::Fault;
use convene_runtime::ports::bus::BusError;
use convene_runtime::ports::store::StoreError;

/// Media type of a problem.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";
/// After how many seconds a call that could not be served may be tried again.
const RETRY_AFTER_S: u32 = 1;
/// Status and title of a refusal whose code is not in [`CODES`].
const OTHER: (u16, &str) = (409, "This cannot be done now");

/// Every code, with its status and title. A code keeps its meaning; its words may change.
#[rustfmt::skip]
pub(crate) const CODES: &[(&str, u16, &str)] = &[
    // What was sent cannot be read.
    ("malformed",                      400, "This is not JSON"),
    ("not_an_object",                  400, "A JSON object is needed"),
    ("duplicate_key",                  400, "A key appears twice"),
    ("too_deep",                       400, "Nested too deeply"),
    ("wrong_query",                    400, "The query cannot be read"),
    ("wrong_path",                     400, "The path cannot be read"),
    ("wrong_header",                   400, "A header cannot be read"),
    ("too_slow",                       408, "The body did not arrive in time"),
    ("too_large",                      413, "The body is too large"),
    ("cross_site",                     403, "A page of another site gives no orders"),
    ("wrong_host",                     421, "The engine is not called so"),
    // It was read, and says what cannot be meant.
    ("missing_field",                  422, "A field is missing"),
    ("wrong_field",                    422, "A field has the wrong value"),
    ("invalid_body",                   422, "The message body is invalid"),
    ("missing_id",                     422, "The id is missing"),
    ("idempotency_key_reused",         422, "The id belongs to another command"),
    ("too_many_wrapups",               422, "Too many wrap-up codes"),
    ("unknown_state",                  422, "There is no such state"),
    ("unknown_type",                   422, "There is no such type"),
    // It names what is not there.
    ("unknown_path",                   404, "Nothing is here"),
    ("unknown_agent",                  404, "There is no such agent"),
    ("unknown_list",                   404, "There is no such list"),
    ("unknown_request",                404, "There is no such request"),
    ("unknown_channel",                404, "There is no such channel"),
    ("unknown_command",                404, "There is no such command"),
    ("unknown_conversation",           404, "There is no such conversation"),
    ("unknown_customer",               404, "There is no such customer"),
    ("unknown_mrd",                    404, "There is no such medium"),
    ("unknown_queue",                  404, "There is no such queue"),
    ("unknown_room",                   404, "There is no such room"),
    ("unknown_service_identifier",     404, "There is no such channel"),
    ("unknown_session",                404, "There is no such session"),
    ("unknown_task",                   404, "There is no such task"),
    ("wrong_method",                   405, "Not this method"),
    // The state forbids it.
    ("agent_not_in_conversation",      409, "The agent is not in this conversation"),
    ("agent_not_logged_in",            409, "The agent is not logged in"),
    ("agent_not_ready",                409, "The agent is not ready"),
    ("conversation_closed",            409, "The conversation is closed"),
    ("conversation_closing",           409, "The conversation is closing"),
    ("customer_has_live_conversation", 409, "The customer has another live conversation"),
    ("customer_left",                  409, "The customer has left"),
    ("edit_not_supported",             409, "A message on this channel cannot be edited"),
    ("event_not_accepted",             409, "Only the engine states this event"),
    ("already_in_conversation",        409, "The agent is in this conversation already"),
    ("conference_full",                409, "The conference is full"),
    ("monitored_already",              409, "Another supervisor listens already"),
    ("nobody_consulted",               409, "Nobody was consulted"),
    ("no_hand_raised",                 409, "Nobody has raised a hand"),
    ("not_monitoring",                 409, "The supervisor does not listen"),
    ("not_pushed",                     409, "The conversation is not routed by a queue"),
    ("not_your_team",                  403, "The agent is of another team"),
    ("queue_of_another_medium",        422, "The queue is for another medium"),
    ("request_in_process",             409, "An agent is being looked for already"),
    ("transfer_to_oneself",            422, "Another agent is needed"),
    ("voice_open",                     409, "A call is open"),
    ("no_capacity",                    409, "The agent takes no work on this medium"),
    ("no_live_session",                409, "The customer is not there"),
    ("no_session",                     409, "The conversation has no session"),
    ("not_active",                     409, "The conversation is not active"),
    ("not_on_hold",                    409, "The conversation is not on hold"),
    ("not_your_task",                  409, "The task is offered to another agent"),
    ("bot_not_authenticated",          401, "The caller does not prove to be the bot"),
    ("answer_holds_secret",            422, "The answer holds a secret"),
    ("wrong_bot",                      400, "The body names another bot than the path"),
    ("unknown_bot",                    404, "There is no such bot"),
    ("role_forbids",                   409, "The agent's role does not allow it"),
    ("task_not_reserved",              409, "The task is not offered"),
    ("too_many_waiting",               409, "Too many messages wait"),
    ("too_much_data",                  409, "The conversation holds no more data"),
    // It is our fault, or nobody's.
    ("internal",                       500, "The engine failed"),
    ("not_ready",                      503, "Commits cannot succeed now"),
    ("try_again",                      503, "Try again"),
    ("unavailable",                    503, "The engine cannot be reached now"),
];

/// Status and title of a code.
fn meaning(code: &str) -> (u16, &'static str) {
    CODES.iter().find(|(known, ..)| *known == code).map_or(OTHER, |(_, status, title)| (*status, *title))
}

/// A problem. Boxed: it rides in every `Result`.
#[derive(Debug)]
pub(crate) struct Problem(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: String,
    detail: String,
    more: JsonMap,
}

impl Problem {
    /// A problem of this code; `detail` says what, where and how to mend it.
    pub(crate) fn new(code: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Inner { code: code.to_owned(), detail: detail.into(), more: JsonMap::new() }))
    }

    /// With one more member.
    pub(crate) fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.0.more.insert(key.to_owned(), value.into());
        self
    }

    /// Status of the answer.
    pub(crate) fn status(&self) -> u16 {
        meaning(&self.0.code).0
    }

    /// The document.
    pub(crate) fn body(&self) -> Json {
        let (status, title) = meaning(&self.0.code);
        let mut body = self.0.more.clone();
        body.insert("type".into(), format!("urn:convene:problem:{}", self.0.code).into());
        body.insert("title".into(), title.into());
        body.insert("status".into(), status.into());
        body.insert("detail".into(), self.0.detail.as_str().into());
        body.insert("code".into(), self.0.code.as_str().into());
        Json::Object(body)
    }
}

/// The answer of a command, or why it was refused.
pub(crate) fn of_reply(reply: Reply) -> Result<Json, Problem> {
    match reply {
        Reply::Done { data } => Ok(data),
        Reply::Refused { code, detail, current: Json::Null } => Err(Problem::new(&code, detail)),
        Reply::Refused { code, detail, current } => Err(Problem::new(&code, detail).with("current", current)),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, self.body().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_S.into());
        }
        response
    }
}

impl From<ReadError> for Problem {
    fn from(e: ReadError) -> Self {
        // The code and the place are members of their own.
        let detail = if e.path.is_empty() { e.detail } else { format!("{}: {}", e.path, e.detail) };
        let mut problem = Self::new(e.code, detail);
        if !e.path.is_empty() {
            problem = problem.with("path", e.path);
        }
        if e.line > 0 {
            problem = problem.with("line", e.line).with("column", e.column);
        }
        problem
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::new(&fault.reason, fault.detail)
    }
}

impl From<BusError> for Problem {
    fn from(e: BusError) -> Self {
        Self::new("unavailable", e.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Unavailable(_) => Self::new("unavailable", e.to_string()),
            StoreError::Conflict { .. } | StoreError::Fenced { .. } => Self::new("try_again", e.to_string()),
            // What a database complains about may quote what people said: it goes to the log, not to callers.
            StoreError::Broken(_) => {
                tracing::error!(problem = %e, "a call failed");
                Self::new("internal", "the database refused; the log of the engine says why")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use convene_core::model::read_json;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_code_stands_once_and_has_a_status_of_an_error() {
        let mut seen = BTreeSet::new();
        for (code, status, title) in CODES {
            assert!(seen.insert(code), "{code} stands twice");
            assert!((400..600).contains(status), "{code}: {status}");
            assert!(!title.is_empty() && !title.ends_with('.'), "{code}: {title}");
        }
    }

    #[test]
    fn a_refusal_shows_the_state_that_made_it_impossible() {
        let refused = Reply::refused("task_not_reserved", "the task is not offered", json!({ "state": "X" }));
        let problem = of_reply(refused).unwrap_err();
        assert_eq!(
            problem.body(),
            json!({
                "type": "urn:convene:problem:task_not_reserved",
                "title": "The task is not offered",
                "status": 409,
                "detail": "the task is not offered",
                "code": "task_not_reserved",
                "current": { "state": "X" },
            })
        );
        assert_eq!(of_reply(Reply::Done { data: json!(1) }).unwrap(), json!(1));
    }

    #[test]
    fn a_refusal_nobody_foresaw_is_a_conflict() {
        assert_eq!(Problem::new("moon_is_full", "").status(), 409);
    }

    #[test]
    fn broken_json_is_pointed_at() {
        let body = Problem::from(read_json(b"{\n  \"a\": }").unwrap_err()).body();
        assert_eq!((&body["status"], &body["line"], &body["column"]), (&json!(400), &json!(2), &json!(8)));
        assert_eq!(body["code"], "malformed");
    }

    #[test]
    fn only_what_may_work_later_says_when_to_try_again() {
        let later = Problem::from(BusError("gone".into())).into_response();
        assert_eq!(later.status(), 503);
        assert_eq!(later.headers()[header::RETRY_AFTER], "1");
        assert_eq!(later.headers()[header::CONTENT_TYPE], MEDIA_TYPE);
        let never = Problem::new("unknown_task", "").into_response();
        assert_eq!(never.status(), 404);
        assert!(!never.headers().contains_key(header::RETRY_AFTER));
    }

    #[test]
    fn the_words_of_the_database_stay_with_us() {
        let problem = Problem::from(StoreError::Broken("duplicate key (phone)=(+49 30 1234)".into()));
        assert_eq!(problem.status(), 500);
        assert!(!problem.body().to_string().contains("1234"));
    }
}
