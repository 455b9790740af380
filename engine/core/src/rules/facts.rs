//! The facts a rule decides on.

use std::collections::BTreeSet;
use std::sync::Arc;

use rhai::{Dynamic, ImmutableString, Map};

use super::Json;
use super::convert;
use super::needs::{Needs, Reads};

/// Where facts come from. A source builds what it is asked for and no more: of the dozens of properties an event has, a
/// condition reads one.
pub trait FactSource {
    /// One fact by its name; `None` when there is none. With `only`, a fact that is a map may leave out every other
    /// property; those of `only` that it does not have are left out as well.
    fn fact(&self, name: &str, only: Option<&BTreeSet<String>>) -> Option<FactValue>;

    /// The names of all facts.
    fn names(&self) -> Vec<&str>;
}

/// What a rule may see: a few named values built for one decision (`design.md` section 6), not the whole
/// state.
///
/// In an expression each name is a constant; a rule gets them as one map, its `facts` parameter. This is the source with
/// every value at hand, as a test builds it; a clone is cheap and shares the values.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    // Shared as a whole on our side of the fence. A shared value inside Rhai would not do: its size checks
    // refuse one inside a map by panicking, and a contended one sleeps for tens of milliseconds.
    names: Arc<Map>,
}

/// A value of a fact: JSON or an already built Rhai value.
#[derive(Debug, Clone)]
pub struct FactValue(Dynamic);

impl FactValue {
    /// A map of what is given.
    pub fn map<'n>(entries: impl IntoIterator<Item = (&'n str, FactValue)>) -> Self {
        FactValue(Dynamic::from_map(entries.into_iter().map(|(key, value)| (key.into(), value.0)).collect()))
    }

    /// The entries of a JSON object, or only some of them.
    pub fn entries(object: &serde_json::Map<String, Json>, only: Option<&BTreeSet<String>>) -> Self {
        let Some(only) = only else { return FactValue(Dynamic::from_map(convert::to_map(object))) };
        let kept = only.iter().filter_map(|key| Some((key.as_str(), FactValue::from(object.get(key)?))));
        FactValue::map(kept)
    }

    /// An empty map: there is nothing to say.
    pub fn nothing_known() -> Self {
        FactValue(Dynamic::from_map(Map::new()))
    }

    /// A list of what is given.
    pub fn list(items: impl IntoIterator<Item = impl Into<FactValue>>) -> Self {
        FactValue(Dynamic::from_array(items.into_iter().map(|item| item.into().0).collect()))
    }

    /// The value as JSON.
    ///
    /// # Errors
    /// `Type` when it holds what JSON cannot.
    pub fn to_json(&self) -> Result<Json, super::RuleError> {
        convert::to_json(&self.0)
    }

    /// Anything that serializes; what does not is nothing.
    pub fn of(value: &impl serde::Serialize) -> Self {
        serde_json::to_value(value).unwrap_or_default().into()
    }
}

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

    /// All facts as one JSON object, for a journal or a trace.
    ///
    /// # Errors
    /// `Type` when a fact holds what JSON cannot.
    pub fn to_json(&self) -> Result<Json, super::RuleError> {
        let entries = self.names.iter().map(|(name, value)| Ok((name.to_string(), convert::to_json(value)?)));
        entries.collect::<Result<serde_json::Map<_, _>, _>>().map(Json::Object)
    }
}

impl FactSource for Facts {
    fn fact(&self, name: &str, only: Option<&BTreeSet<String>>) -> Option<FactValue> {
        let value = self.names.get(name)?;
        let (Some(only), Ok(map)) = (only, value.as_map_ref()) else { return Some(FactValue(value.clone())) };
        let kept = only.iter().filter_map(|key| Some((key.as_str().into(), map.get(key.as_str())?.clone())));
        Some(FactValue(Dynamic::from_map(kept.collect())))
    }

    fn names(&self) -> Vec<&str> {
        self.names.keys().map(|name| name.as_str()).collect()
    }
}

impl Needs {
    /// The facts to run something with, by name.
    pub(super) fn of(&self, facts: &dyn FactSource) -> impl Iterator<Item = (&str, Dynamic)> {
        self.named.iter().filter_map(|(name, reads)| {
            let only = match reads {
                Reads::Whole => None,
                Reads::Properties(properties) => Some(properties),
            };
            Some((name.as_str(), facts.fact(name, only)?.0))
        })
    }

    /// The facts as the argument of a rule.
    pub(super) fn argument(&self, facts: &dyn FactSource) -> Dynamic {
        let map: Map = if self.all {
            let all = facts.names().into_iter();
            all.filter_map(|name| Some((name.into(), facts.fact(name, None)?.0))).collect()
        } else {
            self.of(facts).map(|(name, value)| (name.into(), value)).collect()
        };
        Dynamic::from_map(map)
    }
}
