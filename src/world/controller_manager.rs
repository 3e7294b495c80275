//! The controllers of the controller-manager: what their informers show goes to each of them, and a worker of any of
//! them carries a task.

use crate::api::change::Verb;
use crate::api::cronjob::CronJob;
use crate::api::job::Job;
use crate::api::meta::{CronJobId, JobId, ObjectId};
use crate::api::outbox::{Outbox, SyncDue};
use crate::api::pod::Pod;
use crate::api::release::Rules;
use crate::api::request::{Answer, Request};
use crate::controllers::Progress;
use crate::controllers::cronjob::{self, CronJobController};
use crate::controllers::job::{self, JobController};
use crate::controllers::ttl_after_finished::{self, TtlAfterFinished};
use crate::controllers::workqueue::Waited;
use crate::kernel::time::SimTime;

/// The controllers, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Controller {
    /// job-controller
    Job,
    /// cronjob-controller
    CronJob,
    /// ttl-after-finished-controller
    TtlAfterFinished,
}

impl Controller {
    /// All of them, in the order in which they take keys within an instant.
    pub const ALL: [Controller; 3] = [Controller::Job, Controller::CronJob, Controller::TtlAfterFinished];

    /// Its name in the cluster.
    pub fn name(self) -> &'static str {
        match self {
            Controller::Job => "job-controller",
            Controller::CronJob => "cronjob-controller",
            Controller::TtlAfterFinished => "ttl-after-finished-controller",
        }
    }
}

/// All controllers.
#[derive(Debug)]
pub(super) struct ControllerManager {
    /// Absent in a run without pods.
    job: Option<JobController>,
    cron_job: CronJobController,
    ttl_after_finished: TtlAfterFinished,
}

/// A sync of any controller.
#[derive(Debug)]
pub(super) enum Task {
    Job(Box<job::Sync>),
    CronJob(Box<cronjob::Sync>),
    TtlAfterFinished(ttl_after_finished::Sync),
}

impl Task {
    pub(super) fn about(&self) -> ObjectId {
        match self {
            Task::Job(sync) => ObjectId::Job(sync.job),
            Task::CronJob(sync) => ObjectId::CronJob(sync.cron_job),
            Task::TtlAfterFinished(sync) => ObjectId::Job(sync.job),
        }
    }

    /// What its key had waited for, and when a worker took it.
    pub(super) fn begun(&self) -> (Waited, SimTime) {
        match self {
            Task::Job(sync) => (sync.waited, sync.started),
            Task::CronJob(sync) => (sync.waited, sync.started),
            Task::TtlAfterFinished(sync) => (sync.waited, sync.started),
        }
    }
}

impl ControllerManager {
    /// Controllers that have seen nothing, with a clock that is `skew` nanoseconds ahead, in a run that starts `start`
    /// seconds after 1970.
    pub(super) fn new(start: i64, skew: i64, rules: Rules, has_pods: bool) -> ControllerManager {
        ControllerManager {
            job: has_pods.then(|| JobController::new(rules)),
            cron_job: CronJobController::new(start, skew, rules),
            ttl_after_finished: TtlAfterFinished::new(skew),
        }
    }

    /// The same again, in the memory of these.
    pub(super) fn begin_again(&mut self, start: i64, skew: i64, rules: Rules, has_pods: bool) {
        let mut job = self.job.take().filter(|_| has_pods);
        job.iter_mut().for_each(|job| job.clear(rules));
        let fresh = ControllerManager::new(start, skew, rules, has_pods && job.is_none());
        *self = ControllerManager { job: job.or(fresh.job), ..fresh };
    }

    // ---- informers ----

    pub(super) fn on_cron_job(&mut self, id: CronJobId, verb: Verb, of: &CronJob, now: SimTime, out: &mut Outbox) {
        self.cron_job.on_cron_job(id, verb, of, now, out);
    }

    pub(super) fn on_job(&mut self, id: JobId, verb: Verb, job: &Job, version: u64, now: SimTime, out: &mut Outbox) {
        if let Some(controller) = &mut self.job {
            controller.on_job(id, verb, job, version, now, out);
        }
        self.cron_job.on_job(id, verb, job, now);
        self.ttl_after_finished.on_job(id, verb, job, now);
    }

    pub(super) fn on_pod(&mut self, pod: &Pod, verb: Verb, version: u64, now: SimTime, out: &mut Outbox) {
        if let Some(controller) = &mut self.job {
            controller.on_pod(pod, verb, version, now, out);
        }
    }

    // ---- queues and workers ----

    pub(super) fn on_alarm(&mut self, due: SyncDue, now: SimTime) {
        match due {
            SyncDue::Job(id) => {
                if let Some(controller) = &mut self.job {
                    controller.on_alarm(id, now);
                }
            }
            SyncDue::CronJob(id) => self.cron_job.on_alarm(id, now),
            SyncDue::TtlAfterFinished(id) => self.ttl_after_finished.on_alarm(id, now),
        }
    }

    /// Is a key of a controller ready for a worker?
    pub(super) fn has_ready(&self, controller: Controller) -> bool {
        match controller {
            Controller::Job => self.job.as_ref().is_some_and(JobController::has_ready),
            Controller::CronJob => self.cron_job.has_ready(),
            Controller::TtlAfterFinished => self.ttl_after_finished.has_ready(),
        }
    }

    /// A worker has carried a task out.
    pub(super) fn over(&mut self, task: Task) {
        if let (Task::Job(sync), Some(controller)) = (task, &mut self.job) {
            controller.over(sync);
        }
    }

    /// A worker of a controller takes the next key that has something to ask for.
    pub(super) fn take(&mut self, controller: Controller, now: SimTime, out: &mut Outbox) -> Option<Task> {
        match controller {
            Controller::Job => self.job.as_mut()?.take(now, out).map(Task::Job),
            Controller::CronJob => self.cron_job.take(now, out).map(Task::CronJob),
            Controller::TtlAfterFinished => self.ttl_after_finished.take(now, out).map(Task::TtlAfterFinished),
        }
    }

    /// A task looks at the answers to its last stage and fills `requests` with the next.
    pub(super) fn next(
        &mut self,
        task: &mut Task,
        now: SimTime,
        answers: &mut Vec<Answer>,
        requests: &mut Vec<Request>,
        out: &mut Outbox,
    ) -> Progress {
        match task {
            Task::Job(sync) => match &mut self.job {
                Some(controller) => controller.next(sync, now, answers, requests, out),
                None => Progress::Done,
            },
            Task::CronJob(sync) => self.cron_job.next(sync, now, answers, requests, out),
            Task::TtlAfterFinished(sync) => self.ttl_after_finished.next(sync, now, answers, requests, out),
        }
    }
}
