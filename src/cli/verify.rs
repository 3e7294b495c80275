//! `jobsim verify`: is a scenario's run the same each time, however it is written, and the same as an earlier one?

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Deserialize;

use super::Wrong;
use super::exit;
use super::files::{self, FileArgs, ValidateArg};
use super::kubernetes::KubernetesArgs;
use super::out;
use super::run::digest;
use crate::api::duration::parse_duration;
use crate::kernel::time::SimDuration;
use crate::record::stream::Tables;
use crate::record::trace::RunTable;
use crate::report::digest::{Digesting, Standing, TableDigest};
use crate::report::output::{self, SUMMARY_FILE};
use crate::report::summary::MadeWith;
use crate::run::{Limits, RunOptions, run as simulate, run_streamed};
use crate::scenario::{ReadOptions, Scenario, Source, Validate};

/// Arguments of `jobsim verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    files: FileArgs,
    /// The folder of an earlier run [default: output/SCENARIO, if it is there]
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// What chance is drawn from [default: that of the earlier run, or the scenario's]
    #[arg(long)]
    seed: Option<u64>,
    /// How much time to simulate, if the earlier run was told to differ from its scenario
    #[arg(long, value_parser = parse_duration, value_name = "DURATION")]
    horizon: Option<SimDuration>,
    #[command(flatten)]
    kubernetes: KubernetesArgs,
}

/// What is read of an earlier run's summary.
#[derive(Debug, Deserialize)]
struct Earlier {
    version: String,
    scenario_digest: String,
    seed: u64,
    #[serde(default)]
    options: MadeWith,
    /// The limit that stopped it.
    limit: Option<String>,
    #[serde(default)]
    tables: Vec<TableDigest>,
}

/// Runs twice and compares. Exit code 1 where something differs.
pub fn run(args: &VerifyArgs, colour: bool) -> anyhow::Result<ExitCode> {
    let sources = args.files.read()?;
    let scenario_digest = digest(&sources);
    let (folder, earlier) = earlier(args, &sources)?;
    let mut with = earlier.as_ref().map(|earlier| earlier.options.clone()).unwrap_or_default();
    let odd = |what: String| Wrong(format!("{}: options: {what}", folder.join(SUMMARY_FILE).display()));
    let kubernetes = args.kubernetes.or(with.kubernetes.as_deref(), with.feature_gates.as_deref()).map_err(odd)?;
    let validate = with.validate.as_deref().map(|word| ValidateArg::from_str(word, true)).transpose().map_err(odd)?;
    let options = ReadOptions {
        validate: validate.map(Into::into).unwrap_or_default(),
        refuse_newer: validate.is_some(),
        kubernetes: kubernetes.over(&sources)?,
        ..ReadOptions::default()
    };
    let Some(mut scenario) = files::scenario(sources, &options, colour)? else {
        return Ok(ExitCode::from(exit::USAGE));
    };
    scenario.first_of_ties = with.tie_break.as_deref() == Some("first");
    let limits = Limits::default();
    let horizon = with.horizon.as_deref().map(parse_duration).transpose().map_err(odd)?;
    let options = RunOptions {
        seed: args.seed.or(earlier.as_ref().map(|earlier| earlier.seed)),
        horizon: args.horizon.or(horizon),
        schedule_only: with.pods.as_deref() == Some("none"),
        limits: Limits { pods: with.max_pods.unwrap_or(limits.pods), events: with.max_events.unwrap_or(limits.events) },
        ..RunOptions::default()
    };
    let recorded = recorded(&scenario, &options)?;
    let streamed = streamed(&scenario, &options)?;
    let mut out = out::stdout();
    let mut same = true;
    for (table, digest) in &recorded {
        let agrees = streamed.get(table).is_none_or(|other| other == digest);
        same &= agrees;
        writeln!(
            out,
            "{table:<14} {digest} {}",
            if agrees { "twice the same" } else { "DIFFERS when it is streamed" }
        )?;
    }
    let Some(earlier) = earlier else {
        writeln!(out, "There is no earlier run in {} to hold it against.", folder.display())?;
        return Ok(if same { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERENCE) });
    };
    if earlier.tables.is_empty() {
        let folder = folder.display();
        let why = "its summary names no tables, as of a run with --trace none";
        writeln!(io::stderr(), "error: there is nothing in {folder} to hold it against: {why}")?;
        return Ok(ExitCode::from(if same { exit::USAGE } else { exit::DIFFERENCE }));
    }
    // What was said now counts instead.
    with.horizon = with.horizon.filter(|_| args.horizon.is_none());
    if args.kubernetes.says_something() {
        (with.kubernetes, with.feature_gates) = (None, None);
    }
    if !with.is_nothing() {
        writeln!(out, "As that run: {with}.")?;
    }
    let changed: Vec<&str> = earlier
        .tables
        .iter()
        .filter(|table| recorded.get(&table.table).is_some_and(|digest| *digest != table.sha256))
        .map(|table| table.table.as_str())
        .collect();
    let known = earlier.tables.iter().filter(|table| recorded.contains_key(&table.table)).count();
    match changed.is_empty() {
        true => {
            let tables = if known == 1 { "1 table".to_owned() } else { format!("{known} tables") };
            writeln!(out, "The same as in {}: {tables}, by the digests in its {SUMMARY_FILE}.", folder.display())?;
        }
        false => writeln!(out, "Not the same as in {}: {} differ.", folder.display(), changed.join(", "))?,
    }
    if !changed.is_empty() && earlier.scenario_digest != scenario_digest {
        writeln!(out, "The scenario is not the one of that run: its files have changed.")?;
    }
    if !changed.is_empty() && earlier.version != env!("CARGO_PKG_VERSION") {
        writeln!(out, "That run was made by version {}, this is {}.", earlier.version, env!("CARGO_PKG_VERSION"))?;
    }
    if !changed.is_empty() && options.seed != Some(earlier.seed) {
        let seed = options.seed.unwrap_or(scenario.seed);
        writeln!(out, "That run drew from seed {}, this one from seed {seed}.", earlier.seed)?;
    }
    if let Some(limit) = earlier.limit.as_ref().filter(|_| !changed.is_empty()) {
        writeln!(out, "That run was stopped by a limit: {limit}.")?;
    }
    if !changed.is_empty() && args.horizon.is_some() {
        writeln!(out, "This run had another horizon, by --horizon.")?;
    }
    if !changed.is_empty() && args.kubernetes.says_something() {
        writeln!(out, "This run had another Kubernetes, by --kubernetes or --feature-gates.")?;
    }
    let altered = altered(&earlier, &folder, &mut out)?;
    Ok(if same && changed.is_empty() && !altered { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERENCE) })
}

