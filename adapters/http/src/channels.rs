//! Channels: the addresses customers reach (`domain.md` section 1.6).

use axum::Json as Answer;
use axum::extract::State;
use convene_core::centre::{ChannelEntry, Routing};
use convene_core::deployment::Deployment;
use convene_core::model::Json;
use serde_json::json;

use crate::app::App;
use crate::command::Answered;
use crate::extract::Id;
use crate::problem::Problem;

/// `GET /channels`
pub(crate) async fn list(State(app): State<App>) -> Answered {
    let deployment = app.handle.deployment();
    let channels: Vec<Json> = deployment.centre.channels.values().map(|c| view(&deployment, c)).collect();
    Ok(Answer(json!(channels)))
}

/// `GET /channels/{name}`
pub(crate) async fn one(State(app): State<App>, Id(name): Id) -> Answered {
    let deployment = app.handle.deployment();
    let channel = known(&deployment, &name)?;
    Ok(Answer(view(&deployment, channel)))
}

/// The channel of this name.
pub(crate) fn known<'a>(deployment: &'a Deployment, name: &str) -> Result<&'a ChannelEntry, Problem> {
    deployment.centre.channels.get(name).ok_or_else(|| {
        let known: Vec<&str> = deployment.centre.channels.keys().map(String::as_str).collect();
        let detail = format!("no channel is called {name:?}; there are {}", known.join(", "));
        Problem::new("unknown_channel", detail)
    })
}

fn view(deployment: &Deployment, channel: &ChannelEntry) -> Json {
    let kind = deployment.centre.channel_types.get(&channel.kind);
    json!({
        "name": channel.name,
        "channelType": channel.kind,
        "serviceIdentifier": channel.service_identifier,
        "media": kind.map(|k| k.media.as_str()),
        "bot": channel.bot,
        "routingMode": match channel.routing {
            Routing::Push => "PUSH",
            Routing::Pull => "PULL",
            Routing::External => "EXTERNAL",
        },
        "queue": channel.queue,
        "list": channel.list,
    })
}
