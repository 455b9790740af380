//! The field's objects (`domain.md` section 1).

/// Any JSON value.
pub type Json = serde_json::Value;

/// A customer profile (`domain.md` section 1.5).
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Customer {
    /// Id.
    #[serde(rename = "_id")]
    pub id: Option<String>,
}
