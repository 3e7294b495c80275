//! `jobsim test`: scenarios held against their golden traces and against what they expect.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::Wrong;
use super::exit;
use super::files::{self, ValidateArg};
use super::out;
use crate::api::duration::format_go_duration;
use crate::kernel::time::SimTime;
use crate::record::{CronJobLife, Ending, JobLife, Run};
use crate::report::output::{self, OutputError};
use crate::report::verdicts::{self, Golden, Outcome, Remedy, Verdict};
use crate::run::{RunOptions, run as simulate};
use crate::scenario::{self, About, Problems, ReadOptions, Scenario, source};
use crate::study::expectations;
use crate::study::golden::{self, Comparison, Found};

/// Arguments of `jobsim test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Scenario files, or folders with scenarios in them and below
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Where the golden traces are, a folder a scenario [default: `golden` in the folder of scenarios; `tests/golden`
    /// beside that folder, if that is there and the other is not]
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

/// Most changes of manifests that are told of a scenario.
const MOST_CHANGES: usize = 8;

/// A scenario, or what is wrong with its file, and where its golden trace is.
struct Candidate {
    name: String,
    file: PathBuf,
    /// The folder of golden traces, and in it that of this one.
    golden: PathBuf,
    folder: PathBuf,
    read: Result<Box<Scenario>, Problems>,
}

/// Tests them all. The exit code is 1 if one does not pass.
pub fn run(args: &TestArgs) -> anyhow::Result<ExitCode> {
    if let Some(golden) = args.golden.as_ref().filter(|golden| !golden.is_dir()) {
        let shown = golden.display();
        if golden.exists() {
            return Err(Wrong(format!("{shown} is no folder: --golden names that of golden traces")).into());
        }
        if !args.bless {
            let why = "--golden names the folder of golden traces, which --bless makes";
            return Err(Wrong(format!("no such folder: {shown}; {why}")).into());
        }
    }
    let (candidates, idle) = candidates(args)?;
    let without_scenario = without_scenario(args, &candidates)?;
    if candidates.is_empty() && without_scenario.is_empty() {
        let why = match idle {
            0 => "files that end in .yaml, .yml or .json".to_owned(),
            1 => "1 file has nothing to run".to_owned(),
            n => format!("{n} files have nothing to run"),
        };
        return Err(Wrong(format!("no scenario was found: {why}")).into());
    }
    let mut verdicts = Vec::new();
    for candidate in candidates {
        verdicts.push(one(args, candidate)?);
    }
    for (golden, name) in without_scenario {
        verdicts.push(alone(args, &golden, &name)?);
    }
    let mut out = out::stdout();
    match args.output {
        Output::Human => verdicts::human(&verdicts, idle, &mut out)?,
        Output::Json => verdicts::json(&verdicts, &mut out)?,
        Output::Junit => verdicts::junit(&verdicts, &mut out)?,
        Output::Github => verdicts::github(&verdicts, idle, &mut out)?,
    }
    let passed = verdicts.iter().all(|verdict| verdict.outcome != Outcome::Failed);
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERENCE) })
}

/// Reads the scenarios, each of which must have a golden folder of its own. Files of a folder in which there is nothing to
/// run are counted.
fn candidates(args: &TestArgs) -> anyhow::Result<(Vec<Candidate>, usize)> {
    let options = ReadOptions { validate: args.validate.into(), ..ReadOptions::default() };
    let (mut candidates, mut idle) = (Vec::new(), 0);
    let mut owners: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for Found { name, file, root } in golden::scenarios(&args.paths)? {
        let sources = files::read(std::slice::from_ref(&file))?;
        if root.is_some() && (is_of_kustomize(&file) || sources.iter().any(source::is_other_json)) {
            idle += 1;
            continue;
        }
        let read = scenario::read(sources, &options).map(|(scenario, _)| scenario);
        let read = read.and_then(|scenario| expectations::check(&scenario).map(|()| Box::new(scenario)));
        if root.is_some() && read.as_ref().is_err_and(|problems| problems.are_all(About::Nothing)) {
            idle += 1;
            continue;
        }
        let root = root.as_deref().or(file.parent()).unwrap_or(Path::new(""));
        let golden = args.golden.clone().unwrap_or_else(|| beside(root));
        let folder = golden.join(&name);
        match owners.insert(std::path::absolute(&folder)?, file.clone()) {
            Some(other) if std::path::absolute(&other)? == std::path::absolute(&file)? => continue,
            Some(other) => {
                let (one, other, folder) = (other.display(), file.display(), folder.display());
                let why = "rename one of them, or test them with a --golden each";
                return Err(Wrong(format!("{one} and {other} have one golden trace, {folder}: {why}")).into());
            }
            None => candidates.push(Candidate { name, file, golden, folder, read }),
        }
    }
    Ok((candidates, idle))
}

