//! The functions a rule may call, where Rhai's own are unsafe, silent or depend on the machine.
//!
//! Registered on the engine itself these go before the same signature in a package. Left out with their
//! packages: `sleep`, `exit`, `parse_json` (core language), trigonometry and logarithms (their last digits
//! differ between platforms), blobs, bit fields and time.

use std::any::TypeId;

use rhai::{
    Array, Dynamic, Engine, EvalAltResult, FLOAT, FnPtr, FuncRegistration, INT, ImmutableString, Map, Module,
    NativeCallContext, Position, RhaiFunc, Shared,
};

use super::convert::type_of;
use super::limits::{RULE_ARRAY_ELEMENTS_MAX, RULE_STRING_BYTES_MAX};
use super::weight;

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// Adds every function of this file to an engine.
pub(super) fn register(engine: &mut Engine) {
    register_numbers(engine);
    register_strings(engine);
    register_arrays(engine);
    register_equality(engine);
    register_orderings(engine);
}

/// Arithmetic whose result is the same to the last bit on every platform.
fn register_numbers(engine: &mut Engine) {
    engine
        .register_fn("floor", |x: FLOAT| x.floor())
        .register_fn("ceiling", |x: FLOAT| x.ceil())
        .register_fn("round", |x: FLOAT| x.round())
        .register_fn("is_nan", |x: FLOAT| x.is_nan())
        .register_fn("to_int", |x: INT| x)
        .register_fn("to_float", |x: INT| x as FLOAT)
        .register_fn("to_int", to_int)
        .register_fn("parse_int", |context: NativeCallContext, text: &str| {
            text.trim()
                .parse::<INT>()
                .map_err(|_| runtime(&context, format!("`{text}` is not a whole number")))
        })
        .register_fn("parse_float", |context: NativeCallContext, text: &str| {
            let number = text.trim().parse::<FLOAT>().ok().filter(|n| n.is_finite());
            number.ok_or_else(|| runtime(&context, format!("`{text}` is not a number")))
        });
}

/// Cuts the fraction off. A float that no whole number can hold is an error, not the nearest bound.
fn to_int(context: NativeCallContext, x: FLOAT) -> Outcome<INT> {
    // 2^63 is the first float above every i64; -2^63 is itself an i64.
    const BOUND: FLOAT = 9_223_372_036_854_775_808.0;
    if !(-BOUND..BOUND).contains(&x) {
        return Err(EvalAltResult::ErrorArithmetic(
            format!("{x} is no whole number"),
            context.call_position(),
        )
        .into());
    }
    Ok(x as INT)
}

/// `pad` never ends with an empty padding in Rhai, and `replace` builds its result before any size is
/// checked.
fn register_strings(engine: &mut Engine) {
    engine
        .register_fn("pad", |c: NativeCallContext, s: &mut ImmutableString, len: INT, with: char| {
            pad_string(&c, s, len, with.encode_utf8(&mut [0; 4]))
        })
        .register_fn("pad", |c: NativeCallContext, s: &mut ImmutableString, len: INT, with: &str| {
            pad_string(&c, s, len, with)
        })
        .register_fn("replace", |c: NativeCallContext, s: &mut ImmutableString, from: &str, to: &str| {
            replace(&c, s, from, to)
        })
        .register_fn("replace", |c: NativeCallContext, s: &mut ImmutableString, from: &str, to: char| {
            replace(&c, s, from, to.encode_utf8(&mut [0; 4]))
        })
        .register_fn("replace", |c: NativeCallContext, s: &mut ImmutableString, from: char, to: &str| {
            replace(&c, s, from.encode_utf8(&mut [0; 4]), to)
        })
        .register_fn("replace", |c: NativeCallContext, s: &mut ImmutableString, from: char, to: char| {
            replace(&c, s, from.encode_utf8(&mut [0; 4]), to.encode_utf8(&mut [0; 4]))
        });
}

/// Lengthens a text to `length` characters.
fn pad_string(
    context: &NativeCallContext,
    text: &mut ImmutableString,
    length: INT,
    with: &str,
) -> Outcome<()> {
    let present = text.chars().count();
    let Some(missing) = usize::try_from(length).ok().and_then(|l| l.checked_sub(present)).filter(|m| *m > 0)
    else {
        return Ok(());
    };
    if with.is_empty() {
        return Err(runtime(context, "a text cannot be padded with an empty text".to_owned()));
    }
    // A character is at least one byte, so the count bounds the loop before the bytes bound the result.
    if missing > RULE_STRING_BYTES_MAX {
        return Err(too_large(context, "Length of string"));
    }
    let unit = with.chars().count();
    let mut padded = String::from(text.as_str());
    padded.push_str(&with.repeat(missing / unit));
    padded.extend(with.chars().take(missing % unit));
    weight::charge_bytes(padded.len());
    within_string(context, padded.len())?;
    *text = padded.into();
    Ok(())
}

