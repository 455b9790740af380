//! Whether what was computed for a parameter of an action is what the parameter holds. A value of another kind would be
//! left out without a word, and something else be done than was meant.

use super::verbs::{ACTION_VERBS, Kind, Parameter};
use crate::model::Json;
use crate::rules::Type;

impl Parameter {
    /// The parameter of an action, by their names on the wire.
    pub(crate) fn of(action: &str, wire: &str) -> Option<&'static Self> {
        let verb = ACTION_VERBS.iter().find(|verb| verb.action == action)?;
        verb.parameters?.iter().find(|parameter| parameter.wire == wire)
    }

    /// The type of what it holds; none where any will do.
    pub(crate) fn wanted(&self) -> Option<Type> {
        Some(match self.kind {
            Kind::Any | Kind::Node => return None,
            Kind::Boolean => Type::Truth,
            Kind::Priority | Kind::Duration => Type::Number,
            _ => Type::Text,
        })
    }

    /// Takes a value that was computed. Nothing, and an empty text, leave the parameter out.
    ///
    /// # Errors
    /// What it must be, in words.
    pub(crate) fn takes(&self, value: &Json) -> Result<(), String> {
        let good = match (self.kind, self.wanted()) {
            (_, None) => true,
            _ if value.is_null() || value == "" => true,
            (Kind::Priority, _) => value.as_i64().is_some_and(|n| (1..=11).contains(&n)),
            (Kind::Duration, _) => value.as_i64().is_some_and(|n| n >= 0),
            (_, wanted) => Type::of(value) == wanted,
        };
        let wanted = match self.kind {
            Kind::Priority => "a whole number from 1 to 11",
            Kind::Duration => "a whole number of milliseconds",
            Kind::Boolean => "true or false",
            _ => "a text",
        };
        if good { Ok(()) } else { Err(format!("`{}` must be {wanted}, and is {value}", self.name)) }
    }
}

/// Takes a value that was computed for an action.
///
/// # Errors
/// What it must be, in words.
pub(crate) fn fits(action: &str, wire: &str, value: &Json) -> Result<(), String> {
    Parameter::of(action, wire).map_or(Ok(()), |parameter| parameter.takes(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_of_another_kind_is_refused_and_nothing_is_left_out() {
        for (key, value) in [
            ("priority", json!("Ada")),
            ("priority", json!(3.7)),
            ("priority", json!(500)),
            ("priority", json!(-5)),
            ("queue", json!([])),
            ("offerToAgent", json!("yes")),
            ("reason", json!(7)),
        ] {
            assert!(fits("FIND_AGENT", key, &value).is_err(), "{key}: {value}");
        }
        for (key, value) in [
            ("priority", json!(11)),
            ("priority", json!(null)),
            ("lastAgentId", json!("")),
            ("queue", json!("general")),
            ("slots", json!([1])),
            ("whatever", json!(1)),
        ] {
            assert_eq!(fits("FIND_AGENT", key, &value), Ok(()), "{key}: {value}");
        }
    }
}
