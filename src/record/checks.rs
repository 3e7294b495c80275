//! Laws that every run keeps, watched while it goes on: a reader of the change log that only ever complains.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::api::change::{Change, Verb};
use crate::api::cronjob::ConcurrencyPolicy;
use crate::api::job::{Job, JobConditionType, JobStatus};
use crate::api::meta::{CronJobId, JobId, PodId};
use crate::api::pod::{Pod, PodPhase};
use crate::apiserver::store::Store;
use crate::kernel::time::SimTime;
use crate::world::observer::Observer;

/// Most violations that are kept.
const MOST_VIOLATIONS: usize = 20;

/// Watches a run and keeps what it does against the laws.
#[derive(Debug, Default)]
pub struct Checks {
    /// By number of creation.
    jobs: Vec<Watched>,
    /// CronJobs that ever allowed runs to overlap, by number of creation.
    overlapping: BTreeSet<u32>,
    violations: Vec<String>,
}

/// What was seen of a Job so far.
#[derive(Debug, Default)]
struct Watched {
    status: Arc<JobStatus>,
    /// The most that its specification ever allowed.
    parallelism: i32,
    completions: Option<i32>,
    /// Completions or the kind of Job were changed on the way: what is wanted is not one number.
    elastic: bool,
    /// Pods that ever stood in a list of uncounted pods.
    noted: BTreeSet<PodId>,
}

impl Checks {
    /// What was against the laws, oldest first, with its time.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    fn complain(&mut self, now: SimTime, job: &Job, complaint: String) {
        self.note(format!("at {now} s, Job {}: {complaint}", job.name));
    }

    fn note(&mut self, violation: String) {
        if self.violations.len() < MOST_VIOLATIONS {
            self.violations.push(violation);
        }
    }

    /// Runs overlap only where they may, and none starts before its time.
    fn on_cron_job(&mut self, now: SimTime, id: CronJobId, store: &Store) {
        let Some(cron_job) = store.cron_job(id) else { return };
        let active = cron_job.status.active.len();
        if cron_job.spec.concurrency_policy == ConcurrencyPolicy::Allow {
            self.overlapping.insert(id.uid);
        }
        if active > 1 && !self.overlapping.contains(&id.uid) {
            self.note(format!("at {now} s, CronJob {}: {active} runs at a time", cron_job.name));
        }
    }

    fn job(&mut self, id: JobId) -> &mut Watched {
        let place = id.uid as usize;
        if self.jobs.len() <= place {
            self.jobs.resize_with(place + 1, Watched::default);
        }
        &mut self.jobs[place]
    }

    fn on_job(&mut self, now: SimTime, id: JobId, verb: Verb, store: &Store) {
        let Some(job) = store.job(id) else { return };
        let watched = self.job(id);
        watched.elastic |= verb == Verb::Modified && watched.completions != job.spec.completions;
        watched.parallelism = watched.parallelism.max(job.spec.parallelism);
        watched.completions = job.spec.completions;
        let elastic = watched.elastic;
        let old = std::mem::replace(&mut watched.status, job.status.clone());
        let new = &job.status;
        let mut complaints = counters(&old, new, job.spec.is_indexed(), elastic);
        complaints.extend(indexes(new, job));
        complaints.extend(conditions(&old, new));
        let watched = self.job(id);
        for list in
            [(&old.uncounted_succeeded, &new.uncounted_succeeded), (&old.uncounted_failed, &new.uncounted_failed)]
        {
            let fresh = list.1.iter().filter(|pod| !list.0.contains(pod));
            let twice = fresh.filter(|pod| !watched.noted.insert(**pod)).count();
            if twice > 0 {
                complaints.push(format!("{twice} pods are to be counted for the second time"));
            }
        }
        for complaint in complaints {
            self.complain(now, job, complaint);
        }
    }

    /// A new pod: never more than wanted, and never two of one index.
    fn on_new_pod(&mut self, now: SimTime, pod: &Pod, store: &Store) {
        let Some(job) = store.job(pod.job) else { return };
        let active = store.pods_of(pod.job).filter(|pod| pod.is_active()).count() as i64;
        let watched = self.job(pod.job);
        let (parallelism, completions, elastic) = (watched.parallelism, watched.completions, watched.elastic);
        if active > i64::from(parallelism) {
            self.complain(now, job, format!("{active} active pods, parallelism was never above {parallelism}"));
        }
        if let (Some(completions), false, false) = (completions, elastic, job.spec.is_indexed()) {
            let counted = i64::from(job.status.succeeded) + job.status.uncounted_succeeded.len() as i64;
            if active + counted > i64::from(completions) {
                let complaint = format!("{active} active pods and {counted} successes for {completions} completions");
                self.complain(now, job, complaint);
            }
        }
        if let Some(index) = pod.index() {
            let same = store.pods_of(pod.job).filter(|other| other.index == pod.index && other.is_active()).count();
            if same > 1 {
                self.complain(now, job, format!("{same} active pods of index {index}"));
            }
            if job.status.completed_indexes.contains(index) && !elastic {
                self.complain(now, job, format!("a pod for index {index}, which has succeeded"));
            }
        }
    }
}

