//! The command `convene`.
fn main() {}
