//! What an error of the database means to the loop.

use convene_runtime::ports::store::StoreError;
use sqlx::error::DatabaseError;

/// Error code with which our own statements tell of a conflict; the message is the JSON list of keys.
const CONFLICT: &str = "CV001";
/// The same for leases taken over; the message is the JSON list of partition numbers.
const FENCED: &str = "CV002";

/// Sorts an error of the driver by what the caller can do about it.
pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(inner) => database_error(inner.as_ref()),
        // `Protocol` is how a reply cut short by a dying server shows itself. `Tls`: a certificate that ran out says
        // nothing against what was to be written.
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => StoreError::Unavailable(error.to_string()),
        _ => StoreError::Broken(error.to_string()),
    }
}

/// Codes: PostgreSQL manual, appendix A.
fn database_error(error: &dyn DatabaseError) -> StoreError {
    let code = error.code().unwrap_or_default();
    let said = || format!("{} ({code})", error.message());
    match code.as_ref() {
        CONFLICT => StoreError::Conflict { keys: listed(error.message()) },
        FENCED => StoreError::Fenced {
            partitions: listed(error.message()).iter().filter_map(|text| text.parse().ok()).collect(),
        },
        // Serialization failure, deadlock: one of two transactions was chosen to try again.
        "40001" | "40P01" => StoreError::Conflict { keys: Vec::new() },
        // Shutdown, crash, starting up, too many connections; a server turned into a replica; our own time limits.
        "57P01" | "57P02" | "57P03" | "57P05" | "53300" | "25006" | "25P03" | "57014" | "55P03" => {
            StoreError::Unavailable(said())
        }
        // Connection exceptions.
        code if code.starts_with("08") => StoreError::Unavailable(said()),
        "42P01" | "42703" | "42883" => {
            // Not the input's fault: perhaps a newer release has migrated, and this engine has to be replaced.
            StoreError::Unavailable(format!(
                "{}: the schema is of another release; run `convene migrate`",
                said()
            ))
        }
        _ => StoreError::Broken(said()),
    }
}

fn listed(message: &str) -> Vec<String> {
    serde_json::from_str(message).unwrap_or_else(|_| vec![message.to_owned()])
}
