//! What a component may ask the API server for, and what it is answered.

use std::sync::Arc;

use super::cronjob::{CronJob, CronJobStatus, Start};
use super::job::{Job, JobStatus};
use super::meta::{CronJobId, JobId, ObjectName, PodId};

/// What clients say of an API server that is down.
pub const CONNECTION_REFUSED: &str = "connect: connection refused";

/// A request of a controller's client.
#[derive(Clone, Debug)]
pub enum Request {
    /// Create a pod of a Job.
    CreatePod {
        /// Its owner.
        job: JobId,
        /// Completion index or [`NO_INDEX`](super::pod::NO_INDEX).
        index: u32,
        /// Failure and ignored-failure counts handed on from the replaced pod (with backoffLimitPerIndex only).
        counts: Option<(u32, u32)>,
    },
    /// Delete a pod gracefully.
    DeletePod(PodId),
    /// Take the tracking finalizer off, then delete: two calls, one after the other.
    ReleaseAndDeletePod(PodId),
    /// Take the tracking finalizer off.
    ReleasePod(PodId),
    /// Create a Job for a start of a CronJob.
    CreateJob {
        /// The Job's name.
        name: ObjectName,
        /// What it is for.
        start: Box<Start>,
    },
    /// Read a Job by its name, past the cache.
    GetJob(ObjectName),
    /// Delete a Job of this UID, foreground propagation: it waits for its pods.
    DeleteJob(JobId),
    /// Delete the Job of this name, background propagation: it goes at once and its pods follow.
    DeleteJobNamed(ObjectName),
    /// Write `status` of a Job read at `version`.
    UpdateJobStatus {
        /// Which.
        job: JobId,
        /// The resource version that the write is based on.
        version: u64,
        /// The new status.
        status: Arc<JobStatus>,
    },
    /// Read a CronJob, past the cache.
    GetCronJob(CronJobId),
    /// Write `status` of a CronJob read at `version`.
    UpdateCronJobStatus {
        /// Which.
        cron_job: CronJobId,
        /// The resource version that the write is based on.
        version: u64,
        /// The new status.
        status: Box<CronJobStatus>,
    },
}

impl Request {
    /// Verb and resource of the (first) call.
    pub fn call(&self) -> (&'static str, &'static str) {
        match self {
            Request::CreatePod { .. } => ("POST", "pods"),
            Request::DeletePod(_) => ("DELETE", "pods"),
            Request::ReleaseAndDeletePod(_) | Request::ReleasePod(_) => ("PATCH", "pods"),
            Request::CreateJob { .. } => ("POST", "jobs"),
            Request::GetJob(_) => ("GET", "jobs"),
            Request::DeleteJob(_) | Request::DeleteJobNamed(_) => ("DELETE", "jobs"),
            Request::UpdateJobStatus { .. } => ("PUT", "jobs/status"),
            Request::GetCronJob(_) => ("GET", "cronjobs"),
            Request::UpdateCronJobStatus { .. } => ("PUT", "cronjobs/status"),
        }
    }

    /// Does the worker make this call itself, rather than hand it to a goroutine of its own?
    pub fn is_workers_own(&self) -> bool {
        !matches!(
            self,
            Request::CreatePod { .. }
                | Request::DeletePod(_)
                | Request::ReleaseAndDeletePod(_)
                | Request::ReleasePod(_)
        )
    }
}

/// What the API server answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Done; what was written has this version now.
    Done {
        /// Resource version after the write.
        version: u64,
    },
    /// A pod was created.
    Created {
        /// Its id.
        pod: PodId,
        /// Its resource version.
        version: u64,
    },
    /// A Job was created.
    JobCreated(JobId),
    /// A Job as it was read.
    Job(JobId, Box<Job>),
    /// A CronJob as it was read.
    CronJob(Box<CronJob>),
    /// Not done.
    Refused(Refusal),
}

impl Answer {
    /// The answer to a release and a deletion after it: what the controller remembers of the two is the version that
    /// the release wrote.
    pub fn after_release(self, version: u64) -> Answer {
        if matches!(self, Answer::Done { .. }) { Answer::Done { version } } else { self }
    }
}

impl Answer {
    /// The HTTP status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Answer::Done { .. } | Answer::Job(..) | Answer::CronJob(_) => 200,
            Answer::Created { .. } | Answer::JobCreated(_) => 201,
            Answer::Refused(refusal) => match refusal {
                Refusal::NotFound => 404,
                Refusal::Conflict | Refusal::AlreadyExists => 409,
                Refusal::Forbidden(_) => 403,
                Refusal::Invalid(_) => 422,
                Refusal::Unavailable => 503,
            },
        }
    }
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// 404.
    NotFound,
    /// 409: the object has changed since it was read.
    Conflict,
    /// 409: an object of that name exists.
    AlreadyExists,
    /// 403, with the server's message.
    Forbidden(Box<str>),
    /// 422, with the server's message.
    Invalid(Box<str>),
    /// No answer: the API server is down.
    Unavailable,
}
