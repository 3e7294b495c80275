//! A run as JSON on stdout: `-o json` one object, `-o jsonl` a line a record, `-o name` names only.
//!
//! Fields are named as the columns of the CSV tables; an empty field is left out; times are seconds.

use std::io::{self, Write};

use serde::Serialize;

use super::summary::{Summary, seconds};
use crate::api::job::JobCondition;
use crate::record::critical_path;
use crate::record::{EventRow, JobRow, PodLife, Run};

/// Writes `{"summary": .., "jobs": [..], "pods": [..], "events": [..]}`, each Job with its status rows.
///
/// # Errors
/// Those of `out`.
pub fn json(run: &Run, scenario_digest: &str, mut out: impl Write) -> io::Result<()> {
    let document = Document {
        summary: Summary::new(run, scenario_digest),
        jobs: (0..run.jobs.len()).map(|place| Job::new(run, place)).collect(),
        pods: run.pods.iter().map(|pod| Pod::new(run, pod)).collect(),
        events: run.events.iter().map(Event::new).collect(),
    };
    serde_json::to_writer_pretty(&mut out, &document)?;
    writeln!(out)?;
    out.flush()
}

/// Writes a line for the summary and for each Job, pod and event, told apart by the field `record`.
///
/// # Errors
/// Those of `out`.
pub fn json_lines(run: &Run, scenario_digest: &str, mut out: impl Write) -> io::Result<()> {
    let mut line = |record: Record<'_>| -> io::Result<()> {
        serde_json::to_writer(&mut out, &record)?;
        writeln!(out)
    };
    line(Record::Summary(Box::new(Summary::new(run, scenario_digest))))?;
    (0..run.jobs.len()).try_for_each(|place| line(Record::Job(Job::new(run, place))))?;
    run.pods.iter().try_for_each(|pod| line(Record::Pod(Box::new(Pod::new(run, pod)))))?;
    run.events.iter().try_for_each(|event| line(Record::Event(Event::new(event))))?;
    out.flush()
}

/// Writes `job.batch/NAME` and `pod/NAME`, as `kubectl get jobs,pods -o name`.
///
/// # Errors
/// Those of `out`.
pub fn names(run: &Run, mut out: impl Write) -> io::Result<()> {
    for job in &run.jobs {
        writeln!(out, "job.batch/{}", job.name.name)?;
    }
    for pod in &run.pods {
        writeln!(out, "pod/{}", pod.name)?;
    }
    out.flush()
}

#[derive(Serialize)]
struct Document<'a> {
    summary: Summary,
    jobs: Vec<Job<'a>>,
    pods: Vec<Pod<'a>>,
    events: Vec<Event<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "record", rename_all = "lowercase")]
enum Record<'a> {
    Summary(Box<Summary>),
    Job(Job<'a>),
    Pod(Box<Pod<'a>>),
    Event(Event<'a>),
}

#[derive(Serialize)]
struct Job<'a> {
    namespace: &'a str,
    job: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cronjob: Option<&'a str>,
    indexed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    completions: Option<i32>,
    parallelism: i32,
    created_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_s: Option<f64>,
    rows: Vec<Row<'a>>,
    /// What the time to its end was spent on, stretch by stretch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    critical_path: Vec<Step<'a>>,
}

#[derive(Serialize)]
struct Step<'a> {
    part: &'a str,
    from_s: f64,
    to_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<&'a str>,
}

#[derive(Serialize)]
struct Row<'a> {
    time_s: f64,
    status: &'a str,
    suspended: bool,
    active: i32,
    ready: i32,
    terminating: i32,
    succeeded: i32,
    failed: i32,
    uncounted_succeeded: u32,
    uncounted_failed: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    completed_indexes: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    failed_indexes: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_time_s: Option<u32>,
    conditions: Vec<Condition<'a>>,
}

#[derive(Serialize)]
struct Condition<'a> {
    r#type: &'a str,
    status: &'a str,
    reason: &'a str,
    message: &'a str,
    last_transition_time_s: u32,
}

#[derive(Serialize)]
struct Pod<'a> {
    namespace: &'a str,
    pod: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cronjob: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u32>,
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a str>,
    created_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ready_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terminating_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_s: Option<f64>,
    phase: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    restarts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored_failure_count: Option<u32>,
}

#[derive(Serialize)]
struct Event<'a> {
    time_s: f64,
    r#type: &'a str,
    reason: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
    message: &'a str,
}

