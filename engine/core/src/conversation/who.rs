//! Who is in a conversation: sessions, agents, the bot (`domain.md` section 1.8).

use super::state::{Conversation, Seat, SeatKind, Session};
use crate::model::ParticipantRole;

impl Conversation {
    /// C of 1.8: open sessions.
    #[must_use]
    pub fn open_sessions(&self) -> usize {
        self.sessions.iter().filter(|s| s.open()).count()
    }

    /// A of 1.8: agents with role PRIMARY or ASSISTANT.
    #[must_use]
    pub fn agents_present(&self) -> usize {
        self.agents()
            .filter(|s| matches!(s.role, ParticipantRole::Primary | ParticipantRole::Assistant))
            .count()
    }

    /// Wa of 1.8: agents with role WRAP_UP.
    #[must_use]
    pub fn agents_wrapping_up(&self) -> usize {
        self.agents().filter(|s| s.role == ParticipantRole::WrapUp).count()
    }

    /// Agents with role PRIMARY.
    #[must_use]
    pub fn primaries(&self) -> usize {
        self.agents().filter(|s| s.role == ParticipantRole::Primary).count()
    }

    /// Seats of agents.
    pub fn agents(&self) -> impl Iterator<Item = &Seat> {
        self.seats.iter().filter(|s| s.kind == SeatKind::Agent)
    }

    /// Seat of an agent.
    #[must_use]
    pub fn agent(&self, id: &str) -> Option<&Seat> {
        self.agents().find(|s| s.who == id)
    }

    /// Seat of the conversation's bot (1.2: at most one).
    #[must_use]
    pub fn bot_seat(&self) -> Option<&Seat> {
        self.seats.iter().find(|s| s.kind == SeatKind::Bot)
    }

    /// A session by id.
    #[must_use]
    pub fn session(&self, id: &str) -> Option<&Session> {
        self.sessions.iter().find(|s| s.id == id)
    }

    /// A session by id, to change it.
    pub fn session_mut(&mut self, id: &str) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|s| s.id == id)
    }

    /// The open session of a customer's address.
    #[must_use]
    pub fn live_session(&self, channel: &str, identifier: &str) -> Option<&Session> {
        self.sessions.iter().find(|s| s.open() && s.channel == channel && s.identifier == identifier)
    }

    /// The open session the customer used last, or the youngest open one, or the youngest at all.
    #[must_use]
    pub fn current_session(&self) -> Option<&Session> {
        let last = self.last_session.as_deref().and_then(|id| self.session(id));
        last.filter(|s| s.open())
            .or_else(|| self.sessions.iter().rev().find(|s| s.open()))
            .or(last)
            .or_else(|| self.sessions.last())
    }
}
