//! CronJobs side by side: how often they start Jobs. A schedule that differs makes hundreds of Jobs differ, which are counted.

use std::collections::BTreeMap;

use super::view::{JobView, TraceView};
use super::{Difference, Kind, one};

/// Jobs of a CronJob in one run only that are told one by one; the others are counted.
const TOLD: usize = 8;

/// CronJobs that start another number of Jobs than before, in order of their names.
pub(super) fn starts(before: &TraceView, after: &TraceView) -> Vec<Difference> {
    let (olds, news) = (counts(before), counts(after));
    let mut names: Vec<_> = olds.keys().chain(news.keys()).collect();
    names.sort();
    names.dedup();
    let mut found = Vec::new();
    for name in names {
        let count = |counts: &BTreeMap<_, usize>| counts.get(name).copied().unwrap_or(0);
        let (was, is) = (count(&olds), count(&news));
        if was != is {
            let starts = if is == 1 { "1 start".to_owned() } else { format!("{is} starts") };
            let text = format!("{}: {starts} instead of {was}", title(name));
            found.push(Difference { kind: Kind::Jobs, job: format!("{}/{}", name.0, name.1), pod: None, text });
        }
    }
    found
}

fn counts(view: &TraceView) -> BTreeMap<(&str, &str), usize> {
    let mut counts = BTreeMap::new();
    for job in &view.jobs {
        if let Some(cron_job) = &job.cron_job {
            *counts.entry((job.name.0.as_str(), cron_job.as_str())).or_default() += 1;
        }
    }
    counts
}

/// Jobs that are in one run only, with what is said of each: all those that no CronJob made, and of each CronJob the first
/// few and the number of the others.
pub(super) fn told(jobs: Vec<(&JobView, String)>, state: &str) -> Vec<Difference> {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (job, text) in jobs {
        if let Some(cron_job) = &job.cron_job {
            let seen = seen.entry((job.name.0.as_str(), cron_job.as_str())).or_default();
            *seen += 1;
            if *seen > TOLD {
                continue;
            }
        }
        found.push(one(Kind::Jobs, job, text));
    }
    for (name, seen) in seen.into_iter().filter(|(_, seen)| *seen > TOLD) {
        let more = match seen - TOLD {
            1 => "1 Job more is".to_owned(),
            more => format!("{more} Jobs more are"),
        };
        let text = format!("{}: {more} {state}", title(&name));
        found.push(Difference { kind: Kind::Jobs, job: format!("{}/{}", name.0, name.1), pod: None, text });
    }
    found
}

/// `CronJob c`, with its namespace where that is not the default.
fn title((namespace, name): &(&str, &str)) -> String {
    if *namespace == "default" { format!("CronJob {name}") } else { format!("CronJob {namespace}/{name}") }
}
