//! Turns the change log into a [`Run`]: status series, pod lives, events.

use super::{Ending, EventRow, JobLife, JobRow, PodLife, Run};
use crate::api::change::{Change, Verb};
use crate::api::job::{Job, JobConditionType};
use crate::api::meta::{JobId, ObjectName, PodId};
use crate::api::outbox::{JobEvent, JobHappening};
use crate::api::pod::{Pod, PodPhase};
use crate::apiserver::store::Store;
use crate::kernel::time::SimTime;
use crate::world::observer::Observer;

/// Records everything that outputs are made of.
#[derive(Debug, Default)]
pub struct Recorder {
    jobs: Vec<JobLife>,
    pods: Vec<PodLife>,
    events: Vec<EventRow>,
    notes: Vec<String>,
    /// Positions in `jobs` and `pods` of the objects in these slots.
    job_places: Vec<usize>,
    pod_places: Vec<usize>,
    /// Jobs whose status was written at this instant.
    touched: Vec<JobId>,
}

impl Recorder {
    /// Nothing recorded yet.
    pub fn new() -> Recorder {
        Recorder::default()
    }

    /// What was recorded, as a run; `frame` gives the rest.
    pub fn into_run(self, frame: Run) -> Run {
        let mut pods = self.pods;
        let jobs = self.jobs;
        pods.sort_by_cached_key(|pod| {
            let name = &jobs[pod.job as usize].name;
            (pod.created, name.namespace.clone(), name.name.clone(), pod.index, pod.attempt)
        });
        Run { jobs, pods, events: self.events, notes: self.notes, ..frame }
    }

    fn job_place(&self, id: JobId) -> usize {
        self.job_places[id.slot as usize]
    }

    fn add_row(&mut self, id: JobId, job: &Job, now: SimTime) {
        let place = self.job_place(id);
        let life = &mut self.jobs[place];
        life.parallelism = job.spec.parallelism;
        life.completions = job.spec.completions;
        let row = job_row(job, now);
        if life.rows.last().is_none_or(|last| JobRow { time: now, ..last.clone() } != row) {
            life.rows.push(row);
        }
    }

    fn on_job(&mut self, now: SimTime, id: JobId, verb: Verb, store: &Store) {
        let Some(job) = store.job(id) else { return };
        if verb == Verb::Added {
            put(&mut self.job_places, id.slot, self.jobs.len());
            self.jobs.push(JobLife {
                name: job.name.clone(),
                cron_job: job.cron_job.clone(),
                indexed: job.spec.is_indexed(),
                completions: job.spec.completions,
                parallelism: job.spec.parallelism,
                created: now,
                removed: None,
                rows: Vec::new(),
            });
        }
        if verb == Verb::Deleted {
            self.add_row(id, job, now);
            let place = self.job_place(id);
            self.jobs[place].removed = Some(now);
            self.touched.retain(|&touched| touched != id);
        } else if !self.touched.contains(&id) {
            self.touched.push(id);
        }
    }

    fn on_pod(&mut self, now: SimTime, id: PodId, verb: Verb, store: &Store) {
        let Some(pod) = store.pod(id) else { return };
        if verb == Verb::Added {
            put(&mut self.pod_places, id.slot, self.pods.len());
            self.pods.push(PodLife {
                name: store.pod_name(id).unwrap_or_default(),
                job: self.job_place(pod.job) as u32,
                index: pod.index(),
                attempt: pod.attempt,
                node: None,
                created: now,
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
                failure_count: pod.failure_count,
                ignored_failure_count: pod.failure_count.and(Some(pod.ignored_failure_count).filter(|&n| n > 0)),
            });
        }
        let life = &mut self.pods[self.pod_places[id.slot as usize]];
        update_life(life, pod, now);
        if verb == Verb::Deleted {
            life.removed = Some(now);
        }
    }

    fn pod_name(&self, pod: PodId, store: &Store) -> String {
        store.pod_name(pod).unwrap_or_else(|| {
            let place = self.pod_places.get(pod.slot as usize);
            place.map(|&place| self.pods[place].name.clone()).unwrap_or_default()
        })
    }
}

fn put(places: &mut Vec<usize>, slot: u32, place: usize) {
    let slot = slot as usize;
    if places.len() <= slot {
        places.resize(slot + 1, 0);
    }
    places[slot] = place;
}

