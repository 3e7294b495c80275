//! `jobsim merge`: shards become one study.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::sweep::{self, ResultsArgs};
use crate::study::shard;

/// Arguments of `jobsim merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// The folder that all shards were written into (`--out`)
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Folder for the files of the study; `none` writes none [default: DIR]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    results: ResultsArgs,
}

/// Checks, merges, tells and writes.
pub fn run(args: &MergeArgs) -> anyhow::Result<ExitCode> {
    let results = shard::merge(&args.folder)?;
    let folder = args.out.as_ref().unwrap_or(&args.folder);
    sweep::tell(&results, (folder.as_os_str() != "none").then_some(folder), &args.results)
}
