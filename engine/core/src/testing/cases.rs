//! Cases: a rule, some facts, and what it must decide.

use std::sync::Arc;

use super::{Outcome, Subject, Suite, Tested, broke};
use crate::coverage::Recorder;
use crate::diagnostic::{Finding, Findings, codes, did_you_mean};
use crate::rules::{Facts, Host, Json, RuleFile, Verdict, overlaid};
use crate::table::Table;
use crate::yaml::{self, Fields, Kind, Node, wrong_type};

/// What a case expects.
enum Expected {
    /// This decision; of a map only what is named.
    Value(Json),
    /// That the rule breaks, with these words somewhere in the message.
    Error(String),
}

/// The rule that `rule:` names, at the top of the file or in a case.
enum Named {
    /// This one.
    Rule(String),
    /// None that there is, which has been told.
    Unknown,
    /// It names none.
    Not,
}

fn named(fields: &mut Fields<'_>, subject: &Subject<'_>, findings: &mut Findings) -> Named {
    let Some(node) = fields.get("rule") else { return Named::Not };
    rule(node, subject, findings).map_or(Named::Unknown, Named::Rule)
}

impl Suite<'_> {
    pub(super) fn cases(
        &self,
        file: &str,
        subject: &Subject<'_>,
        text: &str,
        findings: &mut Findings,
        tested: &mut Vec<Tested>,
    ) {
        let Some(root) = yaml::read(file, text, findings) else { return };
        let Some(mut fields) = Fields::of(&root, &root.place, "the file of cases", findings) else { return };
        let common = named(&mut fields, subject, findings);
        fields.required("cases", findings);
        for node in fields.items("cases", findings) {
            self.case(node, subject, &common, findings, tested);
        }
        fields.finish(findings);
    }

    fn case(
        &self,
        node: &Node,
        subject: &Subject<'_>,
        common: &Named,
        findings: &mut Findings,
        tested: &mut Vec<Tested>,
    ) {
        let Some(mut fields) = Fields::of(node, &node.place, "a case", findings) else { return };
        fields.required("name", findings);
        let name = fields.text("name", findings);
        let own = named(&mut fields, subject, findings);
        if let Some(given) = fields.get("facts") {
            self.names.check(given, findings);
        }
        let facts = fields.get("facts").map_or_else(|| Json::Object(Default::default()), Node::to_json);
        let expected = match (fields.entry("expect"), fields.text("error", findings)) {
            (Some(entry), None) => {
                if matches!(&entry.value.kind, Kind::Map(keys) if keys.is_empty()) {
                    let message = "this case expects nothing, so it can never fail";
                    let finding = Finding::error(codes::MISSING_KEY, &entry.key.place, message);
                    findings.push(finding.cure("write what the decision must say"));
                }
                Some(Expected::Value(entry.value.to_json()))
            }
            (None, Some(words)) => Some(Expected::Error(words)),
            _ => {
                let message = "a case has either `expect`, the decision, or `error`, words of the message";
                findings.push(Finding::error(codes::MISSING_KEY, &node.place, message));
                None
            }
        };
        fields.finish(findings);
        let own = if matches!(own, Named::Not) { common } else { &own };
        let function = match own {
            Named::Rule(function) => Some(function.as_str()),
            Named::Unknown => return,
            Named::Not => None,
        };
        let asked = match (function, subject) {
            (Some(function), Subject { rules: Some(rules), .. }) => Asked::Rule(rules, function),
            (None, Subject { table: Some(table), .. }) => Asked::Table(table),
            _ => {
                let message = "no rule is named, neither here nor at the top of the file";
                let finding = Finding::error(codes::MISSING_KEY, &node.place, message);
                findings.push(finding.cure("add `rule:` and its name"));
                return;
            }
        };
        let (Some(name), Some(expected)) = (name, expected) else { return };
        if !(self.wanted)(&name) {
            return;
        }
        let facts = Facts::from_json(&overlaid(&self.blank, &facts));
        let outcome = match (self.ask(&asked, &facts), expected) {
            (Ok(verdict), Expected::Value(expected)) => {
                let mut differences = Vec::new();
                compare(&expected, &verdict.value, "", &mut differences);
                if differences.is_empty() {
                    Outcome::Pass
                } else {
                    let lines = differences.join("\n  ");
                    let trace = self.trace(&asked, &facts);
                    Outcome::Fail(format!(
                        "`{asked}` decides otherwise\n  {lines}\n  it said {}{trace}",
                        verdict.value
                    ))
                }
            }
            (Ok(verdict), Expected::Error(words)) => {
                Outcome::Fail(format!("`{asked}` should break ({words:?}), and said {}", verdict.value))
            }
            (Err(Outcome::Error(problem)), Expected::Error(words)) if problem.contains(&words) => {
                Outcome::Pass
            }
            (Err(broken), _) => broken,
        };
        tested.push(Tested { file: node.place.file.to_string(), line: node.place.line, name, outcome });
    }
}

