//! Points in time as the wire carries them: epoch milliseconds or ISO-8601 text (`domain.md` section 1.3).

use serde_json::Number;

use super::wire::{Wire, WrongField};
use super::{Json, JsonMap};

/// Milliseconds in a day.
const DAY_MS: i64 = 86_400_000;

/// A point in time that remembers the form it was read in.
///
/// Ours are written as epoch milliseconds, as section 1.3 asks for events and messages; what was read goes
/// back in its own form, even a text that is no time at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Timestamp(Form);

#[derive(Clone, Debug, PartialEq)]
enum Form {
    Millis(i64),
    /// A number that is no `i64`.
    Number(Number),
    Text(Box<str>),
}

impl Timestamp {
    /// A point in time of our own making, in milliseconds since 1970-01-01T00:00Z.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Timestamp(Form::Millis(millis))
    }

    /// Milliseconds since 1970-01-01T00:00Z; `None` when the text that was read is not a time.
    ///
    /// A text counts when it names its offset (`Z`, `+00:00`, `+0000` or `+00`): a local time without one
    /// says nothing. Digits beyond milliseconds are cut off.
    #[must_use]
    pub fn millis(&self) -> Option<i64> {
        match &self.0 {
            Form::Millis(millis) => Some(*millis),
            // In range by the check, and a fraction of a millisecond is of no interest.
            #[allow(clippy::cast_possible_truncation)]
            Form::Number(number) => number.as_f64().filter(|ms| ms.abs() < 9.0e15).map(|ms| ms as i64),
            Form::Text(text) => parse_iso(text),
        }
    }
}

impl From<i64> for Timestamp {
    fn from(millis: i64) -> Self {
        Self::from_millis(millis)
    }
}

impl Wire for Timestamp {
    fn from_json(value: Json) -> Result<Self, WrongField> {
        match value {
            Json::String(text) => Ok(Timestamp(Form::Text(text.into_boxed_str()))),
            Json::Number(number) => {
                Ok(Timestamp(number.as_i64().map_or_else(|| Form::Number(number), Form::Millis)))
            }
            other => Err(WrongField::expected("a time (epoch milliseconds or ISO-8601 text)", &other)),
        }
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Form::Millis(millis) => to.serialize_i64(*millis),
            Form::Number(number) => number.serialize(to),
            Form::Text(text) => to.serialize_str(text),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::from_json(Json::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let properties = JsonMap::from_iter([
            ("type".to_owned(), Json::from(vec!["integer", "string"])),
            (
                "description".to_owned(),
                Json::from("Milliseconds since 1970-01-01T00:00Z, or ISO-8601 text with an offset."),
            ),
        ]);
        properties.into()
    }
}

/// Writes epoch milliseconds as `2024-01-18T13:11:31.882+00:00`, the text form of the wire.
#[must_use]
pub fn iso(millis: i64) -> String {
    let (days, in_day) = (millis.div_euclid(DAY_MS), millis.rem_euclid(DAY_MS));
    let (year, month, day) = date_of(days);
    let (hour, minute, second) = (in_day / 3_600_000, in_day / 60_000 % 60, in_day / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}+00:00", in_day % 1000)
}

/// Reads `2024-01-18T13:11:31.882+00:00` and its usual variants. No arithmetic can overflow: years have four
/// digits.
fn parse_iso(text: &str) -> Option<i64> {
    let mut rest = text.as_bytes();
    let year = digits(&mut rest, 4)?;
    let month = after(&mut rest, b"-").and_then(|()| digits(&mut rest, 2))?;
    let day = after(&mut rest, b"-").and_then(|()| digits(&mut rest, 2))?;
    after(&mut rest, b"Tt ")?;
    let hour = digits(&mut rest, 2)?;
    let minute = after(&mut rest, b":").and_then(|()| digits(&mut rest, 2))?;
    let second = if after(&mut rest, b":").is_some() { digits(&mut rest, 2)? } else { 0 };
    let fraction = if after(&mut rest, b".,").is_some() { fraction_ms(&mut rest)? } else { 0 };
    let offset_minutes = offset(&mut rest)?;
    // Second 60 is a leap second; it counts as the first moment of the next minute.
    let sensible = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60
        && rest.is_empty();
    let minutes = hour * 60 + minute - offset_minutes;
    sensible.then(|| days_before(year, month, day) * DAY_MS + minutes * 60_000 + second * 1000 + fraction)
}

/// Takes one byte when it is one of `any`.
fn after(rest: &mut &[u8], any: &[u8]) -> Option<()> {
    let (first, tail) = rest.split_first()?;
    any.contains(first).then(|| *rest = tail)
}

/// Takes exactly `count` decimal digits.
fn digits(rest: &mut &[u8], count: usize) -> Option<i64> {
    let (head, tail) = rest.split_at_checked(count)?;
    let value = head
        .iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))?;
    *rest = tail;
    Some(value)
}

