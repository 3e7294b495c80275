//! Turns the change log into a [`Run`]: status series, pod lives, events.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::control_plane::{ControlPlaneLog, ControlPlaneTallies};
use super::critical_path;
use super::nodes::NodeLog;
use super::waits::Refusals;
use super::{BARE, CronJobLife, CronJobRow, Ending, EventRow, JobLife, JobRow, PodLife, Run};
use crate::api::change::{Change, Verb};
use crate::api::cronjob::CronJob;
use crate::api::event::{Happening, JobHappening, ObjectEvent};
use crate::api::job::{Job, JobConditionType};
use crate::api::meta::{AUTOSCALER_STATUS, CronJobId, JobId, ObjectId, ObjectName, PodId};
use crate::api::pod::{Pod, PodPhase};
use crate::api::request::CONNECTION_REFUSED;
use crate::apiserver::store::Store;
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::{Action, Component, ScheduledAction};
use crate::world::observer::{Observer, RequestSpan, SyncSpan};

/// Records everything that outputs are made of.
#[derive(Debug, Default)]
pub struct Recorder {
    /// `startTime` in seconds since 1970.
    start: i64,
    pub(super) cron_jobs: Vec<CronJobLife>,
    pub(super) jobs: Vec<JobLife>,
    pub(super) pods: Vec<PodLife>,
    pub(super) events: Vec<EventRow>,
    /// How many lives were taken out at the front of `jobs` and `pods`: places count them.
    jobs_out: usize,
    pods_out: usize,
    /// By slot, names of lives that were taken out: an event may still speak of them.
    job_names: Vec<Option<ObjectName>>,
    pod_names: Vec<String>,
    control_plane: ControlPlaneLog,
    pub(super) nodes: NodeLog,
    pub(super) notes: Vec<(SimTime, String)>,
    /// Positions in `cron_jobs`, `jobs` and `pods` of the objects in these slots.
    cron_job_places: Vec<usize>,
    job_places: Vec<usize>,
    /// Creations of Jobs' pods that were refused, by the Jobs' slots.
    refusals: BTreeMap<u32, (JobId, Refusals)>,
    pod_places: Vec<usize>,
    /// Objects whose status was written at this instant, some more than once: the second row that is the same is
    /// no row.
    touched: Vec<ObjectId>,
}

impl Recorder {
    /// Nothing recorded yet of a run that starts `start` seconds after 1970.
    pub fn new(start: i64) -> Recorder {
        Recorder { start, ..Recorder::default() }
    }

    /// Does not keep what each Job held of the nodes: that grows with the number of Jobs.
    pub(super) fn without_shares(mut self) -> Recorder {
        self.nodes.keeps_no_shares = true;
        self
    }

    /// What was recorded, as a run; `frame` gives the rest.
    pub fn into_run(mut self, frame: Run) -> Run {
        self.nodes.finish(frame.end);
        let mut pods = self.pods;
        let jobs = self.jobs;
        pods.sort_by_cached_key(|pod| {
            let job = jobs.get(pod.job as usize);
            let name = job.map_or_else(|| Arc::from(pod.name.as_str()), |job| job.name.name.clone());
            (pod.created, pod.namespace.clone(), name, pod.index, pod.attempt)
        });
        let critical_paths = critical_path::of_jobs(&jobs, &pods, &self.control_plane.jobs, frame.limits.watch_latency);
        Run {
            cron_jobs: self.cron_jobs,
            jobs,
            pods,
            nodes: self.nodes.lives,
            shares: self.nodes.shares,
            events: self.events,
            control_plane: self.control_plane.tallies(),
            critical_paths,
            notes: written(self.notes),
            ..frame
        }
    }

    fn job_place(&self, id: JobId) -> usize {
        self.job_places[id.slot as usize]
    }

    fn job_life(&mut self, id: JobId) -> &mut JobLife {
        let place = self.job_place(id) - self.jobs_out;
        &mut self.jobs[place]
    }

    fn add_row(&mut self, id: JobId, job: &Job, now: SimTime) {
        let life = self.job_life(id);
        life.parallelism = job.spec.parallelism;
        life.completions = job.spec.completions;
        let row = job_row(job, now);
        if life.rows.last().is_none_or(|last| JobRow { time: now, ..last.clone() } != row) {
            life.rows.push(row);
        }
    }

    fn touch(&mut self, id: ObjectId) {
        if self.touched.last() != Some(&id) {
            self.touched.push(id);
        }
    }

