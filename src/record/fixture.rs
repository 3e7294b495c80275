//! Plausible runs for the tests of whatever reads a [`Run`].

use std::ops::{Deref, DerefMut};

use super::{Ending, JobLife, JobRow, PodLife, Run};
use crate::api::job::{JobCondition, JobConditionType, JobReason};
use crate::api::meta::{ApiTime, ObjectName};
use crate::api::pod::PodPhase;
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::Profile;

/// An instant given in seconds.
pub(crate) fn at(seconds: f64) -> SimTime {
    SimTime((seconds * 1e9).round() as u64)
}

/// A run without Jobs, to add them to.
pub(crate) fn run(scenario: &str) -> Building {
    Building(Run {
        scenario: scenario.into(),
        start: 946_688_400,
        seed: 42,
        profile: Profile::Default,
        end: SimTime::ZERO,
        ending: Ending::Settled,
        horizon: None,
        outages: Vec::new(),
        steps: 0,
        totals: None,
        cron_jobs: Vec::new(),
        jobs: Vec::new(),
        pods: Vec::new(),
        events: Vec::new(),
        control_plane: Default::default(),
        limits: crate::scenario::ControlPlane::released(),
        nodes: Vec::new(),
        shares: Default::default(),
        minimum_charge: SimDuration::ZERO,
        pools: Vec::new(),
        critical_paths: Vec::new(),
        notes: Vec::new(),
    })
}

/// The tutorial's Job: five pods, two at a time.
pub(crate) fn pi() -> Run {
    let mut run = run("pi");
    let pi = run.job("pi", Some(5), 2);
    run.status(pi, 0.0, [0, 0, 0, 0, 0]).start_time = None;
    let lives = [
        ("pi-x7k2p", [0.0, 1.93, 9.61]),
        ("pi-b4zqw", [0.0, 2.21, 13.02]),
        ("pi-lm9tv", [10.4, 12.31, 21.7]),
        ("pi-qq5rd", [13.9, 15.42, 24.88]),
        ("pi-7hnc8", [22.5, 24.02, 34.95]),
    ];
    for (name, times) in lives {
        let pod = run.pod(pi, name, times, 0);
        pod.scheduled = Some(at(times[0] + 0.04));
    }
    run.count_pods(pi, 0.85);
    run.complete(pi, 35.83, [0, 0, 0, 5, 0]);
    run.0
}

/// An Indexed Job whose index 1 fails for good, after a retry; index 3 is retried and succeeds nowhere else.
pub(crate) fn indexed() -> Building {
    let mut run = run("indexed-job");
    let job = run.job("indexed-job", Some(5), 3);
    run.jobs[job].indexed = true;
    run.status(job, 0.0, [0, 0, 0, 0, 0]).start_time = None;
    let lives: [(u32, u32, [f64; 3], i32); 6] = [
        (0, 0, [0.0, 4.0, 9.0], 0),
        (1, 0, [0.0, 4.5, 6.0], 3),
        (2, 0, [0.0, 4.0, 20.0], 0),
        (3, 0, [9.5, 13.0, 17.0], 0),
        (1, 1, [16.0, 19.0, 42.0], 137),
        (4, 0, [17.5, 21.0, 30.0], 0),
    ];
    for (index, attempt, times, code) in lives {
        let name = format!("indexed-job-{index}-{}", ["ab2cd", "k9zzt"][attempt as usize]);
        let pod = run.pod(job, &name, times, code);
        (pod.index, pod.attempt) = (Some(index), attempt);
        pod.failure_count = Some(attempt);
        if code == 137 {
            pod.terminating = Some(at(36.0));
        }
    }
    run.count_pods(job, 0.4);
    run.status(job, 43.0, [0, 0, 0, 4, 2]);
    run.condition(job, JobConditionType::FailureTarget, JobReason::FailedIndexes);
    run.condition(job, JobConditionType::Failed, JobReason::FailedIndexes);
    if let Some(row) = run.jobs[job].rows.last_mut() {
        row.status = "Failed";
        row.completed_indexes = "0,2-4".into();
        row.failed_indexes = "1".into();
    }
    run
}

