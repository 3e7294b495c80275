//! The `jobsim` command.

fn main() {}
