//! Times, wrap-up, thresholds, reason codes, calendars and free settings.

use super::texts::said_as_it_stands;
use super::{DAY_MS, open};
use crate::centre::{Centre, ReasonCode, Threshold};
use crate::diagnostic::{Finding, Findings, codes};
use crate::yaml::{self, Fields, Node, wrong_type};

/// What a customer threshold can do (`domain.md` section 5).
const CUSTOMER_ACTIONS: [&str; 2] = ["REMIND", "END_CHANNEL_SESSION"];
/// What an agent threshold can do (`domain.md` section 5).
const AGENT_ACTIONS: [&str; 5] =
    ["START_TIMER", "CHANGE_COLOR", "CHANGE_COLOR_TO_RED", "SHOW_POPUP", "REMOVE_ALL_AGENTS"];

pub(super) fn times(fields: &mut Fields<'_>, centre: &mut Centre, findings: &mut Findings) {
    let mut time = |key, default| match fields.get(key) {
        Some(node) => match yaml::clock_time(node, key, findings) {
            Some(ms) if ms > DAY_MS => {
                let message = format!("`{key}` must be at most a day");
                let finding = Finding::error(codes::OUT_OF_RANGE, &node.place, message);
                findings.push(finding.cure("write `24h` or less"));
                default
            }
            ms => ms.unwrap_or(default),
        },
        None => default,
    };
    centre.ring_time_ms = time("ring_time", 30_000);
    centre.network_grace_ms = time("network_grace", 60_000);
    centre.agent_disconnect_ms = time("agent_disconnect", 60_000);
    centre.rona_not_ready = fields.boolean_or("rona_not_ready", false, findings);
    centre.auto_sync = fields.boolean_or("auto_sync", false, findings);
    centre.queue_priority = fields.boolean_or("queue_priority", false, findings);
}

pub(super) fn wrap_up(fields: &mut Fields<'_>, centre: &mut Centre, findings: &mut Findings) {
    centre.wrap_up.time_ms = 60_000;
    let place = fields.place().clone();
    let Some(node) = fields.get("wrap_up") else { return };
    let Some(mut fields) = Fields::of(node, &place, "`wrap_up`", findings) else { return };
    centre.wrap_up.enabled = fields.boolean_or("enabled", true, findings);
    centre.wrap_up.time_ms = fields.duration("time", findings).unwrap_or(60_000);
    for entry in fields.names("categories", findings) {
        let mut values = Vec::new();
        for item in yaml::items(&entry.value, &entry.key.text, findings) {
            match item.text() {
                Some(text) => values.push(text.to_owned()),
                None => findings.push(wrong_type(item, &entry.key.text, "a list of texts")),
            }
        }
        centre.wrap_up.categories.insert(entry.key.text.clone(), values);
    }
    fields.finish(findings);
}

pub(super) fn thresholds(fields: &mut Fields<'_>, centre: &mut Centre, findings: &mut Findings) {
    centre.customer_sla = rising(fields.items("customer_sla", findings), &CUSTOMER_ACTIONS, findings);
    centre.agent_sla = match fields.get("agent_sla") {
        Some(_) => rising(fields.items("agent_sla", findings), &AGENT_ACTIONS, findings),
        // The vendor's default (`domain.md` section 5).
        None => [(0, "START_TIMER"), (100, "REMOVE_ALL_AGENTS")]
            .map(|(percent, action)| Threshold { percent, action: action.to_owned(), message: None })
            .to_vec(),
    };
}

/// Thresholds that rise strictly (U35).
fn rising(items: &[Node], actions: &[&str], findings: &mut Findings) -> Vec<Threshold> {
    let mut thresholds: Vec<Threshold> = Vec::new();
    for item in items {
        let place = item.entries().first().map_or(&item.place, |entry| &entry.key.place);
        let Some(mut fields) = Fields::of(item, place, "a threshold", findings) else { continue };
        let at = fields.required("at", findings);
        let percent = at.and_then(|node| percent(node, findings));
        let action = fields.required("action", findings);
        let action = action.and_then(|node| yaml::one_of(node, "action", actions, findings));
        let written = fields.get("message");
        let message = written.and_then(|node| yaml::text(node, "message", findings));
        written.iter().for_each(|node| said_as_it_stands(node, findings));
        fields.finish(findings);
        let (Some(percent), Some(action), Some(at)) = (percent, action, at) else { continue };
        if action == "REMIND" && message.as_ref().is_none_or(|text| text.trim().is_empty()) {
            let finding = Finding::warning(codes::EMPTY_TEXT, place, "this reminder says nothing");
            findings.push(finding.cure("add `message:` with what the customer reads"));
        }
        if let Some(last) = thresholds.last().filter(|last| last.percent >= percent) {
            let text = format!("{percent} % does not come behind {} %", last.percent);
            let finding = Finding::error(codes::THRESHOLDS, &at.place, text);
            findings.push(finding.cure("list thresholds from the lowest to the highest, each once"));
        }
        thresholds.push(Threshold { percent, action: action.to_owned(), message });
    }
    thresholds
}

/// `50%` or `50`.
fn percent(node: &Node, findings: &mut Findings) -> Option<u8> {
    let written = node.text().map(|text| text.trim_end_matches('%').trim_end());
    let percent = written.and_then(|text| text.parse::<u8>().ok()).filter(|percent| *percent <= 100);
    if percent.is_none() {
        let message = format!("`at` must be from 0% to 100%, found {}", node.described());
        findings.push(Finding::error(codes::THRESHOLDS, &node.place, message).cure("write it as `50%`"));
    }
    percent
}

pub(super) fn reason_codes(fields: &mut Fields<'_>, centre: &mut Centre, findings: &mut Findings) {
    for entry in fields.names("reason_codes", findings) {
        let mut reason = ReasonCode { name: entry.key.text.clone(), ..ReasonCode::default() };
        if let Some(mut fields) = open(entry, "reason code", 1..=110, findings) {
            let kind = fields.required("kind", findings);
            let kind = kind.and_then(|node| yaml::one_of(node, "kind", &["NOT_READY", "LOGOUT"], findings));
            reason.kind = kind.unwrap_or_default().to_owned();
            reason.description = fields.text("description", findings);
            fields.finish(findings);
        }
        centre.reason_codes.insert(reason.name.clone(), reason);
    }
}

pub(super) fn calendars(fields: &mut Fields<'_>, centre: &mut Centre, findings: &mut Findings) {
    for entry in fields.names("calendars", findings) {
        centre.calendars.insert(entry.key.text.clone(), entry.value.to_json());
    }
}

pub(super) fn settings(fields: &mut Fields<'_>, centre: &mut Centre, findings: &mut Findings) {
    for entry in fields.names("settings", findings) {
        yaml::name(&entry.key.text, &entry.key.place, "setting", false, findings);
        if entry.value.scalar().is_some_and(|scalar| scalar.cut) {
            findings.push(yaml::cut_off(&entry.value, &entry.key.text));
        }
        if let Some(text) = entry.value.text() {
            centre.fits(text, &entry.value.place, findings);
        }
        said_as_it_stands(&entry.value, findings);
        centre.settings.insert(entry.key.text.clone(), entry.value.to_json());
    }
}
