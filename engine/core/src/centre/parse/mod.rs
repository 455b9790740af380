//! Reads `flows/centre.yaml`. Every name is resolved here; a centre with findings still holds every name that was
//! written, so that flows can be checked against it in the same run.

mod bots;
mod channels;
mod media;
mod names;
mod people;
mod queues;
mod settings;
mod step;
mod texts;

use std::collections::BTreeMap;

pub(crate) use bots::Beside;

use super::Centre;
use crate::diagnostic::{Finding, Findings, Place, codes, did_you_mean};
use crate::yaml::{Entry, Fields, Node, shortened};

/// Longest ring time, grace and the like: a day, in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Reads the centre.
pub(crate) fn parse(tree: &Node, beside: &Beside<'_>, findings: &mut Findings) -> Centre {
    let mut centre = Centre::default();
    let Some(mut fields) = Fields::of(tree, &tree.place, "the centre", findings) else { return centre };
    centre.name = fields.text("centre", findings).unwrap_or_default();
    settings::times(&mut fields, &mut centre, findings);
    media::media(&mut fields, &mut centre, findings);
    media::attributes(&mut fields, &mut centre, findings);
    people::customers(&mut fields, &mut centre, findings);
    media::channel_types(&mut fields, &mut centre, findings);
    let steps = queues::queues(&mut fields, &mut centre, findings);
    queues::lists(&mut fields, &mut centre, findings);
    bots::bots(&mut fields, &mut centre, beside, findings);
    settings::calendars(&mut fields, &mut centre, findings);
    channels::channels(&mut fields, &mut centre, findings);
    people::agents(&mut fields, &mut centre, findings);
    queues::staffed(&steps, &centre, findings);
    people::teams(&mut fields, &mut centre, findings);
    settings::wrap_up(&mut fields, &mut centre, findings);
    settings::thresholds(&mut fields, &mut centre, findings);
    settings::reason_codes(&mut fields, &mut centre, findings);
    settings::settings(&mut fields, &mut centre, findings);
    fields.finish(findings);
    names::look_alikes(tree, findings);
    centre
}

/// Starts to read one named thing, such as "queue `general`". Its name must have `length` characters.
fn open<'a>(
    entry: &'a Entry,
    what: &str,
    length: std::ops::RangeInclusive<usize>,
    findings: &mut Findings,
) -> Option<Fields<'a>> {
    let name = &entry.key.text;
    let characters = name.chars().count();
    if !length.contains(&characters) || name.trim() != name {
        let message = format!("`{}` cannot be the name of a {what}", shortened(name));
        let cure = format!("use {} to {} characters, without outer space", length.start(), length.end());
        findings.push(Finding::error(codes::BAD_NAME, &entry.key.place, message).cure(cure));
    }
    Fields::of(&entry.value, &entry.key.place, format!("{what} `{}`", shortened(name)), findings)
}

/// Looks a name up, or finds that nothing has it.
fn known<V>(
    map: &BTreeMap<String, V>,
    name: &str,
    place: &Place,
    (what, code): (&str, &'static str),
    findings: &mut Findings,
) -> bool {
    let found = map.contains_key(name);
    if !found {
        let message = format!("there is no {what} `{}`", shortened(name));
        let cure = did_you_mean(name, map.keys().map(String::as_str));
        let cure = cure.unwrap_or_else(|| format!("add the {what}, or name another one"));
        findings.push(Finding::error(code, place, message).cure(cure));
    }
    found
}

/// A name that must be known, taken from a key that may be absent.
fn reference<'a, V>(
    fields: &mut Fields<'a>,
    key: &'static str,
    map: &BTreeMap<String, V>,
    kind: (&str, &'static str),
    findings: &mut Findings,
) -> Option<(String, &'a Place)> {
    let node = fields.get(key)?;
    let name = crate::yaml::text(node, key, findings)?;
    known(map, &name, &node.place, kind, findings);
    Some((name, &node.place))
}

/// Like [`reference`], from a key that must be there.
fn required_reference<'a, V>(
    fields: &mut Fields<'a>,
    key: &'static str,
    map: &BTreeMap<String, V>,
    kind: (&str, &'static str),
    findings: &mut Findings,
) -> Option<(String, &'a Place)> {
    fields.required(key, findings)?;
    reference(fields, key, map, kind, findings)
}

#[cfg(test)]
mod tests;
