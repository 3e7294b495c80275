//! `jobsim fit`: the smallest or cheapest point that meets a deadline.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;

use super::exit;
use super::out;
use super::study::{self, StudyArgs, Subject};
use crate::kernel::time::SimDuration;
use crate::report::fit as report;
use crate::report::output::{self, Of};
use crate::report::study::{few, percent};
use crate::scenario::axis::{Axis, AxisValues};
use crate::scenario::simulation::DEFAULT_START;
use crate::scenario::study::Design;
use crate::scenario::{Object, length_until};
use crate::study::fit::{FitOptions, Objective, fit};
use crate::study::{Choice, Documents, Measure, Sweep, SweepOptions};

/// Runs of each point where nobody says.
const REPLICATIONS: u32 = 200;

/// Arguments of `jobsim fit`.
#[derive(Debug, Args)]
pub struct FitArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// What may be chosen: `parallelism=1..500`, `pods[0].startup=1s,5s`; may be repeated. Numbers, quantities and durations
    /// are searched by halving, where more of them ends sooner; of names each is tried
    #[arg(long = "vary", value_name = "PATH=VALUES", value_parser = Axis::parse, required = true)]
    vary: Vec<Axis>,
    /// When all Jobs must have completed: a duration from the start such as 90m, or a time of day such as 06:00 (UTC)
    #[arg(long, value_name = "TIME")]
    deadline: String,
    /// What should be as little as can be: a path of --vary (of names the first in their list), or a metric [default: the
    /// first path of --vary]
    #[arg(long, value_name = "PATH|METRIC")]
    minimize: Option<String>,
}

/// Searches, tells and writes.
pub fn run(args: &FitArgs, colour: bool) -> anyhow::Result<ExitCode> {
    let Some(subject) = args.study.subject(colour)? else { return Ok(ExitCode::from(exit::USAGE)) };
    let start = subject.scenario.start;
    let has_prices = subject.scenario.cluster.pools.iter().any(|pool| pool.micros_an_hour > 0);
    let has_cron_job = subject.scenario.horizon.is_none()
        && subject.scenario.objects.iter().any(|object| matches!(object, Object::CronJob(_)));
    let is_cut = subject.scenario.study.warm_up.is_some() || subject.scenario.study.batches.is_some();
    let (sweep, options) = match plan(args, subject) {
        Ok(plan) => plan,
        Err(sentence) => return study::refuse(&sentence.into()),
    };
    if is_cut {
        writeln!(io::stderr(), "note: a fit looks at whole runs: warmUp and batches of the study play no part")?;
    }
    if has_cron_job {
        let what = "the deadline is for all Jobs that come until the run ends, from its start on";
        writeln!(
            io::stderr(),
            "note: a CronJob goes on making Jobs; {what}: a horizon says when (simulation.spec.horizon)"
        )?;
    }
    if start == DEFAULT_START && args.deadline.contains(':') {
        let deadline = &args.deadline;
        writeln!(io::stderr(), "note: {deadline} is counted from 2000-01-01T01:00:00Z, as there is no startTime")?;
    }
    let folder = match args.study.folder(&sweep.outline.scenario, "fit") {
        Ok(folder) => folder,
        Err(sentence) => return study::refuse(&sentence.into()),
    };
    study::can_be_used(folder.as_deref(), Of::Study, &report::FILES)?;
    let laboratory = args.study.laboratory()?;
    // How many points will be tried is not known; halving tries few.
    let lines: u64 = options.values.iter().map(|values| values.len() as u64).product();
    let progress = study::progress(&laboratory, u64::from(options.replications) * lines.min(64));
    let found = fit(&sweep, &laboratory, &options);
    drop(progress);
    let found = match found {
        Ok(found) => found,
        Err(error) => return study::refuse(&error),
    };
    let mut out = out::stdout();
    write!(out, "{}", report::text(&sweep.outline, &options, &found))?;
    if let Some(folder) = folder {
        output::write_study(&folder, report::files(&sweep.outline, &options, &found)?)?;
        writeln!(out, "frontier.csv, points.csv and frontier.svg are in {}", folder.display())?;
    }
    if let Objective::Measure(measure) = &options.objective
        && !has_prices
        && found.trials.iter().all(|trial| trial.objective == 0.0)
    {
        let name = &measure.name;
        let why = "pools cost something with a pricePerHour or a machineType that has a price";
        writeln!(io::stderr(), "warning: {name} is 0 at every point that was tried: no pool has a price; {why}")?;
    }
    if let Some(warning) = few(options.replications.into(), "replications", "what holds in them may not hold in others")
    {
        writeln!(io::stderr(), "warning: {warning}")?;
    }
    // Fewer runs than these have no room for one that is late.
    let needed = 1.0 / (1.0 - options.confidence);
    if f64::from(options.replications) < needed - 1e-6 {
        let (runs, share) = (options.replications, percent(options.confidence));
        let way = format!("{needed:.0} and more can (--replications)");
        writeln!(io::stderr(), "warning: {runs} runs cannot tell whether {share} of all runs are in time: {way}")?;
    }
    Ok(if found.best.is_some() { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERENCE) })
}

