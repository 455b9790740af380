//! Writes directory changes (`domain.md` sections 1.4, 1.5).
//!
//! They are ordered, and one statement cannot change a row twice, so they are written in waves: a change waits for the
//! wave after the one that changes the same row before it. Most batches need one or two waves.

use std::collections::BTreeMap;

use convene_core::directory::{DirectoryWrite, Live, Previous};
use convene_runtime::ports::store::{StoreError, StoreResult, TENANT};
use sqlx::PgConnection;

use crate::error::store_error;
use crate::text::{clean, column, signed, texts};

/// Writes the changes in order.
///
/// # Errors
/// [`StoreError::Conflict`] with `room:<id>` or `session:<channel>:<identifier>` when another conversation holds the
/// place, or the customer got another room meanwhile; [`StoreError::Broken`] for a profile without id or a conversation
/// in a room that does not exist.
pub(crate) async fn write(connection: &mut PgConnection, changes: &[DirectoryWrite]) -> StoreResult<()> {
    for wave in waves(changes)? {
        wave.write(connection).await?;
    }
    Ok(())
}

fn waves(changes: &[DirectoryWrite]) -> StoreResult<Vec<Wave<'_>>> {
    let mut waves: Vec<Wave<'_>> = Vec::new();
    let mut next_of: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for change in changes {
        let next = next_of.entry(row_of(change)).or_default();
        if waves.len() <= *next {
            waves.resize_with(*next + 1, Wave::default);
        }
        if let Some(wave) = waves.get_mut(*next) {
            wave.add(change)?;
        }
        *next += 1;
    }
    waves.iter_mut().for_each(Wave::sort);
    Ok(waves)
}

/// The row a change is about.
fn row_of(change: &DirectoryWrite) -> (&str, &str, &str) {
    match change {
        DirectoryWrite::Customer { customer } => ("customer", customer.id.as_deref().unwrap_or_default(), ""),
        DirectoryWrite::Identity { attribute, identifier, .. }
        | DirectoryWrite::Disown { attribute, identifier, .. } => ("identity", attribute, identifier),
        DirectoryWrite::Room { id: room, .. }
        | DirectoryWrite::Open { room, .. }
        | DirectoryWrite::Close { room, .. } => ("room", room, ""),
        DirectoryWrite::SessionOpen { channel, identifier, .. }
        | DirectoryWrite::SessionClose { channel, identifier, .. } => (channel, identifier, "session"),
    }
}

