//! Mermaid, which GitHub, GitLab and many wikis draw by themselves.

use std::fmt::Write;

use super::{Line, Picture, Shape};

/// Writes a picture as a Mermaid flowchart.
#[must_use]
pub fn mermaid(picture: &Picture) -> String {
    let mut out = format!("---\ntitle: \"{}\"\n---\nflowchart TD\n", picture.title.replace('"', "'"));
    for shown in &picture.boxes {
        let (open, close) = brackets(shown.shape);
        let mut words = quoted(&shown.name);
        if !shown.words.is_empty() {
            let _ = write!(words, "<br/><small>{}</small>", quoted(&shown.words));
        }
        if let Some(count) = shown.walked {
            let _ = write!(words, "<br/><small>×{count}</small>");
        }
        let class = if shown.walked == Some(0) { "unwalked" } else { class(shown.shape) };
        let _ = writeln!(out, "    {}{open}\"{words}\"{close}:::{class}", shown.id);
    }
    for arrow in &picture.arrows {
        let line = if arrow.line == Line::Solid { "-->" } else { "-.->" };
        let words =
            if arrow.words.is_empty() { String::new() } else { format!("|\"{}\"|", quoted(&arrow.words)) };
        let _ = writeln!(out, "    {} {line}{words} {}", arrow.from, arrow.to);
    }
    for (number, _) in picture.arrows.iter().enumerate().filter(|(_, arrow)| arrow.walked == Some(0)) {
        let _ = writeln!(out, "    linkStyle {number} stroke:{UNWALKED}");
    }
    if picture.boxes.iter().any(|shown| shown.walked.is_some()) {
        let _ = writeln!(
            out,
            "    classDef unwalked fill:#fde2e1,color:#5c1410,stroke:{UNWALKED},stroke-width:2px"
        );
    }
    for (class, look) in LOOKS {
        let _ = writeln!(out, "    classDef {class} {look}");
    }
    out
}

/// The colour of what nothing has walked.
const UNWALKED: &str = "#c0392b";

/// How the classes of boxes look: by what people care for, speaking, deciding, waiting.
const LOOKS: &[(&str, &str)] = &[
    ("event", "fill:#1f3a5f,color:#ffffff,stroke:#1f3a5f"),
    ("speech", "fill:#e3f4e1,color:#12300f,stroke:#4c9a45"),
    ("decision", "fill:#fff3d6,color:#3d2c00,stroke:#d9a520"),
    ("waiting", "fill:#ece6f7,color:#2b1d4d,stroke:#7d5fb2"),
    ("work", "fill:#f4f5f7,color:#1c2733,stroke:#8a94a0"),
    ("ending", "fill:#ffffff,color:#1c2733,stroke:#1c2733,stroke-width:2px"),
];

fn class(shape: Shape) -> &'static str {
    match shape {
        Shape::Event => "event",
        Shape::Say | Shape::Ask => "speech",
        Shape::Choose | Shape::Decide => "decision",
        Shape::Wait => "waiting",
        Shape::Call | Shape::Act => "work",
        Shape::End => "ending",
    }
}

fn brackets(shape: Shape) -> (&'static str, &'static str) {
    match shape {
        Shape::Event => ("([", "])"),
        Shape::Say => ("(", ")"),
        Shape::Ask => ("[/", "/]"),
        Shape::Choose => ("{", "}"),
        Shape::Decide => ("{{", "}}"),
        Shape::Wait => ("[\\", "\\]"),
        Shape::Call => ("[[", "]]"),
        Shape::Act => ("[", "]"),
        Shape::End => ("((", "))"),
    }
}

/// Text inside quotes. Mermaid takes HTML entities there, by number without the ampersand's word.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '"' | '<' | '>' | '#' | ';' | '`' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}
