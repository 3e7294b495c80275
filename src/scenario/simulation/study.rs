//! `spec.study`: what a study of this scenario varies, unless the command line says otherwise.

use super::super::axis::{Axis, AxisValues, Drawn};
use super::super::document::{Node, Value, parse};
use super::super::source::{Location, Source, SourceText};
use super::super::study::{Design, StudySection};
use super::super::validate::Validate;
use super::distribution;
use super::fields::{Item, Report};
use crate::kernel::dist::Distribution;

/// Most parts of a run.
pub const MOST_BATCHES: u32 = 100_000;

/// Reads the section.
pub(super) fn read(item: &Item<'_>, report: &mut Report<'_>) -> Option<StudySection> {
    let mut fields = report.fields(item)?;
    let mut study = StudySection::default();
    if let Some(item) = fields.get("set") {
        (study.axes, study.axis_places) = axes(&item, report);
    }
    if let Some(item) = fields.get("design") {
        study.design = design(&item, report);
    }
    let replications = fields.get("replications").and_then(|item| report.integer(&item, 1..=u64::from(u32::MAX)));
    study.replications = replications.map(|n| n as u32);
    let samples = fields.get("samples").and_then(|item| report.integer(&item, 1..=1_000_000));
    study.samples = samples.map(|n| n as u32);
    study.until = fields.get("until").and_then(|item| share(&item, report));
    study.confidence = fields.get("confidence").and_then(|item| share(&item, report));
    study.warm_up = fields.get("warmUp").and_then(|item| report.duration(&item));
    let batches = fields.get("batches").and_then(|item| report.integer(&item, 2..=MOST_BATCHES.into()));
    study.batches = batches.map(|n| n as u32);
    if let Some(item) = fields.get("metrics") {
        let items = report.list(&item);
        for item in items {
            if let Some(text) = report.text(&item) {
                study.metrics.push(text.to_owned());
                study.metric_places.push(report.document.at(item.node.span));
            }
        }
    }
    fields.finish(report);
    Some(study)
}

/// Values by path: a list, a text as on the command line, a distribution, or one value.
fn axes(item: &Item<'_>, report: &mut Report<'_>) -> (Vec<Axis>, Vec<Location>) {
    let (mut axes, mut places) = (Vec::new(), Vec::new());
    let Some(fields) = report.fields(item) else { return (axes, places) };
    for entry in fields.entries() {
        let item = Item { node: &entry.value, path: format!("{}.{}", item.path, entry.key) };
        let values = match &item.node.value {
            Value::Sequence(items) => Some(AxisValues::List(items.iter().map(Node::to_json).collect())),
            Value::Mapping(_) => drawn(&item, report).map(|(drawn, what)| AxisValues::Drawn(drawn, what)),
            Value::String(text) => AxisValues::parse(&entry.key, text)
                .map_err(|error| report.error(item.node.span, format!("{}: {error}", item.path), ""))
                .ok(),
            _ => Some(AxisValues::List(vec![item.node.to_json()])),
        };
        let values = values.filter(|values| {
            let fit = !matches!(values, AxisValues::Drawn(drawn, _) if drawn.at(0.5).is_none());
            if !fit {
                report.error(item.node.span, format!("{}: a mixture cannot be an axis", item.path), "");
            }
            fit
        });
        if let Some(values) = values {
            axes.push(Axis { path: entry.key.to_string(), values });
            places.push(report.document.at(entry.key_span));
        }
    }
    (axes, places)
}

/// A distribution of whole numbers or, where its parameters are none, of durations.
fn drawn(item: &Item<'_>, report: &mut Report<'_>) -> Option<(Distribution, Drawn)> {
    let try_as = |read: fn(&Item<'_>, &mut Report<'_>) -> Option<Distribution>| {
        let mut trial = Report::new(report.document, report.validate);
        (read(item, &mut trial), trial)
    };
    let (whole, trial) = try_as(distribution::number);
    if let (Some(whole), true) = (whole, trial.problems.is_empty()) {
        report.files.extend(trial.files);
        return Some((whole, Drawn::Whole));
    }
    let (lengths, other) = try_as(distribution::duration);
    if let (Some(lengths), true) = (lengths, other.problems.is_empty()) {
        report.files.extend(other.files);
        return Some((lengths, Drawn::Durations));
    }
    report.problems.extend(trial.problems);
    None
}

fn design(item: &Item<'_>, report: &mut Report<'_>) -> Option<Design> {
    let text = report.text(item)?;
    let found = Design::ALL.into_iter().find(|design| design.as_str() == text);
    if found.is_none() {
        let help = "write `cartesian`, `one-at-a-time` or `latin-hypercube`";
        report.error_with_help(item.node.span, format!("{}: unknown design \"{text}\"", item.path), help);
    }
    found
}

/// `0.02` or `2%`, between 0 and 1.
fn share(item: &Item<'_>, report: &mut Report<'_>) -> Option<f64> {
    let share = match item.node.as_str() {
        Some(text) => super::super::study::parse_share(text),
        None => report
            .number(item)
            .filter(|share| 0.0 < *share && *share < 1.0)
            .ok_or_else(|| "not above 0 and below 1".to_owned()),
    };
    share.map_err(|error| report.error(item.node.span, format!("{}: {error}", item.path), "")).ok()
}

/// A distribution of whole numbers or of durations that stands alone, as in `{uniform: {min: 1, max: 9}}`.
///
/// # Errors
/// What is wrong with it.
pub fn read_distribution(text: &str) -> Result<(Distribution, Drawn), String> {
    let source = Source { name: "distribution".to_owned(), bytes: text.as_bytes().to_vec() };
    let source = std::sync::Arc::new(SourceText::new(source)?);
    let document =
        parse(&source).into_iter().next().ok_or("nothing is written there")?.map_err(|error| error.message)?;
    let mut report = Report::new(&document, Validate::Strict);
    let found = drawn(&Item { node: &document.root, path: "distribution".to_owned() }, &mut report);
    if !report.files.is_empty() {
        return Err(format!("{text}: values of a file are for a `study` in a Simulation; write them out here"));
    }
    let problem = report.problems.into_iter().next().map(|problem| match problem.help.first() {
        Some(help) => format!("{text}: {}; {help}", problem.title),
        None => format!("{text}: {}", problem.title),
    });
    match (found, problem) {
        (Some(found), None) => Ok(found),
        (_, problem) => Err(problem.unwrap_or_else(|| format!("{text} is no distribution"))),
    }
}
