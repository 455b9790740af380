//! What went wrong in a rule, and where.

use std::fmt;

use rhai::{EvalAltResult, LexError, ParseError, ParseErrorType, Position};

use super::capture::CLOSURE_PREFIX;
use super::source::{RuleFile, RuleFunction};

/// The sorts of failure; each takes the error path of the flow, none is ever read as `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleErrorKind {
    /// The source does not parse, or uses something rules may not use.
    Parse,
    /// Something named does not exist: a function, a fact, a property, an index.
    NotFound,
    /// The function takes another number of parameters than it is given.
    Arguments,
    /// The rule failed while it ran: arithmetic, an explicit `throw`, a misused operation.
    Run,
    /// A bound of `rules::limits` was met.
    Limit,
    /// A value has the wrong type for what it is used for.
    Type,
}

/// A failure of a rule or an expression, with its place and the calls that led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    /// The sort of failure.
    pub kind: RuleErrorKind,
    /// The rule file; `None` for an expression, whose file its owner knows.
    pub file: Option<String>,
    /// Line, from 1, in the file or expression; when the host lost the place, the line of the rule's
    /// function.
    pub line: Option<u32>,
    /// Column, from 1, counted in characters.
    pub column: Option<u32>,
    /// One sentence for the analyst.
    pub message: String,
    /// The calls that led here, innermost first, as `choose (rules/queues.rhai:12)`. Empty for an expression.
    pub stack: Vec<String>,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line, self.column) {
            (Some(file), Some(line), Some(column)) => write!(f, "{file}:{line}:{column}: ")?,
            (Some(file), Some(line), None) => write!(f, "{file}:{line}: ")?,
            (Some(file), None, _) => write!(f, "{file}: ")?,
            (None, Some(line), Some(column)) => write!(f, "{line}:{column}: ")?,
            (None, _, _) => {}
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for RuleError {}

impl RuleError {
    /// A failure without a place.
    pub(super) fn new(kind: RuleErrorKind, message: impl Into<String>) -> Self {
        RuleError { kind, file: None, line: None, column: None, message: message.into(), stack: Vec::new() }
    }

    /// The same failure at a position of a source.
    pub(super) fn at(mut self, position: Position) -> Self {
        self.line = number(position.line());
        self.column = self.line.and(number(position.position()));
        self
    }

    /// The same failure in a file.
    pub(super) fn in_file(mut self, file: Option<&str>) -> Self {
        self.file = file.map(str::to_owned);
        self
    }

    /// Translates what the parser found.
    pub(super) fn from_parse(error: &ParseError, file: Option<&str>) -> Self {
        let kind = match error.err_type() {
            ParseErrorType::ExprTooDeep
            | ParseErrorType::TooManyFunctions
            | ParseErrorType::LiteralTooLarge(..)
            | ParseErrorType::BadInput(LexError::StringTooLong(..)) => RuleErrorKind::Limit,
            _ => RuleErrorKind::Parse,
        };
        RuleError::new(kind, error.err_type().to_string()).at(error.position()).in_file(file)
    }

    /// Translates what an evaluation of an expression ended with.
    pub(super) fn from_expression(error: EvalAltResult) -> Self {
        let (error, place, _) = unwrap_calls(error, None);
        RuleError::new(kind_of(&error), message_of(&error)).at(place)
    }

    /// Translates what a call of a rule of a file ended with.
    pub(super) fn from_rule(error: EvalAltResult, file: &RuleFile, rule: &RuleFunction) -> Self {
        let (error, place, frames) = unwrap_calls(error, Some(rule.name.clone()));
        let mut found = RuleError::new(kind_of(&error), message_of(&error)).at(place);
        // The engine forgets on the way out where a bound was met; the rule itself is then the nearest
        // known place.
        found.line = found.line.or(Some(rule.line));
        let is_known = |name: &str| name == CLOSURE || file.functions_ref().iter().any(|f| f.name == name);
        let named = frames.into_iter().rev().filter_map(|(name, at)| Some((name?, at)));
        // Native functions wrap their failures too; only what the analyst wrote makes a frame worth reading.
        let frames = named.filter(|(name, _)| is_known(name)).map(|(name, at)| {
            let line = at.line().and_then(|l| u32::try_from(l).ok()).unwrap_or(rule.line);
            format!("{name} ({}:{line})", file.file())
        });
        found.stack = frames.collect();
        found.in_file(Some(file.file()))
    }
}

/// How the stack names a closure.
const CLOSURE: &str = "closure";

/// Peels the calls off an error: the error itself, the innermost known place, and per call, outermost
/// first, the function and where it had got to.
fn unwrap_calls(
    mut error: EvalAltResult,
    function: Option<String>,
) -> (EvalAltResult, Position, Vec<(Option<String>, Position)>) {
    let mut frames = Vec::new();
    let mut frame = function;
    while let EvalAltResult::ErrorInFunctionCall(name, _, inner, position) = error {
        let name = if name.starts_with(CLOSURE_PREFIX) { CLOSURE.to_owned() } else { name };
        frames.push((frame.replace(name), position));
        error = *inner;
    }
    frames.push((frame, error.take_position()));
    let place = frames.iter().rev().map(|(_, at)| *at).find(|at| !at.is_none());
    (error, place.unwrap_or(Position::NONE), frames)
}

/// Sorts the engine's errors.
fn kind_of(error: &EvalAltResult) -> RuleErrorKind {
    use EvalAltResult as E;
    match error {
        E::ErrorParsing(..) => RuleErrorKind::Parse,
        E::ErrorVariableNotFound(..)
        | E::ErrorPropertyNotFound(..)
        | E::ErrorIndexNotFound(..)
        | E::ErrorFunctionNotFound(..)
        | E::ErrorModuleNotFound(..)
        | E::ErrorArrayBounds(..)
        | E::ErrorStringBounds(..) => RuleErrorKind::NotFound,
        E::ErrorMismatchDataType(..)
        | E::ErrorMismatchOutputType(..)
        | E::ErrorIndexingType(..)
        | E::ErrorDotExpr(..)
        | E::ErrorFor(..) => RuleErrorKind::Type,
        E::ErrorTooManyOperations(..)
        | E::ErrorTooManyVariables(..)
        | E::ErrorTooManyModules(..)
        | E::ErrorStackOverflow(..)
        | E::ErrorDataTooLarge(..)
        | E::ErrorTerminated(..) => RuleErrorKind::Limit,
        _ => RuleErrorKind::Run,
    }
}

/// Says the error in words that name the bound it met.
fn message_of(error: &EvalAltResult) -> String {
    use super::limits as l;
    use EvalAltResult as E;
    match error {
        E::ErrorTooManyOperations(..) | E::ErrorTerminated(..) => {
            format!(
                "the rule was stopped after {} operations; does a loop never end?",
                l::RULE_OPERATIONS_MAX
            )
        }
        E::ErrorStackOverflow(..) => {
            format!("calls are nested deeper than {}; does a function call itself?", l::RULE_CALL_LEVELS_MAX)
        }
        E::ErrorTooManyVariables(..) => format!("more than {} variables at once", l::RULE_VARIABLES_MAX),
        E::ErrorDataTooLarge(what, ..) => format!(
            "{what} too large (a value may hold {} bytes of text, {} array elements and {} map entries)",
            l::RULE_STRING_BYTES_MAX,
            l::RULE_ARRAY_ELEMENTS_MAX,
            l::RULE_MAP_ENTRIES_MAX
        ),
        E::ErrorRuntime(value, ..) if !value.is_unit() => value.to_string(),
        E::ErrorVariableNotFound(name, ..) => format!("there is no fact or variable `{name}`"),
        E::ErrorPropertyNotFound(name, ..) => {
            format!(
                "there is no property `{name}`; write `?.{name}` or `\"{name}\" in …` when it may be missing"
            )
        }
        E::ErrorFunctionNotFound(signature, ..) => no_function(signature),
        other => other.to_string(),
    }
}

/// A call that nothing answers; an operator, which is one too, in words.
fn no_function(signature: &str) -> String {
    let operator = signature.split_once(" (").filter(|(name, _)| !name.contains(char::is_alphanumeric));
    let Some((operator, types)) = operator else { return format!("there is no function `{signature}`") };
    let types: Vec<&str> = types.trim_end_matches(')').split(", ").map(word_of).collect();
    let nothing = if types.contains(&NOTHING) {
        "; what is read with `?.` may be missing: say with `??` what counts then"
    } else {
        ""
    };
    format!("`{operator}` does not work with {}{nothing}", types.join(" and "))
}

/// How the value of what is missing is called.
const NOTHING: &str = "nothing";

/// The engine's name of a type in words.
fn word_of(name: &str) -> &str {
    match name {
        "(" | "()" => NOTHING,
        "i64" | "f64" => "a number",
        "&str | ImmutableString | String" | "string" | "&str" | "String" => "a text",
        "bool" => "a truth value",
        "array" => "a list",
        "map" => "a map",
        other => other,
    }
}

/// Positions beyond `u32` do not occur: sources are bounded far below.
/// Line and column of a position, both from 1; the beginning where there is none.
pub(super) fn line_column(position: Position) -> (u32, u32) {
    (number(position.line()).unwrap_or(1), number(position.position()).unwrap_or(1))
}

fn number(n: Option<usize>) -> Option<u32> {
    n.and_then(|n| u32::try_from(n).ok())
}
