//! `jobsim diff`: what a change of a scenario changes in what happens, in words. Between two releases of Kubernetes:
//! `upgrade.rs`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Wrong;
use super::exit;
use super::files::{self, ValidateArg};
use super::out;
use super::upgrade;
use crate::api::release::Release;
use crate::report::output;
use crate::report::verdicts::{self, Remedy, Verdict};
use crate::run::{RunOptions, run as simulate};
use crate::scenario::{ReadOptions, Scenario};
use crate::study::difference::{Difference, SettingChange, TraceView, differences, setting_changes};

/// Arguments of `jobsim diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// Two of: a scenario or manifest, the folder that a run was written to. With --from any number of scenarios and
    /// folders of them
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,
    /// A file that both are run with, such as the Simulation for two manifests; may be repeated
    #[arg(short, long = "under", value_name = "FILE")]
    pub(super) under: Vec<PathBuf>,
    /// Run each scenario under this release of Kubernetes and under --to, and say which rule makes the difference
    #[arg(long, value_name = "VERSION")]
    pub(super) from: Option<Release>,
    /// The release that it is compared with [default: 1.37]
    #[arg(long, value_name = "VERSION", requires = "from")]
    pub(super) to: Option<Release>,
    /// With --from: take all files as one scenario, not each as one of its own
    #[arg(long, requires = "from")]
    pub(super) together: bool,
    /// With --from: so many differences a scenario and rows a table are printed
    #[arg(long, value_name = "N", requires = "from", default_value_t = 8)]
    pub(super) rows: usize,
    /// What chance is drawn from in both, instead of the scenarios' seeds
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// How differences are written
    #[arg(short, long, value_enum, default_value_t = Output::Human)]
    pub(super) output: Output,
    /// What to do about fields that Kubernetes does not know, and the like
    #[arg(long, value_enum, default_value_t = ValidateArg::Strict)]
    pub(super) validate: ValidateArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// A sentence each
    Human,
    /// One JSON object
    Json,
    /// JUnit XML, which CI systems show: a difference is a failure
    Junit,
    /// Annotations of GitHub Actions
    Github,
}

#[derive(Serialize)]
struct Document {
    settings: Vec<SettingChange>,
    differences: Vec<Difference>,
}

/// Compares. The exit codes are those of `kubectl diff`: 0 no difference, 1 differences, more: it went wrong.
pub fn run(args: &DiffArgs, colour: bool) -> anyhow::Result<ExitCode> {
    if let Some(from) = args.from {
        return upgrade::run(args, from, args.to.unwrap_or_default(), colour);
    }
    let [before, after] = args.paths.as_slice() else {
        writeln!(io::stderr(), "error: two paths are needed, or --from VERSION and any number of scenarios")?;
        return Ok(ExitCode::from(exit::USAGE));
    };
    let idle = [("--seed", args.seed.is_some()), ("--under", !args.under.is_empty())];
    let idle = idle.into_iter().find(|(_, is_given)| *is_given && is_run(before) && is_run(after));
    if let Some((option, _)) = idle {
        writeln!(io::stderr(), "error: {option} plays no part: both folders hold runs, and nothing is run")?;
        return Ok(ExitCode::from(exit::USAGE));
    }
    let (old, file) = (before.display().to_string(), after.display().to_string());
    let name = format!("{old} -> {file}");
    let Some(before) = side(args, before, colour)? else { return Ok(ExitCode::from(exit::USAGE)) };
    let Some(after) = side(args, after, colour)? else { return Ok(ExitCode::from(exit::USAGE)) };
    for note in notes((&old, before.1.as_ref()), (&file, after.1.as_ref())) {
        writeln!(io::stderr(), "note: {note}")?;
    }
    let settings = match (&before.1, &after.1) {
        (Some(before), Some(after)) => setting_changes(before, after),
        _ => Vec::new(),
    };
    let document = Document { settings, differences: differences(&before.0, &after.0) };
    let mut out = out::stdout();
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
        Output::Junit | Output::Github => {
            let mut verdict = Verdict::new(name, file);
            document.settings.iter().for_each(|change| verdict.fail(change.to_string(), Remedy::Nothing));
            let differences = document.differences.iter();
            differences.for_each(|difference| verdict.fail(difference.to_string(), Remedy::Nothing));
            match args.output {
                Output::Junit => verdicts::junit(&[verdict], &mut out)?,
                _ => verdicts::annotations(&[verdict], &mut out)?,
            }
        }
    }
    let same = document.settings.is_empty() && document.differences.is_empty();
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERENCE) })
}

/// What was noted of the scenarios, once, with the files that it is of.
fn notes(before: (&str, Option<&Scenario>), after: (&str, Option<&Scenario>)) -> Vec<String> {
    let of = |scenario: Option<&Scenario>| scenario.map(|scenario| scenario.notes.clone()).unwrap_or_default();
    let (old, new) = (of(before.1), of(after.1));
    let files = |note: &String| {
        if new.contains(note) { format!("{}, {}", before.0, after.0) } else { before.0.to_owned() }
    };
    let all = old.iter().map(|note| format!("{}: {note}", files(note)));
    let others = new.iter().filter(|note| !old.contains(note)).map(|note| format!("{}: {note}", after.0));
    all.chain(others).collect()
}

/// Does the folder hold the tables of a run?
fn is_run(folder: &Path) -> bool {
    folder.join("jobs.csv").is_file()
}

/// A trace, with the scenario if it was run for it; none if the scenario is wrong, which was said.
fn side(args: &DiffArgs, path: &Path, colour: bool) -> anyhow::Result<Option<(TraceView, Option<Scenario>)>> {
    if is_run(path) {
        return Ok(Some((TraceView::of_folder(path)?, None)));
    }
    if output::is_our_summary(&path.join(output::SUMMARY_FILE)) {
        let why = "no jobs.csv is in it; run without --trace none and --compress to compare folders";
        return Err(Wrong(format!("{}: {why}", path.display())).into());
    }
    let files: Vec<PathBuf> = std::iter::once(path.to_owned()).chain(args.under.iter().cloned()).collect();
    let options = ReadOptions { validate: args.validate.into(), ..ReadOptions::default() };
    let Some(scenario) = files::without_notes(files::read(&files)?, &options, colour)? else { return Ok(None) };
    let run = simulate(&scenario, &RunOptions { seed: args.seed, ..RunOptions::default() });
    Ok(Some((TraceView::of_run(&run), Some(scenario))))
}
