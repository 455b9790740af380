//! A page for every code: what it means, an example that has the fault, and where in it the fault is found.
//!
//! The pages are Markdown. A fenced block names the file it stands for and, where the fault is, line and column; the tests
//! load each example and look for its code there.

/// The pages, in files by the first part of the codes.
const PAGES: &[&str] = &[
    include_str!("pages/yaml.md"),
    include_str!("pages/flow.md"),
    include_str!("pages/centre.md"),
    include_str!("pages/table.md"),
    include_str!("pages/deployment.md"),
    include_str!("pages/message.md"),
];

/// The page of a code, in Markdown; `None` for a code that does not exist.
pub fn page(code: &str) -> Option<&'static str> {
    PAGES.iter().flat_map(|file| split(file)).find(|(title, _)| *title == code).map(|(_, page)| page)
}

/// Title and text of every page of a file. A `#` inside an example begins no page: titles are codes.
fn split(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let starts: Vec<usize> = std::iter::once(0)
        .chain(file.match_indices("\n# ").map(|(at, _)| at + 1))
        .filter(|at| file[*at..].lines().next().is_some_and(|line| line.contains("::")))
        .collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([file.len()]).collect();
    starts.into_iter().zip(ends).map(move |(from, to)| {
        let page = file[from..to].trim_end();
        (page.lines().next().unwrap_or_default().trim_start_matches("# "), page)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::deployment::{Deployment, FILES_MAX};
    use crate::diagnostic::{Findings, codes};
    use crate::review::{Kind, review};
    use crate::simulate::Scenario;

    /// What the examples stand in.
    const BASE: &[(&str, &str)] = &[
        (
            "flows/centre.yaml",
            "centre: Test\nmedia: { CHAT: { max_tasks: 5 } }\ncustomers: { attributes: { web: {} } }\n\
             channel_types: { WEB: { media: CHAT, identifier: web } }\nqueues: { general: { media: CHAT } }\n\
             lists: { callbacks: {} }\nbots: { helper: { kind: SCRIPT, flow: helper } }\nagents: { amal: {} }\n",
        ),
        ("flows/helper.yaml", "flow: helper\nkind: bot\nstart: a\nnodes: { a: { say: Hello } }\n"),
        ("rules/queues.rhai", "fn choose(facts) { #{ queue: \"general\" } }\nfn pair(a, b) { a + b }\n"),
    ];

    /// The file of an example that is a scenario.
    const SCENARIO: &str = "tests/scenarios/a.yaml";

    /// Examples nobody wants to read: made here.
    fn made(code: &str) -> Option<(&'static str, Vec<u8>)> {
        let flow = |nodes: String| format!("flow: a\nstart: n0\nnodes:\n{nodes}").into_bytes();
        let next = |i: usize, n: usize| if i + 1 < n { format!("n{}", i + 1) } else { "done".to_owned() };
        let many = |n: usize, say: &str| {
            flow((0..n).map(|i| format!("  n{i}: {{ say: {say}, then: {} }}\n", next(i, n))).collect())
        };
        let text = match code {
            codes::NOT_UTF8 => b"flow: caf\xe9\n".to_vec(),
            codes::TOO_LARGE => vec![b'#'; 11 << 20],
            codes::CONTROL_CHARACTER => b"flow: a\0b\n".to_vec(),
            codes::TOO_DEEP => format!("flow: {}", "[".repeat(1_000)).into_bytes(),
            codes::TOO_MANY_NODES => format!("flow: [{}]", "1,".repeat(250_000)).into_bytes(),
            codes::MESSAGE_TOO_LARGE => {
                return Some((MESSAGE, vec![b'1'; crate::model::MESSAGE_BYTES_MAX + 1]));
            }
            codes::MESSAGE_TOO_DEEP => {
                return Some((MESSAGE, format!("{{\"a\":{}", "[".repeat(1_000)).into_bytes()));
            }
            codes::TOO_MANY_EXPRESSIONS => many(3_400, "\"{{now}}{{now}}{{now}}\""),
            _ => return None,
        };
        Some(("flows/a.yaml", text))
    }

    /// The file of examples about messages.
    const MESSAGE: &str = "message.json";

    fn findings(mut files: BTreeMap<String, Vec<u8>>) -> Findings {
        if let Some(message) = files.get(MESSAGE) {
            let mut findings = Findings::new();
            review(Kind::Message, MESSAGE, message, &mut findings);
            return findings;
        }
        let scenario = files.remove(SCENARIO);
        let is_test = |path: &str| path.ends_with(crate::testing::TESTS);
        let tests = files.iter().filter(|(path, _)| is_test(path));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let tests = tests.map(|(path, bytes)| (path.clone(), text(bytes))).collect();
        let mut loaded = Deployment::load_bytes(files);
        if let Some((text, deployment)) = scenario.zip(loaded.deployment.as_ref()) {
            let text = String::from_utf8(text).unwrap();
            let scenario = Scenario::read(SCENARIO, &text, &mut loaded.findings).unwrap();
            scenario.check(deployment, &mut loaded.findings);
        }
        if let Some(deployment) = &loaded.deployment {
            crate::testing::run(deployment, &tests, &|_| false, &mut loaded.findings);
        }
        loaded.findings
    }

    /// File, line and column.
    type At = (String, u32, u32);

    /// Files of the examples of a page, and where the fault is.
    fn examples(page: &str) -> (BTreeMap<String, String>, Option<At>) {
        let (mut files, mut at) = (BTreeMap::new(), None);
        for block in page.split("\n```").skip(1).step_by(2) {
            let (head, text) = block.split_once('\n').unwrap();
            let mut words = head.split(' ').skip(1);
            let file = words.next().unwrap().to_owned();
            if let Some((line, column)) = words.next().and_then(|place| place.split_once(':')) {
                at = Some((file.clone(), line.parse().unwrap(), column.parse().unwrap()));
            }
            files.insert(file, format!("{text}\n"));
        }
        (files, at)
    }

    #[test]
    fn every_code_has_a_page_whose_example_has_the_fault_at_its_place() {
        let titles: BTreeSet<&str> =
            PAGES.iter().flat_map(|file| split(file)).map(|(title, _)| title).collect();
        assert_eq!(titles, codes::ALL.iter().map(|(code, _)| *code).collect(), "pages and codes differ");
        for (code, _) in codes::ALL {
            let (files, at) = examples(page(code).unwrap());
            let mut all: BTreeMap<String, Vec<u8>> =
                BASE.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
            all.extend(files.into_iter().map(|(path, text)| (path, text.into_bytes())));
            match *code {
                codes::NO_CENTRE => drop(all.remove("flows/centre.yaml")),
                codes::TOO_MANY_FILES => {
                    all.extend((0..=FILES_MAX).map(|i| (format!("rules/r{i}.rhai"), Vec::new())));
                }
                codes::TABLE_SIZE => {
                    let rows = "  - { if: { n: 1 }, then: { a: 1 } }\n".repeat(crate::table::ROWS_MAX + 1);
                    let head = "table: T\ninputs: { n: { from: now, type: whole } }\noutputs: [a]\nhit: collect\nrows:\n";
                    all.extend([("rules/t.table.yaml".to_owned(), format!("{head}{rows}").into_bytes())]);
                }
                code => all.extend(made(code).map(|(path, text)| (path.to_owned(), text))),
            }
            let begun = std::time::Instant::now();
            let findings = findings(all);
            let found: Vec<_> = findings
                .iter()
                .filter(|f| f.code == *code)
                .map(|f| (f.place.file.to_string(), f.place.line, f.place.column))
                .collect();
            assert!(!found.is_empty(), "{code} is not found, but {findings:?}");
            if let Some(at) = at {
                assert!(found.contains(&at), "{code} is found at {found:?}, not at {at:?}");
            }
            let others: Vec<_> =
                findings.iter().filter(|f| f.code != *code && at_fault(code, f.code)).collect();
            assert!(others.is_empty(), "{code} brings others with it: {others:?}");
            assert!(begun.elapsed().as_secs() < 10, "{code} took {:?}", begun.elapsed());
        }
    }

    #[test]
    fn all_examples_together_are_found_in_one_pass() {
        let mut all: BTreeMap<String, Vec<u8>> =
            BASE.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        let mut expected = Vec::new();
        // Flows that stand alone: their events are taken once only, and others need a centre of their own.
        for (code, _) in codes::ALL {
            let (files, at) = examples(page(code).unwrap());
            let (Some(text), 1, Some((_, line, column))) = (files.get("flows/a.yaml"), files.len(), at)
            else {
                continue;
            };
            // A flow with errors might set any reminder.
            if text.contains("\non:") || matches!(*code, codes::CALL_CYCLE | codes::UNKNOWN_REMINDER) {
                continue;
            }
            let name = format!("x{}", expected.len());
            let file = format!("flows/{name}.yaml");
            all.insert(file.clone(), text.replacen("flow: a\n", &format!("flow: {name}\n"), 1).into_bytes());
            expected.push((*code, file, line, column));
        }
        assert!(expected.len() > 40, "{} examples", expected.len());
        let findings = Deployment::load_bytes(all).findings;
        for (code, file, line, column) in expected {
            let found = findings.iter().any(|f| {
                f.code == code && *f.place.file == *file && (f.place.line, f.place.column) == (line, column)
            });
            assert!(found, "{code} at {file}:{line}:{column}");
        }
    }

    /// Whether another finding beside this one is one too many.
    fn at_fault(code: &str, other: &str) -> bool {
        let along: &[(&str, &str)] = &[
            // A key that is no name is no name of a node either.
            (codes::COMPLEX_KEY, codes::BAD_NAME),
            (codes::COMPLEX_KEY, codes::UNKNOWN_NODE),
            (codes::MERGE_KEY, codes::NO_VERB),
            (codes::NO_CENTRE, codes::IGNORED_FILE),
            (codes::TABLE_SIZE, codes::TABLE_SHADOWED),
        ];
        !along.contains(&(code, other))
    }
}
