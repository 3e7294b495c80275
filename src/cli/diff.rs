//! `jobsim diff`: what a change of a scenario changes in what happens, in words.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::exit;
use super::files::{self, ValidateArg};
use crate::run::{RunOptions, run as simulate};
use crate::scenario::{ReadOptions, Scenario};
use crate::study::difference::{Difference, SettingChange, TraceView, differences, setting_changes};

/// Arguments of `jobsim diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// A scenario or manifest, or the folder that a run was written to
    before: PathBuf,
    /// Another one
    after: PathBuf,
    /// A file that both are run with, such as the Simulation for two manifests; may be repeated
    #[arg(short, long = "under", value_name = "FILE")]
    under: Vec<PathBuf>,
    /// What chance is drawn from in both, instead of the scenarios' seeds
    #[arg(long)]
    seed: Option<u64>,
    /// How differences are written
    #[arg(short, long, value_enum, default_value_t = Output::Human)]
    output: Output,
    /// What to do about fields that Kubernetes does not know, and the like
    #[arg(long, value_enum, default_value_t = ValidateArg::Strict)]
    validate: ValidateArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A sentence each
    Human,
    /// One JSON object
    Json,
}

#[derive(Serialize)]
struct Document {
    settings: Vec<SettingChange>,
    differences: Vec<Difference>,
}

/// Compares. The exit codes are those of `kubectl diff`: 0 no difference, 1 differences, more: it went wrong.
pub fn run(args: &DiffArgs, colour: bool) -> anyhow::Result<ExitCode> {
    let Some(before) = side(args, &args.before, colour)? else { return Ok(ExitCode::from(exit::USAGE)) };
    let Some(after) = side(args, &args.after, colour)? else { return Ok(ExitCode::from(exit::USAGE)) };
    let settings = match (&before.1, &after.1) {
        (Some(before), Some(after)) => setting_changes(before, after),
        _ => Vec::new(),
    };
    let document = Document { settings, differences: differences(&before.0, &after.0) };
    let mut out = io::stdout().lock();
    match args.output {
        Output::Human => {
            for change in &document.settings {
                writeln!(out, "{change}")?;
            }
            if !document.settings.is_empty() && !document.differences.is_empty() {
                writeln!(out)?;
            }
            for difference in &document.differences {
                writeln!(out, "{difference}")?;
            }
        }
        Output::Json => {
            serde_json::to_writer_pretty(&mut out, &document)?;
            writeln!(out)?;
        }
    }
    let same = document.settings.is_empty() && document.differences.is_empty();
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERENCE) })
}

/// A trace, with the scenario if it was run for it; none if the scenario is wrong, which was said.
fn side(args: &DiffArgs, path: &Path, colour: bool) -> anyhow::Result<Option<(TraceView, Option<Scenario>)>> {
    if path.join("jobs.csv").is_file() {
        return Ok(Some((TraceView::of_folder(path)?, None)));
    }
    let files: Vec<PathBuf> = std::iter::once(path.to_owned()).chain(args.under.iter().cloned()).collect();
    let options = ReadOptions { validate: args.validate.into(), ..ReadOptions::default() };
    let Some(scenario) = files::scenario(files::read(&files)?, &options, colour)? else { return Ok(None) };
    let run = simulate(&scenario, &RunOptions { seed: args.seed, ..RunOptions::default() });
    Ok(Some((TraceView::of_run(&run), Some(scenario))))
}