fn plan(args: &FitArgs, subject: Subject) -> Result<(Sweep, FitOptions), String> {
    let Subject { scenario, documents } = subject;
    let mut values = Vec::new();
    for axis in &args.vary {
        match &axis.values {
            AxisValues::List(list) => values.push(Choice::new(&axis.path, list)),
            AxisValues::Drawn(..) => {
                return Err(format!("--vary {}: values to choose from, not a distribution", axis.path));
            }
        }
    }
    let deadline = deadline(&args.deadline, scenario.start)?;
    let objective = objective(args, &documents)?;
    if let Objective::Measure(measure) = &objective {
        measure.check(&scenario.cluster.pools)?;
    }
    // Here it is the share of the runs that must be in time; intervals have their own.
    let confidence = args.study.confidence(&scenario);
    let sweep = SweepOptions {
        // The search makes its own points; a design by itself is the shortest to lay out.
        axes: args.vary.clone(),
        design: Design::OneAtATime,
        samples: 1,
        replications: 1,
        until: None,
        confidence,
        measures: args.study.metrics.clone(),
        seed: args.study.seed,
        steady: None,
    };
    let replications = args.study.replications.or(scenario.study.replications).unwrap_or(REPLICATIONS);
    let options = FitOptions { values, deadline, confidence, replications, objective };
    Ok((Sweep::new(documents, &scenario, sweep)?, options))
}

/// A path of `--vary`, a metric of `--metric`, or one of ours.
fn objective(args: &FitArgs, documents: &Documents) -> Result<Objective, String> {
    let metrics = &args.study.metrics;
    let wanted = args.minimize.as_deref();
    if let Some(idle) = metrics.iter().find(|measure| Some(measure.name.as_str()) != wanted) {
        let name = &idle.name;
        return Err(format!("--metric {name} plays no part: a fit looks at what it minimizes; add --minimize {name}"));
    }
    let Some(name) = &args.minimize else { return Ok(Objective::Axis(0)) };
    if let Some(axis) = args.vary.iter().position(|axis| axis.path == *name) {
        return Ok(Objective::Axis(axis));
    }
    if let Some(measure) = metrics.iter().find(|measure| measure.name == *name) {
        return Ok(Objective::Measure(measure.clone()));
    }
    if let Ok(place) = documents.place(name)
        && let Some(axis) = args.vary.iter().position(|axis| documents.place(&axis.path).is_ok_and(|of| of == place))
    {
        return Ok(Objective::Axis(axis));
    }
    let paths: Vec<&str> = args.vary.iter().map(|axis| axis.path.as_str()).collect();
    Measure::parse(name).map(Objective::Measure).map_err(|error| {
        let help = "say what costs what with --metric 'cost=podSeconds*0.04/3600'";
        format!("--minimize {name} is none of {} and no metric: {error}; {help}", paths.join(", "))
    })
}

/// From the start of the run.
fn deadline(text: &str, start: i64) -> Result<SimDuration, String> {
    length_until(text, start).map_err(|error| format!("--deadline {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_durations_or_times_of_day() {
        let check = |text: &str, start: i64, seconds: Result<u64, &str>| match (deadline(text, start), seconds) {
            (Ok(found), Ok(seconds)) => assert_eq!(found, SimDuration::from_secs(seconds), "{text}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
            (found, _) => panic!("{text}: {found:?}"),
        };
        check("90m", 0, Ok(5400));
        check("06:00", 0, Ok(6 * 3600));
        // 01:00 to 06:00, and 22:30 to 06:00.
        check("06:00", 946_688_400, Ok(5 * 3600));
        check("06:00", 946_688_400 + 77_400, Ok(7 * 3600 + 1800));
        check("01:00", 946_688_400, Ok(24 * 3600));
        check("25:00", 0, Err("--deadline"));
        check("soon", 0, Err("--deadline"));
        check("2000-01-01T03:30:00+01:00", 946_688_400, Ok(5400));
        check("1999-01-01T03:30:00Z", 946_688_400, Err("time after the start"));
    }
}