/// The folder of the earlier run, and what its summary says, if it is there.
fn earlier(args: &VerifyArgs, sources: &[Source]) -> anyhow::Result<(PathBuf, Option<Earlier>)> {
    // What is wrong with the scenario is said once it is read as that run read it.
    let name = || {
        let options = ReadOptions { validate: Validate::Ignore, ..ReadOptions::default() };
        crate::scenario::read(sources.to_vec(), &options).map_or(String::new(), |(scenario, _)| scenario.name)
    };
    let folder = args.against.clone().unwrap_or_else(|| Path::new("output").join(output::folder_name(&name())));
    if output::is_study(&folder.join(SUMMARY_FILE)) {
        return Err(Wrong(format!("{} is of a study, not of a run", folder.display())).into());
    }
    let earlier = match std::fs::read(folder.join(SUMMARY_FILE)) {
        Ok(text) => Some(serde_json::from_slice(&text).context(format!("{}: {SUMMARY_FILE}", folder.display()))?),
        Err(_) if args.against.is_none() => None,
        Err(error) => return Err(error).context(format!("cannot read {}", folder.join(SUMMARY_FILE).display())),
    };
    Ok((folder, earlier))
}

/// Says which tables of the folder are not what its summary has the digests of. Is there one?
fn altered(earlier: &Earlier, folder: &Path, out: &mut impl Write) -> anyhow::Result<bool> {
    let mut any = false;
    for digest in &earlier.tables {
        let table = folder.join(&digest.table);
        let standing = digest.standing(folder).with_context(|| format!("cannot read {}", table.display()))?;
        let what = match standing {
            Standing::Whole => continue,
            Standing::Altered => "was altered after it was written",
            Standing::Missing => "is missing",
        };
        any = true;
        writeln!(out, "{} {what}: {SUMMARY_FILE} has its digest.", table.display())?;
    }
    Ok(any)
}

type Digests = BTreeMap<String, String>;

/// The tables' digests of a run that is recorded first and written then.
fn recorded(scenario: &Scenario, options: &RunOptions) -> io::Result<Digests> {
    let run = simulate(scenario, options);
    let mut digests = Digests::new();
    for table in RunTable::ALL {
        let mut rows = Vec::new();
        table.write(&run, &mut rows)?;
        digests.insert(table.file_name().to_owned(), TableDigest::of(table.file_name(), &rows).sha256);
    }
    Ok(digests)
}

/// The tables' digests of a run that is written while it goes on.
fn streamed(scenario: &Scenario, options: &RunOptions) -> io::Result<Digests> {
    let mut tables = Tables::of(|_| Ok::<_, io::Error>(Some(Digesting::new(io::sink()))))?;
    run_streamed(scenario, options, tables.as_mut(), Vec::new())?;
    let digest = |(table, of): (RunTable, Digesting<io::Sink>)| {
        (table.file_name().to_owned(), of.finish(table.file_name()).1.sha256)
    };
    Ok(tables.named().map(digest).collect())
}