    fn on_cron_job(&mut self, now: SimTime, id: CronJobId, verb: Verb, store: &Store) {
        let Some(cron_job) = store.cron_job(id) else { return };
        if verb == Verb::Added {
            put(&mut self.cron_job_places, id.slot, self.cron_jobs.len());
            let name = cron_job.name.clone();
            let specs = vec![(now, cron_job.spec.clone())];
            self.cron_jobs.push(CronJobLife { name, created: now, removed: None, specs, rows: Vec::new() });
        }
        let specs = &mut self.cron_jobs[self.cron_job_places[id.slot as usize]].specs;
        if specs.last().is_none_or(|(_, last)| !Arc::ptr_eq(last, &cron_job.spec)) {
            specs.push((now, cron_job.spec.clone()));
        }
        if verb == Verb::Deleted {
            self.add_cron_job_row(id, cron_job, now);
            self.cron_jobs[self.cron_job_places[id.slot as usize]].removed = Some(now);
        } else {
            self.touch(ObjectId::CronJob(id));
        }
    }

    fn add_cron_job_row(&mut self, id: CronJobId, cron_job: &CronJob, now: SimTime) {
        let row = cron_job_row(cron_job, now, self.start);
        let life = &mut self.cron_jobs[self.cron_job_places[id.slot as usize]];
        if life.rows.last().is_none_or(|last| CronJobRow { time: now, ..last.clone() } != row) {
            life.rows.push(row);
        }
    }

