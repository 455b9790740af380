//! What each kind of bot elsewhere needs.

use std::collections::BTreeMap;

use super::{maybe_url, secret, url};
use crate::centre::{BotEntry, LexBot, LlmBot, Outcome, Tool};
use crate::conversation;
use crate::diagnostic::{Finding, Findings, codes, did_you_mean};
use crate::model::Json;
use crate::yaml::{self, Fields, Node};

/// All keys that a kind may have, beside those of every bot.
pub(super) const KEYS: &[&str] = &[
    "flow",
    "url",
    "token_env",
    "token_file",
    "token_header",
    "signing_env",
    "signing_file",
    "answers",
    "at_once",
    "retries",
    "breaker",
    "bot",
    "alias",
    "locale",
    "region",
    "endpoint",
    "outcomes",
    "prompt",
    "model",
    "history",
    "turns",
    "tokens",
    "tools",
];

/// Lines of the conversation, answers, and tokens of an answer, unless said.
const LLM: (i64, i64, i64) = (20, 20, 500);

pub(super) fn webhook(fields: &mut Fields<'_>, bot: &mut BotEntry, findings: &mut Findings) {
    bot.url = url(fields, "url", findings);
    token(fields, bot, findings);
    bot.signing = secret(fields, ("signing_env", "signing_file"), findings);
    let answers = fields.get("answers");
    let answers = answers.and_then(|node| yaml::one_of(node, "answers", &["AT_ONCE", "LATER"], findings));
    bot.later = answers == Some("LATER");
}

pub(super) fn rasa(fields: &mut Fields<'_>, bot: &mut BotEntry, findings: &mut Findings) {
    bot.url = url(fields, "url", findings);
    token(fields, bot, findings);
}

fn token(fields: &mut Fields<'_>, bot: &mut BotEntry, findings: &mut Findings) {
    bot.token = secret(fields, ("token_env", "token_file"), findings);
    let Some(node) = fields.get("token_header") else { return };
    let Some(header) = yaml::text(node, "token_header", findings) else { return };
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if header.is_empty() || !header.chars().all(good) {
        let message = format!("`{}` cannot be the name of a header", yaml::shortened(&header));
        findings
            .push(Finding::error(codes::BAD_NAME, &node.place, message).cure("write one such as `X-Token`"));
    }
    bot.token_header = Some(header);
}

pub(super) fn lex(fields: &mut Fields<'_>, bot: &mut BotEntry, findings: &mut Findings) {
    let mut text = |fields: &mut Fields<'_>, key| {
        fields.required(key, findings).and_then(|node| yaml::text(node, key, findings)).unwrap_or_default()
    };
    let (id, alias, locale) = (text(fields, "bot"), text(fields, "alias"), text(fields, "locale"));
    let region = fields.text("region", findings);
    bot.url = maybe_url(fields, "endpoint", findings);
    let outcomes = fields.items("outcomes", findings);
    let outcomes = outcomes.iter().filter_map(|node| outcome(node, findings)).collect();
    bot.lex = Some(LexBot { id, alias, locale, region, outcomes });
}

fn outcome(node: &Node, findings: &mut Findings) -> Option<Outcome> {
    let mut fields = Fields::of(node, &node.place, "an outcome", findings)?;
    let intent = fields.text("intent", findings);
    let state = fields.text("state", findings);
    let attribute = fields.names("attribute", findings).first();
    let attribute = attribute.map(|e| (e.key.text.clone(), e.value.text().unwrap_or_default().to_owned()));
    let found = action(&mut fields, findings);
    if intent.is_none() && state.is_none() && attribute.is_none() {
        let message = "an outcome without `intent`, `state` or `attribute` always holds";
        let finding = Finding::error(codes::MISSING_KEY, &node.place, message);
        findings.push(finding.cure("say which outcome is meant"));
    }
    fields.finish(findings);
    let (action, data) = found?;
    Some(Outcome { intent, state, attribute, action, data })
}

/// `action` with its `data`.
fn action(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<(String, Json)> {
    let data = fields.get("data").map_or_else(|| Json::Object(serde_json::Map::new()), Node::to_json);
    let node = fields.required("action", findings)?;
    let action = yaml::text(node, "action", findings)?;
    if !conversation::is_known_action(&action) && action != "end_chat" {
        let message = format!("no action is called `{}`", yaml::shortened(&action));
        let cure = did_you_mean(&action, conversation::KNOWN_ACTIONS.iter().copied());
        let cure = cure.unwrap_or_else(|| "write one such as FIND_AGENT".to_owned());
        findings.push(Finding::error(codes::NOT_ONE_OF, &node.place, message).cure(cure));
    }
    Some((action, data))
}

pub(super) fn llm(
    fields: &mut Fields<'_>,
    bot: &mut BotEntry,
    prompts: &BTreeMap<&str, &str>,
    findings: &mut Findings,
) {
    bot.url = url(fields, "url", findings);
    token(fields, bot, findings);
    let model = fields.required("model", findings);
    let model = model.and_then(|node| yaml::text(node, "model", findings)).unwrap_or_default();
    let prompt = prompt(fields, prompts, findings).unwrap_or_default();
    let (history, turns, tokens) = LLM;
    let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    let history = fields.integer_or("history", 1..=20, history, findings);
    let turns = number(fields.integer_or("turns", 1..=1_000, turns, findings));
    let tokens = number(fields.integer_or("tokens", 1..=100_000, tokens, findings));
    let tools = fields.names("tools", findings);
    let tools = tools.iter().filter_map(|entry| tool(&entry.key.text, &entry.value, findings)).collect();
    let history = usize::try_from(history).unwrap_or(1);
    bot.llm = Some(LlmBot { model, prompt, history, turns, tokens, tools });
}

fn prompt(
    fields: &mut Fields<'_>,
    prompts: &BTreeMap<&str, &str>,
    findings: &mut Findings,
) -> Option<String> {
    let node = fields.required("prompt", findings)?;
    let name = yaml::text(node, "prompt", findings)?;
    match prompts.get(name.as_str()).map(|text| text.trim()).filter(|text| !text.is_empty()) {
        Some(text) => Some(text.to_owned()),
        None => {
            let message = format!("there is no prompt file `{}`, or it is empty", yaml::shortened(&name));
            let cure = did_you_mean(&name, prompts.keys().copied());
            let cure = cure.unwrap_or_else(|| "write flows/NAME.prompt.md and name it here".to_owned());
            findings.push(Finding::error(codes::BOT_PROMPT, &node.place, message).cure(cure));
            None
        }
    }
}

fn tool(name: &str, node: &Node, findings: &mut Findings) -> Option<Tool> {
    let mut fields = Fields::of(node, &node.place, format!("tool `{}`", yaml::shortened(name)), findings)?;
    yaml::name(name, &node.place, "tool", false, findings);
    let description = fields.required("description", findings);
    let description =
        description.and_then(|node| yaml::text(node, "description", findings)).unwrap_or_default();
    let arguments = fields.names("arguments", findings);
    let arguments = arguments
        .iter()
        .map(|e| (e.key.text.clone(), e.value.text().unwrap_or_default().to_owned()))
        .collect();
    let found = action(&mut fields, findings);
    fields.finish(findings);
    let (action, data) = found?;
    Some(Tool { name: name.to_owned(), description, action, data, arguments })
}
