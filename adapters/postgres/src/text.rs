//! What a statement is made of: its text without the parts that have nothing to do, and the columns `unnest` wants.

use std::borrow::Cow;

use convene_runtime::ports::store::{StoreError, StoreResult};

/// What a line begins with that names the part under it.
const PART: &str = "-- part: ";
/// The name of parts that are never left out.
const ALWAYS: &str = "always";

/// The text of a statement with those of its parts that are wanted. Parameters keep their numbers, also those that no
/// part asks for.
pub(crate) fn choose(text: &str, wanted: impl Fn(&str) -> bool) -> String {
    let mut chosen = String::with_capacity(text.len());
    let mut part = None;
    for line in text.split_inclusive('\n') {
        if let Some(name) = line.strip_prefix(PART) {
            part = Some(name.trim_end());
        } else if part.is_some_and(|name| name == ALWAYS || wanted(name)) {
            chosen.push_str(line);
        }
    }
    chosen
}

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

    #[test]
    fn what_has_nothing_to_do_is_left_out() {
        let text = "-- about it\n-- part: always\nselect 1\n-- part: more\nunion all\nselect $2\n-- part: always\nlimit 1\n";
        assert_eq!(choose(text, |_| false), "select 1\nlimit 1\n");
        assert_eq!(choose(text, |part| part == "more"), "select 1\nunion all\nselect $2\nlimit 1\n");
    }
}
