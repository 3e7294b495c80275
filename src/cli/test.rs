//! `jobsim test`: scenarios held against their golden traces and against what they expect.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::exit;
use super::files::{self, ValidateArg};
use crate::record::Ending;
use crate::report::output;
use crate::report::verdicts::{self, Outcome, Verdict};
use crate::run::{RunOptions, run as simulate};
use crate::scenario::{self, ReadOptions};
use crate::study::expectations;
use crate::study::golden::{self, Comparison};

/// Arguments of `jobsim test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Scenario files, or folders with scenarios in them and below
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Where the golden traces are, a folder a scenario [default: `golden` in the folder of scenarios, or else
    /// `tests/golden` beside that folder, if it is there]
    #[arg(long, value_name = "DIR")]
    golden: Option<PathBuf>,
    /// Record what the scenarios do now as their golden traces
    #[arg(long)]
    bless: bool,
    /// Tables with more lines than this are kept as a digest
    #[arg(long, default_value_t = 5000, value_name = "N")]
    most_rows: usize,
    /// How the outcome is written
    #[arg(short, long, value_enum, default_value_t = Output::Human)]
    output: Output,
    /// What to do about fields that Kubernetes does not know, and the like
    #[arg(long, value_enum, default_value_t = ValidateArg::Strict)]
    validate: ValidateArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people
    Human,
    /// One JSON object
    Json,
    /// JUnit XML, which CI systems show
    Junit,
    /// Annotations of GitHub Actions
    Github,
}

/// Tests them all. The exit code is 1 if one does not pass.
pub fn run(args: &TestArgs) -> anyhow::Result<ExitCode> {
    let scenarios = golden::scenarios(&args.paths)?;
    if scenarios.is_empty() {
        writeln!(io::stderr(), "error: no scenario was found: files that end in .yaml or .yml")?;
        return Ok(ExitCode::from(exit::USAGE));
    }
    let mut verdicts = Vec::new();
    for (name, file) in scenarios {
        verdicts.push(one(args, name, &file)?);
    }
    let mut out = io::stdout().lock();
    match args.output {
        Output::Human => verdicts::human(&verdicts, &mut out)?,
        Output::Json => verdicts::json(&verdicts, &mut out)?,
        Output::Junit => verdicts::junit(&verdicts, &mut out)?,
        Output::Github => verdicts::github(&verdicts, &mut out)?,
    }
    let passed = verdicts.iter().all(|verdict| verdict.outcome != Outcome::Failed);
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERENCE) })
}

fn one(args: &TestArgs, name: String, file: &Path) -> anyhow::Result<Verdict> {
    let shown = file.display().to_string();
    let mut verdict = Verdict { name, file: shown, outcome: Outcome::Passed, complaints: Vec::new() };
    let options = ReadOptions { validate: args.validate.into(), ..ReadOptions::default() };
    let folder = args.golden.clone().unwrap_or_else(|| beside(&args.paths, file)).join(&verdict.name);
    // A refusal is part of what is kept where manifests are checked as a cluster does by default.
    let refusal = if args.validate == ValidateArg::Strict { golden::refusal(&folder)? } else { None };
    let scenario = match scenario::read(files::read(&[file.to_owned()])?, &options) {
        Ok((scenario, _)) => scenario,
        Err(problems) => {
            // Where the file is does not matter.
            let text = problems.render(false).replace(&verdict.file, &format!("{}.yaml", verdict.name)) + "\n";
            refused(args, &mut verdict, &folder, refusal, text)?;
            return Ok(verdict);
        }
    };
    let was_refused = refusal.is_some();
    if let Some(before) = refusal.filter(|_| !args.bless) {
        let first = before.lines().next().unwrap_or("");
        verdict.fail(format!("it is not refused any more; before: {first}"));
    }
    let run = simulate(&scenario, &RunOptions::default());
    match &run.ending {
        Ending::Settled | Ending::Horizon => {}
        Ending::Limit(why) | Ending::Fault(why) => verdict.fail(format!("the run stopped: {why}")),
        Ending::Interrupted => verdict.fail("the run was interrupted".to_owned()),
    }
    for expectation in &scenario.expectations {
        if let Some(why) = expectations::failure(expectation, &run) {
            verdict.fail(format!("{}: expected {expectation}: {why}", expectation.place()));
        }
    }
    match golden::compare(&folder, &run)? {
        found if args.bless && (was_refused || found != Comparison::Same) => {
            golden::clear(&folder)?;
            output::write_all(&folder, golden::kept(&run, args.most_rows))?;
            verdict.blessed();
        }
        Comparison::Same => {}
        Comparison::Missing if scenario.expectations.is_empty() => {
            verdict.fail("there is no golden trace, and nothing is expected: --bless records one".to_owned());
        }
        Comparison::Missing => {}
        Comparison::Differs(words, tables) if words.is_empty() => {
            tables.into_iter().for_each(|table| verdict.fail(table));
        }
        Comparison::Differs(words, _) => words.iter().for_each(|difference| verdict.fail(difference.to_string())),
    }
    Ok(verdict)
}

/// A scenario that is refused passes if it was refused before, with the same words.
fn refused(
    args: &TestArgs,
    verdict: &mut Verdict,
    folder: &Path,
    before: Option<String>,
    text: String,
) -> anyhow::Result<()> {
    match before {
        Some(before) if before == text => {}
        _ if args.bless => {
            let first = text.lines().next().unwrap_or("").to_owned();
            golden::clear(folder)?;
            output::write_all(folder, golden::kept_refusal(text))?;
            verdict.blessed();
            verdict.complaints.push(format!("it is refused: {first}"));
        }
        Some(_) => verdict.fail(format!("it is refused with other words than before\n{}", text.trim_end())),
        None => verdict.fail(text.trim_end().to_owned()),
    }
    Ok(())
}

/// `golden` in the folder that was named, or beside the file that was; else `tests/golden` beside that folder.
fn beside(paths: &[PathBuf], file: &Path) -> PathBuf {
    let root = paths.iter().find(|path| path.is_dir() && file.starts_with(path)).cloned();
    let root = root.or_else(|| file.parent().map(Path::to_owned)).unwrap_or_default();
    let (inside, tests) = (root.join("golden"), root.join("../tests/golden"));
    if !inside.is_dir() && tests.is_dir() { tests } else { inside }
}
