//! What tests of rules may call beside the rules: assertions, and facts to begin with.
//!
//! | call | does |
//! |---|---|
//! | `assert(holds)`, `assert(holds, "why")` | fails unless true |
//! | `assert_eq(got, wanted)`, `assert_ne(got, unwanted)` | compares, and shows both when it fails |
//! | `facts()` | the facts of a conversation in which nothing has happened |
//! | `facts(#{ … })` | the same with some of them set |

use std::sync::Arc;

use rhai::{Dynamic, Engine, EvalAltResult, Map, NativeCallContext};

use super::Json;
use super::convert::{to_dynamic, to_json};

/// How the message of a failed assertion begins: the rule is wrong, not broken.
pub const FAILED: &str = "assertion failed: ";

/// Says what is wrong with facts that are given: a name that no conversation has.
pub type UnknownFact = Box<dyn Fn(&Json) -> Option<String> + Send + Sync>;

type Outcome = Result<(), Box<EvalAltResult>>;

/// Adds all of them to an engine.
pub(super) fn register(engine: &mut Engine, blank: Json, unknown: UnknownFact) {
    let blank = Arc::new(blank);
    let again = blank.clone();
    engine
        .register_fn("assert", |context: NativeCallContext, holds: bool| {
            fail_unless(&context, holds, || "it is false".to_owned())
        })
        .register_fn("assert", |context: NativeCallContext, holds: bool, why: &str| {
            fail_unless(&context, holds, || why.to_owned())
        })
        .register_fn("assert", |context: NativeCallContext, _: Dynamic| no_truth(&context))
        .register_fn("assert", |context: NativeCallContext, _: Dynamic, _: &str| no_truth(&context))
        .register_fn("assert_eq", |context: NativeCallContext, got: Dynamic, wanted: Dynamic| {
            let (got, wanted) = (shown(&got), shown(&wanted));
            fail_unless(&context, got == wanted, || format!("got {got}, wanted {wanted}"))
        })
        .register_fn("assert_ne", |context: NativeCallContext, got: Dynamic, unwanted: Dynamic| {
            let (got, unwanted) = (shown(&got), shown(&unwanted));
            fail_unless(&context, got != unwanted, || format!("got {got}, which is not wanted"))
        })
        .register_fn("facts", move || to_dynamic(&blank))
        .register_fn("facts", move |context: NativeCallContext, some: Map| {
            let some = to_json(&Dynamic::from_map(some))
                .map_err(|e| EvalAltResult::ErrorRuntime(e.message.into(), context.call_position()))?;
            if let Some(problem) = unknown(&some) {
                return Err(EvalAltResult::ErrorRuntime(problem.into(), context.call_position()).into());
            }
            Ok::<_, Box<EvalAltResult>>(to_dynamic(&overlaid(&again, &some)))
        });
}

fn no_truth(context: &NativeCallContext) -> Outcome {
    let message = "`assert` takes true or false; compare the value, or use `assert_eq`";
    Err(EvalAltResult::ErrorRuntime(message.into(), context.call_position()).into())
}

fn fail_unless(context: &NativeCallContext, holds: bool, why: impl FnOnce() -> String) -> Outcome {
    if holds {
        return Ok(());
    }
    let message = format!("{FAILED}{}", why());
    Err(EvalAltResult::ErrorRuntime(message.into(), context.call_position()).into())
}

/// A value as JSON text. Maps are sorted, so equal values have equal texts.
fn shown(value: &Dynamic) -> String {
    to_json(value).map_or_else(|e| e.message, |json| json.to_string())
}

/// A value with some of it replaced: maps are merged, everything else is taken as it is.
#[must_use]
pub fn overlaid(base: &Json, over: &Json) -> Json {
    let (Json::Object(base), Json::Object(over)) = (base, over) else { return over.clone() };
    let mut merged = base.clone();
    for (key, value) in over {
        let under = merged.get(key).cloned().unwrap_or(Json::Null);
        merged.insert(key.clone(), overlaid(&under, value));
    }
    Json::Object(merged)
}
