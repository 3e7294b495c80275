//! The CronJob: specification with its defaults applied, and status.

use std::sync::Arc;

use super::job::JobSpec;
use super::meta::{ApiTime, CronJobId, JobId, ObjectName};
use crate::kernel::instant::Instant;

/// A CronJob as the API server stores it, less what no rule reads.
#[derive(Clone, Debug)]
pub struct CronJob {
    /// Namespace and name.
    pub name: ObjectName,
    /// What is asked for; shared, as patches are rare.
    pub spec: Arc<CronJobSpec>,
    /// What was seen.
    pub status: CronJobStatus,
    /// Raised by each change of `spec`.
    pub generation: u32,
    /// Raised by each change of anything; what conflicts are found by.
    pub resource_version: u64,
    /// Creation.
    pub created: ApiTime,
}

/// `spec` of a CronJob, defaulted.
#[derive(Clone, Debug, PartialEq)]
pub struct CronJobSpec {
    /// Five fields or a descriptor, as written.
    pub schedule: Arc<str>,
    /// On whose clocks the schedule is read.
    pub time_zone: Option<Arc<str>>,
    /// Seconds after which a start is not made up for.
    pub starting_deadline_seconds: Option<i64>,
    /// What a start does while an earlier run is active.
    pub concurrency_policy: ConcurrencyPolicy,
    /// No starts while true.
    pub suspend: bool,
    /// Complete Jobs that are kept.
    pub successful_jobs_history_limit: Option<i32>,
    /// Failed Jobs that are kept.
    pub failed_jobs_history_limit: Option<i32>,
    /// The Jobs to make.
    pub job_template: Arc<JobTemplate>,
}

/// `spec.concurrencyPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConcurrencyPolicy {
    /// Runs may overlap.
    Allow,
    /// A start waits for the run before it, or is skipped.
    Forbid,
    /// A start deletes the run before it.
    Replace,
}

/// `spec.jobTemplate`, with what the API server makes of it.
#[derive(Clone, Debug)]
pub struct JobTemplate {
    /// What every Job made of it asks for.
    pub spec: Arc<JobSpec>,
    /// A Job made of it as the API server stores it, but for its name, owner and the labels that hold these.
    pub manifest: Arc<serde_json::Value>,
    /// What the server has against such a Job, in its words after the Job's name; most often nothing.
    pub refusal: Option<Arc<str>>,
}

impl PartialEq for JobTemplate {
    fn eq(&self, other: &JobTemplate) -> bool {
        self.manifest == other.manifest && self.refusal == other.refusal
    }
}

/// `status` of a CronJob.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CronJobStatus {
    /// Runs that had not ended when the controller last looked, in the order of their starts.
    pub active: Vec<ActiveJob>,
    /// Nominal time of the last start, a whole second.
    pub last_schedule_time: Option<Instant>,
    /// When a run last completed.
    pub last_successful_time: Option<ApiTime>,
}

/// An entry of `status.active`.
#[derive(Clone, Debug, PartialEq)]
pub struct ActiveJob {
    /// Which Job.
    pub job: JobId,
    /// Its name.
    pub name: Arc<str>,
}

/// A start of a CronJob: what is asked of the API server, and what a Job keeps of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The CronJob that controls the Job.
    pub cron_job: CronJobId,
    /// Its name.
    pub cron_job_name: Arc<str>,
    /// The nominal time.
    pub scheduled: Instant,
    /// Seconds that the clocks of `spec.timeZone` are ahead of UTC then; 0 without a zone.
    pub offset: i64,
    /// What the Job is made of.
    pub template: Arc<JobTemplate>,
}

impl Start {
    /// The value of the Job's annotation `batch.kubernetes.io/cronjob-scheduled-timestamp`.
    pub fn timestamp(&self) -> String {
        self.scheduled.rfc3339(self.offset)
    }
}
