//! A link by force (U02) while the older conversation needs time to close: nothing that the customer writes is lost.

use convene_core::conversation::{Again, Conversation, Input, Link, Stamped, Step, step};
use convene_core::deployment::Deployment;
use convene_core::directory::{Arrival, Live};
use convene_core::model::{CimMessage, ConversationState, Json};
use convene_core::routing::Tell;
use convene_core::simulate::{START, World};
use serde_json::json;

use super::common;

fn said(id: &str, customer: &str, text: &str) -> CimMessage {
    let data = json!({ "channelCustomerIdentifier": customer, "serviceIdentifier": "1218" });
    let header = json!({ "channelData": data, "sender": { "id": "c", "type": "CONNECTOR" } });
    serde_json::from_value(
        json!({ "id": id, "header": header, "body": { "type": "PLAIN", "markdownText": text } }),
    )
    .unwrap()
}

/// A customer who waits for an agent, and a guest who is the same person: their conversations.
fn two(d: &std::sync::Arc<Deployment>) -> (Conversation, Conversation) {
    let mut world = World::new(d.clone(), START);
    let of = |world: &mut World, message| {
        let key = world.message(message)[0].key.clone();
        world.conversations[&key].clone()
    };
    let owner = of(&mut world, said("m1", "owner", "A person please"));
    (owner, of(&mut world, said("m2", "guest", "Hello")))
}

fn take(d: &Deployment, before: &Conversation, id: &str, input: Input) -> Step {
    step(d, Some(before), 0, &Stamped { id: id.into(), at: START + 1_000, input })
}

/// The older conversation gives way while a task of it is open, and the customer writes before it is closed: what it asks
/// for in the end.
fn gives_way(d: &Deployment, owner: &Conversation, guest: &Conversation) -> Vec<Again> {
    let customer = owner.customer.id.clone().unwrap();
    let link = Link {
        conversation: guest.id.clone(),
        home: 0,
        customer,
        add_identifier: false,
        waiting: Vec::new(),
    };
    let closing = take(d, owner, "i1", Input::GiveWay { link });
    assert_eq!(closing.again, [], "routing has to close the task first");
    let closing = closing.state.unwrap();
    assert_eq!(closing.state, ConversationState::Closing);
    let live_session = Some(Live { conversation: owner.id.clone(), home: 0 });
    let arrival = Box::new(Arrival { live_session, ..Arrival::default() });
    let message = Box::new(said("m3", "owner", "Are you there?"));
    let wrote = take(d, &closing, "i2", Input::Message { message, arrival }).state.unwrap();
    assert_eq!(wrote.waiting.len(), 1);
    let closed = take(d, &wrote, "i3", Input::Routing { tell: Box::new(Tell::AllClosed) });
    assert_eq!(closed.state.unwrap().state, ConversationState::Closed);
    closed.again
}

/// The order that reaches the other conversation, with what the directory knows.
fn order(again: &[Again], guest: &Conversation, owner: &Conversation) -> Input {
    let [Again::Conversation { conversation, input, .. }] = again else {
        panic!("one order, and the message is not let go: {again:?}")
    };
    assert_eq!(*conversation, guest.id);
    let Input::Command { name, mut data } = (**input).clone() else { panic!("a command: {input:?}") };
    data["customer"] = json!(owner.customer);
    data["room"] = json!({ "id": owner.room });
    Input::Command { name, data }
}

fn released(again: &[Again]) -> Vec<Option<String>> {
    let message = |a: &Again| match a {
        Again::Message { message } => message.id.clone(),
        _ => None,
    };
    again.iter().map(message).collect()
}

#[test]
fn what_a_customer_writes_meanwhile_comes_after_the_link() {
    let d = common::load(common::shipped());
    let (owner, guest) = two(&d);
    let order = order(&gives_way(&d, &owner, &guest), &guest, &owner);
    let linked = take(&d, &guest, "i4", order);
    assert_eq!(released(&linked.again), [Some("m3".to_owned())]);
    assert_eq!(linked.state.unwrap().customer.id, owner.customer.id);
}

#[test]
fn a_conversation_that_closed_before_it_was_linked_lets_go_what_waited() {
    let d = common::load(common::shipped());
    let (owner, guest) = two(&d);
    let order = order(&gives_way(&d, &owner, &guest), &guest, &owner);
    for state in [ConversationState::Closed, ConversationState::Closing] {
        let gone = Conversation { state, ending: true, ..guest.clone() };
        assert_eq!(
            released(&take(&d, &gone, "i4", order.clone()).again),
            [Some("m3".to_owned())],
            "{state:?}"
        );
    }
}

#[test]
fn a_conversation_that_is_closed_or_has_another_customer_says_so_at_once() {
    let d = common::load(common::shipped());
    let (owner, guest) = two(&d);
    let link = |customer: &str| Link {
        conversation: guest.id.clone(),
        home: 0,
        customer: customer.to_owned(),
        add_identifier: true,
        waiting: vec![Json::Null],
    };
    let closed = Conversation { state: ConversationState::Closed, ..owner.clone() };
    let theirs = owner.customer.id.clone().unwrap();
    for (before, link) in [(&closed, link(&theirs)), (&owner, link("somebody else"))] {
        let step = take(&d, before, "i1", Input::GiveWay { link: link.clone() });
        let input = Box::new(link.order());
        assert_eq!(step.again, [Again::Conversation { conversation: guest.id.clone(), home: 0, input }]);
        assert_eq!(step.state.unwrap().state, before.state);
    }
}
