//! Links, stickers and comments on posts.

use super::media::Attachment;
use crate::model::Json;
use crate::model::wire::choice::open_enum;
use crate::model::wire::object::wire;

wire! {
    /// `URL`: a link.
    pub struct UrlBody {
        /// Text that goes with it.
        "markdownText" => markdown_text: Option<String>,
        /// Where it leads.
        "mediaUrl" required => media_url: Option<String>,
    }
}

wire! {
    /// `STICKER`: a sticker.
    pub struct StickerBody {
        /// Text that goes with it.
        "markdownText" => markdown_text: Option<String>,
        /// Where to fetch its picture.
        "mediaUrl" required => media_url: Option<String>,
        /// The channel's id of it.
        "stickerId" => sticker_id: Option<String>,
        /// What the channel adds.
        "additionalDetails" => additional_details: Option<Json>,
    }
}

wire! {
    /// `COMMENT`: something that happened below a post.
    pub struct CommentBody {
        /// The comment.
        "markdownText" => markdown_text: Option<String>,
        /// The post.
        "postId" required => post_id: Option<String>,
        /// A file in the comment.
        "attachment" => attachment: Option<Attachment>,
        /// What happened.
        "itemType" required => item_type: Option<CommentItemType>,
    }
}

open_enum! {
    /// What happened below a post.
    pub enum CommentItemType {
        /// A film was posted.
        Video = "VIDEO",
        /// A text was posted.
        Text = "TEXT",
        /// A picture was posted.
        Image = "IMAGE",
        /// Somebody likes it.
        Like = "LIKE",
        /// Somebody likes it no longer.
        Unlike = "UNLIKE",
        /// It was deleted.
        Delete = "DELETE",
        /// It was hidden.
        Hide = "HIDE",
        /// It was answered in private.
        PrivateReply = "PRIVATE_REPLY",
    }
}
