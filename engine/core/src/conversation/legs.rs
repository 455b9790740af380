//! Legs of a call: who is on the line (`domain.md` sections 2.1, 3). They are counted for each session, since a customer
//! may have two calls, and by name where the connector names them, since it may say so twice.

use super::work::{Happening, Work};
use crate::model::{EventName, Json};

/// Most legs of one call that are told apart.
const LEGS_MAX: usize = 32;

/// Notes a leg that began or ended.
pub(super) fn heard(work: &mut Work<'_>, event: &Happening) {
    let begins = match event.name {
        EventName::CallLegStarted => true,
        EventName::CallLegEnded => false,
        _ => return,
    };
    let name = event.data.pointer("/body/leg").and_then(Json::as_str).unwrap_or_default();
    let Some(session) = event.session.as_deref().and_then(|id| work.c.session_mut(id)) else { return };
    let found = session.legs.iter().position(|leg| leg == name);
    match (begins, found) {
        // A leg without a name cannot be told from the one before.
        (true, None) if session.legs.len() < LEGS_MAX => session.legs.push(name.to_owned()),
        (true, Some(_)) if name.is_empty() && session.legs.len() < LEGS_MAX => {
            session.legs.push(String::new());
        }
        (false, Some(leg)) => {
            session.legs.remove(leg);
        }
        // Named at its end only.
        (false, None) => {
            let nameless = session.legs.iter().position(String::is_empty);
            nameless.map(|leg| session.legs.remove(leg));
        }
        _ => {}
    }
}
