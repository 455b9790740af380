//! The states of an agent on one medium (`domain.md` section 1.15), as one table.

use super::state::{Global, MediaStatus};

/// What the table looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Global state.
    pub global: Global,
    /// The medium's switch is on.
    pub on: bool,
    /// Tasks that are active or in wrap-up.
    pub tasks: usize,
    /// Most tasks.
    pub max: usize,
}

/// A row: the state, when it holds in words, and the predicate.
pub type Row = (MediaStatus, &'static str, fn(&Look) -> bool);

/// Tested top to bottom; the first that holds is the state.
#[rustfmt::skip]
pub const STATES: &[Row] = &[
    (MediaStatus::Logout,          "the agent is logged out",            |l| l.global == Global::Logout),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrows_of_the_specification() {
        let look = |global, on, tasks| Look { global, on, tasks, max: 2 };
        let arrows = [
            (look(Global::NotReady, false, 0), MediaStatus::NotReady),
            (look(Global::Ready, true, 0), MediaStatus::Ready),
            (look(Global::Ready, true, 1), MediaStatus::Active),
            (look(Global::Ready, true, 2), MediaStatus::Busy),
            (look(Global::Ready, true, 3), MediaStatus::Busy),
            (look(Global::Ready, false, 1), MediaStatus::PendingNotReady),
            (look(Global::NotReady, false, 2), MediaStatus::PendingNotReady),
            (look(Global::Logout, true, 1), MediaStatus::Logout),
        ];
        for (look, expected) in arrows {
            assert_eq!(status(&look), expected, "{look:?}");
        }
    }
}
