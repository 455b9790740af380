//! Step expressions: which agents belong to a step (`domain.md` section 1.13).
//!
//! Terms are joined from left to right without precedence: `a OR b AND c` is `(a OR b) AND c`. What stands in brackets is
//! joined first.

use crate::centre::AgentEntry;

/// Operators of a term, longest first so that `>=` is not read as `>`.
const OPERATORS: &[&str] = &["==", "!=", ">=", "<=", "=", ">", "<"];

/// A step expression, read once.
#[derive(Debug, Clone, Default)]
pub struct Expression {
    tokens: Vec<Token>,
}

/// The first term of an expression that an agent does not satisfy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// The term as it is written.
    pub term: String,
    /// What the agent has; `None` without the attribute.
    pub actual: Option<i64>,
}

impl Expression {
    /// Reads an expression. A term that cannot be read is satisfied by nobody.
    #[must_use]
    pub fn compile(source: &str) -> Self {
        Self { tokens: tokens(source) }
    }

    /// Whether an agent satisfies it. An empty one is satisfied by everybody.
    #[must_use]
    pub fn holds(&self, agent: &AgentEntry) -> bool {
        // What is known so far and whether OR comes next: of the whole, and of the group in brackets.
        let mut open = vec![(true, false)];
        for token in &self.tokens {
            let holds = match token {
                Token::Open => {
                    open.push((true, false));
                    continue;
                }
                Token::Close if open.len() > 1 => open.pop().is_some_and(|(group, _)| group),
                Token::Close => continue,
                Token::And | Token::Or => {
                    if let Some((_, or)) = open.last_mut() {
                        *or = matches!(token, Token::Or);
                    }
                    continue;
                }
                Token::Term(term) => term.holds(agent),
            };
            if let Some((so_far, or)) = open.last_mut() {
                *so_far = if *or { *so_far || holds } else { *so_far && holds };
            }
        }
        open.first().is_some_and(|(all, _)| *all)
    }

    /// Why an agent does not satisfy it: the first term that is not true of them.
    #[must_use]
    pub fn failing(&self, agent: &AgentEntry) -> Option<Failing> {
        if self.holds(agent) {
            return None;
        }
        let mut terms = self.tokens.iter().filter_map(|t| match t {
            Token::Term(term) if !term.holds(agent) => Some(term),
            _ => None,
        });
        terms.next().map(|term| Failing {
            term: term.source.clone(),
            actual: agent.attributes.get(&term.attribute).copied(),
        })
    }
}

/// Whether an agent satisfies a step expression.
#[must_use]
pub fn satisfied(expression: &str, agent: Option<&AgentEntry>) -> bool {
    agent.is_some_and(|agent| Expression::compile(expression).holds(agent))
}

#[derive(Debug, Clone)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Term(Term),
}

fn tokens(expression: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut term = String::new();
    for word in expression.replace('(', " ( ").replace(')', " ) ").split_whitespace() {
        let joint = match word.to_ascii_uppercase().as_str() {
            "AND" => Token::And,
            "OR" => Token::Or,
            "(" => Token::Open,
            ")" => Token::Close,
            _ => {
                term.push_str(word);
                term.push(' ');
                continue;
            }
        };
        if !term.is_empty() {
            tokens.push(Token::Term(Term::read(&term)));
            term.clear();
        }
        tokens.push(joint);
    }
    if !term.is_empty() {
        tokens.push(Token::Term(Term::read(&term)));
    }
    tokens
}

/// `attribute operator value`.
#[derive(Debug, Clone)]
struct Term {
    source: String,
    attribute: String,
    operator: &'static str,
    /// `None` when it cannot be read.
    value: Option<i64>,
}

impl Term {
    fn read(text: &str) -> Self {
        let found =
            OPERATORS.iter().find_map(|op| text.split_once(op).map(|(l, r)| (l.trim(), *op, r.trim())));
        let source = text.trim().to_owned();
        let Some((attribute, operator, value)) = found else {
            return Self { source, attribute: String::new(), operator: "=", value: None };
        };
        let value = match value {
            "true" => Some(1),
            "false" => Some(0),
            number => number.parse().ok(),
        };
        Self { source, attribute: attribute.to_owned(), operator, value }
    }

    /// U10: a missing attribute makes its term false, except that `!=` holds.
    fn holds(&self, agent: &AgentEntry) -> bool {
        let Some(value) = self.value else { return false };
        match (agent.attributes.get(&self.attribute), self.operator) {
            (None, "!=") => true,
            (None, _) => false,
            (Some(has), "==" | "=") => *has == value,
            (Some(has), "!=") => *has != value,
            (Some(has), ">=") => *has >= value,
            (Some(has), "<=") => *has <= value,
            (Some(has), ">") => *has > value,
            (Some(has), _) => *has < value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_and_joints() {
        let agent = AgentEntry {
            attributes: [("billing".to_owned(), 5), ("english".to_owned(), 1)].into(),
            ..AgentEntry::default()
        };
        let cases = [
            ("", true),
            ("billing >= 5", true),
            ("billing > 5", false),
            ("billing>=5 AND english = 1", true),
            ("billing > 5 OR english == true", true),
            ("billing >= 5 OR english = 1 AND french = 1", false),
            ("billing >= 5 OR (english = 1 AND french = 1)", true),
            ("(billing > 5 OR english = 1) AND (french = 1 OR billing = 5)", true),
            ("french = 1 AND (billing > 5 OR english = 1)", false),
            ("french = 1", false),
            ("french != 1", true),
            ("nonsense", false),
        ];
        for (expression, expected) in cases {
            assert_eq!(satisfied(expression, Some(&agent)), expected, "{expression}");
        }
        assert!(!satisfied("", None));
    }

    #[test]
    fn the_first_term_that_fails_is_named_with_what_the_agent_has() {
        let agent = AgentEntry { attributes: [("billing".to_owned(), 5)].into(), ..AgentEntry::default() };
        let failing = |e: &str| Expression::compile(e).failing(&agent).map(|f| (f.term, f.actual));
        assert_eq!(failing("billing >= 5"), None);
        assert_eq!(failing("billing >= 5 AND billing > 7"), Some(("billing > 7".into(), Some(5))));
        assert_eq!(failing("english = 1 AND billing > 7"), Some(("english = 1".into(), None)));
    }
}
