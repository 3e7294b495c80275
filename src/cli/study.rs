//! What commands share that run a scenario many times: options, progress, how a study ends.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};
use indicatif::{ProgressBar, ProgressStyle};

use super::exit;
use super::files::{self, FileArgs, ValidateArg};
use super::interrupt;
use super::limits::{parse_bytes, watch};
use crate::api::duration::parse_duration;
use crate::kernel::time::SimDuration;
use crate::report::output::{self, Of};
use crate::run::Limits;
use crate::scenario::simulation::MOST_BATCHES;
use crate::scenario::study::{StudySection, parse_share};
use crate::scenario::{ReadOptions, Scenario, Source};
use crate::study::shard::Place;
use crate::study::{Documents, Laboratory, Measure, Steady, Stopped, StudyError};

/// Runs of each point where nobody says.
pub(super) const REPLICATIONS: u32 = 100;

/// Confidence of intervals where nobody says.
pub(super) const CONFIDENCE: f64 = 0.95;

/// Options of all studies.
#[derive(Clone, Debug, Args)]
pub struct StudyArgs {
    #[command(flatten)]
    pub(super) files: FileArgs,
    /// Metrics (`makespan`, `wait`, `cost`, `utilisation`, ..), those of nodes also of a pool (`cost(spot)`), `p99(wait)`, or
    /// expressions like `bill=cost+podSeconds*0.04/3600`; the first one is the one that counts
    #[arg(short, long = "metric", value_name = "NAME[=EXPRESSION]", value_parser = Measure::parse)]
    pub(super) metrics: Vec<Measure>,
    /// Runs of each point, with --until at most [default: 100; of a fit 200; with --until 10000]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) replications: Option<u32>,
    /// How sure intervals are; of a fit, the share of the runs in which the deadline must be met [default: 0.95]
    #[arg(long, value_parser = parse_share, value_name = "SHARE")]
    pub(super) confidence: Option<f64>,
    /// What chance is drawn from, instead of the scenario's seed
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Threads; 0: one for each core. Results do not depend on it
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = parse_threads)]
    pub(super) threads: usize,
    /// Folder for the files of the study; `none` writes none [default: output/SCENARIO-COMMAND]. For the shards of a sweep
    /// also an object store: s3://bucket/prefix, gs:// or az://
    #[arg(long, value_name = "DIR", value_parser = PathBufValueParser::new().try_map(Place::new))]
    pub(super) out: Option<Place>,
    /// What to do about fields that Kubernetes does not know, and the like
    #[arg(long, value_enum, default_value_t = ValidateArg::Strict)]
    pub(super) validate: ValidateArg,
    /// Stop when a run has created more pods than this
    #[arg(long, default_value_t = Limits::default().pods, value_name = "N")]
    pub(super) max_pods: u64,
    /// Stop when more events than this have happened in a run
    #[arg(long, default_value_t = Limits::default().events, value_name = "N")]
    pub(super) max_events: u64,
    /// Stop when the process has more memory than this; 0 for no limit [default: 8Gi]
    #[arg(long, value_parser = parse_bytes, value_name = "SIZE")]
    pub(super) max_memory: Option<u64>,
}

/// Memory of the process where nobody says.
const MOST_MEMORY: u64 = 8 << 30;

/// Options of studies that may look at parts of runs.
#[derive(Clone, Debug, Args)]
pub struct SteadyArgs {
    /// For steady-state questions: leave out Jobs created before, with their pods
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    warm_up: Option<SimDuration>,
    /// For steady-state questions: cut what begins after the warm-up into so many batches, each measured like a run; one
    /// long run does, so --replications is 1 by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=i64::from(MOST_BATCHES)))]
    batches: Option<u32>,
}

impl SteadyArgs {
    /// What the command line says, else what the scenario says.
    pub(super) fn of(&self, section: &StudySection) -> Option<Steady> {
        let (warm_up, batches) = (self.warm_up.or(section.warm_up), self.batches.or(section.batches));
        match (warm_up, batches) {
            // From the start on, in one piece: that is the run as it is.
            (None | Some(SimDuration::ZERO), None | Some(1)) => None,
            _ => Some(Steady::new(warm_up.unwrap_or(SimDuration::ZERO), batches.unwrap_or(1))),
        }
    }
}

/// More threads than this help nobody, and each takes its memory.
const MOST_THREADS: usize = 1024;

fn parse_threads(text: &str) -> Result<usize, String> {
    let threads = text.parse().ok().filter(|&threads| threads <= MOST_THREADS);
    threads.ok_or_else(|| format!("\"{text}\" is not a number from 0 to {MOST_THREADS}"))
}

/// A scenario and its documents.
pub(super) struct Subject {
    pub(super) scenario: Scenario,
    pub(super) documents: Documents,
}

impl StudyArgs {
    /// Reads the scenario; none if something is wrong with it, which is said.
    pub(super) fn subject(&self, colour: bool) -> anyhow::Result<Option<Subject>> {
        self.subject_of(self.files.read()?, colour)
    }

    /// The same of given sources.
    pub(super) fn subject_of(&self, sources: Vec<Source>, colour: bool) -> anyhow::Result<Option<Subject>> {
        let options = ReadOptions { validate: self.validate.into(), ..ReadOptions::default() };
        let Some(scenario) = files::scenario(sources.clone(), &options, colour)? else { return Ok(None) };
        // Paths of files that actions apply are found from the names of the sources, which stay.
        let documents = Documents::new(&sources, options).map_err(anyhow::Error::msg)?;
        Ok(Some(Subject { scenario, documents }))
    }

