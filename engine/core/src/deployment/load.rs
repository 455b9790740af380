//! Loads a deployment from its files. All problems of all files are found in one run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petgraph::graph::NodeIndex;

use super::ignored::warn_of_ignored;
use super::{CENTRE_FILE, Deployment, Loaded};
use crate::centre::{self, Centre};
use crate::check;
use crate::diagnostic::{Finding, Findings, Place, codes};
use crate::flow::{self, Call, Compiled, Flow, FlowKind, Handler, Header, Scope};
use crate::model::EventName;
use crate::rules::{Host, RuleError, RuleFile, cure_of_slip};
use crate::table::{self, Table};
use crate::yaml::{self, Node, canonical};

/// Most files of a deployment.
pub const FILES_MAX: usize = 1000;

/// How the file of a decision table ends.
const TABLE: &str = ".table.yaml";

/// Rule files by stem; `None` for one with errors, which counts as being there.
type RuleFiles = BTreeMap<String, Option<RuleFile>>;
/// Decision tables by name, in the same way.
type Tables = BTreeMap<String, Option<Table>>;

/// A flow file that has a heading.
struct FlowFile {
    header: Header,
    tree: Node,
}

impl Deployment {
    /// Loads a deployment from the texts of its files, by path relative to the deployment with `/` between folders.
    /// Takes `flows/*.yaml` and `flows/*.prompt.md`, `rules/*.rhai` without `*_test.rhai`, `rules/*.table.yaml` and their
    /// `rules/*.csv`; other files are left alone. A deployment
    /// without controller flows is good: its engine keeps records and does nothing.
    pub fn load(files: BTreeMap<String, String>) -> Loaded {
        Self::load_with(files, Arc::new(Host::new()))
    }

    /// Like [`Deployment::load`], with a host of one's own.
    pub fn load_with(mut files: BTreeMap<String, String>, host: Arc<Host>) -> Loaded {
        let mut findings = Findings::new();
        warn_of_ignored(&files, &mut findings);
        files.retain(|path, _| is_part(path));
        files.values_mut().for_each(yaml::without_mark);
        if files.len() > FILES_MAX {
            let message = format!("the deployment has {} files, the limit is {FILES_MAX}", files.len());
            findings.push(Finding::error(codes::TOO_MANY_FILES, &Place::start_of(CENTRE_FILE), message));
            return Loaded { deployment: None, findings };
        }
        let rules = compile_rules(&files, &host, &mut findings);
        let (table_trees, tables) = read_tables(&files, &host, &mut findings);
        let centre_tree = read_centre(&files, &mut findings);
        let flow_files = read_flows(&files, &mut findings);
        let headers: BTreeMap<String, Header> =
            flow_files.iter().map(|(name, file)| (name.clone(), file.header.clone())).collect();
        let prompts = prompts(&files);
        let beside = centre::Beside { flows: &headers, prompts: &prompts };
        let errors = findings.errors();
        let centre = centre_tree.as_ref().map(|tree| centre::parse(tree, &beside, &mut findings));
        let sure = findings.errors() == errors;
        let scope =
            Scope { centre: centre.as_ref(), flows: &headers, rules: &rules, tables: &tables, host: &host };
        let mut all = Flows::default();
        for (name, file) in &flow_files {
            let compiled = flow::compile(&file.tree, &file.header, &scope, &mut findings);
            all.take(name, compiled, &mut findings);
        }
        flow::call_cycles(&all.calls, &mut findings);
        let complete = files.keys().filter(|path| is_flow(path)).count() == flow_files.len() + 1;
        if let Some(centre) = &centre {
            all.check((centre, sure), complete, (&rules, &tables), &host, &mut findings);
        }
        let Flows { flows, handlers, .. } = all;
        let ready = if findings.errors() == 0 { centre.zip(centre_tree) } else { None };
        let deployment = ready.map(|(centre, tree)| {
            let rules: BTreeMap<String, RuleFile> =
                rules.into_iter().filter_map(|(stem, file)| Some((stem, file?))).collect();
            let tables: BTreeMap<String, Table> =
                tables.into_iter().filter_map(|(name, table)| Some((name, table?))).collect();
            let id = address(&tree, &flows, &table_trees, &files);
            assemble(id, files, centre, flows, (rules, tables), handlers, host)
        });
        Loaded { deployment, findings }
    }

    /// Like [`Deployment::load`], from the bytes of the files: those that are not UTF-8 or too large are found.
    pub fn load_bytes(files: BTreeMap<String, Vec<u8>>) -> Loaded {
        let mut unreadable = Findings::new();
        let mut texts = BTreeMap::new();
        for (path, bytes) in files {
            let read = is_part(&path);
            let text = if read { yaml::text_of(&path, &bytes, &mut unreadable) } else { None };
            // An unreadable file stays, empty, so that nothing is said about its absence.
            texts.insert(path, text.unwrap_or_default());
        }
        let mut loaded = Self::load(texts);
        if unreadable.errors() > 0 {
            loaded.deployment = None;
        }
        let known: BTreeSet<Arc<str>> = unreadable.iter().map(|f| f.place.file.clone()).collect();
        for finding in loaded.findings.iter().filter(|f| !known.contains(&f.place.file)) {
            unreadable.push(finding.clone());
        }
        Loaded { findings: unreadable, ..loaded }
    }
}

