//! Findings as SARIF 2.1.0, which code hosts show beside the lines.

use convene_core::diagnostic::{Finding, Place, Severity, codes, page};
use serde_json::{Value, json};

/// One run with these findings.
pub(crate) fn document(findings: &[&Finding]) -> Value {
    let used: Vec<&(&str, &str)> =
        codes::ALL.iter().filter(|(code, _)| findings.iter().any(|f| f.code == *code)).collect();
    let rules: Vec<Value> = used.iter().map(|(code, meaning)| rule(code, meaning)).collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|f| result(f, used.iter().position(|(code, _)| *code == f.code).unwrap_or_default()))
        .collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "convene",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: &str, meaning: &str) -> Value {
    json!({
        "id": code,
        "shortDescription": { "text": meaning },
        "help": { "text": page(code).unwrap_or(meaning), "markdown": page(code).unwrap_or(meaning) },
    })
}

fn result(f: &Finding, rule: usize) -> Value {
    let mut text = f.message.clone();
    for more in [&f.cause, &f.cure].into_iter().flatten() {
        text += "; ";
        text += more;
    }
    let related: Vec<Value> = f
        .also
        .iter()
        .map(|(place, said)| {
            let mut location = location(place);
            location["message"] = json!({ "text": said });
            location
        })
        .collect();
    json!({
        "ruleId": f.code,
        "ruleIndex": rule,
        "level": if f.severity == Severity::Error { "error" } else { "warning" },
        "message": { "text": text },
        "locations": [location(&f.place)],
        "relatedLocations": related,
    })
}

fn location(place: &Place) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&place.file) },
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endColumn": place.column + place.length,
        },
    } })
}

/// A path as a relative URI: what is not allowed in one is written as bytes.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
