//! The command line: one file a command. Arguments become a library call, its result becomes text.

pub mod cluster;
pub mod compare;
pub mod completion;
pub mod defaults;
pub mod describe;
pub mod diff;
pub mod explain;
pub mod explain_pod;
pub mod files;
pub mod fit;
mod flags;
mod format;
pub mod get;
pub mod init;
mod interrupt;
pub mod kubernetes;
pub mod limits;
pub mod merge;
mod out;
pub mod releases;
mod request;
pub mod run;
pub mod schedule;
pub mod shards;
pub mod study;
pub mod sweep;
mod tables;
pub mod test;
mod upgrade;
pub mod validate;
pub mod verify;
pub mod version;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

/// Exit codes, the same for all commands.
pub mod exit {
    /// A difference, failed assertion or gate.
    pub const DIFFERENCE: u8 = 1;
    /// Usage or invalid input.
    pub const USAGE: u8 = 2;
    /// Input or output failed, or jobsim did.
    pub const FAILURE: u8 = 3;
    /// Stopped by a limit.
    pub const LIMIT: u8 = 4;
    /// Interrupted.
    pub const INTERRUPTED: u8 = 130;
}

/// A deterministic simulator of Kubernetes Job scheduling: ordinary manifests in, timelines out.
#[derive(Debug, Parser)]
#[command(name = "jobsim", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Colours in messages; NO_COLOR is respected
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true)]
    color: Color,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Color {
    /// On a terminal
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a scenario and show what happens to its pods
    Run(run::RunArgs),
    /// Run a scenario many times while values in it vary, and tell means, intervals and percentiles
    Sweep(sweep::SweepArgs),
    /// Compare two scenarios, or one with itself after a change, run by run on the same luck
    Compare(compare::CompareArgs),
    /// Find the smallest or cheapest values with which a deadline holds
    Fit(fit::FitArgs),
    /// Put the shards of a sweep together: the same bytes as of one machine
    Merge(merge::MergeArgs),
    /// Show objects of a run as `kubectl get` does, at its end or at a time
    Get(get::GetArgs),
    /// Show an object of a run in detail, as `kubectl describe` does
    Describe(describe::DescribeArgs),
    /// Say what the API server and kubectl would say of manifests
    Validate(validate::ValidateArgs),
    /// Print Jobs and CronJobs as the API server would store them
    Defaults(defaults::DefaultsArgs),
    /// Run a scenario again, twice, and hold what it writes against itself and against an earlier run
    Verify(verify::VerifyArgs),
    /// Hold scenarios against their golden traces and against what they expect
    Test(test::TestArgs),
    /// Say what two scenarios, manifests or traces differ in, or one under two releases of Kubernetes
    Diff(diff::DiffArgs),
    /// Print when a cron schedule starts runs, local and UTC, with skipped and doubled ones marked
    Schedule(schedule::ScheduleArgs),
    /// Say what a field means, its default, and what becomes of it here; or why a pod waits: explain pod NAME FILE
    Explain(explain::ExplainArgs),
    /// Print what changed for Jobs and CronJobs from release to release of Kubernetes
    Releases(releases::ReleasesArgs),
    /// Write a first scenario, and the schema for an editor beside it
    Init(init::InitArgs),
    /// Print the JSON Schema of scenario files
    Schema,
    /// Print completions for a shell
    Completion(completion::CompletionArgs),
    /// Print the manual page, or write one for each command
    Man(completion::ManArgs),
    /// Say what this program is and which rules and data it holds
    Version(version::VersionArgs),
}

/// What is wrong with the command line or a document: nothing that the machine did.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Wrong(String);

/// Placeholders of values that may begin with a hyphen: what is wrong with `-1` is said where it is read.
const MAY_BE_NEGATIVE: [&str; 9] =
    ["DURATION", "N", "TIME", "SHARE", "SIZE", "I/N", "SEED", "REPLICATIONS", "DEADLINE"];

impl Cli {
    /// The command line of this process; where it is wrong that is said, and the process ends.
    pub fn of_process() -> Cli {
        let may_be_negative = |arg: clap::Arg| {
            let is_one = |name: &clap::builder::Str| MAY_BE_NEGATIVE.contains(&name.as_str());
            let takes_one =
                arg.get_value_names().is_some_and(|names| names.iter().any(is_one)) || arg.get_id() == "seed";
            if takes_one && arg.get_long().is_some() { arg.allow_hyphen_values(true) } else { arg }
        };
        let command = Cli::command().mut_subcommands(|command| command.mut_args(may_be_negative));
        Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
    }

    /// Carries the command out. [`code_of`] tells whose fault an error is that it returns.
    pub fn execute(self) -> anyhow::Result<ExitCode> {
        let colour = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        };
        match self.command {
            Command::Run(args) => run::run(&args, colour),
            Command::Sweep(args) => sweep::run(&args, colour),
            Command::Compare(args) => compare::run(&args, colour),
            Command::Fit(args) => fit::run(&args, colour),
            Command::Merge(args) => merge::run(&args),
            Command::Get(args) => get::run(&args, colour),
            Command::Describe(args) => describe::run(&args, colour),
            Command::Validate(args) => validate::run(&args, colour),
            Command::Defaults(args) => defaults::run(&args, colour),
            Command::Verify(args) => verify::run(&args, colour),
            Command::Test(args) => test::run(&args),
            Command::Diff(args) => diff::run(&args, colour),
            Command::Schedule(args) => {
                let done = schedule::run(&args, &mut out::stdout());
                let is_of_files = |error: &anyhow::Error| error.chain().any(|cause| cause.is::<std::io::Error>());
                done.map_err(|error| if is_of_files(&error) { error } else { Wrong(format!("{error:#}")).into() })?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Explain(args) => explain::run(&args, colour),
            Command::Releases(args) => releases::run(&args),
            Command::Init(args) => init::run(&args),
            Command::Schema => init::print_schema(),
            Command::Completion(args) => completion::run(&args),
            Command::Man(args) => completion::man(&args),
            Command::Version(args) => version::run(&args),
        }
    }
}

/// The exit code of an error: usage, where the command line or a document is wrong; else input or output failed.
pub fn code_of(error: &anyhow::Error) -> u8 {
    if error.is::<Wrong>() { exit::USAGE } else { exit::FAILURE }
}

/// Is this error one of standard output? Files are named where theirs are told; of the system's errors only those have no
/// more words.
pub fn is_of_output(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.raw_os_error().is_some())
        && error.chain().count() == 1
}

/// Is this error a reader that has gone away? Then nothing is said.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe))
}
