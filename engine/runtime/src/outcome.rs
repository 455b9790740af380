//! What became of a command, kept with its id: a repeat is answered as the first one was.

use convene_core::effect::Reply;
use convene_core::model::Json;
use convene_core::{conversation, routing};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::item::{Item, What};

/// Most bytes of an answer that is kept whole.
const REPLY_BYTES_MAX: usize = 8_000;

/// How a command went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Tells the command from another one under the same id.
    command: String,
    reply: Reply,
}

impl Outcome {
    /// Of an input that is a command; of others nobody asks.
    pub(crate) fn of(item: &Item, reply: &Reply) -> Option<Self> {
        let mut reply = reply.clone();
        if json!(reply).to_string().len() > REPLY_BYTES_MAX {
            match &mut reply {
                Reply::Done { data } => *data = json!({ "duplicate": true }),
                Reply::Refused { current, .. } => *current = Json::Null,
            }
        }
        Some(Self { command: command(&item.what)?, reply })
    }

    /// The answer to an input that comes under the same id, which was `first` used so; nothing is known of what is no
    /// command, or was taken by an older release.
    pub(crate) fn again(first: Option<Self>, what: &What) -> Reply {
        match first {
            None => Reply::Done { data: json!({ "duplicate": true }) },
            Some(first) if command(what).as_ref() == Some(&first.command) => first.reply,
            Some(_) => Reply::refused(
                REUSED,
                "another command was given under this id before; every command needs an id of its own",
                Json::Null,
            ),
        }
    }
}

/// The code with which a second command under one id is refused.
pub(crate) const REUSED: &str = "idempotency_key_reused";

/// A name for what a command says.
fn command(what: &What) -> Option<String> {
    let (name, data) = match what {
        What::Routing { input } => match &**input {
            routing::Input::Command { name, data } => (name, data),
            _ => return None,
        },
        What::Conversation { input, .. } => match &**input {
            conversation::Input::Command { name, data } => (name, data),
            _ => return None,
        },
        What::Message { .. } => return None,
    };
    let mut data = data.clone();
    if name == "LINK_CUSTOMER"
        && let Some(data) = data.as_object_mut()
    {
        // What the store knew when it was taken.
        data.remove("customer");
        data.remove("room");
    }
    let text = json!([name, data]).to_string();
    Some(Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).to_string())
}
