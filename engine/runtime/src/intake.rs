//! From bytes to inputs: everything that can be wrong with a delivery is found here, and named.

use std::borrow::Cow;

use convene_core::conversation;
use convene_core::deployment::Deployment;
use convene_core::hop::Hop;
use convene_core::model::{self, CimMessage, Json};
use convene_core::routing;
use uuid::Uuid;

use crate::item::{Item, Origin, What};
use crate::ports::bus::{Delivery, Kind};
use crate::ports::store::{Hop as StoredHop, Sender};

/// Why a delivery is no input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Stable reason code.
    pub reason: String,
    /// What, where, how to mend.
    pub detail: String,
}

impl Fault {
    fn new(reason: &str, detail: impl Into<String>) -> Self {
        Self { reason: reason.into(), detail: detail.into() }
    }
}

/// Reads a delivery.
pub(crate) fn read(d: &Deployment, delivery: Delivery, at: i64) -> Result<Item, (Fault, Box<Delivery>)> {
    let parsed = match &delivery.kind {
        Ok(Kind::Message) => message(d, &delivery),
        Ok(Kind::Event) => event(&delivery),
        Ok(Kind::Command) => command(&delivery),
        Ok(Kind::Hop) => return hop(delivery, at),
        Err(name) => Err(Fault::new(
            "unknown_type",
            format!("the AMQP type {name:?} is none of cim-message, cim-event, command"),
        )),
    };
    match parsed {
        Ok((id, what)) => {
            let (partition, token, reply) = (delivery.partition, Some(delivery.token), delivery.reply);
            let origin = Origin { kind: kind_of(&delivery.kind), id: delivery.id, labels: delivery.labels };
            let (raw, source) = (delivery.body, delivery.key);
            Ok(Item { id, partition, what, at, seq: 0, token, reply, raw, source, origin, hop: None })
        }
        Err(fault) => Err((fault, Box::new(delivery))),
    }
}

type Parsed = Result<(String, What), Fault>;

/// Most bytes of an input id. What is longer travels by no AMQP property and fits into no index.
const ID_BYTES_MAX: usize = 128;

