//! Limits of a YAML file. Meeting one is a finding, never a slow or fallen process.

/// Largest file, in bytes: 1 MiB. The largest flow anyone has drawn by hand is a hundredth of it.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;

/// Deepest nesting of lists and maps.
pub const DEPTH_MAX: usize = 64;

/// Most values (keys included) in one file.
pub const NODES_MAX: usize = 100_000;
