//! `jobsim version`.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::controllers::cronjob::zone;

use super::out;

/// Arguments of `jobsim version`.
#[derive(Debug, Args)]
pub struct VersionArgs {
    /// How it is written
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people
    Text,
    /// One JSON object
    Json,
}

/// The release whose rules and documentation are inside.
const KUBERNETES: &str = "1.37";

/// Prints the version and what it stands for.
pub fn run(args: &VersionArgs) -> anyhow::Result<ExitCode> {
    let mut out = out::stdout();
    let (version, zones) = (env!("CARGO_PKG_VERSION"), zone::data_version());
    match args.output {
        Output::Text => {
            writeln!(out, "jobsim {version}")?;
            writeln!(out, "rules of Kubernetes {KUBERNETES}")?;
            writeln!(out, "time zone data {zones}")?;
        }
        Output::Json => {
            let document = json!({"jobsim": version, "kubernetes": KUBERNETES, "timeZoneData": zones});
            writeln!(out, "{document:#}")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
