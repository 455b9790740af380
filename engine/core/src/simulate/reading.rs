//! Reads scenario files, and reports everything that is wrong with one.

use std::sync::Arc;

use super::mentions::{self, CHANNEL};
use super::scenario::{
    AGENT_ASKS, AGENT_DOES, Actor, BotScript, CUSTOMER_DOES, Edit, Expectation, Given, Profile, Scenario,
    ScenarioStep,
};
use crate::diagnostic::{Finding, Findings, codes};
use crate::flow::Expr;
use crate::model::Json;
use crate::rules::Host;
use crate::yaml::{self, Fields, Node};

/// Who can act in a step.
const ACTORS: &[&str] = &["customer", "agent", "event", "command", "changes", "expect"];
/// What a customer can do in a step.
const CUSTOMER_ACTS: &[&str] = &["does", "says", "presses", "sends"];
/// What an agent can do in a step.
const AGENT_ACTS: &[&str] =
    &["does", "says", "whispers", "wraps_up", "pauses", "transfers", "consults", "confers", "calls"];

impl Scenario {
    /// Reads a scenario file; reports everything that is wrong with it.
    #[must_use]
    pub fn read(file: &str, text: &str, findings: &mut Findings) -> Option<Self> {
        let root = yaml::read(file, text, findings)?;
        let mut fields = Fields::of(&root, &root.place, "the scenario", findings)?;
        let name = fields.required("scenario", findings)?;
        let place = name.place.clone();
        let name = yaml::text(name, "scenario", findings)?;
        let rows = fields.texts("rows", findings).into_iter().map(|(text, _)| text).collect();
        let given = fields.get("given").map_or_else(Given::default, |n| given(n, findings));
        let steps: Vec<ScenarioStep> =
            fields.items("when", findings).iter().filter_map(|n| step(n, findings)).collect();
        let last = steps.iter().max_by_key(|step| step.at);
        let until = fields.get("until").and_then(|node| until(node, last, findings));
        let until = until.or(last.map(|step| step.at)).unwrap_or(0);
        let unknown = fields.texts("unknown", findings).into_iter().map(|(text, _)| text).collect();
        fields.finish(findings);
        for pair in steps.windows(2) {
            if pair[1].at < pair[0].at {
                let message = "this happens before the step above it";
                findings.push(
                    Finding::error(codes::OUT_OF_RANGE, &pair[1].place, message)
                        .cure("order the steps by time"),
                );
            }
        }
        Some(Self { name, rows, given, steps, until, place, unknown, mentions: mentions::of(&root) })
    }
}

/// When the clock stops. Steps behind it would not count.
fn until(node: &Node, last: Option<&ScenarioStep>, findings: &mut Findings) -> Option<i64> {
    let until = yaml::duration(node, "until", findings)?;
    let Some(last) = last.filter(|step| step.at > until) else { return Some(until) };
    let finding = Finding::error(codes::OUT_OF_RANGE, &node.place, "the scenario ends before its last step")
        .also(&last.place, "the last step")
        .cure("write a later `until`, or leave it out: the clock then stops at the last step");
    findings.push(finding);
    None
}

fn given(node: &Node, findings: &mut Findings) -> Given {
    let mut given = Given::default();
    let Some(mut fields) = Fields::of(node, &node.place, "given", findings) else { return given };
    for entry in fields.names("agents", findings) {
        let state = (!entry.value.is_null())
            .then(|| yaml::one_of(&entry.value, &entry.key.text, &["READY", "NOT_READY"], findings));
        given.agents.push((entry.key.text.clone(), state.flatten() != Some("NOT_READY")));
    }
    for entry in fields.names("customers", findings) {
        given.customers.extend(profile(&entry.key.text, &entry.value, findings));
    }
    for entry in fields.names("bots", findings) {
        let scripts = yaml::items(&entry.value, "answers of a bot", findings);
        let scripts = scripts.iter().filter_map(|n| script(n, findings)).collect();
        given.bots.push((entry.key.text.clone(), scripts));
    }
    given.wrap_up = fields.get("wrap_up").and_then(|n| yaml::boolean(n, "wrap_up", findings));
    given.bot = fields.text("bot", findings);
    for entry in fields.names("files", findings) {
        let text = entry.value.text().unwrap_or_default().to_owned();
        given.files.push((entry.key.text.clone(), text));
    }
    for entry in fields.names("edits", findings) {
        for item in yaml::items(&entry.value, "edits of a file", findings) {
            given.edits.extend(edit(&entry.key.text, item, findings));
        }
    }
    fields.finish(findings);
    given
}

fn edit(file: &str, node: &Node, findings: &mut Findings) -> Option<Edit> {
    let mut fields = Fields::of(node, &node.place, "the edit", findings)?;
    fields.required("find", findings)?;
    let find = fields.text("find", findings)?;
    let put = fields.text("put", findings).unwrap_or_default();
    fields.finish(findings);
    Some(Edit { file: file.to_owned(), find, put })
}

