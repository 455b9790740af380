//! The agents of a queue step: `billing >= 5 AND english = 1`, with one level of brackets (`domain.md` section
//! 1.13). Only checked here; the text is kept for routing, which evaluates it from left to right.

use crate::centre::Centre;
use crate::diagnostic::{Finding, Findings, codes, did_you_mean};
use crate::yaml::{Node, shortened};

const OPERATORS: [&str; 7] = [">=", "<=", "==", "!=", ">", "<", "="];

/// A word, sign or number and where it starts, in characters.
struct Token<'a> {
    text: &'a str,
    at: usize,
}

/// Finds what cannot be read in a step, and attributes nobody has.
pub(super) fn check(node: &Node, text: &str, centre: &Centre, findings: &mut Findings) {
    let tokens = tokens(text);
    let mut reader =
        Reader { tokens: &tokens, next: 0, end: text.chars().count(), attributes: Vec::new(), mixed: None };
    let outcome = if tokens.is_empty() { Ok(()) } else { reader.expressions() };
    let place = |at: usize, length: usize| match node.scalar() {
        Some(scalar) => scalar.place_of(&node.place.file, at, length),
        None => node.place.clone(),
    };
    if let Err((at, expected)) = outcome {
        let finding =
            Finding::error(codes::STEP_EXPRESSION, &place(at, 1), format!("{expected} is expected here"));
        findings.push(finding.cure("write it as `billing >= 5 AND english = 1`; leave it out for everybody"));
    }
    if let Some(at) = reader.mixed {
        let finding =
            Finding::warning(codes::MIXED_STEP, &place(at, 3), "AND and OR are mixed without brackets");
        let finding =
            finding.because("they are joined from left to right: `a OR b AND c` is `(a OR b) AND c`");
        findings.push(finding.cure("put brackets around what belongs together"));
    }
    for Token { text, at } in reader.attributes {
        if !centre.attributes.contains_key(text) {
            let message = format!("there is no routing attribute `{}`", shortened(text));
            let cure = did_you_mean(text, centre.attributes.keys().map(String::as_str));
            let place = place(at, text.chars().count());
            findings.push(Finding::error(codes::UNKNOWN_ATTRIBUTE, &place, message).cure_if(cure));
        }
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut rest, mut at) = (text, 0);
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if word(first) {
            rest.find(|c: char| !word(c)).unwrap_or(rest.len())
        } else {
            let operator = OPERATORS.iter().find(|operator| rest.starts_with(**operator));
            operator.map_or(first.len_utf8(), |operator| operator.len())
        };
        let (token, tail) = rest.split_at(length);
        if !first.is_whitespace() {
            tokens.push(Token { text: token, at });
        }
        at += token.chars().count();
        rest = tail;
    }
    tokens
}

/// Where reading failed, and what was expected there.
type Failure = (usize, &'static str);

struct Reader<'a, 't> {
    tokens: &'t [Token<'a>],
    next: usize,
    end: usize,
    attributes: Vec<Token<'a>>,
    /// Where AND and OR first meet on one level.
    mixed: Option<usize>,
}

impl<'a> Reader<'a, '_> {
    fn expressions(&mut self) -> Result<(), Failure> {
        let mut joint = None;
        loop {
            if self.take(|text| text == "(") {
                self.terms()?;
                self.expect(|text| text == ")", "`)`")?;
            } else {
                self.term()?;
            }
            if self.next == self.tokens.len() {
                return Ok(());
            }
            self.expect(connector, "`AND` or `OR`")?;
            self.joined(&mut joint);
        }
    }

    fn terms(&mut self) -> Result<(), Failure> {
        self.term()?;
        let mut joint = None;
        while self.take(connector) {
            self.joined(&mut joint);
            self.term()?;
        }
        Ok(())
    }

    /// Notes when the connector just taken is another one than those before on its level.
    fn joined(&mut self, joint: &mut Option<&'a str>) {
        let Some(token) = self.tokens.get(self.next - 1) else { return };
        if joint.is_some_and(|before| before != token.text) {
            self.mixed = self.mixed.or(Some(token.at));
        }
        *joint = Some(token.text);
    }

    fn term(&mut self) -> Result<(), Failure> {
        let name = |text: &str| text.starts_with(|c: char| c.is_alphabetic()) && !connector(text);
        self.expect(name, "a routing attribute")?;
        if let Some(token) = self.tokens.get(self.next - 1) {
            self.attributes.push(Token { text: token.text, at: token.at });
        }
        self.expect(|text| OPERATORS.contains(&text), "`>=`, `<=`, `>`, `<`, `=` or `!=`")?;
        self.expect(|text| text.parse::<u8>().is_ok_and(|value| value <= 10), "a number from 0 to 10")
    }

    fn take(&mut self, wanted: impl Fn(&str) -> bool) -> bool {
        let found = self.tokens.get(self.next).is_some_and(|token| wanted(token.text));
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: impl Fn(&str) -> bool, name: &'static str) -> Result<(), Failure> {
        if self.take(wanted) {
            return Ok(());
        }
        Err((self.tokens.get(self.next).map_or(self.end.saturating_sub(1), |token| token.at), name))
    }
}

fn connector(text: &str) -> bool {
    text == "AND" || text == "OR"
}