/// An input id of ours: one that is too long is replaced by one that is made of it, so that a repeat is still a repeat.
/// What it stands for keeps its own id.
pub(crate) fn bounded(prefix: &str, id: &str) -> String {
    if prefix.len() + id.len() <= ID_BYTES_MAX {
        return format!("{prefix}{id}");
    }
    format!("{prefix}{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()))
}

/// What the ids of hops begin with. Ids from outside begin otherwise, whatever they hold: no two inputs may share one.
const HOP: &str = "h:";

/// The id of the hop that an input asks for in this place.
pub(crate) fn hop_id(asking: &str, place: usize) -> String {
    bounded(HOP, &format!("{asking}/{place}"))
}

/// The input that asked for a hop; `None` for what is no hop, and for one whose id was too long to tell.
pub(crate) fn asking(hop: &str) -> Option<&str> {
    hop.strip_prefix(HOP)?.rsplit_once('/').map(|(asking, _)| asking)
}

fn with_id(prefix: &str, amqp: Option<&str>, own: Option<&str>) -> Result<String, Fault> {
    let given = |id: &&str| !id.is_empty();
    amqp.filter(given).or(own.filter(given)).map(|id| bounded(prefix, id)).ok_or_else(|| {
        Fault::new(
            "missing_id",
            "neither the AMQP message_id nor the message's own `id` is set; repeats could not be told apart",
        )
    })
}

/// Checks a connector's message against the deployment: the same for AMQP and HTTP.
///
/// # Errors
/// What is wrong: a required field, the service identifier, the customer's identifier.
pub fn check_message(d: &Deployment, message: &CimMessage) -> Result<Sender, Fault> {
    if let Some(fault) = message.body.as_ref().and_then(model::Body::fault) {
        return Err(Fault::new("invalid_body", fault));
    }
    let Some(data) = message.header.channel_data.as_ref() else {
        return Err(Fault::new(
            "missing_field",
            "header.channelData is missing: it names the channel and the customer",
        ));
    };
    let service = data.service_identifier.as_deref().unwrap_or_default();
    let Some(channel) = d.channel_by_service_identifier(service) else {
        return Err(Fault::new(
            "unknown_service_identifier",
            format!(
                "no channel has the serviceIdentifier {service:?}; add it under `channels` in flows/centre.yaml"
            ),
        ));
    };
    let identifier = data.channel_customer_identifier.as_deref().unwrap_or_default();
    if identifier.is_empty() {
        return Err(Fault::new(
            "missing_field",
            "header.channelData.channelCustomerIdentifier is missing: it names the customer",
        ));
    }
    if message.body.is_none() && message.intent().is_none() {
        return Err(Fault::new("missing_field", "the message has neither a body nor an intent"));
    }
    let attribute = d.centre.channel_types.get(&channel.kind).map_or("", |k| k.identifier.as_str());
    Ok(Sender { channel: channel.name.clone(), attribute: attribute.into(), identifier: identifier.into() })
}

fn message(d: &Deployment, delivery: &Delivery) -> Parsed {
    let message = model::read_message(&delivery.body).map_err(unreadable)?;
    let id = with_id("m:", delivery.id.as_deref(), message.message_id())?;
    let sender = check_message(d, &message)?;
    Ok((id, What::Message { message: Box::new(message), sender, arrival: None }))
}

fn unreadable(e: model::ReadError) -> Fault {
    Fault::new(e.code, e.to_string())
}

fn event(delivery: &Delivery) -> Parsed {
    let event = model::read_event(&delivery.body).map_err(unreadable)?;
    let id = with_id("e:", delivery.id.as_deref(), event.id.as_deref())?;
    let conversation = event.conversation_id.clone().filter(|c| !c.is_empty());
    let conversation = conversation.unwrap_or_else(|| delivery.key.clone());
    let input = Box::new(conversation::Input::Event { event: Box::new(event) });
    Ok((id, What::Conversation { id: conversation, input }))
}

fn command(delivery: &Delivery) -> Parsed {
    let json = model::read_json(&delivery.body).map_err(unreadable)?;
    let id = with_id("c:", delivery.id.as_deref(), json["id"].as_str())?;
    let name = json["name"].as_str().unwrap_or_default().to_owned();
    let data = match &json["data"] {
        Json::Null => serde_json::json!({}),
        Json::Object(_) => json["data"].clone(),
        _ => return Err(Fault::new("wrong_field", "`data` of a command is an object")),
    };
    if routing::COMMANDS.contains(&name.as_str()) {
        let input = Box::new(routing::Input::Command { name, data });
        return Ok((id, What::Routing { input }));
    }
    if conversation::COMMANDS.iter().any(|(known, _)| *known == name) {
        let target =
            data["conversationId"].as_str().filter(|c| !c.is_empty()).unwrap_or(&delivery.key).to_owned();
        let input = Box::new(conversation::Input::Command { name, data });
        return Ok((id, What::Conversation { id: target, input }));
    }
    Err(Fault::new("unknown_command", format!("no command is called {name:?}")))
}

fn hop(delivery: Delivery, at: i64) -> Result<Item, (Fault, Box<Delivery>)> {
    // Its id is one of ours already, and is not made anew. Without one it would count as a repeat of any other without.
    let Some(row) = delivery.id.clone().filter(|id| !id.is_empty()) else {
        let detail = "a hop of ours has no AMQP message_id; repeats could not be told apart";
        return Err((Fault::new("missing_id", detail), Box::new(delivery)));
    };
    match of_row(&row, delivery.partition, &delivery.body, at) {
        Ok(item) => Ok(Item { token: Some(delivery.token), reply: delivery.reply, ..item }),
        Err(e) => {
            let fault = Fault::new("malformed", format!("a hop of ours: {e}"));
            Err((fault, Box::new(delivery)))
        }
    }
}

/// A stored hop as an input.
///
/// # Errors
/// Its text cannot be read.
pub(crate) fn of_stored(hop: &StoredHop, at: i64) -> serde_json::Result<Item> {
    of_row(&hop.id, hop.partition, hop.body.as_bytes(), at)
}

/// The input of a hop whose row is called so, whether the row was read or came by the bus.
fn of_row(row: &str, partition: u32, body: &[u8], at: i64) -> serde_json::Result<Item> {
    let hop: Hop = serde_json::from_slice(body)?;
    let mut item = Item::own(row.to_owned(), partition, at, of_hop(hop));
    item.hop = Some(row.to_owned());
    item.source = "hop".into();
    match serde_json::from_slice(body)? {
        First { input: Some(input), raw, source, origin } => {
            item.id = input;
            item.raw = raw.into_bytes();
            item.source = source;
            item.origin = origin.unwrap_or_default();
        }
        First { input: None, .. } => {
            item.raw = body.to_vec();
            item.origin.kind = Kind::Hop.name().into();
        }
    }
    Ok(item)
}

/// Of an input that another engine handed on: what that engine got.
#[derive(serde::Deserialize)]
struct First {
    /// Its id.
    #[serde(default, rename = "inputId")]
    input: Option<String>,
    #[serde(default)]
    raw: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    origin: Option<Origin>,
}

/// The AMQP `type` of a delivery.
pub(crate) fn kind_of(kind: &Result<Kind, String>) -> Cow<'static, str> {
    match kind {
        Ok(kind) => kind.name().into(),
        Err(name) => name.clone().into(),
    }
}