/// Replaces every occurrence, once the size of the result is known to be allowed.
fn replace(context: &NativeCallContext, text: &mut ImmutableString, from: &str, to: &str) -> Outcome<()> {
    weight::charge_bytes(text.len());
    let found = text.matches(from).count();
    within_string(context, text.len().saturating_add(found.saturating_mul(to.len())))?;
    *text = text.replace(from, to).into();
    Ok(())
}

/// `pad` overflows its own check, and sorting and `dedup` swallow what the comparer fails with.
fn register_arrays(engine: &mut Engine) {
    engine
        .register_fn("pad", pad_array)
        .register_fn("sort", sort_by)
        .register_fn("sort_by", sort_by)
        .register_fn("dedup", dedup_by);
    for name in ["order", "order_by"] {
        let ordered = |context: NativeCallContext, array: &mut Array, comparer: FnPtr| {
            sorted(&context, array.clone(), &comparer)
        };
        FuncRegistration::new(name).with_purity(true).register_into_engine(engine, ordered);
    }
}

/// Lengthens an array to `length` elements.
fn pad_array(context: NativeCallContext, array: &mut Array, length: INT, item: Dynamic) -> Outcome<()> {
    let Some(length) = usize::try_from(length).ok().filter(|l| *l > array.len()) else { return Ok(()) };
    if length > RULE_ARRAY_ELEMENTS_MAX {
        return Err(too_large(&context, "Size of array"));
    }
    weight::charge_copies(&item, length - array.len());
    array.resize(length, item);
    Ok(())
}

/// Sorts in place by a comparer; the array stays as it was when the comparer fails.
fn sort_by(context: NativeCallContext, array: &mut Array, comparer: FnPtr) -> Outcome<()> {
    *array = sorted(&context, array.clone(), &comparer)?;
    Ok(())
}

/// A stable merge sort that hands on the comparer's failure. The standard sort cannot be left early, and
/// panics when a comparer contradicts itself.
fn sorted(context: &NativeCallContext, mut items: Array, comparer: &FnPtr) -> Outcome<Array> {
    if items.len() < 2 {
        return Ok(items);
    }
    let right = sorted(context, items.split_off(items.len() / 2), comparer)?;
    let left = sorted(context, items, comparer)?;
    let mut merged = Array::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(l), Some(r)) = (left.peek(), right.peek()) {
        let next = if goes_first(context, comparer, r, l)? { right.next() } else { left.next() };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}

/// Whether `a` must stand before `b`: the comparer says `true` or a negative number of `(a, b)`.
fn goes_first(context: &NativeCallContext, comparer: &FnPtr, a: &Dynamic, b: &Dynamic) -> Outcome<bool> {
    let answer = comparer.call_raw(context, None, [a.clone(), b.clone()])?;
    match (answer.as_int(), answer.as_bool()) {
        (Ok(number), _) => Ok(number < 0),
        (_, Ok(before)) => Ok(before),
        _ => Err(mismatch(context, "a comparer answers with a whole number or true or false", &answer)),
    }
}

/// Drops each element the comparer calls equal to the one before it.
fn dedup_by(context: NativeCallContext, array: &mut Array, comparer: FnPtr) -> Outcome<()> {
    let mut kept = Array::with_capacity(array.len());
    for item in array.iter() {
        let same = match kept.last() {
            None => false,
            Some(last) => {
                let answer = comparer.call_raw(&context, None, [Dynamic::clone(last), item.clone()])?;
                answer
                    .as_bool()
                    .map_err(|_| mismatch(&context, "a comparer answers with true or false", &answer))?
            }
        };
        if !same {
            kept.push(item.clone());
        }
    }
    *array = kept;
    Ok(())
}

