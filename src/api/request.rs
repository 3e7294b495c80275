//! What a component may ask the API server for, and what it is answered.

use super::job::JobStatus;
use super::meta::{JobId, PodId};

/// A request of the Job controller's client.
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
    /// Delete a Job.
    DeleteJob {
        /// Which.
        job: JobId,
        /// Foreground propagation: the Job waits for its pods; else it goes at once and they follow.
        foreground: bool,
    },
    /// Write `status` of a Job read at `version`.
    UpdateJobStatus {
        /// Which.
        job: JobId,
        /// The resource version that the write is based on.
        version: u64,
        /// The new status.
        status: Box<JobStatus>,
    },
}

impl Request {
    /// Verb and resource of the (first) call.
    pub fn call(&self) -> (&'static str, &'static str) {
        match self {
            Request::CreatePod { .. } => ("POST", "pods"),
            Request::DeletePod(_) => ("DELETE", "pods"),
            Request::ReleaseAndDeletePod(_) | Request::ReleasePod(_) => ("PATCH", "pods"),
            Request::DeleteJob { .. } => ("DELETE", "jobs"),
            Request::UpdateJobStatus { .. } => ("PUT", "jobs/status"),
        }
    }
}

/// What the API server answers.
#[derive(Clone, Debug, PartialEq)]
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
    /// Not done.
    Refused(Refusal),
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
}
