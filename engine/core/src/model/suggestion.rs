//! Suggestions: what an assisting bot would say (`domain.md` section 1.10).

use serde_json::Number;

use super::body::Body;
use super::message::{CimMessage, Header};
use super::wire::object::wire;

wire! {
    /// What an assisting bot proposes to the agent; data of `BOT_SUGGESTION`.
    pub struct SuggestionMessage {
        /// Id of the proposal.
        "id" => id: Option<String>,
        /// Who, to whom.
        "header" => header: Header,
        /// The proposals, the surest first.
        "suggestions" => suggestions: Vec<Suggestion>,
        /// The customer's message they answer.
        "requestedMessage" => requested_message: Option<Box<CimMessage>>,
    }
}

wire! {
    /// One proposal.
    pub struct Suggestion {
        /// What to say.
        "messageBody" => message_body: Option<Body>,
        /// How sure the bot is, 0 to 1.
        "confidenceLevel" => confidence_level: Option<Number>,
    }
}
