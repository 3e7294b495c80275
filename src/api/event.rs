//! Kubernetes events that controllers record. Texts are made when someone reads them.

use std::borrow::Cow;
use std::sync::Arc;

use super::meta::{CronJobId, JobId, ObjectId, PodId};
use super::quote::quote;
use crate::kernel::instant::Instant;

/// A Kubernetes event about an object, recorded by its controller.
#[derive(Clone, Debug)]
pub struct ObjectEvent {
    /// What it is about.
    pub about: ObjectId,
    /// What happened.
    pub what: Happening,
}

/// What an event says.
#[derive(Clone, Debug)]
pub enum Happening {
    /// Of a Job.
    Job(JobHappening),
    /// Of a CronJob.
    CronJob(CronJobHappening),
    /// Of a pod or a node: what the scheduler, a kubelet and others say.
    Cluster(ClusterHappening),
}

/// What an event of a pod or a node says.
#[derive(Clone, Debug)]
pub struct ClusterHappening {
    /// A Warning, not a Normal event.
    pub warning: bool,
    /// One word.
    pub reason: &'static str,
    /// For people.
    pub message: Box<str>,
    /// Who says so.
    pub source: &'static str,
}

/// What a Job's event says.
#[derive(Clone, Debug)]
pub enum JobHappening {
    /// SuccessfulCreate.
    Created(PodId),
    /// SuccessfulDelete.
    Deleted(PodId),
    /// FailedCreate, with the server's message.
    FailedCreate(Box<str>),
    /// Suspended.
    Suspended,
    /// Resumed.
    Resumed,
    /// Completed.
    Completed,
    /// TooManySucceededPods.
    TooManySucceededPods,
    /// The Job failed: reason and message of its condition.
    Failed(&'static str, Cow<'static, str>),
}

/// What a CronJob's event says. Jobs are told by their names.
#[derive(Clone, Debug)]
pub enum CronJobHappening {
    /// SuccessfulCreate.
    Created(Arc<str>),
    /// SawCompletedJob: the word for how it ended, and whether it is Complete or Failed.
    SawCompletedJob(Arc<str>, &'static str, &'static str),
    /// UnexpectedJob.
    UnexpectedJob(Arc<str>),
    /// MissingJob.
    MissingJob(Arc<str>),
    /// SuccessfulDelete.
    Deleted(Arc<str>),
    /// FailedDelete, with the server's message.
    FailedDelete(Box<str>),
    /// FailedGet, with the server's message.
    FailedGet(Box<str>),
    /// FailedCreate, with the server's message.
    FailedCreate(Box<str>),
    /// JobAlreadyActive.
    JobAlreadyActive,
    /// TooManyMissedTimes.
    TooManyMissedTimes,
    /// MissSchedule: the start that was too late.
    MissSchedule(Instant),
    /// UnknownTimeZone: the zone, and what is wrong with it.
    UnknownTimeZone(Arc<str>, Box<str>),
    /// UnsupportedSchedule: a schedule that names a zone.
    UnsupportedSchedule(Arc<str>),
    /// UnparseableSchedule: the schedule, and what is wrong with it.
    UnparseableSchedule(Arc<str>, Box<str>),
    /// UnParseableCronJobSchedule: an updated schedule.
    UnparseableUpdate(Arc<str>),
    /// InvalidSchedule: the schedule, and what is wrong with it.
    InvalidSchedule(Arc<str>, Box<str>),
}

impl ObjectEvent {
    /// An event about a Job.
    pub fn of_job(job: JobId, what: JobHappening) -> ObjectEvent {
        ObjectEvent { about: ObjectId::Job(job), what: Happening::Job(what) }
    }

    /// An event about a CronJob.
    pub fn of_cron_job(cron_job: CronJobId, what: CronJobHappening) -> ObjectEvent {
        ObjectEvent { about: ObjectId::CronJob(cron_job), what: Happening::CronJob(what) }
    }
}

impl Happening {
    /// Is it a Warning, not a Normal event?
    pub fn is_warning(&self) -> bool {
        match self {
            Happening::Job(what) => matches!(
                what,
                JobHappening::FailedCreate(_) | JobHappening::TooManySucceededPods | JobHappening::Failed(..)
            ),
            Happening::CronJob(what) => !matches!(
                what,
                CronJobHappening::Created(_)
                    | CronJobHappening::SawCompletedJob(..)
                    | CronJobHappening::MissingJob(_)
                    | CronJobHappening::Deleted(_)
                    | CronJobHappening::JobAlreadyActive
            ),
            Happening::Cluster(what) => what.warning,
        }
    }

    /// The event's reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Happening::Job(what) => what.reason(),
            Happening::CronJob(what) => what.reason(),
            Happening::Cluster(what) => what.reason,
        }
    }
}

