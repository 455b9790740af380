//! Step expressions: which agents belong to a step (`domain.md` section 1.13).
//!
//! Terms are joined from left to right without precedence: `a OR b AND c` is `(a OR b) AND c`. What stands in brackets is
//! joined first.

use crate::centre::AgentEntry;

/// Operators of a term, longest first so that `>=` is not read as `>`.
const OPERATORS: &[&str] = &["==", "!=", ">=", "<=", "=", ">", "<"];

/// Whether an agent satisfies a step expression. An empty one is satisfied by everybody; a term that cannot be read
/// is satisfied by nobody.
#[must_use]
pub fn satisfied(expression: &str, agent: Option<&AgentEntry>) -> bool {
    let Some(agent) = agent else { return false };
    // What is known so far and whether OR comes next: of the whole, and of the group in brackets.
    let mut open = vec![(true, false)];
    for token in tokens(expression) {
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
            Token::Term(term) => term_holds(&term, agent),
        };
        if let Some((so_far, or)) = open.last_mut() {
            *so_far = if *or { *so_far || holds } else { *so_far && holds };
        }
    }
    open.first().is_some_and(|(all, _)| *all)
}

enum Token {
    Open,
    Close,
    And,
    Or,
    Term(String),
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
            tokens.push(Token::Term(std::mem::take(&mut term)));
        }
        tokens.push(joint);
    }
    if !term.is_empty() {
        tokens.push(Token::Term(term));
    }
    tokens
}

/// U10: a missing attribute makes its term false, except that `!=` holds.
fn term_holds(term: &str, agent: &AgentEntry) -> bool {
    let found = OPERATORS.iter().find_map(|op| term.split_once(op).map(|(l, r)| (l.trim(), *op, r.trim())));
    let Some((attribute, operator, value)) = found else { return false };
    let value = match value {
        "true" => 1,
        "false" => 0,
        number => match number.parse::<i64>() {
            Ok(number) => number,
            Err(_) => return false,
        },
    };
    match (agent.attributes.get(attribute), operator) {
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
}
