//! The Job controller (`pkg/controller/job`): informer handlers, the queue, and syncs as plans of stages.
//!
//! A sync decides on a snapshot of what the informers showed, then hands out its requests stage by stage; the
//! answers to one stage shape the next. Between two stages the world may let time pass.

mod backoff;
mod conditions;
mod index_table;
mod indexed_job;
mod manage;
#[cfg(test)]
mod oracle;
pub mod pod_failure_policy;
mod statuses;
pub mod success_policy;
mod sync;
mod tracking;
mod verdict;
mod view;

pub use sync::Sync;

use crate::api::change::Verb;
use crate::api::event::{JobHappening, ObjectEvent};
use crate::api::job::Job;
use crate::api::meta::{JobId, PodId};
use crate::api::outbox::{Outbox, SyncDue};
use crate::api::pod::Pod;
use crate::api::release::Rules;
use crate::api::request::{Answer, Request};
use crate::controllers::Progress;
use crate::controllers::still_due::StillDue;
use crate::controllers::workqueue::{WaitReason, WorkQueue};
use crate::kernel::slab::Slab;
use crate::kernel::time::{SimDuration, SimTime};
use statuses::Statuses;
use sync::deadline_after;
use view::{JobView, PodView};

/// Pod events and status writes of one second are handled by one sync (`SyncJobBatchPeriod`).
const BATCH_PERIOD: SimDuration = SimDuration::from_secs(1);
/// First and longest wait after a failed sync (`DefaultJobApiBackOff`, `MaxJobApiBackOff`).
const API_BACK_OFF: (SimDuration, SimDuration) = (SimDuration::from_secs(1), SimDuration::from_secs(60));
/// Most pods created or deleted, and most counted, in one sync.
const MOST_PODS_PER_SYNC: usize = 500;

/// The Job controller.
#[derive(Debug)]
pub struct JobController {
    jobs: Vec<Option<JobView>>,
    pods: Slab<PodView>,
    queue: WorkQueue<JobId>,
    /// Resource version that the informers have reached, for Jobs and for pods.
    seen: view::Written,
    rules: Rules,
    left_behind: view::LeftBehind,
    still_due: StillDue,
    statuses: Statuses,
    /// Syncs that are over: the memory of those to come.
    #[expect(clippy::vec_box, reason = "a box goes back to a slot as it is: what is in it does not move")]
    spare: Vec<Box<Sync>>,
}

impl Default for JobController {
    fn default() -> JobController {
        JobController::new(Rules::default())
    }
}

impl JobController {
    /// A controller of a release that has seen nothing.
    pub fn new(rules: Rules) -> JobController {
        JobController {
            jobs: Vec::new(),
            pods: Slab::new(),
            queue: WorkQueue::new(API_BACK_OFF.0, API_BACK_OFF.1),
            seen: view::Written::default(),
            rules,
            left_behind: view::LeftBehind::default(),
            still_due: StillDue::default(),
            statuses: Statuses::default(),
            spare: Vec::new(),
        }
    }

    /// Forgets all that it has seen, and goes by the rules of a release. Memory is kept.
    pub fn clear(&mut self, rules: Rules) {
        self.jobs.clear();
        self.pods.clear();
        self.queue.clear();
        (self.seen, self.rules, self.left_behind) = (view::Written::default(), rules, view::LeftBehind::default());
        self.still_due = StillDue::default();
    }

    // ---- informers ----

    /// The informer shows a Job as of `version` (`addJob`, `updateJob`, `deleteJob`).
    pub fn on_job(&mut self, id: JobId, verb: Verb, job: &Job, version: u64, now: SimTime, out: &mut Outbox) {
        self.seen.job = version;
        let slot = id.slot as usize;
        if self.jobs.len() <= slot {
            self.jobs.resize_with(slot + 1, || None);
        }
        match verb {
            Verb::Added => {
                let mut view = JobView::new(id, job);
                self.left_behind.inherit(&mut view);
                if let Some(due) = self.still_due.inherit(&view.name, now) {
                    self.enqueue(id, due, WaitReason::Batch, now, out);
                }
                self.jobs[slot] = Some(view);
                self.queue.add(id, now);
            }
            Verb::Modified => self.job_updated(id, job, now, out),
            Verb::Deleted => {
                let gone = self.jobs[slot].take();
                if let (Some(gone), Some(due)) = (&gone, self.queue.due(id)) {
                    self.still_due.keep(gone.name.clone(), due, now);
                }
                self.left_behind.keep(gone, &self.rules);
                self.queue.add(id, now);
            }
        }
    }

