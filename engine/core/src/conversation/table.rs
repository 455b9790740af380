//! The state table of `domain.md` section 1.8: one predicate per state, one line per arrow.

use crate::model::ConversationState::{
    self, Active, Closed, Closing, Created, CustomerLeft, Inactive, OnHold, WrapUp,
};

/// What the predicates look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence {
    /// C: open channel sessions.
    pub sessions: usize,
    /// A: agents with role PRIMARY or ASSISTANT.
    pub agents: usize,
    /// Wa: agents with role WRAP_UP.
    pub wrapping_up: usize,
    /// W: the wrap-up feature is on.
    pub wrap_up_on: bool,
    /// An agent paused it.
    pub held: bool,
    /// Some agent joined earlier.
    pub agent_ever: bool,
    /// END_CONVERSATION was ordered.
    pub ending: bool,
    /// Its history is archived.
    pub archived: bool,
}

/// A row: the state, its predicate in words, and the predicate.
pub type Row = (ConversationState, &'static str, fn(&Presence) -> bool);

/// The predicates, tested top to bottom; the first that holds is the state.
#[rustfmt::skip]
pub const PREDICATES: &[Row] = &[
    (Closed,       "archive done",                               |p| p.ending && p.archived),
    (Closing,      "END_CONVERSATION ordered",                   |p| p.ending),
    (OnHold,       "C>0, A>0, held",                             |p| p.sessions > 0 && p.agents > 0 && p.held),
    (Active,       "C>0, A>0, not held",                         |p| p.sessions > 0 && p.agents > 0),
    (Inactive,     "C>0, A=0, some agent joined earlier",        |p| p.sessions > 0 && p.agent_ever),
    (Created,      "C>0, A=0, no agent ever joined",             |p| p.sessions > 0),
    (WrapUp,       "C=0, A+Wa>0, wrap-up on",                    |p| p.agents + p.wrapping_up > 0 && p.wrap_up_on),
    (CustomerLeft, "C=0, A+Wa>0, wrap-up off",                   |p| p.agents + p.wrapping_up > 0),
];

/// What moves a conversation from one state to another; written into the decision log.
#[rustfmt::skip]
pub const ARROWS: &[(ConversationState, ConversationState, &str)] = &[
    (Created,      Active,       "an agent joined"),
    (Inactive,     Active,       "an agent joined"),
    (Active,       OnHold,       "an agent paused it"),
    (OnHold,       Active,       "resumed"),
    (Active,       Inactive,     "the last agent left, the customer is still there"),
    (OnHold,       Inactive,     "the last agent left, the customer is still there"),
    (Active,       WrapUp,       "the last session ended, agents wrap up"),
    (OnHold,       WrapUp,       "the last session ended, agents wrap up"),
    (Inactive,     WrapUp,       "the last session ended while an agent still wraps up"),
    (Active,       CustomerLeft, "the last session ended, agents are present"),
    (OnHold,       CustomerLeft, "the last session ended, agents are present"),
    (Created,      WrapUp,       "the last session ended before the agent who accepted was in"),
    (Created,      CustomerLeft, "the last session ended before the agent who accepted was in"),
    (WrapUp,       Active,       "the customer came back (U06)"),
    (WrapUp,       Inactive,     "the customer came back while agents wrap up (U06)"),
    (CustomerLeft, Active,       "the customer came back (U06)"),
    (CustomerLeft, Inactive,     "the customer came back (U06)"),
    (Created,      Closing,      "END_CONVERSATION"),
    (Active,       Closing,      "END_CONVERSATION"),
    (OnHold,       Closing,      "END_CONVERSATION"),
    (Inactive,     Closing,      "END_CONVERSATION"),
    (WrapUp,       Closing,      "END_CONVERSATION"),
    (CustomerLeft, Closing,      "END_CONVERSATION"),
    (Closing,      Closed,       "archived, the Controller unsubscribed"),
];

/// The state that these facts mean. With C=0, A=0, Wa=0 and no END_CONVERSATION nobody is there and nobody ended it:
/// the state stays what it was until a flow decides.
#[must_use]
pub fn state_of(before: ConversationState, presence: &Presence) -> ConversationState {
    PREDICATES.iter().find(|(_, _, holds)| holds(presence)).map_or(before, |(state, _, _)| *state)
}

/// Why a conversation moved; `None` when the table has no such arrow.
#[must_use]
pub fn reason_of(from: ConversationState, to: ConversationState) -> Option<&'static str> {
    ARROWS.iter().find(|(f, t, _)| *f == from && *t == to).map(|(_, _, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_presence() -> impl Iterator<Item = Presence> {
        (0u32..1 << 8).map(|bits| Presence {
            sessions: (bits & 1) as usize,
            agents: (bits >> 1 & 1) as usize,
            wrapping_up: (bits >> 2 & 1) as usize,
            wrap_up_on: bits >> 3 & 1 == 1,
            held: bits >> 4 & 1 == 1,
            agent_ever: bits >> 5 & 1 == 1,
            ending: bits >> 6 & 1 == 1,
            archived: bits >> 7 & 1 == 1,
        })
    }

    /// The predicates of the specification, written a second time without the order of the rows.
    #[test]
    fn predicates_say_what_the_specification_says() {
        for p in every_presence().filter(|p| !p.ending) {
            let (c, a, wa) = (p.sessions > 0, p.agents > 0, p.wrapping_up > 0);
            let expected = match (c, a, a || wa) {
                (true, true, _) if p.held => OnHold,
                (true, true, _) => Active,
                (true, false, _) if p.agent_ever => Inactive,
                (true, false, _) => Created,
                (false, _, true) if p.wrap_up_on => WrapUp,
                (false, _, true) => CustomerLeft,
                (false, _, false) => Created,
            };
            assert_eq!(state_of(Created, &p), expected, "{p:?}");
        }
    }

    #[test]
    fn an_order_to_end_closes_whatever_else_is_true() {
        for p in every_presence().filter(|p| p.ending) {
            let expected = if p.archived { Closed } else { Closing };
            assert_eq!(state_of(Active, &p), expected, "{p:?}");
        }
    }

    #[test]
    fn every_live_state_can_end_and_closed_is_terminal() {
        for from in [Created, Active, OnHold, Inactive, WrapUp, CustomerLeft] {
            assert!(reason_of(from, Closing).is_some(), "{from:?}");
        }
        assert!(ARROWS.iter().all(|(from, _, _)| *from != Closed));
    }
}