/// Two Jobs, one of them a work queue that still runs at the horizon.
pub(crate) fn two_jobs() -> Run {
    let mut run = run("two");
    run.ending = Ending::Horizon;
    let (batch, queue) =
        (run.job("batch", Some(4), 2), run.job("a-work-queue-with-quite-a-long-name-for-a-job", None, 3));
    for job in [batch, queue] {
        run.status(job, 0.0, [0, 0, 0, 0, 0]).start_time = None;
    }
    let codes = [0, 1, 0, 0, 0];
    for (number, code) in codes.into_iter().enumerate() {
        let start = (number / 2) as f64 * 70.0 + number as f64;
        run.pod(batch, &format!("batch-{number}"), [start, start + 3.0, start + 60.0], code);
    }
    for number in 0..3 {
        let name = format!("a-work-queue-with-quite-a-long-name-for-a-job-{number}");
        let pod = run.pod(queue, &name, [30.0, 34.0 + f64::from(number), 240.0], 0);
        if number > 0 {
            (pod.finished, pod.exit_code, pod.phase) = (None, None, PodPhase::Running);
        }
    }
    run.pending_pod(queue, "a-work-queue-with-quite-a-long-name-for-a-job-p", 240.5);
    run.count_pods(batch, 0.2);
    run.count_pods(queue, 0.2);
    run.complete(batch, 203.0, [0, 0, 0, 4, 1]);
    run.end = at(300.0);
    run.0
}

/// A run of `pods` pods in `jobs` Jobs, a pod of each Job after the other with some overlap, every tenth failing.
pub(crate) fn large(jobs: usize, pods: usize) -> Run {
    let mut run = run("large");
    for job in 0..jobs {
        let id = run.job(&format!("job-{job:03}"), Some((pods / jobs) as i32), 4);
        run.status(id, 0.0, [0, 0, 0, 0, 0]).start_time = None;
    }
    for number in 0..pods {
        let start = (number / jobs) as f64 * 2.5 + (number % 7) as f64 * 0.3;
        let code = i32::from(number % 10 == 9);
        run.pod(number % jobs, &format!("job-{:03}-{number}", number % jobs), [start, start + 1.0, start + 9.0], code);
    }
    for job in 0..jobs {
        run.count_pods(job, 0.1);
    }
    run.0
}

/// A run under construction.
pub(crate) struct Building(pub(crate) Run);

impl Deref for Building {
    type Target = Run;
    fn deref(&self) -> &Run {
        &self.0
    }
}

impl DerefMut for Building {
    fn deref_mut(&mut self) -> &mut Run {
        &mut self.0
    }
}

impl Building {
    /// Adds a Job without rows; answers its position.
    pub(crate) fn job(&mut self, name: &str, completions: Option<i32>, parallelism: i32) -> usize {
        self.jobs.push(JobLife {
            name: ObjectName::new("default", name),
            cron_job: None,
            scheduled: None,
            managed_by: None,
            indexed: false,
            completions,
            parallelism,
            created: SimTime::ZERO,
            removed: None,
            rows: Vec::new(),
        });
        self.jobs.len() - 1
    }

    /// Adds a row of `[active, ready, terminating, succeeded, failed]`.
    pub(crate) fn status(&mut self, job: usize, seconds: f64, counts: [i32; 5]) -> &mut JobRow {
        let [active, ready, terminating, succeeded, failed] = counts;
        self.end = self.end.max(at(seconds));
        let row = JobRow {
            time: at(seconds),
            status: "Running",
            suspended: false,
            active,
            ready,
            terminating,
            succeeded,
            failed,
            uncounted_succeeded: 0,
            uncounted_failed: 0,
            completed_indexes: String::new(),
            failed_indexes: String::new(),
            start_time: Some(ApiTime(0)),
            completion_time: None,
            conditions: Vec::new(),
        };
        let rows = &mut self.jobs[job].rows;
        rows.push(row);
        rows.last_mut().expect("just pushed")
    }

