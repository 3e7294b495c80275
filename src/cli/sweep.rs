//! `jobsim sweep`: values vary, runs repeat, means and intervals come out.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::exit;
use super::out;
use super::shards::{ShardArgs, Share, can_be_written};
use super::study::{self, SteadyArgs, StudyArgs, Subject};
use crate::report::output::{self, Of};
use crate::report::study as report;
use crate::scenario::axis::{Axis, AxisValues};
use crate::scenario::study::{Design, parse_share};
use crate::study::shard::Shard;
use crate::study::{Results, Row, Steady, Sweep, SweepOptions};

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
    #[command(flatten)]
    steady: SteadyArgs,
    #[command(flatten)]
    shards: ShardArgs,
    #[command(flatten)]
    results: ResultsArgs,
}

/// What values are written as.
#[derive(Clone, Debug, Args)]
pub struct ResultsArgs {
    /// Files for the values of all runs: results.csv, results.parquet, or both [default: csv]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FORMAT")]
    results: Vec<FormatArg>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    /// Text, one value a line
    Csv,
    /// Typed columns for data frames
    #[cfg(all(feature = "parquet", target_endian = "little"))]
    Parquet,
}

impl ResultsArgs {
    fn formats(&self) -> Vec<report::Format> {
        let mut formats = Vec::new();
        for format in &self.results {
            let format = match format {
                FormatArg::Csv => report::Format::Csv,
                #[cfg(all(feature = "parquet", target_endian = "little"))]
                FormatArg::Parquet => report::Format::Parquet,
            };
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
        if formats.is_empty() { vec![report::Format::Csv] } else { formats }
    }

    /// What shards have no use for.
    fn is_of_merge(&self) -> Result<(), String> {
        match self.results.is_empty() {
            true => Ok(()),
            false => {
                Err("--results plays no part in shards: give it to `jobsim merge`, which writes the files".to_owned())
            }
        }
    }
}

/// What varies, and how.
#[derive(Clone, Debug, Args)]
pub struct PlanArgs {
    /// What varies: `spec.parallelism=1..100:9`, `pods[0].duration=10s,1m`, `etl:backoffLimit=~uniform(min: 0, max: 6)`;
    /// may be repeated. Paths lead into the Job, into a Job by its name, or into the Simulation; what is drawn are whole numbers
    /// or durations
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
    let steady = args.steady.of(&subject.scenario.study);
    let sweep = match args.plan.sweep(&args.study, subject, steady) {
        Ok(sweep) => sweep,
        Err(sentence) => return study::refuse(&sentence.into()),
    };
    let shard = args.shards.shard(|name| std::env::var(name).ok());
    let shard = match shard {
        _ if args.shards.emit_job => return emit_job(args, &sweep),
        Ok(shard) => shard,
        Err(sentence) => return study::refuse(&sentence.into()),
    };
    if let Some(shard) = shard {
        return run_shard(args, &sweep, shard);
    }
    let folder = match args.study.folder(&sweep.outline.scenario, "sweep") {
        Ok(folder) => folder,
        Err(sentence) => return study::refuse(&sentence.into()),
    };
    let values = args.results.formats().into_iter().map(report::Format::file_name);
    study::can_be_used(folder.as_deref(), Of::Study, &report::FILES.into_iter().chain(values).collect::<Vec<_>>())?;
    let laboratory = args.study.laboratory()?;
    let progress = study::progress(&laboratory, sweep.cells());
    let results = sweep.run(&laboratory);
    drop(progress);
    match results {
        Ok(results) => tell(&results, &laboratory.install(|| results.rows()), folder.as_deref(), &args.results),
        Err(error) => study::refuse(&error),
    }
}

fn can_be_cut(sweep: &Sweep) -> Result<(), String> {
    match sweep.outline.until {
        Some(_) => Err("a study that stops by what its runs show (--until) cannot be cut into shards".to_owned()),
        None => Ok(()),
    }
}

/// One part of the study, into a folder or object of its own below `--out`.
fn run_shard(args: &SweepArgs, sweep: &Sweep, shard: Shard) -> anyhow::Result<ExitCode> {
    if let Err(sentence) = args.results.is_of_merge().and_then(|()| can_be_cut(sweep)) {
        return study::refuse(&sentence.into());
    }
    let Some(place) = args.study.place(&sweep.outline.scenario, "sweep") else {
        return study::refuse(&"a shard without --out is lost".to_owned().into());
    };
    let say =
        |word: &str| writeln!(out::stdout(), "shard {} of {} {word} {}", shard.shard, shard.shards, place.entry(shard));
    // Before anything is run: a place that cannot be reached, and work that is done.
    if place.holds(shard, &sweep.outline)? {
        say("stood already in")?;
        return Ok(ExitCode::SUCCESS);
    }
    study::can_be_used(place.folder(), Of::Study, &[])?;
    let laboratory = args.study.laboratory()?;
    let cells = shard.cells(sweep.cells());
    let progress = study::progress(&laboratory, cells.end - cells.start);
    let values = sweep.run_cells(&laboratory, cells);
    drop(progress);
    let values = match values {
        Ok(values) => values,
        Err(error) => return study::refuse(&error),
    };
    let new = place.write(shard, &sweep.outline, &values)?;
    say(if new { "is in" } else { "stood already in" })?;
    Ok(ExitCode::SUCCESS)
}

/// The Job that runs all shards, with this command line's own options but for where files are.
fn emit_job(args: &SweepArgs, sweep: &Sweep) -> anyhow::Result<ExitCode> {
    let name =
        format!("{}-sweep", output::folder_name(&sweep.outline.scenario).to_lowercase().replace(['_', '.'], "-"));
    let files = &args.study.files;
    let [file] = files.files.iter().chain(&files.filename).collect::<Vec<_>>()[..] else {
        return study::refuse(&"--emit-job: one file with all documents, as a ConfigMap holds it".to_owned().into());
    };
    let out = args.study.out.as_ref();
    let fits = args.shards.are_all().and_then(|()| args.results.is_of_merge()).and_then(|()| can_be_written(out));
    let fits = fits.and_then(|()| args.shards.can_be_mounted(&name, file, sweep.side_files()));
    let share = match fits.and_then(|()| Share::new(args.study.threads, args.study.max_memory)) {
        Ok(share) => share,
        Err(sentence) => return study::refuse(&format!("--emit-job: {sentence}").into()),
    };
    // What a shard would refuse is refused here.
    let looked_at = sweep.outline.points.iter().take(MOST_LOOKED_AT).chain(sweep.outline.points.last());
    let wrong = can_be_cut(sweep).and_then(|()| looked_at.into_iter().try_for_each(|p| sweep.scenario(p).map(drop)));
    if let Err(sentence) = wrong {
        return study::refuse(&sentence.into());
    }
    let options = own_options(&std::env::args().skip(1).collect::<Vec<_>>(), file);
    write!(out::stdout(), "{}", args.shards.job(&name, file, out, share, &options))?;
    Ok(ExitCode::SUCCESS)
}

/// Points of a study that are read before a Job for its shards is printed.
const MOST_LOOKED_AT: usize = 1000;

/// The options of a command line, the command itself among them, that say what is studied.
fn own_options(arguments: &[String], file: &Path) -> Vec<String> {
    let elsewhere =
        ["--shards", "--image", "--volume-claim", "--out", "--threads", "--max-memory", "--color", "-f", "--filename"];
    let (mut own, mut is_begun) = (Vec::new(), false);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        // Options of all commands may stand before it.
        if !is_begun && argument == "sweep" {
            is_begun = true;
            continue;
        }
        let name = argument.split('=').next().unwrap_or(argument);
        let is_file = argument.starts_with("-f") && argument.len() > 2;
        if is_file {
            continue;
        }
        if elsewhere.contains(&name) {
            if name == argument {
                arguments.next();
            }
        } else if argument != "--emit-job" && Path::new(argument) != file {
            own.push(argument.clone());
        }
    }
    own
}

