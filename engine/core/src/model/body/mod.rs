//! What a message says: one type per `body.type` of `domain.md` section 1.10.
//!
//! An unknown type is kept whole and passed through. A known type with missing fields is read all the same;
//! [`Body::check`] tells what is missing, and the engine refuses such messages from customers and agents.

mod action;
mod button;
mod carousel;
mod email;
mod media;
mod notice;
mod place;
mod plain;
mod receipt;
mod social;
mod template;
mod voice;
mod wrapup;

pub use action::{ActionBody, CustomBody};
pub use button::{Button, ButtonBody, ButtonMessageType};
pub use carousel::{CarouselBody, CarouselElement, CarouselMessageType, DefaultAction};
pub use email::EmailBody;
pub use media::{Attachment, MediaBody};
pub use notice::{
    DeletedNotificationBody, DeliveryNotificationBody, DeliveryStatus, NotificationBody, NotificationType,
};
pub use place::{Contact, ContactBody, ContactName, ContactPhone, LocationBody, LocationPoint};
pub use plain::PlainBody;
pub use receipt::{ReceiptAddress, ReceiptAdjustment, ReceiptBody, ReceiptElement, ReceiptSummary};
pub use social::{CommentBody, CommentItemType, StickerBody, UrlBody};
pub use template::{TemplateBody, TemplateComponent, TemplateLanguage, TemplateParameter};
pub use voice::VoiceBody;
pub use wrapup::{WrapUp, WrapUpBody};

use serde::ser::{SerializeMap, Serializer};

use super::wire::{Place, Wire, WireObject, WrongField};
use super::{Json, JsonMap};

/// The key that tells the types apart.
const TYPE: &str = "type";

macro_rules! bodies {
    ( $( $(#[doc = $doc:literal])* $kind:ident $text:literal $body:ident )* ) => {
        /// What a message says.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Body {
            $( $(#[doc = $doc])* $kind(Box<$body>), )*
            /// Any other type, such as `VOICE_RECORDING`, with everything it carries.
            Other {
                /// The type; empty when there was none that could be read, and then `fields` holds what was
                /// there.
                kind: String,
                /// Everything but the type.
                fields: JsonMap,
            },
        }

        impl Body {
            /// The names of all known types, in the order of the specification.
            pub const KINDS: &'static [&'static str] = &[$($text),*];

            /// The type of the body, such as `PLAIN`; empty when the body names none.
            #[must_use]
            pub fn kind(&self) -> &str {
                match self {
                    $( Body::$kind(_) => $text, )*
                    Body::Other { kind, .. } => kind,
                }
            }

            /// The text of the body. It is opaque: plain or markdown, never decoded (U01).
            #[must_use]
            pub fn markdown_text(&self) -> Option<&str> {
                match self {
                    $( Body::$kind(body) => body.markdown_text.as_deref(), )*
                    Body::Other { fields, .. } => fields.get("markdownText")?.as_str(),
                }
            }

            /// Everything the body carries besides its known fields.
            #[must_use]
            pub fn extra(&self) -> &JsonMap {
                match self {
                    $( Body::$kind(body) => &body.extra, )*
                    Body::Other { fields, .. } => fields,
                }
            }

            fn read(kind: String, fields: JsonMap) -> Result<Self, WrongField> {
                match kind.as_str() {
                    $( $text => WireObject::from_map(fields).map(Box::new).map(Body::$kind), )*
                    _ => Ok(Body::Other { kind, fields }),
                }
            }

            fn write_entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                match self {
                    $( Body::$kind(body) => body.write_entries(map), )*
                    Body::Other { kind, fields } => {
                        fields.iter().filter(|(key, _)| *key != TYPE || kind.is_empty()).try_for_each(
                            |(key, value)| map.serialize_entry(key, value),
                        )
                    }
                }
            }

            fn check_fields(&self, at: &Place<'_>, found: &mut Vec<String>) {
                match self {
                    $( Body::$kind(body) => body.check_fields(at, found), )*
                    Body::Other { kind, .. } if kind.is_empty() => {
                        found.push(format!("{}: is required", Place::Key(at, TYPE)));
                    }
                    Body::Other { .. } => {}
                }
            }

            /// The schema of each known type.
            fn schemas(generator: &mut schemars::SchemaGenerator) -> Vec<(&'static str, schemars::Schema)> {
                vec![$( ($text, generator.subschema_for::<$body>()) ),*]
            }
        }
    };
}

bodies! {
    /// Text.
    Plain "PLAIN" PlainBody
    /// A picture.
    Image "IMAGE" MediaBody
    /// A film.
    Video "VIDEO" MediaBody
    /// A sound.
    Audio "AUDIO" MediaBody
    /// A file.
    File "FILE" MediaBody
    /// Any medium.
    Multimedia "MULTIMEDIA" MediaBody
    /// A sticker.
    Sticker "STICKER" StickerBody
    /// A link.
    Url "URL" UrlBody
    /// A place.
    Location "LOCATION" LocationBody
    /// Address cards.
    Contact "CONTACT" ContactBody
    /// Buttons or quick replies.
    Button "BUTTON" ButtonBody
    /// A row of cards.
    Carousel "CAROUSEL" CarouselBody
    /// A message template that the provider fills in.
    Template "TEMPLATE" TemplateBody
    /// A receipt.
    Receipt "RECEIPT" ReceiptBody
    /// An e-mail.
    Email "EMAIL" EmailBody
    /// A comment on a post.
    Comment "COMMENT" CommentBody
    /// A call or a leg of one.
    Voice "VOICE" VoiceBody
    /// An agent's wrap-up.
    WrapUp "WRAPUP" WrapUpBody
    /// A notice about the conversation.
    Notification "NOTIFICATION" NotificationBody
    /// What became of a message.
    DeliveryNotification "DELIVERYNOTIFICATION" DeliveryNotificationBody
    /// A message was deleted.
    DeletedNotification "DELETEDNOTIFICATION" DeletedNotificationBody
    /// An order to the controller.
    Action "ACTION" ActionBody
    /// Anything an installation agrees upon.
    Custom "CUSTOM" CustomBody
}

impl Body {
    /// A text.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Body::Plain(Box::new(PlainBody { markdown_text: Some(text.into()), ..PlainBody::default() }))
    }

    /// A notice about the conversation.
    #[must_use]
    pub fn notification(kind: NotificationType, text: impl Into<String>, data: JsonMap) -> Self {
        Body::Notification(Box::new(NotificationBody {
            markdown_text: Some(text.into()),
            notification_type: Some(kind),
            notification_data: Some(data),
            ..NotificationBody::default()
        }))
    }

    /// A text with quick replies, each a title and the payload that comes back as the intent of the answer.
    #[must_use]
    pub fn buttons<T, P>(text: impl Into<String>, buttons: impl IntoIterator<Item = (T, P)>) -> Self
    where
        T: Into<String>,
        P: Into<String>,
    {
        Body::Button(Box::new(ButtonBody {
            markdown_text: Some(text.into()),
            button_message_type: Some(ButtonMessageType::QuickReplies),
            buttons: buttons.into_iter().map(|(title, payload)| Button::new(title, payload)).collect(),
            ..ButtonBody::default()
        }))
    }

    /// Reads a body.
    ///
    /// # Errors
    /// Where it holds a value of the wrong type, and what was expected there.
    pub(crate) fn of_json(value: Json) -> Result<Self, WrongField> {
        Self::from_json(value)
    }

    /// The schema of a known type, and under `definitions` what it refers to.
    pub(crate) fn schema_of(kind: &str) -> Option<Json> {
        let mut generator = schemars::SchemaGenerator::default();
        let (_, schema) = Body::schemas(&mut generator).into_iter().find(|(text, _)| *text == kind)?;
        Some(serde_json::json!({ "schema": schema, "definitions": generator.definitions() }))
    }

    /// What a complete body of this type would need, one sentence per finding, each beginning with its path
    /// such as `body.attachment.mediaUrl`; empty when the body is complete.
    #[must_use]
    pub fn check(&self) -> Vec<String> {
        let mut found = Vec::new();
        Wire::check(self, &Place::Root("body"), &mut found);
        found
    }

    /// The same in one sentence; `None` when the body is complete.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        Some(self.check().join("; ")).filter(|faults| !faults.is_empty())
    }
}

