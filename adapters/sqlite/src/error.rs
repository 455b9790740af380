//! What an error of the database means to the loop.

use convene_runtime::ports::store::StoreError;

/// Sorts an error of the driver by what the caller can do about it.
pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(inner) => {
            let code = inner.code().and_then(|code| code.parse().ok()).unwrap_or_default();
            sorted(code, inner.message())
        }
        sqlx::Error::Encode(_)
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::TypeNotFound { .. } => StoreError::Broken(error.to_string()),
        // The connection, the pool or its thread: nothing that an input could have caused.
        _ => StoreError::Unavailable(error.to_string()),
    }
}

/// Codes: `sqlite.org/rescode.html`. Only what lies in the rows counts as refused, since who refuses an input again and
/// again has it quarantined. A full disk or a file that cannot be written is not the input's fault, and passes.
fn sorted(code: u32, message: &str) -> StoreError {
    // The lower eight bits of an extended code are the code.
    match code & 0xff {
        // SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_MISMATCH.
        18..=20 => StoreError::Broken(format!("{message} ({code})")),
        1 if message.starts_with("no such table") || message.starts_with("no such column") => {
            StoreError::Unavailable(format!("{message}: the schema is not up to date, run `convene migrate`"))
        }
        _ => StoreError::Unavailable(format!("{message} ({code})")),
    }
}

/// A conflict on one key.
pub(crate) fn conflict(key: String) -> StoreError {
    StoreError::Conflict { keys: vec![key] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_in_the_rows_counts_as_refused() {
        // SQLITE_TOOBIG, SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_TRIGGER, SQLITE_MISMATCH.
        for code in [18, 2067, 1811, 20] {
            assert!(matches!(sorted(code, ""), StoreError::Broken(_)), "{code}");
        }
        // SQLITE_BUSY, LOCKED, NOMEM, READONLY, IOERR and one of its kinds, CORRUPT, FULL, SCHEMA, an unknown one.
        for code in [5, 6, 7, 8, 10, 778, 11, 13, 17, 0] {
            assert!(matches!(sorted(code, ""), StoreError::Unavailable(_)), "{code}");
        }
    }
}