fn update_life(life: &mut PodLife, pod: &Pod, now: SimTime) {
    let status = &pod.status;
    life.scheduled = life.scheduled.or(pod.scheduled.then_some(now));
    life.started = status.started;
    life.ready = life.ready.or(status.ready.then_some(now));
    // A pod that had ended before is not said to terminate.
    if pod.deletion.is_some() && life.finished.is_none() {
        life.terminating = life.terminating.or(Some(now));
    }
    if status.phase.is_terminal() {
        life.finished = life.finished.or(Some(now));
    }
    if let Some(reason) = pod.disruption_target {
        life.reason = reason;
    }
    (life.phase, life.exit_code, life.restarts) = (status.phase, status.exit_code, status.restarts);
}

impl Observer for Recorder {
    fn on_change(&mut self, now: SimTime, change: Change, store: &Store) {
        match change {
            Change::Job(id, verb) => self.on_job(now, id, verb, store),
            Change::Pod(id, verb) => self.on_pod(now, id, verb, store),
        }
    }

    fn on_job_event(&mut self, now: SimTime, event: &JobEvent, store: &Store) {
        let object = store.job(event.job).map(|job| job.name.clone());
        let place = self.job_places.get(event.job.slot as usize);
        let object: ObjectName = match (object, place) {
            (Some(name), _) => name,
            (None, Some(&place)) => self.jobs[place].name.clone(),
            (None, None) => return,
        };
        let message = match &event.what {
            JobHappening::Created(pod) => format!("Created pod: {}", self.pod_name(*pod, store)),
            JobHappening::Deleted(pod) => format!("Deleted pod: {}", self.pod_name(*pod, store)),
            JobHappening::FailedCreate(message) => format!("Error creating: {message}"),
            JobHappening::Suspended => "Job suspended".to_owned(),
            JobHappening::Resumed => "Job resumed".to_owned(),
            JobHappening::Completed => "Job completed".to_owned(),
            JobHappening::TooManySucceededPods => {
                "Too many succeeded pods running after completion count reached".to_owned()
            }
            JobHappening::Failed(_, message) => message.to_string(),
        };
        let (warning, reason) = (event.what.is_warning(), event.what.reason());
        self.events.push(EventRow { time: now, warning, reason, kind: "Job", object, message });
    }

    fn on_note(&mut self, now: SimTime, note: &str) {
        self.notes.push(format!("{} s: {note}", now.cut_to_millis()));
    }

    fn on_instant_over(&mut self, now: SimTime, store: &Store) {
        for id in std::mem::take(&mut self.touched) {
            if let Some(job) = store.job(id) {
                self.add_row(id, job, now);
            }
        }
    }
}

/// The columns of a Job at this instant.
fn job_row(job: &Job, time: SimTime) -> JobRow {
    let status = &job.status;
    JobRow {
        time,
        status: status_word(job),
        suspended: job.spec.suspend,
        active: status.active,
        ready: status.ready.unwrap_or(0),
        terminating: status.terminating.unwrap_or(0),
        succeeded: status.succeeded,
        failed: status.failed,
        uncounted_succeeded: status.uncounted_succeeded.len() as u32,
        uncounted_failed: status.uncounted_failed.len() as u32,
        completed_indexes: status.completed_indexes.to_string(),
        failed_indexes: status.failed_indexes.as_ref().map(ToString::to_string).unwrap_or_default(),
        start_time: status.start_time,
        completion_time: status.completion_time,
        conditions: status.conditions.clone(),
    }
}

/// kubectl's STATUS word (`getJobStatus` of the table printer).
pub fn status_word(job: &Job) -> &'static str {
    let on = |kind| job.status.is_true(kind);
    if on(JobConditionType::Complete) {
        "Complete"
    } else if on(JobConditionType::Failed) {
        "Failed"
    } else if job.deletion_timestamp.is_some() {
        "Terminating"
    } else if on(JobConditionType::Suspended) {
        "Suspended"
    } else if on(JobConditionType::FailureTarget) {
        "FailureTarget"
    } else if on(JobConditionType::SuccessCriteriaMet) {
        "SuccessCriteriaMet"
    } else {
        "Running"
    }
}

/// The frame of a run: all that is not recorded.
pub fn frame(scenario: &crate::scenario::Scenario, seed: u64) -> Run {
    Run {
        scenario: scenario.name.clone(),
        start: scenario.start,
        seed,
        profile: scenario.profile,
        end: SimTime::ZERO,
        ending: Ending::Settled,
        steps: 0,
        jobs: Vec::new(),
        pods: Vec::new(),
        events: Vec::new(),
        notes: Vec::new(),
    }
}
