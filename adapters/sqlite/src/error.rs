//! What an error of the database means to the loop.

use convene_runtime::ports::store::StoreError;

/// Sorts an error of the driver by what the caller can do about it.
pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            StoreError::Unavailable(error.to_string())
        }
        sqlx::Error::Database(inner) => {
            // The lower eight bits of an extended code are the code: 5 is SQLITE_BUSY, 6 SQLITE_LOCKED.
            let code = inner.code().and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff);
            match code {
                Some(5 | 6) => StoreError::Unavailable(error.to_string()),
                Some(1) if inner.message().starts_with("no such table") => StoreError::Broken(format!(
                    "{}: the schema is not up to date, run `convene migrate`",
                    inner.message()
                )),
                _ => StoreError::Broken(error.to_string()),
            }
        }
        _ => StoreError::Broken(error.to_string()),
    }
}

/// A conflict on one key.
pub(crate) fn conflict(key: String) -> StoreError {
    StoreError::Conflict { keys: vec![key] }
}
