//! `jobsim merge`: shards become one study.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};

use super::study;
use super::sweep::{self, ResultsArgs};
use crate::report::output::Of;
use crate::study::shard::Place;

/// Arguments of `jobsim merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Where all shards were written to (`--out`): a folder, or s3://bucket/prefix, gs:// or az://
    #[arg(value_name = "DIR", value_parser = PathBufValueParser::new().try_map(Place::new))]
    shards: Place,
    /// Folder for the files of the study; `none` writes none [default: DIR, if it is a folder]
    #[arg(long, value_name = "DIR", value_parser = PathBufValueParser::new().try_map(study::local))]
    out: Option<PathBuf>,
    #[command(flatten)]
    results: ResultsArgs,
}

/// Checks, merges, tells and writes.
pub fn run(args: &MergeArgs) -> anyhow::Result<ExitCode> {
    let folder = match (&args.out, &args.shards) {
        (Some(folder), _) | (None, Place::Folder(folder)) => folder,
        #[cfg(feature = "object-store")]
        (None, Place::Store(address)) => {
            let sentence =
                format!("merge {address}: name a folder for the files of the study with --out, or --out none");
            return study::refuse(&sentence.into());
        }
    };
    let folder = (folder.as_os_str() != "none").then_some(folder.as_path());
    // The folder of the shards is not looked at: that there are none is said better.
    study::can_be_used(args.out.as_deref().and(folder), Of::Study, &[])?;
    let results = args.shards.merge()?;
    sweep::tell(&results, &results.rows(), folder, &args.results)
}
