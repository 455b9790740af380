//! Bots (`contract.md` section 5): flows of this deployment, and programs elsewhere.

mod kinds;

use std::collections::BTreeMap;

use super::{known, open};
use crate::centre::{BotEntry, BotKind, Centre, Secret, address};
use crate::diagnostic::{Finding, Findings, Place, codes};
use crate::flow::{FlowKind, Header};
use crate::yaml::{self, Fields, Node};

/// What stands beside the centre and belongs to its bots.
pub(crate) struct Beside<'a> {
    /// Headings of all flows, which SCRIPT bots name.
    pub(crate) flows: &'a BTreeMap<String, Header>,
    /// Texts of prompt files by file name, which LLM bots name.
    pub(crate) prompts: &'a BTreeMap<&'a str, &'a str>,
}

pub(super) fn bots(
    fields: &mut Fields<'_>,
    centre: &mut Centre,
    beside: &Beside<'_>,
    findings: &mut Findings,
) {
    private(fields, centre, findings);
    for entry in fields.names("bots", findings) {
        let name = entry.key.text.clone();
        let mut bot = BotEntry { name: name.clone(), ..BotEntry::default() };
        if let Some(mut fields) = open(entry, "bot", 1..=110, findings) {
            let names: Vec<&str> = BotKind::NAMES.iter().map(|(name, _)| *name).collect();
            let kind = fields.required("kind", findings);
            let kind = kind.and_then(|node| yaml::one_of(node, "kind", &names, findings));
            match kind.and_then(|kind| BotKind::NAMES.iter().find(|(name, _)| *name == kind)) {
                Some((_, kind)) => {
                    bot.kind = *kind;
                    of_kind(&mut fields, &mut bot, beside, findings);
                }
                // Without a kind nothing can be said about the other keys.
                None => kinds::KEYS.iter().for_each(|key| {
                    fields.entry(key);
                }),
            }
            common(&mut fields, &mut bot, findings);
            fields.finish(findings);
        }
        if let Some(url) = bot.url.as_deref() {
            warn_of_private(url, &centre.private_bots, &entry.value, findings);
        }
        centre.bots.insert(name, bot);
    }
}

fn of_kind(fields: &mut Fields<'_>, bot: &mut BotEntry, beside: &Beside<'_>, findings: &mut Findings) {
    match bot.kind {
        BotKind::Script => return script(fields, bot, beside.flows, findings),
        BotKind::Webhook => kinds::webhook(fields, bot, findings),
        BotKind::Rasa => kinds::rasa(fields, bot, findings),
        BotKind::Lex => kinds::lex(fields, bot, findings),
        BotKind::Llm => kinds::llm(fields, bot, beside.prompts, findings),
    }
    let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    bot.at_once = number(fields.integer_or("at_once", 1..=10_000, bot.at_once.into(), findings));
    bot.retries = number(fields.integer_or("retries", 0..=5, bot.retries.into(), findings));
    if let Some(node) = fields.get("breaker")
        && let Some(mut fields) = Fields::of(node, &node.place, "`breaker`", findings)
    {
        let breaker = &mut bot.breaker;
        breaker.failures =
            number(fields.integer_or("failures", 0..=1_000, breaker.failures.into(), findings));
        breaker.pause_ms = fields.duration("pause", findings).unwrap_or(breaker.pause_ms);
        fields.finish(findings);
    }
}

/// What every kind may say.
fn common(fields: &mut Fields<'_>, bot: &mut BotEntry, findings: &mut Findings) {
    bot.timeout_ms = fields.duration("timeout", findings).unwrap_or(bot.timeout_ms);
    bot.events = fields.boolean_or("events", bot.events, findings);
    let suggestions = fields.integer("suggestions", 1..=20, findings);
    let suggestions = suggestions.and_then(|n| usize::try_from(n).ok());
    bot.suggestions = suggestions.unwrap_or(bot.suggestions);
}

/// Hosts with ports that may be called although they are private.
fn private(fields: &mut Fields<'_>, centre: &mut Centre, findings: &mut Findings) {
    for (entry, place) in fields.texts("private_bots", findings) {
        if address::split(&entry).is_none() {
            let message = format!("`{}` is not a host with a port", yaml::shortened(&entry));
            let cure = "write both, such as `127.0.0.1:5005` or `rasa.internal:5005`";
            findings.push(Finding::error(codes::BAD_NAME, &place, message).cure(cure));
        }
        centre.private_bots.push(entry);
    }
}

