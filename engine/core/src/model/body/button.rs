//! Buttons and quick replies.

use crate::model::Json;
use crate::model::wire::choice::open_enum;
use crate::model::wire::object::wire;

wire! {
    /// `BUTTON`: a text with buttons. A press comes back as a message whose intent is the button's payload.
    pub struct ButtonBody {
        /// The text above the buttons.
        "markdownText" => markdown_text: Option<String>,
        /// How the buttons look.
        "buttonMessageType" => button_message_type: Option<ButtonMessageType>,
        /// The buttons.
        "buttons" => buttons: Vec<Button>,
        /// Layout of interactive lists.
        "additionalDetails" => additional_details: Option<Json>,
    }
}

wire! {
    /// A button.
    pub struct Button {
        /// What it says.
        "title" required => title: Option<String>,
        /// What pressing it means.
        "payload" required => payload: Option<String>,
        /// Type of the payload, usually `String`.
        "type" required => kind: Option<String>,
        /// Section of a list, description.
        "additionalButtonDetails" => additional_button_details: Option<Json>,
    }
}

impl Button {
    /// A button whose payload is a text.
    #[must_use]
    pub fn new(title: impl Into<String>, payload: impl Into<String>) -> Self {
        Button {
            title: Some(title.into()),
            payload: Some(payload.into()),
            kind: Some("String".to_owned()),
            ..Button::default()
        }
    }
}

open_enum! {
    /// How buttons look.
    pub enum ButtonMessageType {
        /// Buttons that stay.
        Button = "BUTTON",
        /// Replies that go away after one is chosen.
        QuickReplies = "QUICK_REPLIES",
    }
}
