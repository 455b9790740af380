//! Event names in flow files: any spelling of `domain.md` section 2.1, and our own.

use crate::diagnostic::{Finding, Findings, Place, codes, did_you_mean};
use crate::model::EventName;

/// Our own event: a reminder is due that names no node (`domain.md` section 2.4).
pub const REMINDER: &str = "REMINDER";

/// The event of this name, or a finding.
pub(crate) fn event(text: &str, place: &Place, findings: &mut Findings) -> Option<EventName> {
    let name = EventName::parse(text);
    if text == REMINDER || !matches!(name, EventName::Other(_)) {
        return Some(name);
    }
    let known = EventName::all();
    let candidates = known.iter().map(EventName::as_str).chain([REMINDER]);
    let cure = did_you_mean(text, candidates);
    let cure = cure.unwrap_or_else(|| "event names are written as `CUSTOMER_MESSAGE`".to_owned());
    let message = format!("`{}` is not an event", crate::yaml::shortened(text));
    findings.push(Finding::error(codes::UNKNOWN_EVENT, place, message).cure(cure));
    None
}
