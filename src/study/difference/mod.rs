//! What two runs differ in, in words: "Job etl completes 12.0 s later", "pod 17 starts 12.0 s later: node n3 was full".

mod cron_jobs;
mod nodes;
mod pods;
mod settings;
mod side;
pub mod view;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

pub use settings::{SettingChange, Settings, changes_between, object_changes, setting_changes, settings};
use side::Side;
pub use view::{JobView, Micros, PodView, TraceView, ViewError};

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// What kind of difference, for programs.
    pub kind: Kind,
    /// `namespace/name` of the Job that it is in, or of the CronJob; empty of nodes.
    pub job: String,
    /// The pod, if it is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// The sentence.
    pub text: String,
}

/// Kinds of differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A Job is in one run only.
    Jobs,
    /// A Job ended in another way.
    Outcome,
    /// A Job ended at another time.
    End,
    /// Another number of pods succeeded, failed or ran at the same time.
    Counts,
    /// A pod is in one run only.
    Pods,
    /// A pod did something else, or took another time for it.
    Pod,
    /// Pods came at other times.
    Shift,
    /// A field or condition of a status had another value for a time.
    Status,
    /// An event is in one run only, or says something else.
    Event,
    /// A node is in one run only, or went at another time.
    Nodes,
    /// Something that is noted of one run only, such as a refused patch.
    Note,
    /// The API server refuses the objects of one side.
    Refused,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What the second run has other than the first: how often CronJobs start, then Job by Job in order of creation, then
/// nodes; nothing if
/// they are the same.
pub fn differences(before: &TraceView, after: &TraceView) -> Vec<Difference> {
    let mut found = cron_jobs::starts(before, after);
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    let (olds, news) = (Side::of(before), Side::of(after));
    for (job, nth) in numbered(&before.jobs) {
        match news.job(&job.name, nth) {
            Some(other) => {
                found.extend(of_job(job, other));
                found.extend(pods::differences(job, &olds, &news));
            }
            None => gone.push((job, format!("{} is not created any more", title(job)))),
        }
    }
    for (job, nth) in numbered(&after.jobs) {
        if olds.job(&job.name, nth).is_none() {
            new.push((job, format!("{} is new: created at {}, {}", title(job), at(job.created), outcome(job))));
        }
    }
    found.extend(cron_jobs::told(gone, "not created any more"));
    found.extend(cron_jobs::told(new, "new"));
    found.extend(nodes::differences(before, after));
    found
}

/// Jobs with how many of the same name came before.
fn numbered(jobs: &[JobView]) -> impl Iterator<Item = (&JobView, usize)> {
    let mut seen: BTreeMap<&(String, String), usize> = BTreeMap::new();
    jobs.iter().map(move |job| {
        let count = seen.entry(&job.name).or_default();
        *count += 1;
        (job, *count - 1)
    })
}

