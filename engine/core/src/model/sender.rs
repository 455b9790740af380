//! Who speaks: the sender of a message and the emitter of an event.

use super::Json;
use super::wire::choice::open_enum;
use super::wire::object::wire;

wire! {
    /// Who sent a message or emitted an event (`domain.md` section 1.10). Old payloads put a whole
    /// participant here; its fields stay in `extra`.
    pub struct Sender {
        /// Id of the customer, agent, bot, connector or component.
        "id" => id: Option<String>,
        /// What kind of sender it is.
        "type" => kind: Option<SenderType>,
        /// Name to show, such as `WEB_CONNECTOR` or the agent's name.
        "senderName" => sender_name: Option<String>,
        /// Whatever else the sender says about itself, such as the customer's channel identities.
        "additionalDetail" => additional_detail: Option<Json>,
    }
}

open_enum! {
    /// Kinds of senders (`domain.md` section 1.10). Old payloads write them small.
    pub enum SenderType {
        /// A human agent.
        Agent = "AGENT" | "agent",
        /// A bot; the controller speaks as one too.
        Bot = "BOT" | "bot",
        /// The customer.
        Customer = "CUSTOMER" | "customer",
        /// A third-party application.
        App = "APP" | "app",
        /// A channel connector; inbound customer messages arrive with this kind.
        Connector = "CONNECTOR" | "connector",
        /// A component of the platform.
        System = "SYSTEM" | "system",
    }
}