/// Is it a file that says which others make up a configuration? Such ones need neither `apiVersion` nor `kind`.
fn is_of_kustomize(file: &Path) -> bool {
    file.file_stem().is_some_and(|name| name == "kustomization")
}

/// Traces in the folders `golden` of folders that are tested, and that no scenario there has: folder and name of each.
/// Those in `tests/golden` may be of another folder beside `tests`; a folder that was named may hold those of anybody.
fn without_scenario(args: &TestArgs, candidates: &[Candidate]) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for root in args.paths.iter().filter(|path| args.golden.is_none() && path.is_dir()) {
        let golden = beside(root);
        if !golden.is_dir() || found.iter().any(|(other, _)| *other == golden) {
            continue;
        }
        let shared = golden != root.join("golden");
        for name in golden::traces(&golden)? {
            let is_of_one = candidates.iter().any(|candidate| candidate.folder == golden.join(&name));
            if !(is_of_one || shared && golden::is_of_a_neighbour(root, &name)?) {
                found.push((golden.clone(), name));
            }
        }
    }
    Ok(found)
}

/// A golden trace without a scenario: nothing would say that its scenario was taken out by mistake.
fn alone(args: &TestArgs, golden: &Path, name: &str) -> anyhow::Result<Verdict> {
    let folder = golden.join(name);
    let mut verdict = Verdict::new(format!("golden/{name}"), folder.display().to_string());
    verdict.golden_folder = Some(golden.display().to_string());
    if args.bless {
        golden::remove(golden, name).with_context(|| format!("cannot remove {}", folder.display()))?;
        verdict.blessed(Golden::Alone);
    } else {
        let why = "there is no scenario of this name any more; --bless removes it";
        verdict.fail(why.to_owned(), Remedy::Bless);
        verdict.golden = Some(Golden::Alone);
    }
    Ok(verdict)
}

fn one(args: &TestArgs, candidate: Candidate) -> anyhow::Result<Verdict> {
    let Candidate { name, file, golden, folder, read } = candidate;
    let mut verdict = Verdict::new(name, file.display().to_string());
    verdict.golden_folder = Some(golden.display().to_string());
    // A refusal is part of what is kept where manifests are checked as a cluster does by default.
    let unreadable = || format!("cannot read {}", folder.display());
    let is_kept = args.validate == ValidateArg::Strict;
    let refusal = if is_kept { golden::refusal(&folder).with_context(unreadable)? } else { None };
    let scenario = match read {
        Ok(scenario) => scenario,
        Err(problems) => {
            refused(args, &mut verdict, &folder, refusal, &problems)?;
            return Ok(verdict);
        }
    };
    let was_refused = refusal.is_some();
    if let Some(before) = refusal.filter(|_| !args.bless) {
        let first = before.lines().next().unwrap_or("");
        verdict.fail(format!("it is not refused any more; it used to be: {first}"), Remedy::Bless);
    }
    let run = simulate(&scenario, &RunOptions::default());
    match &run.ending {
        Ending::Settled | Ending::Horizon => verdict.notes = idle_cron_jobs(&run),
        Ending::Limit(why) | Ending::Fault(why) => verdict.fail(format!("the run stopped: {why}"), Remedy::Nothing),
        Ending::Interrupted => verdict.fail("the run was interrupted".to_owned(), Remedy::Nothing),
    }
    for expectation in &scenario.expectations {
        if let Some(why) = expectations::failure(expectation, &run) {
            let place = expectation.place();
            verdict.fail(format!("{place}: expected {expectation}: {why}"), Remedy::Expectation);
        }
    }
    let is_whole = matches!(run.ending, Ending::Settled | Ending::Horizon);
    verdict.golden = Some(Golden::Trace);
    let changes = golden::changed_settings(&folder, &scenario).with_context(unreadable)?;
    let is_as_asked = changes.as_ref().is_some_and(Vec::is_empty);
    let mut changes: Vec<String> = changes.unwrap_or_default().iter().map(ToString::to_string).collect();
    if changes.len() > MOST_CHANGES {
        let more = changes.len() - MOST_CHANGES;
        changes.truncate(MOST_CHANGES);
        changes.push(format!("{more} fields more are set otherwise"));
    }
    match golden::compare(&folder, &run).with_context(unreadable)? {
        found if args.bless && is_whole && (was_refused || found != Comparison::Same || !is_as_asked) => {
            let mut files = golden::kept(&run, args.most_rows);
            files.push(golden::kept_settings(&scenario));
            record(&folder, files)?;
            verdict.blessed(Golden::Trace);
        }
        Comparison::Same => {
            verdict.notes.extend(changes.iter().map(|change| format!("{change} changes nothing that is recorded")));
        }
        Comparison::Missing if was_refused => {}
        Comparison::Missing if scenario.expectations.is_empty() => {
            let why = "there is no golden trace, and nothing is expected: --bless records one";
            verdict.fail(why.to_owned(), Remedy::Bless);
        }
        Comparison::Missing => verdict.golden = Some(Golden::Missing),
        // What was changed comes before what came of it.
        Comparison::Differs(told) => {
            changes.into_iter().chain(told).for_each(|text| verdict.fail(text, Remedy::Bless));
        }
    }
    Ok(verdict)
}

