//! Distributions as single-key maps; a plain value is a constant.

use std::fmt::Display;

use super::super::document::{Entry, Node, Value};
use super::column::{column, seconds};
use super::fields::{Fields, Item, Report};
use crate::kernel::dist::Distribution;

/// Deepest nesting of mixtures.
const MAX_DEPTH: usize = 8;
/// The families that a user can name.
pub(crate) const FAMILIES: [&str; 13] = [
    "constant",
    "uniform",
    "exponential",
    "shiftedExponential",
    "normal",
    "lognormal",
    "weibull",
    "gamma",
    "pareto",
    "triangular",
    "empirical",
    "mixture",
    "weighted",
];

/// What is drawn, and so how its values are written.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    /// Durations, in nanoseconds once read.
    Time,
    /// Exit codes.
    ExitCode,
    /// Whole numbers.
    Number,
    /// Amounts of bytes.
    Bytes,
    /// Processors, in thousandths once read.
    Cpu,
}

/// A distribution of lengths of time, in nanoseconds.
pub(super) fn duration(item: &Item<'_>, report: &mut Report<'_>) -> Option<Distribution> {
    distribution(item, Unit::Time, 0, report)
}

/// A distribution of exit codes.
pub(super) fn exit_code(item: &Item<'_>, report: &mut Report<'_>) -> Option<Distribution> {
    distribution(item, Unit::ExitCode, 0, report)
}

/// A distribution of whole numbers.
pub(super) fn number(item: &Item<'_>, report: &mut Report<'_>) -> Option<Distribution> {
    distribution(item, Unit::Number, 0, report)
}

/// A distribution of amounts of bytes.
pub(super) fn bytes(item: &Item<'_>, report: &mut Report<'_>) -> Option<Distribution> {
    distribution(item, Unit::Bytes, 0, report)
}

/// A distribution of processors, in thousandths.
pub(super) fn cpu(item: &Item<'_>, report: &mut Report<'_>) -> Option<Distribution> {
    distribution(item, Unit::Cpu, 0, report)
}

fn distribution(item: &Item<'_>, unit: Unit, depth: usize, report: &mut Report<'_>) -> Option<Distribution> {
    let Value::Mapping(entries) = &item.node.value else {
        return value(item, unit, report).map(Distribution::fixed);
    };
    let [entry] = entries.as_slice() else {
        let title = format!("{}: a distribution has one key, this one {}", item.path, entries.len());
        report.error_with_help(item.node.span, title, format!("write one of {}", FAMILIES.join(", ")));
        return None;
    };
    if depth > MAX_DEPTH {
        report.error(item.node.span, format!("{}: mixtures of mixtures end here", item.path), "");
        return None;
    }
    let of = Item { node: &entry.value, path: format!("{}.{}", item.path, entry.key) };
    match &*entry.key {
        "constant" => value(&of, unit, report).map(Distribution::fixed),
        "empirical" => empirical(&of, unit, report),
        "mixture" => mixture(&of, unit, depth, report),
        "weighted" => weighted(&of, unit, report),
        family if FAMILIES.contains(&family) => {
            let mut fields = report.fields(&of)?;
            let read = parametric(family, &mut fields, unit, report);
            fields.finish(report);
            checked(read?, &of, report)
        }
        other => unknown_family(other, entry, item, report),
    }
}

fn unknown_family(name: &str, entry: &Entry, item: &Item<'_>, report: &mut Report<'_>) -> Option<Distribution> {
    let title = format!("{}: unknown distribution \"{name}\"", item.path);
    let help = match super::super::decode::nearest(name, FAMILIES) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => format!("write one of {}", FAMILIES.join(", ")),
    };
    report.error_with_help(entry.key_span, title, help);
    None
}

/// The families with parameters by name; none if one of those is missing or no number.
fn parametric<'n>(
    family: &str,
    fields: &mut Fields<'n>,
    unit: Unit,
    report: &mut Report<'_>,
) -> Option<Result<Distribution, String>> {
    let mut amount = |name, report: &mut Report<'_>| {
        let item = fields.require(name, report)?;
        value(&item, unit, report).map(|value| value as f64)
    };
    Some(match family {
        "uniform" => {
            let (min, max) = (amount("min", report), amount("max", report));
            words(Distribution::uniform(min?, max?))
        }
        "exponential" => words(Distribution::exponential(amount("mean", report)?)),
        "shiftedExponential" => {
            let (min, mean) = (amount("min", report), amount("mean", report));
            words(Distribution::shifted_exponential(min?, mean?))
        }
        "normal" => {
            let (mean, stddev) = (amount("mean", report), amount("stddev", report));
            words(Distribution::normal(mean?, stddev?))
        }
        "triangular" => {
            let (min, mode, max) = (amount("min", report), amount("mode", report), amount("max", report));
            words(Distribution::triangular(min?, mode?, max?))
        }
        "lognormal" => return lognormal(fields, unit, report),
        "weibull" => {
            let shape = parameter(fields, "shape", report);
            let scale = fields.require("scale", report).and_then(|item| value(&item, unit, report));
            words(Distribution::weibull(shape?, scale? as f64))
        }
        "gamma" => {
            let shape = parameter(fields, "shape", report);
            let mean = fields.require("mean", report).and_then(|item| value(&item, unit, report));
            words(Distribution::gamma(shape?, mean? as f64))
        }
        _ => {
            let min = fields.require("min", report).and_then(|item| value(&item, unit, report));
            let alpha = parameter(fields, "alpha", report);
            words(Distribution::pareto(min? as f64, alpha?))
        }
    })
}