    fn job_updated(&mut self, id: JobId, job: &Job, now: SimTime, out: &mut Outbox) {
        let Some(view) = self.jobs[id.slot as usize].as_mut().filter(|view| view.id == id) else { return };
        let (generation, deadline) = (view.generation, view.spec.active_deadline_seconds);
        let old = view.update(job, &mut self.pods);
        self.statuses.keep(old);
        if job.status.finished().is_some() {
            // Only left-over finalizers may still need a hand.
            self.queue.add(id, now);
            return;
        }
        if job.generation != generation {
            self.queue.add(id, now);
        } else {
            self.enqueue(id, now + BATCH_PERIOD, WaitReason::Batch, now, out);
        }
        if let (Some(start), Some(seconds)) = (job.status.start_time, job.spec.active_deadline_seconds)
            && deadline != Some(seconds)
        {
            self.enqueue(id, deadline_after(start.instant(), seconds), WaitReason::Deadline, now, out);
        }
    }

    /// The informer shows a pod of a Job as of `version` (`addPod`, `updatePod`, `deletePod`).
    pub fn on_pod(&mut self, pod: &Pod, verb: Verb, version: u64, now: SimTime, out: &mut Outbox) {
        self.seen.pods = version;
        let view = self.jobs.get_mut(pod.job.slot as usize).and_then(Option::as_mut);
        let Some(view) = view.filter(|view| view.id == pod.job) else {
            // Its Job went before it, and with that the lists that it stood in.
            self.pods.remove(pod.id.slot);
            return;
        };
        if verb == Verb::Deleted {
            view.remove(pod.id, &mut self.pods);
        } else {
            view.put(pod, &mut self.pods);
        }
        // A deletion is observed at each update that shows one, and once more at the end.
        if verb == Verb::Deleted || pod.deletion.is_some() {
            view.expectations.deletion_observed();
        } else if verb == Verb::Added {
            view.expectations.creation_observed();
        }
        self.enqueue(pod.job, now + BATCH_PERIOD, WaitReason::Batch, now, out);
    }

    // ---- the queue ----

    fn enqueue(&mut self, id: JobId, at: SimTime, reason: WaitReason, now: SimTime, out: &mut Outbox) {
        if self.queue.add_at(id, at, reason, now) {
            out.alarms.push((at, SyncDue::Job(id)));
        }
    }

    /// An alarm rang.
    pub fn on_alarm(&mut self, id: JobId, now: SimTime) {
        self.queue.alarm(id, now);
    }

    /// Is a key ready for a worker?
    pub fn has_ready(&self) -> bool {
        self.queue.has_ready()
    }

    /// When the Job is looked at again without anything happening.
    pub fn due(&self, id: JobId) -> Option<SimTime> {
        self.queue.due(id)
    }

    /// A worker takes the next key; absent when none is ready. Keys whose sync has nothing to ask for are finished
    /// here and now.
    pub fn take(&mut self, now: SimTime, out: &mut Outbox) -> Option<Box<Sync>> {
        loop {
            let id = self.queue.get()?;
            let waited = self.queue.waited(id);
            match self.begin(id, now, out) {
                sync::Begin::Work(mut sync) => {
                    sync.waited = waited;
                    return Some(sync);
                }
                sync::Begin::Nothing => self.succeeded(id),
                sync::Begin::Stale => self.failed(id, now, out),
            }
        }
    }

    /// Goes on with a sync: looks at the answers to its last stage and fills `requests` with the next.
    pub fn next(
        &mut self,
        sync: &mut Sync,
        now: SimTime,
        answers: &mut Vec<Answer>,
        requests: &mut Vec<Request>,
        out: &mut Outbox,
    ) -> Progress {
        requests.clear();
        loop {
            let step = self.advance(sync, now, answers, requests, out);
            answers.clear();
            match step {
                sync::Step::Continue if requests.is_empty() => {}
                sync::Step::Continue => return Progress::Waiting,
                sync::Step::Finished => {
                    if sync.error {
                        self.failed(sync.job, now, out);
                    } else {
                        self.succeeded(sync.job);
                    }
                    return Progress::Done;
                }
            }
        }
    }

    /// A sync is over, and so is the use of its memory.
    pub fn over(&mut self, sync: Box<Sync>) {
        self.spare.push(sync);
    }

    fn succeeded(&mut self, id: JobId) {
        self.queue.forget(id);
        self.queue.done(id);
    }

    fn failed(&mut self, id: JobId, now: SimTime, out: &mut Outbox) {
        let delay = self.queue.back_off(id, now);
        self.enqueue(id, now + delay, WaitReason::ApiBackOff, now, out);
        self.queue.done(id);
    }

    fn view(&mut self, id: JobId) -> Option<&mut JobView> {
        self.jobs.get_mut(id.slot as usize)?.as_mut().filter(|view| view.id == id)
    }

    fn pod(&self, id: PodId) -> Option<&PodView> {
        self.pods.get(id.slot).filter(|pod| pod.id == id)
    }

    fn pod_mut(&mut self, id: PodId) -> Option<&mut PodView> {
        self.pods.get_mut(id.slot).filter(|pod| pod.id == id)
    }
}

/// Puts a Kubernetes event about a Job into the outbox.
fn record(out: &mut Outbox, job: JobId, what: JobHappening) {
    out.record(ObjectEvent::of_job(job, what));
}
