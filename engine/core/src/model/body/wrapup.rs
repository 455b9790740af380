//! Wrap-ups.

use crate::model::wire::Place;
use crate::model::wire::object::wire;

/// Most wrap-ups in one message (`domain.md` section 1.10).
pub(crate) const WRAP_UPS_MAX: usize = 5;

wire! {
    /// `WRAPUP`: what the contact was about.
    pub struct WrapUpBody {
        /// Text that goes with it.
        "markdownText" => markdown_text: Option<String>,
        /// What it was about, at most five.
        "wrapups" => wrapups: Vec<WrapUp>,
        /// The agent's note.
        "note" => note: Option<String>,
    }
}

impl WrapUpBody {
    /// Adds a sentence when there are too many wrap-ups.
    pub(super) fn check_count(&self, at: &Place<'_>, found: &mut Vec<String>) {
        let count = self.wrapups.len();
        if count > WRAP_UPS_MAX {
            found.push(format!("{}: at most {WRAP_UPS_MAX}, found {count}", Place::Key(at, "wrapups")));
        }
    }
}

wire! {
    /// One thing the contact was about.
    pub struct WrapUp {
        /// The category.
        "categoryName" required => category_name: Option<String>,
        /// The value within the category.
        "value" required => value: Option<String>,
    }
}

impl WrapUp {
    /// One thing the contact was about.
    #[must_use]
    pub fn new(category_name: impl Into<String>, value: impl Into<String>) -> Self {
        WrapUp { category_name: Some(category_name.into()), value: Some(value.into()), ..WrapUp::default() }
    }
}
