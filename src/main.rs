//! The `jobsim` command.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use jobsim::cli::{Cli, code_of, is_closed_pipe};

fn main() -> ExitCode {
    // clap ends with code 2 on wrong usage, as we do on wrong input.
    match Cli::parse().execute() {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do if standard error is gone too.
            _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(code_of(&error))
        }
    }
}
