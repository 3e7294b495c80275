//! Runs of the real controllers in virtual time: status series, pod lives and events, all exact.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jobsim::api::release::Kubernetes;
use jobsim::record::requests::RequestTrace;
use jobsim::scenario::{ReadOptions, Source};
use jobsim::{Run, RunOptions, record, scenario};
use serde_json::Value;

use crate::recorded::{self, Tally};

#[test]
fn conformance_jobs() {
    replay("jobs");
}

#[test]
fn conformance_controlplane() {
    replay("controlplane");
}

/// The same scenarios under older releases; 1.33 and 1.35 behave as 1.34.
#[test]
fn conformance_releases() {
    let Some(folder) = recorded::folder("jobs") else { return };
    if !folder.join("releases").is_dir() {
        return;
    }
    for (release, as_recorded) in
        [("1.29", "1.29"), ("1.31", "1.31"), ("1.33", "1.34"), ("1.34", "1.34"), ("1.35", "1.34"), ("1.36", "1.36")]
    {
        let older = folder.join("releases").join(as_recorded);
        let left_out = std::fs::read_to_string(older.join("left-out.txt")).expect("the cases left out");
        let left_out: BTreeSet<&str> = left_out.split_whitespace().collect();
        let mut tally = Tally::default();
        for name in recorded::names(&folder.join("cases"), ".yaml") {
            if left_out.contains(name.as_str()) {
                continue;
            }
            let own = older.join(format!("{name}.json"));
            let record = if own.exists() { own } else { folder.join("records").join(format!("{name}.json")) };
            let kubernetes = Kubernetes::of(release.parse().expect("a release"));
            tally.count(&name, difference(&folder, &record, &name, kubernetes));
        }
        tally.finish(&format!("jobs under {release}"));
    }
}

#[test]
fn conformance_cluster() {
    replay("cluster");
}

/// Recorded by us: see tests/recordings/README.md.
#[test]
fn recordings_of_our_own() {
    replay_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings"), "recordings of our own");
}

fn replay(set: &str) {
    if let Some(folder) = recorded::folder(set) {
        replay_folder(&folder, set);
    }
}

fn replay_folder(folder: &Path, set: &str) {
    let mut tally = Tally::default();
    for name in recorded::names(&folder.join("cases"), ".yaml") {
        let record = folder.join("records").join(format!("{name}.json"));
        tally.count(name.clone(), difference(folder, &record, &name, Kubernetes::default()));
    }
    tally.finish(set);
}

/// The first difference between a recording and our run of it.
fn difference(folder: &Path, record: &Path, name: &str, kubernetes: Kubernetes) -> Option<String> {
    let path = folder.join("cases").join(format!("{name}.yaml"));
    let record = std::fs::read_to_string(record).expect("a record");
    let record: Value = serde_json::from_str(&record).expect("JSON");
    let source = Source::from_file(&path, &path.display().to_string()).expect("a case");
    let options = ReadOptions { kubernetes: Some(kubernetes), ..ReadOptions::default() };
    let scenario = match scenario::read(vec![source], &options) {
        Ok((scenario, _)) => scenario,
        Err(problems) => return Some(problems.to_string()),
    };
    let mut requests = RequestTrace::default();
    let run = jobsim::run_observed(&scenario, &RunOptions::default(), vec![&mut requests]);
    let sides = [
        ("jobs", recorded_jobs(&record), our_jobs(&run)),
        ("cron jobs", recorded_cron_jobs(&record), our_cron_jobs(&run)),
        ("lives", recorded_lives(&record), our_lives(&run)),
        ("pods", recorded_pods(&record), our_pods(&run, &record)),
        ("events", recorded_events(&record), our_events(&run, &record)),
        ("calls", recorded_calls(&record), our_calls(requests, &record)),
    ];
    sides.iter().find_map(|(what, theirs, ours)| first_difference(what, theirs, ours))
}

