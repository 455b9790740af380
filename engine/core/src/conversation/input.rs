//! What a conversation is stepped with.

use serde::{Deserialize, Serialize};

use crate::directory::Arrival;
use crate::model::{CimEvent, CimMessage, Json};
use crate::routing::Tell;

/// An input with the time it was taken and the id by which repeats are known. Fresh ids are derived from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamped<T> {
    /// Input id, unique over all inputs.
    pub id: String,
    /// Epoch ms.
    pub at: i64,
    /// The input.
    pub input: T,
}

/// An input of the conversation machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Input {
    /// A message of a channel connector: from a customer, or about a message.
    Message {
        /// The message.
        message: Box<CimMessage>,
        /// What the directory knew of its sender.
        arrival: Box<Arrival>,
    },
    /// An event published by an app or a desk about this conversation.
    Event {
        /// The event.
        event: Box<CimEvent>,
    },
    /// A command of an agent, an app or an admin.
    Command {
        /// Name (`contract.md` section 3).
        name: String,
        /// Its data.
        data: Json,
    },
    /// A timer is due.
    Timer {
        /// Name.
        name: String,
        /// Id of the setting.
        timer: String,
    },
    /// The routing machine tells something.
    Routing {
        /// What.
        tell: Box<Tell>,
    },
    /// A bot call is over.
    Bot {
        /// Bot name.
        bot: String,
        /// Id of the call.
        call: String,
        /// How it ended.
        outcome: BotResult,
    },
    /// Everything that closing waits for is done.
    Archived,
    /// Another conversation takes the customer over (U02): close, then tell it.
    GiveWay {
        /// Who asks.
        link: Link,
    },
}

/// A link that waits until the customer's other conversation is closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// Conversation that is to be linked.
    pub conversation: String,
    /// Its home partition.
    pub home: u32,
    /// The customer.
    pub customer: String,
    /// Whether the profile keeps the addresses of that conversation.
    #[serde(default)]
    pub add_identifier: bool,
    /// What the customer wrote while the other conversation closed (U07): it comes after the link.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Json>,
}

impl Link {
    /// The order to that conversation, once nothing stands in the way.
    #[must_use]
    pub fn order(&self) -> Input {
        let data = serde_json::json!({
            "customerId": self.customer,
            "addIdentifier": self.add_identifier,
            // Whoever writes between the close and the link begins a conversation, which gives way as well.
            "force": true,
            "waiting": self.waiting,
        });
        Input::Command { name: "LINK_CUSTOMER".into(), data }
    }
}

/// How a bot call ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum BotResult {
    /// It answered: one response or a list.
    Answered {
        /// The JSON as it came.
        answer: Json,
    },
    /// It did not answer in time.
    TimedOut,
    /// It could not be asked, or its answer is none.
    Failed {
        /// Why.
        reason: String,
    },
}

impl Input {
    /// Short name for the journal's skeleton; holds no words of people.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::Message { message, .. } => {
                let what = message.intent().filter(|i| crate::conversation::is_command_intent(i));
                what.map_or_else(|| "message".into(), |intent| format!("message {intent}"))
            }
            Self::Event { event } => format!("event {}", event.name.as_str()),
            Self::Command { name, .. } => format!("command {name}"),
            Self::Timer { name, .. } => format!("timer {}", name.split(':').next().unwrap_or(name)),
            Self::Routing { tell } => format!("routing {}", tell.kind()),
            Self::Bot { outcome, .. } => match outcome {
                BotResult::Answered { .. } => "bot answered".into(),
                BotResult::TimedOut => "bot timed out".into(),
                BotResult::Failed { .. } => "bot failed".into(),
            },
            Self::Archived => "archived".into(),
            Self::GiveWay { .. } => "give way".into(),
        }
    }
}
