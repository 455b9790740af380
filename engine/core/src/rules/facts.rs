//! The facts a rule decides on.

use std::sync::Arc;

use rhai::{Dynamic, ImmutableString, Map};

use super::Json;
use super::convert;

/// What a rule may see: a few named values built for one decision (`design.md` section 6), not the whole
/// state.
///
/// In an expression each name is a constant; a rule gets them all as one map, its `facts` parameter. A
/// clone is cheap and shares the values, so that facts common to several decisions are built once.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    // Shared as a whole on our side of the fence. A shared value inside Rhai would not do: its size checks
    // refuse one inside a map by panicking, and a contended one sleeps for tens of milliseconds.
    names: Arc<Map>,
}

/// A value of a fact: JSON or an already built Rhai value.
#[derive(Debug, Clone)]
pub struct FactValue(Dynamic);

impl From<Dynamic> for FactValue {
    fn from(value: Dynamic) -> Self {
        FactValue(value.flatten())
    }
}

impl From<Json> for FactValue {
    fn from(value: Json) -> Self {
        FactValue(convert::to_dynamic(&value))
    }
}

impl From<&Json> for FactValue {
    fn from(value: &Json) -> Self {
        FactValue(convert::to_dynamic(value))
    }
}

impl From<Map> for FactValue {
    fn from(value: Map) -> Self {
        FactValue(Dynamic::from_map(value))
    }
}

impl From<&str> for FactValue {
    fn from(value: &str) -> Self {
        FactValue(Dynamic::from(ImmutableString::from(value)))
    }
}

impl From<bool> for FactValue {
    fn from(value: bool) -> Self {
        FactValue(Dynamic::from_bool(value))
    }
}

impl From<i64> for FactValue {
    fn from(value: i64) -> Self {
        FactValue(Dynamic::from_int(value))
    }
}

impl Facts {
    /// No facts.
    pub fn new() -> Self {
        Facts::default()
    }

    /// The entries of a JSON object as facts; anything but an object becomes the single fact `value`.
    pub fn from_json(value: &Json) -> Self {
        match value {
            Json::Object(entries) => Facts { names: Arc::new(convert::to_map(entries)) },
            other => {
                let mut facts = Facts::new();
                facts.set("value", other);
                facts
            }
        }
    }

    /// Sets or replaces one fact.
    pub fn set(&mut self, name: &str, value: impl Into<FactValue>) {
        Arc::make_mut(&mut self.names).insert(name.into(), value.into().0);
    }

    /// One fact by its name.
    pub fn get(&self, name: &str) -> Option<&Dynamic> {
        self.names.get(name)
    }

    /// The names of all facts, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(|name| name.as_str())
    }

    /// All facts as one JSON object, for a journal or a trace.
    ///
    /// # Errors
    /// `Type` when a fact holds what JSON cannot.
    pub fn to_json(&self) -> Result<Json, super::RuleError> {
        let entries = self.names.iter().map(|(name, value)| Ok((name.to_string(), convert::to_json(value)?)));
        entries.collect::<Result<serde_json::Map<_, _>, _>>().map(Json::Object)
    }

    /// All facts as the argument of a rule.
    pub(super) fn to_argument(&self) -> Dynamic {
        Dynamic::from_map(Map::clone(&self.names))
    }
}