    /// Adds a True condition to the last row.
    pub(crate) fn condition(&mut self, job: usize, kind: JobConditionType, reason: JobReason) {
        let Some(row) = self.jobs[job].rows.last_mut() else { return };
        let last_transition_time = ApiTime::of(row.time);
        row.conditions.push(JobCondition { kind, status: true, reason, message: "".into(), last_transition_time });
    }

    /// Adds the last row of a Job that completes.
    pub(crate) fn complete(&mut self, job: usize, seconds: f64, counts: [i32; 5]) {
        self.status(job, seconds, counts);
        self.condition(job, JobConditionType::SuccessCriteriaMet, JobReason::CompletionsReached);
        self.condition(job, JobConditionType::Complete, JobReason::CompletionsReached);
        if let Some(row) = self.jobs[job].rows.last_mut() {
            row.status = "Complete";
            row.completion_time = Some(ApiTime::of(row.time));
        }
    }

    /// Adds a pod that was created, started and ended with `code` at these seconds.
    pub(crate) fn pod(&mut self, job: usize, name: &str, times: [f64; 3], code: i32) -> &mut PodLife {
        let [created, started, finished] = times.map(at);
        self.end = self.end.max(finished);
        let pod = self.pending_pod(job, name, times[0]);
        pod.scheduled = Some(created);
        (pod.started, pod.ready, pod.finished) = (Some(started), Some(started), Some(finished));
        pod.exit_code = Some(code);
        pod.phase = if code == 0 { PodPhase::Succeeded } else { PodPhase::Failed };
        pod
    }

    /// Adds a pod that never got a node.
    pub(crate) fn pending_pod(&mut self, job: usize, name: &str, seconds: f64) -> &mut PodLife {
        self.pods.push(PodLife {
            name: name.into(),
            namespace: "default".into(),
            job: job as u32,
            index: None,
            attempt: 0,
            node: None,
            created: at(seconds),
            scheduled: None,
            started: None,
            ready: None,
            terminating: None,
            finished: None,
            removed: None,
            phase: PodPhase::Pending,
            exit_code: None,
            reason: "",
            restarts: 0,
            failure_count: None,
            ignored_failure_count: None,
            refused: SimDuration::ZERO,
            unschedulable: None,
            pulled: None,
        });
        self.pods.last_mut().expect("just pushed")
    }

    /// Adds the status rows that follow from the Job's pods, each seen `lag` seconds late.
    pub(crate) fn count_pods(&mut self, job: usize, lag: f64) {
        let lag = at(lag);
        let mine = |pod: &&PodLife| pod.job == job as u32;
        let mut changes: Vec<(SimTime, [i32; 5])> = Vec::new();
        for pod in self.pods.iter().filter(mine) {
            let lagged = |time: SimTime| SimTime(time.0 + lag.0);
            changes.push((pod.created, [1, 0, 0, 0, 0]));
            changes.extend(pod.ready.map(|time| (lagged(time), [0, 1, 0, 0, 0])));
            let failed = i32::from(pod.phase == PodPhase::Failed);
            changes.extend(pod.finished.map(|time| (lagged(time), [-1, -1, 0, 1 - failed, failed])));
        }
        changes.sort();
        let mut counts = [0; 5];
        for (number, (time, change)) in changes.iter().enumerate() {
            for (count, change) in counts.iter_mut().zip(change) {
                *count += change;
            }
            if changes.get(number + 1).is_none_or(|next| next.0 != *time) {
                self.status(job, time.0 as f64 / 1e9, counts);
            }
        }
    }
}
