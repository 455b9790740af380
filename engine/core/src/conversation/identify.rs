//! Who is it? One profile, none or several own the identifier a message came from (`domain.md` section 1.5).

use serde_json::json;

use super::sessions::Address;
use crate::deployment::Deployment;
use crate::directory::{Arrival, DirectoryWrite};
use crate::ids::Ids;
use crate::model::{CimMessage, Customer, JsonMap};

/// Who a message is of.
pub(super) struct Who {
    pub customer: Customer,
    pub suggestions: Vec<Customer>,
    pub known: bool,
    pub found: String,
    pub why: &'static str,
    pub writes: Vec<DirectoryWrite>,
}

/// The table of 1.5: one profile, none, or several.
pub(super) fn identify(
    d: &Deployment,
    address: &Address,
    message: &CimMessage,
    arrival: &Arrival,
    ids: &mut Ids,
) -> Who {
    if let [customer] = arrival.candidates.as_slice() {
        let found = format!("known customer {}", customer.id.as_deref().unwrap_or("?"));
        let why = "exactly one profile owns the identifier";
        return Who {
            customer: customer.clone(),
            suggestions: Vec::new(),
            known: true,
            found,
            why,
            writes: Vec::new(),
        };
    }
    let several = !arrival.candidates.is_empty();
    let attribute = &address.kind.identifier;
    let mut customer = Customer {
        id: Some(ids.fresh()),
        first_name: Some(given_name(message).unwrap_or_else(|| d.centre.customers.default_name.clone())),
        phone_number: Vec::new(),
        is_anonymous: Some(true),
        version: Some(0),
        extra: JsonMap::new(),
    };
    let mut writes = Vec::new();
    if !several {
        customer.extra.insert(attribute.clone(), json!([address.identifier]));
        writes.push(DirectoryWrite::Identity {
            attribute: attribute.clone(),
            identifier: address.identifier.clone(),
            customer: customer.id.clone().unwrap_or_default(),
        });
    }
    writes.insert(0, DirectoryWrite::Customer { customer: Box::new(customer.clone()) });
    let found = format!("new anonymous customer {}", customer.id.as_deref().unwrap_or("?"));
    let why = if several {
        "several profiles own the identifier; they are suggested to the agent"
    } else {
        "no profile owns the identifier"
    };
    Who { customer, suggestions: arrival.candidates.clone(), known: false, found, why, writes }
}

/// U03: the connector's name wins; first and last name are joined.
fn given_name(message: &CimMessage) -> Option<String> {
    let data = message.header.channel_data.as_ref()?;
    let parts = [data.customer_first_name.as_deref(), data.customer_last_name.as_deref()];
    let name =
        parts.into_iter().flatten().map(str::trim).filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then_some(name)
}