fn profile(id: &str, node: &Node, findings: &mut Findings) -> Option<Profile> {
    let mut fields = Fields::of(node, &node.place, "the customer", findings)?;
    let name = fields.text("name", findings).unwrap_or_else(|| id.to_owned());
    let labels = fields.texts("labels", findings).into_iter().map(|(text, _)| text).collect();
    let mut identifiers = Vec::new();
    for entry in fields.names("known_as", findings) {
        identifiers.push((entry.key.text.clone(), entry.value.text().unwrap_or_default().to_owned()));
    }
    fields.finish(findings);
    Some(Profile { id: id.to_owned(), name, labels, identifiers })
}

fn script(node: &Node, findings: &mut Findings) -> Option<BotScript> {
    let mut fields = Fields::of(node, &node.place, "the bot's answer", findings)?;
    one_thing(node, &["says", "answer", "fails", "silent"], "an answer of a bot is one thing", findings)?;
    let after = fields.duration("after", findings).unwrap_or(0);
    let answer = fields.get("answer").map(Node::to_json);
    let says = fields.text("says", findings);
    let fails = fields.text("fails", findings);
    let silent = fields.boolean_or("silent", false, findings);
    let again = fields.duration("again", findings);
    fields.finish(findings);
    let said = says.map(|text| serde_json::json!({ "body": { "type": "PLAIN", "markdownText": text } }));
    let answer = answer.or(said).filter(|_| !silent);
    Some(BotScript { after, answer, fails, again })
}

/// Finds a second of these keys. Only one of them would count.
fn one_thing(node: &Node, keys: &[&str], rule: &str, findings: &mut Findings) -> Option<()> {
    let mut found = node.entries().iter().filter(|entry| keys.contains(&entry.key.text.as_str()));
    let (Some(first), Some(second)) = (found.next(), found.next()) else { return Some(()) };
    let message = format!("{rule}, not both `{}` and `{}`", first.key.text, second.key.text);
    let finding = Finding::error(codes::UNKNOWN_KEY, &second.key.place, message)
        .also(&first.key.place, "the first is here")
        .cure("keep one of the two, or make two of it");
    findings.push(finding);
    None
}

fn step(node: &Node, findings: &mut Findings) -> Option<ScenarioStep> {
    let mut fields = Fields::of(node, &node.place, "the step", findings)?;
    one_thing(node, ACTORS, "one acts in a step", findings)?;
    for (actor, acts) in [("customer", CUSTOMER_ACTS), ("agent", AGENT_ACTS)] {
        if node.entry(actor).is_some() {
            one_thing(node, acts, "a step does one thing", findings)?;
        }
    }
    let at = fields.required("at", findings).and_then(|n| yaml::duration(n, "at", findings))?;
    let at_once = fields.boolean_or("at_once", false, findings);
    let of = fields.text("of", findings);
    let actor = if let Some(who) = fields.text("customer", findings) {
        customer(&mut fields, who, findings)
    } else if let Some(who) = fields.text("agent", findings) {
        agent(&mut fields, who, findings)
    } else if let Some(name) = fields.text("event", findings) {
        let data = fields.get("data").map(Node::to_json).unwrap_or_default();
        let session = fields.boolean_or("session", true, findings);
        Some(Actor::Event { name, data, session })
    } else if let Some(name) = fields.text("command", findings) {
        let data = fields.get("data").map(Node::to_json).unwrap_or_default();
        Some(Actor::Command { name, data })
    } else if fields.get("changes").is_some() {
        let mut edits = Vec::new();
        for entry in fields.names("changes", findings) {
            for item in yaml::items(&entry.value, "edits of a file", findings) {
                edits.extend(edit(&entry.key.text, item, findings));
            }
        }
        Some(Actor::Change(edits))
    } else if let Some(node) = fields.get("expect") {
        expectation(node, findings).map(Actor::Expect)
    } else {
        let message = "the step says not who acts";
        let finding = Finding::error(codes::MISSING_KEY, &node.place, message);
        findings.push(
            finding.cure("give it `customer:`, `agent:`, `event:`, `command:`, `changes:` or `expect:`"),
        );
        None
    };
    fields.finish(findings);
    actor.map(|actor| ScenarioStep { at, actor, at_once, of, place: node.place.clone() })
}

/// An expression that must be true; it is compiled when the scenario is read, so that a slip is found before it plays.
fn expectation(node: &Node, findings: &mut Findings) -> Option<Expectation> {
    let Some((scalar, text)) = node.scalar().zip(node.text()) else {
        findings.push(yaml::wrong_type(node, "expect", "an expression, such as `conversation.agents == 1`"));
        return None;
    };
    let expr = Expr::compile(&Host::new(), scalar, 0, text, node.place.clone(), findings)?;
    Some(Expectation { source: text.to_owned(), expr: Arc::new(expr), place: node.place.clone() })
}

