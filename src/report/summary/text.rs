//! The summary for people: a table of the Jobs, why the run ended, what is still awaited, what was written.

use std::path::{Path, PathBuf};

use super::{cluster, control_plane, profile_word};
use crate::kernel::time::SimTime;
use crate::record::metrics::Figures;
use crate::record::totals::Totals;
use crate::record::{Ending, JobLife, PodLife, Run, recorder};
use crate::report::calendar;
use crate::report::kubectl::{duration, table::table};
use crate::scenario::Profile;

/// Most Jobs that get a line of their own.
const MOST_JOBS: usize = 40;

/// Most unfinished Jobs whose wait is explained.
const MOST_WAITS: usize = 10;

/// The lines that follow the watch view; `written` are the files of the run, perhaps none.
pub fn text(run: &Run, written: &[PathBuf]) -> String {
    let mut text = run.totals.as_ref().map_or_else(|| jobs(run), totals);
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&calendar::text(run));
    text.push_str(&ending(run));
    text.push_str(&waits(run));
    let sections = [cluster::text(run), control_plane::text(run)];
    for section in sections.iter().filter(|section| !section.is_empty()) {
        text.push('\n');
        text.push_str(section);
    }
    if sections.iter().any(|section| !section.is_empty()) {
        text.push('\n');
    }
    if let Some(first) = written.first() {
        let folder = first.parent().unwrap_or(Path::new(""));
        let names: Vec<String> =
            written.iter().map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned()).collect();
        text.push_str(&format!("Wrote into {}: {}\n", folder.display(), names.join(", ")));
    }
    text
}

/// Counts of a run that was not recorded.
fn totals(totals: &Totals) -> String {
    let counts = [
        ("CronJobs", totals.cron_jobs),
        ("Jobs", totals.jobs),
        ("Jobs that completed", totals.jobs_complete),
        ("Jobs that failed", totals.jobs_failed),
        ("Pods", totals.pods),
        ("Pods removed, succeeded", totals.pods_succeeded),
        ("Pods removed, failed", totals.pods_failed),
        ("Pods left", totals.pods_left),
    ];
    let rows = counts.iter().map(|(what, count)| vec![(*what).to_owned(), count.to_string()]);
    let header = vec!["COUNTED".to_owned(), "NUMBER".to_owned()];
    table(&std::iter::once(header).chain(rows).collect::<Vec<_>>())
}

fn jobs(run: &Run) -> String {
    if run.jobs.is_empty() {
        return String::new();
    }
    let several = run.jobs.iter().any(|job| job.name.namespace != run.jobs[0].name.namespace);
    let header = ["NAMESPACE", "NAME", "STATUS", "COMPLETIONS", "DURATION", "PODS", "FAILED", "RESTARTS"];
    let skipped = usize::from(!several);
    let mut rows: Vec<Vec<String>> = vec![header[skipped..].iter().map(|title| title.to_string()).collect()];
    for (job, figures) in run.jobs.iter().zip(Figures::of_jobs(run)).take(MOST_JOBS) {
        rows.push(line(job, &figures, run.end).split_off(skipped));
    }
    let mut text = table(&rows);
    if let Some(rest) = run.jobs.len().checked_sub(MOST_JOBS).filter(|&rest| rest > 0) {
        text.push_str(&format!("... and {rest} more; all are in jobs.csv and summary.json\n"));
    }
    text
}

fn line(job: &JobLife, figures: &Figures, end: SimTime) -> Vec<String> {
    let last = job.rows.last();
    vec![
        job.name.namespace.to_string(),
        job.name.name.to_string(),
        job.status_word().into(),
        completions(job, last.map_or(0, |row| row.succeeded)),
        length(job, end).unwrap_or_default(),
        figures.pods.to_string(),
        figures.failed.to_string(),
        figures.restarts.to_string(),
    ]
}

/// kubectl's COMPLETIONS (`printJob`).
fn completions(job: &JobLife, succeeded: i32) -> String {
    match job.completions {
        Some(wanted) => format!("{succeeded}/{wanted}"),
        None if job.parallelism > 1 => format!("{succeeded}/1 of {}", job.parallelism),
        None => format!("{succeeded}/1"),
    }
}

/// As kubectl's DURATION, but that of a failed Job ends with it.
pub(in crate::report) fn length(job: &JobLife, end: SimTime) -> Option<String> {
    let row = job.rows.last()?;
    let start = row.start_time?.instant();
    let until = row.completion_time.map(|time| time.instant()).or(job.finished()).or(job.removed).unwrap_or(end);
    Some(duration::human(duration::between(start, until)))
}

fn ending(run: &Run) -> String {
    let how = match &run.ending {
        Ending::Settled => format!("Settled after {} s: nothing was left to happen.", run.end.cut_to_millis()),
        Ending::Horizon => match run.horizon {
            Some(horizon) => format!("Ended at the horizon of {horizon} s."),
            None => format!("The horizon cut the run off at {} s.", run.end.cut_to_millis()),
        },
        Ending::Limit(limit) => format!("Stopped at {} s by a limit: {limit}.", run.end.cut_to_millis()),
        Ending::Fault(fault) => format!("Stopped at {} s by a fault: {fault}.", run.end.cut_to_millis()),
        Ending::Interrupted => format!("Interrupted at {} s.", run.end.cut_to_millis()),
    };
    let what = match run.profile {
        Profile::Default => "start-up and reporting times as published for ordinary clusters",
        Profile::Ideal => "no delays but those of the scenario and of the controllers' rules",
    };
    format!("{how}\nSeed {}, profile {} ({what}).\n", run.seed, profile_word(run.profile))
}

