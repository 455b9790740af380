//! LINK_CUSTOMER: another profile for the customer of a conversation (U02).

use serde_json::json;

use super::commands::{flag, refusal};
use super::input::{Input, Link};
use super::work::{Again, Work};
use super::{close, sessions};
use crate::directory::{DirectoryWrite, Previous};
use crate::effect::Reply;
use crate::model::{Customer, EventName, Json, emitter};

/// Most values of one identifier attribute of a profile (1.5).
const IDENTIFIERS_MAX: usize = 10;

/// LINK_CUSTOMER `{customer: {_id, …}, room: {id, live?}, addIdentifier?, force?, waiting?}`: the runtime adds the profile and
/// its room from the directory to what the caller sent (`customerId`). U02: a customer with another live conversation
/// is refused; by force that one is closed first, and the link follows.
pub(super) fn link_customer(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let linked = link(work, data);
    if !linked.as_ref().is_ok_and(|reply| reply.get("closing").is_some()) {
        let_go(work, "LINK_CUSTOMER", data);
    }
    linked
}

/// What waited for a link goes on, whatever became of it.
pub(super) fn let_go(work: &mut Work<'_>, name: &str, data: &Json) {
    if name == "LINK_CUSTOMER"
        && let Some(waiting) = data["waiting"].as_array()
    {
        close::release(work, waiting);
    }
}

fn link(work: &mut Work<'_>, data: &Json) -> Result<Json, Reply> {
    let customer: Customer = serde_json::from_value(data["customer"].clone())
        .ok()
        .filter(|c: &Customer| c.id.as_deref().is_some_and(|id| !id.is_empty()))
        .ok_or_else(|| refusal(work, "unknown_customer", "no customer has this id"))?;
    let add = flag(work, data, "addIdentifier")?.unwrap_or(false);
    let force = flag(work, data, "force")?.unwrap_or(false);
    let id = customer.id.clone().unwrap_or_default();
    let before = work.c.customer.id.clone().unwrap_or_default();
    if id == before {
        return Ok(json!({ "customerId": id }));
    }
    if let Some(other) = data["room"]["live"]["conversation"].as_str().filter(|o| *o != work.c.id) {
        if !force {
            return Err(refusal(
                work,
                "customer_has_live_conversation",
                &format!(
                    "customer {id} is in the live conversation {other}; close that one first, or link with \
                     `force`, which does so"
                ),
            ));
        }
        ask_to_give_way(work, other, data, &id);
        return Ok(json!({ "customerId": id, "closing": other }));
    }
    move_room(work, data, &id);
    work.c.previous = serde_json::from_value(data["room"]["previous"].clone()).ok();
    let mut customer = customer;
    if add {
        add_identifier(work, &mut customer);
    }
    work.c.customer = customer;
    work.c.suggestions.clear();
    let sessions: Vec<(String, i64)> = work.c.sessions.iter().map(|s| (s.id.clone(), s.started_at)).collect();
    for (session, began) in sessions {
        sessions::customer_row(work, &session, began);
    }
    work.note("customer", format!("linked to {id}"), format!("was {before}"));
    let session = work.c.current_session().map(|s| s.id.clone());
    let changed = json!({ "customer": work.c.customer, "previousCustomerId": before });
    let who = emitter::conversation_manager();
    work.raise(EventName::AssociatedCustomerChanged, who, session.as_deref(), changed);
    Ok(json!({ "customerId": id }))
}

/// The link waits until the customer's other conversation says that it is closed.
fn ask_to_give_way(work: &mut Work<'_>, other: &str, data: &Json, customer: &str) {
    let link = Link {
        conversation: work.c.id.clone(),
        home: work.c.home,
        customer: customer.to_owned(),
        add_identifier: data["addIdentifier"].as_bool().unwrap_or(false),
        waiting: data["waiting"].as_array().cloned().unwrap_or_default(),
    };
    let home = data["room"]["live"]["home"].as_u64().and_then(|home| u32::try_from(home).ok());
    work.note("customer", format!("will be linked to {customer}"), format!("{other} is closed first (U02)"));
    work.out.again.push(Again::Conversation {
        conversation: other.to_owned(),
        home: home.unwrap_or(work.c.home),
        input: Box::new(Input::GiveWay { link }),
    });
}

/// Another conversation takes the customer over: this one ends, and then says so.
pub(super) fn give_way(work: &mut Work<'_>, link: &Link) {
    if work.c.customer.id.as_ref() != Some(&link.customer) {
        work.note("customer", "does not give way", "it was linked to another customer meanwhile");
        go_on(work, link);
        return;
    }
    work.note("state", "END_CONVERSATION", format!("{} takes the customer over (U02)", link.conversation));
    // What waited for the link goes on waiting, before what is written from now on.
    let mut link = link.clone();
    work.c.waiting.splice(0..0, std::mem::take(&mut link.waiting));
    work.c.gives_way_to.push(link);
    close::order(work, "FORCE_CLOSED");
}

/// Nothing stands in the way of a link any more.
pub(super) fn go_on(work: &mut Work<'_>, link: &Link) {
    work.out.again.push(Again::Conversation {
        conversation: link.conversation.clone(),
        home: link.home,
        input: Box::new(link.order()),
    });
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

/// The profile gets the addresses of this conversation. An anonymous profile that was made for them gives them up:
/// otherwise two would own each, and nobody would be known by it (1.5).
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
    let mut before = work.c.customer.clone();
    let moves = before.is_anonymous == Some(true);
    for (attribute, identifier) in addresses {
        let held = customer.identifiers(&attribute);
        if held.len() >= IDENTIFIERS_MAX && !held.contains(&identifier.as_str()) {
            let what = format!("{attribute} {identifier} is not added to {id}");
            work.note(
                "customer",
                what,
                format!("a profile holds {IDENTIFIERS_MAX} values of an attribute (1.5)"),
            );
            continue;
        }
        customer.add_identifier(&attribute, &identifier);
        if moves {
            before.remove_identifier(&attribute, &identifier);
            work.out.directory.push(DirectoryWrite::Disown {
                attribute: attribute.clone(),
                identifier: identifier.clone(),
                customer: before.id.clone().unwrap_or_default(),
            });
        }
        work.out.directory.push(DirectoryWrite::Identity { attribute, identifier, customer: id.clone() });
    }
    if moves {
        work.out.directory.push(DirectoryWrite::Customer { customer: Box::new(before) });
    }
    work.out.directory.push(DirectoryWrite::Customer { customer: Box::new(customer.clone()) });
}
