//! `jobsim compare`: two scenarios or more, run by run on the same luck.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::exit;
use super::files;
use super::out;
use super::study::{self, SteadyArgs, StudyArgs, Subject};
use crate::record::measure::Metric;
use crate::report::comparison::{self, Asked, Other};
use crate::report::output::{self, Of};
use crate::report::study::percent;
use crate::scenario::axis::{Axis, AxisValues};
use crate::study::compare::{Side, compare, memory, without_counterpart};
use crate::study::documents::Place;
use crate::study::expression::Measure;

/// What is told where nobody says.
const METRICS: [&str; 6] = ["makespan", "wait", "podSeconds", "wastedPodSeconds", "retries", "complete"];

/// Arguments of `jobsim compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    steady: SteadyArgs,
    /// Compare the scenario with itself after this change: `spec.backoffLimit=3`; may be repeated. Without it each
    /// FILE is a scenario of its own, and the first is compared with each of the others
    #[arg(long = "with", value_name = "PATH=VALUE", value_parser = Axis::parse)]
    with: Vec<Axis>,
}

/// Runs both, tells and writes.
pub fn run(args: &CompareArgs, colour: bool) -> anyhow::Result<ExitCode> {
    let Some(subjects) = subjects(args, colour)? else { return Ok(ExitCode::from(exit::USAGE)) };
    let [(first_name, first), others @ ..] = subjects.as_slice() else { return Ok(ExitCode::from(exit::USAGE)) };
    let measures = match args.study.measures(&first.scenario, &METRICS) {
        Ok(measures) => measures,
        Err(sentence) => return study::refuse(&sentence.into()),
    };
    let folder = match args.study.folder(&first.scenario.name, "compare") {
        Ok(folder) => folder,
        Err(sentence) => return study::refuse(&sentence.into()),
    };
    study::can_be_used(folder.as_deref(), Of::Study, &comparison::FILES)?;
    let mut laboratory = args.study.laboratory()?;
    // One seed for all, or there would be nothing in common.
    let seed = args.study.seed.unwrap_or(first.scenario.seed);
    laboratory.seed = Some(seed);
    for (name, _) in others.iter().filter(|(_, subject)| subject.scenario.seed != first.scenario.seed) {
        writeln!(io::stderr(), "note: {name} has another seed, which plays no part: all sides draw from seed {seed}")?;
    }
    let steady = args.steady.of(&first.scenario.study);
    let replications = args.study.replications(&first.scenario, steady);
    let confidence = args.study.confidence(&first.scenario);
    let progress = study::progress(&laboratory, u64::from(replications) * subjects.len() as u64);
    // Whether Jobs complete at all is asked whatever else is: what stops early is not better for that.
    let mut asked = measures.clone();
    asked.push(Measure::of(Metric::Complete));
    let mut sides = Vec::new();
    for (_, subject) in &subjects {
        match Side::run(&laboratory, &subject.scenario, replications, &asked, steady) {
            Ok(side) => sides.push(side),
            Err(stopped) => return study::refuse(&stopped.into()),
        }
    }
    drop(progress);
    let mut out = out::stdout();
    let pairs = match steady.map_or(1, |steady| steady.batches) {
        1 => (replications, "runs"),
        batches => (replications * batches, "batches"),
    };
    let mut found = Vec::new();
    for ((name, subject), side) in others.iter().zip(&sides[1..]) {
        let (mut metrics, phases) = laboratory.install(|| compare(&sides[0], side, &asked, confidence, seed));
        let Some(complete) = metrics.pop() else { continue };
        let memory = steady.map_or(0.0, |steady| memory(&sides[0], side, steady));
        let other = Other { name: name.clone(), metrics, phases, complete, memory };
        let alone = without_counterpart(&first.scenario, &subject.scenario);
        let is_paired = alone.iter().all(Vec::is_empty);
        let asked_for = Asked { measures: &measures, confidence, pairs, is_paired };
        write!(out, "{}", comparison::text([first_name, name], &other, &asked_for))?;
        if !is_paired {
            writeln!(io::stderr(), "warning: {}", comparison::other_luck(&alone))?;
        }
        for warning in comparison::warnings(&other, pairs) {
            writeln!(io::stderr(), "warning: {warning}")?;
        }
        found.push(other);
    }
    if let Some(folder) = folder {
        let about = format!("{} pairs of {}, seed {seed}, intervals at {}", pairs.0, pairs.1, percent(confidence));
        output::write_study(&folder, comparison::files(first_name, &found, &about)?)?;
        writeln!(out, "differences.csv and differences.svg are in {}", folder.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The scenarios with their names, the first one first; none if something is wrong, which is said.
fn subjects(args: &CompareArgs, colour: bool) -> anyhow::Result<Option<Vec<(String, Subject)>>> {
    if !args.with.is_empty() {
        let Some(base) = args.study.subject(colour)? else { return Ok(None) };
        let mut documents = base.documents.clone();
        let mut names = Vec::new();
        let mut places: Vec<(Place, &str)> = Vec::new();
        for axis in &args.with {
            let AxisValues::List(values) = &axis.values else {
                return wrong(&format!("--with {}: one value, not a distribution", axis.path));
            };
            let [value] = values.as_slice() else {
                return wrong(&format!("--with {}: one value; `jobsim sweep` takes several", axis.path));
            };
            let place = match documents.place(&axis.path) {
                Ok(place) => place,
                Err(error) => return wrong(&error),
            };
            if let Some((_, first)) = places.iter().find(|(other, _)| *other == place) {
                return wrong(&format!(
                    "--with {first} and --with {} lead to the same place: give one of them",
                    axis.path
                ));
            }
            if let Err(error) = documents.set(&place, value.clone()) {
                return wrong(&error);
            }
            places.push((place, &axis.path));
            names.push(format!("{}={value}", axis.path));
        }
        let name = names.join(" ");
        return match documents.scenario() {
            Ok(scenario) => {
                let changed = Subject { scenario, documents };
                Ok(Some(vec![(base.scenario.name.clone(), base), (name, changed)]))
            }
            Err(error) => wrong(&format!("with {name}: {error}")),
        };
    }
    let files: Vec<PathBuf> = args.study.files.files.iter().chain(&args.study.files.filename).cloned().collect();
    if files.len() < 2 {
        return wrong("two scenarios are needed, or one and a change (--with PATH=VALUE)");
    }
    let mut subjects = Vec::new();
    for file in files {
        let sources = files::read(std::slice::from_ref(&file))?;
        let Some(subject) = args.study.subject_of(sources, colour)? else { return Ok(None) };
        subjects.push((file.display().to_string(), subject));
    }
    Ok(Some(subjects))
}

fn wrong<T>(sentence: &str) -> anyhow::Result<Option<T>> {
    writeln!(io::stderr(), "error: {sentence}")?;
    Ok(None)
}
