//! The `sstp-diag` program: arguments in, exit code out.
fn main() {}
