//! `jobsim verify`: is a scenario's run the same each time, however it is written, and the same as an earlier one?

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde::Deserialize;

use super::exit;
use super::files::{self, FileArgs};
use super::kubernetes::KubernetesArgs;
use super::run::digest;
use crate::api::duration::parse_duration;
use crate::kernel::time::SimDuration;
use crate::record::stream::Tables;
use crate::record::trace::RunTable;
use crate::report::digest::{Digesting, Standing, TableDigest};
use crate::report::output::{self, SUMMARY_FILE};
use crate::run::{RunOptions, run as simulate, run_streamed};
use crate::scenario::{ReadOptions, Scenario};

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
    tables: Vec<TableDigest>,
}

/// Runs twice and compares. Exit code 1 where something differs.
pub fn run(args: &VerifyArgs, colour: bool) -> anyhow::Result<ExitCode> {
    let sources = args.files.read()?;
    let scenario_digest = digest(&sources);
    let options = ReadOptions { kubernetes: args.kubernetes.over(&sources)?, ..ReadOptions::default() };
    let Some(scenario) = files::scenario(sources, &options, colour)? else { return Ok(ExitCode::from(exit::USAGE)) };
    let folder = args.against.clone().unwrap_or_else(|| Path::new("output").join(output::folder_name(&scenario.name)));
    let earlier = match std::fs::read(folder.join(SUMMARY_FILE)) {
        Ok(text) => {
            Some(serde_json::from_slice::<Earlier>(&text).context(format!("{}: {SUMMARY_FILE}", folder.display()))?)
        }
        Err(_) if args.against.is_none() => None,
        Err(error) => return Err(error).context(format!("cannot read {}", folder.join(SUMMARY_FILE).display())),
    };
    let seed = args.seed.or(earlier.as_ref().map(|earlier| earlier.seed));
    let options = RunOptions { seed, horizon: args.horizon, ..RunOptions::default() };
    let recorded = recorded(&scenario, &options)?;
    let streamed = streamed(&scenario, &options)?;
    let mut out = io::stdout().lock();
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
    let altered = altered(&earlier, &folder, &mut out)?;
    Ok(if same && changed.is_empty() && !altered { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERENCE) })
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