impl JobHappening {
    fn reason(&self) -> &'static str {
        match self {
            JobHappening::Created(_) => "SuccessfulCreate",
            JobHappening::Deleted(_) => "SuccessfulDelete",
            JobHappening::FailedCreate(_) => "FailedCreate",
            JobHappening::Suspended => "Suspended",
            JobHappening::Resumed => "Resumed",
            JobHappening::Completed => "Completed",
            JobHappening::TooManySucceededPods => "TooManySucceededPods",
            JobHappening::Failed(reason, _) => reason,
        }
    }

    /// The event's message; pods are named by `pod_name`.
    pub fn message(&self, pod_name: impl Fn(PodId) -> String) -> String {
        match self {
            JobHappening::Created(pod) => format!("Created pod: {}", pod_name(*pod)),
            JobHappening::Deleted(pod) => format!("Deleted pod: {}", pod_name(*pod)),
            JobHappening::FailedCreate(message) => format!("Error creating: {message}"),
            JobHappening::Suspended => "Job suspended".to_owned(),
            JobHappening::Resumed => "Job resumed".to_owned(),
            JobHappening::Completed => "Job completed".to_owned(),
            JobHappening::TooManySucceededPods => {
                "Too many succeeded pods running after completion count reached".to_owned()
            }
            JobHappening::Failed(_, message) => message.to_string(),
        }
    }
}

impl CronJobHappening {
    fn reason(&self) -> &'static str {
        match self {
            CronJobHappening::Created(_) => "SuccessfulCreate",
            CronJobHappening::SawCompletedJob(..) => "SawCompletedJob",
            CronJobHappening::UnexpectedJob(_) => "UnexpectedJob",
            CronJobHappening::MissingJob(_) => "MissingJob",
            CronJobHappening::Deleted(_) => "SuccessfulDelete",
            CronJobHappening::FailedDelete(_) => "FailedDelete",
            CronJobHappening::FailedGet(_) => "FailedGet",
            CronJobHappening::FailedCreate(_) => "FailedCreate",
            CronJobHappening::JobAlreadyActive => "JobAlreadyActive",
            CronJobHappening::TooManyMissedTimes => "TooManyMissedTimes",
            CronJobHappening::MissSchedule(_) => "MissSchedule",
            CronJobHappening::UnknownTimeZone(..) => "UnknownTimeZone",
            CronJobHappening::UnsupportedSchedule(_) => "UnsupportedSchedule",
            CronJobHappening::UnparseableSchedule(..) => "UnparseableSchedule",
            CronJobHappening::UnparseableUpdate(_) => "UnParseableCronJobSchedule",
            CronJobHappening::InvalidSchedule(..) => "InvalidSchedule",
        }
    }

    /// The event's message.
    pub fn message(&self) -> String {
        match self {
            CronJobHappening::Created(job) => format!("Created job {job}"),
            CronJobHappening::SawCompletedJob(job, word, condition) => {
                format!("Saw completed job: {job}, {word}: {condition}")
            }
            CronJobHappening::UnexpectedJob(job) => {
                format!("Saw a job that the controller did not create or forgot: {job}")
            }
            CronJobHappening::MissingJob(job) => format!("Active job went missing: {job}"),
            CronJobHappening::Deleted(job) => format!("Deleted job {job}"),
            CronJobHappening::FailedDelete(error) => format!("Deleted job: {error}"),
            CronJobHappening::FailedGet(error) => format!("Get job: {error}"),
            CronJobHappening::FailedCreate(error) => format!("Error creating job: {error}"),
            CronJobHappening::JobAlreadyActive => {
                "Not starting job because prior execution is running and concurrency policy is Forbid".to_owned()
            }
            CronJobHappening::TooManyMissedTimes => "too many missed start times. Set or decrease \
                                                     .spec.startingDeadlineSeconds or check clock skew"
                .to_owned(),
            CronJobHappening::MissSchedule(start) => {
                format!("Missed scheduled time to start a job: {}", start.rfc1123())
            }
            CronJobHappening::UnknownTimeZone(zone, error) => format!("invalid timeZone: {}: {error}", quote(zone)),
            CronJobHappening::UnsupportedSchedule(schedule) => format!(
                "CRON_TZ or TZ used in schedule {} is not officially supported, see \
                 https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details",
                quote(schedule)
            ),
            CronJobHappening::UnparseableSchedule(schedule, error) => {
                format!("unparseable schedule: {} : {error}", quote(schedule))
            }
            CronJobHappening::UnparseableUpdate(schedule) => format!("unparseable schedule for cronjob: {schedule}"),
            CronJobHappening::InvalidSchedule(schedule, error) => format!("invalid schedule: {schedule} : {error}"),
        }
    }
}
