//! What was walked, for people, programs and editors.

use std::fmt::Write;
use std::path::Path;

use convene_core::coverage::{FileReport, Place, Report};
use serde_json::{Value, json};

use crate::paint::Paint;

/// Prints the share of every file, and names each line that was not walked.
pub(super) fn text(report: &Report) {
    let paint = Paint::stdout();
    let width = report.files.iter().map(|file| file.file.len()).max().unwrap_or(0);
    for file in &report.files {
        let (nodes, ways) = file.percent();
        println!("{:width$}  {}", file.file, paint.dim(&shares(file, nodes, ways)));
        for place in open(&file.nodes).chain(open(&file.ways)) {
            println!("{}", paint.yellow(&format!("  {}:{} {}", file.file, place.line, place.what)));
        }
    }
    println!(
        "coverage: {} % of nodes, rows and lines, {} % of ways and branches",
        report.nodes_percent(),
        report.ways_percent()
    );
}

fn shares(file: &FileReport, nodes: u64, ways: u64) -> String {
    let told = |places: &[Place], percent: u64| {
        let walked = places.iter().filter(|place| place.count > 0).count();
        format!("{walked} of {} ({percent} %)", places.len())
    };
    let nouns = match file.file.rsplit('.').next() {
        Some("rhai") => ("lines", "branches"),
        Some("csv") => ("rows", "ways"),
        _ if file.file.ends_with(".table.yaml") => ("rows", "ways"),
        _ => ("nodes", "ways"),
    };
    let mut text = format!("{} {}", told(&file.nodes, nodes), nouns.0);
    if !file.ways.is_empty() {
        let _ = write!(text, ", {} {}", told(&file.ways, ways), nouns.1);
    }
    text
}

fn open(places: &[Place]) -> impl Iterator<Item = &Place> {
    places.iter().filter(|place| place.count == 0)
}

/// As JSON.
pub(super) fn document(report: &Report) -> Value {
    let places = |places: &[Place]| -> Vec<Value> {
        places.iter().map(|p| json!({ "line": p.line, "what": p.what, "count": p.count })).collect()
    };
    let files = report.files.iter().map(|file| {
        let (nodes, ways) = file.percent();
        json!({
            "file": file.file, "nodes": places(&file.nodes), "ways": places(&file.ways),
            "nodesPercent": nodes, "waysPercent": ways,
        })
    });
    json!({
        "files": files.collect::<Vec<_>>(),
        "nodesPercent": report.nodes_percent(),
        "waysPercent": report.ways_percent(),
    })
}

/// As LCOV: lines are nodes, rows and lines; branches are ways and branches.
pub(super) fn lcov(root: &Path, report: &Report) -> String {
    let mut out = String::new();
    for file in &report.files {
        let path =
            if root == Path::new(".") { Path::new(&file.file).to_owned() } else { root.join(&file.file) };
        let _ = writeln!(out, "TN:\nSF:{}", path.display());
        for place in &file.nodes {
            let _ = writeln!(out, "DA:{},{}", place.line, place.count);
        }
        for (number, place) in file.ways.iter().enumerate() {
            let _ = writeln!(out, "BRDA:{},0,{number},{}", place.line, place.count);
        }
        let walked = |places: &[Place]| places.iter().filter(|place| place.count > 0).count();
        let _ = writeln!(out, "BRF:{}\nBRH:{}", file.ways.len(), walked(&file.ways));
        let _ = writeln!(out, "LF:{}\nLH:{}\nend_of_record", file.nodes.len(), walked(&file.nodes));
    }
    out
}
