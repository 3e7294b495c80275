//! `spec.expect`: what must hold of a run.

use super::super::document::{Value, go_json};
use super::super::expectation::{Check, Comparison, Expectation};
use super::fields::{Fields, Item, Report};
use crate::api::duration::parse_duration;
use crate::api::meta::ObjectName;
use crate::kernel::time::{SimDuration, SimTime};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Reads the list; `start` is the run's, in seconds since 1970.
pub(super) fn read(item: &Item<'_>, start: i64, report: &mut Report<'_>) -> Vec<Expectation> {
    let mut expectations = Vec::new();
    for item in report.list(item) {
        expectation(&item, start, report, &mut expectations);
    }
    expectations
}

fn expectation(item: &Item<'_>, start: i64, report: &mut Report<'_>, found: &mut Vec<Expectation>) {
    let location = report.document.at(item.node.span);
    let place = format!("{}:{}", location.source.name, location.source.line_column(item.node.span.start).0);
    // A text alone is a comparison.
    if matches!(item.node.value, Value::String(_)) {
        let text = report.text(item).unwrap_or_default().to_owned();
        let check = comparison(item, report);
        found.extend(check.map(|check| Expectation { text, place, object: None, check }));
        return;
    }
    let Some(mut fields) = report.fields(item) else { return };
    let namespace = fields.get("namespace").and_then(|item| report.text(&item)).unwrap_or("default");
    let job = fields.get("job").and_then(|item| report.text(&item));
    let cron_job = fields.get("cronJob").and_then(|item| report.text(&item));
    let object = job.or(cron_job).map(|name| ObjectName::new(namespace, name));
    let before = found.len();
    let mut add = |name: &str, value: &Item<'_>, check: Option<Check>| {
        let text = format!("{name}: {}", go_json(value.node));
        let (place, object) = (place.clone(), object.clone());
        found.extend(check.map(|check| Expectation { text, place, object, check }));
    };
    let mut any = false;
    let mut take = |fields: &mut Fields<'_>,
                    report: &mut Report<'_>,
                    name: &'static str,
                    read: &dyn Fn(&Item<'_>, &mut Report<'_>) -> Option<Check>| {
        if let Some(item) = fields.get(name) {
            any = true;
            let check = read(&item, report);
            add(name, &item, check);
        }
    };
    take(&mut fields, report, "finishesBefore", &|item, report| {
        instant(item, start, report).map(Check::FinishesBefore)
    });
    take(&mut fields, report, "maxPods", &|item, report| report.integer(item, 0..=u64::MAX).map(Check::MaxPods));
    take(&mut fields, report, "neverOverlaps", &|item, report| {
        report.boolean(item).filter(|wanted| *wanted).map(|_| Check::NeverOverlaps)
    });
    take(&mut fields, report, "costBelow", &|item, report| report.number(item).map(Check::CostBelow));
    take(&mut fields, report, "pods", &pods);
    take(&mut fields, report, "holds", &comparison);
    let condition = fields.get("condition");
    let reason = fields.get("reason").and_then(|item| report.text(&item)).map(str::to_owned);
    if let Some(item) = &condition {
        any = true;
        let check = report.text(item).and_then(|text| match text {
            "Complete" | "Failed" | "Suspended" => Some(Check::Condition(text.to_owned(), reason.clone())),
            other => {
                let title = format!("{}: Jobs end Complete or Failed, not {other}", item.path);
                report.error(item.node.span, title, "");
                None
            }
        });
        add("condition", item, check);
        if let (Some(reason), Some(last)) = (&reason, found[before..].last_mut()) {
            last.text.push_str(&format!(" with reason {reason}"));
        }
    }
    if !any {
        let title = format!("{}: nothing is expected here", fields.path());
        report.error_with_help(fields.span(), title, "write for example `finishesBefore: 2h` or `maxPods: 10`");
    }
    fields.finish(report);
}

fn comparison(item: &Item<'_>, report: &mut Report<'_>) -> Option<Check> {
    let read = Comparison::parse(report.text(item)?);
    read.map(Check::Holds).map_err(|error| report.error(item.node.span, format!("{}: {error}", item.path), "")).ok()
}

fn pods(item: &Item<'_>, report: &mut Report<'_>) -> Option<Check> {
    let mut fields = report.fields(item)?;
    let mut count = |name: &'static str, report: &mut Report<'_>| {
        fields.get(name).and_then(|item| report.integer(&item, 0..=u64::MAX))
    };
    let created = count("created", report);
    let check = Check::Pods { created, succeeded: count("succeeded", report), failed: count("failed", report) };
    fields.finish(report);
    Some(check)
}

/// A length of time since the start, a time of day (the next one in UTC), or a time.
fn instant(item: &Item<'_>, start: i64, report: &mut Report<'_>) -> Option<SimTime> {
    let text = match &item.node.value {
        Value::String(text) => text.to_string(),
        _ => item.node.number().unwrap_or_default(),
    };
    let seconds =
        time_of_day(&text).map(|time| (time - start).rem_euclid(DAY)).map(|left| if left == 0 { DAY } else { left });
    let seconds = seconds.or_else(|| super::super::time::rfc3339(&text).map(|time| time.as_second() - start));
    let length = match seconds {
        Some(seconds) => u64::try_from(seconds).ok().map(SimDuration::from_secs),
        None => parse_duration(&text).ok(),
    };
    if length.is_none() {
        let title =
            format!("{}: \"{text}\" is no length like 2h, time of day like 06:00, or time after the start", item.path);
        report.error(item.node.span, title, "");
    }
    length.map(|length| SimTime::ZERO + length)
}

/// `06:00` or `06:00:30` in seconds since midnight.
fn time_of_day(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let mut part =
        |most: i64| parts.next().and_then(|part| part.parse::<i64>().ok()).filter(|n| (0..=most).contains(n));
    let (hours, minutes) = (part(23)?, part(59)?);
    let seconds = if text.matches(':').count() == 2 { part(59)? } else { 0 };
    parts.next().is_none().then_some(hours * 3600 + minutes * 60 + seconds)
}
