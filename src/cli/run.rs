//! `jobsim run`: a scenario from its files to its pictures.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::exit;
use super::files::{self, FileArgs, ValidateArg};
use crate::api::duration::parse_duration;
use crate::kernel::time::{SimDuration, SimTime};
use crate::record::requests::RequestTrace;
use crate::record::watch::{PodRow, Watcher};
use crate::record::{Ending, Run, trace};
use crate::report::chart::{self, ChartFormat};
use crate::report::kubectl::watch::{WatchOptions, WatchView};
use crate::report::{objects, output, summary};
use crate::run::{Limits, RunOptions, Trace, run_observed};
use crate::scenario::{Object, ReadOptions, Scenario, Source};
use crate::world::observer::Observer;

/// Arguments of `jobsim run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    files: FileArgs,
    /// What chance is drawn from, instead of the scenario's seed
    #[arg(long)]
    seed: Option<u64>,
    /// How much time to simulate, such as 90m or 2d, instead of the scenario's horizon
    #[arg(long, value_parser = parse_duration, value_name = "DURATION")]
    horizon: Option<SimDuration>,
    /// Folder for the files of the run; `none` writes none [default: output/SCENARIO]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What goes to standard output
    #[arg(short, long, value_enum, default_value_t = Output::Watch)]
    output: Output,
    /// Watch the pods (the default output)
    #[arg(short, long, conflicts_with = "output")]
    watch: bool,
    /// What to keep of the run: all of it, or counts alone, in memory that does not grow with what has ended
    #[arg(long, value_enum, default_value_t = TraceArg::All)]
    trace: TraceArg,
    /// Simulate pods, or decide only which Jobs start and when: each lasts as long as its pods would
    #[arg(long, value_enum, default_value_t = PodsArg::All)]
    pods: PodsArg,
    /// Which of several equally good nodes takes a pod: one by chance, or the first
    #[arg(long, value_enum, default_value_t = TieBreakArg::Random)]
    tie_break: TieBreakArg,
    /// Write requests.csv: every request of the controllers' clients
    #[arg(long)]
    trace_requests: bool,
    /// Charts to write
    #[arg(long, value_enum, value_delimiter = ',', default_value = "svg")]
    charts: Vec<Charts>,
    /// What to do about fields that Kubernetes does not know, and the like
    #[arg(long, value_enum, default_value_t = ValidateArg::Strict)]
    validate: ValidateArg,
    /// Refuse manifests with fields that are not modelled, instead of noting them
    #[arg(long)]
    strict_model: bool,
    /// Release of Kubernetes whose rules apply
    #[arg(long, value_name = "VERSION")]
    kubernetes: Option<String>,
    /// Stop when more pods than this were created
    #[arg(long, default_value_t = Limits::default().pods, value_name = "N")]
    max_pods: u64,
    /// Stop when more events than this have happened
    #[arg(long, default_value_t = Limits::default().events, value_name = "N")]
    max_events: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// The pods' timeline as `kubectl get -w pod` shows it, then a summary
    Watch,
    /// The same with more columns
    Wide,
    /// The summary alone
    Table,
    /// One JSON object: the run's Jobs, pods and events
    Json,
    /// A JSON object a line: Jobs, then pods, then events
    Jsonl,
    /// As json, in YAML
    Yaml,
    /// The names of Jobs and pods
    Name,
    /// Nothing
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TieBreakArg {
    Random,
    First,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Charts {
    Svg,
    Png,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TraceArg {
    All,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PodsArg {
    All,
    None,
}

/// Reads, runs, shows and writes.
pub fn run(args: &RunArgs, colour: bool) -> anyhow::Result<ExitCode> {
    let sources = args.files.read()?;
    let digest = digest(&sources);
    if let Some(release) = args.kubernetes.as_deref().filter(|release| *release != "1.37") {
        writeln!(io::stderr(), "error: --kubernetes {release}: the rules of 1.37 are the only ones there are")?;
        return Ok(ExitCode::from(exit::USAGE));
    }
    let options = ReadOptions { validate: args.validate.into(), strict_model: args.strict_model };
    let mut err = io::stderr();
    let Some(mut scenario) = files::scenario(sources, &options, colour)? else {
        return Ok(ExitCode::from(exit::USAGE));
    };
    scenario.first_of_ties = args.tie_break == TieBreakArg::First;
    let mut requests = RequestTrace::default();
    let run = simulate(args, &scenario, &mut requests)?;
    if run.ending == Ending::Interrupted {
        writeln!(err, "interrupted at {} s of the simulation; nothing was written", run.end.cut_to_millis())?;
        return Ok(ExitCode::from(exit::INTERRUPTED));
    }
    if let Ending::Fault(fault) = &run.ending {
        writeln!(err, "error: at {} s of the simulation: {fault}", run.end.cut_to_millis())?;
        return Ok(ExitCode::from(exit::USAGE));
    }
    for note in &run.notes {
        writeln!(err, "note: {note}")?;
    }
    let written = write_files(args, &run, requests, &digest)?;
    print(args.output, &run, &digest, &written)?;
    Ok(match &run.ending {
        Ending::Limit(limit) => {
            writeln!(err, "stopped at {} s of the simulation: {limit}", run.end.cut_to_millis())?;
            ExitCode::from(exit::LIMIT)
        }
        _ => ExitCode::SUCCESS,
    })
}

/// What tells one scenario from another: its text, wherever it lies.
fn digest(sources: &[Source]) -> String {
    let texts: Vec<&[u8]> = sources.iter().map(|source| source.bytes.as_slice()).collect();
    format!("{:016x}", crate::kernel::rng::entity(&texts))
}

fn simulate(args: &RunArgs, scenario: &Scenario, requests: &mut RequestTrace) -> anyhow::Result<Run> {
    let interrupt = Arc::new(AtomicBool::new(false));
    let flag = interrupt.clone();
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).context("cannot watch for Ctrl-C")?;
    let progress = Arc::new(AtomicU64::new(0));
    let options = RunOptions {
        seed: args.seed,
        horizon: args.horizon,
        limits: Limits { pods: args.max_pods, events: args.max_events },
        interrupt: Some(interrupt),
        progress: Some(progress.clone()),
        schedule_only: args.pods == PodsArg::None,
        trace: if args.trace == TraceArg::None { Trace::None } else { Trace::All },
        ..RunOptions::default()
    };
    let bar = show_progress(args, scenario, progress);
    let requests = args.trace_requests.then_some(requests);
    let run = if matches!(args.output, Output::Watch | Output::Wide) {
        watched(args, scenario, &options, requests)?
    } else {
        run_observed(scenario, &options, requests.into_iter().map(|requests| requests as &mut dyn Observer).collect())
    };
    bar.store(true, Ordering::Relaxed);
    Ok(run)
}

fn watched(
    args: &RunArgs,
    scenario: &Scenario,
    options: &RunOptions,
    requests: Option<&mut RequestTrace>,
) -> anyhow::Result<Run> {
    let out = BufWriter::new(io::stdout().lock());
    let mut view = WatchView::new(out, watch_options(scenario, args.output == Output::Wide));
    let mut failed: Option<io::Error> = None;
    let mut show = |row: &PodRow| {
        if let Err(error) = view.show(row) {
            failed = Some(error);
        }
        failed.is_none()
    };
    let mut watcher = Watcher::new(&mut show);
    let mut observers: Vec<&mut dyn Observer> = vec![&mut watcher];
    if let Some(requests) = requests {
        observers.push(requests);
    }
    let run = run_observed(scenario, options, observers);
    if let Some(error) = failed {
        return Err(error.into());
    }
    let begun = view.begun();
    let mut out = view.finish()?;
    if begun {
        writeln!(out)?;
    }
    out.flush()?;
    Ok(run)
}

/// Widths for all pods that the scenario's Jobs can have.
pub(super) fn watch_options(scenario: &Scenario, wide: bool) -> WatchOptions {
    let mut options = WatchOptions { wide, ..WatchOptions::default() };
    let mut namespaces: Vec<&str> = Vec::new();
    let jobs = scenario.objects.iter().filter_map(|object| match object {
        Object::Job(job) => Some((&job.name, &job.spec, 0)),
        // A run's name ends in the minutes since 1970.
        Object::CronJob(cron_job) => Some((&cron_job.name, &cron_job.spec.job_template.spec, "-00000000".len())),
        _ => None,
    });
    let copies = scenario.arrivals.iter().map(|arrivals| {
        let digits = arrivals.process.limit.map_or(4, |limit| limit.to_string().len());
        (&arrivals.template.name, &arrivals.template.spec, 1 + digits)
    });
    for (name, spec, more) in jobs.chain(copies) {
        let index = spec.completions.filter(|_| spec.is_indexed());
        let index_width = index.map_or(0, |completions| (completions - 1).max(0).to_string().len() + 1);
        let width = (name.name.chars().count() + more + 1 + index_width).min(58) + 5;
        options.name_width = options.name_width.max(width);
        options.restarts |= spec.template.restart_policy != crate::api::pod::RestartPolicy::Never;
        namespaces.push(&name.namespace);
    }
    namespaces.sort_unstable();
    namespaces.dedup();
    if namespaces.len() > 1 {
        options.namespace_width = namespaces.iter().map(|namespace| namespace.chars().count()).max();
    }
    options
}

/// A bar on standard error for runs that last, if someone looks at it. Setting the flag that it returns ends it.
fn show_progress(args: &RunArgs, scenario: &Scenario, progress: Arc<AtomicU64>) -> Arc<AtomicBool> {
    let done = Arc::new(AtomicBool::new(false));
    if !io::stderr().is_terminal() || io::stdout().is_terminal() && args.output == Output::Watch {
        return done;
    }
    let horizon = args.horizon.or(scenario.horizon).map(|length| length.0 / 1_000_000_000);
    let flag = done.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        let bar = horizon.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let style = if horizon.is_some() { "{wide_bar} {msg} [{elapsed}, {eta} left]" } else { "{spinner} {msg}" };
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        while !flag.load(Ordering::Relaxed) {
            let seconds = SimTime(progress.load(Ordering::Relaxed)).whole_seconds();
            bar.set_position(seconds);
            bar.set_message(format!("{seconds} s simulated"));
            std::thread::sleep(Duration::from_millis(100));
        }
        bar.finish_and_clear();
    });
    done
}

