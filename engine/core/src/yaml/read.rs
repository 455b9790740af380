//! From text to a tree of [`Node`]s, with a stack of its own: hostile nesting cannot exhaust the thread's stack.

use std::collections::BTreeMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::guard::{admits, small};
use super::limits::{self, DEPTH_MAX};
use super::origin::{Origin, Quotes};
use super::{Entry, Key, Kind, Node, Scalar, Style};
use crate::diagnostic::{Finding, Findings, Place, codes};

/// Reads one YAML file. `None` when there is no tree to speak of; findings say why. A tree with findings is
/// returned as far as it could be read, so that the mistakes behind the first one are found in the same run.
pub fn read(file: &str, text: &str, findings: &mut Findings) -> Option<Node> {
    let file: Arc<str> = Arc::from(file);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !admits(&file, text, findings) {
        return None;
    }
    let mut builder = Builder::new(file, text, findings);
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => {
                if builder.take(event, span).is_err() {
                    return None;
                }
            }
            Err(error) => {
                builder.syntax(&error);
                return None;
            }
        }
    }
    builder.finish()
}

/// Reading cannot go on; the finding is already there.
struct Stop;

struct Builder<'f> {
    file: Arc<str>,
    characters: Vec<char>,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
    /// Where the scalar before ended, in characters.
    before: usize,
    findings: &'f mut Findings,
}

/// A list or map whose end has not been read yet.
struct Open {
    place: Place,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    /// `seen` finds duplicates; a search through the entries would take for ever in a huge map.
    Map {
        entries: Vec<Entry>,
        seen: BTreeMap<String, Place>,
        key: Option<Key>,
    },
}

impl<'f> Builder<'f> {
    fn new(file: Arc<str>, text: &str, findings: &'f mut Findings) -> Self {
        let characters = text.chars().collect();
        Self { file, characters, open: Vec::new(), root: None, documents: 0, nodes: 0, before: 0, findings }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        let place = self.place(span);
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "a second document starts here";
                    self.error(codes::SEVERAL_DOCUMENTS, &place, message, "put it into a file of its own");
                    return Err(Stop);
                }
            }
            Event::Alias(_) => {
                self.error(codes::ANCHOR, &place, "aliases are not allowed", "write the value out");
                self.put(Node { kind: Kind::Scalar(self.scalar("", ScalarStyle::Plain, span)), place });
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse(anchor, tag.is_some(), &place);
                self.count(&place)?;
                let scalar = self.scalar(&text, style, span);
                self.before = span.end.index();
                self.put(Node { kind: Kind::Scalar(scalar), place });
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse(anchor, tag.is_some(), &place);
                self.enter(place, Content::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse(anchor, tag.is_some(), &place);
                self.enter(place, Content::Map { entries: Vec::new(), seen: BTreeMap::new(), key: None })?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn enter(&mut self, place: Place, content: Content) -> Result<(), Stop> {
        self.count(&place)?;
        if self.open.len() >= DEPTH_MAX {
            let message = format!("lists and maps are nested more than {DEPTH_MAX} deep");
            self.error(codes::TOO_DEEP, &place, message, "flatten the structure");
            return Err(Stop);
        }
        self.open.push(Open { place, content });
        Ok(())
    }

    fn leave(&mut self) {
        let Some(Open { place, content }) = self.open.pop() else { return };
        let kind = match content {
            Content::List(items) => Kind::List(items),
            Content::Map { entries, .. } => Kind::Map(entries),
        };
        self.put(Node { kind, place });
    }

    /// Adds a finished value to the list or map it stands in.
    fn put(&mut self, mut node: Node) {
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { entries, seen, key }) => match key.take() {
                None => {
                    let (made, finding) = as_key(node);
                    *key = Some(made);
                    if let Some(finding) = finding {
                        self.findings.push(finding);
                    }
                }
                Some(key) => {
                    if node.is_null() && node.scalar().is_some_and(|scalar| scalar.text.is_empty()) {
                        node.place = key.place.clone();
                    }
                    match seen.get(&key.text) {
                        Some(first) => self.findings.push(duplicate(&key, first)),
                        None => {
                            seen.insert(key.text.clone(), key.place.clone());
                            entries.push(Entry { key, value: node });
                        }
                    }
                }
            },
        }
    }

    fn finish(self) -> Option<Node> {
        match self.root {
            Some(root) if !root.is_null() => Some(root),
            _ => {
                let finding = Finding::error(codes::EMPTY, &Place::start_of(&self.file), "the file is empty");
                self.findings.push(finding.cure("write something, or delete the file"));
                None
            }
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, span: Span) -> Scalar {
        let (style, quotes) = match style {
            ScalarStyle::Plain => (Style::Plain, Quotes::None),
            ScalarStyle::SingleQuoted => (Style::Quoted, Quotes::Single),
            ScalarStyle::DoubleQuoted => (Style::Quoted, Quotes::Double),
            ScalarStyle::Literal | ScalarStyle::Folded => (Style::Block, Quotes::None),
        };
        let start = span.start.index().min(self.characters.len());
        let end = span.end.index().clamp(start, self.characters.len());
        let source = &self.characters[start..end];
        let (line, column) = (small(span.start.line()), small(span.start.col() + 1));
        let origin = Origin::align(text, source, line, column, quotes);
        let cut = style == Style::Plain && self.cut_behind(if text.is_empty() { self.before } else { end });
        Scalar { text: text.to_owned(), style, origin, cut }
    }

    /// Whether a comment begins behind this character, on its line, that reads like text: a remark has a blank in front.
    fn cut_behind(&self, end: usize) -> bool {
        let rest = self.characters.get(end..).unwrap_or_default();
        let mut rest = rest.iter().skip_while(|c| matches!(c, ' ' | '\t' | ':'));
        let remark = |c: &char| c.is_whitespace() || matches!(c, '#' | '!' | '-' | '=');
        rest.next() == Some(&'#') && rest.next().is_some_and(|c| !remark(c))
    }

    /// The first line of a span.
    fn place(&self, span: Span) -> Place {
        let start = span.start.index().min(self.characters.len());
        let end = span.end.index().clamp(start, self.characters.len());
        let first_line = self.characters[start..end].iter().take_while(|c| !matches!(c, '\n' | '\r')).count();
        Place {
            file: Arc::clone(&self.file),
            line: small(span.start.line().max(1)),
            column: small(span.start.col() + 1),
            length: small(first_line.max(1)),
        }
    }

    fn count(&mut self, place: &Place) -> Result<(), Stop> {
        self.nodes += 1;
        let (_, most) = limits::of(&self.file);
        if self.nodes <= most {
            return Ok(());
        }
        let message = format!("the file holds more than {most} values");
        self.error(codes::TOO_MANY_NODES, place, message, "split it into several files");
        Err(Stop)
    }

    fn refuse(&mut self, anchor: usize, tag: bool, place: &Place) {
        if anchor > 0 {
            self.error(codes::ANCHOR, place, "anchors are not allowed", "leave the `&name` out");
        }
        if tag {
            self.error(codes::TAG, place, "tags are not allowed", "leave the `!tag` out");
        }
    }

    fn error(&mut self, code: &'static str, place: &Place, message: impl Into<String>, cure: &str) {
        self.findings.push(Finding::error(code, place, message).cure(cure));
    }

    fn syntax(&mut self, error: &ScanError) {
        let at = error.marker();
        let place = Place {
            file: Arc::clone(&self.file),
            line: small(at.line().max(1)),
            column: small(at.col() + 1),
            length: 1,
        };
        let code = if error.info().contains("recursion") { codes::TOO_DEEP } else { codes::SYNTAX };
        let message = format!("this is not YAML: {}", error.info());
        self.error(code, &place, message, cure_of(error.info()));
    }
}

