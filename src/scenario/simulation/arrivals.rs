//! `spec.arrivals`: Jobs submitted over time from a template.

use super::super::document::Value;
use super::super::path::{Path, Step};
use super::super::source::Span;
use super::super::{Drawn, SetField};
use super::column::{column, seconds};
use super::distribution;
use super::fields::{Item, Report};
use crate::api::meta::ObjectName;
use crate::kernel::dist::Distribution;
use crate::kernel::time::SimTime;
use crate::workload::arrivals::{ArrivalProcess, Gaps};
use crate::workload::behaviour::job_entity;

/// Arrivals as written, before their template was found.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Arriving {
    /// The Job that is copied, and where it is named.
    pub(in crate::scenario) template: (ObjectName, Span),
    /// When copies come.
    pub(in crate::scenario) process: ArrivalProcess,
    /// What is drawn for each copy, and where it is written.
    pub(in crate::scenario) set: Vec<(SetField, Span)>,
}

/// Reads the list.
pub(super) fn read(item: &Item<'_>, report: &mut Report<'_>) -> Vec<Arriving> {
    report.list(item).iter().filter_map(|item| arriving(item, report)).collect()
}

fn arriving(item: &Item<'_>, report: &mut Report<'_>) -> Option<Arriving> {
    let mut fields = report.fields(item)?;
    let template = fields.require("template", report);
    let namespace = fields.get("namespace").and_then(|item| report.text(&item)).unwrap_or("default");
    let written = fields.get("interarrival");
    let interarrival = written.as_ref().and_then(|item| distribution::duration(item, report));
    let times = fields.get("times");
    let mut instant = |name, report: &mut Report<'_>| -> Option<SimTime> {
        let length = fields.get(name).and_then(|item| report.duration(&item));
        length.map(|length| SimTime::ZERO + length)
    };
    let (from, until) = (instant("from", report), instant("until", report));
    let limit = fields.get("limit").and_then(|item| report.integer(&item, 0..=u64::from(u32::MAX)));
    let rate = fields.get("rate").map(|item| rate(&item, report)).unwrap_or_default();
    let set = fields.get("set").map(|item| set(&item, report)).unwrap_or_default();
    let (span, path) = (fields.span(), fields.path().to_owned());
    fields.finish(report);
    if times.is_some() && !rate.is_empty() {
        let title = format!("{path}: a rate is of arrivals that are drawn, not of given times");
        report.error_with_help(span, title, "leave it out, or use `interarrival`");
    }
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        let title = format!("{path}: until {until} s lies before from {from} s, so nothing would arrive");
        report.error_with_help(span, title, "both are counted from the start of the run");
    }
    let gaps = match (interarrival, times) {
        (Some(gap), None) => Gaps::Drawn(gap),
        (None, Some(item)) if written.is_none() => {
            let times = given_times(&item, report)?.into_iter();
            Gaps::Times(times.filter(|time| from.is_none_or(|from| *time >= from)).collect())
        }
        // One that is wrong is there, and what is wrong with it has been said.
        (None, None) if written.is_some() => return None,
        _ => {
            let title = format!("{path}: arrivals have either an interarrival or times");
            report.error_with_help(span, title, "write `interarrival: {exponential: {mean: 3s}}` or `times: [0s, 5m]`");
            return None;
        }
    };
    if let Gaps::Drawn(gap) = &gaps
        && gap.constant().is_some_and(|gap| gap <= 0)
        && limit.is_none()
    {
        let title = format!("{path}: arrivals without a gap between them never end");
        report.error_with_help(span, title, "give an interarrival above 0s, or a limit");
    }
    let template = template?;
    let name = ObjectName::new(namespace, report.text(&template)?);
    let entity = job_entity(namespace, &name.name);
    let process =
        ArrivalProcess { entity, gaps, from: from.unwrap_or_default(), until, limit: limit.map(|n| n as u32), rate };
    Some(Arriving { template: (name, template.node.span), process, set })
}

