//! What these tests share: the files of the repository, and a small deployment to try things in.

use std::fs;
use std::path::{Path, PathBuf};

use convene_core::deployment::Deployment;
use convene_core::diagnostic::Findings;
use convene_core::model::Json;
use convene_core::simulate::Scenario;
use convene_core::yaml;

/// Root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Files of a folder by their names, those with this ending.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let read = fs::read_dir(root().join(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
    let mut files: Vec<(String, String)> = read
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(ending))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            (format!("{folder}/{name}"), fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "nothing in {folder}");
    files
}

/// A file as an editor sees it.
pub(crate) fn as_json(file: &str, text: &str) -> Json {
    let mut findings = Findings::new();
    let tree = yaml::read(file, text, &mut findings).unwrap_or_else(|| panic!("{file} cannot be read"));
    assert!(findings.is_empty(), "{file}");
    tree.to_json()
}

const CENTRE: &str = "\
centre: Test
media: { CHAT: { max_tasks: 5 } }
attributes: { billing: {} }
customers: { attributes: { web: {} } }
channel_types: { WEB: { media: CHAT, identifier: web } }
queues: { general: { media: CHAT } }
lists: { callbacks: {} }
bots: { helper: { kind: SCRIPT, flow: helper } }
agents: { amal: {} }
calendars: { office: {} }
";
const HELPER: &str = "flow: helper\nkind: bot\nstart: a\nnodes: { a: { say: Hello } }\n";
const CALLED: &str = "flow: called\nstart: a\nnodes: { a: { say: Hello } }\n";
const RULES: &str = "fn choose(facts) { 1 }\n";

/// What the engine finds in a file of this kind.
pub(crate) fn findings(kind: &str, text: &str) -> Findings {
    if kind == "scenario" {
        let mut findings = Findings::new();
        let _ = Scenario::read("tests/scenarios/t.yaml", text, &mut findings);
        return findings;
    }
    let (centre, flow) = if kind == "centre" { (text, CALLED) } else { (CENTRE, text) };
    let files = [
        ("flows/centre.yaml", centre),
        ("flows/helper.yaml", HELPER),
        ("flows/t.yaml", flow),
        (
            "flows/called.yaml",
            if kind == "centre" { "flow: other\nstart: done\nnodes: {}\n" } else { CALLED },
        ),
        ("rules/queues.rhai", RULES),
    ];
    Deployment::load(files.map(|(path, text)| (path.to_owned(), text.to_owned())).into()).findings
}

/// A flow with a node `a` of this text, and a node `b` that ends.
pub(crate) fn flow(node: &str) -> String {
    format!("flow: t\non: {{ FIND_AGENT: a, REMINDER: b }}\nnodes:\n  a: {node}\n  b: {{ end: {{}} }}\n")
}

/// A centre with this line instead of, or beside, those of [`CENTRE`].
pub(crate) fn centre(line: &str) -> String {
    let key = line.split(':').next().unwrap_or_default();
    let rest = CENTRE.lines().filter(|l| l.split(':').next() != Some(key));
    rest.chain([line]).collect::<Vec<_>>().join("\n") + "\n"
}

/// A scenario with this step.
pub(crate) fn scenario(step: &str) -> String {
    format!("scenario: t\nwhen: [{step}]\n")
}
