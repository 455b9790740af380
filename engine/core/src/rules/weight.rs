//! Counting what a run costs.
//!
//! Rhai has a count of its own and it is set too, but it cannot be relied on. What a closure does when a
//! native function such as `map` calls it is counted in a copy and thrown away: 1.27.0 brings the repair
//! only under a compiler flag that its published package never sets. And reading a variable is one
//! operation whether it copies a number or a map of a thousand entries, so that 20 000 copies of the
//! largest map take half a second.
//!
//! So this count is ours: one for each step the engine reports, from wherever, and a charge for large
//! values by the variable hook and by our own functions. The rates come from measurement: one operation
//! stands for about two microseconds of copying at worst. The count belongs to the run on this thread; a
//! run never leaves its thread.

use std::cell::Cell;

use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, Position};

use super::limits::{RULE_CAPTURED_UNITS_MAX, RULE_OPERATIONS_MAX};

thread_local! {
    static OPERATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Puts back the count of the run that this one interrupted, also when the run ends in a panic.
struct Restore(u64);

impl Drop for Restore {
    fn drop(&mut self) {
        OPERATIONS.set(self.0);
    }
}

/// Runs something with a count of its own.
pub(super) fn counted<T>(run: impl FnOnce() -> T) -> T {
    let _restore = Restore(OPERATIONS.replace(0));
    run()
}

/// Makes an engine stop at the bound.
pub(super) fn install(engine: &mut Engine) {
    engine.on_progress(|_| {
        let operations = OPERATIONS.get().saturating_add(1);
        OPERATIONS.set(operations);
        (operations > RULE_OPERATIONS_MAX).then_some(Dynamic::UNIT)
    });
}

/// What one operation pays for, in cost units.
const UNITS_PER_OPERATION: u64 = 50;
/// A map entry, or a container inside another: an allocation or two each.
const ENTRY_UNITS: u64 = 4;
/// How deep a container costs more than the one around it. No honest value is deeper; a value nested in
/// itself for ever is all depth, and each copy of it chases one pointer per level.
const DEPTH_COUNTED: u64 = 8;
/// An array element.
const ELEMENT_UNITS: u64 = 2;
/// Bytes of text for one unit. Reading shares a text, so this pays for scanning or changing it.
const BYTES_PER_UNIT: u64 = 64;

/// Adds the cost of reading a value to the operations already counted; the next operation meets the bound.
///
/// # Errors
/// `ErrorDataTooLarge` when the functions in it have captured more than a value may hold. Rhai measures
/// texts, arrays and maps, but never looks into a function.
pub(super) fn charge(value: &Dynamic) -> Result<(), Box<EvalAltResult>> {
    let weight = weigh(value, 0);
    charge_units(weight.units);
    if weight.captured > RULE_CAPTURED_UNITS_MAX {
        let what = "what closures have captured is".to_owned();
        return Err(EvalAltResult::ErrorDataTooLarge(what, Position::NONE).into());
    }
    Ok(())
}

/// Adds the cost of so many copies of a value as elements of an array.
pub(super) fn charge_copies(value: &Dynamic, copies: usize) {
    charge_units((ELEMENT_UNITS + weigh(value, 1).units).saturating_mul(copies as u64));
}

/// Adds the cost of making or scanning so many bytes of text.
pub(super) fn charge_bytes(bytes: usize) {
    charge_units(bytes as u64 / BYTES_PER_UNIT);
}

fn charge_units(units: u64) {
    OPERATIONS.set(OPERATIONS.get().saturating_add(units / UNITS_PER_OPERATION));
}

/// What a value and everything in it costs.
#[derive(Default)]
struct Weight {
    units: u64,
    /// The part of it that functions hold.
    captured: u64,
}

impl Weight {
    /// This with the weight of the items of a container, each for so many units of its own.
    fn add<'v>(mut self, items: impl Iterator<Item = &'v Dynamic>, each: u64, depth: u64) -> Self {
        for item in items {
            let item = weigh(item, depth + 1);
            self.units += each + item.units;
            self.captured += item.captured;
        }
        self
    }
}

/// The weight of a value. Its depth is bounded by the size limits.
fn weigh(value: &Dynamic, depth: u64) -> Weight {
    let container = Weight { units: ENTRY_UNITS * depth.min(DEPTH_COUNTED), captured: 0 };
    if let Ok(entries) = value.as_map_ref() {
        return container.add(entries.values(), ENTRY_UNITS, depth);
    }
    if let Ok(items) = value.as_array_ref() {
        return container.add(items.iter(), ELEMENT_UNITS, depth);
    }
    if let Some(function) = value.read_lock::<FnPtr>() {
        let all = container.add(function.iter_curry(), ENTRY_UNITS, depth);
        return Weight { captured: all.units, ..all };
    }
    let text = value.as_immutable_string_ref().map_or(0, |text| text.len() as u64 / BYTES_PER_UNIT);
    Weight { units: text, captured: 0 }
}
