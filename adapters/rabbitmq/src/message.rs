//! Between messages of the broker and messages of the bus.

use convene_runtime::ports::bus::{Delivery, Destination, Kind, Labels, Outgoing, ReplyTo, Token};
use lapin::BasicProperties;
use lapin::types::ShortString;

use crate::headers;
use crate::limits::SHORT_BYTES_MAX;
use crate::names::Names;

/// Stored to disk before it is confirmed.
const PERSISTENT: u8 = 2;
/// Format of every body.
const JSON: &str = "application/json";

/// A message ready to be sent.
pub(crate) struct Envelope<'a> {
    pub(crate) exchange: ShortString,
    pub(crate) key: ShortString,
    /// Whether it is an error when no queue takes it.
    pub(crate) mandatory: bool,
    pub(crate) properties: BasicProperties,
    pub(crate) body: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Wraps a publication.
    ///
    /// Inputs must reach a queue, else they would be lost in silence. Nobody has to listen to `convene.out`, and who
    /// waited for a reply may have left.
    pub(crate) fn of(message: &'a Outgoing, names: &Names) -> Self {
        let mut properties = properties(&message.kind, &message.id);
        if !message.headers.is_empty() {
            properties = properties.with_headers(headers::write(&message.headers));
        }
        let (exchange, key, mandatory) = match &message.to {
            Destination::Out(key) => (names.out.as_str(), short(key), false),
            Destination::In(key) => (names.input.as_str(), short(key), true),
            Destination::Dead { reason, correlation } => {
                if let Some(correlation) = correlation {
                    properties = properties.with_correlation_id(short(correlation));
                }
                (names.dead.as_str(), short(reason), false)
            }
            Destination::Partition(partition) => (names.hop.as_str(), short(&partition.to_string()), true),
            Destination::Reply { queue, correlation } => {
                if let Some(correlation) = correlation {
                    properties = properties.with_correlation_id(short(correlation));
                }
                ("", short(queue), false)
            }
        };
        Self { exchange: short(exchange), key, mandatory, properties, body: &message.body }
    }

    /// Asks for an answer in `queue`, marked with `correlation`.
    pub(crate) fn answer_to(mut self, queue: &str, correlation: &str) -> Self {
        self.properties = self.properties.with_reply_to(short(queue)).with_correlation_id(short(correlation));
        self
    }
}

/// Properties of a persistent JSON message. An id too long for AMQP is left out: cut ids of two messages could be
/// equal, and one of them would be dropped as a duplicate; without one the engine reads the id in the body.
fn properties(kind: &str, id: &str) -> BasicProperties {
    let properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type(short(JSON))
        .with_type(short(kind));
    match ShortString::try_new(id) {
        Ok(id) => properties.with_message_id(id),
        Err(_) => properties,
    }
}

/// An AMQP short string, cut when too long. Equal texts stay equal, so a cut routing key still keeps order.
pub(crate) fn short(text: &str) -> ShortString {
    ShortString::try_new(cut(text, SHORT_BYTES_MAX)).unwrap_or_default()
}

pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// The AMQP `type` of a kind.
pub(crate) fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Message => "cim-message",
        Kind::Event => "cim-event",
        Kind::Command => "command",
        Kind::Hop => "hop",
    }
}

fn kind_of(name: Option<&ShortString>) -> Result<Kind, String> {
    match name.map(ShortString::as_str) {
        None | Some("" | "cim-message") => Ok(Kind::Message),
        Some("cim-event") => Ok(Kind::Event),
        Some("command") => Ok(Kind::Command),
        Some("hop") => Ok(Kind::Hop),
        Some(other) => Err(other.to_owned()),
    }
}

/// What the broker delivered for a partition.
pub(crate) fn delivery(from: lapin::message::Delivery, partition: u32, generation: u64) -> Delivery {
    let properties = &from.properties;
    let reply = match properties.reply_to() {
        Some(queue) if !queue.as_str().is_empty() => ReplyTo::Queue {
            queue: queue.to_string(),
            correlation: properties.correlation_id().as_ref().map(ToString::to_string),
        },
        _ => ReplyTo::Nobody,
    };
    Delivery {
        partition,
        kind: kind_of(properties.kind().as_ref()),
        id: properties.message_id().as_ref().map(ToString::to_string),
        key: from.routing_key.to_string(),
        labels: Labels {
            correlation: properties.correlation_id().as_ref().map(ToString::to_string),
            headers: properties.headers().as_ref().map(headers::sent).unwrap_or_default(),
        },
        token: Token { generation, partition, tag: from.delivery_tag },
        reply,
        redelivered: from.redelivered,
        body: from.data,
    }
}

/// What was published on `convene.out`.
pub(crate) fn publication(from: lapin::message::Delivery) -> Outgoing {
    let text = |value: &Option<ShortString>| value.as_ref().map(ToString::to_string).unwrap_or_default();
    Outgoing {
        to: Destination::Out(from.routing_key.to_string()),
        id: text(from.properties.message_id()),
        kind: text(from.properties.kind()),
        body: from.data.into(),
        headers: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use lapin::types::AMQPValue;

    use super::*;
    use crate::limits::HEADER_BYTES_MAX;

    fn outgoing(to: Destination) -> Outgoing {
        Outgoing {
            to,
            id: "m1".into(),
            kind: "cim-message".into(),
            body: Vec::from(*b"{}").into(),
            headers: Vec::new(),
        }
    }

    #[test]
    fn inputs_must_be_routed_and_publications_need_not() {
        let names = Names::new("convene");
        for (to, exchange, key, mandatory) in [
            (Destination::In("k".into()), "convene.in", "k", true),
            (Destination::Partition(3), "convene.hop", "3", true),
            (Destination::Out("agent.amal".into()), "convene.out", "agent.amal", false),
            (
                Destination::Dead { reason: "malformed".into(), correlation: None },
                "convene.dead",
                "malformed",
                false,
            ),
            (Destination::Reply { queue: "q".into(), correlation: Some("c".into()) }, "", "q", false),
        ] {
            let message = outgoing(to);
            let envelope = Envelope::of(&message, &names);
            assert_eq!(
                (envelope.exchange.as_str(), envelope.key.as_str(), envelope.mandatory),
                (exchange, key, mandatory)
            );
            assert_eq!(*envelope.properties.delivery_mode(), Some(2));
            assert_eq!(envelope.properties.content_type().as_ref().unwrap().as_str(), "application/json");
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters_and_long_ids_left_out() {
        let long = format!("{}ä", "a".repeat(254));
        assert_eq!(short(&long).as_str(), "a".repeat(254));
        let mut message = outgoing(Destination::In(long.clone()));
        message.id = long;
        message.headers = vec![("x-detail".into(), "d".repeat(100_000).into())];
        let names = Names::new("convene");
        let envelope = Envelope::of(&message, &names);
        assert_eq!(envelope.key.as_str().len(), 254);
        assert_eq!(*envelope.properties.message_id(), None);
        let headers = envelope.properties.headers().clone().unwrap();
        let AMQPValue::LongString(detail) = &headers.inner()["x-detail"] else { panic!("not a string") };
        assert_eq!(detail.len(), HEADER_BYTES_MAX);
    }

    #[test]
    fn types_are_read_and_unknown_ones_kept_by_name() {
        assert_eq!(kind_of(None), Ok(Kind::Message));
        for kind in [Kind::Message, Kind::Event, Kind::Command, Kind::Hop] {
            assert_eq!(kind_of(Some(&short(type_of(kind)))), Ok(kind));
        }
        assert_eq!(kind_of(Some(&short("cim-massage"))), Err("cim-massage".into()));
    }
}
