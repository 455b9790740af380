//! Conversations and their history (`domain.md` section 1.8).

use axum::Json as Answer;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use convene_core::model::{ConversationState, Json};
use convene_runtime::ports::store::{ConversationFilter, JournalRow, StateRow, Wanted};
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::command::Answered;
use crate::extract::{Asked, Id};
use crate::problem::Problem;
use crate::view;

/// Most rows of one answer.
const ROWS_MAX: i64 = 500;
/// Size at which a page of history ends, in bytes.
const PAGE_BYTES: usize = 4 << 20;
/// Rows of a history that are read together: so many may be of the greatest length.
const ROWS_AT_ONCE: i64 = 8;
/// Conversations told when nobody says how many.
const CONVERSATIONS: i64 = 50;

/// Query of `GET /conversations`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Which {
    state: Option<String>,
    customer: Option<String>,
    channel_customer_identifier: Option<String>,
    limit: Option<i64>,
}

/// Query of `GET /conversations/{id}/events`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    after: Option<i64>,
    limit: Option<i64>,
}

/// `GET /conversations`
pub(crate) async fn list(State(app): State<App>, Asked(which): Asked<Which>) -> Answered {
    let filter = ConversationFilter {
        states: states(which.state.as_deref().unwrap_or_default())?,
        customer: which.customer,
        identifier: which.channel_customer_identifier,
        limit: limit(which.limit, CONVERSATIONS)?,
    };
    let rows = app.handle.store().conversations(&filter).await?;
    Ok(Answer(rows.iter().map(view::summary).collect()))
}

/// Names of states, joined by commas.
fn states(names: &str) -> Result<Vec<String>, Problem> {
    names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            let state = ConversationState::parse(name).ok_or_else(|| {
                let all: Vec<&str> = ConversationState::ALL.iter().map(ConversationState::as_str).collect();
                Problem::new("wrong_query", format!("{name:?} is no state; there are {}", all.join(", ")))
            })?;
            Ok(state.as_str().to_owned())
        })
        .collect()
}

fn limit(asked: Option<i64>, usual: i64) -> Result<i64, Problem> {
    match asked {
        None => Ok(usual),
        Some(limit) if (1..=ROWS_MAX).contains(&limit) => Ok(limit),
        Some(limit) => {
            let detail = format!("limit={limit} is not between 1 and {ROWS_MAX}");
            Err(Problem::new("wrong_query", detail))
        }
    }
}

/// `GET /conversations/{id}`
pub(crate) async fn one(State(app): State<App>, Id(id): Id) -> Answered {
    let row = find(&app, &id).await?;
    Ok(Answer(view::conversation(&row)?))
}

/// A conversation by id.
pub(crate) async fn find(app: &App, id: &str) -> Result<StateRow, Problem> {
    let wanted = Wanted { states: vec![id.to_owned()], ..Wanted::default() };
    let mut found = app.handle.store().find(&wanted).await?;
    found
        .states
        .remove(id)
        .ok_or_else(|| Problem::new("unknown_conversation", format!("no conversation has the id {id:?}")))
}

/// `GET /conversations/{id}/events`. The next page, when there is one, stands in the header `Link` (RFC 8288).
pub(crate) async fn history(
    State(app): State<App>,
    Id(id): Id,
    Asked(page): Asked<Page>,
) -> Result<Response, Problem> {
    let limit = limit(page.limit, ROWS_MAX)?;
    // The journal also keeps what is no conversation.
    find(&app, &id).await?;
    let (rows, full) = rows(&app, &id, page.after.unwrap_or(0), limit).await?;
    let next = rows.last().filter(|_| full).map(|last| last.version);
    let history = rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let mut response = Answer(history).into_response();
    if let Some(after) = next {
        // Relative to the call: no name of ours, which a proxy may have changed.
        if let Ok(link) = format!("<?after={after}&limit={limit}>; rel=\"next\"").parse() {
            response.headers_mut().insert(header::LINK, link);
        }
    }
    Ok(response)
}

/// The rows of a page, and whether more may follow. A page also ends by its size: messages may be a million bytes long.
async fn rows(app: &App, id: &str, after: i64, limit: i64) -> Result<(Vec<JournalRow>, bool), Problem> {
    let (mut rows, mut bytes, mut left) = (Vec::<JournalRow>::new(), 0, limit);
    loop {
        let after = rows.last().map_or(after, |row| row.version);
        let wanted = left.min(ROWS_AT_ONCE);
        let more = app.handle.store().journal(id, after, wanted).await?;
        let read = i64::try_from(more.len()).unwrap_or(wanted);
        bytes += more.iter().map(|row| row.output.len() + row.trace.len()).sum::<usize>();
        rows.extend(more);
        left -= read;
        if read < wanted {
            return Ok((rows, false));
        }
        if left <= 0 || bytes >= PAGE_BYTES {
            return Ok((rows, true));
        }
    }
}

/// A journaled step as people ask for it: what came, what was decided and why, what was made known.
fn entry(row: &JournalRow) -> Result<Json, Problem> {
    let published = view::stored(&row.output)?;
    let events: Vec<&Json> = published
        .as_array()
        .into_iter()
        .flatten()
        .filter(|p| p["key"].as_str().is_some_and(|key| key.starts_with("event.")))
        .map(|p| &p["body"])
        .collect();
    Ok(json!({
        "version": row.version,
        "at": row.at,
        "input": row.kind,
        "inputId": row.input_id,
        "deployment": row.deployment,
        "decisions": view::stored(&row.trace)?,
        "events": events,
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_entry_tells_decisions_and_events_and_nothing_that_is_for_others() {
        let row = JournalRow {
            key: "c1".into(),
            version: 3,
            format: 1,
            at: 1_000,
            input_id: "m:1".into(),
            kind: "message".into(),
            deployment: "d1".into(),
            trace: r#"[{"at":"state","what":"ACTIVE","why":"an agent joined"}]"#.into(),
            input: r#"{"secret":true}"#.into(),
            output: r#"[{"id":"1","key":"agent.amal","type":"onCimEvent","body":{"a":1}},
                {"id":"2","key":"event.AGENT_SUBSCRIBED","type":"cim-event","body":{"name":"AGENT_SUBSCRIBED"}}]"#
                .into(),
            publishes: true,
        };
        assert_eq!(
            entry(&row).unwrap(),
            json!({
                "version": 3, "at": 1_000, "input": "message", "inputId": "m:1", "deployment": "d1",
                "decisions": [{ "at": "state", "what": "ACTIVE", "why": "an agent joined" }],
                "events": [{ "name": "AGENT_SUBSCRIBED" }],
            })
        );
    }

    #[test]
    fn states_are_read_by_name() {
        assert_eq!(states("ACTIVE, ON_HOLD").unwrap(), ["ACTIVE", "ON_HOLD"]);
        assert!(states("").unwrap().is_empty());
        let problem = states("ACTIVE,ASLEEP").unwrap_err().body();
        assert_eq!(problem["status"], 400);
        assert!(problem["detail"].as_str().unwrap().contains("INACTIVE"), "{problem}");
    }

    #[test]
    fn a_limit_has_limits() {
        assert_eq!(limit(None, 50).unwrap(), 50);
        assert_eq!(limit(Some(500), 50).unwrap(), 500);
        for wrong in [-1, 0, 501] {
            assert_eq!(limit(Some(wrong), 50).unwrap_err().status(), 400);
        }
    }
}
