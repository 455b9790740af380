//! Every bound a rule runs under, in one place.
//!
//! The bounds are counts, never times: the core has no clock, and a rule must stop at the same operation on
//! every machine and in every replay. They are sized so that a script that does its worst is stopped well
//! within 50 ms.

/// Most operations one evaluation may take (statements, expressions and calls each count one).
///
/// An endless loop meets this in about a millisecond. An honest rule that filters and sorts a hundred
/// queues takes a third of it. Reading a large value counts as several, so that copying in a loop meets it
/// as soon.
pub const RULE_OPERATIONS_MAX: u64 = 20_000;

/// Deepest nesting of function calls. More than rules need; few enough for a thread with a 2 MiB stack.
pub const RULE_CALL_LEVELS_MAX: usize = 16;

/// Deepest nesting of one expression, both at the top and inside a function. Guards the parser's own stack
/// too.
pub const RULE_EXPRESSION_DEPTH_MAX: usize = 32;

/// Most bytes of text in one value, summed over everything nested in it.
///
/// The sum is why this is generous: the facts of a rule are one value, and they carry whole messages.
pub const RULE_STRING_BYTES_MAX: usize = 32_768;

/// Most array elements in one value, summed over everything nested in it. Growing an array by nesting it in
/// itself costs the square of this.
pub const RULE_ARRAY_ELEMENTS_MAX: usize = 500;

/// Most map entries in one value, summed over everything nested in it.
pub const RULE_MAP_ENTRIES_MAX: usize = 1_000;

/// Most that the functions in one value may have captured, in the units of `rules/weight.rs`: three times the
/// largest map. A function that holds a function of the round before would grow for ever.
pub const RULE_CAPTURED_UNITS_MAX: u64 = 12_000;

/// Most functions in one rule file, closures included.
pub const RULE_FUNCTIONS_MAX: usize = 200;

/// Most variables alive at once in one evaluation.
pub const RULE_VARIABLES_MAX: usize = 128;

/// Modules a rule may load: none. A rule sees its own file and its facts.
pub const RULE_MODULES_MAX: usize = 0;

/// Most bytes of source in one rule file or expression. Parsing is not counted in operations, so the source
/// is.
pub const RULE_SOURCE_BYTES_MAX: usize = 262_144;

/// Deepest nesting of a value that leaves or enters the host. Converting recurses, so it needs a floor.
pub const RULE_VALUE_DEPTH_MAX: usize = 64;
