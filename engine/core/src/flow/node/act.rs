//! The action verbs: reads their parameters by the table in [`crate::flow::verbs`].

use crate::centre::Centre;
use crate::diagnostic::{Finding, codes, did_you_mean};
use crate::flow::compile::Compiler;
use crate::flow::verbs::{ActionVerb, Default, Kind, Parameter, SESSIONS};
use crate::flow::{Arg, Edge, Verb};
use crate::model::Json;
use crate::yaml::{self, Entry, Fields, Node, Typed, wrong_type};

/// Most pairs of conversation data (`domain.md` section 1.8).
const DATA_PAIRS_MAX: usize = 10;

pub(super) fn compile(c: &mut Compiler<'_, '_>, verb: &'static ActionVerb, entry: &Entry) -> Option<Verb> {
    let Some(parameters) = verb.parameters else { return free(c, verb, entry) };
    let what = format!("`{}`", verb.verb);
    let mut fields = Fields::of(&entry.value, &entry.key.place, what, c.findings)?;
    let mut data = Vec::new();
    let mut goto = None;
    for parameter in parameters {
        let node = match parameter.required {
            _ if parameter.kind == Kind::Node => c.way_behind(&mut fields, parameter.name),
            true => fields.required(parameter.name, c.findings),
            false => fields.get(parameter.name),
        };
        match (node, parameter.default) {
            (Some(node), _) if parameter.kind == Kind::Node => {
                goto = c.way_to_node(node, Some(Edge::Reminder));
            }
            (Some(node), _) => data.push((parameter.wire.to_owned(), value(c, parameter, node))),
            (None, Some(Default::Word(word))) => {
                data.push((parameter.wire.to_owned(), Arg::Json(Json::from(word))))
            }
            (None, Some(Default::True)) => {
                data.push((parameter.wire.to_owned(), Arg::Json(Json::Bool(true))))
            }
            (None, None) => {}
        }
    }
    fields.finish(c.findings);
    Some(Verb::Act { action: verb.action, data, goto })
}

/// A verb that takes any pairs.
fn free(c: &mut Compiler<'_, '_>, verb: &'static ActionVerb, entry: &Entry) -> Option<Verb> {
    let pairs = yaml::entries(&entry.value, verb.verb, c.findings);
    if let Some(extra) = pairs.get(DATA_PAIRS_MAX) {
        let message = format!("a conversation holds at most {DATA_PAIRS_MAX} pairs of data");
        c.findings.push(Finding::error(codes::TOO_MANY_DATA, &extra.key.place, message));
    }
    Some(Verb::Act { action: verb.action, data: c.pairs(&entry.value), goto: None })
}

/// Compiles a parameter; a constant is checked against the kind of value it must be.
fn value(c: &mut Compiler<'_, '_>, parameter: &Parameter, node: &Node) -> Arg {
    let arg = c.arg(node);
    let Arg::Json(constant) = &arg else {
        if matches!(arg, Arg::List(_) | Arg::Map(_)) && parameter.kind != Kind::Any {
            c.findings.push(wrong_type(node, parameter.name, "one value"));
        }
        return arg;
    };
    // The constant of a broken expression is `null`, which is found already.
    if constant.is_null() && !node.is_null() {
        return arg;
    }
    let name = parameter.name;
    match parameter.kind {
        Kind::Any => {}
        Kind::Duration => {
            let ms = yaml::waiting_time(node, name, c.findings);
            return Arg::Json(ms.map_or(Json::Null, Json::from));
        }
        Kind::Boolean => {
            yaml::boolean(node, name, c.findings);
        }
        Kind::Priority => {
            yaml::integer(node, name, 1..=11, c.findings);
        }
        Kind::OneOf(words) => {
            yaml::one_of(node, name, words, c.findings);
        }
        _ => return text(c, parameter, node),
    }
    arg
}

/// A constant text: names are looked up, and an unquoted number is taken as it is written.
fn text(c: &mut Compiler<'_, '_>, parameter: &Parameter, node: &Node) -> Arg {
    let Some(text) = yaml::text(node, parameter.name, c.findings) else { return Arg::Json(Json::Null) };
    if let Some(centre) = c.scope.centre {
        look_up(c, parameter, node, &text, centre);
    }
    match node.scalar().map(yaml::Scalar::typed) {
        Some(Typed::Text(_)) => c.arg(node),
        _ => Arg::Json(Json::from(text)),
    }
}

fn look_up(c: &mut Compiler<'_, '_>, parameter: &Parameter, node: &Node, text: &str, centre: &Centre) {
    let (what, code, words, known): (_, _, &[&str], Vec<&str>) = match parameter.kind {
        Kind::Participant => {
            let known = keys(&centre.agents).into_iter().chain(keys(&centre.bots)).collect();
            ("participant", codes::UNKNOWN_PARTICIPANT, &["bot"], known)
        }
        Kind::Bot => ("bot", codes::UNKNOWN_BOT, &[], keys(&centre.bots)),
        Kind::Queue => ("queue", codes::UNKNOWN_QUEUE, &[], keys(&centre.queues)),
        Kind::List => ("list", codes::UNKNOWN_LIST, &[], keys(&centre.lists)),
        Kind::Agent(words) => ("agent", codes::UNKNOWN_AGENT, words, keys(&centre.agents)),
        Kind::Session => ("channel type", codes::UNKNOWN_CHANNEL_TYPE, SESSIONS, keys(&centre.channel_types)),
        _ => return,
    };
    if words.contains(&text) || known.contains(&text) {
        return;
    }
    let message = format!("there is no {what} `{}`", yaml::shortened(text));
    let cure = did_you_mean(text, known.iter().chain(words).copied());
    let cure = cure.unwrap_or_else(|| "names of the contact centre stand in `flows/centre.yaml`".to_owned());
    c.findings.push(Finding::error(code, &node.place, message).cure(cure));
}

fn keys<V>(map: &std::collections::BTreeMap<String, V>) -> Vec<&str> {
    map.keys().map(String::as_str).collect()
}
