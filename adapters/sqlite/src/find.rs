//! Reads all that a batch needs.

use convene_core::directory::{Arrival, Live, Previous, RoomFact};
use convene_core::model::Customer;
use convene_runtime::ports::store::{Found, Sender, StateRow, StoreError, StoreResult, TENANT, Wanted};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row, SqliteConnection};

use crate::error::store_error;
use crate::{list, unsigned};

/// Answers `wanted`, as of one moment.
pub(crate) async fn find(pool: &SqlitePool, wanted: &Wanted) -> StoreResult<Found> {
    let mut transaction = pool.begin().await.map_err(store_error)?;
    let mut found = Found::default();
    if !wanted.inputs.is_empty() {
        let rows = sqlx::query(
            "select seen.id, seen.outcome from json_each(?2) n cross join seen on seen.tenant = ?1 and seen.id = n.value",
        )
        .bind(TENANT)
        .bind(list(wanted.inputs.iter().map(String::as_str)))
        .fetch_all(&mut *transaction)
        .await
        .map_err(store_error)?;
        for row in &rows {
            let id: String = row.try_get("id").map_err(store_error)?;
            let outcome: Option<String> = row.try_get("outcome").map_err(store_error)?;
            found.outcomes.extend(outcome.map(|outcome| (id.clone(), outcome)));
            found.seen.push(id);
        }
    }
    if !wanted.states.is_empty() {
        let rows = sqlx::query(
            "select s.* from json_each(?2) n
            cross join conversation_state s on s.tenant = ?1 and s.key = n.value",
        )
        .bind(TENANT)
        .bind(list(wanted.states.iter().map(String::as_str)))
        .fetch_all(&mut *transaction)
        .await
        .map_err(store_error)?;
        for row in &rows {
            let state = state(row)?;
            found.states.insert(state.key.clone(), state);
        }
    }
    for sender in &wanted.arrivals {
        found.arrivals.push(arrival(&mut transaction, sender).await?);
    }
    Ok(found)
}

/// A row of `conversation_state`.
pub(crate) fn state(row: &SqliteRow) -> StoreResult<StateRow> {
    Ok(StateRow {
        key: row.try_get("key").map_err(store_error)?,
        version: row.try_get("version").map_err(store_error)?,
        partition: unsigned(row.try_get("partition").map_err(store_error)?)?,
        open: row.try_get("open").map_err(store_error)?,
        name: row.try_get("name").map_err(store_error)?,
        customer: row.try_get("customer").map_err(store_error)?,
        room: row.try_get("room").map_err(store_error)?,
        body: row.try_get("body").map_err(store_error)?,
    })
}

async fn arrival(connection: &mut SqliteConnection, sender: &Sender) -> StoreResult<Arrival> {
    let live: Option<(String, i64)> = sqlx::query_as(
        "select conversation, home from live_session where tenant = ?1 and channel = ?2 and identifier = ?3",
    )
    .bind(TENANT)
    .bind(&sender.channel)
    .bind(&sender.identifier)
    .fetch_optional(&mut *connection)
    .await
    .map_err(store_error)?;
    let rows = sqlx::query(
        "select c.body, r.id, r.live_conversation, r.live_home, r.previous_conversation, r.previous_ended_at,
            r.previous_queue, r.previous_agent
        from identity i
        join customer c on c.tenant = i.tenant and c.id = i.customer
        left join room r on r.tenant = c.tenant and r.customer = c.id
        where i.tenant = ?1 and i.attribute = ?2 and i.identifier = ?3
        order by c.seq",
    )
    .bind(TENANT)
    .bind(&sender.attribute)
    .bind(&sender.identifier)
    .fetch_all(&mut *connection)
    .await
    .map_err(store_error)?;
    let live_session = match live {
        None => None,
        Some((conversation, home)) => Some(Live { conversation, home: unsigned(home)? }),
    };
    let room = match rows.as_slice() {
        [only] => room(only)?,
        _ => None,
    };
    let candidates = rows.iter().map(customer).collect::<StoreResult<_>>()?;
    Ok(Arrival { live_session, candidates, room, reused: false })
}

fn customer(row: &SqliteRow) -> StoreResult<Customer> {
    let body: &str = row.try_get("body").map_err(store_error)?;
    serde_json::from_str(body).map_err(|error| StoreError::Broken(format!("a customer profile: {error}")))
}

fn room(row: &SqliteRow) -> StoreResult<Option<RoomFact>> {
    let Some(id) = row.try_get::<Option<String>, _>("id").map_err(store_error)? else { return Ok(None) };
    let live: Option<String> = row.try_get("live_conversation").map_err(store_error)?;
    let home: Option<i64> = row.try_get("live_home").map_err(store_error)?;
    let live = match (live, home) {
        (Some(conversation), Some(home)) => Some(Live { conversation, home: unsigned(home)? }),
        _ => None,
    };
    let previous: Option<String> = row.try_get("previous_conversation").map_err(store_error)?;
    let previous = match previous {
        None => None,
        Some(conversation) => Some(Previous {
            conversation,
            ended_at: row
                .try_get::<Option<i64>, _>("previous_ended_at")
                .map_err(store_error)?
                .unwrap_or_default(),
            queue: row.try_get("previous_queue").map_err(store_error)?,
            agent: row.try_get("previous_agent").map_err(store_error)?,
        }),
    };
    Ok(Some(RoomFact { id, live, previous }))
}