/// Changes no two of which are about one row.
#[derive(Default)]
struct Wave<'a> {
    customers: Vec<(&'a str, String)>,
    identities: Vec<(&'a str, &'a str, &'a str)>,
    disowned: Vec<(&'a str, &'a str, &'a str)>,
    rooms: Vec<(&'a str, &'a str)>,
    opened: Vec<(&'a str, &'a Live)>,
    closed: Vec<(&'a str, &'a str, &'a Previous)>,
    sessions_opened: Vec<(&'a str, &'a str, &'a Live)>,
    sessions_closed: Vec<(&'a str, &'a str, &'a str)>,
}

impl<'a> Wave<'a> {
    fn add(&mut self, change: &'a DirectoryWrite) -> StoreResult<()> {
        match change {
            DirectoryWrite::Customer { customer } => {
                let id = customer.id.as_deref().filter(|id| !id.is_empty());
                let id = id.ok_or_else(|| StoreError::Broken("a customer profile without _id".into()))?;
                let body = serde_json::to_string(customer)
                    .map_err(|error| StoreError::Broken(format!("customer {id} as JSON: {error}")))?;
                self.customers.push((id, body));
            }
            DirectoryWrite::Identity { attribute, identifier, customer } => {
                self.identities.push((attribute, identifier, customer));
            }
            DirectoryWrite::Disown { attribute, identifier, customer } => {
                self.disowned.push((attribute, identifier, customer));
            }
            DirectoryWrite::Room { id, customer } => self.rooms.push((id, customer)),
            DirectoryWrite::Open { room, live } => self.opened.push((room, live)),
            DirectoryWrite::Close { room, conversation, previous } => {
                self.closed.push((room, conversation, previous));
            }
            DirectoryWrite::SessionOpen { channel, identifier, live } => {
                self.sessions_opened.push((channel, identifier, live));
            }
            DirectoryWrite::SessionClose { channel, identifier, conversation } => {
                self.sessions_closed.push((channel, identifier, conversation));
            }
        }
        Ok(())
    }

    /// Sorts by row, so that two engines lock rows in one order. Customers and rooms keep the order of the batch among
    /// themselves where the database numbers them.
    fn sort(&mut self) {
        self.opened.sort_by_key(|(room, _)| *room);
        self.closed.sort_by_key(|(room, ..)| *room);
        self.sessions_opened.sort_by_key(|(channel, identifier, _)| (*channel, *identifier));
        self.sessions_closed.sort_unstable();
        self.disowned.sort_unstable();
    }

    /// Runs `directory.sql`; the order of its parameters is the order of the binds.
    async fn write(&self, connection: &mut PgConnection) -> StoreResult<()> {
        sqlx::query(include_str!("sql/directory.sql"))
            .bind(TENANT)
            .bind(texts(&self.customers, |(id, _)| id))
            .bind(texts(&self.customers, |(_, body)| body))
            .bind(texts(&self.identities, |(attribute, ..)| attribute))
            .bind(texts(&self.identities, |(_, identifier, _)| identifier))
            .bind(texts(&self.identities, |(.., customer)| customer))
            .bind(texts(&self.rooms, |(id, _)| id))
            .bind(texts(&self.rooms, |(_, customer)| customer))
            .bind(texts(&self.opened, |(room, _)| room))
            .bind(texts(&self.opened, |(_, live)| &live.conversation))
            .bind(column(&self.opened, |(_, live)| signed(live.home)))
            .bind(texts(&self.closed, |(room, ..)| room))
            .bind(texts(&self.closed, |(_, conversation, _)| conversation))
            .bind(texts(&self.closed, |(.., previous)| &previous.conversation))
            .bind(column(&self.closed, |(.., previous)| previous.ended_at))
            .bind(column(&self.closed, |(.., previous)| previous.queue.as_deref().map(clean)))
            .bind(column(&self.closed, |(.., previous)| previous.agent.as_deref().map(clean)))
            .bind(texts(&self.sessions_opened, |(channel, ..)| channel))
            .bind(texts(&self.sessions_opened, |(_, identifier, _)| identifier))
            .bind(texts(&self.sessions_opened, |(.., live)| &live.conversation))
            .bind(column(&self.sessions_opened, |(.., live)| signed(live.home)))
            .bind(texts(&self.sessions_closed, |(channel, ..)| channel))
            .bind(texts(&self.sessions_closed, |(_, identifier, _)| identifier))
            .bind(texts(&self.sessions_closed, |(.., conversation)| conversation))
            .bind(texts(&self.disowned, |(attribute, ..)| attribute))
            .bind(texts(&self.disowned, |(_, identifier, _)| identifier))
            .bind(texts(&self.disowned, |(.., customer)| customer))
            .execute(connection)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn changes_of_one_room_fall_into_waves_and_others_do_not_wait() {
        let room = |id: &str| DirectoryWrite::Room { id: id.into(), customer: "c".into() };
        let open = |id: &str| DirectoryWrite::Open { room: id.into(), live: Live::default() };
        let changes = [room("r"), open("r"), open("s")];
        let waves = waves(&changes).unwrap();
        assert_eq!(waves.len(), 2);
        assert_eq!((waves[0].rooms.len(), waves[0].opened.len(), waves[1].opened.len()), (1, 1, 1));
    }
}
