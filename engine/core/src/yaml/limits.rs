//! Limits of a YAML file. Meeting one is a finding, never a slow or fallen process.

/// Largest file, in bytes: 1 MiB. The largest flow anyone has drawn by hand is a hundredth of it.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;

/// Deepest nesting of lists and maps.
pub const DEPTH_MAX: usize = 64;

/// Most values (keys included) in one file.
pub const NODES_MAX: usize = 100_000;

/// The centre names every agent, ten thousand of them if need be: its limits are this many times as large.
const CENTRE_TIMES: usize = 4;

/// Most bytes and most values of a file, by its path in the deployment.
pub(super) fn of(file: &str) -> (usize, usize) {
    let times = if file == crate::deployment::CENTRE_FILE { CENTRE_TIMES } else { 1 };
    (FILE_BYTES_MAX * times, NODES_MAX * times)
}
