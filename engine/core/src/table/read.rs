//! Reads `rules/*.table.yaml`.

use std::collections::BTreeMap;

use super::cell::{Cell, Test, Value, is_any};
use super::{Hit, INPUTS_MAX, Input, Kind, Output, Piece, ROWS_MAX, Row, Table, check, csv};
use crate::diagnostic::{Finding, Findings, Place, codes, did_you_mean};
use crate::flow::Expr;
use crate::rules::Host;
use crate::yaml::{self, Entry, Fields, Node, wrong_type};

/// The columns of a table.
pub(super) struct Columns<'t> {
    pub(super) inputs: &'t [Input],
    pub(super) outputs: &'t [String],
}

/// Reads a table. `files` are those of the deployment: the rows may stand in a CSV file beside it. With findings the table
/// must not be used.
pub(crate) fn read(
    name: &str,
    tree: &Node,
    files: &BTreeMap<String, String>,
    host: &Host,
    findings: &mut Findings,
) -> Option<Table> {
    let errors = findings.errors();
    let mut fields = Fields::of(tree, &tree.place, "the table", findings)?;
    fields.required("table", findings);
    let title = fields.text("table", findings).unwrap_or_default();
    fields.required("inputs", findings);
    let inputs: Vec<Input> =
        fields.names("inputs", findings).iter().filter_map(|entry| input(entry, host, findings)).collect();
    fields.required("outputs", findings);
    let outputs: Vec<(String, Place)> = fields.texts("outputs", findings);
    for (output, place) in &outputs {
        yaml::name(output, place, "output", false, findings);
    }
    let outputs: Vec<String> = outputs.into_iter().map(|(name, _)| name).collect();
    if inputs.len() > INPUTS_MAX {
        let message = format!("a table has at most {INPUTS_MAX} inputs");
        findings
            .push(Finding::error(codes::TABLE_SIZE, &tree.place, message).cure("split the decision in two"));
        return None;
    }
    let hit = match fields
        .get("hit")
        .and_then(|n| yaml::one_of(n, "hit", &["first", "unique", "collect"], findings))
    {
        Some("unique") => Hit::Unique,
        Some("collect") => Hit::Collect,
        _ => Hit::First,
    };
    let columns = Columns { inputs: &inputs, outputs: &outputs };
    let rows = rows(&mut fields, files, &columns, findings);
    let otherwise = fields.entry("otherwise").map(|entry| {
        let then = then(&entry.value, &entry.key.place, &columns, findings);
        Row { place: entry.key.place.clone(), cells: Vec::new(), then }
    });
    fields.finish(findings);
    let file = tree.place.file.to_string();
    let table = Table { name: name.to_owned(), title, file, inputs, outputs, hit, rows, otherwise };
    // A cell that could not be read counts as one that takes everything; what follows from it would not be true.
    if findings.errors() == errors {
        check::check(&table, &tree.place, findings);
    }
    Some(table)
}

fn input(entry: &Entry, host: &Host, findings: &mut Findings) -> Option<Input> {
    let (name, place) = (&entry.key.text, &entry.key.place);
    yaml::name(name, place, "input", false, findings);
    let mut fields = Fields::of(&entry.value, place, format!("input `{name}`"), findings)?;
    let kind = match fields
        .required("type", findings)
        .and_then(|node| yaml::one_of(node, "type", &["text", "number", "whole", "truth"], findings))
    {
        Some("number") => Kind::Number,
        Some("whole") => Kind::Whole,
        Some("truth") => Kind::Truth,
        _ => Kind::Text,
    };
    let values = fields.texts("values", findings);
    if kind != Kind::Text
        && let Some((_, place)) = values.first()
    {
        let message = format!("only texts have `values`; {name} is a {}", kind.word());
        findings.push(Finding::error(codes::UNKNOWN_KEY, place, message));
    }
    let from = fields.required("from", findings).and_then(|node| expression(node, host, findings));
    fields.finish(findings);
    Some(Input {
        name: name.clone(),
        from: from?,
        kind,
        values: values.into_iter().map(|(text, _)| text).collect(),
    })
}

