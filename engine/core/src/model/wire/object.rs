//! `wire!`: declares an object of the wire.
//!
//! ```text
//! wire! {
//!     /// What it is.
//!     pub struct Attachment {
//!         /// What the field says.
//!         "mediaUrl" required => media_url: Option<String>,
//!         "size" => size: Option<i64>,
//!     }
//! }
//! ```
//! A field is an `Option` or a `Vec` (see [`WireField`]). `required` marks what a complete object must have:
//! reading stays tolerant, `check` names what is missing. `= value` after the type is what a newly made
//! object holds; an object that was read without the key still has none.

use super::{Place, WireField};
use crate::model::JsonMap;

macro_rules! wire {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident {
            $(
                $(#[doc = $field_doc:literal])*
                $key:literal $($required:ident)? => $field:ident : $kind:ty $(= $default:expr)?
            ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $( $(#[doc = $field_doc])* pub $field: $kind, )*
            /// Everything else that was read, and the form of known keys that we would write differently.
            pub extra: $crate::model::JsonMap,
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $( $field: $crate::model::wire::object::default_of!($($default)?), )*
                    extra: $crate::model::JsonMap::new(),
                }
            }
        }

        impl $crate::model::wire::WireObject for $name {
            fn from_map(map: $crate::model::JsonMap) -> Result<Self, $crate::model::WrongField> {
                use $crate::model::wire::WireField;
                let mut object = Self {
                    $( $field: <$kind as WireField>::blank(), )*
                    extra: $crate::model::JsonMap::new(),
                };
                for (key, value) in map {
                    match key.as_str() {
                        $(
                            $key if !<$kind as WireField>::leaves(&value) => {
                                if <$kind as WireField>::keeps_spelling(&value) {
                                    object.extra.insert(key, value.clone());
                                }
                                object.$field =
                                    <$kind as WireField>::read(value).map_err(|wrong| wrong.under($key))?;
                            }
                        )*
                        _ => {
                            object.extra.insert(key, value);
                        }
                    }
                }
                Ok(object)
            }

            fn write_entries<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                use $crate::model::wire::{WireField, object::writes};
                $(
                    if writes(&self.$field, $key, &self.extra) {
                        WireField::write(&self.$field, $key, map)?;
                    }
                )*
                for (key, value) in &self.extra {
                    let written = match key.as_str() {
                        $( $key => writes(&self.$field, $key, &self.extra), )*
                        other => $( WireField::covers(&self.$field, other) || )* false,
                    };
                    if !written {
                        map.serialize_entry(key, value)?;
                    }
                }
                Ok(())
            }

            fn check_fields(&self, at: &$crate::model::wire::Place<'_>, found: &mut Vec<String>) {
                use $crate::model::wire::{Place, object::{check, is_required}};
                $( check(&self.$field, is_required!($($required)?), &Place::Key(at, $key), found); )*
            }
        }

        impl $crate::model::Wire for $name {
            fn from_json(value: $crate::model::Json) -> Result<Self, $crate::model::WrongField> {
                let map = <$crate::model::JsonMap as $crate::model::Wire>::from_json(value)?;
                $crate::model::wire::WireObject::from_map(map)
            }
            fn check(&self, at: &$crate::model::wire::Place<'_>, found: &mut Vec<String>) {
                $crate::model::wire::WireObject::check_fields(self, at, found);
            }
        }

        $crate::model::wire::object::serde_by_wire!($name);

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                use $crate::model::wire::{object::is_required, schema::{Property, object}};
                let properties = vec![
                    $( Property {
                        key: $key,
                        doc: concat!($($field_doc, "\n",)*),
                        required: is_required!($($required)?),
                        schema: generator.subschema_for::<$kind>(),
                    }, )*
                ];
                object(concat!($($doc, "\n",)*), properties)
            }
        }
    };
}

/// `Serialize` and `Deserialize` of an object by way of its `WireObject` and `Wire`.
macro_rules! serde_by_wire {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = to.serialize_map(None)?;
                $crate::model::wire::WireObject::write_entries(self, &mut map)?;
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let value = <$crate::model::Json as serde::Deserialize>::deserialize(from)?;
                <Self as $crate::model::Wire>::from_json(value).map_err(serde::de::Error::custom)
            }
        }
    };
}

macro_rules! default_of {
    () => {
        Default::default()
    };
    ($value:expr) => {
        $value
    };
}

macro_rules! is_required {
    () => {
        false
    };
    (required) => {
        true
    };
}

pub(crate) use {default_of, is_required, serde_by_wire, wire};

/// Whether the field itself is written: it has a value, and `extra` holds no other spelling of that value.
pub(crate) fn writes<F: WireField>(field: &F, key: &str, extra: &JsonMap) -> bool {
    !field.is_absent() && !extra.get(key).is_some_and(|raw| field.still_means(raw))
}

/// Adds what is missing at and below one field.
pub(crate) fn check<F: WireField>(field: &F, required: bool, at: &Place<'_>, found: &mut Vec<String>) {
    if required && field.is_absent() {
        found.push(format!("{at}: is required"));
    }
    field.check(at, found);
}
