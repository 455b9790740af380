//! Threads with a large stack.
//!
//! The AMQP client reads the headers of a message by recursion, on a thread of its own. Whoever may publish can nest lists
//! 26,000 deep in one frame, and with the usual stack that ends the process, again at every delivery. Nobody but the
//! standard library can size the stack of that thread, by a variable it reads when the process starts.

use std::ffi::OsString;

/// The variable.
const VARIABLE: &str = "RUST_MIN_STACK";
/// Several times what reading the deepest headers of one frame takes; without optimisation that is ten times as much. Only
/// what is used is ever memory.
const READING: usize = if cfg!(debug_assertions) { 512 << 20 } else { 64 << 20 };
/// The same for what is done with them afterwards, which is letting them go, on any thread of the run time.
pub(crate) const WORKING: usize = if cfg!(debug_assertions) { 64 << 20 } else { 16 << 20 };

/// Starts the program anew with that variable, as the same process; does nothing when it is set. Where this is not
/// possible it goes on as it is.
#[cfg(unix)]
pub(crate) fn enlarge() {
    use std::os::unix::process::CommandExt;

    if std::env::var_os(VARIABLE).is_some() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_else(|| OsString::from("convene"));
    // Returns only when it fails.
    let _ = std::process::Command::new(program)
        .arg0(name)
        .args(arguments)
        .env(VARIABLE, READING.to_string())
        .exec();
}

#[cfg(not(unix))]
pub(crate) fn enlarge() {}