/// A private address that nothing allows: the call will be refused, so it is said before.
fn warn_of_private(url: &str, allowed: &[String], bot: &Node, findings: &mut Findings) {
    let Some((host, port)) = address::host_and_port(url) else { return };
    if !address::is_private_host(&host) || address::allowed(allowed, &host, port) {
        return;
    }
    let place = bot.entry("url").or_else(|| bot.entry("endpoint")).map_or(&bot.place, |e| &e.value.place);
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let message = "this address is private, and calls to it are refused";
    let cure = format!("if it is meant, add `private_bots: [\"{host}:{port}\"]` to flows/centre.yaml");
    findings.push(Finding::warning(codes::PRIVATE_BOT, place, message).cure(cure));
}

/// Where a secret is: `<what>_env` or `<what>_file`.
fn secret(
    fields: &mut Fields<'_>,
    (variable_key, file_key): (&'static str, &'static str),
    findings: &mut Findings,
) -> Option<Secret> {
    let variable =
        fields.get(variable_key).and_then(|node| Some((yaml::text(node, variable_key, findings)?, node)));
    let path = fields.get(file_key).and_then(|node| Some((yaml::text(node, file_key, findings)?, node)));
    if let (Some(_), Some((_, node))) = (&variable, &path) {
        let message = format!("`{variable_key}` and `{file_key}` are both given");
        findings.push(Finding::error(codes::NOT_ONE_OF, &node.place, message).cure("keep one of them"));
    }
    if let Some((name, node)) = variable {
        let good = name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        if !good {
            // The value is not repeated: somebody may have written the secret itself.
            let message = format!("`{variable_key}` is the name of an environment variable");
            let finding = Finding::error(codes::BAD_NAME, &node.place, message);
            findings.push(
                finding.cure("write a name such as `BOT_TOKEN`; the secret itself never stands in a file"),
            );
        }
        return Some(Secret::Environment(name));
    }
    path.map(|(path, _)| Secret::File(path))
}

/// An address that must be there.
fn url(fields: &mut Fields<'_>, key: &'static str, findings: &mut Findings) -> Option<String> {
    fields.required(key, findings)?;
    maybe_url(fields, key, findings)
}

/// An address that may be there.
fn maybe_url(fields: &mut Fields<'_>, key: &'static str, findings: &mut Findings) -> Option<String> {
    let node = fields.get(key)?;
    let url = yaml::text(node, key, findings)?;
    if let Some(problem) = address_problem(&url) {
        findings.push(bad_address(&node.place, problem));
    }
    Some(url)
}

fn script(
    fields: &mut Fields<'_>,
    bot: &mut BotEntry,
    flows: &BTreeMap<String, Header>,
    findings: &mut Findings,
) {
    let Some(node) = fields.required("flow", findings) else { return };
    let Some(flow) = yaml::text(node, "flow", findings) else { return };
    known(flows, &flow, &node.place, ("flow", codes::UNKNOWN_FLOW), findings);
    if let Some(header) = flows.get(&flow).filter(|header| header.kind != FlowKind::Bot) {
        let message = format!("flow `{flow}` does not play a bot");
        let finding = Finding::error(codes::WRONG_KIND, &node.place, message);
        findings.push(finding.also(&header.place, "it is defined here").cure("add `kind: bot` to the flow"));
    }
    bot.flow = Some(flow);
}

fn bad_address(place: &Place, problem: &'static str) -> Finding {
    let message = "this is not an address a bot can be called at";
    Finding::error(codes::BOT_ADDRESS, place, message).because(problem).cure(
        "write it as `https://bot.example.org/path`; a token goes into the variable named by `token_env`",
    )
}

/// Why a text is not an absolute http(s) address without credentials.
fn address_problem(url: &str) -> Option<&'static str> {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
        return Some("it does not start with `http://` or `https://`");
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Some("it holds white space")
    } else if authority.contains('@') {
        Some("it holds a user name or password")
    } else if authority.is_empty() || authority.starts_with(':') {
        Some("it names no host")
    } else if url.contains('#') {
        Some("it holds a fragment")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::address_problem;

    #[test]
    fn addresses_are_absolute_and_hold_no_credentials() {
        for good in ["http://localhost:5005", "https://bot.example.org/a?b=c", "http://[::1]:80/x"] {
            assert_eq!(address_problem(good), None, "{good}");
        }
        for bad in [
            "",
            "/path",
            "ftp://bot.example.org",
            "https://",
            "https:///x",
            "http://:80",
            "https://me:secret@bot.example.org",
            "https://me@bot.example.org",
            "https://bot.example.org/a b",
            "https://bot.example.org/#x",
        ] {
            assert!(address_problem(bad).is_some(), "{bad}");
        }
    }
}
