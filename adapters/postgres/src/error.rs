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

/// Error code with which our own statements tell that what they were given cannot be.
const IMPOSSIBLE: &str = "CV003";
/// Classes of errors that lie in the rows to be written: a wrong count of rows, data no column takes, a rule of a table,
/// a limit on sizes. Of the class P0, a trigger's own word.
const OF_THE_ROWS: [&str; 5] = ["21", "22", "23", "54", "P0"];

fn database_error(error: &dyn DatabaseError) -> StoreError {
    sorted(&error.code().unwrap_or_default(), error.message())
}

/// Codes: PostgreSQL manual, appendix A. Only what lies in the rows counts as refused, since who refuses an input again
/// and again has it quarantined. A full disk, an exhausted server, a password that was changed, a plan that no longer
/// fits: nothing of that is the input's fault, and all of it passes.
fn sorted(code: &str, message: &str) -> StoreError {
    let said = || format!("{message} ({code})");
    match code {
        CONFLICT => StoreError::Conflict { keys: listed(message) },
        FENCED => StoreError::Fenced {
            partitions: listed(message).iter().filter_map(|text| text.parse().ok()).collect(),
        },
        IMPOSSIBLE => StoreError::Broken(said()),
        // Serialization failure, deadlock: one of two transactions was chosen to try again.
        "40001" | "40P01" => StoreError::Conflict { keys: Vec::new() },
        // Perhaps a newer release has migrated, and this engine has to be replaced.
        "42P01" | "42703" | "42883" => StoreError::Unavailable(format!(
            "{}: the schema is of another release; run `convene migrate`",
            said()
        )),
        code if OF_THE_ROWS.iter().any(|class| code.starts_with(class)) => StoreError::Broken(said()),
        _ => StoreError::Unavailable(said()),
    }
}

/// An error of the first connection. A user or a database that the server does not know is a mistake in the URL.
pub(crate) fn first_error(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(DatabaseError::code).unwrap_or_default();
    match code.as_ref() {
        "3D000" | "42501" => StoreError::Broken(error.to_string()),
        code if code.starts_with("28") => StoreError::Broken(error.to_string()),
        _ => store_error(error),
    }
}

fn listed(message: &str) -> Vec<String> {
    serde_json::from_str(message).unwrap_or_else(|_| vec![message.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_in_the_rows_counts_as_refused() {
        for code in ["21000", "22021", "22P05", "23505", "54000", "P0001", "CV003"] {
            assert!(matches!(sorted(code, ""), StoreError::Broken(_)), "{code}");
        }
        let passing =
            ["53100", "53200", "58030", "XX000", "28P01", "3D000", "0A000", "57014", "08006", "42501", ""];
        for code in passing {
            assert!(matches!(sorted(code, ""), StoreError::Unavailable(_)), "{code}");
        }
        for code in ["40001", "40P01", "CV001"] {
            assert!(matches!(sorted(code, "[]"), StoreError::Conflict { .. }), "{code}");
        }
    }
}
