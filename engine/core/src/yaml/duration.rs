//! Durations: numbers with units, such as `30s` or `1m30s`. A number without a unit is never guessed.

use thiserror::Error;

/// Longest duration: 400 days, in milliseconds. Longer than any reporting year, short enough to be a mistake
/// rather than an overflow.
pub const DURATION_MS_MAX: i64 = 400 * 24 * 60 * 60 * 1000;

/// Why a duration cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DurationError {
    /// Digits only.
    #[error("a duration needs a unit")]
    NoUnit,
    /// Not numbers followed by units.
    #[error("a duration is numbers with units `ms`, `s`, `m`, `h` or `d`, such as `1m30s`")]
    Malformed,
    /// More than [`DURATION_MS_MAX`].
    #[error("a duration is at most 400 days")]
    TooLong,
}

/// Reads a duration as milliseconds: whole numbers, each with a unit `ms`, `s`, `m`, `h` or `d`, largest first.
///
/// # Errors
/// When a unit is missing or unknown, a unit is repeated or out of order, or the sum exceeds [`DURATION_MS_MAX`].
pub fn parse_duration(text: &str) -> Result<i64, DurationError> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DurationError::NoUnit);
    }
    let mut rest = text;
    let mut total: i64 = 0;
    let mut larger = i64::MAX;
    while !rest.is_empty() {
        let (digits, tail) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        let (unit, tail) = tail.split_at(tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len()));
        let unit_ms = unit_ms(unit).filter(|ms| *ms < larger).ok_or(DurationError::Malformed)?;
        if digits.is_empty() {
            return Err(DurationError::Malformed);
        }
        let number: i64 = digits.parse().map_err(|_| DurationError::TooLong)?;
        let part = number.checked_mul(unit_ms).ok_or(DurationError::TooLong)?;
        total = total.checked_add(part).ok_or(DurationError::TooLong)?;
        (rest, larger) = (tail, unit_ms);
    }
    match (text.is_empty(), total > DURATION_MS_MAX) {
        (true, _) => Err(DurationError::Malformed),
        (_, true) => Err(DurationError::TooLong),
        _ => Ok(total),
    }
}

fn unit_ms(unit: &str) -> Option<i64> {
    Some(match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        "d" => 24 * 60 * 60 * 1000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        for (text, expected) in [
            ("30s", Ok(30_000)),
            ("1m30s", Ok(90_000)),
            ("250ms", Ok(250)),
            ("1d2h", Ok(93_600_000)),
            ("0s", Ok(0)),
            ("400d", Ok(DURATION_MS_MAX)),
            ("30", Err(DurationError::NoUnit)),
            ("", Err(DurationError::Malformed)),
            ("s", Err(DurationError::Malformed)),
            ("1.5h", Err(DurationError::Malformed)),
            ("-5s", Err(DurationError::Malformed)),
            ("30s1m", Err(DurationError::Malformed)),
            ("1s1s", Err(DurationError::Malformed)),
            ("1w", Err(DurationError::Malformed)),
            ("1m 30s", Err(DurationError::Malformed)),
            ("3\u{0663}s", Err(DurationError::Malformed)),
            ("401d", Err(DurationError::TooLong)),
            ("99999999999999999999s", Err(DurationError::TooLong)),
            ("9223372036854775807d", Err(DurationError::TooLong)),
        ] {
            assert_eq!(parse_duration(text), expected, "{text}");
        }
    }
}
