//! Rows of cards.

use super::button::Button;
use crate::model::Json;
use crate::model::wire::choice::open_enum;
use crate::model::wire::object::wire;

wire! {
    /// `CAROUSEL`: a row of cards.
    pub struct CarouselBody {
        /// Text above the cards.
        "markdownText" => markdown_text: Option<String>,
        /// What the cards carry.
        "carouselMessageType" => carousel_message_type: Option<CarouselMessageType>,
        /// The cards.
        "elements" => elements: Vec<CarouselElement>,
        /// What the channel adds.
        "additionalDetails" => additional_details: Option<Json>,
    }
}

wire! {
    /// A card.
    pub struct CarouselElement {
        /// What it says.
        "text" => text: Option<String>,
        /// Where to fetch its picture or film.
        "url" => url: Option<String>,
        /// Its buttons.
        "buttons" => buttons: Vec<Button>,
        /// What a tap on the card does.
        "defaultAction" => default_action: Option<DefaultAction>,
        /// What the channel adds.
        "additionalCarouselElementDetails" => additional_carousel_element_details: Option<Json>,
    }
}

wire! {
    /// What a tap on a card does.
    pub struct DefaultAction {
        /// Kind of action.
        "type" => kind: Option<String>,
        /// Where it leads.
        "url" => url: Option<String>,
    }
}

open_enum! {
    /// What cards carry.
    pub enum CarouselMessageType {
        /// Pictures or films.
        Media = "MEDIA",
        /// Text, picture and buttons.
        GenericRichMedia = "GENERIC_RICH_MEDIA",
    }
}
