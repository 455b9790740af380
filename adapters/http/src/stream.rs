//! Server-sent events: what is published, for those who cannot speak AMQP.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use convene_core::model::Json;
use convene_runtime::ports::bus::{Destination, Outgoing};
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{mpsc, watch};

use crate::app::{App, stopped};
use crate::extract::{Asked, Id};
use crate::problem::Problem;
use crate::{agents, channels};

/// How often a silent stream shows that it lives; proxies cut what is silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Query of `GET /channels/{name}/stream`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Whose {
    customer: Option<String>,
}

/// Query of `GET /agents/{id}/stream`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Desk {
    #[serde(default)]
    desk: bool,
}

/// `GET /agents/{id}/stream`. With `desk=true` the stream is the agent's desk: it is connected while one lasts.
pub(crate) async fn agent(
    State(app): State<App>,
    Id(id): Id,
    Asked(Desk { desk }): Asked<Desk>,
) -> Result<impl IntoResponse, Problem> {
    agents::known(&app.handle.deployment(), &app.handle.routing().await?, &id)?;
    let key = format!("agent.{id}");
    let presence = desk.then(|| Presence { app: app.clone(), agent: id, desk: fresh_id() });
    let connected = presence.as_ref().map(|p| p.told());
    let answer = listen(app.clone(), key, move |_| {
        let _ = &presence;
        true
    });
    let answer = answer.await?;
    // The desk is said to be there once it hears: what it is shown then cannot be missed.
    if let Some(data) = connected {
        say(app, "AGENT_CONNECT", data).await;
    }
    Ok(answer)
}

fn fresh_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A desk that is there as long as its stream lasts. The engine knows it by an id of its own, so that a stream that is
/// missed late does not take the next one for lost.
struct Presence {
    app: App,
    agent: String,
    desk: String,
}

impl Presence {
    fn told(&self) -> Json {
        json!({ "agentId": self.agent, "desk": self.desk })
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // A server that stops is not a desk that is lost: another server takes the stream.
        if !*self.app.stopping.borrow() {
            tokio::spawn(say(self.app.clone(), "AGENT_DISCONNECT", self.told()));
        }
    }
}

/// Tells the engine that a desk is there or lost. An agent who is not logged in has nothing to lose.
async fn say(app: App, command: &'static str, data: Json) {
    if let Err(problem) = app.handle.command(&fresh_id(), command, data).await {
        tracing::warn!(%problem, command, "the state of a desk cannot be told");
    }
}

/// `GET /channels/{name}/stream`
pub(crate) async fn channel(
    State(app): State<App>,
    Id(name): Id,
    Asked(Whose { customer }): Asked<Whose>,
) -> Result<impl IntoResponse, Problem> {
    let deployment = app.handle.deployment();
    let channel = channels::known(&deployment, &name)?;
    let key = format!("channel.{}.{}", channel.kind, channel.service_identifier);
    listen(app, key, move |message| customer.as_deref().is_none_or(|c| is_for(message, c))).await
}

/// Whether a message to a channel is for this customer.
fn is_for(message: &Outgoing, customer: &str) -> bool {
    let body: Json = serde_json::from_slice(&message.body).unwrap_or_default();
    body["header"]["channelData"]["channelCustomerIdentifier"] == customer
}

/// Streams what is published with exactly this key and wanted, from now on. A comment comes first: whoever sees it
/// misses nothing that happens later.
async fn listen(
    app: App,
    key: String,
    wanted: impl Fn(&Outgoing) -> bool + Send + 'static,
) -> Result<impl IntoResponse, Problem> {
    let heard = app.handle.bus().listen(vec![key.clone()]).await?;
    // A prefix covers more than its own key: `agent.a` also `agent.a.b`.
    let to = Destination::Out(key);
    let events = published(heard, app.stopping, move |message| message.to == to && wanted(message));
    let began = stream::once(async { Ok(Event::default().comment("listening")) });
    Ok(Sse::new(began.chain(events)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// The events of what is heard and wanted, until the bus or the server stops.
fn published(
    heard: mpsc::Receiver<Outgoing>,
    stopping: watch::Receiver<bool>,
    wanted: impl Fn(&Outgoing) -> bool + Send + 'static,
) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
    let messages = stream::unfold(heard, |mut heard| async move { Some((heard.recv().await?, heard)) });
    messages
        .take_until(stopped(stopping))
        .filter_map(move |message| std::future::ready(wanted(&message).then(|| Ok(event(&message)))))
}

/// A publication as an event: its `type` is the name, its id the id.
fn event(message: &Outgoing) -> Event {
    Event::default()
        .event(one_line(&message.kind))
        .id(one_line(&message.id))
        .data(String::from_utf8_lossy(&message.body))
}

/// Fields of an event are lines; the library panics at more.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\n' | '\r' | '\0')).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn outgoing(key: &str, kind: &str, body: &Json) -> Outgoing {
        Outgoing {
            to: Destination::Out(key.into()),
            id: "i1".into(),
            kind: kind.into(),
            body: body.to_string().into_bytes().into(),
            headers: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_stream_ends_when_the_server_stops() {
        let (say, heard) = mpsc::channel(4);
        let (tell, stopping) = watch::channel(false);
        let mut events = Box::pin(published(heard, stopping, |m| m.kind != "other"));
        say.send(outgoing("agent.amal", "other", &json!(1))).await.unwrap();
        say.send(outgoing("agent.amal", "taskRequest", &json!(2))).await.unwrap();
        let event = format!("{:?}", events.next().await.unwrap().unwrap());
        assert!(event.contains("event: taskRequest") && event.contains("data: 2"), "{event}");
        tell.send_replace(true);
        assert!(events.next().await.is_none());
    }

    #[test]
    fn a_line_break_in_an_id_is_no_way_to_forge_an_event() {
        let mut message = outgoing("agent.amal", "a\r\nevent: b", &json!("x"));
        message.id = "1\n\ndata: forged\0".into();
        let event = format!("{:?}", event(&message));
        assert!(event.contains("id: 1data: forged"), "{event}");
    }

    #[test]
    fn a_customer_hears_only_what_is_for_them() {
        let body = json!({ "header": { "channelData": { "channelCustomerIdentifier": "ada" } } });
        let message = outgoing("channel.WEB.1218", "cim-message", &body);
        assert!(is_for(&message, "ada"));
        assert!(!is_for(&message, "bob"));
    }
}
