//! Mutants: the deployment with one small fault in a rule or table. A good test notices each.

use std::collections::BTreeMap;

use crate::deployment::Deployment;

/// One small fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// File it is in.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// What was done, such as `> becomes <=`.
    pub what: String,
    fault: Fault,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    /// The text of the file.
    Text(String),
    /// A row of a table is missing.
    Row { table: String, row: usize },
}

/// What each sign becomes. Longer signs first, so that `<=` is not taken for `<`. Comparisons become their opposites: one that
/// moves by one may mean the same, and nobody could notice.
const SIGNS: &[(&str, &str)] = &[
    ("==", "!="),
    ("!=", "=="),
    ("<=", ">"),
    (">=", "<"),
    ("&&", "||"),
    ("||", "&&"),
    ("=>", "=>"),
    ("<", ">="),
    (">", "<="),
    ("!", ""),
    ("true", "false"),
    ("false", "true"),
];

/// Every mutant of the rules and tables of a deployment, in order of files and lines.
pub fn mutants(deployment: &Deployment) -> Vec<Mutant> {
    let mut all = Vec::new();
    for rules in deployment.rules.values() {
        if let Some(text) = deployment.files.get(rules.file()) {
            all.extend(of_rules(rules.file(), text));
        }
    }
    for (name, table) in &deployment.tables {
        for (at, row) in table.rows.iter().enumerate() {
            all.push(Mutant {
                file: row.place.file.to_string(),
                line: row.place.line,
                what: format!("row {} is dropped", at + 1),
                fault: Fault::Row { table: name.clone(), row: at },
            });
        }
    }
    all.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    all
}

impl Mutant {
    /// The deployment with the fault; `None` when it does not even load, which everybody would notice.
    pub fn deployment(&self, files: &BTreeMap<String, String>) -> Option<Deployment> {
        let mut files = files.clone();
        if let Fault::Text(text) = &self.fault {
            files.insert(self.file.clone(), text.clone());
        }
        let mut deployment = Deployment::load(files).deployment?;
        if let Fault::Row { table, row } = &self.fault {
            deployment.tables.get_mut(table)?.rows.remove(*row);
        }
        Some(deployment)
    }
}

fn of_rules(file: &str, text: &str) -> Vec<Mutant> {
    let mut found = Vec::new();
    let mut line = 1;
    let (mut quote, mut comment) = (None, false);
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c == '\n' {
            line += 1;
            comment = false;
        }
        let code = quote.is_none() && !comment;
        if code && text[at..].starts_with("//") {
            comment = true;
        } else if !comment && matches!(c, '"' | '`') && quote.is_none_or(|open| open == c) {
            quote = if quote.is_some() { None } else { Some(c) };
        } else if quote.is_some() && c == '\\' {
            at += c.len_utf8();
            at += text[at..].chars().next().map_or(0, char::len_utf8);
            continue;
        } else if code && let Some((sign, other)) = SIGNS.iter().find(|(sign, _)| stands(text, at, sign)) {
            if sign != other {
                let (before, after) = (&text[..at], &text[at + sign.len()..]);
                let what = if other.is_empty() {
                    format!("{sign} is dropped")
                } else {
                    format!("{sign} becomes {other}")
                };
                let fault = Fault::Text(format!("{before}{other}{after}"));
                found.push(Mutant { file: file.to_owned(), line, what, fault });
            }
            at += sign.len();
            continue;
        }
        at += c.len_utf8();
    }
    found
}

/// Whether a sign stands here; a word only as a whole.
fn stands(text: &str, at: usize, sign: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let before = text[..at].chars().next_back();
    let after = text[at..].strip_prefix(sign).map(|rest| rest.chars().next());
    match after {
        None => false,
        Some(after) if sign.starts_with(char::is_alphabetic) => {
            !before.is_some_and(word) && !after.is_some_and(word)
        }
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_flipped_in_code_and_nowhere_else() {
        let text = "// a == b\nfn a(f) {\n    if !f.x && f.y <= 3 { return `a > ${f.z}`; }\n    \"\\\"<\" != f.truely\n}\n";
        let found: Vec<(u32, String)> = of_rules("r", text).into_iter().map(|m| (m.line, m.what)).collect();
        let expected = [(3, "! is dropped"), (3, "&& becomes ||"), (3, "<= becomes >"), (4, "!= becomes ==")];
        assert_eq!(found, expected.map(|(line, what)| (line, what.to_owned())));
    }
}