/// All files of the run, or none. Returns their paths.
fn write_files(args: &RunArgs, run: &Run, requests: RequestTrace, digest: &str) -> anyhow::Result<Vec<PathBuf>> {
    let folder = match &args.out {
        Some(none) if none.as_os_str() == "none" => return Ok(Vec::new()),
        Some(folder) => folder.clone(),
        None => Path::new("output").join(output::folder_name(&run.scenario)),
    };
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut table = |name: &str, write: fn(&Run, &mut Vec<u8>) -> io::Result<()>| -> io::Result<()> {
        let mut bytes = Vec::new();
        write(run, &mut bytes)?;
        files.push((name.to_owned(), bytes));
        Ok(())
    };
    if !run.cron_jobs.is_empty() {
        table("cronjobs.csv", |run, out| trace::cronjobs_csv(run, out))?;
    }
    let recorded = run.totals.is_none();
    if recorded {
        table("jobs.csv", |run, out| trace::jobs_csv(run, out))?;
        table("pods.csv", |run, out| trace::pods_csv(run, out))?;
        if !run.nodes.is_empty() {
            table("nodes.csv", |run, out| trace::nodes_csv(run, out))?;
        }
        table("events.csv", |run, out| trace::events_csv(run, out))?;
    }
    if args.trace_requests {
        let mut bytes = Vec::new();
        trace::requests_csv(&requests.into_rows(), &mut bytes)?;
        files.push(("requests.csv".to_owned(), bytes));
    }
    files.push((output::SUMMARY_FILE.to_owned(), summary::json(run, digest)));
    if recorded && !args.charts.contains(&Charts::None) {
        for format in &args.charts {
            let format = if *format == Charts::Png { ChartFormat::Png } else { ChartFormat::Svg };
            let charts = [
                ("timeline", chart::timeline(run, format)?),
                ("parallelism", chart::parallelism(run, format)?),
                ("completions", chart::completions(run, format)?),
            ];
            for (name, drawn) in charts {
                files.push((format!("{name}.{}", format.extension()), drawn));
            }
        }
    }
    Ok(output::write_all(&folder, files)?)
}

fn print(output: Output, run: &Run, digest: &str, written: &[PathBuf]) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match output {
        Output::Watch | Output::Wide | Output::Table => write!(out, "{}", summary::text(run, written))?,
        Output::Json => objects::json(run, digest, &mut out)?,
        Output::Jsonl => objects::json_lines(run, digest, &mut out)?,
        Output::Yaml => {
            let mut json = Vec::new();
            objects::json(run, digest, &mut json)?;
            let document: serde_json::Value = serde_json::from_slice(&json)?;
            serde_yaml::to_writer(&mut out, &document)?;
        }
        Output::Name => objects::names(run, &mut out)?,
        Output::None => {}
    }
    out.flush()?;
    Ok(())
}
