//! `spec.expect`: what must hold of a run.

use super::super::decode::nearest;
use super::super::document::Value;
use super::super::expectation::{Check, Comparison, Expectation, Subject};
use super::super::problem::Severity;
use super::super::time::length_until;
use super::fields::{Fields, Item, Report};
use crate::api::meta::ObjectName;
use crate::kernel::time::SimTime;

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
    // A text alone is a comparison.
    if matches!(item.node.value, Value::String(_)) {
        let text = report.text(item).unwrap_or_default().to_owned();
        let check = comparison(item, report);
        found.extend(check.map(|check| Expectation { text, location, subject: Subject::Run, check }));
        return;
    }
    let Some(mut fields) = report.fields(item) else { return };
    let subject = subject(&mut fields, report);
    let before = found.len();
    let mut add = |name: &str, value: &Item<'_>, check: Option<Check>| {
        let text = format!("{name}: {}", value.node.to_json());
        let (location, subject) = (location.clone(), subject.clone());
        found.extend(check.map(|check| Expectation { text, location, subject, check }));
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
        let wanted = report.boolean(item)?;
        if !wanted {
            let title = format!("{}: false expects nothing", item.path);
            report.error_with_help(item.node.span, title, "leave it out, or write `neverOverlaps: true`");
        }
        wanted.then_some(Check::NeverOverlaps)
    });
    take(&mut fields, report, "costBelow", &|item, report| {
        let bound = report.number(item)?;
        if bound <= 0.0 {
            report.error(item.node.span, format!("{}: nothing costs less than {bound}", item.path), "");
        }
        Some(Check::CostBelow(bound))
    });
    take(&mut fields, report, "pods", &pods);
    take(&mut fields, report, "holds", &comparison);
    let condition = fields.get("condition");
    let reason_item = fields.get("reason");
    let reason = reason_item.as_ref().and_then(|item| report.text(item)).map(str::to_owned);
    if let Some(item) = &condition {
        any = true;
        let check = report.text(item).and_then(|text| match text {
            "Complete" | "Failed" | "Suspended" => Some(Check::Condition(text.to_owned(), reason.clone())),
            other => {
                let title = format!("{}: Jobs end Complete or Failed, or Suspended, not {other}", item.path);
                let similar = nearest(other, ["Complete", "Failed", "Suspended"]);
                let help = similar.map(|similar| format!("did you mean `{similar}`?"));
                report.error_with_help(item.node.span, title, help.unwrap_or_default());
                None
            }
        });
        add("condition", item, check);
        if let (Some(reason), Some(last)) = (&reason, found[before..].last_mut()) {
            last.text.push_str(&format!(" with reason {reason}"));
        }
    }
    if let Some(item) = reason_item.filter(|_| condition.is_none()) {
        any = true;
        let title = format!("{}: a reason needs a condition", fields.path());
        report.error_with_help(item.node.span, title, "write for example `condition: Failed` beside it");
    }
    let (path, span, before) = (fields.path().to_owned(), fields.span(), errors(report));
    fields.finish(report);
    // A field that is not known is most likely what was meant to be expected.
    if !any && errors(report) == before {
        let title = format!("{path}: nothing is expected here");
        report.error_with_help(span, title, "write for example `finishesBefore: 2h` or `maxPods: 10`");
    }
}

/// The Job or CronJob that is named, the namespace, or the whole run.
fn subject(fields: &mut Fields<'_>, report: &mut Report<'_>) -> Subject {
    let namespace = fields.get("namespace").and_then(|item| report.text(&item)).map(str::to_owned);
    let (job, cron_job) = (fields.get("job"), fields.get("cronJob"));
    if let (Some(_), Some(item)) = (&job, &cron_job) {
        let title = format!("{}: a Job and a CronJob are named", fields.path());
        report.error_with_help(item.node.span, title, "name one of them");
    }
    let is_job = job.is_some();
    match (job.or(cron_job).and_then(|item| report.text(&item)), namespace) {
        (Some(name), namespace) => {
            let name = ObjectName::new(namespace.as_deref().unwrap_or("default"), name);
            if is_job { Subject::Job(name) } else { Subject::CronJob(name) }
        }
        (None, Some(namespace)) => Subject::Namespace(namespace),
        (None, None) => Subject::Run,
    }
}

fn errors(report: &Report<'_>) -> usize {
    report.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
}

fn comparison(item: &Item<'_>, report: &mut Report<'_>) -> Option<Check> {
    let read = Comparison::parse(report.text(item)?);
    read.map(Check::Holds).map_err(|error| report.error(item.node.span, format!("{}: {error}", item.path), "")).ok()
}

fn pods(item: &Item<'_>, report: &mut Report<'_>) -> Option<Check> {
    let mut fields = report.fields(item)?;
    let before = errors(report);
    let mut count = |name: &'static str, report: &mut Report<'_>| {
        fields.get(name).and_then(|item| report.integer(&item, 0..=u64::MAX))
    };
    let counts = [count("created", report), count("succeeded", report), count("failed", report)];
    fields.finish(report);
    let [created, succeeded, failed] = counts;
    if counts == [None; 3] {
        if errors(report) == before {
            let title = format!("{}: nothing is expected here", item.path);
            report.error_with_help(item.node.span, title, "write for example `{failed: 0}`");
        }
        return None;
    }
    Some(Check::Pods { created, succeeded, failed })
}

/// A length of time since the start, a time of day (the next one in UTC), or a time.
fn instant(item: &Item<'_>, start: i64, report: &mut Report<'_>) -> Option<SimTime> {
    let text = match &item.node.value {
        Value::String(text) => text.to_string(),
        _ => item.node.number().unwrap_or_default(),
    };
    let length = length_until(&text, start);
    let length = length.map_err(|error| report.error(item.node.span, format!("{}: {error}", item.path), "")).ok();
    length.map(|length| SimTime::ZERO + length)
}

#[cfg(test)]
mod tests {
    use crate::scenario::read_str;

    /// What is said of an item of `expect`, without where it is said.
    fn check(item: &str, expected: &[&str]) {
        let text = format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: etl}}\nspec: {{template: {{spec: {{restartPolicy: Never, \
             containers: [{{name: c, image: i}}]}}}}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: \
             {{expect: [{item}]}}"
        );
        let problems = read_str(&text).map(|_| ()).err().unwrap_or_default();
        let said = problems.list.iter().map(|problem| format!("{} ({})", problem.title, problem.help.join("; ")));
        assert_eq!(said.collect::<Vec<_>>(), expected, "{item}");
    }

    #[test]
    fn what_expects_nothing_or_too_much_is_refused() {
        let nothing = "nothing is expected here (write for example `finishesBefore: 2h` or `maxPods: 10`)";
        check("{job: etl}", &[&format!("spec.expect[0]: {nothing}")]);
        check("{maxPod: 1}", &["unknown field \"spec.expect[0].maxPod\" (did you mean `maxPods`?)"]);
        check(
            "{job: etl, pods: {}}",
            &["spec.expect[0].pods: nothing is expected here (write for example `{failed: 0}`)"],
        );
        check("{pods: {fialed: 0}}", &["unknown field \"spec.expect[0].pods.fialed\" (did you mean `failed`?)"]);
        let reason = "spec.expect[0]: a reason needs a condition (write for example `condition: Failed` beside it)";
        check("{job: etl, reason: FailedIndexes}", &[reason]);
        let both = "spec.expect[0]: a Job and a CronJob are named (name one of them)";
        check("{job: etl, cronJob: c, maxPods: 1}", &[both]);
        check("{namespace: team-b, maxPods: 1}", &[]);
    }
}
