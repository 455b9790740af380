//! Customers, agents and teams (`domain.md` sections 1.5, 1.14 to 1.16).

use super::media::count;
use super::{known, open, reference};
use crate::centre::{AgentEntry, Centre, CustomerAttribute, Team};
use crate::diagnostic::{Finding, Findings, codes};
use crate::yaml::{self, Fields};

/// Types of customer attributes (`domain.md` section 1.5).
const ATTRIBUTE_KINDS: [&str; 10] =
    ["Alphanumeric", "Boolean", "Email", "Ip", "Name", "Number", "Phonenumber", "Password", "String", "Url"];

/// Name of a customer nobody knows yet, unless said.
const DEFAULT_NAME: &str = "Guest";

pub(super) fn customers(fields: &mut Fields<'_>, centre: &mut Centre, findings: &mut Findings) {
    centre.customers.default_name = DEFAULT_NAME.to_owned();
    let place = fields.place().clone();
    let Some(node) = fields.get("customers") else { return };
    let Some(mut fields) = Fields::of(node, &place, "`customers`", findings) else { return };
    if let Some(name) = fields.text("default_name", findings) {
        centre.customers.default_name = name;
    }
    for entry in fields.names("attributes", findings) {
        let mut attribute = CustomerAttribute {
            name: entry.key.text.clone(),
            kind: "String".to_owned(),
            ..CustomerAttribute::default()
        };
        if let Some(mut fields) = open(entry, "customer attribute", 1..=110, findings) {
            let kind =
                fields.get("kind").and_then(|node| yaml::one_of(node, "kind", &ATTRIBUTE_KINDS, findings));
            attribute.kind = kind.unwrap_or("String").to_owned();
            attribute.personal = fields.boolean_or("personal", false, findings);
            fields.finish(findings);
        }
        centre.customers.attributes.insert(attribute.name.clone(), attribute);
    }
    for entry in fields.names("labels", findings) {
        if let Some(priority) = yaml::integer(&entry.value, &entry.key.text, 1..=10, findings) {
            centre.customers.labels.insert(entry.key.text.clone(), u8::try_from(priority).unwrap_or(1));
        }
    }
    fields.finish(findings);
}

pub(super) fn agents(fields: &mut Fields<'_>, centre: &mut Centre, findings: &mut Findings) {
    for entry in fields.names("agents", findings) {
        let name = entry.key.text.clone();
        let mut agent =
            AgentEntry { name: name.clone(), display_name: name.clone(), ..AgentEntry::default() };
        if let Some(mut fields) = open(entry, "agent", 1..=110, findings) {
            if let Some(display) = fields.text("display_name", findings) {
                agent.display_name = display;
            }
            limits(&mut fields, &mut agent, centre, findings);
            attributes(&mut fields, &mut agent, centre, findings);
            agent.extension = fields.text("extension", findings);
            fields.finish(findings);
        }
        centre.agents.insert(name, agent);
    }
}

/// How many tasks the agent may have on each medium.
fn limits(fields: &mut Fields<'_>, agent: &mut AgentEntry, centre: &Centre, findings: &mut Findings) {
    for entry in fields.names("media", findings) {
        let medium = &entry.key.text;
        if !known(&centre.media, medium, &entry.key.place, ("medium", codes::UNKNOWN_MEDIA), findings) {
            continue;
        }
        let Some(limit) = yaml::integer(&entry.value, medium, 0..=1000, findings).map(count) else {
            continue;
        };
        let most = centre.media.get(medium).map_or(limit, |media| media.max_tasks);
        if limit > most {
            let message = format!("agent `{}` may have {limit} tasks on {medium}", agent.name);
            let finding = Finding::error(codes::CAPACITY, &entry.value.place, message)
                .because(format!("{medium} allows at most {most}"));
            let cure = match most {
                0 => format!("raise `max_tasks` of {medium}, which lets nobody have a task"),
                most => format!("write {most} or less, or raise `max_tasks` of {medium}"),
            };
            findings.push(finding.cure(cure));
        }
        agent.media.insert(medium.clone(), limit);
    }
}

fn attributes(fields: &mut Fields<'_>, agent: &mut AgentEntry, centre: &Centre, findings: &mut Findings) {
    for entry in fields.names("attributes", findings) {
        let name = &entry.key.text;
        let kind = ("routing attribute", codes::UNKNOWN_ATTRIBUTE);
        if !known(&centre.attributes, name, &entry.key.place, kind, findings) {
            continue;
        }
        let Some(attribute) = centre.attributes.get(name) else { continue };
        let value = if entry.value.is_null() {
            Some(attribute.default)
        } else if attribute.boolean && entry.value.to_json().is_boolean() {
            entry.value.to_json().as_bool().map(i64::from)
        } else {
            let range = if attribute.boolean { 0..=1 } else { 1..=10 };
            yaml::integer(&entry.value, name, range, findings)
        };
        agent.attributes.extend(value.map(|value| (name.clone(), value)));
    }
}

pub(super) fn teams(fields: &mut Fields<'_>, centre: &mut Centre, findings: &mut Findings) {
    let kind = ("agent", codes::UNKNOWN_AGENT);
    for entry in fields.names("teams", findings) {
        let mut team = Team { name: entry.key.text.clone(), ..Team::default() };
        if let Some(mut fields) = open(entry, "team", 1..=110, findings) {
            let supervisor = reference(&mut fields, "supervisor", &centre.agents, kind, findings);
            team.supervisor = supervisor.map(|(name, _)| name);
            for (key, members) in [("secondary", &mut team.secondary), ("agents", &mut team.agents)] {
                for (name, place) in fields.texts(key, findings) {
                    known(&centre.agents, &name, &place, kind, findings);
                    members.push(name);
                }
            }
            fields.finish(findings);
        }
        centre.teams.insert(team.name.clone(), team);
    }
}
