//! The address data that travels with every message, and typed attributes.

use super::Json;
use super::wire::choice::open_enum;
use super::wire::object::wire;

wire! {
    /// Who on which channel (`domain.md` section 1.6): required on outbound messages, and what an inbound
    /// message is resolved by.
    pub struct ChannelData {
        /// The customer's address on the channel: phone number, page-scoped id, web visitor id.
        "channelCustomerIdentifier" required => channel_customer_identifier: Option<String>,
        /// The address the customer reached; it resolves the channel.
        "serviceIdentifier" required => service_identifier: Option<String>,
        /// Priority of a request for an agent, 0 to 10; 0 when not said.
        "requestPriority" => request_priority: Option<i64>,
        /// First name as the channel knows it.
        "customerFirstName" => customer_first_name: Option<String>,
        /// Last name as the channel knows it.
        "customerLastName" => customer_last_name: Option<String>,
        /// More about the visit; web chat sends one attribute of type `WebChannelData`.
        "additionalAttributes" => additional_attributes: Vec<Attribute>,
    }
}

impl ChannelData {
    /// The address pair of a customer on a channel.
    #[must_use]
    pub fn new(
        channel_customer_identifier: impl Into<String>,
        service_identifier: impl Into<String>,
    ) -> Self {
        ChannelData {
            channel_customer_identifier: Some(channel_customer_identifier.into()),
            service_identifier: Some(service_identifier.into()),
            ..ChannelData::default()
        }
    }
}

wire! {
    /// A named value with its type (`domain.md` section 1.6).
    pub struct Attribute {
        /// Name of the attribute.
        "key" => key: Option<String>,
        /// Type of the value. The wire also carries types outside the list.
        "type" => kind: Option<ValueType>,
        /// The value.
        "value" => value: Option<Json>,
    }
}

open_enum! {
    /// Types of attribute values (`domain.md` section 1.6).
    pub enum ValueType {
        /// Letters and digits, at most 100.
        Alphanum100 = "Alphanum100",
        /// Letters, digits and signs, at most 200.
        AlphanumSpecial200 = "AlphanumSpecial200",
        /// Text of at most 2000 characters.
        String2000 = "String2000",
        /// Text of at most 50 characters.
        String50 = "String50",
        /// Text of at most 100 characters.
        String100 = "String100",
        /// A number above zero.
        PositiveNumber = "PositiveNumber",
        /// An IP address.
        Ip = "IP",
        /// A number.
        Number = "Number",
        /// A phone number.
        PhoneNumber = "PhoneNumber",
        /// A URL.
        Url = "URL",
        /// True or false.
        Boolean = "Boolean",
        /// An e-mail address.
        Email = "Email",
        /// A secret, never shown.
        Password = "Password",
        /// A list of texts.
        StringList = "StringList",
        /// What a web chat widget knows of its visitor.
        WebChannelData = "WebChannelData",
    }
}
