//! What the CronJob controller was told: its informers' caches, and schedules as they were parsed.

use std::rc::Rc;
use std::sync::Arc;

use super::missed::Times;
use super::schedule::{Schedule, names_zone};
use super::zone::Zone;
use crate::api::cronjob::{CronJob, CronJobSpec, CronJobStatus};
use crate::api::job::{Job, JobConditionType};
use crate::api::meta::{ApiTime, CronJobId, JobId, ObjectName};
use crate::api::release::Rules;
use crate::kernel::instant::Instant;

/// A CronJob in the cache.
#[derive(Debug)]
pub(super) struct CronJobView {
    pub(super) id: CronJobId,
    pub(super) name: ObjectName,
    pub(super) created: ApiTime,
    pub(super) spec: Arc<CronJobSpec>,
    pub(super) status: CronJobStatus,
    pub(super) version: u64,
    pub(super) timetable: Rc<Timetable>,
    /// The first start after the last one (or the creation) if it was looked for: before it nothing is due.
    pub(super) next_start: Option<Instant>,
    /// The Jobs that it controls, in the order of their appearance. Shared with the sync that looks at them.
    pub(super) jobs: Rc<Vec<OwnedJob>>,
}

/// A Job of a CronJob.
#[derive(Clone, Debug)]
pub(super) struct OwnedJob {
    pub(super) job: JobId,
    pub(super) name: Arc<str>,
    pub(super) start_time: Option<ApiTime>,
    pub(super) completion_time: Option<ApiTime>,
    pub(super) finished: Option<Outcome>,
}

/// How a Job has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Complete,
    Failed,
}

impl Outcome {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Outcome::Complete => "Complete",
            Outcome::Failed => "Failed",
        }
    }
}

impl OwnedJob {
    fn new(id: JobId, job: &Job) -> OwnedJob {
        let outcome = |kind| if kind == JobConditionType::Complete { Outcome::Complete } else { Outcome::Failed };
        OwnedJob {
            job: id,
            name: job.name.name.clone(),
            start_time: job.status.start_time,
            completion_time: job.status.completion_time,
            finished: job.status.finished().map(|condition| outcome(condition.kind)),
        }
    }
}

/// `spec.schedule` and `spec.timeZone` as the controller reads them.
#[derive(Debug)]
pub(super) struct Timetable {
    pub(super) schedule: Result<Schedule, String>,
    /// `spec.timeZone`; UTC if there is none.
    pub(super) zone: Result<Zone, String>,
    /// A zone stands in the schedule.
    pub(super) names_zone: bool,
}

impl Timetable {
    pub(super) fn of(spec: &CronJobSpec) -> Timetable {
        Timetable {
            schedule: Schedule::of_cron_job(&spec.schedule, spec.time_zone.as_deref()),
            zone: spec.time_zone.as_deref().map_or_else(|| Ok(Zone::utc()), Zone::load),
            names_zone: names_zone(&spec.schedule),
        }
    }
}

impl CronJobView {
    pub(super) fn new(id: CronJobId, cron_job: &CronJob) -> CronJobView {
        CronJobView {
            id,
            name: cron_job.name.clone(),
            created: cron_job.created,
            spec: cron_job.spec.clone(),
            status: cron_job.status.clone(),
            version: cron_job.resource_version,
            timetable: Rc::new(Timetable::of(&cron_job.spec)),
            next_start: None,
            jobs: Rc::default(),
        }
    }

    /// The cache shows a newer CronJob. Returns whether its starts are others now.
    pub(super) fn update(&mut self, cron_job: &CronJob) -> bool {
        let spec = std::mem::replace(&mut self.spec, cron_job.spec.clone());
        if self.status.last_schedule_time != cron_job.status.last_schedule_time {
            self.next_start = None;
        }
        self.status.clone_from(&cron_job.status);
        self.version = cron_job.resource_version;
        let changed = spec.schedule != self.spec.schedule || spec.time_zone != self.spec.time_zone;
        if changed {
            self.timetable = Rc::new(Timetable::of(&self.spec));
            self.next_start = None;
        }
        changed
    }

    /// Is every Job that runs in the active list, every ended one out of it, and no more kept than wanted?
    pub(super) fn is_quiet(&self, rules: &Rules) -> bool {
        let (complete, failed) = (self.spec.successful_jobs_history_limit, self.spec.failed_jobs_history_limit);
        let active = &self.status.active;
        let (mut running, mut ended) = (0, [0, 0]);
        for job in self.jobs.iter() {
            let listed = active.iter().any(|entry| entry.job == job.job);
            match job.finished {
                None if listed => running += 1,
                Some(outcome) if !listed => ended[outcome as usize] += 1,
                _ => return false,
            }
            let successful = self.status.last_successful_time;
            if job.finished == Some(Outcome::Complete) && job.completion_time > successful {
                return false;
            }
            if !rules.success_needs_complete && job.finished.is_some() && successful.is_none() {
                return false;
            }
        }
        let within = |kept: i32, limit: Option<i32>| limit.is_none_or(|limit| kept <= limit.max(0));
        let [completed, gone_wrong] = ended;
        running == active.len() && within(completed, complete) && within(gone_wrong, failed)
    }

    /// The cache shows a Job, new or newer.
    pub(super) fn put(&mut self, id: JobId, job: &Job) {
        let jobs = Rc::make_mut(&mut self.jobs);
        let owned = OwnedJob::new(id, job);
        match jobs.iter_mut().find(|entry| entry.job == id) {
            Some(entry) => *entry = owned,
            None => jobs.push(owned),
        }
    }

    /// The cache shows that a Job is gone.
    pub(super) fn remove(&mut self, id: JobId) {
        Rc::make_mut(&mut self.jobs).retain(|entry| entry.job != id);
    }
}

/// What decisions on starts look at.
pub(super) fn times(start: i64, created: ApiTime, spec: &CronJobSpec, status: &CronJobStatus) -> Times {
    Times {
        creation: Instant::of(start, created.instant()),
        last_schedule: status.last_schedule_time,
        starting_deadline: spec.starting_deadline_seconds,
    }
}
