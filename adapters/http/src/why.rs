//! Why routing did what it did: every assignment, refusal and wait, with everybody who was looked at.

use axum::Json as Answer;
use axum::extract::State;
use convene_core::effect::{TraceLine, Verdict, WHY};
use convene_core::model::Json;
use convene_core::routing::{self, Choice, Routing, Task};
use convene_runtime::ports::store::JournalRow;
use serde_json::json;

use crate::app::App;
use crate::command::Answered;
use crate::conversations;
use crate::extract::Id;
use crate::problem::Problem;

/// Rows of the journal read at once.
const PAGE: i64 = 500;

/// `GET /conversations/{id}/why`
pub(crate) async fn conversation(State(app): State<App>, Id(id): Id) -> Answered {
    conversations::find(&app, &id).await?;
    Ok(Answer(explain(&app, &id, None).await?))
}

/// `GET /tasks/{id}/why`. `task:media`, as desks have it, is accepted too.
pub(crate) async fn task(State(app): State<App>, Id(id): Id) -> Answered {
    let id = id.split(':').next().unwrap_or(&id).to_owned();
    let routing = app.handle.routing().await?;
    let open = routing.tasks.get(&id).map(|t| t.conversation.clone());
    let conversation = match open {
        Some(conversation) => Some(conversation),
        None => app.handle.store().conversation_of_task(&id).await?,
    };
    let unknown = || Problem::new("unknown_task", format!("no task has the id {id:?}"));
    Ok(Answer(explain(&app, &conversation.ok_or_else(unknown)?, Some(&id)).await?))
}

/// What is decided so far about a conversation, or one task of it, and how it stands now.
async fn explain(app: &App, conversation: &str, task: Option<&str>) -> Result<Json, Problem> {
    let mut decisions = Vec::new();
    let mut after = 0;
    loop {
        let rows = app.handle.store().journal(conversation, after, PAGE).await?;
        decisions.extend(rows.iter().flat_map(|row| of_row(row, task)));
        match rows.last() {
            Some(last) if i64::try_from(rows.len()).is_ok_and(|n| n >= PAGE) => after = last.version,
            _ => break,
        }
    }
    let mut routing = app.handle.routing().await?;
    let now = standing(app, &mut routing, conversation, task);
    Ok(json!({ "conversationId": conversation, "decisions": decisions, "now": now }))
}

/// The decisions of routing that a step was told, and what became of the task.
fn of_row(row: &JournalRow, task: Option<&str>) -> Vec<Json> {
    let trace: Vec<TraceLine> = serde_json::from_str(&row.trace).unwrap_or_default();
    let told = trace.into_iter().filter(|line| line.at == WHY);
    let wanted = told.filter(|line| task.is_none_or(|t| line.task.as_deref() == Some(t)));
    wanted.map(|line| decision(row.at, &line)).collect()
}

fn decision(at: i64, line: &TraceLine) -> Json {
    json!({
        "at": at,
        "taskId": line.task,
        "what": line.what,
        "why": line.why,
        "candidates": line.candidates,
        "text": sentence(&line.what, &line.why, &line.candidates),
    })
}

/// A decision in words.
fn sentence(what: &str, why: &str, candidates: &[Verdict]) -> String {
    let mut text = match why.is_empty() {
        true => what.to_owned(),
        false => format!("{what}: {why}"),
    };
    let others = candidates.iter().filter(|v| v.failed.is_some() || v.agent == "…");
    let others: Vec<String> = others.map(|v| format!("{} {}", v.agent, v.why)).collect();
    if !others.is_empty() {
        text += &format!(" ({})", others.join("; "));
    }
    text
}

/// How the open tasks stand at this moment.
fn standing(app: &App, routing: &mut Routing, conversation: &str, task: Option<&str>) -> Vec<Json> {
    let deployment = app.handle.deployment();
    let at = app.handle.now();
    let wanted = |t: &&Task| t.conversation == conversation && task.is_none_or(|id| t.wire_id() == id);
    let open: Vec<(String, String)> =
        routing.tasks.values().filter(wanted).map(|t| (t.id.clone(), t.wire_id().to_owned())).collect();
    let explained = open.iter().filter_map(|(id, shown)| {
        let Choice { why, candidates } = routing::explain(&deployment, routing, id, at)?;
        let text = sentence(&why, "", &candidates);
        Some(json!({ "taskId": shown, "why": why, "candidates": candidates, "text": text }))
    });
    explained.collect()
}