/// Rhai compares nested values through a full function call per element and counts none of it: comparing
/// two long arrays in a loop would outlast every bound. These walk both sides directly.
fn register_equality(engine: &mut Engine) {
    let arrays =
        |a: &[Dynamic], b: &[Dynamic]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b));
    let place = |array: &[Dynamic], sought: &Dynamic| array.iter().position(|item| equal(item, sought));
    let pure = |name: &str| FuncRegistration::new(name).with_purity(true);
    pure("==").register_into_engine(engine, move |a: &mut Array, b: Array| arrays(a, &b));
    pure("!=").register_into_engine(engine, move |a: &mut Array, b: Array| !arrays(a, &b));
    pure("==").register_into_engine(engine, |a: &mut Map, b: Map| equal_maps(a, &b));
    pure("!=").register_into_engine(engine, |a: &mut Map, b: Map| !equal_maps(a, &b));
    pure("contains")
        .register_into_engine(engine, move |a: &mut Array, sought: Dynamic| place(a, &sought).is_some());
    let index_of = move |a: &mut Array, sought: Dynamic| {
        place(a, &sought).and_then(|at| INT::try_from(at).ok()).unwrap_or(-1)
    };
    pure("index_of").register_into_engine(engine, index_of);
}

/// Equality as `==` means it: whole numbers equal floats, a character equals the text of it, functions
/// equal nothing.
fn equal(a: &Dynamic, b: &Dynamic) -> bool {
    if let (Ok(a), Ok(b)) = (a.as_int(), b.as_int()) {
        return a == b;
    }
    if let (Ok(a), Ok(b)) = (a.as_immutable_string_ref(), b.as_immutable_string_ref()) {
        return *a == *b;
    }
    if let (Ok(a), Ok(b)) = (a.as_bool(), b.as_bool()) {
        return a == b;
    }
    if let (Ok(a), Ok(b)) = (a.as_map_ref(), b.as_map_ref()) {
        return equal_maps(&a, &b);
    }
    if let (Ok(a), Ok(b)) = (a.as_array_ref(), b.as_array_ref()) {
        return a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(a, b));
    }
    let float = |value: &Dynamic| value.as_float().or_else(|_| value.as_int().map(|n| n as FLOAT)).ok();
    if let (Some(a), Some(b)) = (float(a), float(b)) {
        return a == b;
    }
    let text =
        |value: &Dynamic| value.as_char().map(String::from).or_else(|_| value.clone().into_string()).ok();
    if let (Some(a), Some(b)) = (text(a), text(b)) {
        return a == b;
    }
    a.is_unit() && b.is_unit()
}

fn equal_maps(a: &Map, b: &Map) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|((ka, a), (kb, b))| ka == kb && equal(a, b))
}

/// Makes `1 < "a"` and `() > 3` errors. Rhai answers `false`, which would route a customer by a typing
/// mistake.
fn register_orderings(engine: &mut Engine) {
    let number = [TypeId::of::<INT>(), TypeId::of::<FLOAT>()];
    let text = [TypeId::of::<ImmutableString>(), TypeId::of::<char>()];
    let other = [TypeId::of::<bool>(), TypeId::of::<()>(), TypeId::of::<Array>(), TypeId::of::<Map>()];
    let all = || number.iter().chain(&text).chain(&other);
    let comparable =
        |a, b| (number.contains(a) && number.contains(b)) || (text.contains(a) && text.contains(b));
    let mut module = Module::new();
    for operator in ["<", "<=", ">", ">="] {
        for (a, b) in all().flat_map(|a| all().map(move |b| (a, b))).filter(|(a, b)| !comparable(a, b)) {
            let refuse = move |context: Option<NativeCallContext>, args: &mut [&mut Dynamic]| {
                let types: Vec<_> = args.iter().map(|v| type_of(v)).collect();
                let position = context.map_or(Position::NONE, |c| c.call_position());
                let wanted = format!("`{operator}` compares two numbers or two strings");
                Err(EvalAltResult::ErrorMismatchDataType(wanted, types.join(" and "), position).into())
            };
            let func = Shared::new(refuse);
            let function = RhaiFunc::Pure { func, has_context: true, is_pure: true, is_volatile: false };
            FuncRegistration::new(operator).set_into_module_raw(&mut module, [*a, *b], function);
        }
    }
    engine.register_global_module(module.into());
}

fn within_string(context: &NativeCallContext, bytes: usize) -> Outcome<()> {
    if bytes > RULE_STRING_BYTES_MAX { Err(too_large(context, "Length of string")) } else { Ok(()) }
}

fn too_large(context: &NativeCallContext, what: &str) -> Box<EvalAltResult> {
    EvalAltResult::ErrorDataTooLarge(what.to_owned(), context.call_position()).into()
}

fn runtime(context: &NativeCallContext, message: String) -> Box<EvalAltResult> {
    EvalAltResult::ErrorRuntime(message.into(), context.call_position()).into()
}

fn mismatch(context: &NativeCallContext, wanted: &str, found: &Dynamic) -> Box<EvalAltResult> {
    let found = type_of(found).to_owned();
    EvalAltResult::ErrorMismatchDataType(wanted.to_owned(), found, context.call_position()).into()
}