fn of_job(before: &JobView, after: &JobView) -> Vec<Difference> {
    let (mut found, title) = (Vec::new(), title(after));
    let mut add = |kind, text: String| found.push(one(kind, after, text));
    if before.created != after.created {
        add(Kind::Shift, format!("{title} is created {}", later(before.created, after.created)));
    }
    let (was, is) = (former_outcome(before), outcome(after));
    let end = |job: &JobView| (job.ended.is_some(), is_cut_off(job), job.complete, job.reason.clone());
    let other_end = end(before) != end(after);
    match (before.ended, after.ended) {
        _ if other_end => add(Kind::Outcome, format!("{title} {is}; it used to {was}")),
        (Some(was), Some(is)) if was != is => {
            let verb = if after.complete { "completes" } else { "fails" };
            add(Kind::End, format!("{title} {verb} {}, at {} instead of {}", later(was, is), at(is), at(was)));
        }
        _ => {}
    }
    for (what, was, is) in [("succeed", before.succeeded, after.succeeded), ("fail", before.failed, after.failed)] {
        if was != is {
            let pods = if is == 1 { format!("1 pod {what}s") } else { format!("{is} pods {what}") };
            add(Kind::Counts, format!("{title}: {pods} instead of {was}"));
        }
    }
    if before.most_active != after.most_active {
        let (was, is) = (before.most_active, after.most_active);
        add(
            Kind::Counts,
            match is {
                0 => format!("{title}: no pod is ever active instead of up to {was}"),
                1 => format!("{title}: up to 1 pod is active at the same time instead of {was}"),
                _ => format!("{title}: up to {is} pods are active at the same time instead of {was}"),
            },
        );
    }
    if (before.suspended > 0) != (after.suspended > 0) {
        let text = match after.suspended {
            0 => "is not suspended any more",
            rows if rows == after.rows => "is suspended throughout",
            _ if after.ends_suspended => "is suspended at the end",
            _ => "is suspended for a time",
        };
        add(Kind::Counts, format!("{title} {text}"));
    }
    match (before.removed, after.removed) {
        // Then it was said how it ends.
        _ if other_end && (is_cut_off(before) || is_cut_off(after)) => {}
        (None, Some(time)) => add(Kind::Jobs, format!("{title} is deleted, at {}", at(time))),
        (Some(_), None) => add(Kind::Jobs, format!("{title} is not deleted any more")),
        (Some(was), Some(is)) if was != is => add(Kind::Jobs, format!("{title} is deleted {}", later(was, is))),
        _ => {}
    }
    found
}

fn one(kind: Kind, job: &JobView, text: String) -> Difference {
    Difference { kind, job: format!("{}/{}", job.name.0, job.name.1), pod: None, text }
}

/// `Job etl`, with its namespace where that is not the default.
fn title(job: &JobView) -> String {
    match job.name.0.as_str() {
        "default" => format!("Job {}", job.name.1),
        namespace => format!("Job {namespace}/{}", job.name.1),
    }
}

/// Was it deleted before it ended?
fn is_cut_off(job: &JobView) -> bool {
    job.ended.is_none() && job.removed.is_some()
}

/// What it does: "completes (CompletionsReached) at 269.8 s".
fn outcome(job: &JobView) -> String {
    match (job.ended, job.removed) {
        (None, None) => "does not end within the run".to_owned(),
        (None, Some(time)) => format!("is deleted at {} before it ends", at(time)),
        (Some(time), _) => format!("{} at {}", ends(job, ["completes", "fails"]), at(time)),
    }
}

/// The same as what it used to do: "complete (CompletionsReached) at 269.8 s".
fn former_outcome(job: &JobView) -> String {
    match (job.ended, job.removed) {
        (None, None) => "run on to the end".to_owned(),
        (None, Some(time)) => format!("be deleted at {} before it ended", at(time)),
        (Some(time), _) => format!("{} at {}", ends(job, ["complete", "fail"]), at(time)),
    }
}

fn ends(job: &JobView, [completes, fails]: [&str; 2]) -> String {
    let verb = if job.complete { completes } else { fails };
    // Up to 1.30 a complete Job gives no reason.
    if job.reason.is_empty() { verb.to_owned() } else { format!("{verb} ({})", job.reason) }
}

/// `35.8 s`, or `2h13m5s` from an hour on.
pub(in crate::study) fn at(time: Micros) -> String {
    length(time)
}

/// How much later, or earlier.
fn later(before: Micros, after: Micros) -> String {
    let word = if after > before { "later" } else { "earlier" };
    format!("{} {word}", length(after.abs_diff(before)))
}

/// A length for people: to the tenth of a second, finer below one.
fn length(micros: Micros) -> String {
    let seconds = micros as f64 / 1e6;
    match micros {
        0 => "0 s".to_owned(),
        1..1_000 => format!("{micros} us"),
        1_000..1_000_000 => format!("{} ms", micros / 1_000),
        1_000_000..3_600_000_000 => format!("{seconds:.1} s"),
        _ => {
            let whole = micros / 1_000_000;
            format!("{}h{:02}m{:02}s", whole / 3600, whole / 60 % 60, whole % 60)
        }
    }
}

#[cfg(test)]
mod tests;
