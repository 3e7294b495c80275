//! The `jobsim` command.

use std::io::Write;
use std::process::ExitCode;

use jobsim::cli::{Cli, code_of, is_closed_pipe, is_of_output};

fn main() -> ExitCode {
    // clap ends with code 2 on wrong usage, as we do on wrong input.
    match Cli::of_process().execute() {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let what = if is_of_output(&error) { "cannot write to standard output: " } else { "" };
            // Nothing is left to do if standard error is gone too.
            _ = writeln!(std::io::stderr(), "error: {what}{error:#}");
            ExitCode::from(code_of(&error))
        }
    }
}
