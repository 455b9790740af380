//! E-mail.

use super::media::Attachment;
use crate::model::wire::object::wire;
use crate::model::{Json, Timestamp};

wire! {
    /// `EMAIL`: an e-mail.
    pub struct EmailBody {
        /// The text without layout.
        "markdownText" => markdown_text: Option<String>,
        /// Subject.
        "subject" => subject: Option<String>,
        /// Who wrote it.
        "from" => from: Option<String>,
        /// Where answers go.
        "replyTo" => reply_to: Vec<String>,
        /// When it arrived.
        "receivingDate" => receiving_date: Option<Timestamp>,
        /// The text with layout.
        "htmlBody" => html_body: Option<String>,
        /// To whom.
        "recipientsTo" => recipients_to: Vec<String>,
        /// Who reads along.
        "recipientsCc" => recipients_cc: Vec<String>,
        /// Who reads along unseen.
        "recipientsBcc" => recipients_bcc: Vec<String>,
        /// The mails it answers.
        "emailThreads" => email_threads: Vec<Json>,
        /// Its files.
        "attachments" => attachments: Vec<Attachment>,
        /// What the connector adds.
        "additionalDetails" => additional_details: Option<Json>,
    }
}
