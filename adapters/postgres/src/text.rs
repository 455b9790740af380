//! From lists of records to the columns `unnest` wants.

use std::borrow::Cow;

use convene_runtime::ports::store::{StoreError, StoreResult};

/// The text as Postgres can keep it: it has no NUL character, and a sender may well send one in an identifier. A NUL
/// becomes the replacement character. JSON texts escape it and come through untouched.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.as_bytes().contains(&0) {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Partition numbers as the database counts them.
pub(crate) fn signed(partition: u32) -> i32 {
    i32::try_from(partition).unwrap_or(i32::MAX)
}

/// A partition number out of the database.
pub(crate) fn unsigned(partition: i32) -> StoreResult<u32> {
    u32::try_from(partition).map_err(|_| StoreError::Broken(format!("partition {partition} is negative")))
}

/// One column of a list.
pub(crate) fn column<'a, T, V>(rows: &'a [T], value: impl Fn(&'a T) -> V) -> Vec<V> {
    rows.iter().map(value).collect()
}

/// One column of texts.
pub(crate) fn texts<'a, T>(rows: &'a [T], value: impl Fn(&'a T) -> &'a str) -> Vec<Cow<'a, str>> {
    rows.iter().map(|row| clean(value(row))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_is_replaced_and_the_rest_stays() {
        assert_eq!(clean("a\0b"), "a\u{fffd}b");
        assert!(matches!(clean("ab"), Cow::Borrowed("ab")));
    }
}
