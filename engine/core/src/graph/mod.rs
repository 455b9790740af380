//! Pictures of flows: what an analyst puts on a slide. A [`Picture`] holds boxes and arrows; [`mermaid`] and [`dot`] write
//! it for the programs that draw.

mod dot;
mod mermaid;
#[cfg(test)]
mod tests;

pub use dot::dot;
pub use mermaid::mermaid;

use crate::coverage::Recorder;
use crate::flow::{Arg, Body, By, ENDS, Edge, Flow, Node, Verb};

/// Longest words in a box or on an arrow, in characters.
const WORDS_MAX: usize = 60;

/// What a box stands for; how it looks follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Something that happened and enters the flow.
    Event,
    /// Something is said.
    Say,
    /// Something is asked, and the answer awaited.
    Ask,
    /// The way parts.
    Choose,
    /// A rule decides.
    Decide,
    /// Time passes, or an event is awaited.
    Wait,
    /// Another flow.
    Call,
    /// An action, or anything else that is simply done.
    Act,
    /// The end of the run.
    End,
}

/// A box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Name without spaces, unique in the picture.
    pub id: String,
    /// What it stands for.
    pub shape: Shape,
    /// First line: the name people know it by.
    pub name: String,
    /// Second line: what it does; empty when the name says it.
    pub words: String,
    /// How often it was walked, where somebody counted.
    pub walked: Option<u64>,
}

/// How an arrow is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The ordinary way.
    Solid,
    /// When something goes wrong or time runs out.
    Dashed,
}

/// An arrow between two boxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrow {
    /// Id of the box it leaves.
    pub from: String,
    /// Id of the box it reaches.
    pub to: String,
    /// Why this way is taken; empty when it simply goes on.
    pub words: String,
    /// How it is drawn.
    pub line: Line,
    /// How often it was walked, where somebody counted.
    pub walked: Option<u64>,
}

/// A flow as boxes and arrows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Title of the flow.
    pub title: String,
    /// Boxes: the events first, then the nodes in the order of the file.
    pub boxes: Vec<Shown>,
    /// Arrows, those of the events first.
    pub arrows: Vec<Arrow>,
}

impl Picture {
    /// Draws a flow. With a recorder it shows what was walked, and what was not.
    #[must_use]
    pub fn of(flow: &Flow, recorder: Option<&Recorder>) -> Self {
        let mut picture = Self { title: flow.title.clone(), boxes: Vec::new(), arrows: Vec::new() };
        for (event, node) in &flow.on {
            let walked = recorder.map(|recorder| recorder.entry_count(flow, event.as_str()));
            picture.enter(event.as_str(), event.as_str(), &flow.graph[*node], Line::Solid, walked);
        }
        if let Some(start) = flow.start {
            picture.enter("START", "called by another flow", &flow.graph[start], Line::Solid, None);
        }
        if let Some(node) = flow.on_error {
            picture.enter("ERROR", "any error", &flow.graph[node], Line::Dashed, None);
        }
        let mut nodes: Vec<&Node> = flow.graph.node_weights().collect();
        nodes.sort_by_key(|node| (node.place.line, node.place.column));
        for node in &nodes {
            // The end that is written nowhere counts by the ways that lead there.
            let counted = recorder.filter(|_| !ENDS.contains(&node.name.as_str()));
            picture.boxes.push(shown(node, counted.map(|recorder| recorder.node_count(flow, &node.name))));
        }
        for node in nodes {
            picture.ways(flow, node, recorder);
        }
        picture
    }

    fn ways(&mut self, flow: &Flow, node: &Node, recorder: Option<&Recorder>) {
        for (edge, to) in node.ways() {
            let to = match to {
                Some(to) => flow.graph[to].name.clone(),
                // Simply stopping needs no arrow; a choice that stops does.
                None if edge == Edge::Then => continue,
                None => self.end(),
            };
            let (words, line) = way(node, &edge);
            let walked = recorder.map(|recorder| recorder.way_count(flow, &node.name, &edge));
            self.arrows.push(Arrow { from: id_of(&node.name), to: id_of(&to), words, line, walked });
        }
    }

    /// The box where runs end, drawn once.
    fn end(&mut self) -> String {
        let name = ENDS[0].to_owned();
        let id = id_of(&name);
        if self.boxes.iter().all(|shown| shown.id != id) {
            self.boxes.push(Shown {
                id,
                shape: Shape::End,
                name: name.clone(),
                words: String::new(),
                walked: None,
            });
        }
        name
    }