fn expression(node: &Node, host: &Host, findings: &mut Findings) -> Option<Expr> {
    let Some((scalar, text)) = node.scalar().zip(node.text()) else {
        findings.push(wrong_type(node, "from", "an expression, such as `event.reason`"));
        return None;
    };
    Expr::compile(host, scalar, 0, text, node.place.clone(), findings)
}

fn rows(
    fields: &mut Fields<'_>,
    files: &BTreeMap<String, String>,
    columns: &Columns<'_>,
    findings: &mut Findings,
) -> Vec<Row> {
    let Some(node) = fields.required("rows", findings) else { return Vec::new() };
    let mut rows: Vec<Row> = match node.text() {
        Some(file) => match files.get(&format!("rules/{file}")) {
            Some(text) if file.ends_with(".csv") => {
                csv::rows(&format!("rules/{file}"), text, columns, findings)
            }
            _ => {
                let message = format!("there is no file `rules/{}`", yaml::shortened(file));
                let known = files
                    .keys()
                    .filter_map(|path| path.strip_prefix("rules/"))
                    .filter(|f| f.ends_with(".csv"));
                let near = did_you_mean(file, known);
                findings.push(Finding::error(codes::TABLE_CSV, &node.place, message).cure_if(near));
                Vec::new()
            }
        },
        None => yaml::items(node, "rows", findings)
            .iter()
            .filter_map(|item| row(item, columns, findings))
            .collect(),
    };
    if let Some(extra) = rows.get(ROWS_MAX) {
        let message = format!("a table has at most {ROWS_MAX} rows");
        findings.push(Finding::error(codes::TABLE_SIZE, &extra.place, message).cure("split it in two"));
        rows.truncate(ROWS_MAX);
    }
    rows
}

fn row(node: &Node, columns: &Columns<'_>, findings: &mut Findings) -> Option<Row> {
    let place = node.entries().first().map_or(&node.place, |entry| &entry.key.place);
    let mut fields = Fields::of(node, place, "a row", findings)?;
    fields.slip("when", "if");
    let conditions = fields.names("if", findings);
    for entry in conditions.iter().filter(|e| columns.inputs.iter().all(|input| input.name != e.key.text)) {
        let message = format!("`{}` is no input of this table", yaml::shortened(&entry.key.text));
        let near = did_you_mean(&entry.key.text, columns.inputs.iter().map(|input| input.name.as_str()));
        findings.push(Finding::error(codes::TABLE_COLUMN, &entry.key.place, message).cure_if(near));
    }
    let cells = columns
        .inputs
        .iter()
        .map(|input| match conditions.iter().find(|entry| entry.key.text == input.name) {
            Some(entry) => cell(input, &entry.value, columns, findings),
            None => Cell::Any,
        })
        .collect();
    let then = match fields.required("then", findings) {
        Some(node) => then(node, place, columns, findings),
        None => Vec::new(),
    };
    fields.finish(findings);
    Some(Row { place: place.clone(), cells, then })
}

fn cell(input: &Input, node: &Node, columns: &Columns<'_>, findings: &mut Findings) -> Cell {
    if is_any(node) {
        return Cell::Any;
    }
    if let [entry] = node.entries()
        && entry.key.text == "not"
    {
        return Cell::NoneOf(tests(input, &entry.value, columns, findings));
    }
    Cell::OneOf(tests(input, node, columns, findings))
}