/// A node as the key of a map. A key that is no scalar is kept as `?`, which no map knows.
fn as_key(node: Node) -> (Key, Option<Finding>) {
    let place = node.place;
    match node.kind {
        Kind::Scalar(scalar) => {
            let merge = scalar.style == Style::Plain && scalar.text == "<<";
            let finding = merge.then(|| {
                Finding::error(codes::MERGE_KEY, &place, "the merge key `<<` is not allowed")
                    .cure("write the keys out")
            });
            (Key { text: scalar.text, place }, finding)
        }
        Kind::Map(_) | Kind::List(_) => {
            let finding = Finding::error(codes::COMPLEX_KEY, &place, "a key must be a name")
                .because("this is a list or a map")
                .cure("a text that starts with `{` or `[` goes in quotes");
            (Key { text: "?".to_owned(), place }, Some(finding))
        }
    }
}

fn duplicate(key: &Key, first: &Place) -> Finding {
    Finding::error(codes::DUPLICATE_KEY, &key.place, format!("`{}` is written twice", key.text))
        .also(first, "first here")
        .cure("keep one of the two")
}

/// How to mend what the parser complains about.
fn cure_of(info: &str) -> &'static str {
    if info.contains("mapping values are not allowed") || info.contains("':'") {
        "a text that contains `: ` goes in quotes; a key ends with `: ` and stands on a line of its own"
    } else if info.contains("quoted scalar") || info.contains("double-quoted") {
        "look for a quote that is not closed; a `\\` inside double quotes is written `\\\\`"
    } else if info.contains("flow") || info.contains("bracket") {
        "look for a missing `,`, `]` or `}`; a text that starts with `{` or `[` goes in quotes"
    } else if info.contains("indentation") || info.contains("indented") || info.contains("block") {
        "keys of one map start in the same column; look at the indentation of this line and the one above"
    } else if info.contains("tab") {
        "use spaces instead of tabs"
    } else if info.contains("anchor") || info.contains("tag") {
        "a text that starts with `&`, `*` or `!` goes in quotes"
    } else {
        "look at the indentation, quotes and brackets here and on the line above"
    }
}
