//! Who is who, and which conversation of a room is live.

use convene_core::directory::{Arrival, DirectoryWrite};
use convene_runtime::ports::store::{Batch, Store, StoreError, Wanted};

use super::Fixture;
use super::make::*;

async fn arrival(store: &impl Store, identifier: &str) -> Arrival {
    let wanted = Wanted { arrivals: vec![sender("nobody"), sender(identifier)], ..Wanted::default() };
    let mut arrivals = store.find(&wanted).await.unwrap().arrivals;
    assert_eq!(arrivals.len(), 2);
    assert_eq!(arrivals[0], Arrival::default());
    arrivals.remove(1)
}

fn ids(arrival: &Arrival) -> Vec<&str> {
    arrival.candidates.iter().map(|customer| customer.id.as_deref().unwrap()).collect()
}

pub async fn an_unknown_sender_has_no_candidates<F: Fixture>(fixture: &F) {
    assert_eq!(arrival(fixture.store(), "1").await, Arrival::default());
}

pub async fn a_known_sender_comes_with_the_room<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let again = [customer("c"), identity("1", "c"), room("r", "c")];
    store.commit(&directory(again.clone())).await.unwrap();
    store.commit(&directory(again)).await.unwrap();
    let known = arrival(store, "1").await;
    assert_eq!((ids(&known), &known.live_session), (vec!["c"], &None));
    let fact = known.room.unwrap();
    assert_eq!((fact.id.as_str(), fact.live, fact.previous), ("r", None, None));

    store.commit(&directory([open("r", "k"), session_open("1", "k")])).await.unwrap();
    let known = arrival(store, "1").await;
    assert_eq!(known.live_session, Some(live("k")));
    assert_eq!(known.room.unwrap().live, Some(live("k")));

    store.commit(&directory([close("r", "k"), session_close("1", "k")])).await.unwrap();
    let known = arrival(store, "1").await;
    let fact = known.room.unwrap();
    assert_eq!((known.live_session, fact.live, fact.previous), (None, None, Some(previous("k"))));
    assert_eq!(store.customer("c").await.unwrap().unwrap().1.as_deref(), Some("r"));
}

pub async fn two_owners_of_an_identifier_come_oldest_first_without_a_room<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    store.commit(&directory([customer("zoe"), identity("1", "zoe"), room("rz", "zoe")])).await.unwrap();
    store.commit(&directory([customer("amal"), identity("1", "amal"), room("ra", "amal")])).await.unwrap();
    // Written again: still the older one.
    store.commit(&directory([customer("zoe")])).await.unwrap();
    let known = arrival(store, "1").await;
    assert_eq!((ids(&known), &known.room), (vec!["zoe", "amal"], &None));
}

pub async fn an_identifier_that_is_given_up_belongs_to_whoever_is_left<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let gone = |who: &str| DirectoryWrite::Disown {
        attribute: "phone".into(),
        identifier: "1".into(),
        customer: who.into(),
    };
    store.commit(&directory([customer("guest"), identity("1", "guest"), customer("zoe")])).await.unwrap();
    store.commit(&directory([gone("guest"), identity("1", "zoe"), gone("nobody")])).await.unwrap();
    assert_eq!(ids(&arrival(store, "1").await), vec!["zoe"]);
    store.commit(&directory([gone("zoe"), identity("1", "zoe")])).await.unwrap();
    assert_eq!(ids(&arrival(store, "1").await), vec!["zoe"], "in the order they were written");
}

pub async fn a_room_has_one_live_conversation<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    store.commit(&directory([customer("c"), room("r", "c"), open("r", "k")])).await.unwrap();
    store.commit(&directory([open("r", "k")])).await.unwrap();
    assert_eq!(conflict(store.commit(&directory([open("r", "other")])).await), ["room:r"]);
    assert_eq!(conflict(store.commit(&directory([close("r", "other")])).await), ["room:r"]);
    store.commit(&directory([close("r", "k")])).await.unwrap();
    let (one, two) = (directory([open("r", "one")]), directory([open("r", "two")]));
    let (first, second) = tokio::join!(store.commit(&one), store.commit(&two));
    assert_eq!(conflict(if first.is_ok() { second } else { first }), ["room:r"]);
}

pub async fn a_session_belongs_to_one_conversation<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    store.commit(&directory([session_open("1", "k")])).await.unwrap();
    store.commit(&directory([session_open("1", "k")])).await.unwrap();
    assert_eq!(conflict(store.commit(&directory([session_open("1", "other")])).await), ["session:web:1"]);
    store.commit(&directory([session_close("1", "other"), session_close("2", "k")])).await.unwrap();
    assert_eq!(arrival(store, "1").await.live_session, Some(live("k")));
    store.commit(&directory([session_close("1", "k"), session_open("1", "other")])).await.unwrap();
    assert_eq!(arrival(store, "1").await.live_session, Some(live("other")));
}

pub async fn a_conversation_may_begin_and_end_in_one_batch<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    let all = [
        customer("c"),
        identity("1", "c"),
        room("r", "c"),
        open("r", "k"),
        session_open("1", "k"),
        session_close("1", "k"),
        close("r", "k"),
        open("r", "next"),
        session_open("1", "next"),
    ];
    store.commit(&directory(all)).await.unwrap();
    let known = arrival(store, "1").await;
    let fact = known.room.unwrap();
    assert_eq!((known.live_session, fact.live), (Some(live("next")), Some(live("next"))));
    assert_eq!(fact.previous, Some(previous("k")));
}

pub async fn a_customer_has_one_room<F: Fixture>(fixture: &F) {
    let store = fixture.store();
    store.commit(&directory([customer("c"), room("r", "c")])).await.unwrap();
    let late = Batch { seen: vec![("i".into(), NOW)], ..directory([room("s", "c"), open("s", "k")]) };
    assert_eq!(conflict(store.commit(&late).await), ["room:s"]);
    assert_eq!(store.room("r").await.unwrap().unwrap().0, "c");
    assert_eq!(store.room("s").await.unwrap(), None);
}

pub async fn a_conversation_needs_its_room<F: Fixture>(fixture: &F) {
    let outcome = fixture.store().commit(&directory([open("nowhere", "k")])).await;
    assert!(matches!(&outcome, Err(StoreError::Broken(why)) if why.contains("nowhere")), "{outcome:?}");
}
