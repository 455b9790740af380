//! LINK_CUSTOMER: another profile for the customer of a conversation (U02).

use serde_json::json;

use super::commands::refusal;
use super::work::Work;
use crate::directory::{DirectoryWrite, Previous};
use crate::effect::Reply;
use crate::model::{Customer, EventName, Json, emitter};

/// LINK_CUSTOMER `{customer: {_id, …}, room: {id, live?}, addIdentifier?, force?}`: the runtime adds the profile and
/// its room from the directory to what the caller sent (`customerId`). U02: a customer with another live
/// conversation is refused.
pub(super) fn link_customer(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let customer: Customer = serde_json::from_value(data["customer"].clone())
        .ok()
        .filter(|c: &Customer| c.id.as_deref().is_some_and(|id| !id.is_empty()))
        .ok_or_else(|| refusal(work, "unknown_customer", "no customer has this id"))?;
    let id = customer.id.clone().unwrap_or_default();
    let before = work.c.customer.id.clone().unwrap_or_default();
    if id == before {
        return Ok(json!({ "customerId": id }));
    }
    if let Some(other) = data["room"]["live"]["conversation"].as_str().filter(|o| *o != work.c.id) {
        return Err(refusal(
            work,
            "customer_has_live_conversation",
            &format!("customer {id} is in the live conversation {other}; close that one first"),
        ));
    }
    move_room(work, data, &id);
    work.c.previous = serde_json::from_value(data["room"]["previous"].clone()).ok();
    let mut customer = customer;
    if data["addIdentifier"].as_bool().unwrap_or(false) {
        add_identifier(work, &mut customer);
    }
    work.c.customer = customer;
    work.c.suggestions.clear();
    work.note("customer", format!("linked to {id}"), format!("was {before}"));
    let session = work.c.current_session().map(|s| s.id.clone());
    let changed = json!({ "customer": work.c.customer, "previousCustomerId": before });
    let who = emitter::conversation_manager();
    work.raise(EventName::AssociatedCustomerChanged, who, session.as_deref(), changed);
    Ok(json!({ "customerId": id }))
}

/// The conversation leaves the room of the old customer and lives in the new one's.
fn move_room(work: &mut Work<'_>, data: &Json, customer: &str) {
    let old = work.c.room.clone();
    let room = data["room"]["id"].as_str().map_or_else(|| work.ids.fresh(), str::to_owned);
    let previous = work
        .c
        .previous
        .clone()
        .unwrap_or_else(|| Previous { ended_at: work.c.created_at, ..Previous::default() });
    let conversation = work.c.id.clone();
    work.out.directory.push(DirectoryWrite::Close {
        room: old,
        conversation: conversation.clone(),
        previous,
    });
    work.out.directory.push(DirectoryWrite::Room { id: room.clone(), customer: customer.to_owned() });
    let live = crate::directory::Live { conversation, home: work.c.home };
    work.out.directory.push(DirectoryWrite::Open { room: room.clone(), live });
    work.c.room = room;
}

fn add_identifier(work: &mut Work<'_>, customer: &mut Customer) {
    let addresses: Vec<(String, String)> = work
        .c
        .sessions
        .iter()
        .filter_map(|s| {
            let kind = &work.d.centre.channels.get(&s.channel)?.kind;
            Some((work.d.centre.channel_types.get(kind)?.identifier.clone(), s.identifier.clone()))
        })
        .collect();
    let id = customer.id.clone().unwrap_or_default();
    for (attribute, identifier) in addresses {
        customer.add_identifier(&attribute, &identifier);
        work.out.directory.push(DirectoryWrite::Identity { attribute, identifier, customer: id.clone() });
    }
    work.out.directory.push(DirectoryWrite::Customer { customer: Box::new(customer.clone()) });
}
