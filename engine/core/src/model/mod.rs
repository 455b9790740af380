//! The objects of the wire: what channels, bots, agents' desks and apps send, and what the engine tells them
//! (`domain.md` sections 1.3 to 1.15, 2.1 to 2.3).
//!
//! Reading is tolerant, writing is strict, and what is read and written again comes back equal: see [`wire`].
//! Bytes from outside come in through [`read_message`], [`read_event`] or [`read()`], which refuse hostile
//! input.

pub mod emitter;
pub mod wire;

mod action;
mod agent;
mod attribute;
mod body;
mod channel;
mod conversation;
mod customer;
mod event;
mod event_name;
mod intent;
mod message;
mod participant;
mod read;
mod room;
mod sender;
mod session;
mod suggestion;
mod task;
mod time;

#[cfg(test)]
mod tests;

pub use action::ActionName;
pub use agent::{
    AgentMrdState, AgentPresence, AgentState, AgentStateName, AssociatedMrd, AssociatedRoutingAttribute,
    CcUser, KeycloakUser, MediaRoutingDomain, MrdStateName, ReasonCode, RoutingAttribute,
    RoutingAttributeType, TeamRef,
};
pub use attribute::{Attribute, ChannelData, ValueType};
pub use body::{
    ActionBody, Attachment, Body, Button, ButtonBody, ButtonMessageType, CarouselBody, CarouselElement,
    CarouselMessageType, CommentBody, CommentItemType, Contact, ContactBody, ContactName, ContactPhone,
    CustomBody, DefaultAction, DeletedNotificationBody, DeliveryNotificationBody, DeliveryStatus, EmailBody,
    LocationBody, LocationPoint, MediaBody, NotificationBody, NotificationType, PlainBody, ReceiptAddress,
    ReceiptAdjustment, ReceiptBody, ReceiptElement, ReceiptSummary, StickerBody, TemplateBody,
    TemplateComponent, TemplateLanguage, TemplateParameter, UrlBody, VoiceBody, WrapUp, WrapUpBody,
};
pub use channel::{
    AgentSelectionPolicy, Channel, ChannelConfig, ChannelConnector, ChannelMode, ChannelProviderInterface,
    ChannelType, RoutingMode, RoutingPolicy, Tenant,
};
pub use conversation::{
    AgentHandRaise, ConversationDto, ConversationMetadata, ConversationState, Gadget, HoldTimerDetails,
    SlaTimer,
};
pub use customer::{AttributeSchema, AttributeType, Customer, CustomerSchema, IdentifiedCustomer};
pub use event::{CimEvent, EventType};
pub use event_name::{EVENTS, EventName, EventRow};
pub use intent::Intent;
pub use message::{CimMessage, Header};
pub use participant::{
    App, Bot, BotType, ConversationParticipant, Monitor, Participant, ParticipantRole, ParticipantType,
    SubscriptionState,
};
pub use read::{MESSAGE_BYTES_MAX, NESTING_MAX, ReadError, read, read_event, read_json, read_message};
pub use room::{Room, RoomInfo, RoomMember, RoomMemberType, RoomMode, RoomType};
pub use sender::{Sender, SenderType};
pub use session::{
    ActiveFlag, ChannelSession, Direction, SessionReason, SessionState, SessionStateName, SessionStateObject,
};
pub use suggestion::{Suggestion, SuggestionMessage};
pub use task::{
    AgentReservedDto, AssignResourceRequest, MediaState, NamedRef, QueueRef, QueueTarget, QueueTargetType,
    RevokeResourceDto, Task, TaskDirection, TaskEnqueuedDto, TaskMedia, TaskMode, TaskReason, TaskState,
    TaskStateChangedDto, TaskStateName, TaskType,
};
pub use time::{Timestamp, iso};
pub use wire::{Wire, WrongField};

/// Any JSON value.
pub type Json = serde_json::Value;
/// A JSON object.
pub type JsonMap = serde_json::Map<String, Json>;
