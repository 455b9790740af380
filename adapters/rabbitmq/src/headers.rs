//! AMQP headers as JSON, and back: what a dead letter was sent with, it shows again.

use convene_core::model::Json;
use lapin::types::{AMQPValue, FieldArray, FieldTable};

use crate::limits::{HEADER_BYTES_MAX, HEADER_DEPTH_MAX, HEADERS_BYTES_MAX};
use crate::message::{cut, short};

/// What the broker writes on a message by itself. It tells of the delivery and not of the message, and differs when the
/// same message comes again.
const OF_THE_BROKER: &[&str] = &["x-acquired-count", "x-death", "x-delivery-count"];

/// Stands where a header went on too deep.
const DEEPER: &str = "…";

/// Reads the headers a message was sent with, in their order.
pub(crate) fn sent(table: &FieldTable) -> Vec<(String, Json)> {
    let mut headers = read(table);
    headers.retain(|(name, _)| {
        let dead = name.starts_with("x-first-death-") || name.starts_with("x-last-death-");
        !dead && !OF_THE_BROKER.contains(&name.as_str())
    });
    headers
}

fn read(table: &FieldTable) -> Vec<(String, Json)> {
    inside(table, HEADER_DEPTH_MAX)
}

fn inside(table: &FieldTable, depth: usize) -> Vec<(String, Json)> {
    table.inner().iter().map(|(name, value)| (name.to_string(), json(value, depth))).collect()
}

/// A value, and what is in it down to this depth.
fn json(value: &AMQPValue, depth: usize) -> Json {
    match value {
        AMQPValue::Boolean(value) => (*value).into(),
        AMQPValue::ShortShortInt(value) => (*value).into(),
        AMQPValue::ShortShortUInt(value) => (*value).into(),
        AMQPValue::ShortInt(value) => (*value).into(),
        AMQPValue::ShortUInt(value) => (*value).into(),
        AMQPValue::LongInt(value) => (*value).into(),
        AMQPValue::LongUInt(value) => (*value).into(),
        AMQPValue::LongLongInt(value) => (*value).into(),
        AMQPValue::Timestamp(value) => (*value).into(),
        AMQPValue::Float(value) => (*value).into(),
        AMQPValue::Double(value) => (*value).into(),
        AMQPValue::DecimalValue(value) => format!("{}e-{}", value.value, value.scale).into(),
        AMQPValue::ShortString(value) => value.as_str().into(),
        AMQPValue::LongString(value) => String::from_utf8_lossy(value.as_bytes()).into(),
        AMQPValue::ByteArray(value) => String::from_utf8_lossy(value.as_slice()).into(),
        AMQPValue::FieldArray(_) | AMQPValue::FieldTable(_) if depth == 0 => DEEPER.into(),
        AMQPValue::FieldArray(value) => value.as_slice().iter().map(|value| json(value, depth - 1)).collect(),
        AMQPValue::FieldTable(value) => Json::Object(inside(value, depth - 1).into_iter().collect()),
        AMQPValue::Void => Json::Null,
    }
}

/// Writes headers. All of a message must fit into one frame, so the last ones are left out when there are too many.
pub(crate) fn write(headers: &[(String, Json)]) -> FieldTable {
    let mut table = FieldTable::default();
    let mut bytes = 0;
    for (name, value) in headers {
        let value = match value {
            Json::String(text) => Json::from(cut(text, HEADER_BYTES_MAX)),
            value => value.clone(),
        };
        bytes += 1 + name.len() + size(&value);
        if bytes > HEADERS_BYTES_MAX {
            break;
        }
        table.insert(short(name), amqp(&value));
    }
    table
}

fn amqp(value: &Json) -> AMQPValue {
    match value {
        Json::Null => AMQPValue::Void,
        Json::Bool(value) => AMQPValue::Boolean(*value),
        Json::Number(value) => match (value.as_i64(), value.as_f64()) {
            (Some(whole), _) => AMQPValue::LongLongInt(whole),
            (None, Some(part)) => AMQPValue::Double(part),
            (None, None) => AMQPValue::LongString(value.to_string().into()),
        },
        Json::String(text) => AMQPValue::LongString(text.as_str().into()),
        Json::Array(list) => {
            AMQPValue::FieldArray(FieldArray::from(list.iter().map(amqp).collect::<Vec<_>>()))
        }
        Json::Object(map) => {
            let mut table = FieldTable::default();
            for (name, value) in map {
                table.insert(short(name), amqp(value));
            }
            AMQPValue::FieldTable(table)
        }
    }
}

/// Bytes of a value as [`amqp`] has it: its type, and for texts, lists and tables their length.
fn size(value: &Json) -> usize {
    const TYPE: usize = 1;
    const LENGTH: usize = 4;
    match value {
        Json::Null => TYPE,
        Json::Bool(_) => TYPE + 1,
        Json::Number(_) => TYPE + 8,
        Json::String(text) => TYPE + LENGTH + text.len(),
        Json::Array(list) => TYPE + LENGTH + list.iter().map(size).sum::<usize>(),
        Json::Object(map) => {
            let pairs = map.iter().map(|(name, value)| 1 + name.len() + size(value));
            TYPE + LENGTH + pairs.sum::<usize>()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn headers_come_back() {
        let headers: Vec<(String, Json)> = [
            ("flag", json!(true)),
            ("list", json!(["a", 1, { "deep": [2.5, null] }])),
            ("tries", json!(-3)),
            ("word", json!("ä")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        assert_eq!(read(&write(&headers)), headers);
    }

    #[test]
    fn what_the_broker_wrote_was_not_sent() {
        let headers = ["tries", "x-delivery-count", "x-first-death-queue", "x-mine"]
            .map(|name| (name.to_owned(), json!(1)))
            .to_vec();
        let names: Vec<String> = sent(&write(&headers)).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["tries", "x-mine"]);
    }

    #[test]
    fn what_stands_too_deep_is_not_kept() {
        let mut deep = AMQPValue::FieldArray(FieldArray::default());
        for _ in 0..1_000 {
            deep = AMQPValue::FieldArray(FieldArray::from(vec![deep]));
        }
        let mut table = FieldTable::default();
        table.insert(short("deep"), deep);
        let kept = read(&table)[0].1.to_string();
        assert_eq!(
            kept,
            format!("{}\"{DEEPER}\"{}", "[".repeat(HEADER_DEPTH_MAX), "]".repeat(HEADER_DEPTH_MAX))
        );
    }

    #[test]
    fn headers_grow_no_larger_than_they_are_counted() {
        let numbers = ("numbers".to_owned(), json!(vec![1; 20_000]));
        assert!(read(&write(&[numbers])).is_empty());
        let fits = ("numbers".to_owned(), json!({ "a": vec![1; 7_000], "b": [null, true, "ä", 2.5] }));
        assert_eq!(read(&write(std::slice::from_ref(&fits))), [fits]);
    }

    #[test]
    fn what_does_not_fit_into_a_frame_is_left_out() {
        let large = json!(vec!["x"; HEADERS_BYTES_MAX]);
        let headers = [("x-reason".to_owned(), json!("malformed")), ("large".to_owned(), large)];
        assert_eq!(read(&write(&headers)), headers[..1]);
    }
}
