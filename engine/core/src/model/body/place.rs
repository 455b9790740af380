//! Places and address cards.

use serde_json::Number;

use crate::model::Json;
use crate::model::wire::object::wire;

wire! {
    /// `LOCATION`: a place.
    pub struct LocationBody {
        /// Text that goes with it.
        "markdownText" => markdown_text: Option<String>,
        /// Where it is.
        "location" required => location: Option<LocationPoint>,
        /// Name, address, link.
        "additionalDetails" => additional_details: Option<Json>,
    }
}

wire! {
    /// A point on the earth, in degrees.
    pub struct LocationPoint {
        /// Degrees north.
        "latitude" required => latitude: Option<Number>,
        /// Degrees east.
        "longitude" required => longitude: Option<Number>,
    }
}

wire! {
    /// `CONTACT`: address cards.
    pub struct ContactBody {
        /// Text that goes with them.
        "markdownText" => markdown_text: Option<String>,
        /// The cards.
        "contacts" => contacts: Vec<Contact>,
        /// What the channel adds.
        "additionalDetails" => additional_details: Option<Json>,
    }
}

wire! {
    /// An address card.
    pub struct Contact {
        /// Whose it is.
        "name" required => name: Option<ContactName>,
        /// Phone numbers.
        "phones" => phones: Vec<ContactPhone>,
        /// Addresses, mail, links and the like.
        "additionalContactDetails" => additional_contact_details: Option<Json>,
    }
}

wire! {
    /// The name on an address card.
    pub struct ContactName {
        /// The whole name.
        "formattedName" required => formatted_name: Option<String>,
        /// Its parts.
        "additionalNameDetails" => additional_name_details: Option<Json>,
    }
}

wire! {
    /// A phone number on an address card.
    pub struct ContactPhone {
        /// The number.
        "phone" => phone: Option<String>,
        /// What kind of number it is.
        "additionalPhoneDetails" => additional_phone_details: Option<Json>,
    }
}
