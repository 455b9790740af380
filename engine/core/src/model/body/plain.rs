//! Text.

use crate::model::wire::object::wire;

wire! {
    /// `PLAIN`: text and nothing else.
    pub struct PlainBody {
        /// The text.
        "markdownText" => markdown_text: Option<String>,
    }
}