impl PlanArgs {
    /// The sweep: what the command line says, else what the scenario says.
    fn sweep(&self, study: &StudyArgs, subject: Subject, steady: Option<Steady>) -> Result<Sweep, String> {
        let Subject { scenario, documents } = subject;
        let section = &scenario.study;
        let until = self.until.or(section.until);
        let runs = study.replications(&scenario, steady);
        let given = study.replications.or(section.replications).is_some();
        let design = self.design.map(|design| match design {
            DesignArg::Cartesian => Design::Cartesian,
            DesignArg::OneAtATime => Design::OneAtATime,
            DesignArg::LatinHypercube => Design::LatinHypercube,
        });
        let axes = if self.set.is_empty() { section.axes.clone() } else { self.set.clone() };
        let design = design.or(section.design).unwrap_or_default();
        let is_drawn = |axis: &Axis| matches!(axis.values, AxisValues::Drawn(..));
        if self.samples.is_some() && design != Design::LatinHypercube && !axes.iter().any(is_drawn) {
            let why = "no path has a distribution, and lists are taken whole";
            return Err(format!("--samples plays no part: {why}; leave it out, or add --design latin-hypercube"));
        }
        let is_seed = |axis: &&Axis| documents.place(&axis.path).is_ok_and(|of| documents.place("seed") == Ok(of));
        if let Some(axis) = axes.iter().find(is_seed).filter(|_| study.seed.is_some()) {
            return Err(format!("--seed and {} both say what chance is drawn from: leave one of them out", axis.path));
        }
        let options = SweepOptions {
            axes,
            design,
            samples: self.samples.or(section.samples).unwrap_or(SAMPLES),
            replications: if until.is_some() && !given { MOST_REPLICATIONS } else { runs },
            until,
            confidence: study.confidence(&scenario),
            measures: study.measures(&scenario, &METRICS)?,
            seed: study.seed,
            steady,
        };
        Sweep::new(documents, &scenario, options)
    }
}

/// Tells what was found and writes it down.
pub(super) fn tell(
    results: &Results,
    rows: &[Row],
    folder: Option<&Path>,
    formats: &ResultsArgs,
) -> anyhow::Result<ExitCode> {
    let mut out = out::stdout();
    write!(out, "{}", report::table(results, rows))?;
    for warning in report::warnings(results, rows) {
        writeln!(io::stderr(), "warning: {warning}")?;
    }
    if let Some(folder) = folder {
        let files = report::files(results, rows, &formats.formats())?;
        let names: Vec<&str> =
            files.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "study.svg").collect();
        let names = names[..names.len() - 1].join(", ");
        output::write_study(folder, files)?;
        writeln!(out, "\n{names} and study.svg are in {}", folder.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_gets_the_options_that_say_what_is_studied() {
        let check = |line: &str, own: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(own_options(&words, Path::new("a.yaml")).join(" "), own);
        };
        check("a.yaml --set p=1,2 --shards 8 --emit-job --image i -r 9", "--set p=1,2 -r 9");
        check("-f a.yaml --shards=8 --image=i --emit-job --seed 3 --out x", "--seed 3");
    }
}