/// A list of times, or a file that holds them, in order.
fn given_times(item: &Item<'_>, report: &mut Report<'_>) -> Option<Vec<SimTime>> {
    let lengths = if let Value::Sequence(_) = item.node.value {
        report.list(item).iter().filter_map(|item| report.duration(item)).collect()
    } else {
        let mut fields = report.fields(item)?;
        let lengths = column(&mut fields, &["time_s", "at"], report, &seconds);
        fields.finish(report);
        lengths?
    };
    let mut times: Vec<SimTime> = lengths.into_iter().map(|length| SimTime::ZERO + length).collect();
    times.sort_unstable();
    Some(times)
}

/// `[{at, factor}]`, in order of time.
fn rate(item: &Item<'_>, report: &mut Report<'_>) -> Vec<(SimTime, f64)> {
    let mut rate = Vec::new();
    for item in report.list(item) {
        let Some(mut fields) = report.fields(&item) else { continue };
        let at = fields.require("at", report).and_then(|item| report.duration(&item));
        let factor = fields.require("factor", report);
        let number = factor.as_ref().and_then(|item| report.number(item));
        fields.finish(report);
        if let (Some(item), Some(number)) = (&factor, number)
            && number < 0.0
        {
            report.error(item.node.span, format!("{}: a rate is not below 0", item.path), "");
        }
        rate.extend(at.zip(number).map(|(at, factor)| (SimTime::ZERO + at, factor.max(0.0))));
    }
    rate.sort_by_key(|(at, _)| *at);
    rate
}

/// Paths into the Job, and what is drawn for each.
fn set(item: &Item<'_>, report: &mut Report<'_>) -> Vec<(SetField, Span)> {
    let Some(fields) = report.fields(item) else { return Vec::new() };
    let mut set = Vec::new();
    for entry in fields.entries() {
        let item = Item { node: &entry.value, path: format!("{}.{}", item.path, entry.key) };
        match Path::parse(&entry.key) {
            Ok(path) => {
                if let Some((unknown, help)) = path.unknown_in("v1.Job") {
                    let title = format!("{}: a Job has no field \"{unknown}\"", item.path);
                    report.error_with_help(entry.key_span, title, help.unwrap_or_default());
                } else if is_of_the_copy(&path) {
                    let title = format!("{}: a copy has that of its own", item.path);
                    report.error_with_help(entry.key_span, title, "copies of j are called j-0, j-1 and so on");
                }
                let is_text = path.is_text_in("v1.Job");
                let value = drawn(&item, is_text, report);
                set.extend(value.map(|value| (SetField { path, value, is_text }, entry.value.span)));
            }
            Err(error) => report.error(entry.key_span, format!("{}: {error}", item.path), ""),
        }
    }
    set
}

/// Does a copy get this, whatever it is set to?
fn is_of_the_copy(path: &Path) -> bool {
    match path.steps() {
        [Step::Field(first), Step::Field(second)] if first == "metadata" => {
            matches!(&**second, "name" | "namespace" | "generateName")
        }
        [Step::Field(first), ..] => matches!(&**first, "apiVersion" | "kind" | "status"),
        _ => false,
    }
}

/// A whole number, one of several values with their weights, or any one value.
fn drawn(item: &Item<'_>, is_text: bool, report: &mut Report<'_>) -> Option<Drawn> {
    let Value::Mapping(entries) = &item.node.value else { return Some(Drawn::Value(item.node.to_json())) };
    let [entry] = entries.as_slice() else { return distribution::number(item, report).map(Drawn::Number) };
    if &*entry.key != "weighted" {
        return distribution::number(item, report).map(Drawn::Number);
    }
    let weights = Item { node: &entry.value, path: format!("{}.weighted", item.path) };
    let mut values = Vec::new();
    let mut choices = Vec::new();
    for entry in report.fields(&weights)?.entries() {
        let weight = Item { node: &entry.value, path: format!("{}.{}", weights.path, entry.key) };
        choices.push((values.len() as i64, report.number(&weight)?));
        // A key is text, and means what it would as a value.
        let meant = match &*entry.key {
            _ if is_text => None,
            "true" => Some(true.into()),
            "false" => Some(false.into()),
            key => key.parse::<i64>().ok().map(serde_json::Value::from),
        };
        values.push(meant.unwrap_or_else(|| serde_json::Value::from(&*entry.key)));
    }
    match Distribution::weighted(choices) {
        Ok(choice) => Some(Drawn::OneOf(choice, values)),
        Err(error) => {
            report.error(item.node.span, format!("{}: {error}", item.path), "");
            None
        }
    }
}