impl<'a> Step<'a> {
    fn new(run: &'a Run, step: &critical_path::Step) -> Step<'a> {
        let pod = step.pod.map(|place| run.pods[place as usize].name.as_str());
        Step { part: step.part.words(), from_s: seconds(step.from), to_s: seconds(step.to), pod }
    }
}

impl<'a> Job<'a> {
    fn new(run: &'a Run, place: usize) -> Job<'a> {
        let (job, path) = (&run.jobs[place], run.critical_paths.get(place).and_then(Option::as_ref));
        Job {
            critical_path: path.map_or(Vec::new(), |path| path.steps.iter().map(|s| Step::new(run, s)).collect()),
            namespace: &job.name.namespace,
            job: &job.name.name,
            cronjob: job.cron_job.as_deref(),
            indexed: job.indexed,
            completions: job.completions,
            parallelism: job.parallelism,
            created_s: seconds(job.created),
            removed_s: job.removed.map(seconds),
            rows: job.rows.iter().map(Row::new).collect(),
        }
    }
}

impl<'a> Row<'a> {
    fn new(row: &'a JobRow) -> Row<'a> {
        Row {
            time_s: seconds(row.time),
            status: row.status,
            suspended: row.suspended,
            active: row.active,
            ready: row.ready,
            terminating: row.terminating,
            succeeded: row.succeeded,
            failed: row.failed,
            uncounted_succeeded: row.uncounted_succeeded,
            uncounted_failed: row.uncounted_failed,
            completed_indexes: &row.completed_indexes,
            failed_indexes: &row.failed_indexes,
            start_time_s: row.start_time.map(|time| time.0),
            completion_time_s: row.completion_time.map(|time| time.0),
            conditions: row.conditions.iter().map(Condition::new).collect(),
        }
    }
}

impl<'a> Condition<'a> {
    fn new(condition: &'a JobCondition) -> Condition<'a> {
        Condition {
            r#type: condition.kind.as_str(),
            status: if condition.status { "True" } else { "False" },
            reason: condition.reason.as_str(),
            message: &condition.message,
            last_transition_time_s: condition.last_transition_time.0,
        }
    }
}

impl<'a> Pod<'a> {
    fn new(run: &'a Run, pod: &'a PodLife) -> Pod<'a> {
        let job = run.job_of(pod);
        Pod {
            namespace: &pod.namespace,
            pod: &pod.name,
            job: job.map(|job| &*job.name.name),
            cronjob: job.and_then(|job| job.cron_job.as_deref()),
            index: pod.index,
            attempt: pod.attempt,
            node: pod.node.as_deref(),
            created_s: seconds(pod.created),
            scheduled_s: pod.scheduled.map(seconds),
            started_s: pod.started.map(seconds),
            ready_s: pod.ready.map(seconds),
            terminating_s: pod.terminating.map(seconds),
            finished_s: pod.finished.map(seconds),
            removed_s: pod.removed.map(seconds),
            phase: pod.phase.as_str(),
            exit_code: pod.exit_code,
            reason: pod.reason,
            restarts: pod.restarts,
            failure_count: pod.failure_count,
            ignored_failure_count: pod.ignored_failure_count,
        }
    }
}

impl<'a> Event<'a> {
    fn new(event: &'a EventRow) -> Event<'a> {
        Event {
            time_s: seconds(event.time),
            r#type: if event.warning { "Warning" } else { "Normal" },
            reason: event.reason,
            kind: event.kind,
            namespace: &event.object.namespace,
            name: &event.object.name,
            message: &event.message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture;
    use serde_json::Value;

    #[test]
    fn one_object_holds_all() {
        let mut bytes = Vec::new();
        json(&fixture::indexed(), "d", &mut bytes).unwrap();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let check = |pointer: &str, wanted: &str| {
            assert_eq!(value.pointer(pointer).map(Value::to_string).unwrap_or_default(), wanted, "{pointer}");
        };
        check("/summary/scenario_digest", r#""d""#);
        check("/jobs/0/rows/0/time_s", "0.0");
        check("/pods/4/exit_code", "137");
        check("/pods/4/terminating_s", "36.0");
        check("/pods/0/terminating_s", "");
        check("/events", "[]");
    }

    #[test]
    fn lines_are_records() {
        let mut bytes = Vec::new();
        json_lines(&fixture::pi(), "d", &mut bytes).unwrap();
        let records: Vec<Value> =
            String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let kinds: Vec<&str> = records.iter().filter_map(|record| record["record"].as_str()).collect();
        assert_eq!(kinds, ["summary", "job", "pod", "pod", "pod", "pod", "pod"]);
        assert_eq!(records[2]["pod"], "pi-x7k2p");
    }

    #[test]
    fn names_as_kubectl_writes_them() {
        let mut bytes = Vec::new();
        names(&fixture::two_jobs(), &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("job.batch/batch\njob.batch/a-work-"), "{text}");
        assert!(text.contains("\npod/batch-0\n"), "{text}");
    }
}
