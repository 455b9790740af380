//! Timers of a conversation. A timer is state: its id tells the running setting from stale ones.

use super::state::{Position, Timer};
use super::work::Work;
use super::{interpret, sessions, sla};
use crate::model::{EventName, emitter};

/// Session that lost its link and may come back (U05).
pub(super) const GRACE: &str = "grace:";
/// Customer SLA of a session.
pub(super) const CUSTOMER_SLA: &str = "customer-sla:";
/// Agent SLA.
pub(super) const AGENT_SLA: &str = "agent-sla";
/// A journey's deadline.
pub(super) const RUN: &str = "run:";
/// A reminder of a flow.
pub(super) const REMINDER: &str = "reminder:";
/// End of a hold.
pub(super) const HOLD: &str = "hold";
/// A bot's answer is overdue.
pub(super) const BOT: &str = "bot:";

impl Work<'_> {
    /// Sets or replaces a timer.
    pub(super) fn set_timer(&mut self, name: String, delay_ms: i64, enter: Option<Position>) {
        let id = self.ids.fresh();
        let due = self.at.saturating_add(delay_ms.max(0));
        self.c.timers.insert(name, Timer { id, due, enter });
    }

    /// Clears a timer; not there is fine.
    pub(super) fn clear_timer(&mut self, name: &str) {
        self.c.timers.remove(name);
    }
}

/// A timer is due. A setting that was replaced or cleared meanwhile is stale and changes nothing.
pub(super) fn fired(work: &mut Work<'_>, name: &str, id: &str) {
    if work.c.timers.get(name).is_none_or(|t| t.id != id) {
        work.note("timer", format!("{name} is stale"), "it was replaced or cleared before it was due");
        return;
    }
    let Some(timer) = work.c.timers.remove(name) else { return };
    if let Some(session) = name.strip_prefix(CUSTOMER_SLA) {
        sla::customer_due(work, session);
    } else if name == AGENT_SLA {
        sla::agent_due(work);
    } else if let Some(run) = name.strip_prefix(RUN) {
        interpret::deadline(work, run);
    } else if let Some(reminder) = name.strip_prefix(REMINDER) {
        interpret::reminder(work, reminder, timer.enter.as_ref());
    } else if let Some(session) = name.strip_prefix(GRACE) {
        sessions::end(
            work,
            session,
            "NETWORK",
            emitter::conversation_manager(),
            &EventName::ChannelSessionEnded,
        );
    } else if name == HOLD {
        super::hold::resume(work, None, "the time of the hold is over");
    } else if let Some(bot) = name.strip_prefix(BOT) {
        super::bots::timed_out(work, bot);
    } else {
        work.note("timer", format!("{name} has no meaning"), "a timer of an older version; ignored");
    }
}