impl Suite<'_> {
    /// What a rule or a table decides; how it broke otherwise.
    fn ask(&self, asked: &Asked<'_>, facts: &Facts) -> Result<Verdict, Outcome> {
        match asked {
            Asked::Rule(rules, function) => self.host.call(rules, function, facts).map_err(|e| broke(&e)),
            Asked::Table(table) => match table.decide(&self.host, facts) {
                Ok(decided) => {
                    if let Some(recorder) = self.recorder {
                        recorder.rows(&table.file, &decided.rows, table.rows.len());
                    }
                    Ok(decided.verdict)
                }
                Err(problem) => Err(Outcome::Error(problem)),
            },
        }
    }
}

impl Suite<'_> {
    /// How the decision came about: the row of a table, the lines of a rule.
    fn trace(&self, asked: &Asked<'_>, facts: &Facts) -> String {
        match asked {
            Asked::Table(table) => match table.decide(&self.host, facts) {
                Ok(decided) => {
                    table.told(&decided.rows).map_or_else(String::new, |told| format!("\n  by {told}"))
                }
                Err(_) => String::new(),
            },
            Asked::Rule(rules, function) => {
                let recorder = Arc::new(Recorder::new());
                let host = Host::recording(recorder.clone());
                let source = self.files.get(rules.file()).map_or("", String::as_str);
                let Ok(again) = host.rules(rules.file(), source) else { return String::new() };
                let _ = host.call(&again, function, facts);
                let lines: Vec<String> = recorder.lines(rules.file()).iter().map(u32::to_string).collect();
                let word = if lines.len() == 1 { "line" } else { "lines" };
                format!("\n  it went by {}, {word} {}", rules.file(), lines.join(", "))
            }
        }
    }
}

/// Who is asked.
enum Asked<'a> {
    Rule(&'a RuleFile, &'a str),
    Table(&'a Table),
}

impl std::fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rule(_, function) => function,
            Self::Table(table) => &table.name,
        })
    }
}

/// The name of a rule that exists.
fn rule(node: &Node, subject: &Subject<'_>, findings: &mut Findings) -> Option<String> {
    let Some(rules) = subject.rules else {
        let finding = Finding::error(codes::UNKNOWN_RULE, &node.place, "this is a table; it has no rules");
        findings.push(finding.cure("leave `rule` out: the cases are those of the table"));
        return None;
    };
    let Some(name) = node.text().map(str::to_owned) else {
        findings.push(wrong_type(node, "`rule`", "the name of a rule"));
        return None;
    };
    let functions = rules.functions();
    if functions.iter().any(|f| f.name == name && f.params.len() <= 1) {
        return Some(name);
    }
    let message = format!("{} has no rule `{name}` that takes the facts", rules.file());
    let finding = Finding::error(codes::UNKNOWN_RULE, &node.place, message);
    let near = did_you_mean(&name, functions.iter().map(|f| f.name.as_str()));
    findings.push(match near {
        Some(near) => finding.cure(near),
        None => finding,
    });
    None
}

/// Notes where a decision is not what was expected. Of a map only the keys that are named count.
fn compare(expected: &Json, got: &Json, path: &str, differences: &mut Vec<String>) {
    match (expected, got) {
        (Json::Object(expected), Json::Object(got)) => {
            for (key, value) in expected {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match got.get(key) {
                    Some(got) => compare(value, got, &path, differences),
                    None => differences.push(format!("{path}: wanted {value}, is not there")),
                }
            }
        }
        (Json::Number(a), Json::Number(b)) if a.as_f64() == b.as_f64() => {}
        _ if expected == got => {}
        _ => {
            let path = if path.is_empty() { "decision" } else { path };
            differences.push(format!("{path}: wanted {expected}, got {got}"));
        }
    }
}