fn assemble(
    id: String,
    files: BTreeMap<String, String>,
    centre: Centre,
    flows: BTreeMap<String, Flow>,
    (rules, tables): (BTreeMap<String, RuleFile>, BTreeMap<String, Table>),
    handlers: Handlers,
    host: Arc<Host>,
) -> Deployment {
    let handlers =
        handlers.taken.into_iter().map(|(event, taken)| (event, (taken.flow, taken.node))).collect();
    Deployment {
        id,
        files,
        centre,
        flows,
        rules,
        tables,
        handlers,
        host,
        recorder: None,
        plan: std::sync::OnceLock::new(),
    }
}

/// The address of the meaning: centre and flows without their layout, rules as they are written.
fn address(
    centre: &Node,
    flows: &BTreeMap<String, Flow>,
    tables: &[(String, Node)],
    files: &BTreeMap<String, String>,
) -> String {
    let centre = canonical(centre);
    let mut texts: Vec<&str> = vec!["centre", &centre];
    for flow in flows.values() {
        texts.extend(["flow", &flow.name, &flow.version]);
    }
    for (path, source) in files {
        if let Some(stem) = rule_stem(path) {
            texts.extend(["rules", stem, source]);
        } else if is_csv(path) {
            texts.extend(["csv", path, source]);
        } else if prompt_name(path).is_some() {
            texts.extend(["prompt", path, source]);
        }
    }
    let tables: Vec<(&String, String)> = tables.iter().map(|(name, tree)| (name, canonical(tree))).collect();
    for (name, tree) in &tables {
        texts.extend(["table", name, tree]);
    }
    flow::address(&texts)
}

/// Handlers of all controller flows.
#[derive(Default)]
struct Handlers {
    taken: BTreeMap<EventName, Taken>,
}

/// Who handles an event.
struct Taken {
    flow: String,
    node: NodeIndex,
    place: Place,
}

impl Handlers {
    /// Each event is handled by one controller flow: with two it would depend on their order what happens.
    fn add(&mut self, flow: &str, handler: Handler, findings: &mut Findings) {
        let Handler { event, node, place } = handler;
        if let Some(first) = self.taken.get(&event) {
            let message = format!("{} is handled by flow `{}` already", event.as_str(), first.flow);
            let finding = Finding::error(codes::DUPLICATE_HANDLER, &place, message)
                .because("an event enters one controller flow only")
                .cure("let one flow handle it, and `call` the other from there");
            findings.push(finding.also(&first.place, "first here"));
            return;
        }
        self.taken.insert(event, Taken { flow: flow.to_owned(), node, place });
    }
}

/// All flows, and what is known of them beside their graphs.
#[derive(Default)]
struct Flows {
    flows: BTreeMap<String, Flow>,
    calls: BTreeMap<String, Vec<Call>>,
    handlers: Handlers,
    broken: BTreeSet<String>,
    slots: BTreeSet<String>,
}

impl Flows {
    fn take(&mut self, name: &str, compiled: Compiled, findings: &mut Findings) {
        // Each bot flow hears events of its own; only controller flows share them.
        if compiled.flow.kind == FlowKind::Controller {
            for handler in compiled.handlers {
                self.handlers.add(name, handler, findings);
            }
        }
        if compiled.broken {
            self.broken.insert(name.to_owned());
        }
        self.slots.extend(compiled.slots);
        self.calls.insert(name.to_owned(), compiled.calls);
        self.flows.insert(name.to_owned(), compiled.flow);
    }

    /// Checks the flows and rules against each other and the centre.
    fn check(
        &self,
        (centre, sure): (&Centre, bool),
        complete: bool,
        (rules, tables): (&RuleFiles, &Tables),
        host: &Arc<Host>,
        findings: &mut Findings,
    ) {
        let entries: Vec<check::Entry<'_>> = self
            .handlers
            .taken
            .iter()
            .map(|(event, taken)| check::Entry {
                event,
                flow: &taken.flow,
                node: taken.node,
                place: &taken.place,
            })
            .collect();
        let parts = check::Parts {
            centre,
            sure,
            flows: &self.flows,
            broken: &self.broken,
            filled: &self.slots,
            complete,
            rules,
            tables,
            entries: &entries,
            host,
        };
        check::check(&parts, findings);
    }
}

fn read_centre(files: &BTreeMap<String, String>, findings: &mut Findings) -> Option<Node> {
    let Some(text) = files.get(CENTRE_FILE) else {
        let finding =
            Finding::error(codes::NO_CENTRE, &Place::start_of(CENTRE_FILE), "there is no such file");
        findings.push(finding.cure("add it; `centre: Name` is enough to begin with"));
        return None;
    };
    yaml::read(CENTRE_FILE, text, findings)
}

