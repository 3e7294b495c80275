//! `spec.pods`: the rules of how pods behave.

use std::sync::Arc;

use super::distribution;
use super::fields::{Fields, Item, Report};
use crate::workload::behaviour::{Match, Rule};

/// The rules, in order.
pub(super) fn rules(item: &Item<'_>, report: &mut Report<'_>) -> Vec<Rule> {
    report.list(item).iter().filter_map(|item| rule(item, report)).collect()
}

fn rule(item: &Item<'_>, report: &mut Report<'_>) -> Option<Rule> {
    let mut fields = report.fields(item)?;
    let matches = fields.get("match").and_then(|item| report.fields(&item)).map(|fields| read_match(fields, report));
    let mut duration =
        |name, report: &mut Report<'_>| fields.get(name).and_then(|item| distribution::duration(&item, report));
    let (startup, run) = (duration("startup", report), duration("duration", report));
    let (termination, ready_after) = (duration("termination", report), duration("readyAfter", report));
    let mut size = |name, report: &mut Report<'_>| fields.get(name).and_then(|item| distribution::bytes(&item, report));
    let (memory, storage) = (size("memory", report), size("ephemeralStorage", report));
    let cpu = fields.get("cpu").and_then(|item| distribution::cpu(&item, report));
    let exit_code = fields.get("exitCode").and_then(|item| distribution::exit_code(&item, report));
    fields.finish(report);
    let matches = matches.unwrap_or_default();
    Some(Rule { matches, startup, duration: run, exit_code, termination, cpu, memory, storage, ready_after })
}

fn read_match(mut fields: Fields<'_>, report: &mut Report<'_>) -> Match {
    let mut text = |name, report: &mut Report<'_>| -> Option<Arc<str>> {
        fields.get(name).and_then(|item| report.text(&item)).map(Into::into)
    };
    let (namespace, job, cron_job) = (text("namespace", report), text("job", report), text("cronJob", report));
    let (container, node) = (text("container", report), text("node", report));
    let mut number = |name, report: &mut Report<'_>| {
        let number = fields.get(name).and_then(|item| report.integer(&item, 0..=u64::from(u32::MAX)));
        number.map(|number| number as u32)
    };
    let (run, index) = (number("run", report), number("index", report));
    let (attempt, restart) = (number("attempt", report), number("restart", report));
    let labels = fields.get("labels").map(|item| labels(&item, report)).unwrap_or_default();
    fields.finish(report);
    Match { namespace, job, cron_job, run, index, attempt, container, restart, node, labels }
}

fn labels(item: &Item<'_>, report: &mut Report<'_>) -> Vec<(Arc<str>, Arc<str>)> {
    let Some(fields) = report.fields(item) else { return Vec::new() };
    let mut labels = Vec::new();
    for entry in fields.entries() {
        let item = Item { node: &entry.value, path: format!("{}.{}", item.path, entry.key) };
        labels.extend(report.text(&item).map(|value| ((&*entry.key).into(), value.into())));
    }
    labels
}