impl Observer for Checks {
    fn on_change(&mut self, now: SimTime, change: Change, store: &Store) {
        match change {
            Change::Job(id, verb) => self.on_job(now, id, verb, store),
            Change::Pod(id, Verb::Added) => {
                if let Some(pod) = store.pod(id) {
                    self.on_new_pod(now, pod, store);
                }
            }
            Change::Pod(id, Verb::Deleted) => {
                // Nothing goes that has succeeded and was neither counted nor given up by its Job.
                let Some(pod) = store.pod(id).filter(|pod| pod.status.phase == PodPhase::Succeeded) else { return };
                if pod.tracked
                    && let Some(job) = store.job(pod.job)
                {
                    self.complain(now, job, format!("pod {} of attempt {} went uncounted", id.uid, pod.attempt));
                }
            }
            Change::CronJob(id, _) => self.on_cron_job(now, id, store),
            Change::Pod(_, Verb::Modified) | Change::Node(..) => {}
        }
    }
}

/// Counters never fall, and rise by the pods that leave the lists of uncounted ones.
fn counters(old: &JobStatus, new: &JobStatus, indexed: bool, elastic: bool) -> Vec<String> {
    let mut complaints = Vec::new();
    let left = |old: &[PodId], new: &[PodId]| old.iter().filter(|pod| !new.contains(pod)).count() as i32;
    let mut check = |what: &str, from: i32, to: i32, left: i32| {
        if to < from {
            complaints.push(format!("{what} falls from {from} to {to}"));
        } else if to - from != left {
            complaints.push(format!("{what} rises from {from} to {to} by {left} pods"));
        }
    };
    check("failed", old.failed, new.failed, left(&old.uncounted_failed, &new.uncounted_failed));
    if !indexed {
        let left = left(&old.uncounted_succeeded, &new.uncounted_succeeded);
        check("succeeded", old.succeeded, new.succeeded, left);
    } else if new.succeeded < old.succeeded && !elastic {
        complaints.push(format!("succeeded falls from {} to {}", old.succeeded, new.succeeded));
    }
    complaints
}

/// Lists of indexes are disjoint, within range, and as long as the counter says.
fn indexes(status: &JobStatus, job: &Job) -> Vec<String> {
    let mut complaints = Vec::new();
    if !job.spec.is_indexed() {
        return complaints;
    }
    let completed = &status.completed_indexes;
    if i64::from(completed.total()) != i64::from(status.succeeded) {
        complaints.push(format!("succeeded is {}, completedIndexes {completed}", status.succeeded));
    }
    if let Some(failed) = status.failed_indexes.as_ref().filter(|failed| failed.count_in(completed) > 0) {
        complaints.push(format!("indexes in both lists: completed {completed}, failed {failed}"));
    }
    complaints
}

/// An end is one end, is announced, and is for good.
fn conditions(old: &JobStatus, new: &JobStatus) -> Vec<String> {
    let mut complaints = Vec::new();
    let (complete, failed) = (new.is_true(JobConditionType::Complete), new.is_true(JobConditionType::Failed));
    if complete && failed {
        complaints.push("both Complete and Failed".to_owned());
    }
    if complete && !new.is_true(JobConditionType::SuccessCriteriaMet) {
        complaints.push("Complete without SuccessCriteriaMet".to_owned());
    }
    if failed && !new.is_true(JobConditionType::FailureTarget) {
        complaints.push("Failed without FailureTarget".to_owned());
    }
    if old.finished().is_some() && old != new {
        complaints.push("its status changes after its end".to_owned());
    }
    if new.finished().is_some() && !(new.uncounted_succeeded.is_empty() && new.uncounted_failed.is_empty()) {
        complaints.push("it ends with pods uncounted".to_owned());
    }
    complaints
}
