//! `jobsim defaults`: objects as the API server would store them.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::exit;
use super::files::{FileArgs, ValidateArg};
use super::kubernetes::KubernetesArgs;
use super::out;
use crate::report::kubectl::document;
use crate::scenario::{self, ReadOptions, Severity};

/// Arguments of `jobsim defaults`.
#[derive(Debug, Args)]
pub struct DefaultsArgs {
    #[command(flatten)]
    files: FileArgs,
    /// How objects are written
    #[arg(short, long, value_enum, default_value_t = Output::Yaml)]
    output: Output,
    /// What to do about fields that Kubernetes does not know, and the like
    #[arg(long, value_enum, default_value_t = ValidateArg::Strict)]
    validate: ValidateArg,
    #[command(flatten)]
    kubernetes: KubernetesArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A YAML document an object
    Yaml,
    /// One JSON object; a List if there are several
    Json,
}

/// Prints the Jobs and CronJobs with all that the server fills in; nothing if one of them is refused.
pub fn run(args: &DefaultsArgs, colour: bool) -> anyhow::Result<ExitCode> {
    let sources = args.files.read()?;
    let kubernetes = args.kubernetes.over(&sources)?;
    let options = ReadOptions {
        validate: args.validate.into(),
        refuse_newer: true,
        kubernetes: kubernetes.clone(),
        ..ReadOptions::default()
    };
    let checked = scenario::check(sources.clone(), &options);
    let text = checked.problems.render(colour);
    if !text.is_empty() {
        writeln!(io::stderr(), "{}\n", text.trim_end())?;
    }
    if checked.problems.count(Severity::Error) > 0 {
        return Ok(ExitCode::from(exit::USAGE));
    }
    let judged = scenario::judge(sources, options.validate, kubernetes);
    let objects: Vec<Value> = judged.into_iter().filter_map(|judged| judged.stored).collect();
    let mut out = BufWriter::new(out::stdout());
    match (args.output, objects.as_slice()) {
        (Output::Yaml, _) => {
            for (number, object) in objects.iter().enumerate() {
                let separator = if number == 0 { "" } else { "---\n" };
                write!(out, "{separator}{}", document::yaml(object))?;
            }
        }
        (Output::Json, [only]) => write!(out, "{}", document::json(only))?,
        (Output::Json, _) => {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
            write!(out, "{}", document::json(&list))?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
