//! `jobsim init` and `jobsim schema`: a first scenario, and the schema that an editor checks it with.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::exit;
use super::out;
use crate::report::manual::schema::{TITLE, schema};
use crate::report::output;
use crate::scenario::source::SCHEMA_FILE;

/// Arguments of `jobsim init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The scenario to be written, the schema beside it; `-` prints it
    #[arg(default_value = "scenario.yaml", value_name = "FILE")]
    file: PathBuf,
}

const SCENARIO: &str = include_str!("init.yaml");

/// Writes a scenario and the schema, or nothing if there is such a file.
pub fn run(args: &InitArgs) -> anyhow::Result<ExitCode> {
    if args.file.as_os_str() == "-" {
        out::stdout().write_all(SCENARIO.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let schema_file = args.file.with_file_name(SCHEMA_FILE);
    let is_ours = std::fs::read_to_string(&schema_file).is_ok_and(|text| text.contains(TITLE));
    for (path, may_be_replaced) in [(&args.file, false), (&schema_file, is_ours)] {
        if path.exists() && !may_be_replaced {
            writeln!(io::stderr(), "error: {} exists: name another file, or move it away", path.display())?;
            return Ok(ExitCode::from(exit::USAGE));
        }
    }
    write(&schema_file, &schema_text())?;
    write(&args.file, SCENARIO)?;
    let mut out = out::stdout();
    writeln!(out, "Wrote {} and {}.", args.file.display(), schema_file.display())?;
    writeln!(out, "Now try: jobsim run {}", args.file.display())?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the schema.
pub fn print_schema() -> anyhow::Result<ExitCode> {
    out::stdout().write_all(schema_text().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn schema_text() -> String {
    format!("{:#}\n", schema())
}

/// Writes a file whole or not at all.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = output::temporary(folder).with_context(cannot)?;
    file.write_all(text.as_bytes()).with_context(cannot)?;
    file.persist(path).with_context(cannot)?;
    Ok(())
}