fn customer(fields: &mut Fields<'_>, who: String, findings: &mut Findings) -> Option<Actor> {
    let on = fields.text("on", findings).unwrap_or_else(|| CHANNEL.into());
    let says = fields.text("says", findings);
    let presses = fields.text("presses", findings);
    let sends = fields.get("sends").map(Node::to_json);
    let word = fields.get("does");
    let channel_data = fields.get("channel_data").map(Node::to_json).unwrap_or_default();
    let does = if let Some(text) = says {
        serde_json::json!({ "text": text })
    } else if let Some(payload) = presses {
        serde_json::json!({ "text": payload, "intent": payload })
    } else if let Some(message) = sends {
        serde_json::json!({ "message": message })
    } else {
        let Some(word) = word else {
            let finding = Finding::error(codes::MISSING_KEY, fields.place(), "the customer does nothing");
            findings.push(finding.cure("give it `does:`, `says:`, `presses:` or `sends:`"));
            return None;
        };
        let text = word.text().unwrap_or_default();
        let intent = CUSTOMER_DOES.iter().find(|(w, _)| *w == text).map(|(_, intent)| *intent);
        if intent.is_none() {
            unknown_word(word, text, CUSTOMER_DOES, findings);
        }
        serde_json::json!({ "intent": intent?, "channelData": channel_data })
    };
    Some(Actor::Customer { who, on, does })
}

fn agent(fields: &mut Fields<'_>, who: String, findings: &mut Findings) -> Option<Actor> {
    let mut data = fields.get("data").map_or_else(|| serde_json::json!({}), Node::to_json);
    if let Some(reason) = fields.text("reason", findings) {
        data["reason"] = reason.into();
    }
    let body = |text: String| serde_json::json!({ "type": "PLAIN", "markdownText": text });
    if let Some(text) = fields.text("says", findings) {
        data["body"] = body(text);
        return Some(Actor::Agent { who, command: "AGENT_MESSAGE".into(), data });
    }
    if let Some(text) = fields.text("whispers", findings) {
        data["body"] = body(text);
        data["whisper"] = true.into();
        return Some(Actor::Agent { who, command: "AGENT_MESSAGE".into(), data });
    }
    if let Some(node) = fields.get("wraps_up") {
        return Some(Actor::Agent { who, command: "WRAP_UP".into(), data: node.to_json() });
    }
    if let Some(ms) = fields.duration("pauses", findings) {
        data["duration"] = (ms / 1000).into();
        return Some(Actor::Agent { who, command: "PAUSE".into(), data });
    }
    let on = fields.text("on", findings).unwrap_or_else(|| CHANNEL.into());
    if let Some(customer) = fields.text("calls", findings) {
        let does = serde_json::json!({ "intent": "AGENT_OUTBOUND", "entities": { "agentId": who } });
        return Some(Actor::Customer { who: customer, on, does });
    }
    for (word, command) in AGENT_ASKS {
        if let Some(node) = fields.get(word) {
            let mut data = whom(node, word, findings)?;
            if let Some(agent) = data.as_object_mut().and_then(|map| map.remove("agent")) {
                data["toAgent"] = agent;
            }
            return Some(Actor::Agent { who, command: (*command).to_owned(), data });
        }
    }
    for key in ["list", "by"] {
        if let Some(text) = fields.text(key, findings) {
            data[key] = text.into();
        }
    }
    let word = fields.required("does", findings)?;
    let text = word.text().unwrap_or_default();
    let medium = beside_ready(fields, text, findings);
    let Some((_, command)) = AGENT_DOES.iter().find(|(w, _)| *w == text) else {
        unknown_word(word, text, AGENT_DOES, findings);
        return None;
    };
    match text {
        "ready" => data["state"] = "READY".into(),
        "not_ready" => data["state"] = "NOT_READY".into(),
        _ => {}
    }
    if let Some(medium) = medium {
        data["mrd"] = medium.into();
        return Some(Actor::Agent { who, command: "AGENT_MRD_STATE".into(), data });
    }
    Some(Actor::Agent { who, command: (*command).to_owned(), data })
}

/// An agent, or whoever serves a queue.
fn whom(node: &Node, word: &'static str, findings: &mut Findings) -> Option<Json> {
    let mut fields = Fields::of(node, &node.place, format!("`{word}`"), findings)?;
    for key in ["queue", "agent", "note"] {
        fields.entry(key);
    }
    fields.finish(findings);
    Some(node.to_json())
}

/// A medium says where an agent is ready or not; beside any other word it would take its place.
fn beside_ready(fields: &mut Fields<'_>, word: &str, findings: &mut Findings) -> Option<String> {
    let medium = fields.text("medium", findings)?;
    if matches!(word, "ready" | "not_ready") {
        return Some(medium);
    }
    let place =
        fields.entry("medium").map_or_else(|| fields.place().clone(), |entry| entry.key.place.clone());
    let message = "`medium` belongs to `does: ready` and `does: not_ready`";
    findings.push(Finding::error(codes::UNKNOWN_KEY, &place, message).cure("delete it"));
    None
}

fn unknown_word(node: &Node, text: &str, known: &[(&str, &str)], findings: &mut Findings) {
    let words: Vec<&str> = known.iter().map(|(w, _)| *w).collect();
    let finding =
        Finding::error(codes::NOT_ONE_OF, &node.place, format!("`{text}` is nothing that can be done here"));
    findings.push(finding.cure(format!("one of {}", words.join(", "))));
}