fn first_difference(what: &str, theirs: &[String], ours: &[String]) -> Option<String> {
    let length = theirs.len().max(ours.len());
    let at = (0..length).find(|&at| theirs.get(at) != ours.get(at))?;
    let show = |rows: &[String]| rows.get(at).cloned().unwrap_or_else(|| "nothing".to_owned());
    Some(format!("{what} {at}:\n  recorded {}\n  ours     {}", show(theirs), show(ours)))
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Rows that say the same as the row before, but for the time in front, are dropped.
fn distinct(rows: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let mut kept: Vec<(String, String)> = Vec::new();
    for row in rows {
        if kept.last().is_none_or(|last| last.1 != row.1) {
            kept.push(row);
        }
    }
    kept.into_iter().map(|(time, rest)| format!("{time} {rest}")).collect()
}

fn recorded_jobs(record: &Value) -> Vec<String> {
    let jobs: BTreeMap<&String, &Value> = record["jobs"].as_object().into_iter().flatten().collect();
    let row = |r: &Value| {
        let columns = ["active", "ready", "terminating", "succeeded", "failed", "completedIndexes", "failedIndexes"];
        let mut row: Vec<String> = columns.iter().map(|column| text(&r[column])).collect();
        row.extend(list(r, "uncounted").iter().map(text));
        row.extend(["startTime", "completionTime", "suspend"].iter().map(|column| text(&r[column])));
        row.extend(list(r, "conditions").iter().map(text));
        (text(&r["t"]), row.join("|"))
    };
    let series = |(name, rows): (&&String, &&Value)| {
        let rows = distinct(rows.as_array().into_iter().flatten().map(row));
        rows.into_iter().map(|row| format!("{name} {row}")).collect::<Vec<_>>()
    };
    jobs.iter().flat_map(series).collect()
}

fn micros(time: jobsim::SimTime) -> String {
    (time.0 / 1_000).to_string()
}

fn maybe_micros(time: Option<jobsim::SimTime>) -> String {
    time.map(micros).unwrap_or_default()
}

fn our_jobs(run: &Run) -> Vec<String> {
    let row = |r: &jobsim::JobRow| {
        let api_time = |time: Option<jobsim::api::meta::ApiTime>| time.map(|t| t.to_string()).unwrap_or_default();
        let counts = [r.active, r.ready, r.terminating, r.succeeded, r.failed];
        let mut row: Vec<String> = counts.iter().map(ToString::to_string).collect();
        row.extend([r.completed_indexes.clone(), r.failed_indexes.clone()]);
        row.extend([r.uncounted_succeeded.to_string(), r.uncounted_failed.to_string()]);
        row.extend([api_time(r.start_time), api_time(r.completion_time), r.suspended.to_string()]);
        row.extend(r.conditions.iter().map(|c| {
            let status = if c.status { "True" } else { "False" };
            format!("{}={status} {} @{}", c.kind.as_str(), c.reason.as_str(), c.last_transition_time)
        }));
        (micros(r.time), row.join("|"))
    };
    let mut by_name: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
    for job in &run.jobs {
        by_name.entry(&job.name.name).or_default().extend(job.rows.iter().map(row));
    }
    let series = |(name, rows): (&str, Vec<(String, String)>)| {
        distinct(rows.into_iter()).into_iter().map(|row| format!("{name} {row}")).collect::<Vec<_>>()
    };
    by_name.into_iter().flat_map(series).collect()
}

fn recorded_cron_jobs(record: &Value) -> Vec<String> {
    let cron_jobs: BTreeMap<&String, &Value> = record["cronJobs"].as_object().into_iter().flatten().collect();
    let row = |r: &Value| {
        let active: Vec<String> = list(r, "active").iter().map(text).collect();
        let times = [text(&r["lastScheduleTime"]), text(&r["lastSuccessfulTime"])];
        (text(&r["t"]), format!("{}|{}", active.join(";"), times.join("|")))
    };
    let series = |(name, rows): (&&String, &&Value)| {
        let rows = distinct(rows.as_array().into_iter().flatten().map(row));
        rows.into_iter().map(|row| format!("{name} {row}")).collect::<Vec<_>>()
    };
    cron_jobs.iter().flat_map(series).collect()
}

fn our_cron_jobs(run: &Run) -> Vec<String> {
    let row = |r: &jobsim::CronJobRow| {
        let last_schedule = r.last_schedule_time.map(|t| t.to_string()).unwrap_or_default();
        let last_successful = r.last_successful_time.map(|t| t.to_string()).unwrap_or_default();
        (micros(r.time), format!("{}|{last_schedule}|{last_successful}", r.active.join(";")))
    };
    let series = |life: &jobsim::CronJobLife| {
        let rows = distinct(life.rows.iter().map(row));
        rows.into_iter().map(|row| format!("{} {row}", life.name.name)).collect::<Vec<_>>()
    };
    run.cron_jobs.iter().flat_map(series).collect()
}

fn recorded_lives(record: &Value) -> Vec<String> {
    let lives = list(record, "jobLives").iter();
    sorted(lives.map(|l| format!("{} {} {}", text(&l["name"]), text(&l["created"]), text(&l["removed"]))))
}

fn our_lives(run: &Run) -> Vec<String> {
    let lives = run.jobs.iter();
    sorted(lives.map(|job| format!("{} {} {}", job.name.name, micros(job.created), maybe_micros(job.removed))))
}

fn sorted(rows: impl Iterator<Item = String>) -> Vec<String> {
    let mut rows: Vec<String> = rows.collect();
    rows.sort();
    rows
}

/// Pods of a Job that are alike: which of them did what is left to chance.
fn are_alike(record: &Value) -> bool {
    record["interchangeable"] == true
}

fn recorded_pods(record: &Value) -> Vec<String> {
    if are_alike(record) {
        let columns =
            ["job", "created", "scheduled", "started", "terminating", "finished", "removed", "phase", "exitCode"];
        let row = |pod: &Value| columns.iter().map(|column| text(&pod[column])).collect::<Vec<_>>().join("|");
        return sorted(list(record, "pods").iter().map(row));
    }
    let columns = [
        "job",
        "index",
        "attempt",
        "created",
        "started",
        "terminating",
        "finished",
        "removed",
        "phase",
        "exitCode",
        "restarts",
        "failureCount",
        "ignoredFailureCount",
    ];
    let row = |pod: &Value| columns.iter().map(|column| text(&pod[column])).collect::<Vec<_>>().join("|");
    sorted(list(record, "pods").iter().map(row))
}

fn our_pods(run: &Run, record: &Value) -> Vec<String> {
    if are_alike(record) {
        let row = |pod: &jobsim::PodLife| {
            let times = [pod.started, pod.terminating, pod.finished, pod.removed].map(maybe_micros);
            let code = pod.exit_code.map(|code| code.to_string()).unwrap_or_default();
            let job = &run.jobs[pod.job as usize].name.name;
            let (created, scheduled) = (micros(pod.created), maybe_micros(pod.scheduled));
            format!("{job}|{created}|{scheduled}|{}|{}|{code}", times.join("|"), pod.phase.as_str())
        };
        return sorted(run.pods.iter().map(row));
    }
    let number = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
    let row = |pod: &jobsim::PodLife| {
        let columns = [
            run.jobs[pod.job as usize].name.name.to_string(),
            number(pod.index),
            pod.attempt.to_string(),
            micros(pod.created),
            maybe_micros(pod.started),
            maybe_micros(pod.terminating),
            maybe_micros(pod.finished),
            maybe_micros(pod.removed),
            pod.phase.as_str().to_owned(),
            pod.exit_code.map(|code| code.to_string()).unwrap_or_default(),
            pod.restarts.to_string(),
            number(pod.failure_count),
            number(pod.ignored_failure_count),
        ];
        columns.join("|")
    };
    sorted(run.pods.iter().map(row))
}

fn recorded_events(record: &Value) -> Vec<String> {
    let row =
        |e: &Value| format!("{} {} {} {}", text(&e["t"]), text(&e["object"]), text(&e["type"]), text(&e["reason"]));
    sorted(list(record, "events").iter().map(row))
}

/// Calls of the Job controller's client, where they were recorded.
fn recorded_calls(record: &Value) -> Vec<String> {
    sorted(
        list(record, "calls")
            .iter()
            .map(|c| format!("{} {} {}", text(&c["t"]), text(&c["verb"]), text(&c["resource"]))),
    )
}

fn our_calls(requests: RequestTrace, record: &Value) -> Vec<String> {
    if record["calls"].is_null() {
        return Vec::new();
    }
    let calls = requests.into_rows().into_iter().filter(|r| r.controller == "job-controller" && r.resource != "events");
    sorted(calls.map(|r| format!("{} {} {}", micros(r.time), r.verb, r.resource)))
}

/// The first time each (object, reason) appears. The real recorder drops events of an object after 25 in a row: of
/// such an object only what was recorded is compared.
fn our_events(run: &Run, record: &Value) -> Vec<String> {
    let theirs: BTreeSet<String> = recorded_events(record).into_iter().collect();
    let mut seen = BTreeSet::new();
    let mut emitted: BTreeMap<String, usize> = BTreeMap::new();
    let mut rows = Vec::new();
    // Only those of the Job and the CronJob controller were recorded.
    for event in run.events.iter().filter(|event| matches!(event.kind, "Job" | "CronJob")) {
        let object = format!("{}/{}", event.kind, event.object.name);
        *emitted.entry(object.clone()).or_default() += 1;
        if seen.insert((object.clone(), event.reason)) {
            let kind = if event.warning { "Warning" } else { "Normal" };
            let row = format!("{} {object} {kind} {}", event.time.whole_seconds(), event.reason);
            rows.push((object, row));
        }
    }
    rows.retain(|(object, row)| emitted[object] < 25 || theirs.contains(row));
    sorted(rows.into_iter().map(|(_, row)| row))
}

/// The tables are what `compare.py` reads: they must say the same as the run itself.
#[test]
fn tables_agree_with_the_run() {
    let text = include_str!("../conformance/jobs/cases/mixture-20231-0000.yaml");
    let run = jobsim::run(&scenario::read_str(text).expect("a good scenario"), &RunOptions::default());
    let mut bytes = Vec::new();
    record::trace::jobs_csv(&run, &mut bytes).expect("memory");
    let rows = csv::Reader::from_reader(&bytes[..]).into_records().count();
    assert_eq!(rows, run.jobs.iter().map(|job| job.rows.len() + usize::from(job.removed.is_some())).sum::<usize>());
}
