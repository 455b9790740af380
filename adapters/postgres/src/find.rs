//! Reads all that a batch needs, in one round trip.

use convene_core::directory::{Live, Previous, RoomFact};
use convene_core::model::Customer;
use convene_runtime::ports::store::{Found, StateRow, StoreError, StoreResult, TENANT, Wanted};
use sqlx::postgres::{PgPool, PgRow};
use sqlx::{AssertSqlSafe, Row};

use crate::error::store_error;
use crate::text::{choose, texts, unsigned};

/// A customer who owns the identifier, with the number that tells their age.
type Candidate = (i64, Customer, Option<RoomFact>);

/// Answers `wanted`.
pub(crate) async fn find(pool: &PgPool, wanted: &Wanted) -> StoreResult<Found> {
    let mut found = Found { arrivals: vec![Default::default(); wanted.arrivals.len()], ..Found::default() };
    if wanted.inputs.is_empty() && wanted.states.is_empty() && wanted.arrivals.is_empty() {
        return Ok(found);
    }
    let text = choose(include_str!("sql/find.sql"), |part| match part {
        "states" => !wanted.states.is_empty(),
        "arrivals" => !wanted.arrivals.is_empty(),
        _ => true,
    });
    let rows = sqlx::query(AssertSqlSafe(text))
        .bind(TENANT)
        .bind(texts(&wanted.inputs, String::as_str))
        .bind(texts(&wanted.states, String::as_str))
        .bind(texts(&wanted.arrivals, |sender| &sender.channel))
        .bind(texts(&wanted.arrivals, |sender| &sender.attribute))
        .bind(texts(&wanted.arrivals, |sender| &sender.identifier))
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    let mut candidates: Vec<Vec<Candidate>> = wanted.arrivals.iter().map(|_| Vec::new()).collect();
    for row in &rows {
        let question = question(row)?;
        match get::<i32>(row, "kind")? {
            0 => {
                let id = wanted.inputs.get(question);
                found.seen.extend(id.cloned());
                found.outcomes.extend(id.cloned().zip(get(row, "a")?));
            }
            1 => {
                if let Some(key) = wanted.states.get(question) {
                    found.states.insert(key.clone(), state(key, row)?);
                }
            }
            2 => {
                if let Some(arrival) = found.arrivals.get_mut(question) {
                    arrival.live_session = live(row, "a")?;
                }
            }
            _ => {
                if let Some(list) = candidates.get_mut(question) {
                    list.push((get(row, "seq")?, customer(row)?, room(row)?));
                }
            }
        }
    }
    for (arrival, mut list) in found.arrivals.iter_mut().zip(candidates) {
        list.sort_by_key(|(age, ..)| *age);
        if let [(_, _, room)] = list.as_mut_slice() {
            arrival.room = room.take();
        }
        arrival.candidates = list.into_iter().map(|(_, customer, _)| customer).collect();
    }
    Ok(found)
}

fn get<'r, T>(row: &'r PgRow, column: &'static str) -> StoreResult<T>
where
    T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    row.try_get(column).map_err(store_error)
}

/// Which question the row answers, from 0.
fn question(row: &PgRow) -> StoreResult<usize> {
    let ordinal: i64 = get(row, "ord")?;
    usize::try_from(ordinal - 1).map_err(|_| StoreError::Broken(format!("an answer to question {ordinal}")))
}

fn state(key: &str, row: &PgRow) -> StoreResult<StateRow> {
    Ok(StateRow {
        key: key.to_owned(),
        version: get(row, "number")?,
        partition: unsigned(get(row, "home")?)?,
        open: get(row, "open")?,
        name: get(row, "b")?,
        customer: get(row, "c")?,
        room: get(row, "d")?,
        body: get(row, "a")?,
    })
}

fn live(row: &PgRow, column: &'static str) -> StoreResult<Option<Live>> {
    match (get::<Option<String>>(row, column)?, get::<Option<i32>>(row, "home")?) {
        (Some(conversation), Some(home)) => Ok(Some(Live { conversation, home: unsigned(home)? })),
        _ => Ok(None),
    }
}

fn customer(row: &PgRow) -> StoreResult<Customer> {
    let body: &str = get(row, "a")?;
    serde_json::from_str(body).map_err(|error| StoreError::Broken(format!("a customer profile: {error}")))
}

fn room(row: &PgRow) -> StoreResult<Option<RoomFact>> {
    let Some(id) = get::<Option<String>>(row, "b")? else { return Ok(None) };
    let previous = match get::<Option<String>>(row, "d")? {
        None => None,
        Some(conversation) => Some(Previous {
            conversation,
            ended_at: get::<Option<i64>>(row, "number")?.unwrap_or_default(),
            queue: get(row, "e")?,
            agent: get(row, "f")?,
        }),
    };
    Ok(Some(RoomFact { id, live: live(row, "c")?, previous }))
}