/// What a hop asks for.
pub(crate) fn of_hop(hop: Hop) -> What {
    match hop {
        Hop::Routing { input } => What::Routing { input },
        Hop::Conversation { conversation, input, .. } => What::Conversation { id: conversation, input },
        Hop::Message { message } => {
            let sender =
                Sender { channel: String::new(), attribute: String::new(), identifier: String::new() };
            What::Message { message, sender, arrival: None }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use crate::ports::bus::{Labels, ReplyTo, Token};

    fn delivery(kind: Kind, id: Option<&str>, body: &Json) -> Delivery {
        Delivery {
            partition: 0,
            kind: Ok(kind),
            id: id.map(str::to_owned),
            key: "key".into(),
            labels: Labels::default(),
            body: body.to_string().into_bytes(),
            token: Token { generation: 1, partition: 0, tag: 1 },
            reply: ReplyTo::Nobody,
            redelivered: false,
        }
    }

    #[test]
    fn an_id_of_any_length_becomes_one_that_fits_and_a_repeat_stays_a_repeat() {
        let id = |own: &str| {
            let body = serde_json::json!({ "id": own, "name": "AGENT_LOGIN", "data": {} });
            command(&delivery(Kind::Command, None, &body)).unwrap().0
        };
        assert_eq!(id("login"), "c:login");
        let long = "x".repeat(100_000);
        assert!(id(&long).starts_with("c:") && id(&long).len() <= ID_BYTES_MAX);
        assert_eq!(id(&long), id(&long));
        assert_ne!(id(&long), id(&format!("{long}y")));
        assert!(bounded("dead:", &id(&"x".repeat(126))).len() <= ID_BYTES_MAX);
    }

    #[test]
    fn no_hop_has_the_id_of_a_message() {
        let hop = hop_id("m:q", 0);
        assert_ne!(hop, "m:q/0", "another message may be called so");
        assert_ne!(hop_id(&hop, 1), hop_id("m:q/0", 1), "and what that one asks for, is another hop");
        assert_eq!(asking(&hop_id(&hop, 1)), Some(hop.as_str()));
        assert_eq!((asking(&hop), asking("m:q/0")), (Some("m:q"), None));
    }

    #[test]
    fn an_empty_property_is_no_id_and_the_one_in_the_body_counts() {
        let body = serde_json::json!({ "id": "login", "name": "AGENT_LOGIN", "data": {} });
        assert_eq!(command(&delivery(Kind::Command, Some(""), &body)).unwrap().0, "c:login");
    }

    #[test]
    fn a_hop_without_an_id_is_refused() {
        let body =
            serde_json::json!({ "to": "routing", "input": { "command": { "name": "X", "data": {} } } });
        for nothing in [None, Some("")] {
            let fault = hop(delivery(Kind::Hop, nothing, &body), 0).unwrap_err().0;
            assert_eq!(fault.reason, "missing_id");
        }
    }
}
