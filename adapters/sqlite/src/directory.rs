//! Writes directory changes (`domain.md` sections 1.4, 1.5), in order.

use convene_core::directory::{DirectoryWrite, Live, Previous};
use convene_core::model::Customer;
use convene_runtime::ports::store::{StoreError, StoreResult, TENANT};
use sqlx::SqliteConnection;

use crate::error::{conflict, store_error};

/// Writes the changes.
///
/// # Errors
/// [`StoreError::Conflict`] with `room:<id>` or `session:<channel>:<identifier>` when another conversation holds the
/// place, or the customer has another room; [`StoreError::Broken`] for a profile without id or a conversation in a
/// room that does not exist.
pub(crate) async fn write(connection: &mut SqliteConnection, changes: &[DirectoryWrite]) -> StoreResult<()> {
    for change in changes {
        match change {
            DirectoryWrite::Customer { customer } => write_customer(connection, customer).await?,
            DirectoryWrite::Identity { attribute, identifier, customer } => {
                write_identity(connection, OWN, attribute, identifier, customer).await?;
            }
            DirectoryWrite::Disown { attribute, identifier, customer } => {
                write_identity(connection, DISOWN, attribute, identifier, customer).await?;
            }
            DirectoryWrite::Room { id, customer } => write_room(connection, id, customer).await?,
            DirectoryWrite::Open { room, live } => open(connection, room, live).await?,
            DirectoryWrite::Close { room, conversation, previous } => {
                close(connection, room, conversation, previous).await?;
            }
            DirectoryWrite::SessionOpen { channel, identifier, live } => {
                open_session(connection, channel, identifier, live).await?;
            }
            DirectoryWrite::SessionClose { channel, identifier, conversation } => {
                close_session(connection, channel, identifier, conversation).await?;
            }
        }
    }
    Ok(())
}

async fn write_customer(connection: &mut SqliteConnection, customer: &Customer) -> StoreResult<()> {
    let id = customer.id.as_deref().filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| StoreError::Broken("a customer profile without _id".into()))?;
    let body = serde_json::to_string(customer)
        .map_err(|error| StoreError::Broken(format!("customer {id} as JSON: {error}")))?;
    sqlx::query(
        "insert into customer (tenant, id, body) values (?1, ?2, ?3)
        on conflict (tenant, id) do update set body = excluded.body",
    )
    .bind(TENANT)
    .bind(id)
    .bind(body)
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(())
}

const OWN: &str = "insert into identity (tenant, attribute, identifier, customer) values (?1, ?2, ?3, ?4) on conflict do nothing";
const DISOWN: &str =
    "delete from identity where tenant = ?1 and attribute = ?2 and identifier = ?3 and customer = ?4";

/// Runs [`OWN`] or [`DISOWN`].
async fn write_identity(
    connection: &mut SqliteConnection,
    statement: &'static str,
    attribute: &str,
    identifier: &str,
    customer: &str,
) -> StoreResult<()> {
    sqlx::query(statement)
        .bind(TENANT)
        .bind(attribute)
        .bind(identifier)
        .bind(customer)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

async fn write_room(connection: &mut SqliteConnection, id: &str, customer: &str) -> StoreResult<()> {
    sqlx::query("insert into room (tenant, id, customer) values (?1, ?2, ?3) on conflict do nothing")
        .bind(TENANT)
        .bind(id)
        .bind(customer)
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    // Not made and not there: the customer has another room.
    if room_exists(connection, id).await? { Ok(()) } else { Err(conflict(format!("room:{id}"))) }
}

async fn room_exists(connection: &mut SqliteConnection, id: &str) -> StoreResult<bool> {
    sqlx::query_scalar("select exists (select 1 from room where tenant = ?1 and id = ?2)")
        .bind(TENANT)
        .bind(id)
        .fetch_one(connection)
        .await
        .map_err(store_error)
}

async fn open(connection: &mut SqliteConnection, room: &str, live: &Live) -> StoreResult<()> {
    let opened = sqlx::query(
        "update room set live_conversation = ?3, live_home = ?4
        where tenant = ?1 and id = ?2 and (live_conversation is null or live_conversation = ?3)",
    )
    .bind(TENANT)
    .bind(room)
    .bind(&live.conversation)
    .bind(i64::from(live.home))
    .execute(&mut *connection)
    .await
    .map_err(store_error)?;
    taken_or_missing(connection, room, opened.rows_affected()).await
}

async fn close(
    connection: &mut SqliteConnection,
    room: &str,
    conversation: &str,
    previous: &Previous,
) -> StoreResult<()> {
    let closed = sqlx::query(
        "update room set live_conversation = null, live_home = null, previous_conversation = ?4,
            previous_ended_at = ?5, previous_queue = ?6, previous_agent = ?7
        where tenant = ?1 and id = ?2 and (live_conversation is null or live_conversation = ?3)",
    )
    .bind(TENANT)
    .bind(room)
    .bind(conversation)
    .bind(&previous.conversation)
    .bind(previous.ended_at)
    .bind(&previous.queue)
    .bind(&previous.agent)
    .execute(&mut *connection)
    .await
    .map_err(store_error)?;
    taken_or_missing(connection, room, closed.rows_affected()).await
}

/// Why no row of `room` was changed, if none was.
async fn taken_or_missing(connection: &mut SqliteConnection, room: &str, changed: u64) -> StoreResult<()> {
    match changed {
        0 if room_exists(connection, room).await? => Err(conflict(format!("room:{room}"))),
        0 => Err(StoreError::Broken(format!("room {room} does not exist"))),
        _ => Ok(()),
    }
}

async fn open_session(
    connection: &mut SqliteConnection,
    channel: &str,
    identifier: &str,
    live: &Live,
) -> StoreResult<()> {
    let opened = sqlx::query(
        "insert into live_session (tenant, channel, identifier, conversation, home) values (?1, ?2, ?3, ?4, ?5)
        on conflict (tenant, channel, identifier) do update set home = excluded.home
            where live_session.conversation = excluded.conversation",
    )
    .bind(TENANT)
    .bind(channel)
    .bind(identifier)
    .bind(&live.conversation)
    .bind(i64::from(live.home))
    .execute(connection)
    .await
    .map_err(store_error)?;
    match opened.rows_affected() {
        0 => Err(conflict(format!("session:{channel}:{identifier}"))),
        _ => Ok(()),
    }
}

async fn close_session(
    connection: &mut SqliteConnection,
    channel: &str,
    identifier: &str,
    conversation: &str,
) -> StoreResult<()> {
    sqlx::query(
        "delete from live_session where tenant = ?1 and channel = ?2 and identifier = ?3 and conversation = ?4",
    )
    .bind(TENANT)
    .bind(channel)
    .bind(identifier)
    .bind(conversation)
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(())
}