    fn on_job(&mut self, now: SimTime, id: JobId, verb: Verb, store: &Store) {
        let Some(job) = store.job(id) else { return };
        if verb == Verb::Added {
            put(&mut self.job_places, id.slot, self.jobs_out + self.jobs.len());
            self.jobs.push(JobLife {
                name: job.name.clone(),
                cron_job: job.cron_job().cloned(),
                scheduled: job.owner.as_ref().map(|owner| owner.start.scheduled.seconds - self.start),
                managed_by: job.spec.managed_by.clone().filter(|_| job.spec.managed_by_other()),
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
            self.job_life(id).removed = Some(now);
        } else {
            self.touch(ObjectId::Job(id));
        }
    }

    fn on_pod(&mut self, now: SimTime, id: PodId, verb: Verb, store: &Store) {
        let Some(pod) = store.pod(id) else { return };
        if verb == Verb::Added {
            put(&mut self.pod_places, id.slot, self.pods_out + self.pods.len());
            let refused = self.refused_before(pod.job, now);
            self.pods.push(PodLife {
                name: store.pod_name(id).unwrap_or_default(),
                namespace: store.namespace_of(id).cloned().unwrap_or_else(|| Arc::from("")),
                job: if pod.is_bare() { BARE } else { self.job_place(pod.job) as u32 },
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
                refused,
                unschedulable: None,
                pulled: None,
            });
        }
        let job = self.pods[self.pod_places[id.slot as usize] - self.pods_out].job;
        self.nodes.on_pod(now, id, job, verb, store);
        let life = &mut self.pods[self.pod_places[id.slot as usize] - self.pods_out];
        if pod.scheduled && life.node.is_none() {
            life.node = store.node(pod.node).map(|node| node.name.clone());
        }
        update_life(life, pod, now);
        if verb == Verb::Deleted {
            life.removed = Some(now);
        }
    }

    /// How long this Job's creation of a pod had been refused.
    fn refused_before(&mut self, job: JobId, now: SimTime) -> SimDuration {
        let known = self.refusals.get_mut(&job.slot).filter(|(id, _)| *id == job);
        known.map_or(SimDuration::ZERO, |(_, refusals)| refusals.relieve(now))
    }

    /// Notes what an event tells of waiting.
    fn note_wait(&mut self, now: SimTime, event: &ObjectEvent) {
        match (event.about, &event.what) {
            (ObjectId::Job(job), Happening::Job(JobHappening::FailedCreate(why))) if **why != *CONNECTION_REFUSED => {
                let known = self.refusals.get(&job.slot).filter(|(id, _)| *id == job).map(|(_, known)| *known);
                self.refusals.insert(job.slot, (job, Refusals::refuse(known, now)));
            }
            (ObjectId::Pod(id), Happening::Cluster(what)) => {
                let place = self.pod_places.get(id.slot as usize).and_then(|place| place.checked_sub(self.pods_out));
                let Some(life) = place.and_then(|place| self.pods.get_mut(place)) else { return };
                match what.reason {
                    "FailedScheduling" => life.unschedulable = life.unschedulable.or(Some(now)),
                    "Pulling" => life.pulled = Some(now),
                    // Without a pull before it the image was there.
                    "Pulled" => life.pulled = life.pulled.and(Some(now)),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// The Job of a pod that is kept, if one made it.
    pub(super) fn job_of(&self, pod: &PodLife) -> Option<&JobLife> {
        if pod.job == BARE { None } else { self.jobs.get(pod.job as usize - self.jobs_out) }
    }

    /// Takes so many of the oldest pods out.
    pub(super) fn forget_pods(&mut self, number: usize) {
        self.pod_names.resize(self.pod_places.len(), String::new());
        for (place, name) in self.pod_places.iter().zip(&mut self.pod_names) {
            if let Some(life) = place.checked_sub(self.pods_out).filter(|&place| place < number) {
                *name = std::mem::take(&mut self.pods[life].name);
            }
        }
        self.pods.drain(..number);
        self.pods_out += number;
    }

    /// Takes the oldest Jobs out, at most so many, and none that a pod is of. Returns how many.
    pub(super) fn forget_jobs(&mut self, number: usize) -> usize {
        let needed = self.pods.iter().filter(|pod| pod.job != BARE).map(|pod| pod.job as usize - self.jobs_out).min();
        let number = needed.map_or(number, |needed| needed.min(number));
        self.job_names.resize(self.job_places.len(), None);
        for (place, name) in self.job_places.iter().zip(&mut self.job_names) {
            if let Some(life) = place.checked_sub(self.jobs_out).filter(|&place| place < number) {
                *name = Some(self.jobs[life].name.clone());
            }
        }
        self.jobs.drain(..number);
        self.jobs_out += number;
        number
    }

    /// How many lives and slots there are to look through.
    pub(super) fn size(&self) -> usize {
        self.jobs.len() + self.pods.len() + self.job_places.len() + self.pod_places.len()
    }

    /// Kind and name of an object, also of one that has just gone.
    fn named(&self, id: ObjectId, store: &Store) -> Option<(&'static str, ObjectName)> {
        match id {
            ObjectId::Job(id) => {
                let standing = store.job(id).map(|job| &job.name);
                let slot = id.slot as usize;
                let recorded = || match self.job_places.get(slot)?.checked_sub(self.jobs_out) {
                    Some(place) => Some(&self.jobs[place].name),
                    None => self.job_names.get(slot)?.as_ref(),
                };
                Some(("Job", standing.or_else(recorded)?.clone()))
            }
            ObjectId::CronJob(id) => {
                let standing = store.cron_job(id).map(|cron_job| &cron_job.name);
                let recorded = || self.cron_job_places.get(id.slot as usize).map(|&place| &self.cron_jobs[place].name);
                Some(("CronJob", standing.or_else(recorded)?.clone()))
            }
            ObjectId::Pod(id) => {
                let namespace = store.namespace_of(id)?.clone();
                Some(("Pod", ObjectName { namespace, name: self.pod_name(id, store).into() }))
            }
            ObjectId::Node(id) => {
                Some(("Node", ObjectName { namespace: "".into(), name: store.node(id)?.name.clone() }))
            }
            ObjectId::AutoscalerStatus => {
                let (namespace, name) = AUTOSCALER_STATUS;
                Some(("ConfigMap", ObjectName::new(namespace, name)))
            }
        }
    }

    fn pod_name(&self, pod: PodId, store: &Store) -> String {
        store.pod_name(pod).unwrap_or_else(|| {
            let slot = pod.slot as usize;
            let recorded = || match self.pod_places.get(slot)?.checked_sub(self.pods_out) {
                Some(place) => Some(&self.pods[place].name),
                None => self.pod_names.get(slot),
            };
            recorded().cloned().unwrap_or_default()
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

/// Was it deleted without a time in which it was being deleted?
fn went_at_once(pod: &Pod) -> bool {
    !pod.scheduled && !pod.tracked
}

fn update_life(life: &mut PodLife, pod: &Pod, now: SimTime) {
    let status = &pod.status;
    life.scheduled = life.scheduled.or(pod.scheduled.then_some(now));
    life.started = status.started;
    life.ready = life.ready.or(status.ready.then_some(now));
    // A pod that had ended before is not said to terminate.
    if pod.deletion.is_some() && life.finished.is_none() && !went_at_once(pod) {
        life.terminating = life.terminating.or(Some(now));
    }
    if status.phase.is_terminal() {
        life.finished = life.finished.or(Some(now));
    }
    if let Some(reason) = pod.disruption_target {
        life.reason = reason;
    }
    if let Some(failure) = &status.failure {
        life.reason = failure.reason;
    }
    (life.phase, life.exit_code, life.restarts) = (status.phase, status.exit_code, status.restarts);
}

impl Observer for Recorder {
    fn on_change(&mut self, now: SimTime, change: Change, store: &Store) {
        match change {
            Change::CronJob(id, verb) => self.on_cron_job(now, id, verb, store),
            Change::Job(id, verb) => self.on_job(now, id, verb, store),
            Change::Pod(id, verb) => self.on_pod(now, id, verb, store),
            Change::Node(id, verb) => self.nodes.on_node(now, id, verb, store),
        }
    }

    fn on_use(&mut self, pod: PodId, cpu_m: i64, memory_b: i64) {
        self.nodes.on_use(pod, cpu_m, memory_b);
    }

    fn on_event(&mut self, now: SimTime, event: &ObjectEvent, store: &Store) {
        self.note_wait(now, event);
        let Some((kind, object)) = self.named(event.about, store) else { return };
        let message = match &event.what {
            Happening::Job(what) => what.message(|pod| self.pod_name(pod, store)),
            Happening::CronJob(what) => what.message(),
            Happening::Cluster(what) => what.message.to_string(),
        };
        let (warning, reason) = (event.what.is_warning(), event.what.reason());
        self.events.push(EventRow { time: now, warning, reason, kind, object, message });
    }

    fn on_request(&mut self, request: &RequestSpan, store: &Store) {
        self.control_plane.on_request(request, store);
    }

    fn on_sync(&mut self, sync: &SyncSpan) {
        self.control_plane.on_sync(sync);
    }

    fn on_note(&mut self, now: SimTime, note: &str) {
        self.notes.push((now, note.to_owned()));
    }

    fn on_instant_over(&mut self, now: SimTime, store: &Store) {
        self.nodes.on_instant_over(now, store);
        let mut touched = std::mem::take(&mut self.touched);
        for id in touched.drain(..) {
            match id {
                ObjectId::Job(id) => {
                    if let Some(job) = store.job(id) {
                        self.add_row(id, job, now);
                    }
                }
                ObjectId::CronJob(id) => {
                    if let Some(cron_job) = store.cron_job(id) {
                        self.add_cron_job_row(id, cron_job, now);
                    }
                }
                ObjectId::Pod(_) | ObjectId::Node(_) | ObjectId::AutoscalerStatus => {}
            }
        }
        self.touched = touched;
    }
}

/// The columns of a CronJob at this instant, in a run that starts `start` seconds after 1970.
fn cron_job_row(cron_job: &CronJob, time: SimTime, start: i64) -> CronJobRow {
    let status = &cron_job.status;
    let mut active: Vec<_> = status.active.iter().map(|entry| entry.name.clone()).collect();
    active.sort();
    CronJobRow {
        time,
        suspended: cron_job.spec.suspend,
        active,
        last_schedule_time: status.last_schedule_time.map(|time| time.seconds - start),
        last_successful_time: status.last_successful_time,
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

/// The STATUS word of a Job that is being deleted.
pub const TERMINATING: &str = "Terminating";

/// kubectl's STATUS word (`getJobStatus` of the table printer).
pub fn status_word(job: &Job) -> &'static str {
    let on = |kind| job.status.is_true(kind);
    if on(JobConditionType::Complete) {
        "Complete"
    } else if on(JobConditionType::Failed) {
        "Failed"
    } else if job.deletion_timestamp.is_some() {
        TERMINATING
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

fn outage(action: &ScheduledAction) -> Option<(Component, SimTime, SimTime)> {
    match action.action {
        Action::Outage { component, length } => Some((component, action.at, action.at + length)),
        _ => None,
    }
}

/// Notes with their times, which may be later than the last write, where a settled run ends.
pub(super) fn written(notes: Vec<(SimTime, String)>) -> Vec<String> {
    notes.into_iter().map(|(at, note)| format!("{} s: {note}", at.cut_to_millis())).collect()
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
        horizon: None,
        outages: scenario.actions.iter().filter_map(outage).collect(),
        steps: 0,
        totals: None,
        cron_jobs: Vec::new(),
        jobs: Vec::new(),
        pods: Vec::new(),
        events: Vec::new(),
        control_plane: ControlPlaneTallies::default(),
        limits: scenario.control_plane.clone(),
        nodes: Vec::new(),
        shares: BTreeMap::new(),
        minimum_charge: scenario.cluster.minimum_charge,
        pools: scenario.cluster.pools.clone(),
        critical_paths: Vec::new(),
        notes: Vec::new(),
    }
}
