//! DOT, the language of Graphviz.

use std::fmt::Write;

use super::{Line, Picture, Shape};

/// Writes a picture as a DOT digraph.
#[must_use]
pub fn dot(picture: &Picture) -> String {
    let mut out = format!("digraph flow {{\n    label=\"{}\";\n    labelloc=t;\n", quoted(&picture.title));
    out.push_str("    node [fontname=\"Helvetica\", fontsize=11, style=\"filled\"];\n");
    out.push_str("    edge [fontname=\"Helvetica\"];\n");
    for shown in &picture.boxes {
        let (shape, fill) = look(shown.shape);
        let mut words = quoted(&shown.name);
        if !shown.words.is_empty() {
            let _ = write!(words, "\\n{}", quoted(&shown.words));
        }
        if let Some(count) = shown.walked {
            let _ = write!(words, "\\n×{count}");
        }
        let fill = if shown.walked == Some(0) { "#f5b7b1" } else { fill };
        let _ = writeln!(out, "    {} [label=\"{words}\", shape={shape}, fillcolor=\"{fill}\"];", shown.id);
    }
    for arrow in &picture.arrows {
        let style = if arrow.line == Line::Solid { "solid" } else { "dashed" };
        let label = if arrow.words.is_empty() {
            String::new()
        } else {
            format!(", label=\"{}\"", quoted(&arrow.words))
        };
        let colour = if arrow.walked == Some(0) { ", color=\"#c0392b\"" } else { "" };
        let _ =
            writeln!(out, "    {} -> {} [fontsize=10, style={style}{label}{colour}];", arrow.from, arrow.to);
    }
    out.push_str("}\n");
    out
}

fn look(shape: Shape) -> (&'static str, &'static str) {
    match shape {
        Shape::Event => ("ellipse", "#cfe0f7"),
        Shape::Say | Shape::Ask => ("box", "#e3f4e1"),
        Shape::Choose => ("diamond", "#fff3d6"),
        Shape::Decide => ("hexagon", "#fff3d6"),
        Shape::Wait => ("octagon", "#ece6f7"),
        Shape::Call => ("component", "#f4f5f7"),
        Shape::Act => ("box", "#f4f5f7"),
        Shape::End => ("circle", "#ffffff"),
    }
}

/// Text inside quotes.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
