//! Calls.

use crate::model::wire::object::wire;

wire! {
    /// `VOICE`: a call or a leg of one. It is an open map: dialogs and the like lie in `extra`.
    pub struct VoiceBody {
        /// Text that goes with it.
        "markdownText" => markdown_text: Option<String>,
        /// The call.
        "callId" => call_id: Option<String>,
        /// The leg.
        "leg" => leg: Option<String>,
        /// Why it is so, such as `DIALOG_ENDED`.
        "reasonCode" => reason_code: Option<String>,
    }
}