    fn enter(&mut self, id: &str, name: &str, node: &Node, line: Line, walked: Option<u64>) {
        let id = format!("on_{}", id_of(id));
        let name = name.to_owned();
        let to = id_of(&node.name);
        self.arrows.push(Arrow { from: id.clone(), to, words: String::new(), line, walked });
        self.boxes.push(Shown { id, shape: Shape::Event, name, words: String::new(), walked });
    }
}

/// An id that every drawing language takes. `end` is a word of Mermaid, so every node gets a letter in front.
fn id_of(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("n_{plain}")
}

fn shown(node: &Node, walked: Option<u64>) -> Shown {
    let (shape, words) = match &node.verb {
        Verb::Say { body, .. } => (Shape::Say, short(&said(body))),
        Verb::Ask(ask) => {
            (Shape::Ask, format!("{}, waits up to {}", short(&said(&ask.body)), span(ask.timeout_ms)))
        }
        Verb::Choose(_) => (Shape::Choose, String::new()),
        Verb::Decide { by: By::Table(table), .. } => (Shape::Decide, format!("table {table}")),
        Verb::Decide { by, .. } => (Shape::Decide, format!("rule {by}")),
        Verb::Wait(wait) if wait.events.is_empty() => {
            (Shape::Wait, format!("waits {}", span(wait.timeout_ms)))
        }
        Verb::Wait(wait) => {
            let events: Vec<&str> = wait.events.iter().map(|event| event.as_str()).collect();
            (Shape::Wait, format!("waits for {}, up to {}", events.join(" or "), span(wait.timeout_ms)))
        }
        Verb::Call { flow } => (Shape::Call, format!("flow {flow}")),
        Verb::Set(slots) => {
            let names: Vec<&str> = slots.iter().map(|(name, _)| name.as_str()).collect();
            (Shape::Act, short(&format!("keeps {}", names.join(", "))))
        }
        Verb::Act { action, .. } => (Shape::Act, (*action).to_owned()),
        Verb::Perform { action, .. } => (Shape::Act, short(&format!("performs {}", value(action)))),
        Verb::Note(text) => (Shape::Act, short(&format!("notes: {}", text.source))),
        Verb::End => (Shape::End, String::new()),
    };
    Shown { id: id_of(&node.name), shape, name: node.name.replace('_', " "), words, walked }
}

fn said(body: &Body) -> String {
    match body {
        Body::Text(text) => format!("“{}”", text.source),
        Body::Cim(_) => "a message of its own form".to_owned(),
    }
}

fn value(arg: &Arg) -> String {
    match arg {
        Arg::Json(value) => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
        Arg::Expr(expr) => expr.code.source().to_owned(),
        Arg::Text(text) => text.source.clone(),
        Arg::List(_) | Arg::Map(_) => "…".to_owned(),
    }
}

/// Why a way is taken, and how it is drawn.
fn way(from: &Node, edge: &Edge) -> (String, Line) {
    match edge {
        Edge::Then => (String::new(), Line::Solid),
        Edge::When(i) => {
            let arm = match &from.verb {
                Verb::Choose(arms) => arms.get(*i).and_then(|arm| arm.when.as_ref()),
                _ => None,
            };
            (short(arm.map_or("", |when| when.code.source())), Line::Solid)
        }
        Edge::Otherwise => ("otherwise".to_owned(), Line::Solid),
        Edge::Answer(answer) => (short(&format!("“{answer}”")), Line::Solid),
        Edge::Timeout => {
            let ms = match &from.verb {
                Verb::Ask(ask) => ask.timeout_ms,
                Verb::Wait(wait) => wait.timeout_ms,
                _ => 0,
            };
            (format!("after {}", span(ms)), Line::Dashed)
        }
        Edge::Until(event) => (event.as_str().to_owned(), Line::Solid),
        Edge::Error => ("on error".to_owned(), Line::Dashed),
        Edge::Reminder => ("when the reminder is due".to_owned(), Line::Dashed),
    }
}

/// A time span as people write it.
fn span(ms: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    let whole = UNITS.iter().find(|(unit, _)| ms >= *unit && ms % unit == 0);
    whole.map_or_else(|| format!("{ms} ms"), |(unit, name)| format!("{} {name}", ms / unit))
}

fn short(words: &str) -> String {
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= WORDS_MAX {
        return line;
    }
    let kept: String = line.chars().take(WORDS_MAX - 1).collect();
    format!("{}…", kept.trim_end())
}
