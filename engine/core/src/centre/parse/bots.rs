//! Bots (`contract.md` section 5): flows of this deployment, and web addresses.

use std::collections::BTreeMap;

use super::{known, open};
use crate::centre::{BotEntry, BotKind, Centre};
use crate::diagnostic::{Finding, Findings, Place, codes};
use crate::flow::{FlowKind, Header};
use crate::yaml::{self, Fields};

/// How long a bot may take unless said: 10 s (U41).
const BOT_TIMEOUT_MS: i64 = 10_000;

pub(super) fn bots(
    fields: &mut Fields<'_>,
    centre: &mut Centre,
    flows: &BTreeMap<String, Header>,
    findings: &mut Findings,
) {
    for entry in fields.names("bots", findings) {
        let name = entry.key.text.clone();
        let mut bot = BotEntry { name: name.clone(), timeout_ms: BOT_TIMEOUT_MS, ..BotEntry::default() };
        if let Some(mut fields) = open(entry, "bot", 1..=110, findings) {
            let kind = fields.required("kind", findings);
            let kind = kind.and_then(|node| yaml::one_of(node, "kind", &["SCRIPT", "WEBHOOK"], findings));
            match kind {
                Some("WEBHOOK") => webhook(&mut fields, &mut bot, findings),
                Some(_) => script(&mut fields, &mut bot, flows, findings),
                // Without a kind nothing can be said about the other keys.
                None => ["flow", "url", "token_env"].iter().for_each(|key| {
                    fields.entry(key);
                }),
            }
            bot.timeout_ms = fields.duration("timeout", findings).unwrap_or(BOT_TIMEOUT_MS);
            bot.events = fields.boolean_or("events", false, findings);
            fields.finish(findings);
        }
        centre.bots.insert(name, bot);
    }
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

fn webhook(fields: &mut Fields<'_>, bot: &mut BotEntry, findings: &mut Findings) {
    bot.kind = BotKind::Webhook;
    if let Some(node) = fields.required("url", findings) {
        bot.url = yaml::text(node, "url", findings);
        if let Some(problem) = bot.url.as_deref().and_then(address_problem) {
            findings.push(bad_address(&node.place, problem));
        }
    }
    if let Some(node) = fields.get("token_env") {
        bot.token_env = yaml::text(node, "token_env", findings);
        let good = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
                && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        };
        if bot.token_env.as_deref().is_some_and(|name| !good(name)) {
            // The value is not repeated: somebody may have written the token itself.
            let message = "`token_env` is the name of an environment variable";
            let finding = Finding::error(codes::BAD_NAME, &node.place, message);
            findings.push(
                finding.cure("write a name such as `BOT_TOKEN`; the token itself never stands in a file"),
            );
        }
    }
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