/// A scenario that is refused passes if it was refused before, with the same words. Only what the API server refuses is
/// such a refusal: a mistake in the Simulation is one, wherever the scenario is run.
fn refused(
    args: &TestArgs,
    verdict: &mut Verdict,
    folder: &Path,
    before: Option<String>,
    problems: &Problems,
) -> anyhow::Result<()> {
    let text = problems.render(false) + "\n";
    if !problems.are_all(About::Object) {
        verdict.fail(text.trim_end().to_owned(), Remedy::Nothing);
        return Ok(());
    }
    verdict.golden = Some(Golden::Refusal);
    // Where the file is does not matter.
    let kept = text.replace(&verdict.file, &format!("{}.yaml", verdict.name));
    match before {
        Some(before) if before == kept => {}
        _ if args.bless => {
            let first = kept.lines().next().unwrap_or("").to_owned();
            record(folder, golden::kept_refusal(kept))?;
            verdict.blessed(Golden::Refusal);
            verdict.complaints.push(format!("it is refused: {first}"));
        }
        Some(_) => {
            let text = format!("it is refused with other words than before\n{}", text.trim_end());
            verdict.fail(text, Remedy::Bless);
        }
        None => verdict.fail(text.trim_end().to_owned(), Remedy::Bless),
    }
    Ok(())
}

/// Puts these files in the place of what was recorded before.
fn record(folder: &Path, files: Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    golden::clear(folder).with_context(|| format!("cannot record into {}", folder.display()))?;
    // The way out that files of runs are written with names --out, which is not an option here.
    output::write_all(folder, files).map_err(|error| match error {
        OutputError::Folder { path, source } => {
            anyhow::Error::new(source).context(format!("cannot record into {}", path.display()))
        }
        OutputError::NotAFolder { path } => {
            Wrong(format!("cannot record into {}: it is no folder", path.display())).into()
        }
        OutputError::Foreign { path } => {
            Wrong(format!("{} is there and was not recorded by jobsim; move it away", path.display())).into()
        }
        other => other.into(),
    })?;
    Ok(())
}

/// CronJobs of which nothing is tested, as they do not start a Job by themselves.
fn idle_cron_jobs(run: &Run) -> Vec<String> {
    let starts = |cron_job: &CronJobLife| {
        let made = |job: &JobLife| job.cron_job.as_deref() == Some(&*cron_job.name.name);
        run.jobs.iter().any(|job| job.name.namespace == cron_job.name.namespace && made(job))
    };
    let is_suspended = |cron_job: &CronJobLife| cron_job.specs.iter().all(|(_, spec)| spec.suspend);
    let idle = run
        .cron_jobs
        .iter()
        .filter(|cron_job| cron_job.removed.is_none() && !is_suspended(cron_job) && !starts(cron_job));
    let length = go_duration(run.end);
    let text = |cron_job: &CronJobLife| {
        let name = &cron_job.name.name;
        format!(
            "CronJob {name} starts nothing within the {length} of this trace: a longer `horizon` in its Simulation would \
             show it"
        )
    };
    idle.map(text).collect()
}

/// `24h`, `1h30m`: as Go writes it, without parts that are nothing.
fn go_duration(time: SimTime) -> String {
    let text = format_go_duration(i64::try_from(time.0).unwrap_or(i64::MAX));
    let text = text.strip_suffix("m0s").map_or(text.clone(), |rest| format!("{rest}m"));
    text.strip_suffix("h0m").map_or(text.clone(), |rest| format!("{rest}h"))
}

/// `golden` in the folder that was named, or that the file is in; else `tests/golden` beside that folder.
fn beside(root: &Path) -> PathBuf {
    // The name of the folder is left out where there is one, for people.
    let tests = match root.file_name() {
        Some(_) => root.with_file_name("tests").join("golden"),
        None => root.join("../tests/golden"),
    };
    let inside = root.join("golden");
    if !inside.is_dir() && tests.is_dir() { tests } else { inside }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_without_parts_that_are_nothing() {
        let check = |seconds: u64, text: &str| assert_eq!(go_duration(SimTime::from_secs(seconds)), text);
        check(24 * 3600, "24h");
        check(90 * 60, "1h30m");
        check(600, "10m");
        check(3601, "1h0m1s");
        check(20, "20s");
        check(0, "0s");
    }
}
