//! Customers and how they are identified (`domain.md` section 1.5).

use super::Json;
use super::wire::choice::open_enum;
use super::wire::object::wire;

/// The customer attribute that holds labels.
const LABELS: &str = "labelNames";

wire! {
    /// A customer profile. Every attribute of the customer schema lies flat in `extra`, for instance
    /// `"web": ["0991223"]`.
    pub struct Customer {
        /// Id of the profile.
        "_id" => id: Option<String>,
        /// The whole name; a connector's first and last name are joined here.
        "firstName" => first_name: Option<String>,
        /// Phone numbers, a channel identity like any other.
        "phoneNumber" => phone_number: Vec<String>,
        /// True until somebody confirms who it is.
        "isAnonymous" => is_anonymous: Option<bool>,
        /// Version of the record.
        "__v" => version: Option<i64>,
    }
}

impl Customer {
    /// The labels of the customer, case-sensitive; they raise priority and forbid calls.
    #[must_use]
    pub fn labels(&self) -> Vec<&str> {
        texts(self.extra.get(LABELS))
    }

    /// The identities stored under an attribute of the customer schema, such as `web` or `phoneNumber`.
    #[must_use]
    pub fn identifiers(&self, attribute: &str) -> Vec<&str> {
        match attribute {
            "phoneNumber" => self.phone_number.iter().map(String::as_str).collect(),
            other => texts(self.extra.get(other)),
        }
    }

    /// Takes an identity away; one that is not there is no matter.
    pub fn remove_identifier(&mut self, attribute: &str, identifier: &str) {
        self.phone_number.retain(|number| attribute != "phoneNumber" || number != identifier);
        match self.extra.get_mut(attribute) {
            Some(Json::Array(list)) => list.retain(|value| value != identifier),
            Some(single) if *single == identifier => *single = Json::Array(Vec::new()),
            _ => {}
        }
    }

    /// Stores one more identity under an attribute of the customer schema; one that is there already stays
    /// single.
    ///
    /// An attribute with a value that is no list becomes one. The limit of ten values is the caller's to
    /// keep.
    pub fn add_identifier(&mut self, attribute: &str, identifier: &str) {
        if self.identifiers(attribute).contains(&identifier) {
            return;
        }
        if attribute == "phoneNumber" {
            self.phone_number.push(identifier.to_owned());
            return;
        }
        match self.extra.entry(attribute).or_insert(Json::Null) {
            Json::Array(list) => list.push(identifier.into()),
            none @ Json::Null => *none = Json::from(vec![identifier]),
            single => {
                let both = vec![single.take(), identifier.into()];
                *single = Json::Array(both);
            }
        }
    }
}

/// The texts in a list, or one text alone.
fn texts(value: Option<&Json>) -> Vec<&str> {
    match value {
        Some(Json::Array(list)) => list.iter().filter_map(Json::as_str).collect(),
        Some(Json::String(text)) => vec![text],
        _ => Vec::new(),
    }
}

wire! {
    /// The result of looking a customer up by channel identity: the profile of the conversation, and every
    /// profile it might have been.
    pub struct IdentifiedCustomer {
        /// The one match, or a new anonymous profile.
        "customer" => customer: Option<Customer>,
        /// All matches when there were several.
        "customerSuggestions" => customer_suggestions: Vec<Customer>,
    }
}

wire! {
    /// The attributes that customers have.
    pub struct CustomerSchema {
        /// One entry per attribute.
        "attributes" => attributes: Vec<AttributeSchema>,
    }
}

wire! {
    /// One attribute of the customer schema.
    pub struct AttributeSchema {
        /// Key of the attribute in the customer object.
        "key" => key: Option<String>,
        /// Name to show.
        "label" => label: Option<String>,
        /// What it is for.
        "description" => description: Option<String>,
        /// Type of its value.
        "type" => kind: Option<AttributeType>,
        /// Longest value, in characters; texts only.
        "length" => length: Option<i64>,
        /// Whether a profile must have it; then anonymous profiles get `defaultValue`.
        "mandatory" => mandatory: Option<bool>,
        /// Value of anonymous profiles.
        "defaultValue" => default_value: Option<Json>,
        /// Personal: shown masked.
        "pii" => pii: Option<bool>,
        /// Whether customers are looked up by it; such an attribute holds up to ten values.
        "channelIdentifier" => channel_identifier: Option<bool>,
        /// The channel types whose identities it holds.
        "channelTypes" => channel_types: Vec<String>,
    }
}

open_enum! {
    /// Types of customer attributes.
    pub enum AttributeType {
        /// Letters and digits.
        Alphanumeric = "Alphanumeric",
        /// True or false.
        Boolean = "Boolean",
        /// An e-mail address.
        Email = "Email",
        /// An IP address.
        Ip = "Ip",
        /// A person's name.
        Name = "Name",
        /// A number.
        Number = "Number",
        /// A phone number.
        PhoneNumber = "Phonenumber",
        /// A secret.
        Password = "Password",
        /// Any text.
        Text = "String",
        /// A URL.
        Url = "Url",
    }
}
