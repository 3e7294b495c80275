//! What the simulator costs, as ratios: floor programs and ours take turns in one process, five rounds, CPU time.
//!
//! `cargo bench --bench ratios` measures all rows and fails when a gate is missed. `-- --rows 2,7` measures some,
//! `--full` takes the sizes that need minutes, `--json FILE` keeps the record, `--test` runs all once at a small size.

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

mod floor;
mod measure;
mod report;
mod rows;
mod scenarios;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use measure::Effort;
use report::Finding;

/// Ratios of the simulator to floor programs.
#[derive(Debug, Parser)]
struct Args {
    /// Rows to measure, by their numbers; all without it
    #[arg(long, value_delimiter = ',')]
    rows: Vec<u8>,
    /// Take the sizes that need minutes too
    #[arg(long)]
    full: bool,
    /// Run everything once at a small size and hold it against no gate
    #[arg(long)]
    test: bool,
    /// Write what was found to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Ignored: cargo says this to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let effort = Effort { test: args.test, full: args.full };
    println!("{}", report::header());
    let mut findings: Vec<Finding> = Vec::new();
    for group in &rows::GROUPS {
        if !args.rows.is_empty() && !group.rows.iter().any(|row| args.rows.contains(row)) {
            continue;
        }
        for finding in (group.measure)(effort) {
            println!("{}", finding.line());
            findings.push(finding);
        }
    }
    if let Some(file) = &args.json {
        let text = format!("{:#}\n", report::record(&findings));
        if let Err(error) = std::fs::write(file, text) {
            println!("cannot write {}: {error}", file.display());
            return ExitCode::FAILURE;
        }
    }
    let missed = findings.iter().filter(|finding| !finding.is_met()).count();
    if missed > 0 && !args.test {
        println!("{missed} gates were missed");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
