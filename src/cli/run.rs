//! `jobsim run`: a scenario from its files to its pictures.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::exit;
use super::files::{self, FileArgs, ValidateArg};
use super::interrupt;
use super::kubernetes::KubernetesArgs;
use super::limits::LimitArgs;
use super::out;
use super::study;
use super::tables::{Streamed, TableFiles, name_of};
use crate::api::duration::{format_go_duration, parse_duration};
use crate::kernel::time::{SimDuration, SimTime};
use crate::record::requests::RequestTrace;
use crate::record::trace::{self, RunTable};
use crate::record::watch::{PodRow, Watcher};
use crate::record::{Ending, Run};
use crate::report::chart::{self, ChartError, ChartFormat};
use crate::report::compress::{self, Compression};
use crate::report::digest::TableDigest;
use crate::report::kubectl::document;
use crate::report::kubectl::watch::{WatchOptions, WatchView};
use crate::report::output::{self, Of};
use crate::report::summary::MadeWith;
use crate::report::{objects, summary};
use crate::run::{Limits, RunOptions, Trace, run_observed, run_streamed};
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
    #[arg(long, value_name = "DIR", value_parser = PathBufValueParser::new().try_map(study::local))]
    out: Option<PathBuf>,
    /// What goes to standard output
    #[arg(short, long, value_enum, default_value_t = Output::Watch)]
    output: Output,
    /// Watch the pods (the default output)
    #[arg(short, long, conflicts_with = "output")]
    watch: bool,
    /// Tables to write: all, those of Jobs and pods, of Jobs, or none; `none` keeps counts alone, in memory that does
    /// not grow with what has ended
    #[arg(long, value_enum, default_value_t = TraceArg::All)]
    trace: TraceArg,
    /// Write the tables while the run goes on and keep counts alone, in memory that does not grow with what has ended;
    /// draws no charts, tells no waits and costs
    #[arg(long)]
    stream: bool,
    /// Compress the tables
    #[arg(long, value_enum, value_name = "HOW")]
    compress: Option<CompressArg>,
    /// Simulate pods, or leave them out and decide only which Jobs start and when: each lasts as long as its containers
    /// run, wave by wave, and fails if one of them does. Start-up times, retries and back-off, nodes, quotas and success
    /// policies play no part, so that starts under Forbid and Replace may differ
    #[arg(long, value_enum, default_value_t = PodsArg::All)]
    pods: PodsArg,
    /// Which of several equally good nodes takes a pod: one by chance, or the first
    #[arg(long, value_enum, default_value_t = TieBreakArg::Random)]
    tie_break: TieBreakArg,
    /// Write requests.csv: every request of the controllers' clients
    #[arg(long)]
    trace_requests: bool,
    /// Charts to write [default: svg]
    #[arg(long, value_enum, value_delimiter = ',')]
    charts: Vec<Charts>,
    /// What to do about fields that Kubernetes does not know, and the like [default: strict, but fields that only newer
    /// releases know are dropped with a warning]
    #[arg(long, value_enum)]
    validate: Option<ValidateArg>,
    /// Refuse manifests with fields that are not modelled, instead of noting them
    #[arg(long)]
    strict_model: bool,
    #[command(flatten)]
    kubernetes: KubernetesArgs,
    #[command(flatten)]
    limits: LimitArgs,
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
    Pods,
    Jobs,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CompressArg {
    Gz,
    Zst,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PodsArg {
    All,
    None,
}

impl RunArgs {
    /// Where the files of a run of this scenario go, if anywhere.
    fn folder(&self, scenario: &str) -> Option<PathBuf> {
        match &self.out {
            Some(none) if none.as_os_str() == "none" => None,
            Some(folder) => Some(folder.clone()),
            None => Some(Path::new("output").join(output::folder_name(scenario))),
        }
    }

    /// An option that could do nothing beside another one: a sentence that names both.
    fn idle(&self) -> Option<String> {
        let writes_nothing = self.out.as_ref().is_some_and(|out| out.as_os_str() == "none");
        let draws_nothing = match (writes_nothing, self.trace, self.stream) {
            (true, ..) => Some("--out none writes no files"),
            (_, TraceArg::None, _) => Some("--trace none keeps nothing to draw"),
            (.., true) => Some("--stream keeps nothing to draw"),
            _ => None,
        };
        let no_tables =
            (self.trace == TraceArg::None && !self.trace_requests).then_some("--trace none writes no tables");
        let no_tables = writes_nothing.then_some("--out none writes no files").or(no_tables);
        let charts = draws_nothing.filter(|_| self.charts.iter().any(|chart| *chart != Charts::None));
        let compress = no_tables.filter(|_| self.compress.is_some());
        let requests = no_tables.filter(|_| self.trace_requests);
        let found = [("--charts", charts), ("--compress", compress), ("--trace-requests", requests)];
        let (option, why) = found.into_iter().find_map(|(option, why)| Some((option, why?)))?;
        Some(format!("{option} plays no part, as {why}: leave one of them out"))
    }

    /// What was said beside the scenario of what happens in the run.
    fn made_with(&self) -> MadeWith {
        let limits = (self.limits.limits(), Limits::default());
        let word = |argument: Option<ValidateArg>| argument.and_then(|argument| argument.to_possible_value());
        MadeWith {
            horizon: self.horizon.map(|horizon| format_go_duration(i64::try_from(horizon.0).unwrap_or(i64::MAX))),
            kubernetes: self.kubernetes.release(),
            feature_gates: self.kubernetes.gates(),
            pods: (self.pods == PodsArg::None).then(|| "none".to_owned()),
            tie_break: (self.tie_break == TieBreakArg::First).then(|| "first".to_owned()),
            validate: word(self.validate).map(|value| value.get_name().to_owned()),
            max_pods: (limits.0.pods != limits.1.pods).then_some(limits.0.pods),
            max_events: (limits.0.events != limits.1.events).then_some(limits.0.events),
        }
    }

    fn compression(&self) -> Option<Compression> {
        self.compress.map(|how| match how {
            CompressArg::Gz => Compression::Gzip,
            CompressArg::Zst => Compression::Zstd,
        })
    }

    /// Is this table to be written, if there is anything in it?
    fn keeps(&self, table: RunTable) -> bool {
        let is_of_pods = matches!(table, RunTable::Pods | RunTable::Nodes | RunTable::Waits);
        if self.pods == PodsArg::None && is_of_pods {
            return false;
        }
        match table {
            RunTable::CronJobs | RunTable::Jobs => self.trace != TraceArg::None,
            RunTable::Pods => matches!(self.trace, TraceArg::All | TraceArg::Pods),
            RunTable::Nodes | RunTable::Waits | RunTable::Events => self.trace == TraceArg::All,
        }
    }

    /// Is it to be written while a run of this scenario goes on?
    fn streams(&self, table: RunTable, scenario: &Scenario) -> bool {
        let has = |is_one: fn(&Object) -> bool| scenario.objects.iter().any(is_one);
        let may_be_told = match table {
            RunTable::CronJobs => has(|object| matches!(object, Object::CronJob(_))),
            RunTable::Nodes => has(|object| matches!(object, Object::Node(_))) || !scenario.cluster.pools.is_empty(),
            RunTable::Jobs | RunTable::Pods | RunTable::Waits | RunTable::Events => true,
        };
        may_be_told && self.keeps(table)
    }
}

/// Reads, runs, shows and writes.
pub fn run(args: &RunArgs, colour: bool) -> anyhow::Result<ExitCode> {
    if let Some(sentence) = args.idle() {
        return study::refuse(&sentence.into());
    }
    let sources = args.files.read()?;
    let digest = digest(&sources);
    let options = ReadOptions {
        validate: args.validate.map(Into::into).unwrap_or_default(),
        refuse_newer: args.validate.is_some(),
        kubernetes: args.kubernetes.over(&sources)?,
        strict_model: args.strict_model,
    };
    let mut err = io::stderr();
    let Some(mut scenario) = files::scenario(sources, &options, colour)? else {
        return Ok(ExitCode::from(exit::USAGE));
    };
    scenario.first_of_ties = args.tie_break == TieBreakArg::First;
    if args.stream && matches!(args.output, Output::Json | Output::Jsonl | Output::Yaml | Output::Name) {
        writeln!(err, "error: --stream keeps no objects to print: leave -o out, or use -o table")?;
        return Ok(ExitCode::from(exit::USAGE));
    }
    study::can_be_used(args.folder(&scenario.name).as_deref(), Of::Run, &[])?;
    if let Some(note) = left_out(&scenario).filter(|_| args.pods == PodsArg::None) {
        writeln!(err, "note: {note}")?;
    }
    let mut requests = RequestTrace::default();
    let interrupt = interrupt::flag()?;
    let (mut run, streamed) = simulate(args, &scenario, &mut requests, interrupt.clone())?;
    if args.pods == PodsArg::None {
        // Paths along pods that were never there.
        run.critical_paths.clear();
    }
    let is_asked_to_end = streamed.is_none() && interrupt.load(Ordering::Relaxed);
    if run.ending == Ending::Interrupted || is_asked_to_end {
        writeln!(err, "interrupted at {} s of the simulation; nothing was written", run.end.cut_to_millis())?;
        return Ok(ExitCode::from(exit::INTERRUPTED));
    }
    if let Ending::Fault(fault) = &run.ending {
        writeln!(err, "error: at {} s of the simulation: {fault}", run.end.cut_to_millis())?;
        return Ok(ExitCode::from(exit::USAGE));
    }
    for note in files::in_short(&run.notes) {
        writeln!(err, "note: {note}")?;
    }
    for rule in scenario.behaviour.idle_rules() {
        writeln!(err, "note: pods[{rule}] of the Simulation matches no Job or Pod of this run")?;
    }
    let written = write_files(args, &run, requests, &digest, streamed)?;
    print(args.output, &run, &digest, &written)?;
    Ok(match &run.ending {
        Ending::Limit(limit) => {
            writeln!(err, "stopped at {} s of the simulation: {limit}", run.end.cut_to_millis())?;
            ExitCode::from(exit::LIMIT)
        }
        _ => ExitCode::SUCCESS,
    })
}

/// What plays no part in a run without pods, though the scenario has it; none if nothing does.
fn left_out(scenario: &Scenario) -> Option<String> {
    let has = |is_one: fn(&Object) -> bool| scenario.objects.iter().any(is_one);
    let nodes = has(|object| matches!(object, Object::Node(_))) || !scenario.cluster.pools.is_empty();
    let quotas = has(|object| matches!(object, Object::Quota(_)));
    let retries = scenario.behaviour.may_fail();
    let found = [(retries, "retries of failed pods"), (nodes, "nodes"), (quotas, "quotas")];
    let found: Vec<&str> = found.into_iter().filter_map(|(is_there, what)| is_there.then_some(what)).collect();
    (!found.is_empty()).then(|| format!("--pods none leaves out what the scenario has: {}", found.join(", ")))
}

/// What tells one scenario from another: its text, wherever it lies.
pub(super) fn digest(sources: &[Source]) -> String {
    let texts: Vec<&[u8]> = sources.iter().map(|source| source.bytes.as_slice()).collect();
    format!("{:016x}", crate::kernel::rng::entity(&texts))
}

/// The run; where tables were streamed also their files.
fn simulate(
    args: &RunArgs,
    scenario: &Scenario,
    requests: &mut RequestTrace,
    interrupt: Arc<AtomicBool>,
) -> anyhow::Result<(Run, Option<Streamed>)> {
    let progress = Arc::new(AtomicU64::new(0));
    let stop = args.limits.watch();
    let folder = args.folder(&scenario.name);
    let kept = if args.trace == TraceArg::None || args.stream { Trace::None } else { Trace::All };
    let options = RunOptions {
        seed: args.seed,
        horizon: args.horizon,
        limits: args.limits.limits(),
        stop: Some(stop),
        interrupt: Some(interrupt),
        progress: Some(progress.clone()),
        schedule_only: args.pods == PodsArg::None,
        trace: kept,
        ..RunOptions::default()
    };
    let files = match folder.filter(|_| args.stream) {
        Some(folder) => Some(TableFiles::open(&folder, |table| args.streams(table, scenario), args.compression())?),
        None => None,
    };
    let bar = show_progress(args, scenario, progress);
    let mut observers: Vec<&mut dyn Observer> = Vec::new();
    if args.trace_requests {
        observers.push(requests);
    }
    let played = if matches!(args.output, Output::Watch | Output::Wide) {
        watched(args, scenario, &options, observers, files)
    } else {
        played(scenario, &options, observers, files)
    };
    bar.store(true, Ordering::Relaxed);
    played
}

/// Runs the scenario, into the files of its tables if there are any.
fn played(
    scenario: &Scenario,
    options: &RunOptions,
    observers: Vec<&mut dyn Observer>,
    files: Option<TableFiles>,
) -> anyhow::Result<(Run, Option<Streamed>)> {
    let Some(mut files) = files else { return Ok((run_observed(scenario, options, observers), None)) };
    let run = run_streamed(scenario, options, files.tables(), observers);
    let run = run.context("cannot write a table; nothing was changed")?;
    Ok((run, Some(files.finish()?)))
}

fn watched(
    args: &RunArgs,
    scenario: &Scenario,
    options: &RunOptions,
    further: Vec<&mut dyn Observer>,
    files: Option<TableFiles>,
) -> anyhow::Result<(Run, Option<Streamed>)> {
    let out = BufWriter::new(out::stdout());
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
    for observer in further {
        observers.push(observer);
    }
    let run = played(scenario, options, observers, files)?;
    let begun = view.begun();
    let end = |mut out: BufWriter<out::Out>| -> io::Result<()> {
        if begun {
            writeln!(out)?;
        }
        out.flush()
    };
    failed.map_or(Ok(()), Err).and_then(|()| view.finish().and_then(end))?;
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
fn write_files(
    args: &RunArgs,
    run: &Run,
    requests: RequestTrace,
    digest: &str,
    streamed: Option<Streamed>,
) -> anyhow::Result<Vec<PathBuf>> {
    let Some(folder) = args.folder(&run.scenario) else { return Ok(Vec::new()) };
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let (streamed, mut digests) = streamed.map_or((None, Vec::new()), |(staging, tables)| (Some(staging), tables));
    let mut table = |name: &str, write: &dyn Fn(&mut Vec<u8>) -> io::Result<()>| -> io::Result<()> {
        let mut bytes = Vec::new();
        write(&mut bytes)?;
        digests.push(TableDigest::of(name, &bytes));
        if let Some(how) = args.compression() {
            bytes = compress::compress(&bytes, how)?;
        }
        files.push((name_of(name, args.compression()), bytes));
        Ok(())
    };
    let recorded = run.totals.is_none();
    for each in RunTable::ALL.into_iter().filter(|&each| recorded && args.keeps(each) && each.is_told(run)) {
        table(each.file_name(), &|out| each.write(run, out))?;
    }
    if args.trace_requests {
        let rows = requests.into_rows();
        table("requests.csv", &|out| trace::requests_csv(&rows, out))?;
    }
    files.push((output::SUMMARY_FILE.to_owned(), summary::json(run, digest, args.made_with(), digests)));
    let charts: &[Charts] = if args.charts.is_empty() { &[Charts::Svg] } else { &args.charts };
    if recorded && !charts.contains(&Charts::None) {
        for format in charts {
            let format = if *format == Charts::Png { ChartFormat::Png } else { ChartFormat::Svg };
            for (name, draw, of_nodes) in CHARTS {
                if !of_nodes || !run.nodes.is_empty() {
                    files.push((format!("{name}.{}", format.extension()), draw(run, format)?));
                }
            }
        }
    }
    let earlier = output::of_earlier_run(&folder, &CHARTS.map(|(name, ..)| name));
    let written = match streamed {
        None => output::write_all(&folder, files)?,
        Some(mut staging) => {
            files.iter().try_for_each(|(name, content)| staging.add(name, content))?;
            staging.commit()?
        }
    };
    // What an earlier run wrote and this one has not would be taken for this one's.
    for path in earlier.iter().filter(|path| !written.contains(path)) {
        std::fs::remove_file(path).with_context(|| format!("cannot remove {} of an earlier run", path.display()))?;
    }
    Ok(written)
}

/// A run's pictures: their names, who draws them, and whether they show nodes, which not every run has.
const CHARTS: [(&str, Draw, bool); 6] = [
    ("timeline", chart::timeline, false),
    ("parallelism", chart::parallelism, false),
    ("completions", chart::completions, false),
    ("nodes", chart::nodes, true),
    ("utilisation", chart::utilisation, true),
    ("pending", chart::pending, true),
];

type Draw = fn(&Run, ChartFormat) -> Result<Vec<u8>, ChartError>;

fn print(output: Output, run: &Run, digest: &str, written: &[PathBuf]) -> anyhow::Result<()> {
    let mut out = BufWriter::new(out::stdout());
    match output {
        Output::Watch | Output::Wide | Output::Table => write!(out, "{}", summary::text(run, written))?,
        Output::Json => objects::json(run, digest, &mut out)?,
        Output::Jsonl => objects::json_lines(run, digest, &mut out)?,
        Output::Yaml => {
            let mut json = Vec::new();
            objects::json(run, digest, &mut json)?;
            let run: serde_json::Value = serde_json::from_slice(&json)?;
            write!(out, "{}", document::yaml(&run))?;
        }
        Output::Name => objects::names(run, &mut out)?,
        Output::None => {}
    }
    out.flush()?;
    Ok(())
}
