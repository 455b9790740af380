//! The service itself: alive, ready, its figures.

use std::time::Duration;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::json;

use crate::app::App;
use crate::command::Answered;
use crate::problem::Problem;

/// Media type of the figures.
pub(crate) const METRICS_MEDIA: &str = "text/plain; version=0.0.4";
/// How long the store may take to prove that it commits.
const READY_WAIT: Duration = Duration::from_secs(3);

/// `GET /healthz`
pub(crate) async fn health() -> Answered {
    Ok(Answer(json!({ "status": "alive" })))
}

/// `GET /readyz`
pub(crate) async fn ready(State(app): State<App>) -> Answered {
    match tokio::time::timeout(READY_WAIT, app.handle.ready()).await {
        Ok(Ok(())) => Ok(Answer(json!({ "status": "ready" }))),
        Ok(Err(why)) => Err(Problem::new("not_ready", why)),
        Err(_) => {
            let detail = format!("the database did not answer within {} s", READY_WAIT.as_secs());
            Err(Problem::new("not_ready", detail))
        }
    }
}

/// `GET /metrics`
pub(crate) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, METRICS_MEDIA)], app.handle.metrics())
}