/// Takes the digits of a fraction of a second, at least one, and keeps the milliseconds.
fn fraction_ms(rest: &mut &[u8]) -> Option<i64> {
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    let millis =
        (0..3).fold(0, |sum, place| sum * 10 + head.get(place).map_or(0, |byte| i64::from(byte - b'0')));
    (length > 0).then_some(millis)
}

/// Takes the offset from UTC, in minutes east.
fn offset(rest: &mut &[u8]) -> Option<i64> {
    if after(rest, b"Zz").is_some() {
        return Some(0);
    }
    let sign = if after(rest, b"-").is_some() { -1 } else { after(rest, b"+").map(|()| 1)? };
    let hours = digits(rest, 2)?;
    let colon = after(rest, b":").is_some();
    let minutes = if colon || !rest.is_empty() { digits(rest, 2)? } else { 0 };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, so that the leap
/// day is the last day of its year and needs no case of its own.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468
}

/// The date that is `days` after 1970-01-01: (year, month, day).
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, in_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// Days in a month.
fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn read(value: Json) -> Timestamp {
        Timestamp::from_json(value).unwrap()
    }

    #[test]
    fn both_forms_mean_the_same_and_come_back_as_they_were() {
        for (form, millis) in [
            (json!(1_705_583_491_882_i64), 1_705_583_491_882),
            (json!("2024-01-18T13:11:31.882+00:00"), 1_705_583_491_882),
            (json!("2024-01-18T13:11:31.882Z"), 1_705_583_491_882),
            (json!("2024-01-18T18:11:31.882999+05:00"), 1_705_583_491_882),
            (json!("2024-01-18T08:41:31.882-0430"), 1_705_583_491_882),
            (json!("1970-01-01T00:00Z"), 0),
            (json!("1969-12-31T23:59:59.9Z"), -100),
            (json!("2000-02-29T00:00:00+00"), 951_782_400_000),
            (json!(1_705_583_491_882.0), 1_705_583_491_882),
        ] {
            let time = read(form.clone());
            assert_eq!(time.millis(), Some(millis), "{form}");
            assert_eq!(time.to_json(), form);
        }
    }

    #[test]
    fn an_unreadable_text_is_kept_but_is_no_time() {
        for text in [
            "",
            "{{$timestamp}}",
            "2024-01-18",
            "2024-01-18T13:11:31",
            "2024-13-18T13:11:31Z",
            "2023-02-29T13:11:31Z",
            "2024-01-18T24:00:00Z",
            "2024-01-18T13:11:31.Z",
            "2024-01-18T13:11:31Zx",
            "2024-01-18T13:11:31+0:00",
            "２０２４-01-18T13:11:31Z",
        ] {
            let time = read(json!(text));
            assert_eq!(time.millis(), None, "{text}");
            assert_eq!(time.to_json(), json!(text));
        }
        assert_eq!(read(json!(1e300)).millis(), None);
        assert!(Timestamp::from_json(json!([])).is_err());
    }

    #[test]
    fn ours_are_written_as_milliseconds() {
        assert_eq!(Timestamp::from_millis(5).to_json(), json!(5));
        assert_eq!(iso(1_705_583_491_882), "2024-01-18T13:11:31.882+00:00");
        assert_eq!(iso(-1), "1969-12-31T23:59:59.999+00:00");
    }

    #[test]
    fn every_day_of_the_calendar_is_written_and_read_back() {
        for day in -800_000..800_000_i64 {
            let (year, month, date) = date_of(day);
            assert_eq!(days_before(year, month, date), day);
        }
        for millis in
            [i64::from(i32::MIN) * 10_000, 0, 68_169_599_999, 4_102_444_800_000, 253_402_300_799_999]
        {
            assert_eq!(parse_iso(&iso(millis)), Some(millis));
        }
    }

    #[test]
    fn the_farthest_times_are_written_without_overflow() {
        let _ = (iso(i64::MAX), iso(i64::MIN));
    }
}
