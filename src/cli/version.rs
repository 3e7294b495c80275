//! `jobsim version`.

use std::io::Write;
use std::process::ExitCode;

/// Prints the version and what it stands for.
pub fn run() -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "jobsim {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "rules of Kubernetes 1.37")?;
    Ok(ExitCode::SUCCESS)
}