    /// What is measured: the command line's metrics, else the scenario's, else those of the command.
    pub(super) fn measures(&self, scenario: &Scenario, default: &[&str]) -> Result<Vec<Measure>, String> {
        let measures = if self.metrics.is_empty() {
            let names: Vec<&str> = scenario.study.metrics.iter().map(String::as_str).collect();
            let names = if names.is_empty() { default.to_vec() } else { names };
            names.into_iter().map(Measure::parse).collect::<Result<Vec<Measure>, String>>()?
        } else {
            self.metrics.clone()
        };
        measures.iter().try_for_each(|measure| measure.check(&scenario.cluster.pools))?;
        let is_twice = |at: &usize| measures[..*at].iter().any(|other| other.name == measures[*at].name);
        match (0..measures.len()).find(is_twice) {
            Some(at) => Err(format!("two metrics are called \"{}\"; give one another name", measures[at].name)),
            None => Ok(measures),
        }
    }

    pub(super) fn confidence(&self, scenario: &Scenario) -> f64 {
        self.confidence.or(scenario.study.confidence).unwrap_or(CONFIDENCE)
    }

    /// Runs of each point; one run is enough where it is cut into batches.
    pub(super) fn replications(&self, scenario: &Scenario, steady: Option<Steady>) -> u32 {
        let default = if steady.is_some_and(|steady| steady.batches > 1) { 1 } else { REPLICATIONS };
        self.replications.or(scenario.study.replications).unwrap_or(default)
    }

    /// Threads that stop on Ctrl-C.
    pub(super) fn laboratory(&self) -> anyhow::Result<Laboratory> {
        let mut laboratory = Laboratory::new(self.threads).map_err(anyhow::Error::msg)?;
        laboratory.limits = Limits { pods: self.max_pods, events: self.max_events };
        laboratory.seed = self.seed;
        laboratory.interrupt = interrupt::flag()?;
        laboratory.stop = watch(None, self.max_memory.unwrap_or(MOST_MEMORY));
        Ok(laboratory)
    }

    /// Where shards go, if they are to be written.
    pub(super) fn place(&self, scenario: &str, command: &str) -> Option<Place> {
        let named = || Path::new("output").join(format!("{}-{command}", output::folder_name(scenario)));
        let place = self.out.clone().unwrap_or_else(|| Place::Folder(named()));
        (place != Place::Folder("none".into())).then_some(place)
    }

    /// Where files go, if any are to be written; a sentence if that is no folder.
    pub(super) fn folder(&self, scenario: &str, command: &str) -> Result<Option<PathBuf>, String> {
        self.place(scenario, command).map(folder_of).transpose()
    }
}

/// Looks whether these and other files can be written into this folder, before anything is run for them.
pub(super) fn can_be_used(folder: Option<&Path>, of: Of, files: &[&str]) -> anyhow::Result<()> {
    folder.map_or(Ok(()), |folder| output::try_folder(folder, of, files)).map_err(Into::into)
}

/// Reads the path of a folder, which the URL of an object store is not.
pub(super) fn local(path: PathBuf) -> Result<PathBuf, String> {
    Place::new(path).and_then(folder_of)
}

fn folder_of(place: Place) -> Result<PathBuf, String> {
    match place {
        Place::Folder(folder) => Ok(folder),
        #[cfg(feature = "object-store")]
        Place::Store(address) => Err(format!(
            "{address}: only the shards of a sweep (--shard, --shards) go to an object store; name a folder"
        )),
    }
}

/// Says why there are no results.
pub(super) fn refuse(error: &StudyError) -> anyhow::Result<ExitCode> {
    let mut err = io::stderr();
    let code = match error {
        StudyError::Wrong(sentence) => {
            writeln!(err, "error: {sentence}")?;
            exit::USAGE
        }
        StudyError::Stopped(Stopped::Interrupted) => {
            writeln!(err, "interrupted; nothing was written")?;
            exit::INTERRUPTED
        }
        StudyError::Stopped(Stopped::Run { replication, why, limit }) => {
            writeln!(err, "error: replication {replication}: {why}; nothing was written")?;
            if *limit { exit::LIMIT } else { exit::USAGE }
        }
    };
    Ok(ExitCode::from(code))
}

/// A bar on standard error while a study lasts, if someone looks at it. It ends when what this returns is dropped.
pub(super) fn progress(laboratory: &Laboratory, runs: u64) -> Progress {
    progress_of(&laboratory.done, runs, "runs")
}

/// The same of any things that are done one by one.
pub(super) fn progress_of(done: &Arc<AtomicU64>, all: u64, what: &str) -> Progress {
    let over = Arc::new(AtomicBool::new(false));
    let progress = Progress(over.clone());
    if !io::stderr().is_terminal() {
        return progress;
    }
    let done = done.clone();
    let style = format!("{{wide_bar}} {{human_pos}} of {{human_len}} {what} [{{elapsed}}, {{eta}} left]");
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        let bar = ProgressBar::new(all);
        bar.set_style(ProgressStyle::with_template(&style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        while !over.load(Ordering::Relaxed) {
            bar.set_position(done.load(Ordering::Relaxed));
            std::thread::sleep(Duration::from_millis(100));
        }
        bar.finish_and_clear();
    });
    progress
}

/// Ends the bar.
pub(super) struct Progress(Arc<AtomicBool>);

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
