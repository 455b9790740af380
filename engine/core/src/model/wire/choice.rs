//! `open_enum!` and `closed_enum!`: declare word lists of the wire.
//!
//! ```text
//! open_enum! {
//!     /// What it is.
//!     pub enum Colour {
//!         /// What the word says.
//!         Grey = "GREY" | "GRAY",
//!     }
//! }
//! ```
//! The first spelling is the one we write, the others are read. A word that an open list does not know is its
//! `Other`. A closed list has no `Other` and is `Copy`, so that state machines can be written as complete
//! tables; an object that holds an unknown word reads it as absent and passes it through untouched.

macro_rules! open_enum {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $( $(#[doc = $word_doc:expr])* $word:ident = $text:literal $(| $alias:literal)* ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[doc = $word_doc])* $word, )*
            /// A word this list does not know, kept as it is. The empty word stands for "not said".
            Other(String),
        }

        impl $name {
            /// Every word of the list, in the order of its declaration.
            pub const ALL: &'static [$name] = &[$( $name::$word ),*];

            /// The word as we write it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$word => $text, )*
                    Self::Other(text) => text,
                }
            }

            /// Reads a word in any of its spellings.
            #[must_use]
            pub fn parse(text: &str) -> Self {
                match text {
                    $( $text $(| $alias)* => Self::$word, )*
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        /// Not said.
        impl Default for $name {
            fn default() -> Self {
                Self::Other(String::new())
            }
        }

        impl $crate::model::Wire for $name {
            fn from_json(value: $crate::model::Json) -> Result<Self, $crate::model::WrongField> {
                let text = <String as $crate::model::Wire>::from_json(value)?;
                Ok(match Self::parse(&text) {
                    Self::Other(_) => Self::Other(text),
                    known => known,
                })
            }
            fn keeps_spelling(value: &$crate::model::Json) -> bool {
                const OTHER_SPELLINGS: &[&str] = &[$($($alias,)*)*];
                value.as_str().is_some_and(|text| OTHER_SPELLINGS.contains(&text))
            }
            fn still_means(&self, raw: &$crate::model::Json) -> bool {
                raw.as_str().is_some_and(|text| Self::parse(text) == *self)
            }
        }

        impl $crate::model::wire::WireField for $name {
            fn blank() -> Self {
                Self::default()
            }
            fn is_absent(&self) -> bool {
                self.as_str().is_empty()
            }
            fn leaves(value: &$crate::model::Json) -> bool {
                value.is_null() || value.as_str() == Some("")
            }
            fn keeps_spelling(value: &$crate::model::Json) -> bool {
                <Self as $crate::model::Wire>::keeps_spelling(value)
            }
            fn still_means(&self, raw: &$crate::model::Json) -> bool {
                $crate::model::Wire::still_means(self, raw)
            }
            fn read(value: $crate::model::Json) -> Result<Self, $crate::model::WrongField> {
                $crate::model::Wire::from_json(value)
            }
            fn write<M>(&self, key: &'static str, map: &mut M) -> Result<(), M::Error>
            where
                M: serde::ser::SerializeMap,
            {
                map.serialize_entry(key, self)
            }
        }

        $crate::model::wire::choice::serde_of_words!($name, concat!($($doc, "\n",)*), [$($text),*], true);
    };
}

macro_rules! closed_enum {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $( $(#[doc = $word_doc:literal])* $word:ident = $text:literal $(| $alias:literal)* ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[doc = $word_doc])* $word, )*
        }

        impl $name {
            /// Every word of the list, in the order of its declaration.
            pub const ALL: &'static [$name] = &[$( $name::$word ),*];

            /// The word as we write it.
            #[must_use]
            pub fn as_str(&self) -> &'static str {
                match self {
                    $( Self::$word => $text, )*
                }
            }

            /// Reads a word in any of its spellings; `None` for any other text.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $( $text $(| $alias)* => Some(Self::$word), )*
                    _ => None,
                }
            }
        }

        impl $crate::model::Wire for $name {
            fn from_json(value: $crate::model::Json) -> Result<Self, $crate::model::WrongField> {
                let text = <String as $crate::model::Wire>::from_json(value)?;
                Self::parse(&text).ok_or_else(|| {
                    $crate::model::WrongField::new(concat!("expected one of", $(" ", $text,)*))
                })
            }
            fn leaves(value: &$crate::model::Json) -> bool {
                value.as_str().is_some_and(|text| Self::parse(text).is_none())
            }
            fn keeps_spelling(value: &$crate::model::Json) -> bool {
                value.as_str().is_some_and(|text| Self::parse(text).is_some_and(|word| word.as_str() != text))
            }
            fn still_means(&self, raw: &$crate::model::Json) -> bool {
                raw.as_str().and_then(Self::parse) == Some(*self)
            }
        }

        $crate::model::wire::choice::serde_of_words!($name, concat!($($doc, "\n",)*), [$($text),*], false);
    };
}

macro_rules! serde_of_words {
    ($name:ident, $doc:expr, $words:expr, $open:literal) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                to.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let value = <$crate::model::Json as serde::Deserialize>::deserialize(from)?;
                <Self as $crate::model::Wire>::from_json(value).map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::model::wire::schema::words($doc, &$words, $open)
            }
        }
    };
}

pub(crate) use {closed_enum, open_enum, serde_of_words};
