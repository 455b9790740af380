//! `convene graph`: a flow as a picture.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use convene_core::coverage::Recorder;
use convene_core::graph::{Picture, dot, mermaid};
use layout::backends::svg::SVGWriter;
use layout::gv::{DotParser, GraphBuilder};

use crate::args::{Drawing, GraphArgs};
use crate::{exit, test};

/// Draws the flow that is named.
pub(crate) fn graph(args: &GraphArgs) -> ExitCode {
    let recorder = args.coverage.then(|| Arc::new(Recorder::new()));
    let deployment = match test::walked(&args.dir, recorder.as_ref()) {
        Ok(Ok(deployment)) => deployment,
        Ok(Err(findings)) => {
            eprintln!("{findings}");
            return exit::findings();
        }
        Err(problem) => return exit::environment(&problem),
    };
    let stem = Path::new(&args.flow).file_stem().and_then(|s| s.to_str()).unwrap_or(&args.flow);
    let by_file = || deployment.flows.values().find(|flow| flow.file == args.flow);
    let Some(flow) = deployment.flow(&args.flow).or_else(by_file).or_else(|| deployment.flow(stem)) else {
        let known: Vec<&str> = deployment.flows.keys().map(String::as_str).collect();
        let problem = format!("no flow is called {:?}; there are: {}", args.flow, known.join(", "));
        return exit::environment(&problem);
    };
    let picture = Picture::of(flow, recorder.as_deref());
    match args.format {
        Drawing::Mermaid => print!("{}", mermaid(&picture)),
        Drawing::Dot => print!("{}", dot(&picture)),
        Drawing::Svg => match svg(&dot(&picture)) {
            Ok(drawn) => print!("{drawn}"),
            Err(problem) => return exit::environment(&problem),
        },
    }
    exit::success()
}

/// Lays a DOT graph out and draws it.
fn svg(dot: &str) -> Result<String, String> {
    let graph =
        DotParser::new(dot).process().map_err(|problem| format!("the graph cannot be drawn: {problem}"))?;
    let drawn = catch_unwind(AssertUnwindSafe(|| {
        let mut builder = GraphBuilder::new();
        builder.visit_graph(&graph);
        let mut picture = builder.get();
        let mut writer = SVGWriter::new();
        picture.do_it(false, false, false, &mut writer);
        writer.finalize()
    }));
    drawn
        .map_err(|_| "the graph is too tangled to be laid out; `--format dot` works with Graphviz".to_owned())
}