/// `{median, p99}`, or `{mu, sigma}` of the logarithm of seconds.
fn lognormal(fields: &mut Fields<'_>, unit: Unit, report: &mut Report<'_>) -> Option<Result<Distribution, String>> {
    let (median, p99) = (fields.get("median"), fields.get("p99"));
    let (mu, sigma) = (fields.get("mu"), fields.get("sigma"));
    match (median, p99, mu, sigma) {
        (Some(median), Some(p99), None, None) => {
            let (median, p99) = (value(&median, unit, report), value(&p99, unit, report));
            Some(words(Distribution::lognormal(median? as f64, p99? as f64)))
        }
        (None, None, Some(mu), Some(sigma)) => {
            let (mu, sigma) = (report.number(&mu), report.number(&sigma));
            let scale = if unit == Unit::Time { libm::log(1e9) } else { 0.0 };
            Some(words(Distribution::lognormal_of_log(mu? + scale, sigma?)))
        }
        _ => {
            let title = format!("{}: expected median and p99, or mu and sigma", fields.path());
            report.error(fields.span(), title, "");
            None
        }
    }
}

fn parameter(fields: &mut Fields<'_>, name: &'static str, report: &mut Report<'_>) -> Option<f64> {
    let item = fields.require(name, report)?;
    report.number(&item)
}

/// `{values: [..]}`, or `{file, column}`.
fn empirical(item: &Item<'_>, unit: Unit, report: &mut Report<'_>) -> Option<Distribution> {
    let mut fields = report.fields(item)?;
    let listed = fields.get("values");
    let values = if fields.entries().iter().any(|entry| matches!(&*entry.key, "file" | "column")) {
        if let Some(listed) = listed {
            let title = format!("{}: values stand here or in a file, not both", listed.path);
            report.error_with_help(listed.node.span, title, "leave one of them out");
        }
        column(&mut fields, &[], report, &|item, report| match unit {
            Unit::Time => seconds(item, report).map(|length| length.0 as f64),
            _ => value(item, unit, report).map(|value| value as f64),
        })
    } else {
        let items = fields.require("values", report).map(|values| report.list(&values)).unwrap_or_default();
        let values: Vec<_> = items.iter().map(|item| Some(value(item, unit, report)? as f64)).collect();
        listed.and_then(|_| values.into_iter().collect())
    };
    fields.finish(report);
    checked(words(Distribution::empirical(values?)), item, report)
}

/// `[{weight, FAMILY: ..}]`.
fn mixture(item: &Item<'_>, unit: Unit, depth: usize, report: &mut Report<'_>) -> Option<Distribution> {
    let items = report.list(item);
    let mut parts = Vec::new();
    for part in &items {
        let Some(mut fields) = report.fields(part) else { continue };
        let weight = parameter(&mut fields, "weight", report);
        let rest: Vec<Entry> = fields.entries().iter().filter(|entry| &*entry.key != "weight").cloned().collect();
        let node = match rest.as_slice() {
            [only] if &*only.key == "distribution" => only.value.clone(),
            _ => Node { span: part.node.span, value: Value::Mapping(rest) },
        };
        let of = Item { node: &node, path: part.path.clone() };
        parts.extend(weight.zip(distribution(&of, unit, depth + 1, report)));
    }
    if parts.len() < items.len() { None } else { checked(words(Distribution::mixture(parts)), item, report) }
}

/// `{value: weight}`.
fn weighted(item: &Item<'_>, unit: Unit, report: &mut Report<'_>) -> Option<Distribution> {
    let fields = report.fields(item)?;
    let mut choices = Vec::new();
    for entry in fields.entries() {
        let key = Node { span: entry.key_span, value: Value::String(entry.key.clone()) };
        let path = format!("{}.{}", item.path, entry.key);
        let choice = value(&Item { node: &key, path: path.clone() }, unit, report);
        let weight = report.number(&Item { node: &entry.value, path });
        choices.extend(choice.zip(weight));
    }
    let complete = choices.len() == fields.entries().len();
    if complete { checked(words(Distribution::weighted(choices)), item, report) } else { None }
}

/// A duration in nanoseconds, an exit code, or a number.
fn value(item: &Item<'_>, unit: Unit, report: &mut Report<'_>) -> Option<i64> {
    match unit {
        Unit::Time => report.duration(item).map(|length| length.0 as i64),
        Unit::Bytes => super::cluster::bytes(item, report).map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
        Unit::Cpu => super::cluster::quantity(item, report).map(|amount| amount.milli_value()),
        Unit::Number => match &item.node.value {
            Value::Int(number) => Some(*number),
            Value::String(text) if text.parse::<i64>().is_ok() => text.parse().ok(),
            _ => report.wrong(item, "a whole number"),
        },
        Unit::ExitCode => {
            let code = match &item.node.value {
                Value::Int(code) => Some(*code),
                Value::String(text) => text.parse().ok(),
                _ => None,
            };
            code.filter(|code| (0..=255).contains(code)).or_else(|| {
                let written = item.node.number().or_else(|| item.node.as_str().map(str::to_string));
                let written = written.unwrap_or_else(|| item.node.json_type().to_string());
                report.error(item.node.span, format!("{}: {written} is no exit code from 0 to 255", item.path), "");
                None
            })
        }
    }
}

fn words<E: Display>(read: Result<Distribution, E>) -> Result<Distribution, String> {
    read.map_err(|error| error.to_string())
}

fn checked(read: Result<Distribution, String>, item: &Item<'_>, report: &mut Report<'_>) -> Option<Distribution> {
    read.map_err(|error| report.error(item.node.span, format!("{}: {error}", item.path), "")).ok()
}
