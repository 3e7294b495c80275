//! `jobsim sweep`: values vary, runs repeat, means and intervals come out.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::exit;
use super::study::{self, StudyArgs, Subject};
use crate::report::{output, study as report};
use crate::scenario::axis::Axis;
use crate::scenario::study::{Design, parse_share};
use crate::study::{Results, Sweep, SweepOptions};

/// Most runs of a point whose runs stop by themselves, where nobody says.
const MOST_REPLICATIONS: u32 = 10_000;

/// Values of an axis that is drawn, where nobody says.
const SAMPLES: u32 = 20;

/// What is told where nobody says.
const METRICS: [&str; 3] = ["makespan", "wait", "podSeconds"];

/// Arguments of `jobsim sweep`.
#[derive(Debug, Args)]
pub struct SweepArgs {
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    plan: PlanArgs,
}

/// What varies, and how.
#[derive(Clone, Debug, Args)]
pub(super) struct PlanArgs {
    /// What varies: `spec.parallelism=1..100:9`, `pods[0].duration=10s,1m`, `etl:backoffLimit=~uniform(min: 0, max: 6)`;
    /// may be repeated. Paths lead into the Job, into a Job by its name, or into the Simulation
    #[arg(long = "set", value_name = "PATH=VALUES", value_parser = Axis::parse)]
    set: Vec<Axis>,
    /// How values of several paths go together [default: cartesian]
    #[arg(long, value_enum)]
    design: Option<DesignArg>,
    /// Points of a Latin hypercube; values of a path with a distribution [default: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    samples: Option<u32>,
    /// Stop replications once half the interval of the first metric is no more than this share of its mean, such as 2%
    #[arg(long, value_parser = parse_share, value_name = "SHARE")]
    until: Option<f64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DesignArg {
    /// Each value with each value of the other paths
    Cartesian,
    /// The scenario as it is, then each value by itself
    OneAtATime,
    /// Few points that meet each slice of each path once
    LatinHypercube,
}

/// Lays out, runs, tells and writes.
pub fn run(args: &SweepArgs, colour: bool) -> anyhow::Result<ExitCode> {
    let Some(subject) = args.study.subject(colour)? else { return Ok(ExitCode::from(exit::USAGE)) };
    let sweep = match args.plan.sweep(&args.study, subject) {
        Ok(sweep) => sweep,
        Err(sentence) => return study::refuse(&sentence.into()),
    };
    let laboratory = args.study.laboratory()?;
    let progress = study::progress(&laboratory, sweep.cells());
    let results = sweep.run(&laboratory);
    drop(progress);
    match results {
        Ok(results) => tell(&results, args.study.folder(&sweep.outline.scenario, "sweep").as_deref()),
        Err(error) => study::refuse(&error),
    }
}

impl PlanArgs {
    /// The sweep: what the command line says, else what the scenario says.
    pub(super) fn sweep(&self, study: &StudyArgs, subject: Subject) -> Result<Sweep, String> {
        let Subject { scenario, documents } = subject;
        let section = &scenario.study;
        let until = self.until.or(section.until);
        let runs = if until.is_some() { MOST_REPLICATIONS } else { study::REPLICATIONS };
        let design = self.design.map(|design| match design {
            DesignArg::Cartesian => Design::Cartesian,
            DesignArg::OneAtATime => Design::OneAtATime,
            DesignArg::LatinHypercube => Design::LatinHypercube,
        });
        let options = SweepOptions {
            axes: if self.set.is_empty() { section.axes.clone() } else { self.set.clone() },
            design: design.or(section.design).unwrap_or_default(),
            samples: self.samples.or(section.samples).unwrap_or(SAMPLES),
            replications: study.replications.or(section.replications).unwrap_or(runs),
            until,
            confidence: study.confidence(&scenario),
            measures: study.measures(&scenario, &METRICS)?,
            seed: study.seed,
        };
        Sweep::new(documents, &scenario, options)
    }
}

/// Tells what was found and writes it down.
pub(super) fn tell(results: &Results, folder: Option<&Path>) -> anyhow::Result<ExitCode> {
    let rows = results.rows();
    let mut out = io::stdout().lock();
    write!(out, "{}", report::table(results, &rows))?;
    for warning in report::warnings(results, &rows) {
        writeln!(io::stderr(), "warning: {warning}")?;
    }
    if let Some(folder) = folder {
        output::write_all(folder, report::files(results, &rows)?)?;
        writeln!(out, "\nresults.csv, summary.csv and study.svg are in {}", folder.display())?;
    }
    Ok(ExitCode::SUCCESS)
}