/// Reads every flow file and its heading.
fn read_flows(files: &BTreeMap<String, String>, findings: &mut Findings) -> BTreeMap<String, FlowFile> {
    let mut flows: BTreeMap<String, FlowFile> = BTreeMap::new();
    for (path, text) in files.iter().filter(|(path, _)| is_flow(path) && path.as_str() != CENTRE_FILE) {
        let Some(tree) = yaml::read(path, text, findings) else { continue };
        let Some(header) = Header::read(&tree, findings) else { continue };
        if let Some(first) = flows.get(&header.name) {
            let message = format!("two files define the flow `{}`", header.name);
            let finding = Finding::error(codes::DUPLICATE_FLOW, &header.place, message);
            findings
                .push(finding.also(&first.header.place, "first here").cure("give one of them another name"));
            continue;
        }
        flows.insert(header.name.clone(), FlowFile { header, tree });
    }
    flows
}

/// Compiles every rule file; one with errors is kept as `None`, so that it counts as being there.
fn compile_rules(files: &BTreeMap<String, String>, host: &Host, findings: &mut Findings) -> RuleFiles {
    let mut rules = BTreeMap::new();
    for (path, source) in files {
        let Some(stem) = rule_stem(path) else { continue };
        let compiled =
            host.rules(path, source).map_err(|error| findings.push(rule_finding(path, source, error))).ok();
        rules.insert(stem.to_owned(), compiled);
    }
    rules
}

/// Reads every decision table; one with errors is kept as `None`.
fn read_tables(
    files: &BTreeMap<String, String>,
    host: &Host,
    findings: &mut Findings,
) -> (Vec<(String, Node)>, Tables) {
    let (mut trees, mut tables) = (Vec::new(), BTreeMap::new());
    for (path, text) in files {
        let Some(stem) = table_stem(path) else { continue };
        let errors = findings.errors();
        let tree = yaml::read(path, text, findings);
        let table = tree.as_ref().and_then(|tree| table::read(stem, tree, files, host, findings));
        tables.insert(stem.to_owned(), table.filter(|_| findings.errors() == errors));
        trees.extend(tree.map(|tree| (stem.to_owned(), tree)));
    }
    (trees, tables)
}

fn rule_finding(path: &str, source: &str, error: RuleError) -> Finding {
    let place =
        Place { line: error.line.unwrap_or(1), column: error.column.unwrap_or(1), ..Place::start_of(path) };
    let line = source.lines().nth(place.line.saturating_sub(1) as usize).unwrap_or_default();
    // A `=` alone is right where a variable is set.
    let slip = match error.message.starts_with("Undefined variable") {
        true if cure_of_slip(line).is_some_and(|cure| cure.contains("#{")) => cure_of_slip(line),
        true => Some("functions do not see names outside them; write the value inside, or hand it over"),
        // So is `=>` between the arms of a `switch`.
        false => cure_of_slip(line)
            .filter(|cure| !(cure.contains("==") || cure.contains(">=")) || line.contains("if ")),
    };
    Finding::error(codes::RULE_SYNTAX, &place, "this rule file cannot be compiled")
        .because(error.message)
        .cure_if(slip.map(str::to_owned))
}

fn is_flow(path: &str) -> bool {
    path.strip_prefix("flows/").and_then(|name| name.strip_suffix(".yaml")).is_some_and(is_file_name)
}

/// `queues` for `rules/queues.rhai`; none for tests, which stand beside the rules.
fn rule_stem(path: &str) -> Option<&str> {
    let stem = path.strip_prefix("rules/")?.strip_suffix(".rhai")?;
    (is_file_name(stem) && !stem.ends_with("_test")).then_some(stem)
}

/// `leaving` for `rules/leaving.table.yaml`.
fn table_stem(path: &str) -> Option<&str> {
    path.strip_prefix("rules/")?.strip_suffix(TABLE).filter(|stem| is_file_name(stem))
}

/// Rows of tables.
fn is_csv(path: &str) -> bool {
    path.strip_prefix("rules/").and_then(|name| name.strip_suffix(".csv")).is_some_and(is_file_name)
}

/// `adviser.prompt.md` for `flows/adviser.prompt.md`: what a language model is told first.
fn prompt_name(path: &str) -> Option<&str> {
    path.strip_prefix("flows/").filter(|name| name.ends_with(".prompt.md") && is_file_name(name))
}

fn prompts(files: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
    files.iter().filter_map(|(path, text)| Some((prompt_name(path)?, text.as_str()))).collect()
}

/// Whether a file belongs to what a deployment is made of.
pub(super) fn is_part(path: &str) -> bool {
    is_flow(path)
        || rule_stem(path).is_some()
        || table_stem(path).is_some()
        || is_csv(path)
        || prompt_name(path).is_some()
}

/// Files of sub-folders are not read, nor hidden ones.
pub(super) fn is_file_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('/') && !name.starts_with('.')
}
