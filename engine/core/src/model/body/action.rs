//! Orders to the controller, and private agreements.

use crate::model::wire::object::wire;
use crate::model::{Json, JsonMap};

wire! {
    /// `ACTION`: an order to the controller.
    pub struct ActionBody {
        /// Text that goes with it.
        "markdownText" => markdown_text: Option<String>,
        /// Name of the action (`domain.md` section 2.3).
        "name" required => name: Option<String>,
        /// Its data.
        "data" => data: Option<JsonMap>,
    }
}

wire! {
    /// `CUSTOM`: whatever an installation agrees upon.
    pub struct CustomBody {
        /// Text that goes with it.
        "markdownText" => markdown_text: Option<String>,
        /// The content.
        "jsonNode" => json_node: Option<Json>,
    }
}
