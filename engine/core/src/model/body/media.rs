//! Pictures, films, sounds and files.

use crate::model::Json;
use crate::model::wire::object::wire;

wire! {
    /// `IMAGE`, `VIDEO`, `AUDIO`, `FILE` or `MULTIMEDIA`: a file kept elsewhere.
    pub struct MediaBody {
        /// Text that goes with it.
        "markdownText" => markdown_text: Option<String>,
        /// Its caption.
        "caption" => caption: Option<String>,
        /// The file.
        "attachment" required => attachment: Option<Attachment>,
        /// What the channel adds.
        "additionalDetails" => additional_details: Option<Json>,
    }
}

wire! {
    /// A file kept elsewhere.
    pub struct Attachment {
        /// Where to fetch it.
        "mediaUrl" required => media_url: Option<String>,
        /// A small picture of it, or where to fetch one.
        "thumbnail" => thumbnail: Option<String>,
        /// Its media type.
        "mimeType" => mime_type: Option<String>,
        /// Its length in bytes.
        "size" => size: Option<i64>,
        /// Text to show.
        "mediaLabel" => media_label: Option<String>,
        /// Its file name.
        "mediaName" => media_name: Option<String>,
    }
}