/// A line for each unfinished Job: what it waits for.
fn waits(run: &Run) -> String {
    let unfinished = |job: &&(usize, &JobLife)| job.1.finished().is_none() && job.1.removed.is_none();
    let waiting: Vec<(usize, &JobLife)> = run.jobs.iter().enumerate().filter(|job| unfinished(&job)).collect();
    let mut text = String::new();
    for (number, job) in waiting.iter().take(MOST_WAITS) {
        let pods = run.pods.iter().filter(|pod| pod.job as usize == *number);
        text.push_str(&format!("Job {} has not ended: {}.\n", job.name.name, reason(job, pods)));
    }
    if waiting.len() > MOST_WAITS {
        text.push_str(&format!("{} more Jobs have not ended.\n", waiting.len() - MOST_WAITS));
    }
    text
}

fn reason<'a>(job: &JobLife, pods: impl Iterator<Item = &'a PodLife>) -> String {
    let last = job.rows.last();
    if let Some(controller) = &job.managed_by {
        return format!("spec.managedBy leaves it to {controller}, which is not simulated");
    }
    if last.is_some_and(|row| row.status == recorder::TERMINATING) {
        return "it is being deleted, and goes when it has no finalizers left".into();
    }
    if last.is_some_and(|row| row.suspended) {
        return "it is suspended until someone sets spec.suspend to false".into();
    }
    if last.is_none_or(|row| row.start_time.is_none()) {
        return "no controller has started it".into();
    }
    let mut counts = [("being deleted", 0), ("running", 0), ("starting", 0), ("waiting for a node", 0)];
    for pod in pods.filter(|pod| pod.finished.or(pod.removed).is_none()) {
        let at = match pod {
            PodLife { terminating: Some(_), .. } => 0,
            PodLife { started: Some(_), .. } => 1,
            PodLife { scheduled: Some(_), .. } => 2,
            _ => 3,
        };
        counts[at].1 += 1;
    }
    let parts: Vec<String> =
        counts.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{count} {what}")).collect();
    match parts.is_empty() {
        true => "it has no pods and waits to create some (back-off, quota, or parallelism 0)".into(),
        false => format!("of its pods {}", parts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture;

    #[test]
    fn the_tutorials_job() {
        let wanted = "\
NAME   STATUS     COMPLETIONS   DURATION   PODS   FAILED   RESTARTS
pi     Complete   5/5           35s        5      0        0

Settled after 35.83 s: nothing was left to happen.
Seed 42, profile default (start-up and reporting times as published for ordinary clusters).
Wrote into output/pi: jobs.csv, summary.json
";
        let written = ["output/pi/jobs.csv", "output/pi/summary.json"].map(PathBuf::from);
        assert_eq!(text(&fixture::pi(), &written), wanted);
    }

    #[test]
    fn unfinished_jobs_say_what_they_wait_for() {
        let mut run = fixture::two_jobs();
        run.jobs[1].name.name = "queue".into();
        let wanted = "\
NAME    STATUS     COMPLETIONS   DURATION   PODS   FAILED   RESTARTS
batch   Complete   4/4           3m23s      5      1        0
queue   Running    1/1 of 3      5m         4      0        0

The horizon cut the run off at 300 s.
Seed 42, profile default (start-up and reporting times as published for ordinary clusters).
Job queue has not ended: of its pods 2 running, 1 waiting for a node.
";
        assert_eq!(text(&run, &[]), wanted);
    }

    #[test]
    fn reasons_without_pods() {
        let mut run = fixture::run("x");
        let job = run.job("x", Some(1), 1);
        let check = |job: &JobLife, wanted: &str| assert_eq!(reason(job, std::iter::empty()), wanted);
        check(&run.jobs[job], "no controller has started it");
        run.status(job, 0.0, [0; 5]);
        check(&run.jobs[job], "it has no pods and waits to create some (back-off, quota, or parallelism 0)");
        run.status(job, 1.0, [0; 5]).suspended = true;
        check(&run.jobs[job], "it is suspended until someone sets spec.suspend to false");
        run.status(job, 2.0, [0; 5]).status = recorder::TERMINATING;
        check(&run.jobs[job], "it is being deleted, and goes when it has no finalizers left");
    }

    #[test]
    fn many_jobs_are_cut_and_namespaces_shown_when_they_differ() {
        let mut run = fixture::large(60, 60);
        run.jobs[3].name.namespace = "other".into();
        let text = text(&run, &[]);
        assert!(text.starts_with("NAMESPACE   NAME      STATUS    COMPLETIONS"), "{text}");
        assert!(text.contains("... and 20 more; all are in jobs.csv and summary.json\n"), "{text}");
        assert!(text.ends_with("50 more Jobs have not ended.\n"), "{text}");
    }
}
