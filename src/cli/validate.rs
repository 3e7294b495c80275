//! `jobsim validate`: what the API server and kubectl would say of manifests.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::exit;
use super::files::{FileArgs, ValidateArg};
use super::kubernetes::KubernetesArgs;
use super::out;
use crate::scenario::source::Below;
use crate::scenario::{self, Checked, Problem, ReadOptions, Severity};
use crate::study::{expectations, section};

/// Arguments of `jobsim validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    #[command(flatten)]
    files: FileArgs,
    /// Process the folders in folders too, as kubectl does
    #[arg(short = 'R', long)]
    recursive: bool,
    /// How problems are shown
    #[arg(short, long, value_enum, default_value_t = Output::Human)]
    output: Output,
    /// What to do about fields that Kubernetes does not know, and the like
    #[arg(long, value_enum, default_value_t = ValidateArg::Strict)]
    validate: ValidateArg,
    #[command(flatten)]
    kubernetes: KubernetesArgs,
    /// Refuse manifests with fields that are not modelled, instead of noting them
    #[arg(long)]
    strict_model: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// With the place, the way out, and kubectl's words
    Human,
    /// The API server's verdict on each document, a JSON object a line
    Json,
    /// Annotations of GitHub's workflows
    Github,
}

/// Looks at the documents and says what is wrong with them. Code 2 if there is an error.
pub fn run(args: &ValidateArgs, colour: bool) -> anyhow::Result<ExitCode> {
    let sources = args.files.read_below(if args.recursive { Below::Taken } else { Below::Offered })?;
    let kubernetes = args.kubernetes.over(&sources)?;
    let options =
        ReadOptions { validate: args.validate.into(), refuse_newer: true, kubernetes, strict_model: args.strict_model };
    let mut out = BufWriter::new(out::stdout());
    if args.output == Output::Json {
        for judged in scenario::judge_with(sources.clone(), &options) {
            serde_json::to_writer(&mut out, &judged)?;
            writeln!(out)?;
        }
    }
    let mut checked = scenario::check_each(sources, &options);
    let expected = checked.expected.iter();
    let unknown: Vec<Problem> =
        expected.flat_map(|(expected, pools)| expectations::problems(expected, pools)).collect();
    let of_studies = checked
        .studies
        .iter()
        .flat_map(|study| section::problems(&study.section, &study.cluster.pools, &study.sources, &options));
    let unknown: Vec<Problem> = unknown.into_iter().chain(of_studies).collect();
    if args.output == Output::Json {
        // What a run would be asked for is not the API server's business.
        unknown.iter().try_for_each(|problem| writeln!(io::stderr(), "{}", problem.render(colour)))?;
    }
    checked.problems.list.extend(unknown);
    match args.output {
        Output::Json => {}
        Output::Github => {
            checked.problems.list.iter().try_for_each(|problem| writeln!(out, "{}", annotation(problem)))?;
        }
        Output::Human => {
            let text = checked.problems.render(colour);
            if !text.is_empty() {
                writeln!(io::stderr(), "{}\n", text.trim_end())?;
            }
            writeln!(out, "{}", summary(&checked))?;
        }
    }
    out.flush()?;
    for note in &checked.notes {
        writeln!(io::stderr(), "note: {note}")?;
    }
    let refused = checked.problems.count(Severity::Error) > 0;
    Ok(if refused { ExitCode::from(exit::USAGE) } else { ExitCode::SUCCESS })
}

/// `2 objects (Job, Simulation): 1 error, no warnings`.
fn summary(checked: &Checked) -> String {
    let count = |severity, word: &str| match checked.problems.count(severity) {
        0 => format!("no {word}s"),
        1 => format!("1 {word}"),
        many => format!("{many} {word}s"),
    };
    let kind = |(kind, count): &(String, usize)| match (kind.as_str(), count) {
        ("", 1) => "1 object without a kind".to_owned(),
        ("", count) => format!("{count} objects without a kind"),
        (kind, count) => format!("{count} {kind}"),
    };
    let kinds: Vec<String> = checked.kinds.iter().map(kind).collect();
    let found = if kinds.is_empty() { "no object".to_owned() } else { kinds.join(", ") };
    format!("{found}: {}, {}", count(Severity::Error, "error"), count(Severity::Warning, "warning"))
}

/// A workflow command (`::error file=..,line=..::text`).
fn annotation(problem: &Problem) -> String {
    let level = if problem.severity == Severity::Error { "error" } else { "warning" };
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let mut place = String::new();
    if let Some(location) = &problem.location {
        let (line, column) = location.source.line_column(location.span.start);
        let (end_line, end_column) = location.source.line_column(location.span.end);
        place = format!(" file={},line={line},col={column},endLine={end_line}", property(&location.source.name));
        if line == end_line {
            place += &format!(",endColumn={end_column}");
        }
    }
    let help: String = problem.help.iter().map(|help| format!("\nhelp: {help}")).collect();
    format!("::{level}{place}::{}", data(&(problem.title.clone() + &help)))
}
