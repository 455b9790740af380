//! The state tables of routing (`domain.md` sections 1.12, 1.15, 1.16): what each state means, and every arrow.

use super::state::{Global, MediaStatus};

/// What the table of a medium looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Global state.
    pub global: Global,
    /// The desk is lost.
    pub lost: bool,
    /// The medium's switch is on.
    pub on: bool,
    /// Work on another medium interrupts it.
    pub interrupted: bool,
    /// Tasks that are active or in wrap-up.
    pub tasks: usize,
    /// Most tasks.
    pub max: usize,
}

/// A row: the state, when it holds in words, and the predicate.
pub type Row = (MediaStatus, &'static str, fn(&Look) -> bool);

/// States of an agent on a medium, tested top to bottom; the first that holds is the state.
#[rustfmt::skip]
pub const STATES: &[Row] = &[
    (MediaStatus::Logout,          "the agent is logged out",            |l| l.global == Global::Logout),
    (MediaStatus::Unknown,         "the desk is lost",                   |l| l.lost),
    (MediaStatus::Interrupted,     "work on another medium comes first", |l| l.interrupted),
    (MediaStatus::PendingNotReady, "switched off with tasks",            |l| !l.on && l.tasks > 0),
    (MediaStatus::NotReady,        "switched off",                       |l| !l.on),
    (MediaStatus::Busy,            "tasks = maxAgentTasks",              |l| l.tasks > 0 && l.tasks >= l.max),
    (MediaStatus::Active,          "tasks below maxAgentTasks",          |l| l.tasks > 0),
    (MediaStatus::Ready,           "switched on, no task",               |_| true),
];

/// The state these facts mean.
#[must_use]
pub fn status(look: &Look) -> MediaStatus {
    STATES.iter().find(|(_, _, holds)| holds(look)).map_or(MediaStatus::Ready, |(state, _, _)| *state)
}

/// Whether work is offered in a state (1.15, last column).
#[must_use]
pub fn routable(state: MediaStatus) -> bool {
    matches!(state, MediaStatus::Ready | MediaStatus::Active)
}

/// An arrow: from, to, and what makes it.
pub type Arrow = (&'static str, &'static str, &'static str);

/// Global states of an agent (1.15). LOGIN becomes NOT_READY at once and is never seen.
#[rustfmt::skip]
pub const GLOBAL: &[Arrow] = &[
    ("LOGOUT",    "NOT_READY", "login"),
    ("NOT_READY", "READY",     "the agent is ready; with auto-sync every medium is too"),
    ("READY",     "NOT_READY", "the agent is not ready, or the last medium was switched off"),
    ("READY",     "LOGOUT",    "logout"),
    ("NOT_READY", "LOGOUT",    "logout"),
];

/// States of an agent on a medium (1.15).
#[rustfmt::skip]
pub const MEDIUM: &[Arrow] = &[
    ("LOGOUT",            "NOT_READY",         "login"),
    ("LOGOUT",            "PENDING_NOT_READY", "login in time: the tasks are still there"),
    ("LOGOUT",            "INTERRUPTED",       "login in time: the interrupting task goes on"),
    ("NOT_READY",         "READY",             "switched on while the agent is READY"),
    ("READY",             "ACTIVE",            "the first task"),
    ("READY",             "BUSY",              "the first task, and no room for a second"),
    ("ACTIVE",            "BUSY",              "tasks = maxAgentTasks"),
    ("BUSY",              "ACTIVE",            "a task closed, or the limit rose"),
    ("BUSY",              "READY",             "the only task closed"),
    ("ACTIVE",            "READY",             "the last task closed"),
    ("READY",             "NOT_READY",         "switched off"),
    ("ACTIVE",            "PENDING_NOT_READY", "switched off with tasks"),
    ("BUSY",              "PENDING_NOT_READY", "switched off with tasks"),
    ("PENDING_NOT_READY", "NOT_READY",         "the last task closed"),
    ("PENDING_NOT_READY", "ACTIVE",            "switched on again (U11)"),
    ("PENDING_NOT_READY", "BUSY",              "switched on again (U11)"),
    ("NOT_READY",         "PENDING_NOT_READY", "work the agent went for while switched off"),
    ("READY",             "INTERRUPTED",       "another medium comes first (4.8)"),
    ("ACTIVE",            "INTERRUPTED",       "another medium comes first (4.8)"),
    ("BUSY",              "INTERRUPTED",       "another medium comes first (4.8)"),
    ("NOT_READY",         "INTERRUPTED",       "another medium comes first (4.8)"),
    ("PENDING_NOT_READY", "INTERRUPTED",       "another medium comes first (4.8)"),
    ("INTERRUPTED",       "READY",             "the interrupting task ended"),
    ("INTERRUPTED",       "ACTIVE",            "the interrupting task ended"),
    ("INTERRUPTED",       "BUSY",              "the interrupting task ended"),
    ("INTERRUPTED",       "NOT_READY",         "the interrupting task ended, or the agent switched off"),
    ("INTERRUPTED",       "PENDING_NOT_READY", "the interrupting task ended, or the agent switched off"),
    ("READY",             "UNKNOWN",           "the desk is lost (U30)"),
    ("ACTIVE",            "UNKNOWN",           "the desk is lost (U30)"),
    ("BUSY",              "UNKNOWN",           "the desk is lost (U30)"),
    ("NOT_READY",         "UNKNOWN",           "the desk is lost (U30)"),
    ("PENDING_NOT_READY", "UNKNOWN",           "the desk is lost (U30)"),
    ("INTERRUPTED",       "UNKNOWN",           "the desk is lost (U30)"),
    ("UNKNOWN",           "READY",             "the desk is back"),
    ("UNKNOWN",           "ACTIVE",            "the desk is back"),
    ("UNKNOWN",           "BUSY",              "the desk is back"),
    ("UNKNOWN",           "NOT_READY",         "the desk is back"),
    ("UNKNOWN",           "PENDING_NOT_READY", "the desk is back"),
    ("UNKNOWN",           "INTERRUPTED",       "the desk is back"),
    ("READY",             "LOGOUT",            "logout"),
    ("ACTIVE",            "LOGOUT",            "logout"),
    ("BUSY",              "LOGOUT",            "logout"),
    ("NOT_READY",         "LOGOUT",            "logout"),
    ("PENDING_NOT_READY", "LOGOUT",            "logout"),
    ("INTERRUPTED",       "LOGOUT",            "logout"),
    ("UNKNOWN",           "LOGOUT",            "the desk did not come back"),
];

/// Media of a task (1.12). STARTED is transient.
#[rustfmt::skip]
pub const MEDIA: &[Arrow] = &[
    ("STARTED",  "QUEUED",   "parked in a queue"),
    ("STARTED",  "RESERVED", "a named agent is asked"),
    ("STARTED",  "ACTIVE",   "picked from a list, or begun by the agent"),
    ("STARTED",  "CLOSED",   "the named agent cannot take it"),
    ("QUEUED",   "RESERVED", "an agent is chosen"),
    ("RESERVED", "ACTIVE",   "the agent joined"),
    ("QUEUED",   "CLOSED",   "the request ended"),
    ("RESERVED", "CLOSED",   "the request ended, or nobody answered"),
    ("ACTIVE",   "CLOSED",   "the work is done"),
];

/// Tasks (1.12).
#[rustfmt::skip]
pub const TASK: &[Arrow] = &[
    ("ACTIVE",  "WRAP_UP", "the agent or the customer left, wrap-up is on"),
    ("ACTIVE",  "CLOSED",  "the work or the request ended"),
    ("WRAP_UP", "CLOSED",  "the wrap-up is done, skipped or over"),
];

/// Requests on a pull list (1.16).
#[rustfmt::skip]
pub const LIST: &[Arrow] = &[
    ("",         "UNREAD",   "a customer asks"),
    ("",         "ACTIVE",   "a customer asks who is with an agent already"),
    ("UNREAD",   "ACTIVE",   "an agent joined"),
    ("ACTIVE",   "INACTIVE", "the last agent left"),
    ("INACTIVE", "ACTIVE",   "an agent joined again"),
    ("UNREAD",   "CLOSED",   "the conversation is over"),
    ("ACTIVE",   "CLOSED",   "the conversation is over"),
    ("INACTIVE", "CLOSED",   "the conversation is over"),
    ("CLOSED",   "UNREAD",   "the customer asks on another list"),
];

/// What makes this arrow; `None` when the table has none.
#[must_use]
pub fn reason_of(table: &[Arrow], from: &str, to: &str) -> Option<&'static str> {
    table.iter().find(|(f, t, _)| *f == from && *t == to).map(|(_, _, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_states_of_the_specification() {
        let look = |global, on, tasks| Look { global, lost: false, on, interrupted: false, tasks, max: 2 };
        let ready = look(Global::Ready, true, 0);
        let states = [
            (look(Global::NotReady, false, 0), MediaStatus::NotReady),
            (ready, MediaStatus::Ready),
            (look(Global::Ready, true, 1), MediaStatus::Active),
            (look(Global::Ready, true, 2), MediaStatus::Busy),
            (look(Global::Ready, true, 3), MediaStatus::Busy),
            (look(Global::Ready, false, 1), MediaStatus::PendingNotReady),
            (look(Global::NotReady, false, 2), MediaStatus::PendingNotReady),
            (look(Global::Logout, true, 1), MediaStatus::Logout),
            (Look { interrupted: true, ..ready }, MediaStatus::Interrupted),
            (Look { lost: true, interrupted: true, ..ready }, MediaStatus::Unknown),
        ];
        for (look, expected) in states {
            assert_eq!(status(&look), expected, "{look:?}");
        }
    }

    #[test]
    fn work_is_offered_only_where_the_specification_says() {
        let offered: Vec<_> = STATES.iter().map(|(s, _, _)| *s).filter(|s| routable(*s)).collect();
        assert_eq!(offered, [MediaStatus::Active, MediaStatus::Ready]);
    }
}
