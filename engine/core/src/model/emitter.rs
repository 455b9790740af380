//! The well-known senders and emitters of `domain.md` section 1.11.

use super::sender::{Sender, SenderType};

/// The name under which the controller speaks: a bot, also for the welcome text.
pub const CONTROLLER_NAME: &str = "CONVERSATION_MONITOR";
/// The id under which the controller speaks and takes part.
pub const CONTROLLER_ID: &str = "conversation-monitor";

/// The controller.
#[must_use]
pub fn controller() -> Sender {
    named(SenderType::Bot, CONTROLLER_ID, CONTROLLER_NAME)
}

/// The routing engine: tasks, queues, agent states.
#[must_use]
pub fn routing_engine() -> Sender {
    named(SenderType::System, "routing-engine", "ROUTING_ENGINE")
}

/// The conversation manager: conversations, participants, sessions.
#[must_use]
pub fn conversation_manager() -> Sender {
    named(SenderType::System, "conversation-manager", "CONVERSATION_MANAGER")
}

/// The agent manager: what agents' desks do.
#[must_use]
pub fn agent_manager() -> Sender {
    named(SenderType::System, "agent-manager", "AGENT_MANAGER")
}

/// A bot.
#[must_use]
pub fn bot(id: impl Into<String>, name: impl Into<String>) -> Sender {
    named(SenderType::Bot, id, name)
}

/// An agent.
#[must_use]
pub fn agent(id: impl Into<String>, name: impl Into<String>) -> Sender {
    named(SenderType::Agent, id, name)
}

/// A customer.
#[must_use]
pub fn customer(id: impl Into<String>, name: impl Into<String>) -> Sender {
    named(SenderType::Customer, id, name)
}

/// A third-party application.
#[must_use]
pub fn app(id: impl Into<String>, name: impl Into<String>) -> Sender {
    named(SenderType::App, id, name)
}

/// A channel connector, known by its name alone, such as `WEB_CONNECTOR`.
#[must_use]
pub fn connector(name: impl Into<String>) -> Sender {
    let name = name.into();
    named(SenderType::Connector, name.clone(), name)
}

fn named(kind: SenderType, id: impl Into<String>, name: impl Into<String>) -> Sender {
    Sender { id: Some(id.into()), kind: Some(kind), sender_name: Some(name.into()), ..Sender::default() }
}
