//! What a scenario expects on its way: an expression over the facts of the conversation, and over what was read and reported.

use serde_json::json;

use super::scenario::Expectation;
use super::world::{Fired, World};
use crate::conversation::{Conversation, facts_at};
use crate::diagnostic::Place;
use crate::model::{Json, JsonMap};
use crate::report::ReportRow;
use crate::rules::Facts;

/// An expectation that was not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// File of the scenario.
    pub file: String,
    /// Line of the expectation, from 1.
    pub line: u32,
    /// What was expected, and what is.
    pub why: String,
}

/// Holds an expectation against the world; `None` when it is met.
pub(super) fn check(
    expected: &Expectation,
    world: &World,
    of: Option<&Conversation>,
    fired: &[Fired],
) -> Option<Unmet> {
    let unmet = |why: String| {
        let place = &expected.place;
        Some(Unmet {
            file: place.file.to_string(),
            line: place.line,
            why: format!("`{}` {why}", expected.source),
        })
    };
    let facts = facts(world, of, fired);
    let host = &world.deployment.host;
    let expression = match host.expression(&expected.source) {
        Ok(expression) => expression,
        Err(problem) => return unmet(format!("cannot be computed: {}", problem.message)),
    };
    match host.truth(&expression, &Facts::from_json(&facts)) {
        Ok(true) => None,
        Ok(false) => {
            let mut reads: Vec<String> =
                expression.reads().iter().map(|read| shown(&facts, &read.path)).collect();
            reads.dedup();
            unmet(format!("does not hold: {}", reads.join(", ")))
        }
        Err(problem) => unmet(format!("cannot be computed: {}", problem.message)),
    }
}

/// Finds a button that is pressed and was never shown to a customer.
pub(super) fn pressed(place: &Place, does: &Json, fired: &[Fired]) -> Option<Unmet> {
    let (text, _) = does["text"].as_str().zip(does["intent"].as_str())?;
    let shown: Vec<Json> = sent(fired).collect();
    let buttons = shown.iter().flat_map(|message| message["body"]["buttons"].as_array()).flatten();
    let titles: Vec<&str> = buttons.clone().filter_map(|button| button["title"].as_str()).collect();
    // A row of cards and the like may hold buttons anywhere.
    let mut elsewhere = shown.iter().filter(|message| message["body"]["type"] != "PLAIN");
    let quoted = Json::from(text).to_string();
    if titles.contains(&text) || elsewhere.any(|message| message["body"].to_string().contains(&quoted)) {
        return None;
    }
    // Before the first button the channel may show some of its own.
    if titles.is_empty() {
        return None;
    }
    let why = format!("no button `{text}` is shown; there are {}", titles.join(", "));
    Some(Unmet { file: place.file.to_string(), line: place.line, why })
}

/// The messages that went to customers.
fn sent(fired: &[Fired]) -> impl Iterator<Item = Json> {
    let publications = fired.iter().flat_map(|step| &step.publications);
    let to_customers = publications.filter(|publication| publication.key.starts_with("channel."));
    let bodies = to_customers.map(|publication| publication.body.json());
    bodies.filter(|body| body["body"]["type"] != "NOTIFICATION")
}

/// The facts a flow would see, and besides: `read`, the texts customers have read; `states`, the states of all conversations;
/// and rows of the report: `tasks` of `agent_task`, `agent_states` of `agent_state`, `queues` of `queue`.
fn facts(world: &World, of: Option<&Conversation>, fired: &[Fired]) -> Json {
    let mut facts = match of {
        Some(conversation) => facts_at(&world.deployment, conversation.clone(), world.now),
        None => json!({}),
    };
    let all = || fired.iter();
    let read: Vec<Json> = sent(fired).map(|body| body["body"]["markdownText"].clone()).collect();
    let reports = || all().flat_map(|step| &step.reports);
    let tasks = reports().filter_map(|row| match row {
        ReportRow::AgentTask(task) => Some(json!(task)),
        _ => None,
    });
    let agent_states = reports().filter_map(|row| match row {
        ReportRow::AgentState(state) => Some(json!(state)),
        _ => None,
    });
    let queues = reports().filter_map(|row| match row {
        ReportRow::Queue(queue) => Some(json!(queue)),
        _ => None,
    });
    let mut conversations: Vec<&Conversation> = world.conversations.values().collect();
    conversations.sort_by_key(|c| c.created_at);
    let states: Vec<&str> = conversations.iter().map(|c| c.state.as_str()).collect();
    facts["read"] = json!(read);
    facts["tasks"] = tasks.collect();
    facts["agent_states"] = agent_states.collect();
    facts["queues"] = queues.collect();
    facts["states"] = json!(states);
    facts
}

/// A fact and its value: `conversation.agents is 1`.
fn shown(facts: &Json, path: &[String]) -> String {
    let nothing = Json::Object(JsonMap::new());
    let value = path.iter().try_fold(facts, |at, name| at.get(name)).unwrap_or(&nothing);
    let mut text = value.to_string();
    if text.chars().count() > 300 {
        text = text.chars().take(300).chain(['…']).collect();
    }
    format!("{} is {text}", path.join("."))
}
