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

use rhai::{Dynamic, Engine};

use super::limits::RULE_OPERATIONS_MAX;

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

/// Adds the cost of handling a value to the operations already counted; the next operation meets the bound.
pub(super) fn charge(value: &Dynamic) {
    charge_units(units(value, 0));
}

/// Adds the cost of so many copies of a value as elements of an array.
pub(super) fn charge_copies(value: &Dynamic, copies: usize) {
    charge_units((ELEMENT_UNITS + units(value, 1)).saturating_mul(copies as u64));
}

/// Adds the cost of making or scanning so many bytes of text.
pub(super) fn charge_bytes(bytes: usize) {
    charge_units(bytes as u64 / BYTES_PER_UNIT);
}

fn charge_units(units: u64) {
    OPERATIONS.set(OPERATIONS.get().saturating_add(units / UNITS_PER_OPERATION));
}

/// The cost of a value and everything in it. Its depth is bounded by the size limits.
fn units(value: &Dynamic, depth: u64) -> u64 {
    let container = ENTRY_UNITS * depth.min(DEPTH_COUNTED);
    if let Ok(entries) = value.as_map_ref() {
        return entries.values().map(|item| ENTRY_UNITS + units(item, depth + 1)).sum::<u64>() + container;
    }
    if let Ok(items) = value.as_array_ref() {
        return items.iter().map(|item| ELEMENT_UNITS + units(item, depth + 1)).sum::<u64>() + container;
    }
    value.as_immutable_string_ref().map_or(0, |text| text.len() as u64 / BYTES_PER_UNIT)
}