impl Wire for Body {
    fn from_json(value: Json) -> Result<Self, WrongField> {
        let mut map = JsonMap::from_json(value)?;
        match map.get(TYPE) {
            Some(Json::String(kind)) if !kind.is_empty() => {}
            None | Some(Json::Null | Json::String(_)) => {
                return Ok(Body::Other { kind: String::new(), fields: map });
            }
            Some(other) => return Err(WrongField::expected("a string", other).under(TYPE)),
        }
        let kind = map.remove(TYPE).map(String::from_json).transpose()?.unwrap_or_default();
        Body::read(kind, map)
    }
    fn check(&self, at: &Place<'_>, found: &mut Vec<String>) {
        self.check_fields(at, found);
        if let Body::WrapUp(body) = self {
            body.check_count(at, found);
        }
    }
}

impl serde::Serialize for Body {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if !self.kind().is_empty() {
            map.serialize_entry(TYPE, self.kind())?;
        }
        self.write_entries(&mut map)?;
        map.end()
    }
}

impl<'de> serde::Deserialize<'de> for Body {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::from_json(Json::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Body {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Body".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let by_type: Vec<Json> = Body::schemas(generator)
            .into_iter()
            .map(|(kind, schema)| {
                let of_kind =
                    serde_json::json!({ "properties": { TYPE: { "const": kind } }, "required": [TYPE] });
                serde_json::json!({ "if": of_kind, "then": schema })
            })
            .collect();
        schemars::json_schema!({
            "description": "What a message says. Other types pass through with everything they carry.",
            "type": "object",
            "properties": { TYPE: { "type": "string", "examples": Body::KINDS } },
            "required": [TYPE],
            "allOf": by_type,
        })
    }
}