fn tests(input: &Input, node: &Node, columns: &Columns<'_>, findings: &mut Findings) -> Vec<Test> {
    let nodes = match &node.kind {
        yaml::Kind::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut tests = Vec::new();
    for node in nodes {
        let read = match node.scalar() {
            Some(scalar) => Test::of_scalar(input.kind, scalar),
            None => Err("a value is expected, a list of values, `not:` with values, or `any`".to_owned()),
        };
        match read {
            Ok(test) => {
                columns.allowed(input, std::slice::from_ref(&test), &node.place, findings);
                tests.push(test);
            }
            Err(expected) => {
                let message = format!("this cell of input {} cannot be read", input.name);
                findings.push(Finding::error(codes::TABLE_CELL, &node.place, message).because(expected));
            }
        }
    }
    tests
}

/// What a row says. Every output must be said, and nothing else.
fn then(node: &Node, place: &Place, columns: &Columns<'_>, findings: &mut Findings) -> Vec<(String, Output)> {
    let entries = yaml::entries(node, "then", findings);
    for entry in entries.iter().filter(|entry| !columns.outputs.contains(&entry.key.text)) {
        let message = format!("`{}` is no output of this table", yaml::shortened(&entry.key.text));
        let near = did_you_mean(&entry.key.text, columns.outputs.iter().map(String::as_str));
        findings.push(Finding::error(codes::TABLE_COLUMN, &entry.key.place, message).cure_if(near));
    }
    let mut then = Vec::new();
    for name in columns.outputs {
        match entries.iter().find(|entry| entry.key.text == *name) {
            Some(entry) => then.push((name.clone(), output(&entry.value, columns, findings))),
            None => {
                let message = format!("this row does not say `{name}`");
                findings.push(
                    Finding::error(codes::TABLE_OUTPUT, place, message)
                        .because("every row says every output, so that who reads it finds it there"),
                );
            }
        }
    }
    then
}

fn output(node: &Node, columns: &Columns<'_>, findings: &mut Findings) -> Output {
    match node.to_json() {
        crate::model::Json::String(text) => output_text(&text, &node.place, columns, findings),
        value => Output::Value(value),
    }
}

/// A text of an output; `{{input}}` is filled in.
pub(super) fn output_text(
    text: &str,
    place: &Place,
    columns: &Columns<'_>,
    findings: &mut Findings,
) -> Output {
    if text.starts_with('=') {
        let message = format!("`{}` is said as it stands", yaml::shortened(text));
        let finding =
            Finding::warning(codes::UNMARKED_EXPRESSION, place, message).because("a table computes nothing");
        findings.push(finding.cure("let a rule compute it, or leave the `=` out"));
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("{{") {
        let Some((name, after)) = inside.split_once("}}") else {
            let finding = Finding::error(codes::OPEN_TEMPLATE, place, "`{{` has no `}}`");
            findings.push(finding.cure("close it with `}}`"));
            break;
        };
        let name = name.trim();
        match columns.inputs.iter().position(|input| input.name == name) {
            Some(at) => {
                pieces.extend((!before.is_empty()).then(|| Piece::Said(before.to_owned())));
                pieces.push(Piece::Input(at));
            }
            None => {
                let message = format!("`{}` is no input of this table", yaml::shortened(name));
                let near = did_you_mean(name, columns.inputs.iter().map(|input| input.name.as_str()));
                let finding = Finding::error(codes::TABLE_COLUMN, place, message).cure_if(near);
                findings.push(finding.because("a text of a table can show its inputs, and nothing else"));
            }
        }
        rest = after;
    }
    if pieces.is_empty() {
        return Output::Value(text.into());
    }
    pieces.extend((!rest.is_empty()).then(|| Piece::Said(rest.to_owned())));
    Output::Text(pieces)
}

impl Columns<'_> {
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().map(|input| input.name.as_str()).chain(self.outputs.iter().map(String::as_str))
    }

    pub(super) fn knows(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// Finds values an input never has, where the table says which it has.
    pub(super) fn allowed(&self, input: &Input, tests: &[Test], place: &Place, findings: &mut Findings) {
        for test in tests {
            let Test::Is(Value::Text(word)) = test else { continue };
            if input.values.is_empty() || input.values.contains(word) {
                continue;
            }
            let message = format!("input {} is never {word:?}", input.name);
            let near = did_you_mean(word, input.values.iter().map(String::as_str));
            let cause = format!("its values are {}", input.values.join(", "));
            findings.push(Finding::error(codes::TABLE_CELL, place, message).because(cause).cure_if(near));
        }
    }
}
