//! `jobsim explain`: what a field means, and what becomes of it here.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;

use super::exit;
use crate::report::manual::explain::explain;

/// Arguments of `jobsim explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A kind or one of its fields: job.spec.backoffLimitPerIndex, cronjob, simulation.spec.pods
    #[arg(value_name = "KIND[.FIELD..]")]
    path: String,
    /// All fields below as a tree, without their documentation
    #[arg(long)]
    recursive: bool,
}

/// Prints the documentation of a field.
pub fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    match explain(&args.path, args.recursive) {
        Ok(text) => {
            io::stdout().lock().write_all(text.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            writeln!(io::stderr(), "error: {error}")?;
            Ok(ExitCode::from(exit::USAGE))
        }
    }
}
