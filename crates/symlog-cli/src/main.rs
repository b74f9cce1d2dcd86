//! The `symlog` command.
fn main() {}
