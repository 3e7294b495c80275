//! `jobsim explain`: what a field means and what becomes of it here, or why a pod waited.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::exit;
use super::explain_pod::{self, PodArgs};
use super::out;
use crate::report::manual::explain::explain;

/// Arguments of `jobsim explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A kind or one of its fields: job.spec.backoffLimitPerIndex, cronjob, simulation.spec.pods; or a pod of a scenario:
    /// pod NAME FILE..
    #[arg(value_name = "KIND[.FIELD..]", required = true)]
    words: Vec<String>,
    /// All fields below as a tree, without their documentation
    #[arg(long)]
    recursive: bool,
    /// Of `explain pod`: scenario files or folders
    #[arg(short, long, value_name = "FILE")]
    filename: Vec<PathBuf>,
    #[command(flatten)]
    pod: PodArgs,
}

/// Prints the documentation of a field, or what a pod waited for.
pub fn run(args: &ExplainArgs, colour: bool) -> anyhow::Result<ExitCode> {
    if let Some((name, mut files)) = explain_pod::wanted(&args.words) {
        files.extend(args.filename.iter().cloned());
        if files.is_empty() {
            writeln!(io::stderr(), "error: explain pod {name}: name the scenario's files after it")?;
            return Ok(ExitCode::from(exit::USAGE));
        }
        return explain_pod::run(&args.pod, name, &files, colour);
    }
    let [path] = args.words.as_slice() else {
        let words = args.words.join(" ");
        writeln!(io::stderr(), "error: {words}: name one kind or field, such as job.spec.completions")?;
        return Ok(ExitCode::from(exit::USAGE));
    };
    match explain(path, args.recursive) {
        Ok(text) => {
            out::stdout().write_all(text.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            writeln!(io::stderr(), "error: {error}")?;
            Ok(ExitCode::from(exit::USAGE))
        }
    }
}
