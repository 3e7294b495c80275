//! `jobsim completion` and `jobsim man`: the command line as shells and `man` read it.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::out;

/// Arguments of `jobsim completion`.
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// Whose completions
    shell: Shell,
}

/// Arguments of `jobsim man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder for a page a command; without it the page of jobsim itself is printed
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Prints completions.
pub fn run(args: &CompletionArgs) -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "jobsim", &mut text);
    out::stdout().write_all(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints or writes manual pages.
pub fn man(args: &ManArgs) -> anyhow::Result<ExitCode> {
    let command = Cli::command();
    match &args.folder {
        Some(folder) => {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot use {}", folder.display()))?;
            clap_mangen::generate_to(command, folder)
                .with_context(|| format!("cannot write into {}", folder.display()))?;
        }
        None => {
            let mut text = Vec::new();
            clap_mangen::Man::new(command).render(&mut text)?;
            out::stdout().write_all(&text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
